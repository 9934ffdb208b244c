//! From notes on steps to parts and rolls.

use super::gather::Gathered;
use crate::music::{Chord, Part, PianoRoll};

/// Most parts that are told apart; an orchestra has fewer.
const MAX_PARTS: usize = 64;

/// Most steps of all parts together: 128 MiB of chords.
const MAX_PART_STEPS: usize = 4 << 20;

/// A note on the grid.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub on: u32,
    /// After `on`.
    pub off: u32,
    /// Which of the [`Sources`] it is of.
    pub source: u32,
    pub key: u8,
    pub velocity: u8,
}

/// Where the parts of a file come from.
pub(super) enum Sources {
    /// Tracks, each a part.
    Tracks,
    /// Channels, since all notes are in one track.
    Channels,
}

impl Sources {
    pub(super) fn of(gathered: &Gathered) -> Sources {
        let mut tracks = gathered.notes.iter().map(|note| note.track);
        let first = tracks.next();
        let several_channels = || {
            let first = gathered.notes.first().map(|note| note.channel);
            gathered.notes.iter().any(|note| Some(note.channel) != first)
        };
        match tracks.all(|track| Some(track) == first) && several_channels() {
            true => Sources::Channels,
            false => Sources::Tracks,
        }
    }

    /// What a part is called that holds `note`.
    pub(super) fn name(&self, note: &super::notes::Note, gathered: &Gathered) -> String {
        let named = || gathered.names.get(usize::from(note.track)).cloned().flatten();
        let program = || gathered.programs.get(usize::from(note.channel)).copied().flatten();
        let number = note.channel + 1;
        let by_channel = || match program().and_then(|p| FAMILIES.get(usize::from(p / 8))) {
            Some(family) => format!("{family} (channel {number})"),
            None => format!("channel {number}"),
        };
        match self {
            Sources::Tracks => named().unwrap_or_else(by_channel),
            Sources::Channels => by_channel(),
        }
    }
}

/// The families of sounds of General MIDI, eight programs each.
const FAMILIES: [&str; 16] = [
    "piano",
    "chromatic percussion",
    "organ",
    "guitar",
    "bass",
    "strings",
    "ensemble",
    "brass",
    "reed",
    "pipe",
    "synth lead",
    "synth pad",
    "synth effects",
    "ethnic",
    "percussive",
    "sound effects",
];

/// The parts of a piece of `steps` steps, in order of their sources, each with its number of
/// steps; `names` are by source. Where there are more parts than can be told apart, those with
/// the fewest notes are one.
pub(super) fn parts(mut notes: Vec<Placed>, names: Vec<String>, steps: usize) -> Vec<Part> {
    let room = (MAX_PART_STEPS / steps.max(1)).clamp(1, MAX_PARTS);
    let mut names = names;
    if names.len() > room {
        let mut counts = vec![(0u64, 0usize); names.len()];
        counts.iter_mut().zip(0..).for_each(|(count, source)| count.1 = source);
        for note in &notes {
            if let Some((count, _)) = counts.get_mut(note.source as usize) {
                *count += 1;
            }
        }
        counts.sort_by_key(|(count, source)| (std::cmp::Reverse(*count), *source));
        let mut kept: Vec<usize> = counts.iter().take(room - 1).map(|(_, at)| *at).collect();
        kept.sort_unstable();
        let others = kept.len();
        for note in &mut notes {
            // At most as many as there are parts.
            note.source = kept.binary_search(&(note.source as usize)).unwrap_or(others) as u32;
        }
        names = kept.iter().map(|at| names[*at].clone()).collect();
        names.push(if others == 0 { "all parts" } else { "other parts" }.to_owned());
    }
    notes.sort_unstable_by_key(|note| note.source);
    let mut rest = notes.as_slice();
    let parts = names.into_iter().zip(0u32..).map(|(name, source)| {
        let (these, later) = rest.split_at(rest.partition_point(|note| note.source == source));
        rest = later;
        part(name, these, steps)
    });
    parts.collect()
}

/// How many notes of a key begin or end at a step.
///
/// Since a key sounds while any of its notes does, counting onsets up and ends down gives the
/// roll, at a cost that does not depend on how long the notes are.
#[derive(Clone, Copy)]
struct Change {
    step: u32,
    key: u8,
    /// Of an onset; 0 for an end.
    velocity: u8,
}

fn part(name: String, notes: &[Placed], steps: usize) -> Part {
    let mut changes: Vec<Change> = Vec::with_capacity(2 * notes.len());
    for Placed { on, off, key, velocity, .. } in notes {
        changes.push(Change { step: *on, key: *key, velocity: *velocity });
        changes.push(Change { step: *off, key: *key, velocity: 0 });
    }
    changes.sort_unstable_by_key(|change| change.step);
    let mut roll = PianoRoll { chords: Vec::with_capacity(steps) };
    let mut velocities = Vec::new();
    let mut depth = [0u32; 128];
    let mut sounding = 0u128;
    for now in changes.chunk_by(|a, b| a.step == b.step) {
        // Held until this step, which lies below the length unless all ends here.
        let at = now.first().map_or(0, |change| change.step as usize);
        roll.chords.resize(at, Chord::from_masks(sounding, 0));
        let (mut struck, mut loudest) = (0u128, [0u8; 128]);
        // Ends may be sorted before their onsets: count all of the step, onsets first.
        for Change { key, velocity, .. } in now.iter().filter(|change| change.velocity > 0) {
            let key = usize::from(*key & 127);
            depth[key] += 1;
            struck |= 1 << key;
            loudest[key] = loudest[key].max(*velocity);
        }
        for change in now.iter().filter(|change| change.velocity == 0) {
            depth[usize::from(change.key & 127)] -= 1;
        }
        for change in now {
            let bit = 1u128 << (change.key & 127);
            match depth[usize::from(change.key & 127)] {
                0 => sounding &= !bit,
                _ => sounding |= bit,
            }
        }
        if at < steps {
            roll.chords.push(Chord::from_masks(sounding | struck, struck));
            velocities.extend(loudest.iter().filter(|velocity| **velocity > 0));
        }
    }
    roll.chords.resize(steps, Chord::SILENT);
    Part { name, roll, velocities }
}
