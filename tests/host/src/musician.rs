//! Musicians who play the same thing for bars: chords held, repeated and broken, a tune, and next
//! to nothing.

use std::fmt;

use crate::Script;
use crate::recording::{Kind, Recording};

/// What a musician plays, above a root, in bars of 4/4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// A major chord, held from the first bar to the last.
    Held,
    /// The chord, struck on each beat.
    Repeated,
    /// A key of the chord on each beat, up and down.
    Broken,
    /// A major scale upward, a key on each beat.
    Tune,
    /// One key a bar, for a beat.
    Sparse,
}

impl Pattern {
    /// All of them.
    pub const ALL: [Pattern; 5] =
        [Pattern::Held, Pattern::Repeated, Pattern::Broken, Pattern::Tune, Pattern::Sparse];

    /// Keys struck on a beat, counted from 0.
    fn keys(self, root: u8, beat: usize) -> Vec<u8> {
        match self {
            Pattern::Held | Pattern::Repeated => vec![root, root + 4, root + 7],
            Pattern::Broken => vec![root + [0, 4, 7, 4][beat % 4]],
            Pattern::Tune => vec![root + [0, 2, 4, 5, 7, 9, 11, 12][beat % 8]],
            Pattern::Sparse if beat.is_multiple_of(4) => vec![root + [0, 7, 5, 4][beat / 4 % 4]],
            Pattern::Sparse => Vec::new(),
        }
    }

    /// Goes on in a script for so many bars, all of them at one velocity, 0 to 1.
    pub fn play(self, mut script: Script, root: u8, bars: u32, velocity: f64) -> Script {
        let on = |script: Script, keys: &[u8]| {
            keys.iter().fold(script, |script, key| script.note_on_at(*key, velocity))
        };
        let off = |script: Script, keys: &[u8]| {
            keys.iter().fold(script, |script, key| script.note_off(*key))
        };
        if self == Pattern::Held {
            let keys = self.keys(root, 0);
            return off(on(script, &keys).beats(4.0 * f64::from(bars)), &keys);
        }
        for beat in 0..4 * bars as usize {
            let keys = self.keys(root, beat);
            script = off(on(script, &keys).beats(0.75), &keys).beats(0.25);
        }
        script
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Pattern::Held => "held",
            Pattern::Repeated => "repeated",
            Pattern::Broken => "broken",
            Pattern::Tune => "tune",
            Pattern::Sparse => "sparse",
        })
    }
}

/// How a plugin joined in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Company {
    /// Onsets.
    pub onsets: usize,
    /// Bars of 4/4 without any.
    pub silent_bars: usize,
    /// Its longest note, in beats.
    pub longest_beats: f64,
}

/// Onsets in each of so many bars of 4/4 from a beat on.
pub fn onsets_by_bar(recording: &Recording, first_beat: f64, bars: u32) -> Vec<usize> {
    let mut onsets = vec![0; bars as usize];
    for event in recording.onsets() {
        let at = event.position_beats - first_beat;
        // A fraction before the first bar line would else be of the first bar.
        if at >= 0.0
            && let Some(bar) = onsets.get_mut((at / 4.0) as usize)
        {
            *bar += 1;
        }
    }
    onsets
}

/// What it did in so many bars of 4/4 from a beat on.
pub fn company(recording: &Recording, first_beat: f64, bars: u32) -> Company {
    let onsets = onsets_by_bar(recording, first_beat, bars);
    let mut began = [None; 128];
    let mut longest_beats = 0.0_f64;
    for event in &recording.events {
        let slot = &mut began[usize::from(event.key)];
        match event.kind {
            Kind::On => *slot = Some(event.position_beats),
            Kind::Off => {
                if let Some(from) = slot.take() {
                    longest_beats = longest_beats.max(event.position_beats - from);
                }
            }
        }
    }
    Company {
        onsets: onsets.iter().sum(),
        silent_bars: onsets.iter().filter(|count| **count == 0).count(),
        longest_beats,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Recorded;

    #[test]
    fn bars_without_an_onset_are_counted() {
        let event = |kind, position_beats| Recorded {
            time_samples: 0,
            position_beats,
            beats_per_sample: 0.001,
            playing: true,
            pass: 0,
            kind,
            key: 60,
            channel: 0,
            velocity: 0.5,
        };
        let events = vec![
            event(Kind::On, 3.5),
            event(Kind::Off, 5.0),
            event(Kind::On, 8.0),
            event(Kind::Off, 13.0),
        ];
        let recording = Recording { events, ..Recording::default() };
        let company = company(&recording, 4.0, 3);
        assert_eq!((company.onsets, company.silent_bars), (1, 2));
        assert_eq!(company.longest_beats, 5.0);
    }
}
