//! The parameters' sliders, boxes and choices.

use anacrusis::editor::{Group, Part, TakeAction, text};
use anacrusis::params::{LookaheadChoice, ModeChoice, ModelSource};
use egui::{Modifiers, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use nih_plug::prelude::Param;

use crate::support::{Change, Desk, desk_with_bars, group, harness};

/// A parameter's value.
type Value = fn(&Desk) -> f32;

fn touch() -> Harness<'static, Desk> {
    let mut harness = harness(Desk::default());
    group(&mut harness, Group::Touch);
    harness
}

#[test]
fn a_slider_changes_its_parameter_in_one_gesture() {
    let mut harness = touch();
    let slider = harness.get_by_role_and_label(Role::Slider, "Gate");
    let (from, to) = (slider.rect().center(), slider.rect().left_center());
    drag(&mut harness, from, to);
    let desk = harness.state();
    let now = desk.params.gate.value();
    assert!(now < 0.1, "dragged to the left end, the gate is {now}");
    one_gesture(desk, "gate");
}

#[test]
fn a_knob_changes_its_parameter_in_one_gesture() {
    for sideways in [true, false] {
        let mut harness = harness(Desk::default());
        let at = harness.get_by_role_and_label(Role::Slider, "Wild").rect().center();
        let by = if sideways { egui::vec2(200.0, 0.0) } else { egui::vec2(0.0, -200.0) };
        drag(&mut harness, at, at + by);
        let desk = harness.state();
        assert_eq!(desk.params.temperature.value(), 2.0, "sideways: {sideways}");
        one_gesture(desk, "temperature");
    }
}

/// Drags in two steps.
fn drag(harness: &mut Harness<'_, Desk>, from: egui::Pos2, to: egui::Pos2) {
    harness.drag_at(from);
    harness.run();
    harness.hover_at(from + (to - from) / 2.0);
    harness.run();
    harness.hover_at(to);
    harness.run();
    harness.drop_at(to);
    harness.run();
}

/// The host was told of one gesture of one parameter, and of changes within it.
fn one_gesture(desk: &Desk, id: &str) {
    let changes = desk.changes();
    let [Change::Begin(begun), within @ .., Change::End(ended)] = &*changes else {
        panic!("no gesture: {changes:?}");
    };
    assert_eq!((&**begun, &**ended), (id, id));
    let set = |change: &Change| matches!(change, Change::Set(of, _) if of == id);
    assert!(!within.is_empty() && within.iter().all(set), "{changes:?}");
}

#[test]
fn a_drag_with_shift_moves_finely() {
    let dragged = |modifiers: Modifiers, name: &str, value: fn(&Desk) -> f32| {
        let mut harness = if name == "Gate" { touch() } else { harness(Desk::default()) };
        let from = harness.get_by_role_and_label(Role::Slider, name).rect().center();
        harness.drag_at(from);
        harness.run();
        let begun = value(harness.state());
        harness.event(egui::Event::ModifiersChanged(modifiers));
        for step in 1..=10 {
            harness.hover_at(from - egui::vec2(2.0 * step as f32, 0.0));
            harness.run();
        }
        (value(harness.state()) - begun).abs()
    };
    let values: [(&str, Value); 2] = [
        ("Gate", |desk| desk.params.gate.value()),
        ("Wild", |desk| desk.params.temperature.value()),
    ];
    for (name, value) in values {
        let dragged = |modifiers| dragged(modifiers, name, value);
        let (coarse, fine) = (dragged(Modifiers::NONE), dragged(Modifiers::SHIFT));
        assert!(fine > 0.0 && fine < coarse / 5.0, "{name}: {fine} against {coarse}");
    }
}

#[test]
fn a_double_click_gives_the_default() {
    let values: [(&str, Value, f32); 2] = [
        ("Gate", |desk| desk.params.gate.value(), 1.0),
        ("Busy", |desk| desk.params.density.value(), 1.0),
    ];
    for (name, value, default) in values {
        let mut harness = if name == "Gate" { touch() } else { harness(Desk::default()) };
        // The harness takes a quarter of a second for every event.
        harness.ctx.options_mut(|options| options.input_options.max_double_click_delay = 0.9);
        let at = harness.get_by_role_and_label(Role::Slider, name).rect().left_center();
        // Beside the value, which a click lets one type.
        let at = at + egui::vec2(10.0, 0.0);
        drag(&mut harness, at, at - egui::vec2(15.0, 0.0));
        assert_ne!(value(harness.state()), default, "{name} was moved");
        for _ in 0..2 {
            harness.drag_at(at);
            harness.drop_at(at);
            harness.step();
        }
        harness.run();
        assert_eq!(value(harness.state()), default, "{name}");
        let changes = harness.state().changes();
        let count = |begin: bool| {
            let is = |change: &&Change| match change {
                Change::Begin(_) => begin,
                Change::End(_) => !begin,
                Change::Set(..) => false,
            };
            changes.iter().filter(is).count()
        };
        assert_eq!(count(true), count(false), "every gesture ends: {changes:?}");
    }
}

