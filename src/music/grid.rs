//! The grid: the only place where beats, steps, samples and ticks are converted.
//!
//! A *beat* is a quarter note, as hosts count it. Positions may be negative (count-in).

use std::ops::Range;

use super::metre::{BarPosition, Signature};

/// Steps in a bar of 4/4 at the model's own rate, the sixteenth; also the modulus of the
/// beat feature (model.md, section 1).
pub const STEPS_PER_BAR: u8 = 16;

/// One slot of the grid. Step `k` begins at beat `k * beats_per_step`; steps before the
/// song's zero (count-in) are negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(pub i64);

impl Step {
    /// The step after this one.
    #[must_use]
    pub fn next(self) -> Step {
        Step(self.0.saturating_add(1))
    }
}

/// How much musical time a step takes. The model thinks in sixteenths; at another rate the
/// same steps run faster or slower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rate {
    /// 1/8: half speed.
    Eighth,
    /// 1/8 triplet: three steps to a beat.
    EighthTriplet,
    /// 1/16, the model's own grid.
    #[default]
    Sixteenth,
    /// 1/16 triplet: six steps to a beat.
    SixteenthTriplet,
    /// 1/32: double speed.
    ThirtySecond,
}

impl Rate {
    /// Every rate, slowest first.
    pub const ALL: [Rate; 5] = [
        Rate::Eighth,
        Rate::EighthTriplet,
        Rate::Sixteenth,
        Rate::SixteenthTriplet,
        Rate::ThirtySecond,
    ];

    /// Steps in one beat (quarter note): 2, 3, 4, 6 or 8.
    pub const fn steps_per_beat(self) -> u8 {
        match self {
            Rate::Eighth => 2,
            Rate::EighthTriplet => 3,
            Rate::Sixteenth => 4,
            Rate::SixteenthTriplet => 6,
            Rate::ThirtySecond => 8,
        }
    }
}

/// The bar line under the cursor and the length of its bar, as the host reports them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metre {
    /// Beat at which a bar begins.
    pub bar_start_beats: f64,
    /// Length of a bar in beats; 4 in 4/4, 3 in 3/4 and 6/8.
    pub bar_beats: f64,
    /// Length in beats of what a musician counts: 1 in 4/4, 2 in 2/2, 1.5 in 6/8.
    pub count_beats: f64,
    /// What the host calls it; 4/4 where that is no metre a network knows.
    pub signature: Signature,
}

/// How a step lies in its bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stress {
    /// Between counts.
    None,
    /// On a count.
    Count,
    /// On the bar line.
    Bar,
}

impl Default for Metre {
    fn default() -> Self {
        Metre::COMMON
    }
}

impl Metre {
    /// 4/4 counted from beat zero, for hosts that report no metre.
    pub const COMMON: Metre = Metre {
        bar_start_beats: 0.0,
        bar_beats: 4.0,
        count_beats: 1.0,
        signature: Signature::COMMON,
    };

    /// The metre of a time signature whose bar begins at `bar_start_beats`; falls back to
    /// 4/4 if the signature is nonsense.
    pub fn new(bar_start_beats: f64, numerator: i32, denominator: i32) -> Metre {
        let sane = (1..=256).contains(&numerator) && (1..=256).contains(&denominator);
        let (numerator, denominator) = if sane { (numerator, denominator) } else { (4, 4) };
        let bar_start_beats = if bar_start_beats.is_finite() { bar_start_beats } else { 0.0 };
        let unit_beats = 4.0 / f64::from(denominator);
        let signature = Signature::new(numerator.unsigned_abs(), denominator.unsigned_abs())
            .unwrap_or_default();
        Metre {
            bar_start_beats,
            bar_beats: f64::from(numerator) * unit_beats,
            count_beats: if signature.is_compound() { 3.0 * unit_beats } else { unit_beats },
            signature,
        }
    }

    /// Where a bar begins in beats, counted from 1 at the one that holds beat 0.
    pub fn bar_begins_beats(self, bar: i64) -> f64 {
        self.first_bar_beats() + (bar as f64 - 1.0) * self.bar_beats
    }

    /// Where the bar begins that holds beat 0.
    fn first_bar_beats(self) -> f64 {
        let line = self.bar_start_beats.rem_euclid(self.bar_beats);
        if line < SLACK_BEATS { 0.0 } else { line - self.bar_beats }
    }
}

/// Steps at a rate, laid over the host's beats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    /// Musical length of a step.
    pub rate: Rate,
}

impl Grid {
    /// Length of a step in beats.
    pub fn beats_per_step(self) -> f64 {
        1.0 / f64::from(self.rate.steps_per_beat())
    }

    /// Where `step` begins, in beats. Exact to rounding for every step a song can have.
    pub fn start_beats(self, step: Step) -> f64 {
        // Dividing by the integer keeps triplets exact at every whole beat.
        step.0 as f64 / f64::from(self.rate.steps_per_beat())
    }

