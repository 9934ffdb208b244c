//! The parameters' sliders, boxes and choices.

use anacrusis::editor::{Tab, text};
use anacrusis::params::{LookaheadChoice, ModelSource};
use egui::{Modifiers, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use nih_plug::prelude::Param;

use crate::support::{Change, Desk, harness, tab};

fn shape() -> Harness<'static, Desk> {
    let mut harness = harness(Desk::default());
    tab(&mut harness, Tab::Shape);
    harness
}

#[test]
fn a_slider_changes_its_parameter_in_one_gesture() {
    let mut harness = shape();
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
fn a_drag_with_shift_moves_finely() {
    let dragged = |modifiers: Modifiers| {
        let mut harness = shape();
        let slider = harness.get_by_role_and_label(Role::Slider, "Temperature");
        let from = slider.rect().center();
        harness.drag_at(from);
        harness.run();
        let begun = harness.state().params.temperature.value();
        harness.event(egui::Event::ModifiersChanged(modifiers));
        for step in 1..=10 {
            harness.hover_at(from + egui::vec2(2.0 * step as f32, 0.0));
            harness.run();
        }
        (harness.state().params.temperature.value() - begun).abs()
    };
    let (coarse, fine) = (dragged(Modifiers::NONE), dragged(Modifiers::SHIFT));
    assert!(fine > 0.0 && fine < coarse / 5.0, "{fine} against {coarse}");
}

#[test]
fn a_double_click_gives_the_default() {
    let mut harness = shape();
    // The harness takes a quarter of a second for every event.
    harness.ctx.options_mut(|options| options.input_options.max_double_click_delay = 0.9);
    let slider = harness.get_by_role_and_label(Role::Slider, "Density");
    let at = slider.rect().left_center() + egui::vec2(20.0, 0.0);
    for _ in 0..2 {
        harness.drag_at(at);
        harness.drop_at(at);
        harness.step();
    }
    harness.run();
    assert_eq!(harness.state().params.density.value(), 1.0);
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

#[test]
fn a_choice_changes_its_parameter() {
    let mut harness = harness(Desk::default());
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
    tab(&mut harness, Tab::Take);
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
