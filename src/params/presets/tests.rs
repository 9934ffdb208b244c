//! What needs a host that sets parameters is in `tests/editor/presets.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use nih_plug::prelude::{EnumParam, IntParam, IntRange, Params};

use super::*;
use crate::params::ModelSource;

fn parse(text: &str) -> Result<Preset, PresetError> {
    Preset::parse(text.as_bytes())
}

/// What is told of a preset with these values.
fn told(values: &str) -> String {
    parse(&format!(r#"{{"name": "X", "values": {values}}}"#)).expect_err(values).to_string()
}

fn text<'a>(preset: &'a Preset, id: &str) -> &'a str {
    let value = preset.values().iter().find(|value| value.id == id);
    &value.expect("a parameter of presets").text
}

#[test]
fn every_factory_preset_is_read_and_the_folder_holds_no_other() {
    for (file, text) in factory::FILES {
        let preset = parse(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(!preset.about().is_empty() && preset.about().ends_with('.'), "{file}");
        assert!(preset.model_file().is_none(), "{file}: nobody else has that file");
    }
    assert_eq!(Preset::factory().len(), factory::FILES.len());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets");
    let entries = fs::read_dir(folder).expect("the folder");
    let there: BTreeSet<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".json"))
        .collect();
    assert!(there.iter().eq(factory::FILES.iter().map(|(name, _)| name)), "{there:?}");
}

#[test]
fn factory_presets_have_names_and_values_of_their_own() {
    let all = Preset::factory();
    for (n, preset) in all.iter().enumerate() {
        for other in &all[..n] {
            assert_ne!(preset.name().to_lowercase(), other.name().to_lowercase());
            assert_ne!(preset.about(), other.about());
            assert_ne!(preset.values(), other.values(), "{} is {}", preset.name(), other.name());
        }
    }
    assert_eq!(all[0].name(), "Default");
    assert!(all[0].matches(&AnacrusisParams::default()));
    assert!(all[1..].iter().all(|preset| !preset.matches(&AnacrusisParams::default())));
}

#[test]
fn factory_files_say_their_values_as_a_host_shows_them() {
    for (file, written) in factory::FILES {
        let read: Read = serde_json::from_str(written).expect("read above");
        let preset = parse(written).expect("read above");
        for (id, written) in read.values {
            assert_eq!(text(&preset, &id), written, "{file}: {id}");
        }
    }
}

#[test]
fn the_list_names_parameters_by_their_ids_and_leaves_out_what_belongs_to_a_place() {
    struct Named<'a>(&'a AnacrusisParams, Vec<&'static str>);
    impl Visitor for Named<'_> {
        fn visit<P: Param>(&mut self, id: &'static str, param: &P) {
            let map = self.0.param_map();
            assert!(map.iter().any(|(known, at, _)| known == id && *at == param.as_ptr()), "{id}");
            self.1.push(id);
        }
    }
    let params = AnacrusisParams::default();
    let mut named = Named(&params, Vec::new());
    each(&params, &mut named);
    const LEFT_OUT: [&str; 12] = [
        "bypass",
        "thru",
        "sustain",
        "answer-now",
        "seed",
        "lookahead",
        "channel",
        "split",
        "replay",
        "wait-for-notes",
        "audition",
        "audition-level",
    ];
    let mut all: Vec<String> = params.param_map().into_iter().map(|(id, ..)| id).collect();
    all.retain(|id| !named.1.contains(&id.as_str()) && !LEFT_OUT.contains(&id.as_str()));
    assert!(all.is_empty(), "in presets or not? {all:?}");
    assert_eq!(named.1.len() + LEFT_OUT.len(), params.param_map().len());
}

#[test]
fn values_are_the_same_after_text_and_back() {
    for preset in Preset::factory() {
        for value in preset.values() {
            assert!((0.0..=1.0).contains(&value.normalized), "{}: {}", preset.name(), value.id);
        }
        assert_eq!(parse(&preset.write()).expect("its own text"), *preset);
    }
}

