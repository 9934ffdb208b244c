//! What the plugin says of itself, before and beside playing.

use crate::support::{FORMATS, load};
use anacrusis_test_host::meter::watched;
use anacrusis_test_host::{Format, Script, perform};

#[test]
fn each_format_declares_what_it_is() {
    for format in FORMATS {
        let plugin = load(format);
        let facts = plugin.facts();
        println!("{format:?}: {facts:?}");
        assert_eq!(facts.name, "Anacrusis");
        assert_eq!(facts.version, env!("CARGO_PKG_VERSION"));
        assert_eq!((facts.note_inputs, facts.note_outputs), (1, 1), "one note port each way");
        assert!(facts.audio_inputs.is_empty(), "no audio input");
        assert_eq!(facts.audio_outputs, [2], "one stereo output, for the audition voice");
        let has = |feature: &str| facts.features.iter().any(|f| f == feature);
        match format {
            Format::Clap => assert!(has("note-effect") && has("instrument"), "{facts:?}"),
            Format::Vst3 | Format::Performer => assert!(has("Instrument"), "{facts:?}"),
        }
    }
}

#[test]
fn both_formats_have_the_same_parameters() {
    let [clap, vst3] = FORMATS.map(load);
    // The VST3 wrapper may add what its format asks for, bypass for one.
    let named = |plugin: &dyn anacrusis_test_host::Plugin| {
        let mut list: Vec<(String, String, u32)> = plugin
            .parameters()
            .iter()
            .filter(|p| !p.hidden && !p.bypass)
            .map(|p| (p.name.clone(), format!("{:.6}", p.default), p.steps))
            .collect();
        list.sort();
        list
    };
    let parameters = named(clap.as_ref());
    println!("{parameters:?}");
    assert_eq!(parameters, named(vst3.as_ref()));
    for name in ["Wild", "Busy", "Seed", "Lookahead", "Channel", "Loudness", "Model", "Rate"] {
        assert!(clap.parameter(name).is_ok(), "no parameter {name}");
    }
}

#[test]
fn parameters_read_what_they_write() {
    for format in FORMATS {
        let mut plugin = load(format);
        for parameter in plugin.parameters().to_vec() {
            let places = (0..=2000).map(|place| f64::from(place) / 2000.0);
            for value in places.chain([parameter.default]) {
                let text = plugin.display(parameter.id, value).unwrap_or_default();
                assert!(!text.is_empty(), "{format:?}: {} shows nothing", parameter.name);
                let read = plugin.parse(parameter.id, &text);
                let read = read.unwrap_or_else(|| panic!("{} cannot read {text}", parameter.name));
                let again = plugin.display(parameter.id, read).unwrap_or_default();
                assert_eq!(again, text, "{format:?}: {} at {value}", parameter.name);
            }
        }
    }
}

/// A scanner looks and leaves; and a host that activates without ever processing does too.
#[test]
fn looking_and_leaving_is_harmless() {
    for format in FORMATS {
        for _ in 0..3 {
            drop(load(format));
        }
        let mut plugin = load(format);
        for hz in [44_100.0, 96_000.0] {
            plugin.activate(hz, false).unwrap_or_else(|error| panic!("{error}"));
            plugin.activate(hz, true).unwrap_or_else(|error| panic!("{error}"));
        }
        plugin.deactivate();
        plugin.deactivate();
    }
}

/// Without this, "nothing was allocated" could mean that nothing was counted.
#[test]
#[cfg_attr(
    not(all(target_os = "linux", target_env = "gnu")),
    ignore = "allocations are counted on Linux with glibc only"
)]
fn the_counter_counts_what_the_plugin_allocates() {
    for format in FORMATS {
        let mut plugin = load(format);
        let (state, counts) = watched(|| plugin.save_state());
        assert!(state.is_ok());
        println!("{format:?}: saving a state allocates {} times", counts.allocations);
        assert!(counts.allocations > 0 && counts.frees > 0, "{format:?}: {counts:?}");
    }
    let (_, counts) = watched(|| std::hint::black_box(vec![0u8; 64]));
    assert_eq!((counts.allocations, counts.frees), (1, 0));
    let (_, counts) = watched(|| std::thread::sleep(std::time::Duration::from_micros(1)));
    assert_eq!(counts.system_calls, 1);
}

/// The output is there because hosts want one; it must not make a sound.
#[test]
fn without_a_tempo_or_at_rest_nothing_is_played() {
    for format in FORMATS {
        let script = Script::new(48_000.0, 512)
            .set("Wait for notes", "On")
            .samples(48_000)
            .then(anacrusis_test_host::script::Action::Tempo(None))
            .play()
            .samples(96_000);
        let mut plugin = load(format);
        let recording = perform(plugin.as_mut(), &script).unwrap_or_else(|e| panic!("{e}"));
        assert!(recording.events.is_empty(), "{format:?} guessed a tempo");
    }
}
