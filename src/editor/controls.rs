//! The parameters as sliders, boxes and a check box. Every change goes through the host,
//! as a gesture that it can record.

use std::ops::RangeInclusive;

use egui::{CollapsingHeader, ComboBox, Grid, Slider, Ui};
use nih_plug::prelude::{BoolParam, Enum, EnumParam, FloatParam, IntParam, Param, ParamSetter};

use super::text;
use crate::params::{self, AnacrusisParams};

/// Draws all parameters, one to a line: name, then control.
pub fn show(ui: &mut Ui, params: &AnacrusisParams, setter: &ParamSetter) {
    Grid::new("controls").num_columns(2).spacing([10.0, 6.0]).show(ui, |ui| {
        choice(ui, setter, &params.model);
        real(ui, setter, &params.temperature, &params::TEMPERATURE);
        real(ui, setter, &params.density, &params::DENSITY);
        real(ui, setter, &params.truncation, &params::TRUNCATION);
        whole(ui, setter, &params.seed, &params::SEED);
        choice(ui, setter, &params.rate);
        choice(ui, setter, &params.lookahead);
        whole(ui, setter, &params.channel, &params::CHANNEL);
        whole(ui, setter, &params.velocity, &params::VELOCITY);
        switch(ui, setter, &params.wait_for_notes);
    });
    group(ui, text::GROUP_SOUND, |ui| {
        switch(ui, setter, &params.audition);
        real(ui, setter, &params.audition_level, &params::AUDITION_LEVEL);
    });
    group(ui, text::GROUP_NOTES, |ui| {
        choice(ui, setter, &params.key);
        choice(ui, setter, &params.scale);
        whole(ui, setter, &params.lowest, &params::MIDI_KEY);
        whole(ui, setter, &params.highest, &params::MIDI_KEY);
        whole(ui, setter, &params.most_notes, &params::MOST);
        whole(ui, setter, &params.most_onsets, &params::MOST);
        whole(ui, setter, &params.transpose, &params::TRANSPOSE);
    });
    group(ui, text::GROUP_TOUCH, |ui| {
        whole(ui, setter, &params.accent, &params::VELOCITY_CHANGE);
        whole(ui, setter, &params.humanise, &params::VELOCITY_CHANGE);
        real(ui, setter, &params.gate, &params::GATE);
    });
    group(ui, text::GROUP_MUSICIAN, |ui| {
        switch(ui, setter, &params.bypass);
        choice(ui, setter, &params.mode);
        switch(ui, setter, &params.room);
        switch(ui, setter, &params.double);
        switch(ui, setter, &params.thru);
        switch(ui, setter, &params.answer_now);
    });
}

/// Parameters under a heading that opens.
fn group(ui: &mut Ui, name: &str, show: impl FnOnce(&mut Ui)) {
    CollapsingHeader::new(name).show(ui, |ui| {
        Grid::new(name).num_columns(2).spacing([10.0, 6.0]).show(ui, show);
    });
}

fn real(ui: &mut Ui, setter: &ParamSetter, param: &FloatParam, range: &RangeInclusive<f32>) {
    let range = f64::from(*range.start())..=f64::from(*range.end());
    let value = f64::from(param.unmodulated_plain_value());
    // Sliders work in f64, parameters in f32.
    slider(ui, setter, param, value, range, false, |x| x as f32, f64::from);
}

fn whole(ui: &mut Ui, setter: &ParamSetter, param: &IntParam, range: &RangeInclusive<i32>) {
    let range = f64::from(*range.start())..=f64::from(*range.end());
    let value = f64::from(param.unmodulated_plain_value());
    // The slider keeps to the range, which i32 holds.
    slider(ui, setter, param, value, range, true, |x| x.round() as i32, f64::from);
}

#[expect(clippy::too_many_arguments, reason = "the two callers above are all there is")]
fn slider<P: Param>(
    ui: &mut Ui,
    setter: &ParamSetter,
    param: &P,
    mut value: f64,
    range: RangeInclusive<f64>,
    integer: bool,
    to_plain: impl Fn(f64) -> P::Plain,
    from_plain: impl Fn(P::Plain) -> f64,
) {
    let label = ui.label(param.name());
    let show = |x: f64, _: RangeInclusive<usize>| {
        param.normalized_value_to_string(param.preview_normalized(to_plain(x)), true)
    };
    let parse = |typed: &str| {
        let normalized = param.string_to_normalized_value(typed)?;
        Some(from_plain(param.preview_plain(normalized)))
    };
    let mut slider =
        Slider::new(&mut value, range).custom_formatter(show).custom_parser(parse).smart_aim(true);
    if integer {
        slider = slider.integer();
    }
    let response = ui.add(slider).labelled_by(label.id);
    if response.drag_started() {
        setter.begin_set_parameter(param);
    }
    if response.changed() {
        let dragging = response.dragged() || response.drag_stopped();
        if dragging {
            setter.set_parameter(param, to_plain(value));
        } else {
            set_once(setter, param, to_plain(value));
        }
    }
    if response.drag_stopped() {
        setter.end_set_parameter(param);
    }
    ui.end_row();
}

pub(super) fn choice<T: Enum + PartialEq + Copy + 'static>(
    ui: &mut Ui,
    setter: &ParamSetter,
    param: &EnumParam<T>,
) {
    let label = ui.label(param.name());
    let chosen = param.unmodulated_plain_value().to_index();
    let names = T::variants();
    let shown = names.get(chosen).copied().unwrap_or_default();
    ComboBox::from_id_salt(param.name())
        .selected_text(shown)
        .width(168.0)
        .show_ui(ui, |ui| {
            for (index, name) in names.iter().enumerate() {
                if ui.selectable_label(index == chosen, *name).clicked() && index != chosen {
                    set_once(setter, param, T::from_index(index));
                }
            }
        })
        .response
        .labelled_by(label.id);
    ui.end_row();
}

fn switch(ui: &mut Ui, setter: &ParamSetter, param: &BoolParam) {
    let label = ui.label(param.name());
    let mut on = param.unmodulated_plain_value();
    if ui.checkbox(&mut on, "").labelled_by(label.id).changed() {
        set_once(setter, param, on);
    }
    ui.end_row();
}

fn set_once<P: Param>(setter: &ParamSetter, param: &P, value: P::Plain) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}
