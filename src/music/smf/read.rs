//! From the events of a file to a roll: count first, then build.

use std::collections::BTreeSet;

use midly::{MetaMessage, MidiMessage, TrackEventKind};

use super::SmfError;
use super::events::{Track, tracks};
use crate::music::{Chord, KeyRange, PianoRoll, Step, grid::nearest_step};

/// Longest roll that is read, in steps: 62,500 bars of 4/4, 32 MB.
pub const MAX_STEPS: u64 = 1_000_000;

/// Most notes that are read from one file. They take 16 bytes each while the roll is made.
pub const MAX_NOTES: u64 = 4_000_000;

/// Channel 10, counted from 0: drums, whose keys are no pitches.
const DRUMS: u8 = 9;

const DEFAULT_TEMPO_BPM: f64 = 120.0;

/// A file on the grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The notes in range, from tick 0 to the end of the last one; empty if there are none.
    pub roll: PianoRoll,
    /// The first tempo of the file, in quarter notes per minute; 120 if it has none.
    pub tempo_bpm: f64,
    /// Notes before the end of the piece that lie outside the range, and are not in the
    /// roll. Drums are not counted.
    pub dropped_notes: u64,
    /// The step at which a time signature that is not 2/x or 4/x ended the piece.
    pub metre_stop: Option<Step>,
    /// Notes in range before the end of the piece; several may fall on one step and key.
    pub notes: u64,
    /// Every time signature of the file, each once, as the file has it: beats, and the power
    /// of two whose note is one beat; 6/8 is (6, 3).
    pub metres: BTreeSet<(u8, u8)>,
}

/// Reads a Standard MIDI File onto the grid, keeping the keys in `range`. See the
/// [module](super) for the rules.
///
/// # Errors
///
/// [`SmfError`], where the bytes are no MIDI file, are damaged, do not count time in beats,
/// or hold more than [`MAX_NOTES`] notes or [`MAX_STEPS`] steps.
pub fn read(bytes: &[u8], range: KeyRange) -> Result<Imported, SmfError> {
    let (ticks_per_beat, tracks) = tracks(bytes)?;
    let survey = Survey::of(&tracks)?;
    let stop = survey.metre_stop.map(|tick| nearest_step(tick, ticks_per_beat));
    let mut score = Score {
        ticks_per_beat,
        range,
        stop: stop.unwrap_or(u64::MAX),
        changes: Vec::new(),
        open: vec![0; OPEN_SLOTS],
        notes: 0,
        dropped_notes: 0,
    };
    for track in &tracks {
        score.add(*track)?;
    }
    Ok(Imported {
        tempo_bpm: survey.tempo_bpm,
        dropped_notes: score.dropped_notes,
        metre_stop: stop.map(|step| Step(i64::try_from(step).unwrap_or(i64::MAX))),
        notes: score.notes,
        metres: survey.metres,
        roll: score.into_roll(),
    })
}

/// What must be known before the first note is placed.
struct Survey {
    /// Tick of the first time signature that ends the piece.
    metre_stop: Option<u64>,
    metres: BTreeSet<(u8, u8)>,
    tempo_bpm: f64,
}

impl Survey {
    /// Walks the whole file once, so that damage, wherever it lies, is found before
    /// anything is built.
    fn of(tracks: &[Track]) -> Result<Survey, SmfError> {
        let mut metre_stop: Option<u64> = None;
        let mut metres = BTreeSet::new();
        let mut tempo: Option<(u64, u32)> = None;
        let mut notes = 0;
        for event in tracks.iter().flat_map(|track| track.events()) {
            match event? {
                (
                    tick,
                    Some(TrackEventKind::Meta(MetaMessage::TimeSignature(beats, power, ..))),
                ) => {
                    metres.insert((beats, power));
                    if beats != 2 && beats != 4 {
                        metre_stop = Some(metre_stop.map_or(tick, |first| first.min(tick)));
                    }
                }
                (tick, Some(TrackEventKind::Meta(MetaMessage::Tempo(micros)))) => {
                    let micros = micros.as_int();
                    // A quarter note of no length is no tempo.
                    if micros > 0 && tempo.is_none_or(|(first, _)| tick < first) {
                        tempo = Some((tick, micros));
                    }
                }
                (_, Some(TrackEventKind::Midi { message: MidiMessage::NoteOn { .. }, .. })) => {
                    notes += 1;
                    if notes > MAX_NOTES {
                        return Err(SmfError::TooManyNotes);
                    }
                }
                _ => {}
            }
        }
        let tempo_bpm =
            tempo.map_or(DEFAULT_TEMPO_BPM, |(_, micros)| 60_000_000.0 / f64::from(micros));
        Ok(Survey { metre_stop, metres, tempo_bpm })
    }
}

