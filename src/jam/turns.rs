//! Whose turn it is: questions and answers, and a musician who has left.

use crate::jam::controls::{Controls, Mode};
use crate::music::BarPosition;

/// Steps of a question that an answer goes on from at most.
const LONGEST_MOTIF: i64 = 96;

/// What the musician plays until they are answered.
#[derive(Clone, Copy, Debug)]
struct Question {
    /// The frame of its first note.
    from: i64,
    /// Most keys held at once.
    voices: u32,
}

/// Our turn.
#[derive(Clone, Copy, Debug)]
struct Answer {
    /// The first step, and the one after the last.
    from: i64,
    until: i64,
    /// Most notes at once.
    voices: u32,
    /// Steps before the first that it goes on from.
    motif: i64,
}

/// A moment at which it is settled whose turn it is: a step is decided.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Index of the step.
    pub index: i64,
    /// Where it lies in its bar.
    pub position: BarPosition,
    /// Index of the step that has begun; none while playback stands.
    pub begun: Option<i64>,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turns {
    question: Option<Question>,
    answer: Option<Answer>,
    /// Whether the musician had rested for a bar at the last bar line, and has not played since.
    left: bool,
    /// Index of the step at the last bar line.
    line: i64,
}

impl Turns {
    /// The musician strikes a key in frame `index`, or while playback stands; so many are held then.
    ///
    /// # Realtime
    /// Constant time.
    pub fn struck(&mut self, index: Option<i64>, held: u32) {
        self.left = false;
        if self.answer.take().is_some() {
            self.question = None;
        }
        if let Some(index) = index {
            let question = self.question.get_or_insert(Question { from: index, voices: 0 });
            question.voices = question.voices.max(held);
        }
    }

    /// Decides whose turn it is in the step of `turn`. Of the musician, who rests from frame
    /// `rests_from` on, a key is `held` or none.
    ///
    /// They are answered on a bar line, when they have rested for half a bar, for as many bars as
    /// they played; or when asked for, at once. In a loop that holds no bar line, one is taken to be
    /// where there was none for two bars.
    ///
    /// # Realtime
    /// Constant time.
    pub fn update(&mut self, turn: &Turn, (rests_from, held): (i64, bool), controls: &Controls) {
        let bar_steps = i64::from(turn.position.bar_steps.max(1));
        let bar_line = turn.position.in_bar == 0 || turn.index - self.line >= 2 * bar_steps;
        if bar_line {
            self.line = turn.index;
        }
        let begun = turn.begun.filter(|_| !held);
        let rested = begun.map_or(0, |begun| begun + 1 - rests_from);
        self.left |= bar_line && rested >= bar_steps;
        if controls.mode != Mode::Answer {
            (self.question, self.answer) = (None, None);
            return;
        }
        if self.answer.is_some_and(|answer| turn.index >= answer.until) {
            (self.question, self.answer) = (None, None);
        }
        let asked = bar_line && 2 * rested >= bar_steps && self.question.is_some();
        if self.answer.is_none() && (asked || controls.answer_now) {
            let index = turn.index;
            let none = Question { from: index, voices: u32::MAX };
            let Question { from, voices } = self.question.unwrap_or(none);
            let played = if held { index } else { rests_from } - from;
            let bars = (played.max(1) + bar_steps - 1) / bar_steps;
            let motif = (index - from).clamp(0, LONGEST_MOTIF);
            let until = index + bars * bar_steps;
            self.answer =
                Some(Answer { from: index, until, voices: voices.saturating_add(1), motif });
        }
    }

    /// The mode is another than [`Mode::Answer`], or playback begins: nobody has asked.
    ///
    /// # Realtime
    /// Constant time.
    pub fn forget(&mut self) {
        *self = Turns::default();
    }

    /// In [`Mode::Answer`], whether it is our turn.
    pub fn answering(&self) -> bool {
        self.answer.is_some()
    }

