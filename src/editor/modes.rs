//! What the musician's own playing does: three large choices, and what goes with each.

use egui::{Align, Button, FontId, Layout, RichText, Sense, Ui, WidgetInfo, text::LayoutJob, vec2};
use nih_plug::prelude::{Enum, Param, ParamSetter};

use super::controls::{set_once, toggle};
use super::view::{Activity, Transport, View};
use super::{text, theme};
use crate::params::{AnacrusisParams, ModeChoice};

/// Size of a choice.
const CHOICE: egui::Vec2 = vec2(112.0, 42.0);

/// Draws them on one line.
pub fn show(ui: &mut Ui, view: &View, params: &AnacrusisParams, setter: &ParamSetter) {
    ui.horizontal(|ui| {
        let chosen = params.mode.unmodulated_plain_value();
        let names = ModeChoice::variants().iter();
        for ((index, name), about) in names.enumerate().zip(text::MODES) {
            if choice(ui, name, about, chosen.to_index() == index) {
                set_once(setter, &params.mode, ModeChoice::from_index(index));
            }
        }
        ui.add_space(4.0);
        let small = vec2(0.0, 30.0);
        toggle(ui, setter, &params.start_with_me, small);
        toggle(ui, setter, &params.stop_with_me, small);
        if chosen == ModeChoice::Answer {
            answer_now(ui, view, params, setter, small);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| place(ui, view));
    });
}

fn choice(ui: &mut Ui, name: &str, (below, hint): (&str, &str), chosen: bool) -> bool {
    let palette = theme::palette(ui);
    let mut words = LayoutJob { halign: Align::Center, ..LayoutJob::default() };
    let format = |size, colour| egui::TextFormat::simple(FontId::proportional(size), colour);
    words.append(name, 0.0, format(15.0, palette.text));
    words.append("\n", 0.0, format(4.0, palette.text));
    words.append(below, 0.0, format(11.5, palette.text_dim));
    let stroke = egui::Stroke::new(1.5, if chosen { palette.accent } else { palette.beat });
    let fill = if chosen { palette.selection } else { palette.panel };
    let button = Button::new("").stroke(stroke).fill(fill).min_size(CHOICE);
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::selected(egui::Role::RadioButton, true, chosen, name));
    let galley = ui.painter().layout_job(words);
    let top = response.rect.center() - vec2(0.0, galley.size().y / 2.0);
    ui.painter().galley(top, galley, palette.text);
    response.on_hover_text(hint).clicked() && !chosen
}

/// A button that asks for the answer: the parameter is on until it has come, or the music stops.
fn answer_now(
    ui: &mut Ui,
    view: &View,
    params: &AnacrusisParams,
    setter: &ParamSetter,
    size: egui::Vec2,
) {
    let asked = egui::Id::unique("answer now");
    if toggle(ui, setter, &params.answer_now, size).clicked() {
        ui.data_mut(|data| data.insert_temp(asked, true));
    }
    let come = view.ear.answering || view.activity != Activity::Playing;
    if come && ui.data_mut(|data| data.remove_temp::<bool>(asked)).is_some() {
        set_once(setter, &params.answer_now, false);
    }
}

/// Where the host is.
fn place(ui: &mut Ui, view: &View) {
    let Transport { signature, tempo_bpm } = view.transport;
    let words = text::place(view.take.bar, signature, tempo_bpm);
    let colour = theme::palette(ui).text_dim;
    let label = egui::Label::new(RichText::new(words).color(colour)).truncate();
    ui.add(label.sense(Sense::hover()));
}
