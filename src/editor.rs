//! The editor: what plays and what comes next, the parameters, and how the threads keep up.
//!
//! [`ui`] draws plain data ([`View`]) and reports what the user asked for ([`Actions`]); it
//! knows no window and no host, so tests draw it headless. [`window`] puts it into a host.

mod controls;
mod gather;
mod pace;
mod roll_view;
mod status;
mod take;
pub mod text;
pub mod theme;
mod view;
pub mod window;

pub use view::{Actions, Activity, Column, Figures, Line, Model, Roll, Take, TakeAction, View};

use egui::{CentralPanel, Frame, Margin, Panel, RichText, ScrollArea, Ui};
use nih_plug::prelude::ParamSetter;

use crate::jam::controls::Lookahead;
use crate::params::AnacrusisParams;

/// Width and height of a new window in logical points.
pub const SIZE: [f32; 2] = [860.0, 540.0];
/// Least size at which everything can be read.
pub const SIZE_MIN: [f32; 2] = [720.0, 470.0];

const CONTROLS_WIDTH: f32 = 300.0;

/// What the editor remembers between frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The path as typed so far.
    pub path: String,
    /// First and last bar of what is to be done with the take; none yet before they were set.
    pub bars: Option<(i64, i64)>,
}

/// Draws the whole editor into `ui`.
pub fn ui(
    ui: &mut Ui,
    view: &View,
    params: &AnacrusisParams,
    setter: &ParamSetter,
    memory: &mut Memory,
) -> Actions {
    let bar = Frame::NONE.fill(theme::BACKGROUND).inner_margin(Margin::symmetric(12, 8));
    let mut actions = Actions::default();
    Panel::top("header").frame(bar).show(ui, |ui| status::header(ui, view, &mut actions));
    let notice = params.format.is_newer().then_some(text::NEWER_STATE);
    let footer = Panel::bottom("footer")
        .frame(bar)
        .show(ui, |ui| status::footer(ui, view, &mut memory.path, notice));
    actions.open = footer.inner.open;
    let side = Frame::NONE.fill(theme::PANEL).inner_margin(Margin::same(12));
    Panel::right("controls").frame(side).resizable(false).exact_size(CONTROLS_WIDTH).show(
        ui,
        |ui| {
            ScrollArea::vertical().show(ui, |ui| {
                ui.label(RichText::new(text::CONTROLS).strong());
                ui.add_space(2.0);
                controls::show(ui, params, setter);
                actions.take = take::show(ui, &view.take, params, setter, &mut memory.bars);
            });
        },
    );
    let middle = Frame::NONE.fill(theme::BACKGROUND).inner_margin(Margin::symmetric(12, 0));
    CentralPanel::default().frame(middle).show(ui, |ui| {
        roll_view::legend(ui);
        let lookahead = Lookahead::from(params.lookahead.value());
        roll_view::show(ui, &view.roll, lookahead.steps());
    });
    actions
}