#[test]
fn what_is_absent_is_the_default() {
    let preset = parse(r#"{"name": "X", "values": {"scale": "Dorian"}}"#).expect("a preset");
    assert_eq!(text(&preset, "scale"), "Dorian");
    for (value, default) in preset.values().iter().zip(Preset::factory()[0].values()) {
        assert!(value.id == "scale" || value == default, "{}", value.id);
    }
    assert_eq!(preset.normalized().count(), preset.values().len());
}

#[test]
fn values_are_read_as_leniently_as_a_host_reads_them() {
    let values = r#"{"temperature": "0.8", "density": "2", "gate": "50%", "truncation": "10",
        "lowest": "Db3", "highest": "72", "most-notes": "no limit", "room": "off",
        "transpose": "-12"}"#;
    let preset = parse(&format!(r#"{{"name": "X", "values": {values}}}"#)).expect("a preset");
    for (id, shown) in [
        ("temperature", "0.80"),
        ("density", "2.00 x"),
        ("gate", "50 %"),
        ("truncation", "10.0 %"),
        ("lowest", "C#3"),
        ("highest", "C5"),
        ("most-notes", "No limit"),
        ("room", "Off"),
        ("transpose", "-12 st"),
    ] {
        assert_eq!(text(&preset, id), shown, "{id}");
    }
}

#[test]
fn values_that_are_none_are_told_with_what_may_stand_there() {
    for (id, value, expected) in [
        ("temperature", "NaN", "from 0.10 to 2.00"),
        ("temperature", "inf", "from 0.10 to 2.00"),
        ("temperature", "-inf", "from 0.10 to 2.00"),
        ("temperature", "3.0", "from 0.10 to 2.00"),
        ("temperature", "", "from 0.10"),
        ("density", "-1", "from 0.50 x to 2.00 x"),
        ("truncation", "10.0 apples", "from 0.0 % to 20.0 %"),
        ("gate", "101 %", "to 100 %"),
        ("velocity", "128", "from 1 to 127"),
        ("velocity", "0", "from 1 to 127"),
        ("transpose", "25 st", "from -24 st to 24 st"),
        ("lowest", "H2", "from C-1 to G9"),
        ("most-notes", "0", "to No limit"),
        ("mode", "solo", "Solo, Accompany, Answer"),
        ("scale", "Dorain", "Dorian"),
        ("room", "perhaps", "Off, On"),
    ] {
        let told = told(&format!("{{\"{id}\": \"{value}\"}}"));
        assert!(told.contains(id) && told.contains(expected), "{told}");
    }
}

#[test]
fn files_that_are_none_are_told_with_what_to_do() {
    let says = |text: &str, expected: &str| {
        let told = parse(text).expect_err(text).to_string();
        assert!(told.contains(expected), "{told}");
    };
    says("", "empty");
    says(" \n\u{feff}", "not a preset");
    says("{", "not a preset");
    says("[]", "not a preset");
    says("null", "not a preset");
    says(r#"{"values": {}}"#, "missing field `name`");
    says(r#"{"name": "X"}"#, "missing field `values`");
    says(r#"{"name": 3, "values": {}}"#, "expected a string");
    says(r#"{"name": "X", "values": []}"#, "expected a map");
    says(r#"{"name": "X", "valeus": {}, "values": {}}"#, "unknown field `valeus`");
    says(r#"{"name": " ", "values": {}}"#, "1 to 64");
    says(r#"{"name": "a\nb", "values": {}}"#, "one line");
    says(&format!(r#"{{"name": "{}", "values": {{}}}}"#, "x".repeat(65)), "1 to 64");
    let about = "x".repeat(401);
    says(&format!(r#"{{"name": "X", "about": "{about}", "values": {{}}}}"#), "shorten");
    let path = "x".repeat(MODEL_FILE_BYTES_MAX + 1);
    says(&format!(r#"{{"name": "X", "values": {{}}, "model_file": "{path}"}}"#), "model_file");
    assert!(matches!(Preset::parse(&[0xff, 0xfe]), Err(PresetError::NotText)));
    let huge = vec![b' '; MAX_FILE_BYTES + 1];
    assert!(matches!(Preset::parse(&huge), Err(PresetError::TooLarge)));
    // Depth does not end the process.
    assert!(parse(&"[".repeat(MAX_FILE_BYTES)).is_err());

    assert!(told(r#"{"tempo": "120"}"#).contains("\"tempo\" is no parameter of a preset"));
    assert!(told(r#"{"seed": "2"}"#).contains("known: model, mode"), "not part of presets");
    assert!(told(r#"{"temperature": 0.8}"#).contains("expected a string"));
    assert!(told(r#"{"temperature": null}"#).contains("expected a string"));
}

#[test]
fn settings_become_a_preset_and_a_preset_its_text() {
    let range = IntRange::Linear { min: 1, max: 127 };
    let params = AnacrusisParams {
        velocity: IntParam::new("Loudness", 33, range),
        seed: IntParam::new("Seed", 7, IntRange::Linear { min: 0, max: 65_535 }),
        ..AnacrusisParams::default()
    };
    let preset = Preset::of(&params, "  Mine ").expect("a name");
    let preset = preset.with_about("Soft.").expect("short");
    assert_eq!((preset.name(), preset.about()), ("Mine", "Soft."));
    assert_eq!(text(&preset, "velocity"), "33");
    assert!(preset.matches(&params) && !preset.matches(&AnacrusisParams::default()));
    assert!(preset.write().starts_with("{\n  \"name\": \"Mine\",\n  \"about\": \"Soft.\""));
    assert_eq!(parse(&preset.write()).expect("its own text"), preset);
    assert!(matches!(Preset::of(&params, "\t"), Err(PresetError::Name)));
}

#[test]
fn a_preset_of_the_users_own_model_names_its_file() {
    let params = AnacrusisParams {
        model: EnumParam::new("Model", ModelSource::File),
        ..AnacrusisParams::default()
    };
    let nameless = Preset::of(&params, "Nameless").expect("a name");
    assert_eq!(nameless.model_file(), None);
    params.model_path.replace("/models/mine.safetensors".to_owned());
    let preset = Preset::of(&params, "Mine").expect("a name");
    assert_eq!(preset.model_file(), Some("/models/mine.safetensors"));
    assert_eq!(parse(&preset.write()).expect("its own text"), preset);
    assert!(preset.matches(&params));
    params.model_path.replace("/models/other.safetensors".to_owned());
    assert!(!preset.matches(&params), "another file is another sound");
    assert!(nameless.matches(&params), "it leaves the file as it is");

    // The path of a model that does not play is none of a preset's.
    let built_in = AnacrusisParams::default();
    built_in.model_path.replace("/models/mine.safetensors".to_owned());
    assert_eq!(Preset::of(&built_in, "Pop").expect("a name").model_file(), None);
    let file = r#"{"name": "X", "values": {}, "model_file": "/models/mine.safetensors"}"#;
    assert_eq!(parse(file).expect("a preset").model_file(), None);
}
