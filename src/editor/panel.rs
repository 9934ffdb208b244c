//! The controls: five large knobs, what becomes of the musician's notes, and all else in groups of
//! which one is open.

use egui::{
    Align, Button, Layout, Response, RichText, ScrollArea, Sense, Ui, WidgetInfo,
    style::ScrollAnimation, vec2,
};
use nih_plug::prelude::{Param, ParamSetter};

use super::controls::{choice, lines, real, switch, toggle, whole};
use super::view::{Actions, View};
use super::{Memory, knob, take, text, theme};
use crate::params::{self, AnacrusisParams, ModeChoice, ScaleChoice};

/// A group of controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Which notes it may choose.
    Notes,
    /// How hard and how long they are played.
    Touch,
    /// When within a step they sound.
    Groove,
    /// Where they go: channels, and a voice of the plugin's own.
    Sound,
    /// What was played, and what can be done with it.
    Take,
    /// What is set once.
    Advanced,
}

impl Group {
    /// All of them, in order, with their names.
    pub const ALL: [(Group, &'static str); 6] = [
        (Group::Notes, text::GROUP_NOTES),
        (Group::Touch, text::GROUP_TOUCH),
        (Group::Groove, text::GROUP_GROOVE),
        (Group::Sound, text::GROUP_SOUND),
        (Group::Take, text::GROUP_TAKE),
        (Group::Advanced, text::GROUP_ADVANCED),
    ];
}

/// Points between the controls and the bar that scrolls them.
const BAR_GAP: f32 = 6.0;

/// Frames after which a group that was opened is where it stays.
const FRAMES_TO_OPEN: u8 = 2;

/// Draws the knobs and the groups.
pub fn show(
    ui: &mut Ui,
    view: &View,
    params: &AnacrusisParams,
    setter: &ParamSetter,
    memory: &mut Memory,
    actions: &mut Actions,
) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        // Beside the bar, where there is one.
        ui.set_width(ui.available_width() - BAR_GAP);
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        knobs(ui, params, setter);
        ui.add_space(2.0);
        my_notes(ui, params, setter);
        ui.add_space(4.0);
        let opened = memory.group;
        for (group, name) in Group::ALL {
            let open = memory.group == Some(group);
            let head = head(ui, name, &summary(group, view, params), open);
            if head.clicked() {
                memory.group = (!open).then_some(group);
            }
            // One that has just been opened is seen from its head down; how high it is shows in a frame
            // or two.
            if open && memory.frames_open < FRAMES_TO_OPEN {
                head.scroll_to_me_animation(Some(Align::TOP), ScrollAnimation::none());
                ui.ctx().request_repaint();
            }
            if open {
                ui.spacing_mut().item_spacing.y = 6.0;
                inside(ui, group, view, params, setter, memory, actions);
                ui.add_space(6.0);
            }
        }
        let same = memory.group == opened;
        memory.frames_open = if same { memory.frames_open.saturating_add(1) } else { 0 };
    });
}

/// What is turned while playing.
fn knobs(ui: &mut Ui, params: &AnacrusisParams, setter: &ParamSetter) {
    let width = (ui.available_width() - 8.0) / 3.0;
    ui.horizontal(|ui| {
        knob::show(ui, setter, &params.follow, width, None);
        knob::show(ui, setter, &params.density, width, None);
        knob::show(ui, setter, &params.temperature, width, None);
    });
    ui.horizontal(|ui| {
        ui.add_space(width / 2.0);
        knob::show(ui, setter, &params.register, width, None);
        // At its default it is as loud as who plays.
        let beside = params.mode.unmodulated_plain_value() != ModeChoice::Solo
            && params.dynamics.unmodulated_plain_value() > 0.99
            && params.velocity.unmodulated_plain_value() == params.velocity.default_plain_value();
        let words = beside.then_some(text::AS_YOU);
        knob::show(ui, setter, &params.velocity, width, words);
    });
}

/// What becomes of what the musician plays.
fn my_notes(ui: &mut Ui, params: &AnacrusisParams, setter: &ParamSetter) {
    let dim = theme::palette(ui).text_dim;
    ui.label(RichText::new(text::MY_NOTES).color(dim));
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 8.0) / 3.0;
        for param in [&params.thru, &params.room, &params.double] {
            toggle(ui, setter, param, vec2(width, 28.0));
        }
    });
}

