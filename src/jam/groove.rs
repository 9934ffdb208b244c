//! When within a step its notes sound: swing, lay back, chance, and the musician's own feel.

use crate::jam::controls::{Controls, Pairs, Swing, Timing};
use crate::model::Draw;
use crate::music::{BarPosition, Rate, Step};

/// Parts of a beat in which the musician's feel is remembered.
const PARTS: usize = 4;

/// Weight of the newest onset in what is remembered of the musician's feel: about eight onsets count.
const NEWEST: f64 = 0.125;

impl Swing {
    /// How much later than evenly the step at a position comes, in steps of `rate`: 0 to
    /// [`Timing::LATEST_STEPS`]. Pairs are counted from the bar line. Triplets do not swing, nor do
    /// pairs of more than four steps (eighths at 1/32), nor one that the next bar line cuts short.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn late_steps(self, position: BarPosition, rate: Rate) -> f64 {
        let even = self.share.is_nan() || self.share <= 0.5;
        if even || matches!(rate, Rate::EighthTriplet | Rate::SixteenthTriplet) {
            return 0.0;
        }
        let steps = i64::from(rate.steps_per_beat());
        // A pair of eighths fills a beat, one of sixteenths half of it; shorter steps are none.
        let pair = match self.pairs {
            Pairs::Eighths => steps,
            Pairs::Sixteenths => steps / 2,
        };
        if !(2..=4).contains(&pair) {
            return 0.0;
        }
        let in_bar = i64::from(position.in_bar);
        let in_pair = in_bar % pair;
        if in_bar - in_pair + pair > i64::from(position.bar_steps) {
            return 0.0;
        }
        let share = f64::from(self.share.min(0.75));
        let (pair_steps, place) = (pair as f64, in_pair as f64 / pair as f64);
        let moved = match place < 0.5 {
            true => 2.0 * share * place,
            false => share + 2.0 * (1.0 - share) * (place - 0.5),
        };
        ((moved - place) * pair_steps).min(Timing::LATEST_STEPS)
    }
}

/// How the musician lies beside the beat.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Feel {
    /// How much later than swing would have it they play in each part of a beat, microseconds.
    late_us: [f64; PARTS],
}

impl Feel {
    /// They struck a key so many microseconds after where a step lies with its swing.
    ///
    /// # Realtime
    /// Constant time.
    pub fn struck(&mut self, position: BarPosition, rate: Rate, late_us: f64) {
        if let Some(late) = self.late_us.get_mut(part(position, rate)) {
            *late += NEWEST * (late_us - *late);
        }
    }

    /// How late they are where a step lies, microseconds.
    fn late_us(&self, position: BarPosition, rate: Rate) -> f64 {
        self.late_us.get(part(position, rate)).copied().unwrap_or_default()
    }
}

/// The part of the beat that a step begins in; beats are counted from the bar line.
fn part(position: BarPosition, rate: Rate) -> usize {
    let steps = usize::from(rate.steps_per_beat());
    usize::from(position.in_bar) % steps * PARTS / steps
}

