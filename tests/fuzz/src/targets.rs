//! What reads bytes of others, and good bytes to begin with.

use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anacrusis::jam::take::{Played, SharedTake, Span, Take, pack, unpack};
use anacrusis::model::checkpoint::Card;
use anacrusis::model::{Checkpoint, Engine};
use anacrusis::music::smf::{self, WriteOptions};
use anacrusis::music::{Chord, KeyRange, Rate, Step};
use anacrusis::params::AnacrusisParams;
use anacrusis::params::presets::Preset;
use anacrusis::plugin::state;
use anacrusis_companion::corpus::rolls::{self, Grid};
use anyhow::{Context, Result};
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use nih_plug::plugin::PluginState;
use nih_plug::prelude::Params;

/// A reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// Standard MIDI Files.
    Midi,
    /// Piano rolls as JSON.
    Rolls,
    /// Models.
    Checkpoint,
    /// What was played, as projects hold it.
    Take,
    /// The state that a project saves.
    State,
    /// Preset files.
    Presets,
}

/// What a reader says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It can be used.
    Good,
    /// It cannot, and why.
    Bad(String),
    /// It was taken for good and is not.
    Wrong(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Good => f.write_str("good"),
            Outcome::Bad(why) => write!(f, "bad: {why}"),
            Outcome::Wrong(why) => write!(f, "WRONG: {why}"),
        }
    }
}

impl Outcome {
    fn of<T>(read: Result<T, impl fmt::Display>, check: impl FnOnce(T) -> bool) -> Outcome {
        match read {
            Err(error) => Outcome::Bad(error.to_string()),
            Ok(value) => match check(value) {
                true => Outcome::Good,
                false => Outcome::Wrong("it does not come back as it was".to_owned()),
            },
        }
    }
}

const RANGE: KeyRange = KeyRange { low: 24, count: 78 };

/// First bytes of a take: its mark and the version.
const TAKE_HEAD: usize = 5;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of `folders` that end in one of `endings`.
fn files(folders: &[&str], endings: &[&str]) -> Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for folder in folders {
        let folder = root().join(folder);
        let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        let mut paths: Vec<PathBuf> =
            entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        paths.retain(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)));
        paths.sort();
        for path in paths {
            found.push(fs::read(path)?);
        }
    }
    Ok(found)
}

impl Target {
    /// All there are.
    pub const ALL: [Target; 6] = [
        Target::Midi,
        Target::Rolls,
        Target::Checkpoint,
        Target::Take,
        Target::State,
        Target::Presets,
    ];

