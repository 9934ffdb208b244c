//! Presets in the hand of a host.

use std::sync::Arc;

use anacrusis::editor::{PresetAction, text};
use anacrusis::params::AnacrusisParams;
use anacrusis::params::presets::Preset;
use egui::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use nih_plug::prelude::ParamSetter;

use crate::support::{Change, Desk, harness};

/// What a host was told, gesture by gesture.
fn gestures(desk: &Desk, from: usize) -> Vec<(String, f32)> {
    let changes = desk.changes();
    let gestures = changes[from..].chunks(3).map(|gesture| match gesture {
        [Change::Begin(a), Change::Set(b, value), Change::End(c)] if a == b && b == c => {
            (a.clone(), *value)
        }
        other => panic!("no gesture: {other:?}"),
    });
    gestures.collect()
}

fn apply(preset: &Preset, desk: &Desk) -> Vec<(String, f32)> {
    let before = desk.changes().len();
    assert_eq!(preset.apply(&desk.params, &ParamSetter::new(&*desk.host)), preset.model_file());
    gestures(desk, before)
}

#[test]
fn every_factory_preset_sets_what_differs_and_nothing_else() {
    for preset in Preset::factory() {
        let desk = Desk::default();
        let default = Preset::of(&desk.params, "x").expect("a name");
        let set = apply(preset, &desk);
        let differs = preset.values().iter().zip(default.values()).filter(|(a, b)| a != b);
        let expected: Vec<(String, f32)> =
            differs.map(|(value, _)| (value.id.to_owned(), value.normalized)).collect();
        assert_eq!(set, expected, "{}", preset.name());
        assert!(preset.matches(&desk.params), "{}", preset.name());
        assert!(apply(preset, &desk).is_empty(), "the same again is no change");
    }
}

#[test]
fn a_preset_sounds_the_same_after_any_other() {
    let desk = Desk::default();
    for preset in Preset::factory() {
        for other in Preset::factory() {
            apply(other, &desk);
            apply(preset, &desk);
            let now = Preset::of(&desk.params, preset.name()).expect("a name");
            assert_eq!(now.values(), preset.values(), "{} after {}", preset.name(), other.name());
        }
    }
}

#[test]
fn what_belongs_to_a_place_stays() {
    let desk = Desk::default();
    let setter = ParamSetter::new(&*desk.host);
    setter.set_parameter(&desk.params.seed, 77);
    setter.set_parameter(&desk.params.channel, 5);
    setter.set_parameter(&desk.params.thru, true);
    for preset in Preset::factory() {
        preset.apply(&desk.params, &setter);
    }
    let AnacrusisParams { seed, channel, thru, .. } = &*desk.params;
    assert_eq!((seed.value(), channel.value(), thru.value()), (77, 5, true));
}

