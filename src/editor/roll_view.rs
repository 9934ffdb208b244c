//! The piano roll: past, now-line, and what is decided ahead.
//!
//! The three are told apart by shape as well as by colour: played notes are filled and dim,
//! sounding ones filled and bright, decided ones hollow.

use egui::{
    Align2, Color32, CornerRadius, FontId, Painter, Pos2, Rect, Response, Role, Sense, Stroke,
    StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::view::{Column, Line, Roll};
use super::{text, theme};
use crate::jam::status;
use crate::music::Chord;

/// Steps shown before the now-line: as many as fit, within these bounds. More than the last
/// number are not remembered.
const PAST_STEPS: std::ops::RangeInclusive<usize> = 16..=status::PAST - 1;
/// Least number of steps shown after the now-line, decided or not.
const AHEAD_STEPS_MIN: f32 = 4.0;
const STEP_WIDTH: f32 = 13.0;
const KEYBOARD_WIDTH: f32 = 42.0;

/// Draws `roll` over all the room that `ui` has, with room ahead for what a look-ahead of
/// `lookahead_steps` decides: a fixed number of steps, so that the now-line stays put.
pub fn show(ui: &mut Ui, roll: &Roll, lookahead_steps: f64) -> Response {
    let (rect, response) =
        ui.allocate_exact_size(ui.available_size().max(vec2(160.0, 80.0)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, text::roll(roll)));
    if !ui.is_rect_visible(rect) || roll.keys.count == 0 {
        return response;
    }
    let painter = ui.painter_at(rect);
    let keyboard = rect.with_max_x(rect.left() + KEYBOARD_WIDTH);
    let field = rect.with_min_x(keyboard.right());
    // The sounding step reaches past the now-line too; a few steps: f32 is plenty.
    let ahead = (lookahead_steps.ceil() as f32 + 2.0).max(AHEAD_STEPS_MIN);
    let scale = Scale::new(field, roll, ahead);
    rows(&painter, &scale);
    let inner = painter.with_clip_rect(field);
    lines(&inner, &scale, roll);
    notes(&inner, &scale, roll);
    now_line(&inner, &scale);
    keys(&painter, keyboard, &scale, roll.now.map_or(Chord::SILENT, |now| now.chord));
    response
}

/// Where steps and keys lie on the screen.
struct Scale {
    field: Rect,
    low: u8,
    count: u8,
    row: f32,
    step: f32,
    now_x: f32,
    phase: f32,
}

impl Scale {
    fn new(field: Rect, roll: &Roll, ahead: f32) -> Scale {
        let fitting = (field.width() / STEP_WIDTH - ahead).max(0.0) as usize;
        let past = fitting.clamp(*PAST_STEPS.start(), *PAST_STEPS.end()) as f32;
        let step = field.width() / (past + ahead);
        Scale {
            field,
            low: roll.keys.low,
            count: roll.keys.count,
            row: field.height() / f32::from(roll.keys.count),
            step,
            now_x: field.right() - ahead * step,
            phase: roll.phase.clamp(0.0, 1.0),
        }
    }

    /// Left edge of the step `index` steps after the sounding one.
    fn x(&self, index: i32) -> f32 {
        self.now_x + (index as f32 - self.phase) * self.step
    }

    /// The row of `key`; keys outside the model's range have none.
    fn row(&self, key: u8) -> Option<Rect> {
        let above_low = key.checked_sub(self.low).filter(|&n| n < self.count)?;
        let bottom = self.field.bottom() - f32::from(above_low) * self.row;
        Some(Rect::from_min_max(
            pos2(self.field.left(), bottom - self.row),
            pos2(self.field.right(), bottom),
        ))
    }

    fn keys(&self) -> impl Iterator<Item = u8> + use<> {
        self.low..self.low.saturating_add(self.count)
    }
}

fn is_black(key: u8) -> bool {
    matches!(key % 12, 1 | 3 | 6 | 8 | 10)
}

fn rows(painter: &Painter, scale: &Scale) {
    painter.rect_filled(scale.field, 0.0, theme::ROW);
    for row in scale.keys().filter(|&key| is_black(key)).filter_map(|key| scale.row(key)) {
        painter.rect_filled(row, 0.0, theme::ROW_DARK);
    }
    for row in scale.keys().filter(|key| key % 12 == 0).filter_map(|key| scale.row(key)) {
        painter.hline(scale.field.x_range(), row.bottom(), Stroke::new(1.0, theme::BEAT));
    }
    // The room ahead of the now-line is lit a little: the future is a place.
    let ahead = scale.field.with_min_x(scale.now_x);
    painter.rect_filled(ahead, 0.0, theme::AHEAD.gamma_multiply(0.05));
}

/// All columns with their place relative to the sounding step.
fn columns(roll: &Roll) -> impl Iterator<Item = (i32, Kind, &Column)> {
    let past = roll.past.iter().rev().zip(1..).map(|(column, n)| (-n, Kind::Past, column));
    let now = roll.now.iter().map(|column| (0, Kind::Now, column));
    // Parked, the first decided step begins at the now-line.
    let first = i32::from(roll.now.is_some());
    let ahead = roll.ahead.iter().zip(first..).map(|(column, n)| (n, Kind::Ahead, column));
    past.chain(now).chain(ahead)
}

fn lines(painter: &Painter, scale: &Scale, roll: &Roll) {
    for (index, _, column) in columns(roll) {
        let stroke = match column.line {
            Line::Step => continue,
            Line::Beat => Stroke::new(1.0, theme::BEAT),
            Line::Bar => Stroke::new(1.5, theme::BAR),
        };
        painter.vline(scale.x(index), scale.field.y_range(), stroke);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Past,
    Now,
    Ahead,
}

fn notes(painter: &Painter, scale: &Scale, roll: &Roll) {
    for (index, kind, column) in columns(roll) {
        let (left, right) = (scale.x(index), scale.x(index + 1));
        if right < scale.field.left() {
            // Columns of the past come newest first, but those ahead are still to come.
            continue;
        }
        for key in column.chord.keys() {
            let Some(row) = scale.row(key) else { continue };
            let struck = column.chord.strikes(key);
            // A struck note stands apart from the one before it; a held one joins it.
            let left = if struck { left + 1.5 } else { left };
            let cell = Rect::from_x_y_ranges(left..=right, row.y_range().shrink(0.4));
            note(painter, cell, kind, struck, column.missed);
        }
    }
}

fn note(painter: &Painter, cell: Rect, kind: Kind, struck: bool, missed: bool) {
    let round = CornerRadius::same(1);
    match kind {
        _ if missed => {
            painter.rect_stroke(cell, round, Stroke::new(1.0, theme::WARN), StrokeKind::Inside);
        }
        Kind::Past => {
            painter.rect_filled(cell, round, theme::PAST);
        }
        Kind::Now => {
            painter.rect_filled(cell, round, theme::NOW);
        }
        Kind::Ahead => {
            painter.rect_filled(cell, round, theme::AHEAD.gamma_multiply(0.15));
            painter.rect_stroke(cell, round, Stroke::new(1.0, theme::AHEAD), StrokeKind::Inside);
        }
    }
    if struck && kind != Kind::Ahead && !missed {
        let head = cell.with_max_x(cell.left() + 2.0);
        painter.rect_filled(head, round, Color32::from_white_alpha(110));
    }
}

fn now_line(painter: &Painter, scale: &Scale) {
    let x = scale.now_x;
    painter.vline(x, scale.field.y_range(), Stroke::new(2.0, theme::NOW_LINE));
    let top = scale.field.top();
    let head: Vec<Pos2> = vec![pos2(x - 6.0, top), pos2(x + 6.0, top), pos2(x, top + 8.0)];
    painter.add(egui::Shape::convex_polygon(head, theme::NOW_LINE, Stroke::NONE));
}

fn keys(painter: &Painter, keyboard: Rect, scale: &Scale, sounding: Chord) {
    painter.rect_filled(keyboard, 0.0, theme::KEY_WHITE);
    for key in scale.keys() {
        let Some(row) = scale.row(key) else { continue };
        let (right, colour) = match (sounding.plays(key), is_black(key)) {
            (true, black) => (if black { 0.62 } else { 1.0 }, theme::NOW),
            (false, true) => (0.62, theme::KEY_BLACK),
            (false, false) => (1.0, theme::KEY_WHITE),
        };
        let rect = Rect::from_min_size(
            pos2(keyboard.left(), row.top()),
            Vec2::new(keyboard.width() * right, row.height()),
        );
        painter.rect_filled(rect, 0.0, colour);
        // White keys meet below C and F; the other edges lie under the black keys.
        if matches!(key % 12, 0 | 5) {
            painter.hline(keyboard.x_range(), row.bottom(), Stroke::new(1.0, theme::KEY_BLACK));
        }
    }
    // Names last, over the keys above them: on small windows they are higher than a row.
    for key in scale.keys().filter(|key| key % 12 == 0) {
        let Some(row) = scale.row(key) else { continue };
        painter.text(
            pos2(keyboard.right() - 2.0, row.bottom() + 1.0),
            Align2::RIGHT_BOTTOM,
            format!("C{}", i32::from(key) / 12 - 1),
            FontId::proportional(10.0),
            theme::BACKGROUND,
        );
    }
    painter.vline(keyboard.right(), keyboard.y_range(), Stroke::new(1.0, theme::BACKGROUND));
}

/// Says what the three kinds of notes look like.
pub fn legend(ui: &mut Ui) {
    ui.horizontal(|ui| {
        for (kind, words) in [Kind::Past, Kind::Now, Kind::Ahead].into_iter().zip(text::LEGEND) {
            let (rect, _) = ui.allocate_exact_size(vec2(18.0, 8.0), Sense::hover());
            note(ui.painter(), rect, kind, true, false);
            ui.label(egui::RichText::new(words).small().color(theme::TEXT_DIM));
        }
    });
}
