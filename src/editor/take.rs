//! The take: how much of it there is, and what can be done with its bars.

use egui::{Button, CollapsingHeader, DragValue, Grid, RichText, Ui};
use nih_plug::prelude::ParamSetter;

use super::view::{Take, TakeAction};
use super::{controls, text, theme};
use crate::params::AnacrusisParams;

/// Bars that can be named.
const BARS: std::ops::RangeInclusive<i64> = -999..=9999;

/// Bars that are kept by the button that does not keep all.
const LAST_BARS: usize = 8;

/// Draws the group; `bars` are the first and the last that are meant.
pub fn show(
    ui: &mut Ui,
    take: &Take,
    params: &AnacrusisParams,
    setter: &ParamSetter,
    bars: &mut Option<(i64, i64)>,
) -> Option<TakeAction> {
    let mut action = None;
    CollapsingHeader::new(text::GROUP_TAKE).show(ui, |ui| {
        Grid::new(text::GROUP_TAKE).num_columns(2).spacing([10.0, 6.0]).show(ui, |ui| {
            controls::choice(ui, setter, &params.replay);
            ui.label(text::TAKE_LENGTH);
            ui.label(text::take_length(take));
            ui.end_row();
            let (mut first, mut last) = bars.unwrap_or((take.bar, take.bar));
            let label = ui.label(text::BARS);
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
        let (first, last) = bars.unwrap_or((take.bar, take.bar));
        let (first, last) = (first.min(last), first.max(last));
        ui.horizontal(|ui| {
            button(ui, &mut action, true, text::LOCK, TakeAction::Lock(first, last));
            button(ui, &mut action, true, text::UNLOCK, TakeAction::Unlock(first, last));
            button(ui, &mut action, true, text::AGAIN, TakeAction::Again(first, last));
            button(ui, &mut action, take.can_undo, text::UNDO, TakeAction::Undo);
        });
        ui.horizontal(|ui| {
            let (there, last) = (take.steps > 0, TakeAction::Keep(Some(LAST_BARS)));
            button(ui, &mut action, there, text::KEEP, TakeAction::Keep(None));
            button(ui, &mut action, there, text::KEEP_LAST, last);
        });
        if let Some(notice) = &take.notice {
            ui.label(RichText::new(notice).color(theme::TEXT_DIM));
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