    /// The step that contains `beats` (floor, also before zero).
    pub fn step_at(self, beats: f64) -> Step {
        Step((beats * f64::from(self.rate.steps_per_beat())).floor() as i64)
    }

    /// The first step that begins at or after `beats`.
    pub fn step_from(self, beats: f64) -> Step {
        Step((beats * f64::from(self.rate.steps_per_beat())).ceil() as i64)
    }

    /// Where `step` lies in its bar as the network is told: its steps since the bar line, taken
    /// for sixteenths at whatever rate (jam.md, section 1). Bars extend from `metre` in both
    /// directions.
    pub fn position(self, step: Step, metre: Metre) -> BarPosition {
        let in_bar = self.beats_into_bar(step, metre);
        let steps = (in_bar * f64::from(self.rate.steps_per_beat())).floor() as i64;
        // A bar of the host has at most 8192 steps. At fast rates it is longer than one of the
        // model's, of which the network is then told the next one.
        let bar_steps = self.bar_steps(metre) as u16;
        BarPosition { in_bar: steps as u16, bar_steps, ..metre.signature.position(steps) }
    }

    /// Steps in a bar, at least 1.
    pub fn bar_steps(self, metre: Metre) -> i64 {
        // A bar has at most 1024 beats.
        let steps = (metre.bar_beats * f64::from(self.rate.steps_per_beat())).round() as i64;
        steps.max(1)
    }

    /// The bar under `beats`, counted from 1 at the one that holds beat 0. Bars extend from
    /// `metre` in both directions.
    pub fn bar_at(self, beats: f64, metre: Metre) -> i64 {
        ((beats - metre.first_bar_beats() + SLACK_BEATS) / metre.bar_beats).floor() as i64 + 1
    }

    /// The steps that begin in the bars `first ..= last`, counted likewise.
    pub fn bars(self, first: i64, last: i64, metre: Metre) -> Range<Step> {
        let begins = |bar: i64| self.step_from(metre.bar_begins_beats(bar) - SLACK_BEATS);
        begins(first)..begins(last.saturating_add(1))
    }

    /// How `step` lies in its bar: a step that begins on the bar line or on a count.
    pub fn stress(self, step: Step, metre: Metre) -> Stress {
        let in_bar = self.beats_into_bar(step, metre);
        if in_bar < 2.0 * SLACK_BEATS {
            Stress::Bar
        } else if in_bar.rem_euclid(metre.count_beats) < 2.0 * SLACK_BEATS {
            Stress::Count
        } else {
            Stress::None
        }
    }

    /// Beats from the bar line to `step`, and a rounding error more: a bar line may lie as
    /// much after the step that it opens.
    fn beats_into_bar(self, step: Step, metre: Metre) -> f64 {
        let since_bar = self.start_beats(step) - metre.bar_start_beats + SLACK_BEATS;
        since_bar.rem_euclid(metre.bar_beats)
    }
}

/// What hosts' bar lines are off by at most.
const SLACK_BEATS: f64 = 1e-6;

/// Beats that pass in one sample.
pub fn beats_per_sample(tempo_bpm: f64, sample_rate: f64) -> f64 {
    tempo_bpm / (60.0 * sample_rate)
}

