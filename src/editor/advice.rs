//! The line over the roll that tells a newcomer what to do next.

use egui::{Align2, Area, Frame, Id, Order, Rect, RichText, Ui};
use nih_plug::prelude::ParamSetter;

use super::controls::set_once;
use super::next::Advice;
use super::view::View;
use super::{text, theme};
use crate::params::AnacrusisParams;

/// Draws it over the foot of the roll, with what does it at a click.
pub fn show(ui: &Ui, over: Rect, view: &View, params: &AnacrusisParams, setter: &ParamSetter) {
    let Some(advice) = Advice::of(view, params) else { return };
    let palette = theme::palette(ui);
    let area = Area::new(Id::unique("advice")).order(Order::Middle).constrain(true);
    let area =
        area.pivot(Align2::CENTER_BOTTOM).fixed_pos(over.center_bottom() - egui::vec2(0.0, 14.0));
    area.show(ui.ctx(), |ui| {
        let frame = Frame::NONE.fill(palette.panel).corner_radius(6).inner_margin(8);
        frame.stroke(egui::Stroke::new(1.0, palette.accent)).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.label(
                    RichText::new(text::advice(advice, view.console.is_some())).color(palette.text),
                );
                if advice == Advice::Listen
                    && ui.button(text::AUDITION_ON.0).on_hover_text(text::AUDITION_ON.1).clicked()
                {
                    set_once(setter, &params.audition, true);
                }
            });
        });
    });
}