    /// Most notes that we play at once in our turn: one more than the musician did.
    pub fn voices(&self) -> u32 {
        self.answer.map_or(u32::MAX, |answer| answer.voices)
    }

    /// How many steps before step `index` our turn goes on from, if it begins there; 0 if not.
    pub fn motif(&self, index: i64) -> u16 {
        let begins = self.answer.filter(|answer| answer.from == index);
        // No more than `LONGEST_MOTIF`.
        begins.map_or(0, |answer| answer.motif as u16)
    }

    /// Whether the musician has left: see [`Controls::stop_with_me`].
    pub fn left(&self) -> bool {
        self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Signature;

    fn answer() -> Controls {
        Controls { mode: Mode::Answer, ..Controls::default() }
    }

    /// The turns of `steps`, in 4/4, of a musician who strikes a key in each of `struck` and holds
    /// it for a step.
    fn answers(struck: &[i64], steps: i64) -> Vec<i64> {
        let mut turns = Turns::default();
        let mut rests_from = 0;
        let mut answers = vec![];
        for index in 0..steps {
            let turn =
                Turn { index, position: Signature::COMMON.position(index), begun: Some(index - 1) };
            turns.update(&turn, (rests_from, false), &answer());
            if struck.contains(&index) {
                turns.struck(Some(index), 2);
                rests_from = index + 1;
            }
            if turns.answering() {
                assert_eq!(turns.voices(), 3);
                answers.push(index);
            }
        }
        answers
    }

    #[test]
    fn a_question_is_answered_on_the_next_bar_line_for_as_long() {
        assert_eq!(answers(&[0, 2, 4], 64), (16..32).collect::<Vec<_>>());
        assert_eq!(answers(&[0, 4, 10, 18], 64), (32..64).collect::<Vec<_>>(), "two bars");
        assert_eq!(answers(&[0, 4, 12], 64), (32..48).collect::<Vec<_>>(), "no rest at the first");
        assert!(answers(&[], 64).is_empty());
        assert_eq!(
            answers(&[0, 20], 64),
            [16, 17, 18, 19].into_iter().chain(32..48).collect::<Vec<_>>()
        );
    }

    /// The third and fourth beat of a bar, over and over.
    #[test]
    fn in_a_loop_without_a_bar_line_there_are_turns_all_the_same() {
        let position = |index: i64| Signature::COMMON.position(8 + index.rem_euclid(8));
        for controls in [answer(), Controls::default()] {
            let mut turns = Turns::default();
            let (mut answered, mut left) = (vec![], None);
            for index in 0..128 {
                let turn = Turn { index, position: position(index), begun: Some(index - 1) };
                turns.update(&turn, (4, false), &controls);
                if index == 3 {
                    turns.struck(Some(index), 1);
                }
                answered.extend(turns.answering().then_some(index));
                left = left.or(turns.left().then_some(index));
            }
            assert_eq!(left, Some(32));
            let expected = if controls.mode == Mode::Answer { (32..48).collect() } else { vec![] };
            assert_eq!(answered, expected);
        }
    }

    #[test]
    fn an_answer_goes_on_from_its_question() {
        let mut turns = Turns::default();
        turns.struck(Some(3), 1);
        let turn = Turn { index: 16, position: Signature::COMMON.position(16), begun: Some(15) };
        turns.update(&turn, (6, false), &answer());
        assert_eq!((turns.motif(16), turns.motif(17), turns.voices()), (13, 0, 2));
    }

    #[test]
    fn who_rests_for_a_bar_has_left_at_the_bar_line() {
        let mut turns = Turns::default();
        let controls = Controls::default();
        let left: Vec<i64> = (0..48)
            .filter(|index| {
                let position = Signature::COMMON.position(*index);
                let turn = Turn { index: *index, position, begun: Some(index - 1) };
                turns.update(&turn, (10, false), &controls);
                turns.left()
            })
            .collect();
        assert_eq!(left[0], 32);
        turns.struck(None, 1);
        assert!(!turns.left());
    }
}
