//! The dice: another performance, and the last ones to go back to or to keep.

use std::collections::VecDeque;

use egui::{
    Button, CornerRadius, Painter, Popup, PopupCloseBehavior, Rect, Response, RichText, Sense, Ui,
    WidgetInfo, pos2, vec2,
};
use nih_plug::prelude::{Param, ParamSetter};

use super::controls::set_once;
use super::roll::Lens;
use super::view::{Actions, Column, Part, Roll, TakeAction};
use super::{text, theme};
use crate::params::AnacrusisParams;

/// How many performances are remembered.
const MOST: usize = 8;

/// How much of each is drawn: two bars.
const DRAWN_STEPS: usize = 32;

/// A performance of fewer steps is no music to come back to: half a bar. Who throws the dice again and
/// again does not lose the good ones.
const LEAST_STEPS: usize = 8;

/// The performances before the present one, the newest first, and where that one began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tries {
    before: VecDeque<Try>,
    /// [`Roll::played`] and [`Roll::entries`] when the present one began.
    began: (u64, u64),
}

/// A performance with a seed of its own.
#[derive(Clone, Debug, PartialEq)]
struct Try {
    seed: i32,
    /// The first step that was played and the one after the last, by [`Roll::entries`].
    steps: (u64, u64),
    /// The first and the last bar in which it was played last.
    bars: (i64, i64),
    /// The last of them.
    columns: Vec<Column>,
}

impl Tries {
    /// Remembers the performance of `seed` that ends here, if anything was played; another begins.
    fn end(&mut self, seed: i32, roll: &Roll) {
        // What was played before a project was loaded, or before a restart, is not counted on.
        let since = |began: u64, now: u64| if began > now { now } else { now - began };
        let (began, entered) = self.began;
        // The roll remembers some thousand steps at most.
        let steps = usize::try_from(since(began, roll.played)).unwrap_or(usize::MAX);
        let played = &roll.past[roll.past.len() - steps.min(roll.past.len())..];
        let entries = since(entered, roll.entries).min(played.len() as u64);
        let columns = played[played.len() - played.len().min(DRAWN_STEPS)..].to_vec();
        let heard = columns.iter().any(|column| !column.chord.is_empty());
        if let (true, LEAST_STEPS.., Some(last)) = (heard, played.len(), columns.last()) {
            // What lies before a jump is another stretch.
            let stretch = played.iter().rev().zip(played.iter().rev().skip(1));
            let first =
                stretch.take_while(|(later, earlier)| (0..=1).contains(&(later.bar - earlier.bar)));
            let first = first.last().map_or(last.bar, |(_, earlier)| earlier.bar);
            let steps = (roll.entries - entries, roll.entries);
            self.before.push_front(Try { seed, steps, bars: (first, last.bar), columns });
            self.before.truncate(MOST);
        }
        self.began = (roll.played, roll.entries);
    }
}

/// Draws the dice, and beside it the way to the performances before.
pub fn show(
    ui: &mut Ui,
    roll: &Roll,
    params: &AnacrusisParams,
    setter: &ParamSetter,
    (tries, lens): (&mut Tries, &mut Lens),
    actions: &mut Actions,
) {
    let seed = params.seed.unmodulated_plain_value();
    if dice(ui).clicked() {
        tries.end(seed, roll);
        set_once(setter, &params.seed, other_seed(seed));
    }
    let (name, about) = text::TRIES;
    let button = Button::new("").min_size(vec2(22.0, 28.0));
    let button = ui.add_enabled(!tries.before.is_empty(), button);
    lines(ui, button.rect);
    button.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
    let button = button.on_hover_text(about).on_disabled_hover_text(text::NO_TRIES);
    Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.label(RichText::new(about).small().color(theme::palette(ui).text_dim));
        for (index, one) in tries.before.iter().enumerate() {
            ui.horizontal(|ui| {
                small_roll(ui, &one.columns);
                ui.vertical(|ui| {
                    ui.set_width(84.0);
                    ui.label(text::chosen_bars(one.bars.0, one.bars.1));
                    let seed = text::seed(one.seed);
                    ui.label(RichText::new(seed).small().color(theme::palette(ui).text_dim));
                });
                let (name, hint) = text::TRY_BACK;
                let again = ui.button(name).on_hover_text(hint);
                again.widget_info(|| {
                    WidgetInfo::labeled(egui::Role::Button, true, text::try_name(name, index))
                });
                if again.clicked() {
                    let (from, end) = one.steps;
                    actions.take = Some(TakeAction::Back(from, end));
                    lens.bars = Some(one.bars);
                    ui.close();
                }
                let (name, hint) = text::TRY_KEEP;
                let keep = ui.button(name).on_hover_text(hint);
                keep.widget_info(|| {
                    WidgetInfo::labeled(egui::Role::Button, true, text::try_name(name, index))
                });
                if keep.clicked() {
                    let (from, end) = one.steps;
                    actions.take = Some(TakeAction::Keep(Part::Entries(from, end)));
                }
            });
        }
    });
}

