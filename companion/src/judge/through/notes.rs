//! Between chords, one a step, and note events at samples.

use std::collections::HashMap;

use anacrusis::model::Draw;
use anacrusis::music::{Chord, Keys};

use crate::judge::hands;

/// Sample rate of the host, in Hz.
pub const SAMPLE_RATE: f64 = 48_000.0;

/// Its tempo, in quarter notes per minute.
pub const TEMPO_BPM: f64 = 120.0;

/// Samples in a quarter note.
pub const BEAT: u64 = 24_000;

/// Samples in a step, a sixteenth.
pub const STEP: u64 = BEAT / 4;

/// Hands are off by less than half a step, so that each onset is heard in its own.
const FARTHEST: f64 = (STEP / 2 - 1) as f64;

/// The beginning or end of a note, at a sample since playback began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// The sample.
    pub at: u64,
    /// Whether the note begins; what ends at a sample comes before what begins there.
    pub on: bool,
    /// MIDI key.
    pub key: u8,
}

/// A note of a melody.
struct Note {
    key: u8,
    on: u64,
    off: u64,
}

/// What a musician plays, in its order: on the boundaries of steps, or with hands that are early
/// and late by chance. Then keys that are held up to an onset are let go a little after it, or, if
/// it is their own, with it.
pub fn events(melody: &[Chord], hands: Option<&Draw>) -> Vec<Event> {
    let boundary = |step: usize| step as u64 * STEP;
    let mut notes: Vec<Note> = Vec::new();
    // The newest note of each key, and which of them sound.
    let mut newest: HashMap<u8, usize> = HashMap::new();
    let mut sounding = 0;
    for step in 0..=melody.len() {
        let chord = melody.get(step).copied().unwrap_or_default();
        let (at, legato) = match hands.filter(|_| chord.struck() != 0) {
            Some(draw) => (moved(boundary(step), draw, step), samples(hands::RELEASE_MS) as u64),
            None => (boundary(step), 0),
        };
        let ends = sounding & (!chord.playing() | chord.struck());
        for key in Keys(ends) {
            if let Some(note) = newest.get(&key).and_then(|index| notes.get_mut(*index)) {
                note.off = at + legato;
            }
        }
        for key in Keys(chord.playing() & (!sounding | chord.struck())) {
            if let Some(before) = newest.insert(key, notes.len()).and_then(|i| notes.get_mut(i)) {
                before.off = before.off.min(at);
            }
            notes.push(Note { key, on: at, off: at });
        }
        sounding = chord.playing();
    }
    let both = |note: &Note| {
        let Note { key, on, off } = *note;
        [Event { at: on, on: true, key }, Event { at: off, on: false, key }]
    };
    let mut events: Vec<Event> = notes.iter().flat_map(both).collect();
    events.sort_unstable();
    events
}

/// Where an onset of `step`, meant for sample `at`, comes.
fn moved(at: u64, draw: &Draw, step: usize) -> u64 {
    let by = samples(hands::onset_ms(draw, step as i64)).clamp(-FARTHEST, FARTHEST);
    // The first does not come before playback begins.
    at.saturating_add_signed(by as i64)
}

fn samples(ms: f64) -> f64 {
    (ms * SAMPLE_RATE / 1e3).round()
}

