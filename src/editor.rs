//! The editor: what plays and what comes next, the parameters, the models, and how the threads
//! keep up.
//!
//! [`ui`] draws plain data ([`View`]) and reports what the user asked for ([`Actions`]); it
//! knows no window and no host, so tests draw it headless. [`window`] puts it into a host.

mod advice;
mod browser;
mod console;
mod controls;
mod gather;
mod header;
mod knob;
mod modes;
mod next;
mod pace;
mod panel;
pub mod prefs;
mod presets;
pub mod roll;
mod routing;
mod setup;
mod status;
mod take;
pub mod text;
pub mod theme;
mod tries;
mod view;
pub mod window;

pub use next::Advice;
pub use panel::Group;
pub use view::{
    Actions, Activity, Card, Column, Command, Console, Entry, Figures, Library, Line, Model,
    MusicalContext, Part, PresetAction, PresetShelf, Question, Roll, Sound, Take, TakeAction,
    Transport, View,
};

use egui::{
    Align, Area, CentralPanel, Frame, Id, Label, Layout, Margin, Order, Panel, Pos2, RichText, Ui,
};
use nih_plug::prelude::ParamSetter;

use self::prefs::Prefs;
use self::roll::Lens;
use self::routing::Routing;
use crate::jam::controls::Lookahead;
use crate::music::STEPS_PER_BAR;
use crate::params::AnacrusisParams;

/// Width and height of a new window in logical points.
pub const SIZE: [f32; 2] = [960.0, 580.0];
/// Least size at which everything can be read.
pub const SIZE_MIN: [f32; 2] = [800.0, 500.0];

const CONTROLS_WIDTH: f32 = 274.0;

/// What fills the middle of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// The piano roll.
    #[default]
    Roll,
    /// The models.
    Models,
    /// What is set once.
    Setup,
}

impl Page {
    /// All of them, in order, with their names and explanations.
    const ALL: [(Page, (&'static str, &'static str)); 3] = [
        (Page::Roll, text::PAGE_ROLL),
        (Page::Models, text::PAGE_MODELS),
        (Page::Setup, text::PAGE_SETUP),
    ];
}

/// What the editor remembers between frames.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// What fills the middle.
    pub page: Page,
    /// Which group of controls is open, if one is.
    pub group: Option<Group>,
    /// Frames since it was opened.
    pub frames_open: u8,
    /// What of the roll is seen, and which bars are chosen.
    pub lens: Lens,
    /// Which preset was chosen.
    pub preset: presets::Choice,
    /// The performances before this one.
    pub tries: tries::Tries,
    /// What was seen of missed deadlines.
    pub misses: status::Misses,
    /// What is told of what was asked for.
    pub notice: status::Notice,
    /// The computer's keys, where they are a piano.
    pub keys: console::Keys,
    /// The path of a model as typed so far.
    pub path: String,
    /// The folder of models as typed so far.
    pub folder: String,
    /// What this user set for every window.
    pub prefs: Prefs,
    /// Whether a file is held over the window.
    pub dropping: bool,
}