#[test]
fn a_preset_of_the_users_own_model_brings_its_path_before_the_choice() {
    let desk = Desk::default();
    let text =
        r#"{"name": "Mine", "values": {"model": "Own file"}, "model_file": "/m.safetensors"}"#;
    let preset = Preset::parse(text.as_bytes()).expect("a preset");
    assert_eq!(apply(&preset, &desk), [("model".to_owned(), 1.0)]);
    assert_eq!(desk.params.model_path.get(), "/m.safetensors");
    let changes = desk.params.model_path.changes();
    apply(&preset, &desk);
    assert_eq!(desk.params.model_path.changes(), changes, "nothing is opened anew");

    // Without a path it leaves the file as it is, also back from another preset.
    apply(&Preset::factory()[0], &desk);
    let nameless = Preset::parse(br#"{"name": "X", "values": {"model": "Own file"}}"#);
    assert_eq!(apply(&nameless.expect("a preset"), &desk), [("model".to_owned(), 1.0)]);
    assert_eq!(desk.params.model_path.get(), "/m.safetensors");
}

#[test]
fn a_host_may_set_the_values_itself() {
    use nih_plug::prelude::Params;
    let params = Arc::new(AnacrusisParams::default());
    let map = params.param_map();
    for preset in Preset::factory() {
        for (id, normalized) in preset.normalized() {
            let (_, pointer, _) = map.iter().find(|(known, ..)| known == id).expect("a parameter");
            // SAFETY: the pointer is to a field of `params`, which lives to the end.
            unsafe { pointer._internal_set_normalized_value(normalized) };
        }
        assert!(preset.matches(&params), "{}", preset.name());
    }
}

/// Asks for the name of a preset that is to be saved.
fn save(harness: &mut Harness<'_, Desk>) {
    harness.get_by_role_and_label(Role::ComboBox, text::PRESET).click();
    harness.run();
    harness.get_by_label(text::SAVE.0).click();
    harness.run();
    harness.run();
}

#[test]
fn presets_are_found_by_their_words() {
    let mut harness = harness(Desk::default());
    harness.get_by_role_and_label(Role::ComboBox, text::PRESET).click();
    harness.run();
    let listed = |harness: &Harness<'_, Desk>| -> Vec<String> {
        let names = Preset::factory().iter().map(|preset| preset.name().to_owned());
        names.filter(|name| harness.query_all_by_label(name).count() > 0).collect()
    };
    assert_eq!(listed(&harness).len(), Preset::factory().len());
    harness.get_by_label("pads").click();
    harness.run();
    let pads = Preset::factory().iter().filter(|preset| preset.tags().iter().any(|t| t == "pads"));
    assert_eq!(listed(&harness), pads.map(|preset| preset.name()).collect::<Vec<_>>());
    harness.get_by_label("pads").click();
    harness.run();
    assert_eq!(listed(&harness).len(), Preset::factory().len(), "all again");
}

#[test]
fn presets_are_chosen_stepped_through_and_saved_in_the_editor() {
    let mut harness = harness(Desk::default());
    let second = &Preset::factory()[1];
    harness.get_by_label(text::PRESET_NEXT.0).click();
    harness.run();
    assert!(second.matches(&harness.state().params), "{}", second.name());
    harness.get_by_label(text::PRESET_BEFORE.0).click();
    harness.run();
    assert!(Preset::factory()[0].matches(&harness.state().params));
    harness.get_by_role_and_label(Role::ComboBox, text::PRESET).click();
    harness.run();
    harness.get_by_label(second.name()).click();
    harness.run();
    assert!(second.matches(&harness.state().params));

    save(&mut harness);
    // The field has the keyboard at once.
    harness.event(egui::Event::Text(" 2".to_owned()));
    harness.run();
    harness.get_by_label(text::SAVE_NOW).click();
    harness.run();
    let asked = harness.state().actions.iter().find_map(|actions| actions.preset.clone());
    let name = format!("{} 2", second.name());
    assert_eq!(asked, Some(PresetAction::Save { name, replace: false }));
}

#[test]
fn a_preset_of_ones_own_is_replaced_or_deleted() {
    let mut desk = Desk::default();
    let mine = Preset::of(&desk.params, "Mine").expect("a name");
    desk.view.presets.own = [("mine.json".to_owned(), mine)].into();
    let mut harness = harness(desk);
    harness.get_by_role_and_label(Role::ComboBox, text::PRESET).click();
    harness.run();
    harness.get_by_label("Mine").click();
    harness.run();
    for (button, action) in [
        (text::REPLACE, PresetAction::Save { name: "Mine".to_owned(), replace: true }),
        (text::DELETE.0, PresetAction::Delete("mine.json".to_owned())),
    ] {
        harness.state_mut().actions.clear();
        save(&mut harness);
        harness.get_by_label(button).click();
        harness.run();
        let asked = harness.state().actions.iter().find_map(|actions| actions.preset.clone());
        assert_eq!(asked, Some(action));
    }
}
