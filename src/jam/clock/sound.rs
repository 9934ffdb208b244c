//! When what has begun sounds, and ends.

use super::Clock;
use crate::jam::controls::{Swing, Timing};
use crate::jam::groove;
use crate::jam::link::Place;

/// How long after its step a chord sounds at most, in steps; also how long before it the second
/// decision is asked for at most.
pub const LATEST_STEPS: f64 = 0.25;

/// How long after its step a chord sounds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delay {
    /// Seconds, and a quarter of a step at most.
    pub reaction_s: f64,
    /// Seconds; negative is earlier.
    pub groove_s: f64,
}

/// Where notes end that are not held on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    /// The step in which they sound for the last time.
    pub place: Place,
    /// How long after it they began.
    pub after: Delay,
    /// The share of a step, if it is not the one that is set.
    pub steps: Option<f64>,
}

impl Clock {
    /// Sets when notes sound that begin in the block that has begun, as far as steps are long enough:
    /// how long after their step, and where they end. What has begun sounds as it began; it ends as is
    /// set now.
    ///
    /// # Realtime
    /// Constant time.
    pub fn set_timing(&mut self, timing: Timing) {
        (self.reaction_s, self.gate_steps) = (timing.reaction_s(), timing.gate());
    }

    /// Sets how uneven steps are in the block that has begun.
    ///
    /// # Realtime
    /// Constant time.
    pub fn set_swing(&mut self, swing: Swing) {
        self.swing = swing;
    }

    /// The step that has just begun sounds as `timing` says, as far as it is long enough; it also ends so
    /// if it is `replayed`, and otherwise as is set.
    ///
    /// # Realtime
    /// Constant time.
    pub fn retime(&mut self, timing: Timing, replayed: bool) {
        let delay = Delay { reaction_s: timing.reaction_s(), groove_s: timing.groove_s() };
        self.sound_due = Some(delay).filter(|delay| self.sound_beats(*delay) > 0.0);
        self.gate = match self.sound_due {
            None => {
                self.sounded = Delay::default();
                Some(Gate { place: self.last, after: Delay::default(), steps: None })
            }
            // That of the step before is still to come.
            Some(_) => self.gate.filter(|gate| gate.place != self.last).or(self.gate_before),
        };
        self.regate = replayed.then_some(timing.gate());
        if let Some(gate) = self.gate.as_mut().filter(|gate| gate.place == self.last) {
            gate.steps = self.regate;
        }
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
        self.swing.late_steps(place.step, self.grid.rate) * self.path.step_beats()
    }

    /// So many seconds in beats, as far as steps are long enough.
    pub(super) fn delay_beats(&self, seconds: f64) -> f64 {
        (seconds * self.beats_per_second).min(LATEST_STEPS * self.path.step_beats())
    }

    /// A delay in beats, as far as a step may sound late, and not before it.
    pub(super) fn sound_beats(&self, delay: Delay) -> f64 {
        let late = self.delay_beats(delay.reaction_s) + delay.groove_s * self.beats_per_second;
        late.clamp(0.0, groove::LATEST_STEPS * self.path.step_beats())
    }
}
