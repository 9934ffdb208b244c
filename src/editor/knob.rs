//! A large knob for what a musician turns while playing.
//!
//! Up or right is more, Shift moves finely, a double click gives the default. A click on the value lets
//! one type it; a click elsewhere, or the Tab key, gives the knob the keyboard, whose arrows turn it.

use std::f32::consts::PI;

use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;
use egui::{
    Align2, Color32, FontId, Id, Key, Pos2, Response, Sense, Shape, Stroke, TextEdit, Ui,
    WidgetInfo, epaint::PathStroke, pos2, vec2,
};
use nih_plug::prelude::{Param, ParamSetter};

use super::controls::{hint, set_normalized};
use super::theme;

/// Points of a drag from one end of the range to the other.
const THROW: f32 = 180.0;

/// How much less a drag with Shift moves.
const FINE: f32 = 0.1;

/// How much of the range an arrow moves.
const NUDGE: f32 = 0.02;

/// Seconds in which a second click makes a double click; then one lets the value be typed.
const DOUBLE_CLICK_S: f64 = 0.35;

/// How far from its middle a click is one on the value, in points.
const VALUE_RADIUS: f32 = 20.0;

/// Height of a knob with its name, in points.
pub const HEIGHT: f32 = 80.0;

/// From the lowest value to the highest, clockwise from straight down.
const BEGIN: f32 = 0.75 * PI;
/// See [`BEGIN`].
const SWEEP: f32 = 1.5 * PI;

/// Draws the knob of a parameter, `width` points wide; `words` say its value where the parameter's
/// own are not what a musician would say.
pub fn show<P: Param>(
    ui: &mut Ui,
    setter: &ParamSetter,
    param: &P,
    width: f32,
    words: Option<&str>,
) -> Response {
    let (rect, mut response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::click_and_drag());
    let before = param.unmodulated_normalized_value();
    let shown = param.normalized_value_to_string(before, true);
    response.widget_info(|| {
        let plain = WidgetInfo::slider(true, f64::from(before), param.name());
        WidgetInfo { current_text_value: Some(shown.clone()), ..plain }
    });
    let centre = pos2(rect.center().x, rect.top() + 33.0);
    let typing: Id = response.id.with("typing");
    turn(ui, setter, param, centre, &mut response);
    if ui.data(|data| data.get_temp::<String>(typing)).is_some() {
        type_value(ui, setter, param, centre, typing);
    } else {
        let value = words.map_or(shown, str::to_owned);
        let colour = theme::palette(ui).text;
        ui.painter().text(centre, Align2::CENTER_CENTER, value, FontId::proportional(13.5), colour);
    }
    paint(ui, &response, centre, before, param);
    hint(param.name(), &response);
    response
}

/// What pointer and keys do.
fn turn<P: Param>(ui: &Ui, setter: &ParamSetter, param: &P, centre: Pos2, response: &mut Response) {
    let exact: Id = response.id.with("exact");
    if response.drag_started() {
        setter.begin_set_parameter(param);
        let from = param.unmodulated_normalized_value();
        ui.data_mut(|data| data.insert_temp(exact, from));
    }
    if response.dragged() {
        let fine = ui.input(|input| if input.modifiers.shift { FINE } else { 1.0 });
        let delta = response.drag_delta();
        let at: f32 = ui.data(|data| data.get_temp(exact)).unwrap_or_default();
        // What is exact is kept: whole numbers would swallow every small step.
        let to = (at + fine * (delta.x - delta.y) / THROW).clamp(0.0, 1.0);
        ui.data_mut(|data| data.insert_temp(exact, to));
        let plain = param.preview_plain(to);
        if plain != param.unmodulated_plain_value() {
            setter.set_parameter(param, plain);
            response.mark_changed();
        }
    }
    if response.drag_stopped() {
        setter.end_set_parameter(param);
    }
    let clicked: Id = response.id.with("clicked");
    let now = ui.input(|input| input.time);
    if response.double_clicked() {
        set_normalized(setter, param, param.default_normalized_value());
        ui.data_mut(|data| data.remove::<f64>(clicked));
    } else if response.clicked() {
        let at = response.interact_pointer_pos();
        if at.is_some_and(|at| at.distance(centre) < VALUE_RADIUS) {
            ui.data_mut(|data| data.insert_temp(clicked, now));
            ui.ctx().request_repaint_after_secs(DOUBLE_CLICK_S as f32);
        }
        response.request_focus();
    }
    let waited = ui.data(|data| data.get_temp::<f64>(clicked));
    let key = |key| response.has_focus() && ui.input(|input| input.key_pressed(key));
    if waited.is_some_and(|at| now - at > DOUBLE_CLICK_S) || key(Key::Enter) {
        let shown = param.normalized_value_to_string(param.unmodulated_normalized_value(), true);
        ui.data_mut(|data| {
            data.remove::<f64>(clicked);
            data.insert_temp(response.id.with("typing"), shown);
        });
    }
    for (arrow, by) in [
        (Key::ArrowUp, NUDGE),
        (Key::ArrowRight, NUDGE),
        (Key::ArrowDown, -NUDGE),
        (Key::ArrowLeft, -NUDGE),
    ] {
        if key(arrow) {
            nudge(setter, param, by);
        }
    }
    if response.has_focus() {
        // The arrows turn the knob instead of leaving it.
        let arrows = egui::EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..egui::EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    }
}