#[test]
fn a_knob_is_turned_and_typed_with_the_keyboard() {
    let mut harness = harness(Desk::default());
    harness.get_by_role_and_label(Role::Slider, "Register").focus();
    harness.run();
    harness.key_press(egui::Key::ArrowUp);
    harness.run();
    assert_eq!(harness.state().params.register.value(), 1, "a step at least");
    harness.key_press(egui::Key::Enter);
    harness.run();
    // What is typed takes the value's place.
    harness.event(egui::Event::Text("-12".to_owned()));
    harness.run();
    harness.key_press(egui::Key::Enter);
    harness.run();
    assert_eq!(harness.state().params.register.value(), -12);
    assert!(harness.query_by_role(Role::TextInput).is_none(), "the field is gone");
}

#[test]
fn a_typed_value_counts_unless_it_is_taken_back() {
    for (escaped, value) in [(false, 7), (true, 0)] {
        let mut harness = harness(Desk::default());
        harness.get_by_role_and_label(Role::Slider, "Register").focus();
        harness.run();
        harness.key_press(egui::Key::Enter);
        harness.run();
        harness.event(egui::Event::Text("7".to_owned()));
        harness.run();
        if escaped {
            harness.key_press(egui::Key::Escape);
        } else {
            harness.get_by_label(text::PANIC).click();
        }
        harness.run();
        assert_eq!(harness.state().params.register.value(), value);
    }
}

#[test]
fn a_click_beside_the_value_gives_a_knob_the_arrows() {
    let mut harness = harness(Desk::default());
    let knob = harness.get_by_role_and_label(Role::Slider, "Register").rect();
    let at = knob.center_bottom() - egui::vec2(0.0, 8.0);
    harness.drag_at(at);
    harness.drop_at(at);
    for _ in 0..8 {
        harness.run();
    }
    assert!(harness.query_by_role(Role::TextInput).is_none());
    harness.key_press(egui::Key::ArrowUp);
    harness.run();
    assert_eq!(harness.state().params.register.value(), 1);
}

#[test]
fn answer_now_goes_out_when_the_answer_has_come() {
    let mut harness = harness(Desk { view: crate::support::playing(), ..Desk::default() });
    harness.get_by_role_and_label(Role::RadioButton, "Answer").click();
    harness.run();
    harness.get_by_role_and_label(Role::CheckBox, "Answer now").click();
    harness.run();
    assert!(harness.state().params.answer_now.value(), "until it has come");
    harness.state_mut().view.ear.answering = true;
    harness.run();
    assert!(!harness.state().params.answer_now.value());
}

#[test]
fn the_mode_is_one_of_three_large_buttons() {
    let mut harness = harness(Desk::default());
    for (name, mode) in [
        ("Accompany", ModeChoice::Accompany),
        ("Answer", ModeChoice::Answer),
        ("Solo", ModeChoice::Solo),
    ] {
        let answers = |harness: &Harness<'_, Desk>| {
            harness.query_by_role_and_label(Role::CheckBox, "Answer now").is_some()
        };
        harness.get_by_role_and_label(Role::RadioButton, name).click();
        harness.run();
        assert_eq!(harness.state().params.mode.value(), mode);
        assert_eq!(answers(&harness), mode == ModeChoice::Answer, "{name}");
    }
    harness.get_by_role_and_label(Role::CheckBox, "Start with me").click();
    harness.run();
    assert!(harness.state().params.start_with_me.value());
}

#[test]
fn a_choice_changes_its_parameter() {
    let mut harness = harness(Desk::default());
    group(&mut harness, Group::Advanced);
    harness.get_by_role_and_label(Role::ComboBox, "Lookahead").click();
    harness.run();
    harness.get_by_label("4 steps").click();
    harness.run();
    assert_eq!(harness.state().params.lookahead.value(), LookaheadChoice::Four);
    assert_eq!(harness.state().params.model.value(), ModelSource::Songs);
}

#[test]
fn another_seed_is_another_one() {
    let mut harness = harness(Desk::default());
    let mut seeds = vec![harness.state().params.seed.value()];
    for _ in 0..3 {
        harness.get_by_label(text::NEW_SEED.0).click();
        harness.run();
        let seed = harness.state().params.seed.value();
        assert!(!seeds.contains(&seed));
        seeds.push(seed);
    }
}

#[test]
fn the_last_performances_are_gone_back_to_and_kept() {
    let mut harness = harness(desk_with_bars(6));
    let first = harness.state().params.seed.value();
    harness.get_by_label(text::NEW_SEED.0).click();
    harness.run();
    let open = |harness: &mut Harness<'_, Desk>| {
        harness.get_by_label(text::TRIES.0).click();
        harness.run();
        harness.run();
    };
    open(&mut harness);
    harness.get_by_label(&text::try_name(text::TRY_KEEP.0, 0)).click();
    harness.run();
    let kept = harness.state().actions.iter().find_map(|actions| actions.take);
    assert_eq!(kept, Some(TakeAction::Keep(Part::Entries(0, 24))), "six bars of four steps");
    harness.get_by_label(&text::try_name(text::TRY_BACK.0, 0)).click();
    harness.run();
    assert_ne!(harness.state().params.seed.value(), first, "its bars, and not its seed");
    assert_eq!(harness.state().memory.lens.bars, Some((1, 6)));
    let back = harness.state().actions.iter().rev().find_map(|actions| actions.take);
    assert_eq!(back, Some(TakeAction::Back(0, 24)));
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
