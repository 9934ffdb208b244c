//! The piano roll, the heart of the window: past, now-line, and what is decided ahead; the
//! musician's notes, locked bars and the host's loop.
//!
//! Each kind has a shape of its own beside its colour: notes that sounded are filled, decided ones
//! hollow, tentative ones dashed, the musician's slim and round; the voices differ in lightness, and
//! bars that are locked are framed. Soft notes are pale. Above lies the lane of chords.

mod keyboard;
mod lane;
mod marks;
mod notes;
mod scale;

pub use marks::{KEY_LIGHT, Kind, TONIC_LIGHT, mark};

use egui::{PointerButton, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};

use self::scale::Scale;
use super::view::{Column, Roll};
use super::{text, theme};
use crate::music::{KeyRange, Tonality};

/// Width of the legend, in points.
const LEGEND_WIDTH: f32 = 232.0;

/// Width of the keyboard at the side, in points.
const KEYBOARD_WIDTH: f32 = 42.0;

/// What of the roll is seen, and which bars are chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Lens {
    /// Width of a step in points, within [`Lens::WIDTHS`].
    pub step_width: f32,
    /// The number of the step before the now-line's place, if the roll does not follow playback.
    pub anchor: Option<f64>,
    /// First and last of the bars that are chosen.
    pub bars: Option<(i64, i64)>,
    /// Whether all keys of the model are seen, or as many octaves as there are notes in.
    pub all_keys: bool,
    /// The bar in which a drag began that chooses bars.
    from: Option<i64>,
}

impl Default for Lens {
    fn default() -> Self {
        Lens { step_width: 11.0, anchor: None, bars: None, all_keys: false, from: None }
    }
}

impl Lens {
    /// Widths that a step may have, in points: from a bar or two to dozens in a window.
    pub const WIDTHS: std::ops::RangeInclusive<f32> = 3.0..=40.0;

    /// Makes steps wider or narrower by a factor.
    pub fn zoom(&mut self, factor: f32) {
        let width = self.step_width * factor;
        self.step_width = width.clamp(*Self::WIDTHS.start(), *Self::WIDTHS.end());
    }

    /// Goes back by so many steps, or forwards; at the newest step it follows playback again.
    fn scroll(&mut self, steps: f64, roll: &Roll) {
        let newest = roll.played as f64;
        let at = self.anchor.unwrap_or(newest) - steps;
        let oldest = newest - roll.past.len() as f64;
        self.anchor = (at < newest).then_some(at.max(oldest));
    }

    /// How many steps of the past lie right of the now-line's place.
    fn back(&self, roll: &Roll) -> f64 {
        let back = self.anchor.map_or(0.0, |anchor| roll.played as f64 - anchor);
        back.clamp(0.0, roll.past.len() as f64)
    }
}

/// Draws `roll` over all the room that `ui` has, with room for `steps_ahead` after the now-line: a
/// fixed number, so that the now-line stays put. Dragging chooses bars, the wheel goes back, with Ctrl
/// it zooms.
///
/// The notes of `key` are lit a little.
pub fn show(
    ui: &mut Ui,
    roll: &Roll,
    key: Option<Tonality>,
    steps_ahead: f64,
    lens: &mut Lens,
) -> Response {
    let size = ui.available_size().max(vec2(160.0, 80.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, text::roll(roll)));
    if roll.keys.count == 0 {
        return response;
    }
    let keyboard = rect.with_max_x(rect.left() + KEYBOARD_WIDTH);
    let field = rect.with_min_x(keyboard.right());
    look(ui, field, &response, roll, lens);
    let keys = if lens.all_keys { roll.keys } else { octaves(roll) };
    let scale = Scale::new(field, keys, steps_ahead, lens.step_width);
    let scale = scale.shifted(roll, lens.back(roll));
    choose(&response, roll, &scale, lens);
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let (painter, palette) = (ui.painter_at(rect), theme::palette(ui));
    let inner = painter.with_clip_rect(field);
    marks::rows(&painter, &scale, key, palette);
    lane::show(&inner, &scale, roll, palette);
    marks::bars(&inner, &scale, roll, palette);
    notes::show(&inner, &scale, roll, palette);
    if let Some(bars) = lens.bars {
        marks::chosen(&inner, &scale, roll, bars, palette);
    }
    marks::preview(&inner, &scale, roll, palette);
    marks::now_line(&inner, &scale, palette);
    keyboard::show(&painter, keyboard, &scale, roll, palette);
    response
}

/// The octaves, three at least, that hold every note of the roll: as what is remembered, they
/// change seldom.
fn octaves(roll: &Roll) -> KeyRange {
    const LEAST: u8 = 36;
    let columns = roll.past.iter().chain(&roll.now).chain(&roll.ahead);
    let sounding = columns.fold(0, |all, c| all | c.chord.playing() | c.heard.playing());
    let seen = sounding & roll.keys.mask();
    // Below 128, so the casts keep every bit.
    let (lowest, highest) = match seen {
        0 => (48, 83),
        _ => (seen.trailing_zeros() as u8, 127 - seen.leading_zeros() as u8),
    };
    let mut low = lowest / 12 * 12;
    let mut high = highest / 12 * 12 + 11;
    while high - low + 1 < LEAST {
        low = low.saturating_sub(12);
        high = if high - low + 1 < LEAST { high.saturating_add(12) } else { high };
    }
    let (first, last) = (roll.keys.low, roll.keys.low.saturating_add(roll.keys.count - 1));
    let (low, high) = (low.clamp(first, last), high.clamp(first, last));
    KeyRange { low, count: high - low + 1 }
}

