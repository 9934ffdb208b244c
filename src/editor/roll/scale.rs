//! Where steps and keys lie on the screen.

use std::ops::Range;

use egui::{Rect, pos2};

use crate::editor::view::Roll;
use crate::music::KeyRange;

/// Least number of steps shown after the now-line, decided or not.
const AHEAD_STEPS_MIN: f32 = 4.0;

/// Height of the lane above the rows that tells of bars and chords.
pub const LANE_HEIGHT: f32 = 34.0;

/// A lookout on the roll.
pub struct Scale {
    /// Where the rows are.
    pub field: Rect,
    /// Above the rows: what there is to tell of bars.
    pub lane: Rect,
    /// The now-line: its place, or right of it where the roll is moved back.
    pub now_x: f32,
    /// Where the now-line is while the roll follows playback.
    place_x: f32,
    low: u8,
    count: u8,
    row: f32,
    step: f32,
    /// Steps and a part of one by which the roll is shifted to the left.
    shift: f64,
}

impl Scale {
    /// For steps of `step_width` points and rows for `keys`.
    pub fn new(area: Rect, keys: KeyRange, steps_ahead: f64, step_width: f32) -> Scale {
        // The sounding step reaches past the now-line too; a few steps: f32 is plenty.
        let ahead = (steps_ahead.ceil() as f32 + 2.0).max(AHEAD_STEPS_MIN);
        let lane = area.with_max_y(area.top() + LANE_HEIGHT);
        let field = area.with_min_y(lane.bottom());
        // However wide steps are, most of the room belongs to what was played.
        let ahead = (ahead * step_width).min(field.width() * 0.4);
        Scale {
            field,
            lane,
            now_x: field.right() - ahead,
            place_x: field.right() - ahead,
            low: keys.low,
            count: keys.count,
            row: field.height() / f32::from(keys.count),
            step: step_width,
            shift: 0.0,
        }
    }

    /// The same at the moment of `roll`, with the newest `back` steps of the past right of the
    /// now-line's place.
    pub fn shifted(self, roll: &Roll, back: f64) -> Scale {
        Scale {
            now_x: self.place_x + back as f32 * self.step,
            shift: f64::from(roll.phase.clamp(0.0, 1.0)) - back,
            ..self
        }
    }

    /// Width of a step.
    pub fn step(&self) -> f32 {
        self.step
    }

    /// Left edge of the step `index` steps after the sounding one.
    pub fn x(&self, index: i64) -> f32 {
        // Some thousand steps at most: f32 is plenty.
        self.place_x + (index as f64 - self.shift) as f32 * self.step
    }

    /// The step at `x`, if that lies in the field.
    pub fn index(&self, x: f32) -> Option<i64> {
        let steps = f64::from((x - self.place_x) / self.step) + self.shift;
        self.field.x_range().contains(x).then_some(steps.floor() as i64)
    }

    /// The steps that are seen at least in part.
    pub fn seen(&self) -> Range<i64> {
        let steps = |x: f32| f64::from((x - self.place_x) / self.step) + self.shift;
        steps(self.field.left()).floor() as i64..steps(self.field.right()).ceil() as i64
    }

    /// The row of `key`; keys outside the model's range have none.
    pub fn row(&self, key: u8) -> Option<Rect> {
        let above_low = key.checked_sub(self.low).filter(|&n| n < self.count)?;
        let bottom = self.field.bottom() - f32::from(above_low) * self.row;
        Some(Rect::from_min_max(
            pos2(self.field.left(), bottom - self.row),
            pos2(self.field.right(), bottom),
        ))
    }

    /// The keys that have rows.
    pub fn keys(&self) -> impl Iterator<Item = u8> + use<> {
        self.low..self.low.saturating_add(self.count)
    }
}

/// Whether a key is a black one.
pub fn is_black(key: u8) -> bool {
    matches!(key % 12, 1 | 3 | 6 | 8 | 10)
}
