//! What the parts of the roll look like.

use egui::{
    Align2, Color32, CornerRadius, FontId, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2,
    vec2,
};

use super::columns;
use super::scale::{Scale, is_black};
use crate::editor::text;
use crate::editor::theme::Palette;
use crate::editor::view::{Line, Roll};

/// What there is to be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A generated note that was played.
    Past,
    /// One that sounds.
    Now,
    /// One that is decided and comes next.
    Ahead,
    /// One that comes next and will be decided once more in its step.
    Tentative,
    /// A note of the musician's.
    Heard,
    /// A bar that is locked.
    Locked,
    /// A note that came too late to sound.
    Missed,
}

impl Kind {
    /// Those that a legend explains, in that order.
    pub const ALL: [Kind; 5] = [Kind::Past, Kind::Now, Kind::Ahead, Kind::Heard, Kind::Locked];
}

/// A sample of `kind`, for the legend.
pub fn mark(painter: &Painter, rect: Rect, kind: Kind, palette: &Palette) {
    match kind {
        Kind::Locked => lock(painter, rect, palette),
        _ => note(painter, rect.shrink2(vec2(0.0, 2.0)), kind, true, palette),
    }
}

/// A note in its cell.
pub fn note(painter: &Painter, cell: Rect, kind: Kind, struck: bool, palette: &Palette) {
    let round = CornerRadius::same(1);
    let hollow = |colour: Color32| {
        painter.rect_filled(cell, round, colour.gamma_multiply(0.15));
        painter.rect_stroke(cell, round, Stroke::new(1.0, colour), StrokeKind::Inside);
    };
    match kind {
        Kind::Missed => {
            painter.rect_stroke(cell, round, Stroke::new(1.0, palette.warn), StrokeKind::Inside);
        }
        Kind::Past => {
            painter.rect_filled(cell, round, palette.past);
        }
        Kind::Now => {
            painter.rect_filled(cell.expand2(vec2(0.0, 0.8)), round, palette.now);
        }
        Kind::Heard => {
            // Slim and round, so that a generated note of the same key is seen behind it.
            let slim = cell.shrink2(vec2(0.0, cell.height() * 0.22));
            painter.rect_filled(slim, slim.height() / 2.0, palette.heard);
        }
        Kind::Ahead | Kind::Locked => hollow(palette.ahead),
        Kind::Tentative => hollow(palette.ahead.gamma_multiply(0.45)),
    }
    if struck && matches!(kind, Kind::Past | Kind::Now) {
        let head = cell.with_max_x(cell.left() + (cell.width() * 0.4).min(2.0));
        painter.rect_filled(head, round, Color32::from_white_alpha(110));
    }
}

/// The band and bracket of a locked bar.
fn lock(painter: &Painter, rect: Rect, palette: &Palette) {
    let band = rect.shrink2(vec2(0.0, 2.0));
    painter.rect_filled(band, 2.0, palette.locked.gamma_multiply(0.25));
    let stroke = Stroke::new(1.5, palette.locked);
    painter.hline(band.x_range(), band.top(), stroke);
    painter.vline(band.left(), band.y_range(), stroke);
    painter.vline(band.right(), band.y_range(), stroke);
}

/// Rows of the keys, and the room ahead.
pub fn rows(painter: &Painter, scale: &Scale, palette: &Palette) {
    painter.rect_filled(scale.field, 0.0, palette.row);
    for row in scale.keys().filter(|&key| is_black(key)).filter_map(|key| scale.row(key)) {
        painter.rect_filled(row, 0.0, palette.row_dark);
    }
    for row in scale.keys().filter(|key| key % 12 == 0).filter_map(|key| scale.row(key)) {
        painter.hline(scale.field.x_range(), row.bottom(), Stroke::new(1.0, palette.beat));
    }
    // The room ahead of the now-line is lit a little: the future is a place.
    let ahead = scale.field.with_min_x(scale.now_x.min(scale.field.right()));
    painter.rect_filled(ahead, 0.0, palette.ahead.gamma_multiply(0.05));
}