/// Wheel and pinch over the field.
fn look(ui: &Ui, field: Rect, response: &Response, roll: &Roll, lens: &mut Lens) {
    if !response.hovered() || !ui.rect_contains_pointer(field) {
        return;
    }
    let (zoom, wheel) = ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta()));
    if zoom != 1.0 {
        lens.zoom(zoom);
    }
    let along = wheel.x + wheel.y;
    if along != 0.0 {
        lens.scroll(f64::from(along / lens.step_width), roll);
    }
}

/// Bars are chosen by dragging over them or by a click; a click on chosen ones lets go of them.
fn choose(response: &Response, roll: &Roll, scale: &Scale, lens: &mut Lens) {
    let bar_at = |at: Pos2| column(roll, scale.index(at.x)?).map(|column| column.bar);
    let bar = || response.interact_pointer_pos().and_then(bar_at);
    if response.drag_started_by(PointerButton::Primary) {
        // A drag is one only once the pointer has moved.
        lens.from = response.ctx.input(|input| input.pointer.press_origin()).and_then(bar_at);
    }
    if response.dragged_by(PointerButton::Primary)
        && let (Some(from), Some(to)) = (lens.from, bar())
    {
        lens.bars = Some((from.min(to), from.max(to)));
    }
    if response.drag_stopped() {
        lens.from = None;
    }
    if response.clicked() {
        let clicked = bar();
        let within =
            |bar: i64| lens.bars.is_some_and(|(first, last)| (first..=last).contains(&bar));
        lens.bars = clicked.filter(|&bar| !within(bar)).map(|bar| (bar, bar));
    }
}

/// The step `index` steps after the sounding one; parked, the first decided step is number 0.
fn column(roll: &Roll, index: i64) -> Option<&Column> {
    let sounding = i64::from(roll.now.is_some());
    let place = |n: i64| usize::try_from(n).ok();
    match index {
        0 if roll.now.is_some() => roll.now.as_ref(),
        _ if index < 0 => place(roll.past.len() as i64 + index).and_then(|n| roll.past.get(n)),
        _ => place(index - sounding).and_then(|n| {
            let preview = || roll.preview.get(n - roll.ahead.len());
            roll.ahead.get(n).or_else(preview)
        }),
    }
}

/// All columns that are seen, with their place relative to the sounding step, oldest first.
fn columns<'a>(roll: &'a Roll, scale: &Scale) -> impl Iterator<Item = (i64, &'a Column)> {
    scale.seen().filter_map(move |index| column(roll, index).map(|column| (index, column)))
}

/// Says what the kinds of notes look like.
pub fn legend(ui: &mut Ui) {
    let palette = theme::palette(ui);
    let size = vec2(LEGEND_WIDTH, ui.available_height());
    ui.allocate_ui_with_layout(size, egui::Layout::left_to_right(egui::Align::Center), |ui| {
        for (kind, words) in Kind::ALL.into_iter().zip(text::LEGEND) {
            let (rect, _) = ui.allocate_exact_size(vec2(16.0, 8.0), Sense::hover());
            mark(ui.painter(), rect, kind, palette);
            ui.label(egui::RichText::new(words).small().color(palette.text_dim));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roll() -> Roll {
        let past = (0..100).map(|step| Column { bar: step / 16 + 1, ..Column::default() });
        let at = |bar| Column { bar, ..Column::default() };
        Roll {
            past: past.collect(),
            now: Some(at(7)),
            ahead: vec![at(8), at(9)],
            played: 500,
            ..Roll::default()
        }
    }

    #[test]
    fn columns_are_found_on_both_sides_of_now() {
        let roll = roll();
        let bar = |index| column(&roll, index).map(|column| column.bar);
        assert_eq!(
            [-101, -100, -1, 0, 1, 2, 3].map(bar),
            [None, Some(1), Some(7), Some(7), Some(8), Some(9), None]
        );
        let parked = Roll { now: None, ..roll };
        assert_eq!(column(&parked, 0).map(|column| column.bar), Some(8));
    }

    #[test]
    fn as_many_octaves_are_seen_as_there_are_notes_in() {
        let mut roll = roll();
        let seen = |roll: &Roll| {
            let keys = octaves(roll);
            (keys.low, keys.low + keys.count - 1)
        };
        assert_eq!(seen(&roll), (48, 83), "three about the middle");
        roll.past[0].chord.strike(64);
        let (low, high) = seen(&roll);
        assert!(low <= 60 && high >= 71 && high - low + 1 >= 36, "{low} to {high}");
        roll.past[9].heard.strike(100);
        roll.past[9].chord.strike(30);
        assert_eq!(seen(&roll), (24, 101), "no further than the model's own");
        roll.keys = KeyRange { low: 60, count: 1 };
        assert_eq!(seen(&roll), (60, 60));
    }

    #[test]
    fn the_roll_follows_until_it_is_moved_and_again_at_the_newest_step() {
        let mut roll = roll();
        let mut lens = Lens::default();
        lens.scroll(10.0, &roll);
        assert_eq!(lens.back(&roll), 10.0);
        roll.played += 3;
        assert_eq!(lens.back(&roll), 13.0, "it stands still while playback goes on");
        lens.scroll(1e9, &roll);
        assert_eq!(lens.back(&roll), 100.0, "no further than is remembered");
        lens.scroll(-1e9, &roll);
        assert_eq!((lens.back(&roll), lens.anchor), (0.0, None));
        (0..100).for_each(|_| lens.zoom(2.0));
        assert_eq!(lens.step_width, *Lens::WIDTHS.end());
    }
}