/// A die that shows five.
fn dice(ui: &mut Ui) -> Response {
    let button = ui.add(Button::new("").min_size(vec2(30.0, 28.0)));
    button.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, text::NEW_SEED.0));
    let (painter, palette) = (ui.painter(), theme::palette(ui));
    let die = Rect::from_center_size(button.rect.center(), vec2(16.0, 16.0));
    painter.rect_filled(die, CornerRadius::same(3), palette.text);
    for (x, y) in [(0.0, 0.0), (-1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (1.0, -1.0)] {
        painter.circle_filled(die.center() + vec2(4.2 * x, 4.2 * y), 1.7, palette.background);
    }
    button.on_hover_text(text::NEW_SEED.1)
}

/// A small roll, on the button that opens the list.
fn lines(ui: &Ui, over: Rect) {
    let palette = theme::palette(ui);
    for (index, (from, to)) in [(-6.0, 2.0), (-2.0, 6.0), (-6.0, -1.0)].into_iter().enumerate() {
        let y = over.center().y + 5.0 * (index as f32 - 1.0);
        let x = over.center().x + from..=over.center().x + to;
        ui.painter().hline(x, y, egui::Stroke::new(2.0, palette.text_dim));
    }
}

/// What was played, small.
fn small_roll(ui: &mut Ui, columns: &[Column]) {
    let (rect, _) = ui.allocate_exact_size(vec2(132.0, 36.0), Sense::hover());
    let palette = theme::palette(ui);
    let painter: Painter = ui.painter_at(rect);
    painter.rect_filled(rect, 3.0, palette.field);
    let all = columns.iter().fold(0u128, |all, column| all | column.chord.playing());
    if all == 0 {
        return;
    }
    // Below 128, so the casts keep every bit.
    let (low, high) = (all.trailing_zeros() as f32, 127.0 - all.leading_zeros() as f32);
    let (row, step) =
        (rect.height() / (high - low + 1.0).max(12.0), rect.width() / columns.len().max(1) as f32);
    for (index, column) in columns.iter().enumerate() {
        for key in column.chord.keys() {
            let x = rect.left() + index as f32 * step;
            let y = rect.bottom() - (f32::from(key) - low + 1.0) * row;
            let cell = Rect::from_min_size(pos2(x, y), vec2(step, row.max(1.5)));
            painter.rect_filled(cell, 0.0, palette.middle);
        }
    }
}

/// Another seed than `seed`, far from it: a step through all of them in an order that looks
/// random (the multiplier of a full-period congruential generator modulo 2^16).
fn other_seed(seed: i32) -> i32 {
    (i64::from(seed) * 25_173 + 13_849).rem_euclid(65_536) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Chord;
    use crate::params;

    #[test]
    fn every_seed_is_reached_before_one_comes_again() {
        let mut seen = vec![false; 65_536];
        let mut seed = 1;
        for _ in 0..65_536 {
            seed = other_seed(seed);
            let slot = usize::try_from(seed).expect("not negative");
            assert!(params::SEED.contains(&seed) && !std::mem::replace(&mut seen[slot], true));
        }
    }

    #[test]
    fn performances_are_remembered_with_their_steps_and_the_oldest_go() {
        let mut roll = Roll::default();
        let mut tries = Tries::default();
        tries.end(1, &roll);
        assert!(tries.before.is_empty(), "nothing was played");
        for seed in 0..10 {
            let step = Column { chord: Chord::struck_keys([60]), ..Column::default() };
            roll.past.extend([step; 40]);
            roll.played += 40;
            // Eight of them were replayed.
            roll.entries += 32;
            tries.end(seed, &roll);
        }
        let seeds: Vec<i32> = tries.before.iter().map(|one| one.seed).collect();
        assert_eq!(seeds, [9, 8, 7, 6, 5, 4, 3, 2]);
        assert_eq!(tries.before[0].steps, (288, 320));
        assert_eq!(tries.before[0].columns.len(), DRAWN_STEPS);
        // A project with a shorter take was loaded.
        (roll.played, roll.entries) = (8, 8);
        roll.past.truncate(8);
        tries.end(77, &roll);
        assert_eq!(tries.before[0].steps, (0, 8));
        // Too little to come back to.
        (roll.played, roll.entries) = (15, 15);
        roll.past.extend([Column { chord: Chord::struck_keys([60]), ..Column::default() }; 7]);
        tries.end(78, &roll);
        assert_eq!(tries.before[0].seed, 77);
    }

    #[test]
    fn the_bars_of_a_performance_are_those_since_the_last_jump() {
        let mut roll = Roll::default();
        let bar = |bar| [Column { chord: Chord::struck_keys([60]), bar, ..Column::default() }; 16];
        roll.past = [1, 2, 8, 9].into_iter().flat_map(bar).collect();
        (roll.played, roll.entries) = (64, 64);
        let mut tries = Tries::default();
        tries.end(1, &roll);
        assert_eq!((tries.before[0].bars, tries.before[0].steps), ((8, 9), (0, 64)));
    }
}
