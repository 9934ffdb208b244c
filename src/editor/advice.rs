//! What a newcomer does next, in one line over the roll; each goes away when it is done.

use egui::{Align2, Area, Frame, Id, Order, Rect, RichText, Ui};
use nih_plug::prelude::{Param, ParamSetter};

use super::controls::set_once;
use super::view::{Activity, View};
use super::{text, theme};
use crate::params::{AnacrusisParams, ModeChoice};

/// After so many steps somebody has heard it, or gone to see why not: eight bars.
const HEARD_STEPS: usize = 128;

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Let the host play.
    PressPlay,
    /// Switch *Audition* on, or route the notes.
    Listen,
    /// Play something.
    Play,
}

impl Advice {
    /// What a musician does next, if there is anything left.
    pub fn of(view: &View, params: &AnacrusisParams) -> Option<Advice> {
        let playing = match view.activity {
            Activity::Playing => true,
            Activity::Stopped => false,
            Activity::Silent(_) => return None,
        };
        let heard = view.ear.hears || view.roll.past.iter().any(|column| !column.heard.is_empty());
        let mode = params.mode.unmodulated_plain_value();
        let audition = params.audition.unmodulated_plain_value();
        match playing {
            false if view.take.steps == 0 => Some(Advice::PressPlay),
            false => None,
            true if mode != ModeChoice::Solo && !heard => Some(Advice::Play),
            true if !audition && view.take.steps < HEARD_STEPS => Some(Advice::Listen),
            true => None,
        }
    }
}

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
