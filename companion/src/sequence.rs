//! What a network is asked to predict, and from what: frames and targets.

use anacrusis::model::config::{Config, Start};
use anacrusis::model::{Frame, Given};
use anacrusis::music::{Chord, KeyRange, Metres, PianoRoll};

/// What is to be predicted of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// What sounds in it; of two players what the plugin's plays, without the musician's keys.
    pub chord: Chord,
    /// What the note stack is told of the musician.
    pub given: Given,
    /// Whether the step is left out of the loss: only heard, not learnt from.
    pub unscored: bool,
}

impl Target {
    /// A step of music in which nobody is told apart.
    pub fn solo(chord: Chord) -> Target {
        Target { chord, ..Target::default() }
    }

    /// The bits (play, articulate) that are fed to the key visited after `key`: the true ones, or
    /// of a given key those that are given.
    pub fn fed_back(&self, key: u8) -> [bool; 2] {
        let chord = if self.given.chord.plays(key) { &self.given.chord } else { &self.chord };
        [chord.plays(key), chord.strikes(key)]
    }

    /// Whether what is predicted of `key` counts: a given key is not predicted.
    pub fn scores(&self, key: u8) -> bool {
        !self.unscored && !self.given.chord.plays(key)
    }

    /// The same shifted by `semitones`, without the keys that leave `range`.
    #[must_use]
    pub fn transposed(self, semitones: i8, range: KeyRange) -> Target {
        let shift = |chord: Chord| chord.transposed(semitones).within(range);
        let given = Given { chord: shift(self.given.chord), ..self.given };
        Target { chord: shift(self.chord), given, ..self }
    }
}

/// A stretch of music as questions and answers: `targets[t]` is the step that follows
/// `frames[t]`. Both have length T.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// What is known.
    pub frames: Vec<Frame>,
    /// What is to be predicted.
    pub targets: Vec<Target>,
}

impl Sequence {
    /// A whole piece: T = S - 1 predictions, or S if the network predicts the first step too.
    pub fn of_piece(config: &Config, roll: &PianoRoll, metres: &Metres) -> Sequence {
        Sequence::window(config, roll, metres, 0, roll.len())
    }

    /// Predictions within steps `start .. start + steps` of a roll. A network that predicts
    /// first steps is asked for all of them, the one at `start` from the step before it; any
    /// other for all but that one.
    pub fn window(
        config: &Config,
        roll: &PianoRoll,
        metres: &Metres,
        start: usize,
        steps: usize,
    ) -> Sequence {
        let position = |step: usize| metres.position(step as i64);
        let end = (start + steps).min(roll.len());
        let mut sequence = Sequence::default();
        for target in start..end {
            if target == start && config.start == Start::None {
                continue;
            }
            sequence.frames.push(match target.checked_sub(1) {
                None => Frame::before_first(metres.position(-1), false),
                Some(step) => Frame::solo(roll.chords[step], position(step)),
            });
            sequence.targets.push(Target::solo(roll.chords[target]));
        }
        sequence
    }

    /// The same music shifted by `semitones`, without the keys that leave `range`.
    pub fn transposed(mut self, semitones: i8, range: KeyRange) -> Sequence {
        let shift = |chord: Chord| chord.transposed(semitones).within(range);
        for target in &mut self.targets {
            *target = target.transposed(semitones, range);
        }
        for frame in &mut self.frames {
            (frame.own, frame.heard) = (shift(frame.own), shift(frame.heard));
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

    /// Number of predictions that count towards the loss.
    pub fn scored(&self) -> usize {
        self.targets.iter().filter(|target| !target.unscored).count()
    }
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
        let metres = Metres::default().from_step(3);
        let plain = Sequence::of_piece(&config, &piece, &metres);
        assert_eq!(plain.len(), 19);
        assert_eq!(plain.frames[0], Frame::common_time(piece.chords[0], 3));
        assert_eq!(plain.targets[0], Target::solo(piece.chords[1]));
        assert_eq!(plain.frames[13], Frame::common_time(piece.chords[13], 0));

        config.start = Start::Flag;
        let flagged = Sequence::of_piece(&config, &piece, &metres);
        assert_eq!(flagged.len(), 20);
        assert_eq!(flagged.frames[0], Frame::before_first(metres.position(-1), false));
        assert_eq!(flagged.frames[0].position.in_bar, 2);
        assert_eq!(flagged.frames[1..], plain.frames[..]);
        assert_eq!(flagged.targets[0].chord, piece.chords[0]);
    }

    #[test]
    fn with_the_flag_a_later_window_knows_the_step_before_it() {
        let config = Config { start: Start::Flag, ..Config::default() };
        let piece = roll(40);
        let window = Sequence::window(&config, &piece, &Metres::default(), 16, 8);
        assert_eq!(window.len(), 8);
        assert_eq!(window.frames[0], Frame::common_time(piece.chords[15], 15));
        let chords: Vec<Chord> = window.targets.iter().map(|target| target.chord).collect();
        assert_eq!(chords, piece.chords[16..24]);
    }

    #[test]
    fn a_given_key_feeds_back_what_is_given_and_is_not_scored() {
        let mut given = Chord::struck_keys([60]);
        given.hold(64);
        let target =
            Target { chord: Chord::struck_keys([48]), given: Given::known(given), unscored: false };
        assert_eq!(
            [48, 60, 64, 65].map(|key| target.fed_back(key)),
            [[true, true], [true, true], [true, false], [false, false]]
        );
        assert_eq!([48, 60, 65].map(|key| target.scores(key)), [true, false, true]);
        assert!(!Target { unscored: true, ..target }.scores(48));
    }
}