/// Bar and beat lines, numbers of bars, locked bars and the loop.
pub fn bars(painter: &Painter, scale: &Scale, roll: &Roll, palette: &Palette) {
    spans(
        scale,
        roll,
        |column| column.looped,
        |x| {
            let lane = Rect::from_x_y_ranges(x, scale.band.bottom() - 3.0..=scale.band.bottom());
            painter.rect_filled(lane, 0.0, palette.ahead.gamma_multiply(0.8));
        },
    );
    spans(
        scale,
        roll,
        |column| column.locked,
        |x| {
            hatch(painter, Rect::from_x_y_ranges(x.clone(), scale.field.y_range()), palette);
            let band = Rect::from_x_y_ranges(x, scale.band.y_range());
            lock(painter, band.shrink2(vec2(0.5, 0.0)), palette);
        },
    );
    for (index, _, column) in columns(roll, scale) {
        let (x, stroke) = match column.line {
            Line::Step => continue,
            Line::Beat => (scale.x(index), Stroke::new(1.0, palette.beat)),
            Line::Bar => (scale.x(index), Stroke::new(1.5, palette.bar)),
        };
        painter.vline(x, scale.field.y_range(), stroke);
        if column.line == Line::Bar {
            let (at, font) = (pos2(x + 2.0, scale.band.center().y), FontId::proportional(10.0));
            painter.text(at, Align2::LEFT_CENTER, column.bar, font, palette.text_dim);
        }
    }
}

/// Stretches of columns of a kind, one after the other.
fn spans(
    scale: &Scale,
    roll: &Roll,
    is: impl Fn(&crate::editor::view::Column) -> bool,
    mut draw: impl FnMut(std::ops::RangeInclusive<f32>),
) {
    let mut begun: Option<(i64, i64)> = None;
    let mut finish = |span: Option<(i64, i64)>| {
        if let Some((first, last)) = span {
            draw(scale.x(first)..=scale.x(last + 1));
        }
    };
    for (index, _, column) in columns(roll, scale) {
        match (is(column), begun) {
            (true, Some((first, last))) if last + 1 == index => begun = Some((first, index)),
            (true, _) => finish(begun.replace((index, index))),
            (false, _) => finish(begun.take()),
        }
    }
    finish(begun);
}

/// Slanting lines over a locked stretch.
fn hatch(painter: &Painter, rect: Rect, palette: &Palette) {
    const GAP: f32 = 9.0;
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let stroke = Stroke::new(1.0, palette.locked.gamma_multiply(0.16));
    let height = rect.height();
    // On a grid of the roll's own would be finer; on the stretch's it moves with the notes.
    let lines = ((rect.width() + height) / GAP).ceil().min(2000.0) as usize;
    for line in 0..lines {
        let x = rect.left() - height + line as f32 * GAP;
        painter.line_segment([pos2(x, rect.bottom()), pos2(x + height, rect.top())], stroke);
    }
}

/// The bars that are chosen.
pub fn chosen(
    painter: &Painter,
    scale: &Scale,
    roll: &Roll,
    (first, last): (i64, i64),
    palette: &Palette,
) {
    spans(
        scale,
        roll,
        |column| (first..=last).contains(&column.bar),
        |x| {
            let rect =
                Rect::from_x_y_ranges(x, scale.band.top()..=scale.field.bottom()).shrink(0.5);
            painter.rect_filled(rect, 2.0, palette.now_line.gamma_multiply(0.08));
            let stroke = Stroke::new(1.5, palette.now_line.gamma_multiply(0.8));
            painter.rect_stroke(rect, 2.0, stroke, StrokeKind::Inside);
        },
    );
}

/// Now.
pub fn now_line(painter: &Painter, scale: &Scale, palette: &Palette) {
    let (x, top) = (scale.now_x, scale.field.top());
    painter.vline(x, scale.field.y_range(), Stroke::new(2.0, palette.now_line));
    let head: Vec<Pos2> = vec![pos2(x - 6.0, top), pos2(x + 6.0, top), pos2(x, top + 8.0)];
    painter.add(Shape::convex_polygon(head, palette.now_line, Stroke::NONE));
    let font = FontId::proportional(10.0);
    let at = pos2(x + 8.0, top + 2.0);
    painter.text(at, Align2::LEFT_TOP, text::NOW, font, palette.text_dim);
}
