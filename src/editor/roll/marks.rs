//! What the parts of the roll look like.

use egui::emath::GuiRounding;
use egui::{
    Align2, Color32, CornerRadius, FontId, Mesh, Painter, Pos2, Rect, Shape, Stroke, StrokeKind,
    pos2, vec2,
};

use super::columns;
use super::scale::{Scale, is_black};
use crate::editor::text;
use crate::editor::theme::Palette;
use crate::editor::view::{Line, Roll};
use crate::jam::touch::Voice;
use crate::music::Tonality;

/// What there is to be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A generated note, of a voice.
    Own(Voice),
    /// One that comes next and will be decided once more in its step.
    Tentative,
    /// One that would come if the musician rested.
    Preview,
    /// A note of the musician's.
    Heard,
    /// A note that came too late to sound.
    Missed,
}

impl Kind {
    /// Those that a legend explains, in that order.
    pub const ALL: [Kind; 4] =
        [Kind::Heard, Kind::Own(Voice::Top), Kind::Own(Voice::Middle), Kind::Own(Voice::Bass)];
}

/// How a note looks, beside its kind.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// How loud it began, 1 to 127: soft notes are pale.
    pub velocity: u8,
    /// What lies right of it has not sounded yet and is hollow.
    pub now_x: f32,
}

/// A sample of `kind`, for the legend.
pub fn mark(painter: &Painter, rect: Rect, kind: Kind, palette: &Palette) {
    note(painter, rect, kind, Look { velocity: 127, now_x: f32::INFINITY }, palette);
}

/// A note in its cell.
pub fn note(painter: &Painter, cell: Rect, kind: Kind, look: Look, palette: &Palette) {
    let round = CornerRadius::same(2);
    match kind {
        Kind::Missed => {
            painter.rect_stroke(cell, round, Stroke::new(1.0, palette.warn), StrokeKind::Inside);
        }
        Kind::Tentative => {
            let stroke = Stroke::new(1.0, palette.middle.gamma_multiply(0.7));
            let inside = cell.shrink(0.5);
            let corners = [
                inside.left_top(),
                inside.right_top(),
                inside.right_bottom(),
                inside.left_bottom(),
                inside.left_top(),
            ];
            painter.extend(Shape::dashed_line(&corners, stroke, 3.0, 2.0));
        }
        Kind::Preview => {
            painter.rect_filled(cell, round, palette.middle.gamma_multiply(0.16));
            let stroke = Stroke::new(1.0, palette.middle.gamma_multiply(0.3));
            painter.rect_stroke(cell, round, stroke, StrokeKind::Inside);
        }
        Kind::Own(voice) => {
            let colour = shade(own(voice, palette), look.velocity, palette);
            let [sounded, coming] = [
                cell.with_max_x(cell.right().min(look.now_x)),
                cell.with_min_x(cell.left().max(look.now_x)),
            ];
            if coming.is_positive() {
                painter.rect_filled(coming, round, colour.gamma_multiply(0.2));
                let stroke = Stroke::new(1.5, colour);
                painter.rect_stroke(coming, round, stroke, StrokeKind::Inside);
            }
            if sounded.is_positive() {
                painter.rect_filled(sounded, round, colour);
            }
        }
        Kind::Heard => {
            // Slim and round, so that a generated note of the same key is seen behind it.
            let slim = cell.shrink2(vec2(0.0, cell.height() * 0.18));
            let colour = shade(palette.heard, look.velocity, palette);
            painter.rect_filled(slim, slim.height() / 2.0, colour);
        }
    }
}

/// The colour of a voice.
fn own(voice: Voice, palette: &Palette) -> Color32 {
    match voice {
        Voice::Bass => palette.bass,
        Voice::Middle => palette.middle,
        Voice::Top => palette.top,
    }
}

/// A colour as pale as a note is soft.
fn shade(colour: Color32, velocity: u8, palette: &Palette) -> Color32 {
    /// What is left of the colour of a note that can hardly be heard.
    const PALEST: f32 = 0.45;
    let loud = f32::from(velocity.min(127)) / 127.0;
    palette.row.lerp_to_gamma(colour, PALEST + (1.0 - PALEST) * loud)
}

/// How much a row is lit that belongs to the key, and that of its tonic.
pub const KEY_LIGHT: f32 = 0.05;
/// See [`KEY_LIGHT`].
pub const TONIC_LIGHT: f32 = 0.13;