/// The line that opens a group.
fn head(ui: &mut Ui, name: &str, summary: &str, open: bool) -> Response {
    let palette = theme::palette(ui);
    let size = vec2(ui.available_width(), 26.0);
    let button = Button::new("").fill(palette.panel).min_size(size).frame_when_inactive(false);
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, open, name));
    let inner = response.rect.shrink2(vec2(4.0, 0.0));
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(egui::UiBuilder::new().max_rect(inner).layout(layout), |ui| {
        let label = |words: RichText| egui::Label::new(words).selectable(false).truncate();
        arrow(ui, open, palette.text_dim);
        ui.add(label(RichText::new(name).color(palette.text)));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add(label(RichText::new(summary).color(palette.text_dim)));
        });
    });
    response
}

/// Points down where a group is open. Drawn: fonts differ in what signs they have.
fn arrow(ui: &mut Ui, down: bool, colour: egui::Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(9.0, 9.0), Sense::hover());
    let corners = match down {
        true => vec![rect.left_top(), rect.right_top(), rect.center_bottom()],
        false => vec![rect.left_top(), rect.right_center(), rect.left_bottom()],
    };
    ui.painter().add(egui::Shape::convex_polygon(corners, colour, egui::Stroke::NONE));
}

/// What is set in a group, in a word or two.
fn summary(group: Group, view: &View, params: &AnacrusisParams) -> String {
    match group {
        Group::Notes => match params.scale.unmodulated_plain_value() {
            ScaleChoice::Chromatic => text::ALL_NOTES.to_owned(),
            _ => format!("{}, {}", params.key, params.scale),
        },
        Group::Touch => format!("{} {}", params.dynamics.name(), params.dynamics),
        Group::Groove => match params.swing.unmodulated_plain_value() > 0.5 {
            true => format!("{} {}", params.swing.name(), params.swing),
            false => text::STRAIGHT.to_owned(),
        },
        Group::Sound => match params.audition.unmodulated_plain_value() {
            true => text::ELECTRIC_PIANO.to_owned(),
            false => format!("{} {}", params.channel.name(), params.channel),
        },
        Group::Take => format!("{} {}", params.seed.name(), params.seed),
        Group::Advanced if view.figures.missed > 0 => text::missed(view.figures.missed),
        Group::Advanced => String::new(),
    }
}

fn inside(
    ui: &mut Ui,
    group: Group,
    view: &View,
    params: &AnacrusisParams,
    setter: &ParamSetter,
    memory: &mut Memory,
    actions: &mut Actions,
) {
    lines(ui, text::GROUP_NOTES, |ui| match group {
        Group::Notes => {
            choice(ui, setter, &params.key);
            choice(ui, setter, &params.scale);
            whole(ui, setter, &params.lowest, &params::MIDI_KEY);
            whole(ui, setter, &params.highest, &params::MIDI_KEY);
            whole(ui, setter, &params.transpose, &params::TRANSPOSE);
            whole(ui, setter, &params.most_notes, &params::MOST);
            whole(ui, setter, &params.most_onsets, &params::MOST);
            switch(ui, setter, &params.clear_bass);
        }
        Group::Touch => {
            real(ui, setter, &params.dynamics, &params::DYNAMICS);
            whole(ui, setter, &params.accent, &params::VELOCITY_CHANGE);
            whole(ui, setter, &params.humanise, &params::VELOCITY_CHANGE);
            real(ui, setter, &params.gate, &params::GATE);
        }
        Group::Groove => {
            real(ui, setter, &params.swing, &params::SWING);
            choice(ui, setter, &params.swing_of);
            real(ui, setter, &params.lay_back, &params::LAY_BACK);
            real(ui, setter, &params.timing, &params::TIMING);
            real(ui, setter, &params.groove, &params::GROOVE);
        }
        Group::Sound => {
            switch(ui, setter, &params.audition);
            real(ui, setter, &params.audition_level, &params::AUDITION_LEVEL);
            whole(ui, setter, &params.channel, &params::CHANNEL);
            switch(ui, setter, &params.split);
            switch(ui, setter, &params.bypass);
        }
        Group::Take => {
            whole(ui, setter, &params.seed, &params::SEED);
            choice(ui, setter, &params.replay);
        }
        Group::Advanced => {
            choice(ui, setter, &params.rate);
            choice(ui, setter, &params.lookahead);
            real(ui, setter, &params.reaction, &params::REACTION);
            real(ui, setter, &params.truncation, &params::TRUNCATION);
            switch(ui, setter, &params.wait_for_notes);
            switch(ui, setter, &params.sustain);
        }
    });
    match group {
        Group::Take => take::show(ui, &view.take, &mut memory.lens.bars, actions),
        Group::Advanced => figures(ui, view),
        _ => {}
    }
}

/// How the two threads keep up.
fn figures(ui: &mut Ui, view: &View) {
    let dim = theme::palette(ui).text_dim;
    for ((name, hint), value) in text::figures(view) {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(name).color(dim)).on_hover_text(hint);
            ui.label(value);
        });
    }
}
