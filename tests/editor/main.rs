//! Draws the editor without a window or a host, and uses it as a user would.

mod controls;
mod models;
mod presets;
mod roll;
mod support;
mod take;

use anacrusis::editor::{Activity, Line, Page, Tab, text};
use egui::Role;
use egui_kittest::kittest::Queryable;

use support::{Desk, column, harness, playing, tab};

#[test]
fn every_tab_lies_inside_the_window_and_beside_the_roll() {
    let harness = harness(Desk::default());
    let panel = harness.get_by_label_contains("Piano roll").rect().right();
    let window = harness.ctx.content_rect().right();
    for (_, name) in Tab::ALL {
        let tab = harness.get_by_label(name).rect();
        assert!(tab.left() >= panel && tab.right() <= window, "{name}: {tab}, {panel} to {window}");
    }
}

#[test]
fn a_stopped_editor_names_everything_it_shows() {
    let mut harness = harness(Desk::default());
    harness.get_by_label(text::PANIC);
    harness.get_by_label("Stopped");
    harness.get_by_label_contains("Tiny");
    harness.get_by_label_contains("Piano roll: 0 notes sound now");
    for name in ["Mode", "Rate", "Lookahead"] {
        harness.get_by_role_and_label(Role::ComboBox, name);
    }
    for name in ["Room", "Double", "Sustain", "Start with me", "Stop with me"] {
        harness.get_by_role_and_label(Role::CheckBox, name);
    }
    tab(&mut harness, Tab::Shape);
    for name in ["Temperature", "Density", "Truncation", "Lowest note", "Transpose", "Most notes"] {
        harness.get_by_role_and_label(Role::Slider, name);
    }
    tab(&mut harness, Tab::Touch);
    for name in ["Velocity", "Dynamics", "Accent", "Humanise", "Gate", "Channel"] {
        harness.get_by_role_and_label(Role::Slider, name);
    }
    for name in ["Split", "Thru", "Audition", "Bypass"] {
        harness.get_by_role_and_label(Role::CheckBox, name);
    }
    tab(&mut harness, Tab::Groove);
    for name in ["Swing", "Lay back", "Timing", "Groove"] {
        harness.get_by_role_and_label(Role::Slider, name);
    }
    harness.get_by_role_and_label(Role::ComboBox, "Swing of");
    tab(&mut harness, Tab::Take);
    harness.get_by_role_and_label(Role::Slider, "Seed");
    harness.get_by_role_and_label(Role::ComboBox, "Replay");
    harness.get_by_role_and_label(Role::CheckBox, "Wait for notes");
}

#[test]
fn every_parameter_explains_itself() {
    use nih_plug::prelude::Params;
    let params = anacrusis::params::AnacrusisParams::default();
    for (id, parameter, _) in params.param_map() {
        // SAFETY: the parameters outlive the loop.
        let name = unsafe { parameter.name() };
        assert!(text::hint(name).is_some(), "{id} ({name}) has no hint in src/editor/text.rs");
    }
}

#[test]
fn a_problem_is_shown_while_the_model_plays_on() {
    let mut view = playing();
    view.model.problem = Some("\"/tmp/x\" is no usable model: cut off".to_owned());
    view.activity = Activity::Silent(text::NO_TEMPO.to_owned());
    let harness = harness(Desk { view, ..Desk::default() });
    harness.get_by_label("\"/tmp/x\" is no usable model: cut off");
    harness.get_by_label(text::NO_TEMPO);
    harness.get_by_label_contains("Tiny");
}

#[test]
fn the_worker_says_what_it_is_at() {
    let mut view = playing();
    view.model.instructions = "AVX2";
    let words = |view: &anacrusis::editor::View| text::worker(view);
    assert_eq!(words(&view), "thinking (AVX2)");
    let shown = harness(Desk { view: view.clone(), ..Desk::default() });
    shown.get_by_label("thinking (AVX2)");
    view.activity = Activity::Stopped;
    assert_eq!(words(&view), "at rest (AVX2)");
    view.model.loading = true;
    assert_eq!(words(&view), "opening a model (AVX2)");
    view.figures.faults = 2;
    assert_eq!(words(&view), "2 errors, going on (AVX2)");
}

#[test]
fn panic_asks_for_panic_once() {
    let mut harness = harness(Desk::default());
    assert!(!harness.state().panicked());
    harness.get_by_label(text::PANIC).click();
    harness.run();
    assert!(harness.state().panicked());
    harness.state_mut().actions.clear();
    harness.run();
    assert!(!harness.state().panicked());
}

#[test]
fn the_smallest_window_draws_with_all_its_controls() {
    let mut view = playing();
    view.roll.now = Some(column([60], Line::Bar));
    let mut harness = harness(Desk { view, ..Desk::default() });
    let [width, height] = anacrusis::editor::SIZE_MIN;
    harness.set_size(egui::vec2(width, height));
    harness.run();
    let footer = harness.get_by_label(text::MISSED.0).rect().top();
    for (which, last) in
        [(Tab::Play, "Follow"), (Tab::Shape, "Most onsets"), (Tab::Touch, "Audition level")]
    {
        tab(&mut harness, which);
        let last = harness.get_by_role_and_label(Role::Slider, last).rect();
        assert!(last.bottom() < footer && last.right() < width, "{last:?} above {footer}");
    }
    let roll = harness.get_by_label_contains("Piano roll").rect();
    assert!(roll.width() > 400.0 && roll.height() > 250.0, "{roll:?}");
    for button in [text::KEEP_BARS.0, text::UNDO.0] {
        let rect = harness.get_by_label(button).rect();
        assert!(rect.right() < roll.right(), "{button}: {rect:?}");
    }
}

#[test]
fn theme_and_size_are_set_on_their_page_with_the_steps_for_every_host() {
    let mut harness = harness(Desk::default());
    harness.get_by_label(text::PAGE_SETUP.0).click();
    harness.run();
    assert_eq!(harness.state().memory.page, Page::Setup);
    for host in ["Reaper", "Bitwig Studio", "Ardour", "Live", "Standalone"] {
        harness.get_by_label(host);
    }
    assert!(harness.ctx.style_of(harness.ctx.theme()).visuals.dark_mode);
    harness.get_by_label(text::THEME_LIGHT).click();
    harness.run();
    harness.run();
    assert!(!harness.ctx.style_of(harness.ctx.theme()).visuals.dark_mode);
    harness.get_by_role_and_label(Role::Slider, text::SIZE);
    harness.get_by_label(text::PAGE_ROLL.0).click();
    harness.run();
    harness.get_by_label_contains("Piano roll");
}
