//! What a network looks like: layer sizes, key range, feature variant.

use serde::{Deserialize, Serialize};

use crate::music::KeyRange;

/// How the position feature (column 0) is written; model.md, section 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// `(key - 64) / 64`, exact in binary.
    #[default]
    Scaled,
    /// The index of the key in the range, as the 2015 code had it. Stays for networks in that layout,
    /// which the checkpoint format promises to read; nothing that ships has it, and the golden case
    /// `legacy` (golden.md) holds it.
    Index,
}

/// What the vicinity sees beyond the lowest key; model.md, section 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// Silence on both sides.
    #[default]
    Zero,
    /// Below the lowest key, the top of the keyboard: a slip of the 2015 code. Stays for the same
    /// networks as [`Position::Index`], and is held by the same golden case.
    WrapLow,
}

/// The order in which the note stack visits the keys, in training and generation alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scan {
    /// From the lowest key; what is chosen above knows the bass.
    #[default]
    Up,
    /// From the highest key; what is chosen below knows the melody.
    Down,
}

impl Scan {
    /// Which of `keys` keys, counted from the lowest, is visited `visit`-th, from 0; and the
    /// other way round, as whichever visit a key comes.
    #[inline(always)]
    pub fn key(self, visit: usize, keys: usize) -> usize {
        match self {
            Scan::Up => visit,
            Scan::Down => keys - 1 - visit,
        }
    }
}

/// Whether the first step of a piece is predicted; model.md, section 9.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// The first step is given.
    #[default]
    None,
    /// The first step is predicted from an all-silent row with column 79 set.
    Flag,
}

/// Configuration of a network: the JSON under the key `config` of a checkpoint
/// (model.md, section 9). Unknown keys are refused, missing optional ones take defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Hidden sizes of the time stack, bottom first.
    pub time: Vec<usize>,
    /// Hidden sizes of the note stack, bottom first.
    pub note: Vec<usize>,
    /// Lowest MIDI key.
    pub low: u8,
    /// Number of keys, K.
    pub notes: u8,
    /// Variant of the position feature.
    #[serde(default)]
    pub position: Position,
    /// Variant of the vicinity's lower edge.
    #[serde(default)]
    pub edge: Edge,
    /// Order of the note stack.
    #[serde(default)]
    pub scan: Scan,
    /// Whether step 0 is predicted.
    #[serde(default)]
    pub start: Start,
    /// Version of the features: 1 sees one roll in 4/4, 2 tells a musician apart and knows every
    /// metre.
    #[serde(default = "one")]
    pub features: u32,
    /// Whether a head tells how loud a struck key is; version 2 alone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub velocity: bool,
}

fn one() -> u32 {
    1
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Default for Config {
    /// The first networks': 300, 300 / 100, 50 over C1..F7, features of version 1.
    fn default() -> Self {
        Config {
            time: vec![300, 300],
            note: vec![100, 50],
            low: 24,
            notes: 78,
            position: Position::default(),
            edge: Edge::default(),
            scan: Scan::default(),
            start: Start::default(),
            features: one(),
            velocity: false,
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A stack without layers, or with too many.
    #[error("the {stack} stack has {found} layers; 1 to {max} are possible")]
    Layers {
        /// `time` or `note`.
        stack: &'static str,
        /// Layers asked for.
        found: usize,
        /// Most layers possible.
        max: usize,
    },
    /// A layer of no or too many units.
    #[error("layer {stack}.{layer} has {found} units; 1 to {max} are possible")]
    Units {
        /// `time` or `note`.
        stack: &'static str,
        /// Index in the stack.
        layer: usize,
        /// Units asked for.
        found: usize,
        /// Most units possible.
        max: usize,
    },
    /// Keys outside 0..=127.
    #[error("keys {low}..{end} do not fit on the keyboard: 1 to 128 keys within 0..128")]
    Keys {
        /// Lowest key.
        low: u8,
        /// One past the highest key.
        end: u16,
    },
    /// A feature layout of another version.
    #[error(
        "its features are of version {found}; this build reads versions 1 to {newest}: a newer \
         Anacrusis may read it"
    )]
    Features {
        /// Version asked for.
        found: u32,
        /// Newest version known.
        newest: u32,
    },
    /// A head for loudness on features of version 1.
    #[error("`velocity` needs features of version 2")]
    Velocity,
}

impl Config {
    /// The newest version of the features; older ones are read, too.
    pub const NEWEST_FEATURES: u32 = 2;
    /// Most layers in a stack.
    pub const MAX_LAYERS: usize = 8;
    /// Most units in a layer.
    pub const MAX_UNITS: usize = 2048;

    /// The keys of the network.
    pub fn range(&self) -> KeyRange {
        KeyRange { low: self.low, count: self.notes }
    }

    /// Number of keys, K.
    pub fn keys(&self) -> usize {
        usize::from(self.notes)
    }

    /// Whether it tells a musician apart: features of version 2 and what is given to the note
    /// stack.
    pub fn hears(&self) -> bool {
        self.features >= 2
    }

    /// Units of the time stack's top layer.
    pub fn time_width(&self) -> usize {
        self.time.last().copied().unwrap_or(0)
    }

    /// Checks that sizes are within what an engine can be built for.
    ///
    /// # Errors
    /// Says which size is out of bounds and what the bounds are.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (stack, sizes) in [("time", &self.time), ("note", &self.note)] {
            if sizes.is_empty() || sizes.len() > Config::MAX_LAYERS {
                return Err(ConfigError::Layers {
                    stack,
                    found: sizes.len(),
                    max: Config::MAX_LAYERS,
                });
            }
            for (layer, &found) in sizes.iter().enumerate() {
                if found == 0 || found > Config::MAX_UNITS {
                    return Err(ConfigError::Units { stack, layer, found, max: Config::MAX_UNITS });
                }
            }
        }
        let end = u16::from(self.low) + u16::from(self.notes);
        if self.notes == 0 || end > 128 {
            return Err(ConfigError::Keys { low: self.low, end });
        }
        if !(1..=Config::NEWEST_FEATURES).contains(&self.features) {
            return Err(ConfigError::Features {
                found: self.features,
                newest: Config::NEWEST_FEATURES,
            });
        }
        if self.velocity && !self.hears() {
            return Err(ConfigError::Velocity);
        }
        Ok(())
    }
}