/// The timing of a step at a position: that of the controls, and what the groove adds.
///
/// # Realtime
/// Arithmetic only.
pub fn timing(
    controls: &Controls,
    feel: &Feel,
    position: BarPosition,
    (step, draw): (Step, Draw),
) -> Timing {
    let groove = &controls.groove;
    let rate = controls.rate;
    let sane = |x: f32| if x.is_finite() { f64::from(x) } else { 0.0 };
    // A number that decides no note and no touch: the second of another key that no keyboard has.
    let [_, u] = draw.uniforms(step.0, 129);
    let chance_us = 1e3 * sane(groove.timing_ms) * (2.0 * u - 1.0);
    let feel_us = sane(groove.follow).clamp(0.0, 1.0) * feel.late_us(position, rate);
    let late_us = 1e3 * sane(groove.lay_back_ms) + chance_us + feel_us;
    Timing {
        // Below a million.
        swing_ppm: (1e6 * groove.swing.late_steps(position, rate)).round() as u32,
        // It saturates.
        groove_us: late_us.round() as i32,
        ..controls.timing()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::{Grid, Metre};

    /// The position of a step in 4/4 from beat 0.
    fn position(step: i64, rate: Rate) -> BarPosition {
        Grid { rate }.position(Step(step), Metre::COMMON)
    }

    #[test]
    fn pairs_swing_and_what_lies_between_goes_along() {
        let late = |share, pairs, rate, step| {
            Swing { share, pairs }.late_steps(position(step, rate), rate)
        };
        let all = |share, pairs, rate| [0, 1, 2, 3, -1].map(|step| late(share, pairs, rate, step));
        let close = |a: [f64; 5], b: [f64; 5]| {
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6), "{a:?}, not {b:?}");
        };
        let third = 1.0 / 3.0;
        let triplets = 2.0_f32 / 3.0;
        close(
            all(triplets, Pairs::Eighths, Rate::Sixteenth),
            [0.0, third, 2.0 * third, third, third],
        );
        close(all(triplets, Pairs::Sixteenths, Rate::Sixteenth), [0.0, third, 0.0, third, third]);
        close(all(0.75, Pairs::Sixteenths, Rate::Sixteenth), [0.0, 0.5, 0.0, 0.5, 0.5]);
        close(
            all(0.75, Pairs::Eighths, Rate::Sixteenth),
            [0.0, 0.5, Timing::LATEST_STEPS, 0.5, 0.5],
        );
        close(all(triplets, Pairs::Eighths, Rate::Eighth), [0.0, third, 0.0, third, third]);
        for (share, rate) in [
            (0.5, Rate::Sixteenth),
            (0.3, Rate::Sixteenth),
            (f32::NAN, Rate::Sixteenth),
            (0.7, Rate::EighthTriplet),
            (0.7, Rate::SixteenthTriplet),
        ] {
            close(all(share, Pairs::Eighths, rate), [0.0; 5]);
        }
        close(all(0.7, Pairs::Sixteenths, Rate::Eighth), [0.0; 5]);
        close(all(0.7, Pairs::Eighths, Rate::ThirtySecond), [0.0; 5]);
    }

    #[test]
    fn steps_stay_in_order_however_they_swing() {
        for pairs in [Pairs::Eighths, Pairs::Sixteenths] {
            for rate in Rate::ALL {
                for share in [0.5, 0.55, 0.6, 0.667, 0.7, 0.75, 9.0] {
                    for (numerator, denominator) in [(4, 4), (7, 8), (5, 8), (7, 16), (9, 32)] {
                        let metre = Metre::new(0.5, numerator, denominator);
                        let swing = Swing { share, pairs };
                        let late = |step: i64| {
                            swing.late_steps(Grid { rate }.position(Step(step), metre), rate)
                        };
                        for step in -40..40 {
                            let apart = 1.0 + late(step + 1) - late(step);
                            assert!(apart > 0.099, "{swing:?} {rate:?} {metre:?} {step}: {apart}");
                            assert!((0.0..=Timing::LATEST_STEPS).contains(&late(step)));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_musicians_feel_is_learnt_by_the_part_of_the_beat() {
        let mut feel = Feel::default();
        for step in 0..160 {
            let late_us = if step % 4 == 2 { 18_000.0 } else { -3_000.0 };
            feel.struck(position(step, Rate::Sixteenth), Rate::Sixteenth, late_us);
        }
        let late = |step| feel.late_us(position(step, Rate::Sixteenth), Rate::Sixteenth).round();
        let late = [0, 1, 2, 3].map(late);
        assert_eq!(late.map(|us| (us / 1e3).round()), [-3.0, -3.0, 18.0, -3.0]);
        let mut controls = Controls::default();
        controls.groove.follow = 0.5;
        let late = |controls: &Controls, step| {
            let position = position(step, controls.rate);
            timing(controls, &feel, position, (Step(step), Draw::default())).groove_us
        };
        assert!((8_900..=9_000).contains(&late(&controls, 2)));
        assert!((-1_500..-1_400).contains(&late(&controls, 0)));
        controls.groove.lay_back_ms = f32::NAN;
        controls.groove.timing_ms = f32::INFINITY;
        assert!((8_900..=9_000).contains(&late(&controls, 2)));
    }

    #[test]
    fn chance_is_the_same_each_time_and_within_its_bounds() {
        let mut controls = Controls::default();
        (controls.groove.timing_ms, controls.groove.lay_back_ms) = (5.0, 10.0);
        let delay = |step, seed| {
            let draw = Draw { seed, pass: 0 };
            let position = position(step, controls.rate);
            timing(&controls, &Feel::default(), position, (Step(step), draw)).groove_us
        };
        let delays: Vec<i32> = (0..200).map(|step| delay(step, 1)).collect();
        assert!(delays.iter().all(|us| (5_000..=15_000).contains(us)));
        assert!(delays.iter().max() > Some(&14_000) && delays.iter().min() < Some(&6_000));
        assert_eq!(delays, (0..200).map(|step| delay(step, 1)).collect::<Vec<_>>());
        assert_ne!(delays, (0..200).map(|step| delay(step, 2)).collect::<Vec<_>>());
    }
}