/// Moves by a share of the range, by a step of the parameter's at least.
fn nudge<P: Param>(setter: &ParamSetter, param: &P, by: f32) {
    let before = param.unmodulated_normalized_value();
    let to = (before + by).clamp(0.0, 1.0);
    let step = if by > 0.0 {
        param.next_normalized_step(before, false)
    } else {
        param.previous_normalized_step(before, false)
    };
    let to = if param.preview_plain(to) == param.unmodulated_plain_value() { step } else { to };
    set_normalized(setter, param, to);
}

/// The field in the middle of a knob whose value is typed.
fn type_value<P: Param>(ui: &mut Ui, setter: &ParamSetter, param: &P, centre: Pos2, typing: Id) {
    let mut words: String = ui.data(|data| data.get_temp(typing)).unwrap_or_default();
    let rect = egui::Rect::from_center_size(centre, vec2(62.0, 24.0));
    let id = typing.with("field");
    let field = TextEdit::singleline(&mut words).id(id).align(Align2::CENTER_CENTER);
    let field = ui.put(rect, field);
    let shown = words.clone();
    field.widget_info(|| WidgetInfo {
        label: Some(param.name().to_owned()),
        ..WidgetInfo::text_edit(true, &shown, &shown, "")
    });
    let begun = typing.with("begun");
    if !ui.data(|data| data.get_temp::<bool>(begun).unwrap_or_default()) {
        field.request_focus();
        // What is typed replaces the value.
        let mut state = TextEditState::load(ui.ctx(), id).unwrap_or_default();
        let all = CCursorRange::two(CCursor::new(0), CCursor::new(words.chars().count()));
        state.cursor.set_char_range(Some(all));
        state.store(ui.ctx(), id);
        ui.data_mut(|data| data.insert_temp(begun, true));
        ui.data_mut(|data| data.insert_temp(typing, words));
        return;
    }
    if field.lost_focus() {
        let escaped = ui.input(|input| input.key_pressed(Key::Escape));
        if !escaped && let Some(to) = param.string_to_normalized_value(&words) {
            set_normalized(setter, param, to.clamp(0.0, 1.0));
        }
        ui.data_mut(|data| {
            data.remove::<String>(typing);
            data.remove::<bool>(begun);
        });
    } else {
        ui.data_mut(|data| data.insert_temp(typing, words));
    }
}

/// The arc, the mark of the default, and the name.
fn paint<P: Param>(ui: &Ui, response: &Response, centre: Pos2, value: f32, param: &P) {
    const RADIUS: f32 = 27.0;
    let (palette, painter) = (theme::palette(ui), ui.painter());
    let at = |share: f32| centre + RADIUS * egui::Vec2::angled(BEGIN + SWEEP * share);
    let arc = |from: f32, to: f32, colour: Color32| {
        const POINTS: usize = 40;
        let point = |n: usize| at(from + (to - from) * n as f32 / POINTS as f32);
        let points: Vec<Pos2> = (0..=POINTS).map(point).collect();
        painter.add(Shape::line(points, PathStroke::new(5.0, colour)));
    };
    arc(0.0, 1.0, palette.widget);
    let default = param.default_normalized_value();
    // Where less and more lie on both sides of a middle, the arc begins there.
    let centred = (default - 0.5).abs() < 1e-3;
    let from: f32 = if centred { 0.5 } else { 0.0 };
    arc(from.min(value), from.max(value), palette.accent);
    painter.circle_filled(at(value), 4.5, palette.text);
    if response.has_focus() || response.hovered() {
        let colour = if response.has_focus() { palette.accent } else { palette.bar };
        let ring = response.rect.shrink(1.0);
        painter.rect_stroke(ring, 6.0, Stroke::new(1.0, colour), egui::StrokeKind::Inside);
    }
    let below = pos2(centre.x, response.rect.bottom() - 9.0);
    let font = FontId::proportional(13.0);
    painter.text(below, Align2::CENTER_CENTER, param.name(), font, palette.text_dim);
}
