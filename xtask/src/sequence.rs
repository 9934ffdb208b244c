//! What a network is asked to predict, and from what: frames and targets.

use anacrusis::model::config::{Config, Start};
use anacrusis::model::features;
use anacrusis::music::{Chord, KeyRange, PianoRoll, STEPS_PER_BAR};

/// What the time stack is fed before it predicts a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// "No previous step": an all-silent row with the flag set (model.md, section 9).
    Start {
        /// Step-in-bar of the step before the first, 0..16.
        step_in_bar: u8,
    },
    /// The step before the one to predict.
    Step {
        /// What sounds in it.
        chord: Chord,
        /// Its place in the bar, 0..16.
        step_in_bar: u8,
    },
}

impl Frame {
    /// Writes the features of the frame: `out` is `[K, F]`, lowest key first.
    pub fn write(&self, config: &Config, out: &mut [f32]) {
        match *self {
            Frame::Start { step_in_bar } => features::write_start(config, step_in_bar, out),
            Frame::Step { chord, step_in_bar } => {
                features::write(config, chord, step_in_bar, out);
            }
        }
    }
}

/// A stretch of music as questions and answers: `targets[t]` is the step that follows
/// `frames[t]`. Both have length T.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// What is known.
    pub frames: Vec<Frame>,
    /// What is to be predicted.
    pub targets: Vec<Chord>,
}

impl Sequence {
    /// A whole piece whose first step has step-in-bar `first`: T = S - 1 predictions, or S if
    /// the network predicts the first step too.
    pub fn of_piece(config: &Config, roll: &PianoRoll, first: u8) -> Sequence {
        Sequence::window(config, roll, first, 0, roll.len())
    }

    /// Predictions within steps `start .. start + steps` of a roll whose step 0 has
    /// step-in-bar `first`. A network that predicts first steps is asked for all of them,
    /// the one at `start` from the step before it; any other for all but that one.
    pub fn window(
        config: &Config,
        roll: &PianoRoll,
        first: u8,
        start: usize,
        steps: usize,
    ) -> Sequence {
        let place = |step: usize| ((usize::from(first) + step) % bar()) as u8;
        let end = (start + steps).min(roll.len());
        let mut sequence = Sequence::default();
        for target in start..end {
            if target == start && config.start == Start::None {
                continue;
            }
            sequence.frames.push(match target.checked_sub(1) {
                None => Frame::Start { step_in_bar: place(bar() - 1) },
                Some(step) => Frame::Step { chord: roll.chords[step], step_in_bar: place(step) },
            });
            sequence.targets.push(roll.chords[target]);
        }
        sequence
    }

    /// The same music shifted by `semitones`, without the keys that leave `range`.
    pub fn transposed(mut self, semitones: i8, range: KeyRange) -> Sequence {
        let shift = |chord: &mut Chord| *chord = chord.transposed(semitones).within(range);
        self.targets.iter_mut().for_each(shift);
        for frame in &mut self.frames {
            if let Frame::Step { chord, .. } = frame {
                shift(chord);
            }
        }
        self
    }

    /// The first `limit` predictions in stretches of up to `length` (at least 1), in order.
    pub fn stretches(&self, limit: usize, length: usize) -> impl Iterator<Item = Sequence> + '_ {
        let end = limit.min(self.len());
        (0..end).step_by(length).map(move |start| {
            let range = start..end.min(start + length);
            Sequence {
                frames: self.frames[range.clone()].to_vec(),
                targets: self.targets[range].to_vec(),
            }
        })
    }

    /// Number of predictions, T.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there is nothing to predict.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }
}

fn bar() -> usize {
    STEPS_PER_BAR as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roll(steps: u8) -> PianoRoll {
        (0..steps).map(|s| Chord::struck_keys([40 + s])).collect()
    }

    #[test]
    fn a_piece_is_predicted_from_its_second_step_or_with_the_flag_from_its_first() {
        let mut config = Config::default();
        let piece = roll(20);
        let plain = Sequence::of_piece(&config, &piece, 3);
        assert_eq!(plain.len(), 19);
        assert_eq!(plain.frames[0], Frame::Step { chord: piece.chords[0], step_in_bar: 3 });
        assert_eq!(plain.targets[0], piece.chords[1]);
        assert_eq!(plain.frames[13], Frame::Step { chord: piece.chords[13], step_in_bar: 0 });

        config.start = Start::Flag;
        let flagged = Sequence::of_piece(&config, &piece, 3);
        assert_eq!(flagged.len(), 20);
        assert_eq!(flagged.frames[0], Frame::Start { step_in_bar: 2 });
        assert_eq!(flagged.frames[1..], plain.frames[..]);
        assert_eq!(flagged.targets[0], piece.chords[0]);
    }

    #[test]
    fn with_the_flag_a_later_window_knows_the_step_before_it() {
        let config = Config { start: Start::Flag, ..Config::default() };
        let piece = roll(40);
        let window = Sequence::window(&config, &piece, 0, 16, 8);
        assert_eq!(window.len(), 8);
        assert_eq!(window.frames[0], Frame::Step { chord: piece.chords[15], step_in_bar: 15 });
        assert_eq!(window.targets, piece.chords[16..24]);
    }
}