/// Rows of the keys, the notes of a key, and the room ahead.
pub fn rows(painter: &Painter, scale: &Scale, tonality: Option<Tonality>, palette: &Palette) {
    // Each row once: where the processor draws, what is drawn over is time.
    let mut ground = Ground::new(painter);
    for key in scale.keys() {
        let plain = if is_black(key) { palette.row_dark } else { palette.row };
        // The notes of the key are lit a little, its tonic more.
        let light = match tonality {
            Some(tonality) if key % 12 == tonality.tonic => TONIC_LIGHT,
            Some(tonality) if tonality.mask() >> key & 1 == 1 => KEY_LIGHT,
            _ => 0.0,
        };
        if let Some(row) = scale.row(key) {
            ground.add(row, plain.lerp_to_gamma(palette.accent, light));
        }
    }
    for row in scale.keys().filter(|key| key % 12 == 0).filter_map(|key| scale.row(key)) {
        ground.add(row.with_min_y(row.bottom() - 1.0), palette.beat);
    }
    // The room ahead of the now-line is lit a little: the future is a place.
    let ahead = scale.field.with_min_x(scale.now_x.min(scale.field.right()));
    ground.add(ahead, palette.now_line.gamma_multiply(0.03));
    ground.draw();
}

/// Rectangles in whole pixels, without smooth edges: where the processor draws, a smooth edge along a
/// whole row costs more than the row.
struct Ground<'a> {
    painter: &'a Painter,
    mesh: Mesh,
}

impl Ground<'_> {
    fn new(painter: &Painter) -> Ground<'_> {
        Ground { painter, mesh: Mesh::default() }
    }

    fn add(&mut self, rect: Rect, colour: Color32) {
        let pixels = rect.round_to_pixels(self.painter.pixels_per_point());
        self.mesh.add_colored_rect(pixels.intersect(self.painter.clip_rect()), colour);
    }

    fn draw(self) {
        self.painter.add(self.mesh);
    }
}

/// Bar and beat lines, locked bars and the loop.
pub fn bars(painter: &Painter, scale: &Scale, roll: &Roll, palette: &Palette) {
    spans(
        scale,
        roll,
        |column| column.looped,
        |x| {
            let foot = Rect::from_x_y_ranges(x, scale.lane.bottom() - 3.0..=scale.lane.bottom());
            painter.rect_filled(foot, 0.0, palette.accent.gamma_multiply(0.8));
        },
    );
    spans(
        scale,
        roll,
        |column| column.locked,
        |x| {
            let rect = Rect::from_x_y_ranges(x, scale.field.y_range());
            painter.rect_filled(rect, 0.0, palette.locked.gamma_multiply(0.06));
            painter.rect_stroke(rect, 2.0, Stroke::new(1.5, palette.locked), StrokeKind::Inside);
            let at = rect.left_top() + vec2(6.0, 4.0);
            let font = FontId::proportional(11.5);
            painter.text(at, Align2::LEFT_TOP, text::LOCKED, font, palette.locked);
        },
    );
    let mut lines = Ground::new(painter);
    for (index, column) in columns(roll, scale) {
        let (width, colour) = match column.line {
            Line::Step => continue,
            Line::Beat => (1.0, palette.beat),
            Line::Bar => (2.0, palette.bar),
        };
        let x = scale.x(index);
        lines.add(scale.field.with_min_x(x).with_max_x(x + width), colour);
    }
    lines.draw();
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
    for (index, column) in columns(roll, scale) {
        match (is(column), begun) {
            (true, Some((first, last))) if last + 1 == index => begun = Some((first, index)),
            (true, _) => finish(begun.replace((index, index))),
            (false, _) => finish(begun.take()),
        }
    }
    finish(begun);
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
                Rect::from_x_y_ranges(x, scale.lane.top()..=scale.field.bottom()).shrink(0.5);
            painter.rect_filled(rect, 2.0, palette.now_line.gamma_multiply(0.08));
            let stroke = Stroke::new(1.5, palette.now_line.gamma_multiply(0.8));
            painter.rect_stroke(rect, 2.0, stroke, StrokeKind::Inside);
        },
    );
}

/// Says what the faint notes are.
pub fn preview(painter: &Painter, scale: &Scale, roll: &Roll, palette: &Palette) {
    let first = i64::from(roll.now.is_some()) + roll.ahead.len() as i64;
    let end = scale.x(first + roll.preview.len() as i64).min(scale.field.right());
    let font = FontId::proportional(11.5);
    let words = painter.layout_no_wrap(text::PREVIEW_IN_ROLL.to_owned(), font, palette.text_dim);
    let at = pos2(end - words.size().x - 6.0, scale.field.top() + 4.0);
    if !roll.preview.is_empty() && at.x > scale.x(first) {
        painter.galley(at, words, palette.text_dim);
    }
}

/// Now.
pub fn now_line(painter: &Painter, scale: &Scale, palette: &Palette) {
    let (x, top) = (scale.now_x, scale.field.top());
    painter.vline(x, scale.field.y_range(), Stroke::new(2.0, palette.now_line));
    let head: Vec<Pos2> = vec![pos2(x - 6.0, top), pos2(x + 6.0, top), pos2(x, top + 8.0)];
    painter.add(Shape::convex_polygon(head, palette.now_line, Stroke::NONE));
}
