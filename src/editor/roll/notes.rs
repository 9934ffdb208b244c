//! The notes of the roll.

use egui::{Painter, Rect};

use super::columns;
use super::marks::{self, Kind};
use super::scale::Scale;
use crate::editor::theme::Palette;
use crate::editor::view::{Column, Roll};

/// Draws what was played, sounds and is decided, and what the musician played over it.
pub fn show(painter: &Painter, scale: &Scale, roll: &Roll, palette: &Palette) {
    for (index, kind, column) in columns(roll, scale) {
        generated(painter, scale, index, kind, column, palette);
    }
    for (index, _, column) in columns(roll, scale) {
        heard(painter, scale, index, column, palette);
    }
}

fn generated(
    painter: &Painter,
    scale: &Scale,
    index: i64,
    kind: Kind,
    column: &Column,
    palette: &Palette,
) {
    let kind = match kind {
        _ if column.missed => Kind::Missed,
        _ if column.tentative => Kind::Tentative,
        kind => kind,
    };
    for key in column.chord.keys() {
        let struck = column.chord.strikes(key);
        if let Some(cell) = cell(scale, index, key, struck) {
            marks::note(painter, cell, kind, struck, palette);
        }
    }
}

fn heard(painter: &Painter, scale: &Scale, index: i64, column: &Column, palette: &Palette) {
    for key in column.heard.keys() {
        let struck = column.heard.strikes(key);
        if let Some(cell) = cell(scale, index, key, struck) {
            marks::note(painter, cell, Kind::Heard, struck, palette);
        }
    }
}

/// Where a note of a step lies. A struck note stands apart from the one before it; a held one
/// joins it.
fn cell(scale: &Scale, index: i64, key: u8, struck: bool) -> Option<Rect> {
    let row = scale.row(key)?;
    let (left, right) = (scale.x(index), scale.x(index + 1));
    let gap = if struck { ((right - left) * 0.12).min(1.5) } else { 0.0 };
    Some(Rect::from_x_y_ranges(left + gap..=right, row.y_range().shrink(0.4)))
}
