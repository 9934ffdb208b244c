//! The parameters as sliders, boxes and check boxes. Every change goes through the host, as a
//! gesture that it can record.
//!
//! Sliders: a double click gives the default, a drag with Shift moves finely, a click on the value
//! lets one type it, and the pointer at rest tells what it does.

use std::ops::RangeInclusive;

use egui::{ComboBox, Grid, Id, Response, Sense, Slider, Ui};
use nih_plug::prelude::{BoolParam, Enum, EnumParam, FloatParam, IntParam, Param, ParamSetter};

use super::{text, theme};

/// How much less a drag with Shift moves.
const FINE: f64 = 0.1;

/// Parameters one to a line: name, then control.
pub fn lines(ui: &mut Ui, name: &str, show: impl FnOnce(&mut Ui)) {
    Grid::new(name).num_columns(2).spacing([10.0, 6.0]).show(ui, show);
}

/// A real number.
pub fn real(ui: &mut Ui, setter: &ParamSetter, param: &FloatParam, range: &RangeInclusive<f32>) {
    let range = f64::from(*range.start())..=f64::from(*range.end());
    // Sliders work in f64, parameters in f32.
    slider(
        ui,
        setter,
        param,
        &Conversion { range, whole: false, to: |x| x as f32, from: f64::from },
    );
}

/// A whole number.
pub fn whole(ui: &mut Ui, setter: &ParamSetter, param: &IntParam, range: &RangeInclusive<i32>) {
    let range = f64::from(*range.start())..=f64::from(*range.end());
    // The slider keeps to the range, which i32 holds.
    let to = |x: f64| x.round() as i32;
    slider(ui, setter, param, &Conversion { range, whole: true, to, from: f64::from });
}

/// Between a parameter's values and those of a slider.
struct Conversion<T> {
    range: RangeInclusive<f64>,
    whole: bool,
    to: fn(f64) -> T,
    from: fn(T) -> f64,
}

fn slider<P: Param>(
    ui: &mut Ui,
    setter: &ParamSetter,
    param: &P,
    conversion: &Conversion<P::Plain>,
) {
    let Conversion { range, whole, to, from } = conversion;
    let label = name(ui, param.name());
    let before = from(param.unmodulated_plain_value());
    let mut value = before;
    let show = |x: f64, _: RangeInclusive<usize>| {
        param.normalized_value_to_string(param.preview_normalized(to(x)), true)
    };
    let parse = |typed: &str| {
        let normalized = param.string_to_normalized_value(typed)?;
        Some(from(param.preview_plain(normalized)))
    };
    let mut slider = Slider::new(&mut value, range.clone())
        .custom_formatter(show)
        .custom_parser(parse)
        .smart_aim(true);
    if *whole {
        slider = slider.integer();
    }
    let response = ui.add(slider).labelled_by(label.id);
    if let Some(fine) = fine(ui, &response, range, before) {
        value = fine;
    }
    if response.drag_started() {
        setter.begin_set_parameter(param);
    }
    if response.changed() {
        if response.dragged() || response.drag_stopped() {
            setter.set_parameter(param, to(value));
        } else {
            set_once(setter, param, to(value));
        }
    }
    if response.drag_stopped() {
        setter.end_set_parameter(param);
    }
    // The slider itself senses drags alone; its value beside it is for typing.
    let track = response.rect.with_max_x(response.rect.left() + ui.spacing().slider_width);
    let clicks = ui.interact(track, response.id.with("clicks"), Sense::click());
    if clicks.double_clicked() || label.double_clicked() {
        set_once(setter, param, param.default_plain_value());
    }
    hint(param.name(), &label);
    hint(param.name(), &response);
    ui.end_row();
}

/// Where a drag with Shift leads, from `before` this frame; nothing without one.
fn fine(ui: &Ui, response: &Response, range: &RangeInclusive<f64>, before: f64) -> Option<f64> {
    let id: Id = response.id.with("fine");
    if !response.dragged() || !ui.input(|input| input.modifiers.shift) {
        ui.data_mut(|data| data.remove::<f64>(id));
        return None;
    }
    // What is exact is kept: whole numbers would swallow every small step.
    let exact = ui.data(|data| data.get_temp(id)).unwrap_or(before);
    let share = f64::from(response.drag_delta().x / ui.spacing().slider_width);
    let moved = exact + share * FINE * (range.end() - range.start());
    let moved = moved.clamp(*range.start(), *range.end());
    ui.data_mut(|data| data.insert_temp(id, moved));
    Some(moved)
}

/// One of several names.
pub fn choice<T: Enum + PartialEq + Copy + 'static>(
    ui: &mut Ui,
    setter: &ParamSetter,
    param: &EnumParam<T>,
) {
    let label = name(ui, param.name());
    let chosen = param.unmodulated_plain_value().to_index();
    let names = T::variants();
    let shown = names.get(chosen).copied().unwrap_or_default();
    let shown = ComboBox::from_id_salt(param.name())
        .selected_text(shown)
        .width(128.0)
        .truncate()
        .show_ui(ui, |ui| {
            for (index, name) in names.iter().enumerate() {
                if ui.selectable_label(index == chosen, *name).clicked() && index != chosen {
                    set_once(setter, param, T::from_index(index));
                }
            }
        });
    let response = shown.response.labelled_by(label.id);
    if label.double_clicked() {
        set_once(setter, param, param.default_plain_value());
    }
    hint(param.name(), &label);
    hint(param.name(), &response);
    ui.end_row();
}

/// On or off.
pub fn switch(ui: &mut Ui, setter: &ParamSetter, param: &BoolParam) {
    let label = name(ui, param.name());
    let mut on = param.unmodulated_plain_value();
    let response = ui.checkbox(&mut on, "").labelled_by(label.id);
    if response.changed() {
        set_once(setter, param, on);
    }
    hint(param.name(), &label);
    hint(param.name(), &response);
    ui.end_row();
}

/// On or off, as a button with the parameter's name that is lit when it is on.
pub fn toggle(ui: &mut Ui, setter: &ParamSetter, param: &BoolParam, size: egui::Vec2) -> Response {
    let on = param.unmodulated_plain_value();
    let palette = theme::palette(ui);
    let stroke = egui::Stroke::new(1.0, if on { palette.accent } else { palette.beat });
    let fill = if on { palette.selection } else { palette.panel };
    let button = egui::Button::new(param.name()).stroke(stroke).fill(fill).min_size(size);
    let response = ui.add(button);
    response
        .widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, on, param.name()));
    if response.clicked() {
        set_once(setter, param, !on);
    }
    hint(param.name(), &response);
    response
}

/// The name of a parameter, which takes clicks.
fn name(ui: &mut Ui, name: &str) -> Response {
    ui.add(egui::Label::new(name).sense(Sense::click()).selectable(false))
}

/// Sets a parameter in one gesture.
pub fn set_once<P: Param>(setter: &ParamSetter, param: &P, value: P::Plain) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}

/// Sets a parameter to a share of its range in one gesture.
pub fn set_normalized<P: Param>(setter: &ParamSetter, param: &P, normalized: f32) {
    set_once(setter, param, param.preview_plain(normalized));
}

/// Explains the parameter of a name where the pointer rests.
pub fn hint(name: &str, response: &Response) {
    if let Some(words) = text::hint(name) {
        response.clone().on_hover_text(words);
    }
}
