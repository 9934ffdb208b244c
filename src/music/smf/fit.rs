//! Whether the notes of a file lie on sixteenths, and whether all of them lie beside.

use std::f64::consts::TAU;

use crate::music::grid::nearest_step;

/// Fewer onsets than this tell nothing: they would all lie alike by chance.
const MIN_ONSETS: u64 = 16;

/// Shortest mean vector of a file that follows sixteenths.
///
/// Below it at least three tenths of the notes would be thirty-seconds between steps, or three
/// fifths would be triplets, and laying them on steps gives another rhythm. Sequenced piano music
/// (300 pieces) spreads over all lengths without a gap, since some pieces are written in triplets
/// or thirty-seconds, and loses 30 pieces here; of 1,313 songs with piano 53 go, of 359 pop songs
/// 12, of 337 lead sheets and 305 chorales none. Performances lie below 0.1; notes that scatter by
/// a sixth of a step, which is careful playing at the keyboard, have 0.6.
const MIN_LENGTH: f64 = 0.4;

/// Shortest mean vector whose angle is a shift of the whole file. Swung eighths point aside, too,
/// by a sixth of a step at most and at 0.5 to 0.56.
const MIN_SHIFTED_LENGTH: f64 = 0.57;

/// Smallest shift that is removed, in steps: with less, the nearest step is the right one.
const MIN_SHIFT_STEPS: f64 = 0.125;

/// How the onsets of a file lie to the grid of sixteenths.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GridFit {
    /// How many onsets were looked at.
    pub onsets: u64,
    /// Length of the mean of `exp(2 pi i t)` over onsets, `t` in unrounded steps: 1 if all lie
    /// alike to the steps, 0 if they lie anyhow.
    pub length: f64,
    /// How much later than a step they lie on average, in steps: above -1 and below 1. The angle
    /// of that mean tells it but for a whole step; of the two that are nearest, the one that puts
    /// more onsets on beats.
    pub shift_steps: f64,
}

impl GridFit {
    /// Of onsets at these ticks.
    pub(super) fn of(ticks: impl Iterator<Item = u64> + Clone, ticks_per_beat: u16) -> GridFit {
        let tpb = u64::from(ticks_per_beat);
        let (mut onsets, mut x, mut y) = (0u64, 0.0, 0.0);
        for tick in ticks.clone() {
            let (sin, cos) = (TAU * ((tick % tpb) * 4 % tpb) as f64 / tpb as f64).sin_cos();
            (onsets, x, y) = (onsets + 1, x + cos, y + sin);
        }
        if onsets == 0 {
            return GridFit::default();
        }
        let count = onsets as f64;
        let near = f64::atan2(y, x) / TAU;
        let mut fit = GridFit { onsets, length: f64::hypot(x, y) / count, shift_steps: near };
        if fit.is_shifted() {
            let on_beats = |shift_steps: f64| {
                let fit = GridFit { shift_steps, ..fit };
                ticks
                    .clone()
                    .filter(|tick| fit.step(*tick, ticks_per_beat).is_multiple_of(4))
                    .count()
            };
            let other = near - near.signum();
            if near.abs() > 0.25 && on_beats(other) > on_beats(near) {
                fit.shift_steps = other;
            }
        }
        fit
    }

    /// Whether there are enough onsets to tell, and most lie on sixteenths (shifted ones or not).
    pub fn follows_sixteenths(&self) -> bool {
        self.onsets < MIN_ONSETS || self.length >= MIN_LENGTH
    }

    /// Whether all onsets lie beside the grid by the same, which reading then takes away.
    pub fn is_shifted(&self) -> bool {
        self.onsets >= MIN_ONSETS
            && self.length >= MIN_SHIFTED_LENGTH
            && self.shift_steps.abs() >= MIN_SHIFT_STEPS
    }

    /// The step nearest to a tick, less the shift.
    pub(super) fn step(&self, tick: u64, ticks_per_beat: u16) -> u64 {
        if !self.is_shifted() {
            return nearest_step(tick, ticks_per_beat);
        }
        // At most 2^13 ticks.
        let shift = (self.shift_steps * f64::from(ticks_per_beat) / 4.0).round() as i64;
        nearest_step(tick.saturating_add_signed(-shift), ticks_per_beat)
    }
}