    /// As `--only` has it.
    pub fn name(self) -> &'static str {
        match self {
            Target::Midi => "midi",
            Target::Rolls => "rolls",
            Target::Checkpoint => "checkpoint",
            Target::Take => "take",
            Target::State => "state",
            Target::Presets => "presets",
        }
    }

    /// Longest input, in bytes.
    pub fn most_bytes(self) -> usize {
        1 << 16
    }

    /// Good inputs, and bad ones that are known.
    ///
    /// # Errors
    /// If a file of the tests is missing.
    pub fn seeds(self) -> Result<Vec<Vec<u8>>> {
        let seeds = match self {
            Target::Midi => {
                let folders = ["chorales", "awkward", "malformed"];
                files(
                    &folders
                        .map(|name| format!("tests/midi/{name}"))
                        .each_ref()
                        .map(String::as_str),
                    &["mid", "midi", "kar", "rmi"],
                )?
            }
            Target::Rolls => {
                let rolls =
                    r#"{"step_in_16ths": 2, "sequences": [[[48, 52, 55], [], [-1, 60]], [[127]]]}"#;
                let mut all = files(&["tests/midi/malformed", "tests/midi/awkward"], &["json"])?;
                all.push(rolls.into());
                all
            }
            Target::Checkpoint => files(&["tests/golden"], &["ckpt.safetensors"])?,
            Target::Take => takes()?,
            Target::State => states()?,
            Target::Presets => files(&["presets"], &["json"])?,
        };
        let short = seeds.into_iter().filter(|bytes| bytes.len() <= self.most_bytes()).collect();
        Ok(short)
    }

    /// Reads an input as the program does that it is for. What is compressed there is not, in the
    /// input: damage would get no further than to the compression.
    pub fn read(self, bytes: &[u8]) -> Outcome {
        match self {
            Target::Midi => Outcome::of(smf::read(bytes, RANGE), |imported| {
                let written = smf::write(&imported.roll, &WriteOptions::default());
                written.is_empty()
                    || smf::read(&written, RANGE)
                        .is_ok_and(|again| again.roll.len() <= imported.roll.len().max(1))
            }),
            Target::Rolls => Outcome::of(rolls::parse(bytes, Grid::Sixteenths), |_| true),
            Target::Checkpoint => {
                // Must not do harm either.
                let _ = Card::read(bytes);
                Outcome::of(Checkpoint::parse(bytes), |model| {
                    let _ = Engine::new(&model);
                    Checkpoint::parse(&model.to_bytes()).is_ok()
                })
            }
            Target::Take => {
                let packed = compress(bytes);
                Outcome::of(unpack(&packed), |take| {
                    unpack(&pack(&take)).is_ok_and(|again| pack(&again) == pack(&take))
                })
            }
            Target::State => match serde_json::from_slice::<PluginState>(bytes) {
                Err(error) => Outcome::Bad(error.to_string()),
                Ok(mut loaded) => {
                    state::filter(&mut loaded);
                    let params = AnacrusisParams::default();
                    params.deserialize_fields(&loaded.fields);
                    let shared: SharedTake = params.take.shared();
                    shared.poll();
                    let _ = shared.view();
                    params.serialize_fields();
                    // What was filtered needs no second time.
                    let once = serde_json::to_string(&loaded).ok();
                    state::filter(&mut loaded);
                    Outcome::of(Ok::<_, String>(()), |()| {
                        serde_json::to_string(&loaded).ok() == once
                    })
                }
            },
            Target::Presets => Outcome::of(Preset::parse(bytes), |preset| {
                Preset::parse(preset.write().as_bytes()).is_ok()
            }),
        }
    }
}

/// A take as projects hold it, of its mark, its version and what is compressed after them.
fn compress(bytes: &[u8]) -> Vec<u8> {
    let (head, body) = bytes.split_at(bytes.len().min(TAKE_HEAD));
    let mut packed = head.to_vec();
    let mut encoder = ZlibEncoder::new(&mut packed, flate2::Compression::fast());
    // Into memory: it cannot fail.
    let _ = encoder.write_all(body);
    let _ = encoder.finish();
    packed
}

fn expand(packed: &[u8]) -> Result<Vec<u8>> {
    let (head, body) = packed.split_at(TAKE_HEAD);
    let mut bytes = head.to_vec();
    ZlibDecoder::new(body).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A take of two passes, with edits.
fn take() -> Result<Take> {
    let mut take = Take::default();
    for n in 0..48u8 {
        let (mut chord, mut heard) = (Chord::SILENT, Chord::SILENT);
        chord.decide(60 + n % 12, true, n % 3 == 0);
        heard.decide(72 + n % 5, true, n % 2 == 0);
        take.record(Played {
            pass: u64::from(n / 32),
            step: Step(i64::from(n % 32)),
            rate: Rate::default(),
            step_in_bar: u16::from(n % 16),
            tempo_bpm: 120.0,
            transpose: 0,
            chord,
            heard,
            sounded: n % 7 != 0,
            touch: None,
            heard_velocity: 80,
            heard_late_us: -500,
        });
    }
    let span = |first, end| Span { rate: Rate::default(), first: Step(first), end: Step(end) };
    take.lock(span(0, 16))?;
    take.again(span(16, 32))?;
    Ok(take)
}

fn takes() -> Result<Vec<Vec<u8>>> {
    Ok(vec![expand(&pack(&take()?))?])
}

/// The default state, and one with a take.
fn states() -> Result<Vec<Vec<u8>>> {
    let params = AnacrusisParams::default();
    params.take.shared().load(pack(&take()?));
    let mut state = PluginState {
        version: "0.1.0".to_owned(),
        params: Default::default(),
        fields: params.serialize_fields(),
    };
    let bare = serde_json::to_vec(&state)?;
    state::filter(&mut state);
    Ok(vec![bare, serde_json::to_vec(&state)?])
}
