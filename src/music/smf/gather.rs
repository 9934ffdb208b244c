//! One walk over all tracks: notes, controllers, signatures, names.

use midly::MetaMessage;

use super::chunks::{Track, chunks};
use super::events::{Control, Event};
use super::notes::{Note, Strike, pair};
use super::signatures::Written;
use super::{MAX_NOTES, Repairs, SmfError};
use crate::music::KeyRange;

/// Channel 10, counted from 0: drums, whose keys are no pitches.
const DRUMS: u8 = 9;

/// Most changes of pedals, and ends of all notes, that are kept of a channel; an hour of playing
/// has some thousands.
const MAX_CONTROLS: usize = 1 << 20;

/// Longest name that is kept, in characters.
const MAX_NAME: usize = 64;

/// What a file holds, in ticks.
#[derive(Default)]
pub(super) struct Gathered {
    pub ticks_per_beat: u16,
    /// In range, drums left out; by track.
    pub notes: Vec<Note>,
    /// By channel; of one tick in the order of the file.
    pub controls: [Vec<(u64, Control)>; 16],
    pub signatures: Vec<Written>,
    /// The earliest, in microseconds a quarter.
    pub tempo: Option<(u64, u32)>,
    /// What each track is called, if it says so.
    pub names: Vec<Option<String>>,
    /// The first program of each channel.
    pub programs: [Option<u8>; 16],
    pub dropped_notes: u64,
    /// Onsets of drums.
    pub drums: u64,
    /// Onsets so far, drums and those of velocity 0 included.
    counted: u64,
    pub repairs: Repairs,
}

/// Walks over a file. A track that is cut off or damaged is left out, if another has notes.
pub(super) fn gather(file: &[u8], range: KeyRange) -> Result<Gathered, SmfError> {
    let chunks = chunks(file)?;
    let mut all = Gathered { ticks_per_beat: chunks.ticks_per_beat, ..Gathered::default() };
    all.repairs.containers = chunks.in_container.into();
    let mut damage = None;
    for track in chunks.tracks {
        match walk(track, range, all.counted) {
            Ok(one) => all.add(one),
            Err(error @ SmfError::Event { .. }) => {
                all.names.push(None);
                all.repairs.lost_tracks += 1;
                damage = damage.or(Some(error));
            }
            Err(error) => return Err(error),
        }
    }
    all.repairs.lost_tracks += u64::from(chunks.cut.is_some());
    match damage.or(chunks.cut) {
        Some(error) if all.notes.is_empty() && all.dropped_notes == 0 => Err(error),
        _ => Ok(all),
    }
}

/// What one track holds, after `counted` notes of others.
fn walk(track: Track, range: KeyRange, counted: u64) -> Result<Gathered, SmfError> {
    let mut one = Gathered { counted, ..Gathered::default() };
    let mut strikes = Vec::new();
    // Notes that sound, by channel and key: an end of none is no event.
    let mut open = vec![0u32; 16 * 128];
    let (mut name, mut instrument) = (None, None);
    let mut end = 0;
    let mut events = track.events();
    for event in events.by_ref() {
        let (tick, event) = event?;
        end = tick;
        match event {
            Event::Note { channel, key, velocity } => {
                one.counted += u64::from(velocity > 0);
                if one.counted > MAX_NOTES {
                    return Err(SmfError::TooManyNotes);
                }
                if channel == DRUMS {
                    one.drums += u64::from(velocity > 0);
                    continue;
                }
                if !range.contains(key) {
                    one.dropped_notes += u64::from(velocity > 0);
                    continue;
                }
                let Some(open) = open.get_mut(Strike::slot(channel, key)) else { continue };
                if velocity == 0 && *open == 0 {
                    continue;
                }
                *open = if velocity > 0 { *open + 1 } else { *open - 1 };
                strikes.push(Strike { tick, channel, key, velocity });
            }
            Event::Control { channel, number, value } => {
                let Some(control) = Control::of(number, value) else { continue };
                let Some(list) = one.controls.get_mut(usize::from(channel)) else { continue };
                let again = list.last().is_some_and(|(_, last)| *last == control)
                    && matches!(control, Control::PedalDown | Control::PedalUp);
                if !again && list.len() < MAX_CONTROLS {
                    list.push((tick, control));
                }
            }
            Event::Program { channel, program } => {
                if let Some(first @ None) = one.programs.get_mut(usize::from(channel)) {
                    *first = Some(program);
                }
            }
            Event::Meta(MetaMessage::TimeSignature(numerator, power, ..)) => {
                one.signatures.push(Written { tick, numerator, power });
            }
            Event::Meta(MetaMessage::Tempo(micros)) => {
                let micros = micros.as_int();
                // A quarter note of no length is no tempo.
                if micros > 0 && one.tempo.is_none() {
                    one.tempo = Some((tick, micros));
                }
            }
            Event::Meta(MetaMessage::TrackName(text)) => name = name.or_else(|| legible(text)),
            Event::Meta(MetaMessage::InstrumentName(text)) => {
                instrument = instrument.or_else(|| legible(text));
            }
            Event::Meta(_) | Event::Other => {}
        }
    }
    one.repairs = events.repairs;
    one.names.push(name.or(instrument));
    // The header counts them in 16 bits.
    let number = u16::try_from(track.number - 1).unwrap_or(u16::MAX);
    let unended = pair(strikes, end, number, &mut one.notes);
    one.repairs.unended_notes += unended;
    Ok(one)
}

impl Gathered {
    fn add(&mut self, one: Gathered) {
        if self.notes.is_empty() {
            self.notes = one.notes;
        } else {
            self.notes.extend(one.notes);
        }
        for (all, one) in self.controls.iter_mut().zip(one.controls) {
            all.extend(one);
        }
        self.signatures.extend(one.signatures);
        let earlier = |(tick, _): &(u64, u32)| self.tempo.is_none_or(|(first, _)| *tick < first);
        self.tempo = one.tempo.filter(earlier).or(self.tempo);
        self.names.extend(one.names);
        for (all, one) in self.programs.iter_mut().zip(one.programs) {
            *all = all.or(one);
        }
        self.dropped_notes += one.dropped_notes;
        self.drums += one.drums;
        self.counted = one.counted;
        self.repairs = self.repairs.and(one.repairs);
    }
}

/// A name as text: UTF-8, or else Latin-1, without what a terminal would obey; `None` if nothing
/// is left.
fn legible(bytes: &[u8]) -> Option<String> {
    let bytes = &bytes[..bytes.len().min(4 * MAX_NAME)];
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let name: String = words.join(" ").chars().take(MAX_NAME).collect();
    (!name.is_empty()).then_some(name)
}
