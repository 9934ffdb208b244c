//! The take: how much of it there is, and what can be done with its bars.

use egui::{Button, CursorIcon, DragValue, RichText, Sense, Ui, vec2};

use super::controls::lines;
use super::view::{Actions, Part, Question, Roll, Take, TakeAction, View};
use super::{text, theme};

/// Bars that can be named.
const BARS: std::ops::RangeInclusive<i64> = -999..=9999;

/// Bars that are kept by the button that does not keep all.
const LAST_BARS: usize = 8;

/// Draws how much there is and what is kept of it; `bars` are the first and the last that are
/// chosen, here or in the roll.
pub fn show(ui: &mut Ui, take: &Take, bars: &mut Option<(i64, i64)>, actions: &mut Actions) {
    lines(ui, text::TAKE_LENGTH, |ui| {
        let (mut first, mut last) = bars.unwrap_or((take.bar, take.bar));
        let label = ui.label(text::BARS).on_hover_text(text::BARS_HINT);
        ui.horizontal(|ui| {
            let value = |bar| DragValue::new(bar).range(BARS).speed(0.1);
            ui.add(value(&mut first)).labelled_by(label.id);
            let to = ui.label(text::BARS_TO);
            ui.add(value(&mut last)).labelled_by(to.id);
        });
        ui.end_row();
        if bars.is_some() || (first, last) != (take.bar, take.bar) {
            *bars = Some((first, last));
        }
    });
    let (first, last) = ordered(*bars, take);
    ui.horizontal_wrapped(|ui| {
        keep(ui, take, actions, text::KEEP, Part::All);
        keep(ui, take, actions, text::KEEP_LAST, Part::Last(LAST_BARS));
        let parts = [
            (text::KEEP_AS_ALL.to_owned(), Part::All),
            (text::KEEP_AS_LAST.to_owned(), Part::Last(LAST_BARS)),
            (text::keep_as_bars(first, last), Part::Bars(first, last)),
        ];
        let there = take.steps > 0;
        let menu = |ui: &mut Ui| {
            for (name, part) in parts {
                if ui.button(name).clicked() {
                    actions.ask = Some(Question::Keep(part));
                }
            }
        };
        ui.add_enabled_ui(there, |ui| {
            let button = ui.menu_button(text::KEEP_AS.0, menu).response;
            button.on_hover_text(text::KEEP_AS.1);
        });
    });
    if take.newer {
        button(ui, &mut actions.take, vec2(0.0, 26.0), text::ANEW, TakeAction::Anew);
    }
}

/// What can be done with the bars that are chosen, or with the one under the play head, on one
/// line.
pub fn strip(ui: &mut Ui, view: &View, bars: &mut Option<(i64, i64)>, actions: &mut Actions) {
    let take = &view.take;
    let (first, last) = ordered(*bars, take);
    // The buttons first: they are not to move when the words after them do.
    let action = &mut actions.take;
    let size = vec2(58.0, 26.0);
    match is_locked(&view.roll, first, last) {
        false => button(ui, action, size, text::LOCK, TakeAction::Lock(first, last)),
        true => button(ui, action, size, text::UNLOCK, TakeAction::Unlock(first, last)),
    }
    button(ui, action, size, text::AGAIN, TakeAction::Again(first, last));
    keep(ui, take, actions, text::KEEP_BARS, Part::Bars(first, last));
    ui.add_enabled_ui(take.can_undo, |ui| {
        button(ui, &mut actions.take, vec2(0.0, 26.0), text::UNDO, TakeAction::Undo);
    });
    let palette = theme::palette(ui);
    let colour = if bars.is_some() { palette.text } else { palette.text_dim };
    ui.label(RichText::new(text::chosen_bars(first, last)).color(colour))
        .on_hover_text(text::BARS_HINT);
    if bars.is_some() && ui.button(text::NO_BARS.0).on_hover_text(text::NO_BARS.1).clicked() {
        *bars = None;
    }
}

/// Whether all that is seen of these bars is locked.
fn is_locked(roll: &Roll, first: i64, last: i64) -> bool {
    let columns = roll.past.iter().chain(&roll.now).chain(&roll.ahead);
    let mut those = columns.filter(|column| (first..=last).contains(&column.bar)).peekable();
    those.peek().is_some() && those.all(|column| column.locked)
}

/// The bars that are chosen, or the one under the play head, the lower first.
fn ordered(bars: Option<(i64, i64)>, take: &Take) -> (i64, i64) {
    let (first, last) = bars.unwrap_or((take.bar, take.bar));
    (first.min(last), first.max(last))
}

/// A button that keeps a part of the take: as a file of its own when clicked, where it is dropped
/// when dragged.
fn keep(ui: &mut Ui, take: &Take, actions: &mut Actions, (name, hint): (&str, &str), part: Part) {
    let button = Button::new(name).sense(Sense::click_and_drag());
    let button = ui.add_enabled(take.steps > 0, button);
    if button.clicked() {
        actions.take = Some(TakeAction::Keep(part));
    }
    if text::DRAG_HINT.is_some() {
        if button.drag_started() {
            actions.drag = Some(part);
        }
        if button.dragged() {
            ui.set_cursor_icon(CursorIcon::Grabbing);
        }
    }
    match text::DRAG_HINT {
        Some(drag) => button.on_hover_text(format!("{hint} {drag}")),
        None => button.on_hover_text(hint),
    };
}

fn button(
    ui: &mut Ui,
    to: &mut Option<TakeAction>,
    size: egui::Vec2,
    (name, hint): (&str, &str),
    action: TakeAction,
) {
    if ui.add(Button::new(name).min_size(size)).on_hover_text(hint).clicked() {
        *to = Some(action);
    }
}