/// Channels times keys.
const OPEN_SLOTS: usize = 16 * 128;

/// How many notes of a key begin or end at a step.
///
/// Since a key sounds while any of its notes does, first-in-first-out pairs need not be
/// stored: counting onsets up and ends down gives the same roll, and strikes are onsets.
#[derive(Clone, Copy)]
struct Change {
    step: u32,
    key: u8,
    onset: bool,
}

struct Score {
    ticks_per_beat: u16,
    range: KeyRange,
    /// The step at which the piece is cut.
    stop: u64,
    changes: Vec<Change>,
    /// Notes of the current track that sound, by channel and key.
    open: Vec<u32>,
    notes: u64,
    dropped_notes: u64,
}

impl Score {
    fn add(&mut self, track: Track) -> Result<(), SmfError> {
        let mut sounding = 0u64;
        let mut end = 0;
        for event in track.events() {
            let (tick, kind) = event?;
            end = tick;
            let Some(TrackEventKind::Midi { channel, message }) = kind else { continue };
            let (key, onset) = match message {
                MidiMessage::NoteOn { key, vel } => (key.as_int(), vel.as_int() > 0),
                MidiMessage::NoteOff { key, .. } => (key.as_int(), false),
                _ => continue,
            };
            if channel.as_int() == DRUMS {
                continue;
            }
            if onset && !self.begins(tick, key) {
                continue;
            }
            let slot = slot(channel.as_int(), key);
            let Some(open) = self.open.get_mut(slot) else { continue };
            if onset {
                *open += 1;
                sounding += 1;
            } else if *open > 0 {
                *open -= 1;
                sounding -= 1;
            } else {
                continue;
            }
            self.change(tick, key, onset)?;
        }
        if sounding > 0 {
            for slot in 0..OPEN_SLOTS {
                // The remainder is below 128.
                let key = (slot % 128) as u8;
                for _ in 0..std::mem::take(&mut self.open[slot]) {
                    self.change(end, key, false)?;
                }
            }
        }
        Ok(())
    }

    /// Counts a note and says whether it belongs in the roll.
    fn begins(&mut self, tick: u64, key: u8) -> bool {
        if nearest_step(tick, self.ticks_per_beat) >= self.stop {
            return false;
        }
        let inside = self.range.contains(key);
        *(if inside { &mut self.notes } else { &mut self.dropped_notes }) += 1;
        inside
    }

    fn change(&mut self, tick: u64, key: u8, onset: bool) -> Result<(), SmfError> {
        let step = nearest_step(tick, self.ticks_per_beat).min(self.stop);
        // The step of an onset is sounded, so it lies below the length.
        let length = step.saturating_add(u64::from(onset));
        match u32::try_from(step) {
            Ok(step) if length <= MAX_STEPS => {
                self.changes.push(Change { step, key, onset });
                Ok(())
            }
            _ => Err(SmfError::TooLong { steps: length }),
        }
    }

    fn into_roll(mut self) -> PianoRoll {
        self.changes.sort_unstable_by_key(|change| change.step);
        let mut roll = PianoRoll::default();
        let mut depth = [0u32; 128];
        let mut sounding = 0u128;
        let mut changes = self.changes.as_slice();
        while let Some(&Change { step: at, .. }) = changes.first() {
            // Held until this step.
            roll.chords.resize(at as usize, Chord::from_masks(sounding, 0));
            let here = changes.partition_point(|change| change.step == at);
            let (now, later) = changes.split_at(here);
            let mut struck = 0u128;
            // Ends may be sorted before their onsets: count all of the step, onsets first.
            for change in now.iter().filter(|change| change.onset) {
                depth[usize::from(change.key)] += 1;
                struck |= 1 << change.key;
            }
            for change in now.iter().filter(|change| !change.onset) {
                depth[usize::from(change.key)] -= 1;
            }
            for change in now {
                let bit = 1u128 << change.key;
                match depth[usize::from(change.key)] {
                    0 => sounding &= !bit,
                    _ => sounding |= bit,
                }
            }
            if sounding | struck != 0 {
                roll.chords.push(Chord::from_masks(sounding | struck, struck));
            }
            changes = later;
        }
        roll
    }
}

fn slot(channel: u8, key: u8) -> usize {
    usize::from(channel & 15) * 128 + usize::from(key & 127)
}
