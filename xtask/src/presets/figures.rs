//! What is counted in the performances of a preset.

use anacrusis::music::{Chord, PianoRoll};
use serde::Serialize;

/// Figures of all performances of a preset. A step is one of its rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Steps played.
    pub steps: usize,
    /// Keys that sound in a step.
    pub sounding_step: f64,
    /// Keys that begin in a step.
    pub onsets_step: f64,
    /// Share of the steps in which any begins.
    pub steps_with_onset: f64,
    /// Keys that sound in a step in which any does.
    pub polyphony: f64,
    /// Of the steps with an onset, but the first of a performance: the share in which the same
    /// keys sound as in the one before.
    pub repeated_chords: f64,
    /// Lowest and highest key that begins, as MIDI numbers.
    pub lowest_key: u8,
    /// Highest.
    pub highest_key: u8,
    /// A tenth of the notes lies below.
    pub middle_low: u8,
    /// A tenth of the notes lies above.
    pub middle_high: u8,
    /// Pitch classes that begin anywhere, of twelve.
    pub pitch_classes: u32,
    /// Bars of 4/4.
    pub bars: usize,
    /// Of these, bars in which nothing sounds.
    pub silent_bars: usize,
    /// Mean velocity of the notes, 1 to 127.
    pub velocity: f64,
}

/// What is counted so far.
#[derive(Clone, Debug)]
pub struct Counts {
    steps: usize,
    sounding: usize,
    sounding_steps: usize,
    onsets: usize,
    onset_steps: usize,
    changes: usize,
    repeated: usize,
    bars: usize,
    silent_bars: usize,
    velocity: f64,
    keys: [usize; 128],
}

impl Default for Counts {
    fn default() -> Counts {
        Counts {
            steps: 0,
            sounding: 0,
            sounding_steps: 0,
            onsets: 0,
            onset_steps: 0,
            changes: 0,
            repeated: 0,
            bars: 0,
            silent_bars: 0,
            velocity: 0.0,
            keys: [0; 128],
        }
    }
}

impl Counts {
    /// Adds a performance with bars of so many steps; of each note the key and the velocity as a
    /// host has it, 0 to 1.
    pub fn add(
        &mut self,
        roll: &PianoRoll,
        bar_steps: usize,
        notes: impl Iterator<Item = (u8, f64)>,
    ) {
        for chord in &roll.chords {
            let struck = chord.struck().count_ones() as usize;
            self.steps += 1;
            self.sounding += chord.playing().count_ones() as usize;
            self.sounding_steps += usize::from(!chord.is_empty());
            self.onsets += struck;
            self.onset_steps += usize::from(struck > 0);
        }
        let struck = roll.chords.iter().filter(|chord| chord.struck() != 0);
        for (before, after) in struck.clone().zip(struck.skip(1)) {
            self.changes += 1;
            self.repeated += usize::from(before.playing() == after.playing());
        }
        for bar in roll.chords.chunks(bar_steps) {
            self.bars += 1;
            self.silent_bars += usize::from(bar.iter().all(Chord::is_empty));
        }
        for (key, velocity) in notes {
            self.keys[usize::from(key.min(127))] += 1;
            self.velocity += 127.0 * velocity;
        }
    }

    /// The figures; `None` if there was no note.
    pub fn finish(&self) -> Option<Figures> {
        let notes: usize = self.keys.iter().sum();
        // Below 128, so the casts keep every bit.
        let lowest = self.keys.iter().position(|count| *count > 0)? as u8;
        let highest = self.keys.iter().rposition(|count| *count > 0)? as u8;
        let share = |part: usize, all: usize| part as f64 / all.max(1) as f64;
        let sounds = |class: usize| self.keys.iter().skip(class).step_by(12).any(|c| *c > 0);
        Some(Figures {
            steps: self.steps,
            sounding_step: share(self.sounding, self.steps),
            onsets_step: share(self.onsets, self.steps),
            steps_with_onset: share(self.onset_steps, self.steps),
            polyphony: share(self.sounding, self.sounding_steps),
            repeated_chords: share(self.repeated, self.changes),
            lowest_key: lowest,
            highest_key: highest,
            middle_low: self.quantile(notes, 10),
            middle_high: self.quantile(notes, 90),
            pitch_classes: (0..12).filter(|class| sounds(*class)).count() as u32,
            bars: self.bars,
            silent_bars: self.silent_bars,
            velocity: self.velocity / notes as f64,
        })
    }

    /// The lowest key that at least `percent` of all notes do not exceed.
    fn quantile(&self, notes: usize, percent: usize) -> u8 {
        let mut below = 0;
        let found = self.keys.iter().position(|count| {
            below += count;
            below * 100 >= notes * percent
        });
        found.unwrap_or(127) as u8
    }
}

/// A key as the plugin shows it: 60 is C4.
pub fn key_name(key: u8) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
    format!("{}{}", NAMES[usize::from(key % 12)], i32::from(key / 12) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_counted_by_hand() {
        let mut held = Chord::struck_keys([60]);
        held.hold(64);
        // C and E, E held under C struck again, rest, C and E again; a bar of rest.
        let mut chords =
            vec![Chord::struck_keys([60, 64]), held, Chord::SILENT, Chord::struck_keys([60, 64])];
        chords.extend([Chord::SILENT; 4]);
        let notes = [(60, 0.5), (64, 0.5), (60, 1.0), (60, 0.5), (64, 0.5)];
        let mut counts = Counts::default();
        assert_eq!(counts.finish(), None);
        counts.add(&PianoRoll { chords }, 4, notes.into_iter());
        let figures = counts.finish().expect("notes");
        assert_eq!(figures.sounding_step, 6.0 / 8.0);
        assert_eq!(figures.onsets_step, 5.0 / 8.0);
        assert_eq!(figures.steps_with_onset, 3.0 / 8.0);
        assert_eq!(figures.polyphony, 2.0);
        assert_eq!(figures.repeated_chords, 1.0);
        assert_eq!((figures.lowest_key, figures.highest_key), (60, 64));
        assert_eq!((figures.middle_low, figures.middle_high), (60, 64));
        assert_eq!((figures.bars, figures.silent_bars, figures.pitch_classes), (2, 1, 2));
        assert!((figures.velocity - 127.0 * 0.6).abs() < 1e-9);
    }

    #[test]
    fn keys_are_named_as_in_the_plugin() {
        assert_eq!((key_name(60).as_str(), key_name(0).as_str()), ("C4", "C-1"));
        assert_eq!(key_name(127), "G9");
    }
}