/// Draws the whole editor into `ui`.
pub fn ui(
    ui: &mut Ui,
    view: &View,
    params: &AnacrusisParams,
    setter: &ParamSetter,
    memory: &mut Memory,
) -> Actions {
    let palette = theme::palette(ui);
    let bar = Frame::NONE.fill(palette.background).inner_margin(Margin::symmetric(12, 6));
    let mut actions = Actions::default();
    Panel::top("header").frame(bar).show(ui, |ui| {
        header::show(ui, view, params, setter, memory, &mut actions);
    });
    if let Some(console) = &view.console {
        let line = Frame::NONE.fill(palette.background);
        let line = line.inner_margin(Margin { left: 12, right: 12, top: 6, bottom: 0 });
        Panel::top("console").frame(line).show_separator_line(false).show(ui, |ui| {
            let bars = memory.lens.bars;
            console::show(ui, console, bars, &mut memory.keys, &mut actions);
        });
    }
    Panel::bottom("footer").frame(bar).show(ui, |ui| {
        status::show(ui, view, params, (&mut memory.misses, &mut memory.notice));
    });
    let modes = Frame::NONE.fill(palette.background);
    let modes = modes.inner_margin(Margin { left: 12, right: 12, top: 6, bottom: 4 });
    Panel::top("modes").frame(modes).show_separator_line(false).show(ui, |ui| {
        modes::show(ui, view, params, setter);
    });
    let side = Frame::NONE.fill(palette.background);
    let side = side.inner_margin(Margin { left: 0, right: 8, top: 0, bottom: 6 });
    let controls = Panel::right("controls").frame(side).resizable(false);
    controls.exact_size(CONTROLS_WIDTH).show_separator_line(false).show(ui, |ui| {
        let inside = Frame::NONE.fill(palette.panel).inner_margin(10).corner_radius(8);
        inside.show(ui, |ui| panel::show(ui, view, params, setter, memory, &mut actions));
    });
    let middle = Frame::NONE.fill(palette.background);
    let middle = middle.inner_margin(Margin { left: 12, right: 10, top: 2, bottom: 6 });
    CentralPanel::default().frame(middle).show(ui, |ui| match memory.page {
        Page::Roll => {
            let ahead = steps_ahead(&view.roll, params, &memory.prefs);
            ui.with_layout(Layout::bottom_up(Align::Min), |ui| {
                below_roll(ui, view, &mut memory.lens, &mut actions);
                ui.with_layout(Layout::top_down(Align::Min), |ui| {
                    let roll = &mut memory.lens;
                    let drawn = roll::show(ui, &view.roll, view.ear.key, ahead, roll);
                    advice::show(ui, drawn.rect, view, params, setter);
                });
            });
        }
        Page::Models => {
            back(ui, &mut memory.page);
            browser::show(ui, view, &params.model_choice(), memory, &mut actions);
        }
        Page::Setup => {
            back(ui, &mut memory.page);
            setup::show(ui, &mut memory.prefs, Routing::of_this_program());
        }
    });
    presets::save(ui, &view.presets, &mut memory.preset, &mut actions);
    if memory.dropping {
        drop_here(ui);
    }
    actions
}

/// The way back to the roll.
fn back(ui: &mut Ui, page: &mut Page) {
    let (name, hint) = text::BACK;
    if ui.button(name).on_hover_text(hint).clicked() {
        *page = Page::Roll;
    }
    ui.add_space(4.0);
}

/// Steps for which there is room after the now-line: what the look-ahead decides, and a bar if it is
/// shown how the music would go on.
fn steps_ahead(roll: &Roll, params: &AnacrusisParams, prefs: &Prefs) -> f64 {
    let lookahead = Lookahead::from(params.lookahead.value()).steps();
    let bar = if roll.bar_steps == 0 { STEPS_PER_BAR.into() } else { roll.bar_steps };
    if prefs.preview { lookahead.max(bar.into()) } else { lookahead }
}

/// Says over all else what becomes of a file that is held over the window.
fn drop_here(ui: &mut Ui) {
    let palette = theme::palette(ui);
    let area = Area::new(Id::unique("drop here")).order(Order::Foreground);
    area.fixed_pos(Pos2::ZERO).interactable(false).show(ui.ctx(), |ui| {
        let screen = ui.ctx().content_rect();
        ui.painter().rect_filled(screen, 0.0, palette.background.gamma_multiply(0.8));
        let words = RichText::new(text::DROP_HERE).size(20.0).color(palette.text);
        ui.put(screen, Label::new(words));
    });
}

/// What is done with bars, and what moves the roll.
fn below_roll(ui: &mut Ui, view: &View, lens: &mut Lens, actions: &mut Actions) {
    ui.horizontal(|ui| {
        ui.set_height(28.0);
        take::strip(ui, view, &mut lens.bars, actions);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button(text::ZOOM_IN.0).on_hover_text(text::ZOOM_IN.1).clicked() {
                lens.zoom(1.25);
            }
            if ui.button(text::ZOOM_OUT.0).on_hover_text(text::ZOOM_OUT.1).clicked() {
                lens.zoom(0.8);
            }
            ui.toggle_value(&mut lens.all_keys, text::ALL_KEYS.0).on_hover_text(text::ALL_KEYS.1);
            let moved = lens.anchor.is_some();
            let follow = egui::Button::new(text::FOLLOW.0);
            if ui.add_enabled(moved, follow).on_hover_text(text::FOLLOW.1).clicked() {
                lens.anchor = None;
            }
        });
    });
}
