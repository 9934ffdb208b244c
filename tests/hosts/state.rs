//! What a project keeps.

use crate::support::{FORMATS, STEPS_PER_BEAT, check, load, patient};
use anacrusis_test_host::{Format, HostError, Plugin, Script, perform};

fn settings(script: Script) -> Script {
    script
        .set("Wild", "1.3")
        .set("Seed", "77")
        .set("Channel", "3")
        .set("Loudness", "101")
        .set("Lookahead", "2 steps")
}

fn shown(plugin: &mut dyn Plugin) -> Vec<(String, String)> {
    let parameters = plugin.parameters().to_vec();
    let show = |p: &anacrusis_test_host::plugin::Parameter| {
        let value = plugin.value(p.id).unwrap_or(f64::NAN);
        (p.name.clone(), plugin.display(p.id, value).unwrap_or_default())
    };
    parameters.iter().map(show).collect()
}

#[test]
fn a_state_brings_back_every_parameter_and_the_music() {
    for format in FORMATS {
        let play = |script: Script| script.samples(12_000).play().beats(8.0).stop().blocks(4);
        let script = play(settings(patient(48_000.0, 256)).blocks(1).save_state("project"));
        let mut plugin = load(format);
        let first = perform(plugin.as_mut(), &script).unwrap_or_else(|e| panic!("{e}"));
        check(&format!("{format:?}, saved"), &first);
        let saved = shown(plugin.as_mut());

        let mut other = load(format);
        assert_ne!(shown(other.as_mut()), saved);
        let state = &first.states["project"];
        other.load_state(state).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(shown(other.as_mut()), saved, "{format:?}: loaded before activation");
        let resting = Script::new(48_000.0, 256).on_the_beat();
        let second =
            perform(other.as_mut(), &play(resting)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(second.music(STEPS_PER_BEAT), first.music(STEPS_PER_BEAT), "{format:?}");
    }
}

/// Whatever is in a project file, the plugin keeps playing.
#[test]
fn broken_states_are_refused_or_ignored() {
    for format in FORMATS {
        let mut plugin = load(format);
        let good = plugin.save_state().unwrap_or_else(|error| panic!("{error}"));
        let mut broken: Vec<Vec<u8>> = vec![Vec::new(), b"{}".to_vec(), vec![0xff; 4096]];
        broken.push(good[..good.len() / 2].to_vec());
        for state in &broken {
            match plugin.load_state(state) {
                Ok(()) | Err(HostError::Call { .. }) => {}
                Err(error) => panic!("{format:?}: {error}"),
            }
        }
        plugin.load_state(&good).unwrap_or_else(|error| panic!("{format:?}: {error}"));
        let script = patient(48_000.0, 256).play().beats(4.0).stop().blocks(4);
        let recording = perform(plugin.as_mut(), &script).unwrap_or_else(|e| panic!("{e}"));
        check(&format!("{format:?}, after broken states"), &recording);
    }
}

#[test]
fn a_state_is_text_of_modest_size() {
    let mut plugin = load(Format::Clap);
    let state = plugin.save_state().unwrap_or_else(|error| panic!("{error}"));
    println!("state: {} bytes", state.len());
    assert!(state.len() < 64 * 1024, "a fresh state has {} bytes", state.len());
}

/// A project that is closed while a state is still on its way to the instance.
#[test]
fn unloading_right_after_a_state_was_loaded_is_harmless() {
    for format in FORMATS {
        for blocks in [0, 1, 1, 1, 2] {
            let mut plugins: Vec<_> = (0..8).map(|_| load(format)).collect();
            let script = Script::new(48_000.0, 64)
                .on_the_beat()
                .blocks(1)
                .save_state("project")
                .play()
                .beats(0.1)
                .load_state("project")
                .blocks(blocks);
            for plugin in &mut plugins {
                perform(plugin.as_mut(), &script).unwrap_or_else(|e| panic!("{format:?}: {e}"));
            }
        }
    }
}
