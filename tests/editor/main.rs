//! Draws the editor without a window or a host, and uses it as a user would.

mod support;

use anacrusis::editor::{Activity, Line, TakeAction, text, theme};
use anacrusis::params::{LookaheadChoice, ModelSource};
use egui::Role;
use egui_kittest::kittest::Queryable;
use nih_plug::prelude::Param;

use support::{Change, Desk, column, fills, harness, outlines, playing};

#[test]
fn a_stopped_editor_names_everything_it_shows() {
    let harness = harness(Desk::default());
    harness.get_by_label(text::PANIC);
    harness.get_by_label("Stopped");
    harness.get_by_label_contains("Tiny");
    harness.get_by_label_contains("Piano roll: 0 notes sound now");
    for name in ["Temperature", "Density", "Truncation", "Seed", "Channel", "Velocity"] {
        harness.get_by_role_and_label(Role::Slider, name);
    }
    for name in ["Model", "Rate", "Lookahead"] {
        harness.get_by_role_and_label(Role::ComboBox, name);
    }
    harness.get_by_role_and_label(Role::CheckBox, "Wait for notes");
    harness.get_by_role_and_label(Role::TextInput, text::MODEL_FILE);
}

#[test]
fn a_playing_editor_tells_past_present_and_future_apart() {
    let mut view = playing();
    view.roll.past = vec![column([60, 64], Line::Bar), column([60], Line::Step)];
    view.roll.now = Some(column([48, 67, 71], Line::Beat));
    view.roll.ahead = vec![column([50, 69], Line::Step)];
    let harness = harness(Desk { view, ..Desk::default() });
    harness.get_by_label("Playing");
    harness.get_by_label("Piano roll: 3 notes sound now, 1 step is decided ahead");
    // One sample of each in the legend; a sounding key is lit on the keyboard too.
    assert_eq!(fills(&harness, theme::PAST), 3 + 1);
    assert_eq!(fills(&harness, theme::NOW), 3 + 3 + 1);
    assert_eq!(outlines(&harness, theme::AHEAD), 2 + 1);
}

#[test]
fn a_missed_chord_is_drawn_as_one() {
    let mut view = playing();
    view.roll.past = vec![column([60, 64], Line::Bar)];
    view.roll.past[0].missed = true;
    view.figures.missed = 1;
    let harness = harness(Desk { view, ..Desk::default() });
    assert_eq!(outlines(&harness, theme::WARN), 2);
    harness.get_by_label(text::MISSED);
    harness.get_by_label("1");
}

#[test]
fn notes_outside_the_models_keys_are_left_out() {
    let mut view = playing();
    view.roll.now = Some(column([0, 23, 24, 101, 102, 127], Line::Step));
    let harness = harness(Desk { view, ..Desk::default() });
    assert_eq!(fills(&harness, theme::NOW), 2 + 2 + 1);
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
fn a_slider_changes_its_parameter_in_one_gesture() {
    let mut harness = harness(Desk::default());
    let slider = harness.get_by_role_and_label(Role::Slider, "Temperature");
    let (from, to) = (slider.rect().center(), slider.rect().right_center());
    harness.drag_at(from);
    harness.run();
    harness.hover_at(to);
    harness.run();
    harness.drop_at(to);
    harness.run();
    let desk = harness.state();
    let now = desk.params.temperature.value();
    assert!(now > 1.9, "dragged to the right end, temperature is {now}");
    let changes = desk.changes();
    assert_eq!(changes.first(), Some(&Change::Begin("temperature".to_owned())));
    assert_eq!(changes.last(), Some(&Change::End("temperature".to_owned())));
    let ends = changes.iter().filter(|change| matches!(change, Change::End(_))).count();
    assert_eq!(ends, 1, "{changes:?}");
}

#[test]
fn a_choice_changes_its_parameter() {
    let mut harness = harness(Desk::default());
    harness.get_by_role_and_label(Role::ComboBox, "Lookahead").click();
    harness.run();
    harness.get_by_label("4 steps").click();
    harness.run();
    assert_eq!(harness.state().params.lookahead.value(), LookaheadChoice::Four);
    assert_eq!(harness.state().params.model.value(), ModelSource::Classical);
}

/// Clicks a button of the take; what the editor then asks for.
fn asked(
    harness: &mut egui_kittest::Harness<'_, Desk>,
    button: (&str, &str),
) -> Option<TakeAction> {
    harness.state_mut().actions.clear();
    harness.get_by_role_and_label(Role::Button, button.0).click();
    harness.run();
    harness.state().actions.iter().find_map(|actions| actions.take)
}

/// An editor whose take group is open, tall enough that nothing need be scrolled to.
fn take_desk(can_undo: bool, bars: Option<(i64, i64)>) -> egui_kittest::Harness<'static, Desk> {
    let mut view = playing();
    (view.take.steps, view.take.bar, view.take.can_undo) = (40, 3, can_undo);
    view.take.notice = Some("Kept as /music/take-0001.mid".to_owned());
    let mut desk = Desk { view, ..Desk::default() };
    desk.memory.bars = bars;
    let mut harness = harness(desk);
    harness.set_size(egui::vec2(860.0, 900.0));
    harness.run();
    harness.get_by_label(text::GROUP_TAKE).click();
    harness.run();
    harness
}