/// The step nearest to a MIDI tick, `floor(tick / ticks_per_step + 1/2)`, in integers so
/// that any number of ticks per quarter works (model.md, section 1). A step is a
/// sixteenth: a quarter of `ticks_per_beat`, which must not be zero.
pub fn nearest_step(tick: u64, ticks_per_beat: u16) -> u64 {
    let tpb = u128::from(ticks_per_beat);
    // tick / (tpb/4) + 1/2 = (8 tick + tpb) / (2 tpb). Below 2^64 since tpb >= 1 and the
    // quotient is at most 4 * tick + 1, saturated for ticks that no file can hold.
    u64::try_from((8 * u128::from(tick) + tpb) / (2 * tpb)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_go_to_the_nearest_step_for_any_division() {
        for tpb in [1u16, 24, 96, 97, 220, 480, 32767] {
            for tick in 0..4096u64 {
                let exact = (tick as f64 * 4.0 / f64::from(tpb) + 0.5).floor() as u64;
                assert_eq!(nearest_step(tick, tpb), exact, "tick {tick} of {tpb}");
            }
        }
        assert_eq!(nearest_step(60, 480), 1, "exactly half way goes to the later");
        assert_eq!(nearest_step(59, 480), 0);
    }

    #[test]
    fn positions_count_from_the_bar_line() {
        let grid = Grid::default();
        let common = Metre::COMMON;
        assert_eq!(grid.position(Step(17), common).in_bar, 1);
        assert_eq!(grid.position(Step(-1), common).in_bar, 15);
        let waltz = Metre::new(0.0, 3, 4);
        assert_eq!(grid.position(Step(12), waltz).in_bar, 0, "3/4 bars have 12 steps");
        let shifted = Metre::new(1.0, 4, 4);
        assert_eq!(grid.position(Step(4), shifted).in_bar, 0);
        let long = Metre::new(0.0, 5, 4);
        assert_eq!(grid.position(Step(18), long).in_bar, 18, "a bar of five");
        let triplets = Grid { rate: Rate::EighthTriplet };
        assert_eq!(triplets.position(Step(12), common).in_bar, 0, "12 triplets fill a bar of 4/4");
        assert_eq!(triplets.position(Step(12), common).bar_steps, 12);
        let eighths = Grid { rate: Rate::Eighth };
        assert_eq!(eighths.position(Step(9), common).in_bar, 1, "eight eighths do");
        // Before and after one comes what comes before and after it at any rate.
        for rate in Rate::ALL {
            for metre in [common, waltz, long, Metre::new(0.5, 6, 8)] {
                let position = |step| Grid { rate }.position(Step(step), metre);
                for step in -50..50 {
                    assert_eq!(position(step).before(), position(step - 1), "{rate:?} {step}");
                    assert_eq!(position(step).after(), position(step + 1), "{rate:?} {step}");
                }
            }
        }
    }

    #[test]
    fn bars_are_counted_from_the_one_that_holds_beat_zero() {
        let grid = Grid::default();
        assert_eq!(grid.bars(1, 1, Metre::COMMON), Step(0)..Step(16));
        assert_eq!(grid.bars(3, 4, Metre::new(0.0, 3, 4)), Step(24)..Step(48));
        // A bar line at beat 1 leaves three beats of a bar before it.
        let shifted = Metre::new(5.0, 4, 4);
        assert_eq!(grid.bars(1, 2, shifted), Step(-12)..Step(20));
        // What begins on the line is in the bar, though the host is off by a rounding error.
        assert_eq!(grid.bars(2, 2, Metre::new(4.0 + 1e-7, 4, 4)), Step(16)..Step(32));
        for metre in [Metre::COMMON, shifted, Metre::new(2.0, 7, 8)] {
            for step in -50..50 {
                let bar = grid.bar_at(grid.start_beats(Step(step)), metre);
                assert!(grid.bars(bar, bar, metre).contains(&Step(step)), "{step} {metre:?}");
            }
        }
        assert!(grid.bars(1, i64::MAX, Metre::COMMON).end > Step(0));
    }

    #[test]
    fn stress_follows_the_metre_and_not_the_rate() {
        let stresses = |rate: Rate, metre: Metre, steps: i64| -> String {
            let letter = |k| match (Grid { rate }).stress(Step(k), metre) {
                Stress::Bar => 'B',
                Stress::Count => 'c',
                Stress::None => '.',
            };
            (0..steps).map(letter).collect()
        };
        let in_four = "B...c...c...c...B...";
        assert_eq!(stresses(Rate::Sixteenth, Metre::COMMON, 20), in_four);
        assert_eq!(stresses(Rate::Eighth, Metre::COMMON, 10), "B.c.c.c.B.");
        assert_eq!(stresses(Rate::EighthTriplet, Metre::new(0.0, 3, 4), 12), "B..c..c..B..");
        assert_eq!(stresses(Rate::Sixteenth, Metre::new(0.0, 6, 8), 14), "B.....c.....B.");
        assert_eq!(stresses(Rate::Sixteenth, Metre::new(0.0, 2, 2), 18), "B.......c.......B.");
        assert_eq!(stresses(Rate::Sixteenth, Metre::new(0.25 - 1e-7, 5, 4), 6), ".B...c");
        assert_eq!(stresses(Rate::Eighth, Metre::new(0.0, 7, 8), 8), "BccccccB");
    }

    #[test]
    fn what_is_counted_by_three_is_what_the_network_is_told_is_compound() {
        for denominator in [1, 2, 4, 8, 16, 32] {
            for numerator in 1..=24 {
                let metre = Metre::new(0.0, numerator, denominator);
                let told = Grid::default().position(Step(0), metre).compound;
                let counted = metre.count_beats * f64::from(denominator) / 4.0;
                assert_eq!(counted, if told { 3.0 } else { 1.0 }, "{numerator}/{denominator}");
            }
        }
    }

    #[test]
    fn steps_and_beats_agree_at_every_rate_and_sign() {
        for rate in Rate::ALL {
            let grid = Grid { rate };
            for k in -100..100 {
                let start = grid.start_beats(Step(k));
                assert_eq!(grid.step_from(start), Step(k), "{rate:?} {k}");
                assert_eq!(grid.step_at(start + 1e-9), Step(k), "{rate:?} {k}");
            }
        }
    }
}
