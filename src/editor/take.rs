//! The take: how much of it there is, and what can be done with its bars.

use egui::{Button, DragValue, RichText, Ui};

use super::controls::lines;
use super::view::{Actions, Question, Take, TakeAction};
use super::{text, theme};

/// Bars that can be named.
const BARS: std::ops::RangeInclusive<i64> = -999..=9999;

/// Bars that are kept by the button that does not keep all.
const LAST_BARS: usize = 8;

/// Draws how much there is and what is kept of it; `bars` are the first and the last that are
/// chosen, here or in the roll.
pub fn show(ui: &mut Ui, take: &Take, bars: &mut Option<(i64, i64)>, actions: &mut Actions) {
    lines(ui, text::TAKE_LENGTH, |ui| {
        ui.label(text::TAKE_LENGTH);
        ui.label(text::take_length(take));
        ui.end_row();
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
    ui.horizontal(|ui| {
        let (there, last) = (take.steps > 0, TakeAction::Keep(Some(LAST_BARS)));
        button(ui, &mut actions.take, there, text::KEEP, TakeAction::Keep(None));
        button(ui, &mut actions.take, there, text::KEEP_LAST, last);
        let keep_as = ui.add_enabled(there, Button::new(text::KEEP_AS.0));
        if keep_as.on_hover_text(text::KEEP_AS.1).clicked() {
            actions.ask = Some(Question::Keep);
        }
    });
    if let Some(notice) = &take.notice {
        ui.label(RichText::new(notice).color(theme::palette(ui).text_dim));
    }
}

/// What can be done with the bars that are chosen, or with the one under the play head, on one
/// line.
pub fn strip(ui: &mut Ui, take: &Take, bars: &mut Option<(i64, i64)>) -> Option<TakeAction> {
    let mut action = None;
    let (first, last) = bars.unwrap_or((take.bar, take.bar));
    let (first, last) = (first.min(last), first.max(last));
    ui.horizontal(|ui| {
        // The buttons first: they are not to move when the words after them do.
        button(ui, &mut action, true, text::LOCK, TakeAction::Lock(first, last));
        button(ui, &mut action, true, text::UNLOCK, TakeAction::Unlock(first, last));
        button(ui, &mut action, true, text::AGAIN, TakeAction::Again(first, last));
        let keep = TakeAction::KeepBars(first, last);
        button(ui, &mut action, take.steps > 0, text::KEEP_BARS, keep);
        button(ui, &mut action, take.can_undo, text::UNDO, TakeAction::Undo);
        let palette = theme::palette(ui);
        let colour = if bars.is_some() { palette.text } else { palette.text_dim };
        ui.label(RichText::new(text::chosen_bars(first, last)).color(colour))
            .on_hover_text(text::BARS_HINT);
        if bars.is_some() && ui.button(text::NO_BARS.0).on_hover_text(text::NO_BARS.1).clicked() {
            *bars = None;
        }
    });
    action
}

fn button(
    ui: &mut Ui,
    to: &mut Option<TakeAction>,
    enabled: bool,
    (name, hint): (&str, &str),
    action: TakeAction,
) {
    if ui.add_enabled(enabled, Button::new(name)).on_hover_text(hint).clicked() {
        *to = Some(action);
    }
}
