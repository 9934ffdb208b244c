//! From the events of a file to a roll.

use std::collections::BTreeMap;

use super::fit::GridFit;
use super::gather::{Gathered, gather};
use super::notes::{Note, control};
use super::parts::{Placed, Sources, parts};
use super::signatures::metres;
use super::{Repairs, SmfError};
use crate::music::{KeyRange, Metres, Part, PianoRoll};

/// Longest roll that is read, in steps: 62,500 bars of 4/4, 32 MB.
pub const MAX_STEPS: u64 = 1_000_000;

/// Most notes that are read from one file. They take about 100 bytes each while the roll is made.
pub const MAX_NOTES: u64 = 4_000_000;

const DEFAULT_TEMPO_BPM: f64 = 120.0;

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// Whether the sustain pedal (controller 64) lengthens notes.
    pub pedal: bool,
}

impl Default for ReadOptions {
    /// With the pedal.
    fn default() -> Self {
        ReadOptions { pedal: true }
    }
}

/// A file on the grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The notes in range, from the bar line before the first (or tick 0, if that is later) to the
    /// end of the last one; empty if there are none.
    pub roll: PianoRoll,
    /// The same notes by who plays them, each part as long as the roll: by track or, if one track
    /// has them all, by channel.
    pub parts: Vec<Part>,
    /// The metres, counted from the first step of the roll; 4/4 if the file tells none.
    pub metres: Metres,
    /// Whether the file tells a metre.
    pub metre_told: bool,
    /// The first tempo of the file, in quarter notes per minute; 120 if it has none.
    pub tempo_bpm: f64,
    /// Notes in range; several may fall on one step and key.
    pub notes: u64,
    /// Notes that lie outside the range, and are not in the roll. Drums are not counted.
    pub dropped_notes: u64,
    /// Onsets on channel 10: drums, which are not in the roll.
    pub drums: u64,
    /// How the notes in range lie to the sixteenths; a shift of all of them is taken away.
    pub fit: GridFit,
    /// Bars before the bar of the first note, which are left out.
    pub empty_bars: u64,
    /// What had to be mended.
    pub repairs: Repairs,
}

/// Reads a Standard MIDI File onto the grid with its pedal, keeping the keys in `range`. See the
/// [module](super) for the rules.
///
/// # Errors
///
/// [`SmfError`], where the bytes are no MIDI file, are damaged beyond what is mended, do not count
/// time in beats, or hold more than [`MAX_NOTES`] notes or [`MAX_STEPS`] steps.
pub fn read(bytes: &[u8], range: KeyRange) -> Result<Imported, SmfError> {
    read_with(bytes, range, ReadOptions::default())
}

/// As [`read`], with options.
///
/// # Errors
///
/// As [`read`].
pub fn read_with(
    bytes: &[u8],
    range: KeyRange,
    options: ReadOptions,
) -> Result<Imported, SmfError> {
    let mut found = gather(bytes, range)?;
    control(&mut found.notes, &mut found.controls, options.pedal);
    let tpb = found.ticks_per_beat;
    let written = std::mem::take(&mut found.signatures);
    let (metres, metre_told) = metres(written, tpb, MAX_STEPS, &mut found.repairs);
    let fit = GridFit::of(found.notes.iter().map(|note| note.on), tpb);

    let (mut placed, names) = place(&found, fit)?;
    let first = placed.iter().map(|note| note.on).min().unwrap_or(0);
    let begin = metres.bar_line(first.into()).max(0);
    let empty_bars = metres.bars(begin).count() as u64;
    // A bar line at or before the first note, which has 32 bits.
    let cut = begin as u32;
    for note in &mut placed {
        (note.on, note.off) = (note.on - cut, note.off - cut);
    }
    let steps = placed.iter().map(|note| note.off).max().unwrap_or(0) as usize;
    let parts = parts(placed, names, steps);
    Ok(Imported {
        roll: match parts.as_slice() {
            [one] => one.roll.clone(),
            several => Part::together(several),
        },
        parts,
        metres: if begin > 0 { metres.from_step(begin) } else { metres },
        metre_told,
        tempo_bpm: found
            .tempo
            .map_or(DEFAULT_TEMPO_BPM, |(_, micros)| 60_000_000.0 / f64::from(micros)),
        notes: found.notes.len() as u64,
        dropped_notes: found.dropped_notes,
        drums: found.drums,
        fit,
        empty_bars,
        repairs: found.repairs,
    })
}

/// Lays notes on steps, and names the parts that they are of.
fn place(found: &Gathered, fit: GridFit) -> Result<(Vec<Placed>, Vec<String>), SmfError> {
    let sources = Sources::of(found);
    let source = |note: &Note| match sources {
        Sources::Tracks => note.track,
        Sources::Channels => note.channel.into(),
    };
    // One note of each.
    let examples: BTreeMap<u16, &Note> =
        found.notes.iter().map(|note| (source(note), note)).collect();
    let numbers: BTreeMap<u16, u32> = examples.keys().copied().zip(0..).collect();
    let names = examples.values().map(|note| sources.name(note, found)).collect();
    let step = |tick: u64| fit.step(tick, found.ticks_per_beat);
    let place = |note: &Note| {
        let on = step(note.on);
        let off = step(note.off).max(on.saturating_add(1));
        match (u32::try_from(on), u32::try_from(off)) {
            (Ok(on), Ok(off)) if u64::from(off) <= MAX_STEPS => Ok(Placed {
                on,
                off,
                source: numbers.get(&source(note)).copied().unwrap_or(0),
                key: note.key,
                velocity: note.velocity,
            }),
            _ => Err(SmfError::TooLong { steps: off }),
        }
    };
    let placed = found.notes.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    Ok((placed, names))
}
