//! Whether an accompaniment goes on under what is held, struck again and again, or plain.

use anacrusis::music::{Chord, Metres};

/// Bars that are played in.
pub const BARS: usize = 24;

const BAR: usize = 16;
const BEAT: usize = 4;

/// What is played in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A chord of three keys around middle C, held from beginning to end.
    Chord,
    /// The same chord on each beat.
    Repeated,
    /// A tune from middle C on, a note a beat.
    Tune,
}

/// All of them.
pub const INPUTS: [Input; 3] = [Input::Chord, Input::Repeated, Input::Tune];

const CHORD: [u8; 3] = [60, 64, 67];

/// "Ah vous dirai-je, maman" (traditional), twelve bars of four beats; 0 is a note held on.
const TUNE: [u8; 48] = [
    60, 60, 67, 67, 69, 69, 67, 0, 65, 65, 64, 64, 62, 62, 60, 0, 67, 67, 65, 65, 64, 64, 62, 0,
    67, 67, 65, 65, 64, 64, 62, 0, 60, 60, 67, 67, 69, 69, 67, 0, 65, 65, 64, 64, 62, 62, 60, 0,
];

impl Input {
    /// The notes, in 4/4.
    pub fn chords(self) -> Vec<Chord> {
        let held = |chord: Chord| Chord::from_masks(chord.playing(), 0);
        let mut now = Chord::SILENT;
        let step = |step: usize| {
            let on_beat = step.is_multiple_of(BEAT);
            now = match self {
                Input::Chord if step > 0 => held(now),
                Input::Repeated if !on_beat => held(now),
                Input::Chord | Input::Repeated => Chord::struck_keys(CHORD),
                Input::Tune => match TUNE[step / BEAT % TUNE.len()] {
                    0 => held(now),
                    _ if !on_beat => held(now),
                    key => Chord::struck_keys([key]),
                },
            };
            now
        };
        (0..BARS * BAR).map(step).collect()
    }
}

/// Bars of a performance in which nothing begins.
pub fn silent_bars(accompaniment: &[Chord]) -> usize {
    let begins = |bar: &[Chord]| bar.iter().any(|chord| chord.struck() != 0);
    accompaniment.chunks(BAR).filter(|bar| !begins(bar)).count()
}

/// The metre of what is played in.
pub fn metres() -> Metres {
    Metres::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_what_they_are_called() {
        let onsets = |input: Input| {
            let chords = input.chords();
            assert_eq!(chords.len(), BARS * BAR);
            assert!(chords.iter().all(|chord| !chord.is_empty()), "{input:?} is never silent");
            chords.iter().map(|chord| chord.struck().count_ones()).sum::<u32>()
        };
        assert_eq!(onsets(Input::Chord), 3);
        assert_eq!(onsets(Input::Repeated), 3 * 96);
        assert_eq!(onsets(Input::Tune), 2 * 42);
    }

    #[test]
    fn bars_without_onset_are_counted() {
        let mut chords = vec![Chord::from_masks(1, 0); BAR * 3];
        assert_eq!(silent_bars(&chords), 3);
        chords[BAR].strike(60);
        assert_eq!(silent_bars(&chords), 2);
    }
}
