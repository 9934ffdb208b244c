//! How loud the musician plays, the mean velocity of the keys that they struck within a bar; and how
//! late in each step.

use crate::jam::slot;
use crate::music::STEPS_PER_BAR;

/// Steps of which the mean is taken: a bar of 4/4.
const STEPS: usize = STEPS_PER_BAR as usize;

/// What was struck in a step.
#[derive(Clone, Copy, Debug, Default)]
struct Struck {
    index: i64,
    keys: u32,
    /// Sum of their velocities.
    velocity: u32,
    /// Sum of how much later than the step they were struck, microseconds.
    late_us: i64,
}

/// How loud the musician plays.
#[derive(Clone, Copy, Debug)]
pub struct Loudness {
    /// Ring by the index of the step.
    steps: [Struck; STEPS],
    /// The newest mean, 1 to 127: what holds while they rest.
    level: Option<f32>,
    /// The velocity of what they struck last while nothing was played.
    parked: Option<f32>,
}

impl Default for Loudness {
    fn default() -> Self {
        let none = Struck { index: i64::MIN, ..Struck::default() };
        Loudness { steps: [none; STEPS], level: None, parked: None }
    }
}

impl Loudness {
    /// Playback begins: steps count from zero again. What they struck since it stopped still holds;
    /// what was played before does not, so that a second pass begins as loud as the first.
    ///
    /// # Realtime
    /// Constant time.
    pub fn begin(&mut self) {
        *self = Loudness { level: self.parked, ..Loudness::default() };
    }

    /// A key is struck with a velocity of 1 to 127, nearest to the step of this index and so many
    /// microseconds after it (or before, if negative), or while nothing is played.
    ///
    /// # Realtime
    /// Constant time.
    pub fn struck(&mut self, at: Option<(i64, i32)>, velocity: u8) {
        let Some((index, late_us)) = at else {
            self.parked = Some(f32::from(velocity));
            self.level = self.parked;
            return;
        };
        let step = &mut self.steps[slot(index, STEPS)];
        if step.index != index {
            *step = Struck { index, ..Struck::default() };
        }
        step.keys += 1;
        step.velocity += u32::from(velocity);
        step.late_us += i64::from(late_us);
        let within = |step: &&Struck| step.index > index - STEPS as i64;
        let (keys, velocity) = self
            .steps
            .iter()
            .filter(within)
            .fold((0, 0), |(keys, sum), step| (keys + step.keys, sum + step.velocity));
        // At most some thousand keys, so nothing is lost.
        self.level = Some(velocity as f32 / keys.max(1) as f32);
    }

    /// The mean velocity of what they struck within a bar up to the newest key; none before they
    /// played.
    ///
    /// # Realtime
    /// Constant time.
    pub fn level(&self) -> Option<f32> {
        self.level
    }

    /// The mean velocity of the keys that were struck in a step, 1 to 127, and how much later than the
    /// step they were struck in the mean, microseconds; 0 if none were, or too long ago.
    ///
    /// # Realtime
    /// Constant time.
    pub fn of_step(&self, index: i64) -> (u8, i32) {
        let step = self.steps[slot(index, STEPS)];
        let mean = (step.velocity + step.keys / 2).checked_div(step.keys);
        match mean.filter(|_| step.index == index) {
            // A mean of velocities is one, and that of 32 bits has no more.
            Some(mean) => (mean.min(127) as u8, (step.late_us / i64::from(step.keys)) as i32),
            None => (0, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_the_mean_of_a_bar_and_holds_in_rests() {
        let mut loudness = Loudness::default();
        assert_eq!(loudness.level(), None);
        loudness.struck(None, 40);
        assert_eq!(loudness.level(), Some(40.0), "struck before playback begins");
        loudness.begin();
        assert_eq!(loudness.level(), Some(40.0));
        loudness.struck(Some((0, -400)), 60);
        loudness.struck(Some((0, 1_000)), 80);
        loudness.struck(Some((15, 7)), 100);
        assert_eq!(loudness.level(), Some(80.0));
        assert_eq!(
            [0, 1, 15, 16].map(|index| loudness.of_step(index)),
            [(70, 300), (0, 0), (100, 7), (0, 0)]
        );
        loudness.struck(Some((16, 0)), 120);
        assert_eq!(loudness.level(), Some(110.0), "the first step is a bar ago");
        loudness.struck(Some((400, 0)), 30);
        assert_eq!(loudness.level(), Some(30.0));
        loudness.begin();
        assert_eq!(loudness.level(), None, "a second pass begins as the first did");
    }
}
