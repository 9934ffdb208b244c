//! The line at the bottom: whether all is well, and words where it is not.

use egui::{Align, Color32, Label, Layout, RichText, Sense, Ui, vec2};
use nih_plug::prelude::Param;

use super::view::{Activity, View};
use super::{roll, text, theme};
use crate::jam::controls::Mode;
use crate::jam::room;
use crate::params::AnacrusisParams;

/// Seconds for which a missed deadline is told after the last one, and what became of what was asked
/// for.
const MESSAGE_SECONDS: f64 = 8.0;

/// There is a legend where so much room is left for it and the words, in points.
const LEGEND_FROM: f32 = 560.0;

/// What was seen of missed deadlines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Misses {
    count: u64,
    /// When the last one was seen, in the window's own time.
    at: Option<f64>,
}

/// What became of what was asked for, and since when that is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notice {
    words: Option<String>,
    since: f64,
}

impl Notice {
    /// Takes note of what there is to tell; whether it is still told.
    fn told(&mut self, words: Option<&String>, now: f64) -> bool {
        if self.words.as_ref() != words {
            *self = Notice { words: words.cloned(), since: now };
        }
        words.is_some() && now - self.since < MESSAGE_SECONDS
    }
}

impl Misses {
    /// Takes note of how many there were by now; whether that is to be told.
    fn told(&mut self, count: u64, now: f64) -> bool {
        if count > self.count {
            self.at = Some(now);
        }
        self.count = count;
        self.at.is_some_and(|at| now - at < MESSAGE_SECONDS)
    }
}

/// How things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// All is well.
    Well(String),
    /// At rest.
    Rest(String),
    /// Something wants attention.
    Amiss(String),
}

/// Draws it.
pub fn show(
    ui: &mut Ui,
    view: &View,
    params: &AnacrusisParams,
    (misses, notice): (&mut Misses, &mut Notice),
) {
    let now = ui.input(|input| input.time);
    let newest = view.take.notice.as_ref().or(view.presets.notice.as_ref());
    let told = notice.told(newest, now);
    if told {
        ui.ctx().request_repaint_after_secs((notice.since + MESSAGE_SECONDS - now) as f32);
    }
    let missed = misses.told(view.figures.missed, now);
    let state = state(view, params, missed);
    let palette = theme::palette(ui);
    let (words, dot, colour) = match &state {
        State::Well(words) => (words, palette.accent, palette.text),
        State::Rest(words) => (words, palette.text_dim, palette.text),
        State::Amiss(words) => (words, palette.warn, palette.warn),
    };
    ui.horizontal(|ui| {
        // As high with words as without, whatever they are.
        ui.set_height(26.0);
        point(ui, dot);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let dim = |words: String| RichText::new(words).color(palette.text_dim);
            let length = ui.label(dim(text::take_length(&view.take, view.roll.bar_steps)));
            length.on_hover_text(text::TAKE_LENGTH);
            let notice = newest.filter(|_| told).or(view.take.problem.as_ref());
            let amiss = matches!(state, State::Amiss(_));
            if notice.is_none() && !amiss && ui.available_width() > LEGEND_FROM {
                roll::legend(ui);
            }
            if let Some(notice) = notice.map(|notice| text::line(notice)) {
                let width = (ui.available_width() * 0.5).max(60.0);
                ui.allocate_ui_with_layout(
                    vec2(width, 26.0),
                    Layout::right_to_left(Align::Center),
                    |ui| {
                        // It has one of its own where it is cut off.
                        ui.add(Label::new(dim(notice)).truncate());
                    },
                );
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let label = Label::new(RichText::new(words).color(colour)).truncate();
                ui.add(label);
            });
        });
    });
}

fn point(ui: &mut Ui, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(12.0, 12.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 5.0, colour);
}

/// How things stand, the worst first.
fn state(view: &View, params: &AnacrusisParams, missed: bool) -> State {
    let problem = view.model.problem.as_deref();
    let newer = params.format.is_newer().then_some(text::NEWER_STATE);
    match &view.activity {
        Activity::Silent(why) => return State::Amiss(text::line(why)),
        Activity::Stopped | Activity::Playing => {}
    }
    if let Some(words) = problem.or(newer) {
        return State::Amiss(text::line(words));
    }
    if view.activity == Activity::Stopped {
        return State::Rest(text::STOPPED.to_owned());
    }
    if params.bypass.unmodulated_plain_value() {
        return State::Rest(text::BYPASSED.to_owned());
    }
    if missed {
        return State::Amiss(text::TOO_LATE.to_owned());
    }
    if leaves_nothing(view, params) {
        return State::Amiss(text::NOTHING_MAY_SOUND.to_owned());
    }
    let mode = params.mode.unmodulated_plain_value();
    match view.ear.waits {
        true => State::Rest(text::WAITS.to_owned()),
        false => State::Well(text::playing(mode, &view.ear)),
    }
}

/// Whether range, scale and *Room* bar every key.
fn leaves_nothing(view: &View, params: &AnacrusisParams) -> bool {
    let controls = params.controls();
    let rules = controls.rules(view.ear.key);
    let left =
        |barred: u128| rules.allowed & view.roll.keys.mask() & controls.network_mask(!barred);
    let barred = match controls.room && controls.mode == Mode::Accompany {
        true => room::barred(view.roll.held, left),
        false => 0,
    };
    left(barred) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_wish_is_told_for_a_while() {
        let mut notice = Notice::default();
        let (one, other) = ("Kept".to_owned(), "Saved".to_owned());
        assert!(!notice.told(None, 0.0));
        assert!(notice.told(Some(&one), 5.0) && notice.told(Some(&one), 12.0));
        assert!(!notice.told(Some(&one), 14.0));
        assert!(notice.told(Some(&other), 20.0), "another one");
    }

    #[test]
    fn a_missed_deadline_is_told_for_a_while_and_no_longer() {
        let mut misses = Misses::default();
        assert!(!misses.told(0, 0.0));
        assert!(misses.told(2, 1.0) && misses.told(2, 8.0));
        assert!(!misses.told(2, 10.0));
        assert!(misses.told(3, 11.0));
        // Playback began anew: counts begin at zero again.
        assert!(!misses.told(0, 30.0) && misses.told(1, 31.0));
    }
}
