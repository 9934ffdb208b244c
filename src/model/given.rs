//! What is given to the note stack of the step that it decides: what the musician plays in it
//! (listener.md, section 3).

use super::config::Config;
use crate::music::Chord;

/// Numbers per key that tell what is given: play and articulate of the key, how many given keys
/// sound by interval class, and whether it is known.
pub const GIVEN: usize = 15;
/// First of the twelve counts.
pub const COUNTS: usize = 2;
/// The column that says whether what is given is known.
pub const KNOWN: usize = 14;

/// What the musician plays in the step that is decided, as far as is known. Its keys are not
/// sampled: they are the musician's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Their keys: struck in this step, or held on from before.
    pub chord: Chord,
    /// Whether this is what they play in the step itself; else it is what they held before it.
    pub known: bool,
}

impl Given {
    /// Nobody is there.
    pub const NOTHING: Given = Given { chord: Chord::SILENT, known: false };

    /// What the musician plays in the step itself.
    pub fn known(chord: Chord) -> Given {
        Given { chord, known: true }
    }

    /// What is known a step before: the keys that they held in `heard`, the step before the one
    /// that is decided, as held.
    pub fn held(heard: Chord) -> Given {
        Given { chord: Chord::from_masks(heard.playing(), 0), known: false }
    }
}

/// Writes what is given, `out` `[K, 15]` row-major, keys from low to high.
///
/// # Panics
/// If `out` is not `K * 15` long.
///
/// # Realtime
/// Allocates nothing.
pub fn write(config: &Config, given: &Given, out: &mut [f32]) {
    assert_eq!(out.len(), config.keys() * GIVEN, "what is given is [K, 15]");
    let chord = given.chord.within(config.range());
    let by_class = by_class(chord);
    for (key, row) in (config.low..).zip(out.chunks_exact_mut(GIVEN)) {
        row[0] = f32::from(u8::from(chord.plays(key)));
        row[1] = f32::from(u8::from(chord.strikes(key)));
        for (interval, column) in row[COUNTS..KNOWN].iter_mut().enumerate() {
            *column = by_class[(usize::from(key) + interval) % 12];
        }
        row[KNOWN] = f32::from(u8::from(given.known));
    }
}

/// How many keys of each pitch class sound.
pub fn by_class(chord: Chord) -> [f32; 12] {
    let mut by_class = [0.0; 12];
    for key in chord.keys() {
        by_class[usize::from(key % 12)] += 1.0;
    }
    by_class
}
