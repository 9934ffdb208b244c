//! Many instances in one process: they play the same, and share what can be shared.

use std::path::Path;

use crate::networks;
use crate::support::{STEPS_PER_BEAT, check, load, patient, whole_machine};
use anacrusis::model::Config;
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Format, Plugin, Recording, Script, perform_together};

const INSTANCES: usize = 64;

/// The network that is built in, and one of other sizes in a file of the user's.
const MODELS: [&str; 2] = ["built in", "the user's own file"];

/// A state in which the model is the user's own file at `path`.
fn state_with_file(plugin: &mut dyn Plugin, path: &Path) -> Vec<u8> {
    let state = plugin.save_state().unwrap_or_else(|error| panic!("{error}"));
    // The format's wrapper writes the length of the text first.
    let text = state.get(8..).expect("a state with its length");
    let mut json: serde_json::Value = serde_json::from_slice(text).expect("a state of text");
    json["params"]["model"] = serde_json::json!({ "string": "file" });
    json["fields"]["model-path"] = serde_json::json!(serde_json::json!(path).to_string());
    let text = serde_json::to_vec(&json).expect("text");
    [(text.len() as u64).to_le_bytes().to_vec(), text].concat()
}

/// A file with a random network, and the folder that keeps it.
fn own_file() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("own.safetensors");
    let config = Config { time: vec![128, 128], note: vec![64, 32], ..Config::default() };
    let checkpoint = networks::random(config, 1);
    std::fs::write(&path, checkpoint.to_bytes()).expect("written");
    (folder, path)
}

/// Opens an instance that plays the file, or the shipped model.
fn open(file: Option<&Path>) -> Box<dyn Plugin> {
    let mut plugin = load(Format::Clap);
    if let Some(path) = file {
        let state = state_with_file(plugin.as_mut(), path);
        plugin.load_state(&state).unwrap_or_else(|error| panic!("{error}"));
    }
    plugin
}

fn play(plugins: &mut [Box<dyn Plugin>], script: &Script) -> Vec<Recording> {
    perform_together(plugins, script).unwrap_or_else(|error| panic!("{error}"))
}

fn patient_beats(beats: f64) -> Script {
    patient(48_000.0, 512).play().beats(beats).stop().blocks(4)
}

/// Plays until every instance has its model; how long that takes depends on the machine.
fn until_ready(plugins: &mut [Box<dyn Plugin>]) {
    let resting = Script::new(48_000.0, 512).live(1.0).samples(24_000).then(Action::Pace(None));
    for _ in 0..100 {
        play(plugins, &resting);
        if play(plugins, &patient_beats(4.0)).iter().all(|r| r.onsets().count() > 0) {
            return;
        }
    }
    panic!("some instances have no model after {} attempts", 100);
}

#[test]
fn sixty_four_instances_play_the_same() {
    let _alone = whole_machine();
    let (_folder, path) = own_file();
    for (what, file) in MODELS.into_iter().zip([None, Some(path.as_path())]) {
        let mut plugins: Vec<_> = (0..INSTANCES).map(|_| open(file)).collect();
        until_ready(&mut plugins);
        let all = play(&mut plugins, &patient_beats(4.0));
        check(&format!("{what}, first of {INSTANCES}"), &all[0]);
        let alone = play(&mut plugins[..1], &patient_beats(4.0));
        let same = |r: &Recording| r.music(STEPS_PER_BEAT) == alone[0].music(STEPS_PER_BEAT);
        assert!(all.iter().all(same), "{what}: others play other notes");
    }
}
