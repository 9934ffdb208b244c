//! Against going round in circles: a controller that notices when bars repeat, and then takes
//! away from what would repeat them once more.
//!
//! A network that hears itself play a bar twice expects it a third time, and each time it is
//! surer: it locks into an ostinato for good. A higher temperature frees it at the price of wrong
//! notes everywhere. So, as text generators do against loops (the repetition penalty of Keskar et
//! al., "CTRL", 2019), only what would repeat is made less likely, and only as much as bars have
//! repeated beyond what people's do.

use crate::music::{Chord, STEPS_PER_BAR};

const BAR: usize = STEPS_PER_BAR as usize;

/// Remembers the onsets of a bar, and how alike the last bars were.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RepetitionController {
    /// Ring: the keys that were struck in the last steps.
    struck: [u128; BAR],
    /// Where the next step goes, which is where that of a bar ago stands.
    at: u8,
    /// Running mean of how much of a step's onsets is that of a bar ago.
    alike: f64,
}

impl Default for RepetitionController {
    /// At rest, after silence.
    fn default() -> Self {
        let alike = RepetitionController::USUAL;
        RepetitionController { struck: [0; BAR], at: 0, alike }
    }
}

/// What is made less likely in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RepetitionPenalty {
    /// Keys that were struck a bar ago.
    pub keys: u128,
    /// Nats to take from the log odds of their being struck. Not negative.
    pub nats: f32,
}

impl RepetitionController {
    /// How alike bars may be without anything being done: people's are by about 0.15, in the mean
    /// of many pieces (`cargo xtask judge --data`, repetition at one bar).
    pub const USUAL: f64 = 0.2;
    /// Nats for bars that are wholly alike, and none for those within [`Self::USUAL`].
    const NATS: f64 = 6.4;
    /// Share of the running mean that a new step with onsets replaces: a memory of one to two
    /// bars of music.
    const MEMORY: f64 = 1.0 / 16.0;

    /// What is to be made less likely in the next step.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn penalty(&self) -> RepetitionPenalty {
        let beyond = (self.alike - RepetitionController::USUAL).max(0.0);
        let share = beyond / (1.0 - RepetitionController::USUAL);
        let keys = self.struck[usize::from(self.at)];
        RepetitionPenalty { keys, nats: (RepetitionController::NATS * share) as f32 }
    }

    /// Takes note of the chord of a step. Steps in which nothing begins, now and a bar ago, tell
    /// nothing.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn after_step(&mut self, chosen: Chord) {
        let slot = &mut self.struck[usize::from(self.at)];
        let (before, now) = (*slot, chosen.struck());
        let either = (before | now).count_ones();
        if either > 0 {
            let both = (before & now).count_ones();
            let alike = f64::from(both) / f64::from(either);
            self.alike += RepetitionController::MEMORY * (alike - self.alike);
        }
        *slot = now;
        self.at = (self.at + 1) % STEPS_PER_BAR;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After `bars` bars of a figure that is `figure(bar, step)`.
    fn after(bars: usize, figure: impl Fn(usize, usize) -> Chord) -> RepetitionController {
        let mut controller = RepetitionController::default();
        for step in 0..bars * BAR {
            controller.after_step(figure(step / BAR, step % BAR));
        }
        controller
    }

    fn beat(key: u8, step: usize) -> Chord {
        if step.is_multiple_of(4) { Chord::struck_keys([key]) } else { Chord::SILENT }
    }

    #[test]
    fn what_changes_and_silence_are_left_alone() {
        let changing = after(20, |bar, step| beat(40 + bar as u8, step));
        assert_eq!(changing.penalty().nats, 0.0);
        assert_eq!(after(20, |_, _| Chord::SILENT).penalty(), RepetitionPenalty::default());
        assert_eq!(RepetitionController::default().penalty(), RepetitionPenalty::default());
    }

    #[test]
    fn an_ostinato_grows_wearisome_where_it_would_go_on_and_is_forgiven() {
        let nats = |bars| after(bars, |_, step| beat(60, step)).penalty().nats;
        assert_eq!(nats(1), 0.0, "once is none");
        assert!(nats(3) > 0.0 && nats(8) > nats(3) && nats(40) > 6.0, "{}", nats(8));
        assert!(nats(1000) <= 6.4);
        let mut controller = after(40, |_, step| beat(60, step));
        assert_eq!(controller.penalty().keys, 1 << 60, "the beat");
        controller.after_step(Chord::struck_keys([62]));
        assert_eq!(controller.penalty().keys, 0, "between beats");
        for step in 1..40 * BAR {
            controller.after_step(beat(40 + (step / BAR) as u8, step));
        }
        assert_eq!(controller.penalty().nats, 0.0);
    }

    #[test]
    fn a_held_note_is_no_repetition() {
        let mut held = Chord::SILENT;
        held.hold(60);
        assert_eq!(after(40, |_, _| held).penalty(), RepetitionPenalty::default());
    }
}