/// The chords of what was played, `steps` of them. What begins or ends goes to the nearest step,
/// and each note lasts one at least.
pub fn chords(events: &[Event], steps: usize) -> Vec<Chord> {
    let mut chords = vec![Chord::SILENT; steps];
    let mut began: HashMap<u8, usize> = HashMap::new();
    let mut fill = |key: u8, from: usize, to: usize| {
        for (step, chord) in chords.iter_mut().enumerate().take(to.max(from + 1)).skip(from) {
            match step == from {
                true => chord.strike(key),
                false => chord.hold(key),
            }
        }
    };
    for event in events {
        let step = usize::try_from((event.at + STEP / 2) / STEP).unwrap_or(usize::MAX);
        let before = match event.on {
            true => began.insert(event.key, step),
            false => began.remove(&event.key),
        };
        if let Some(from) = before {
            fill(event.key, from, step);
        }
    }
    began.into_iter().for_each(|(key, from)| fill(key, from, steps));
    chords
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::network::lot;
    use anacrusis::music::{Metres, Signature};

    /// Rests, long notes, notes of a step, one key again and again, two keys at once.
    fn melody() -> Vec<Chord> {
        let on = |keys: &[u8]| Chord::struck_keys(keys.iter().copied());
        let held = |keys: &[u8]| Chord::from_masks(on(keys).playing(), 0);
        let bar = vec![
            on(&[60]),
            on(&[60]),
            held(&[60]),
            on(&[62]),
            Chord::SILENT,
            on(&[60]),
            on(&[60, 67]),
            held(&[60]).union(on(&[64])),
            held(&[64]),
            on(&[64]),
            on(&[0]),
            on(&[127]),
            held(&[127]),
        ];
        [bar.clone(), vec![Chord::SILENT; 3], bar].concat()
    }

    #[test]
    fn notes_come_on_their_steps_and_ends_before_beginnings() {
        let events = events(&melody()[..6], None);
        let told: Vec<_> = events.iter().map(|event| (event.at, event.on, event.key)).collect();
        let expected = [
            (0, true, 60),
            (6000, false, 60),
            (6000, true, 60),
            (18_000, false, 60),
            (18_000, true, 62),
            (24_000, false, 62),
            (30_000, true, 60),
            (36_000, false, 60),
        ];
        assert_eq!(told, expected);
    }

    /// Steps are steps whatever the metre: what a bar is, the transport tells.
    #[test]
    fn chords_become_notes_and_chords_again() {
        let melody = melody();
        assert_eq!(chords(&events(&melody, None), melody.len()), melody);
        for metre in [(4, 4), (7, 8), (9, 32)] {
            let metres = Signature::new(metre.0, metre.1).map(Metres::of).expect("a metre");
            for bar in metres.bars(melody.len() as i64) {
                let bar = &melody[bar.start as usize..bar.end as usize];
                let mut bar = bar.to_vec();
                // What is held into a bar begins in it when it stands alone.
                bar[0] = Chord::from_masks(bar[0].playing(), u128::MAX);
                assert_eq!(chords(&events(&bar, None), bar.len()), bar, "{metre:?}");
            }
        }
    }

    #[test]
    fn chords_that_come_up_to_a_quarter_of_a_step_late_are_of_their_step() {
        let melody = melody();
        for late in [1, 100, STEP / 8, STEP / 4] {
            let late = |event: &Event| Event { at: event.at + late, ..*event };
            let late: Vec<Event> = events(&melody, None).iter().map(late).collect();
            assert_eq!(chords(&late, melody.len()), melody);
        }
        // Only onsets: the ends stay, and a note of a step is one still.
        let onsets = |event: &Event| match event.on {
            true => Event { at: event.at + STEP / 4, ..*event },
            false => *event,
        };
        let mut late: Vec<Event> = events(&melody, None).iter().map(onsets).collect();
        late.sort_unstable();
        assert_eq!(chords(&late, melody.len()), melody);
    }

    #[test]
    fn a_note_shorter_than_a_step_lasts_one_and_one_without_end_to_the_end() {
        let event = |at, on| Event { at, on, key: 60 };
        let short = chords(&[event(6100, true), event(6200, false), event(17_000, true)], 5);
        let struck = Chord::struck_keys([60]);
        let held = Chord::from_masks(struck.playing(), 0);
        assert_eq!(short, [Chord::SILENT, struck, Chord::SILENT, struck, held]);
        assert_eq!(chords(&[event(60_000, true)], 5), [Chord::SILENT; 5], "after the last step");
    }

    /// However far hands are off, each onset is heard in its step and no key begins twice.
    #[test]
    fn hands_stay_in_their_steps() {
        let melody = melody();
        let mut off_grid = 0;
        for seed in 0..500 {
            let events = events(&melody, Some(&lot(seed, 3)));
            let mut sounding = 0u128;
            for event in &events {
                let bit = 1 << event.key;
                assert_eq!(sounding & bit == 0, event.on, "{event:?} of {events:?}");
                sounding ^= bit;
                off_grid += usize::from(event.on && event.at % STEP != 0);
            }
            assert_eq!(sounding, 0);
            let onsets = |chords: &[Chord]| chords.iter().map(Chord::struck).collect::<Vec<_>>();
            assert_eq!(onsets(&chords(&events, melody.len())), onsets(&melody));
        }
        assert!(off_grid > 500 * 15, "{off_grid}");
    }

    #[test]
    fn hands_let_go_a_little_after_the_next_onset() {
        let on = |key| Chord::struck_keys([key]);
        let melody = [on(60), on(62), on(62), Chord::SILENT];
        let draw = lot(1, 0);
        let events = events(&melody, Some(&draw));
        let at = |key, on| -> Vec<u64> {
            let of_key = events.iter().filter(|event| (event.key, event.on) == (key, on));
            of_key.map(|event| event.at).collect()
        };
        let begins = at(62, true);
        let by = samples(hands::onset_ms(&draw, 1));
        assert_eq!(begins[0] as f64, STEP as f64 + by);
        assert_eq!(at(60, false), [begins[0] + 480], "10 ms");
        assert_eq!(at(62, false), [begins[1], 3 * STEP], "its own onset, and a rest");
    }
}