#[test]
fn bars_of_the_take_are_locked_played_again_and_kept() {
    let mut harness = take_desk(false, None);
    harness.get_by_label("2.5 bars of 16 steps");
    harness.get_by_label("Kept as /music/take-0001.mid");
    harness.get_by_role_and_label(Role::ComboBox, "Replay");
    // The bar that is played, as long as no other is named.
    assert_eq!(asked(&mut harness, text::LOCK), Some(TakeAction::Lock(3, 3)));
    assert_eq!(asked(&mut harness, text::UNLOCK), Some(TakeAction::Unlock(3, 3)));
    assert_eq!(asked(&mut harness, text::AGAIN), Some(TakeAction::Again(3, 3)));
    assert_eq!(asked(&mut harness, text::KEEP), Some(TakeAction::Keep(None)));
    assert_eq!(asked(&mut harness, text::KEEP_LAST), Some(TakeAction::Keep(Some(8))));
    assert_eq!(asked(&mut harness, text::UNDO), None, "there is nothing to undo");
    let mut harness = take_desk(true, Some((7, 5)));
    assert_eq!(asked(&mut harness, text::UNDO), Some(TakeAction::Undo));
    assert_eq!(asked(&mut harness, text::LOCK), Some(TakeAction::Lock(5, 7)), "either way round");
}

#[test]
fn a_path_is_opened_by_the_button_and_by_enter() {
    let mut harness = harness(Desk::default());
    let open = |harness: &egui_kittest::Harness<'_, Desk>| {
        harness.state().actions.iter().find_map(|actions| actions.open.clone())
    };
    harness.get_by_label(text::OPEN).click();
    harness.run();
    assert_eq!(open(&harness), None, "there is nothing to open yet");
    harness.get_by_role_and_label(Role::TextInput, text::MODEL_FILE).click();
    harness.run();
    harness.get_by_role_and_label(Role::TextInput, text::MODEL_FILE).type_text(" /m.safetensors ");
    harness.run();
    harness.get_by_label(text::OPEN).click();
    harness.run();
    assert_eq!(open(&harness).as_deref(), Some("/m.safetensors"));
    harness.state_mut().actions.clear();
    harness.get_by_role_and_label(Role::TextInput, text::MODEL_FILE).click();
    harness.run();
    harness.key_press(egui::Key::Enter);
    harness.run();
    assert_eq!(open(&harness).as_deref(), Some("/m.safetensors"));
}

#[test]
fn text_and_values_convert_both_ways() {
    let params = anacrusis::params::AnacrusisParams::default();
    let truncation = &params.truncation;
    let shown = truncation.normalized_value_to_string(truncation.default_normalized_value(), true);
    assert_eq!(shown, "2.0 %");
    let back = truncation.string_to_normalized_value("2.0 %").map(|n| truncation.preview_plain(n));
    assert!((back.expect("parses what it shows") - 0.02).abs() < 1e-4);
    let density = &params.density;
    let twice = density.string_to_normalized_value("2.00 x").map(|n| density.preview_plain(n));
    assert!((twice.expect("parses what it shows") - 2.0).abs() < 1e-4);
    assert_eq!(params.lookahead.string_to_normalized_value("1/4 step"), Some(0.0));
}

#[test]
fn the_smallest_window_draws_with_all_its_controls() {
    let mut view = playing();
    view.roll.now = Some(column([60], Line::Bar));
    let mut harness = harness(Desk { view, ..Desk::default() });
    let [width, height] = anacrusis::editor::SIZE_MIN;
    harness.set_size(egui::vec2(width, height));
    harness.run();
    let footer = harness.get_by_label(text::MISSED).rect().top();
    let last = harness.get_by_role_and_label(Role::CheckBox, "Wait for notes").rect();
    assert!(last.bottom() < footer && last.right() < width, "{last:?} above {footer}");
    let open = harness.get_by_label(text::OPEN).rect();
    assert!(open.bottom() < height && open.right() < width, "{open:?}");
}
