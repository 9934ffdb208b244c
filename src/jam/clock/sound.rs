//! When what has begun sounds, and ends.

use super::{ANSWER_STEPS, Clock};
use crate::jam::controls::{Swing, Timing};
use crate::jam::link::Place;
use crate::music::{BarPosition, Metre, Step};

/// Where notes end that are not held on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    /// The step in which they sound for the last time.
    pub place: Place,
    /// How long after it they began.
    pub after: Timing,
    /// The share of a step, if it is not the one that is set.
    pub steps: Option<f64>,
    /// Whether it is that of before.
    pub replayed: bool,
}

impl Clock {
    /// Sets when notes sound that begin in the block that has begun, as far as steps are long enough:
    /// how long after their step, and where they end. What has begun sounds as it began.
    ///
    /// # Realtime
    /// Constant time.
    pub fn set_timing(&mut self, timing: Timing) {
        (self.reaction_s, self.gate_steps) = (timing.reaction_s(), timing.gate());
    }

    /// Sets how uneven steps are in the block that has begun, in bars of `metre`.
    ///
    /// # Realtime
    /// Constant time.
    pub fn set_swing(&mut self, swing: Swing, metre: Metre) {
        (self.swing, self.metre) = (swing, metre);
    }

    /// Where a step lies in its bar in the block that has begun.
    ///
    /// # Realtime
    /// Constant time.
    pub fn position(&self, step: Step) -> BarPosition {
        self.grid.position(step, self.metre)
    }

    /// Where a step of this timing has its gate, in thousandths of a step: not before the chord after it
    /// is decided and the network had time to answer.
    ///
    /// # Realtime
    /// Constant time.
    pub fn gate_permille(&self, timing: Timing) -> u16 {
        let answered = 1.0 - (self.lookahead.steps() - ANSWER_STEPS);
        let share = timing.gate().max(answered - timing.late_steps(self.step_s()));
        // What is a whole number stays one.
        (1e3 * share.clamp(0.0, 1.0) - 1e-6).ceil() as u16
    }

    /// The step that has just begun sounds and ends as `timing` says, as far as it is long enough: anew,
    /// or as it did before.
    ///
    /// # Realtime
    /// Constant time.
    pub fn retime(&mut self, timing: Timing, replayed: bool) {
        self.regate = Some((timing.gate(), replayed));
        self.sound_due = Some(timing).filter(|timing| self.sound_beats(*timing) > 0.0);
        self.gate = match self.sound_due {
            None => {
                self.sounded = timing;
                Some(self.gate_of(self.last, timing))
            }
            // That of the step before is still to come.
            Some(_) => self.gate.filter(|gate| gate.place != self.last).or(self.gate_before),
        };
    }

    /// The gate of the step that began last.
    pub(super) fn gate_of(&self, place: Place, after: Timing) -> Gate {
        let (steps, replayed) = self.regate.unzip();
        Gate { place, after, steps, replayed: replayed.unwrap_or(false) }
    }

    /// How long after its step a chord sounds in this block, seconds: what was set, as far as steps
    /// are long enough.
    ///
    /// # Realtime
    /// Constant time.
    pub fn reaction_s(&self) -> f64 {
        self.delay_beats(self.reaction_s) / self.beats_per_second
    }

    /// Whether the chord of the step that began last is still to sound.
    ///
    /// # Realtime
    /// Constant time.
    pub fn is_sound_due(&self) -> bool {
        self.sound_due.is_some()
    }

    /// Length of a step, seconds.
    ///
    /// # Realtime
    /// Constant time.
    pub fn step_s(&self) -> f64 {
        self.path.step_beats() / self.beats_per_second
    }

    /// How much later than evenly a place comes, beats.
    pub(super) fn swing_beats(&self, place: Place) -> f64 {
        self.swing.late_steps(self.position(place.step), self.grid.rate) * self.path.step_beats()
    }

    /// So many seconds in beats, as far as steps are long enough.
    pub(super) fn delay_beats(&self, seconds: f64) -> f64 {
        let longest = Timing::LONGEST_REACTION_STEPS * self.path.step_beats();
        (seconds * self.beats_per_second).min(longest)
    }

    /// How long after its step a chord sounds, beats.
    pub(super) fn sound_beats(&self, timing: Timing) -> f64 {
        timing.late_steps(self.step_s()) * self.path.step_beats()
    }
}
