//! The editor: what plays and what comes next, the parameters, the models, and how the threads
//! keep up.
//!
//! [`ui`] draws plain data ([`View`]) and reports what the user asked for ([`Actions`]); it
//! knows no window and no host, so tests draw it headless. [`window`] puts it into a host.

mod browser;
mod controls;
mod gather;
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
mod view;
pub mod window;

pub use panel::Tab;
pub use view::{
    Actions, Activity, Card, Column, Entry, Figures, Library, Line, Model, Part, PresetAction,
    PresetShelf, Question, Roll, Take, TakeAction, View,
};

use egui::{
    Align, Area, CentralPanel, Frame, Id, Label, Layout, Margin, Order, Panel, Pos2, RichText, Ui,
};
use nih_plug::prelude::ParamSetter;

use self::prefs::Prefs;
use self::roll::Lens;
use self::routing::Routing;
use crate::jam::controls::Lookahead;
use crate::params::AnacrusisParams;

/// Width and height of a new window in logical points.
pub const SIZE: [f32; 2] = [960.0, 580.0];
/// Least size at which everything can be read.
pub const SIZE_MIN: [f32; 2] = [800.0, 500.0];

const CONTROLS_WIDTH: f32 = 300.0;

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
    /// Which controls are seen.
    pub tab: Tab,
    /// What of the roll is seen, and which bars are chosen.
    pub lens: Lens,
    /// Which preset was chosen.
    pub preset: presets::Choice,
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
    let bar = Frame::NONE.fill(palette.background).inner_margin(Margin::symmetric(12, 8));
    let mut actions = Actions::default();
    let chosen = params.model_choice();
    Panel::top("header").frame(bar).show(ui, |ui| {
        status::header(ui, view, &chosen, &mut memory.page, &mut actions);
    });
    let notice = params.format.is_newer().then_some(text::NEWER_STATE);
    Panel::bottom("footer").frame(bar).show(ui, |ui| status::footer(ui, view, notice));
    let side = Frame::NONE.fill(palette.panel).inner_margin(Margin::same(12));
    let controls = Panel::right("controls").frame(side).resizable(false);
    controls.exact_size(CONTROLS_WIDTH).show(ui, |ui| {
        panel::show(ui, view, params, setter, memory, &mut actions);
    });
    let middle = Frame::NONE.fill(palette.background);
    let middle = middle.inner_margin(Margin { left: 12, right: 12, top: 6, bottom: 2 });
    CentralPanel::default().frame(middle).show(ui, |ui| match memory.page {
        Page::Roll => {
            take::strip(ui, &view.take, &mut memory.lens.bars, &mut actions);
            let lookahead = Lookahead::from(params.lookahead.value());
            ui.with_layout(Layout::bottom_up(Align::Min), |ui| {
                below_roll(ui, &mut memory.lens);
                ui.with_layout(Layout::top_down(Align::Min), |ui| {
                    roll::show(ui, &view.roll, lookahead.steps(), &mut memory.lens);
                });
            });
        }
        Page::Models => browser::show(ui, view, &chosen, memory, &mut actions),
        Page::Setup => setup::show(ui, &mut memory.prefs, Routing::of_this_program()),
    });
    if memory.dropping {
        drop_here(ui);
    }
    actions
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

/// The legend, and what moves the roll.
fn below_roll(ui: &mut Ui, lens: &mut Lens) {
    ui.horizontal(|ui| {
        roll::legend(ui);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.small_button(text::ZOOM_IN.0).on_hover_text(text::ZOOM_IN.1).clicked() {
                lens.zoom(1.25);
            }
            if ui.small_button(text::ZOOM_OUT.0).on_hover_text(text::ZOOM_OUT.1).clicked() {
                lens.zoom(0.8);
            }
            ui.toggle_value(&mut lens.all_keys, text::ALL_KEYS.0).on_hover_text(text::ALL_KEYS.1);
            let moved = lens.anchor.is_some();
            let follow = egui::Button::new(text::FOLLOW.0).small();
            if ui.add_enabled(moved, follow).on_hover_text(text::FOLLOW.1).clicked() {
                lens.anchor = None;
            }
        });
    });
}
