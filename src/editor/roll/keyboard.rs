//! The keyboard at the side.

use egui::{Align2, FontId, Painter, Rect, Stroke, Vec2, pos2};

use super::scale::{Scale, is_black};
use crate::editor::theme::Palette;
use crate::editor::view::Roll;
use crate::music::Chord;

/// Draws the keys: lit where a note sounds, and where the musician holds one.
pub fn show(painter: &Painter, area: Rect, scale: &Scale, roll: &Roll, palette: &Palette) {
    let keyboard = area.with_min_y(scale.field.top());
    let sounding = roll.now.map_or(Chord::SILENT, |now| now.chord);
    painter.rect_filled(keyboard, 0.0, palette.key_white);
    for key in scale.keys() {
        let Some(row) = scale.row(key) else { continue };
        let held = roll.held >> key & 1 != 0;
        let (right, colour) = match (held, sounding.plays(key), is_black(key)) {
            (true, _, black) => (if black { 0.62 } else { 1.0 }, palette.heard),
            (false, true, black) => (if black { 0.62 } else { 1.0 }, palette.now),
            (false, false, true) => (0.62, palette.key_black),
            (false, false, false) => (1.0, palette.key_white),
        };
        let rect = Rect::from_min_size(
            pos2(keyboard.left(), row.top()),
            Vec2::new(keyboard.width() * right, row.height()),
        );
        painter.rect_filled(rect, 0.0, colour);
        // White keys meet below C and F; the other edges lie under the black keys.
        if matches!(key % 12, 0 | 5) {
            painter.hline(keyboard.x_range(), row.bottom(), Stroke::new(1.0, palette.key_black));
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
            palette.key_black,
        );
    }
    painter.vline(keyboard.right(), keyboard.y_range(), Stroke::new(1.0, palette.background));
}
