//! Many instances in one process: they play the same, and share what can be shared.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::networks;
use crate::support::{STEPS_PER_BEAT, check, load, patient, whole_machine};
use crate::usage::Usage;
use anacrusis::model::Config;
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Format, Kind, Plugin, Recording, Script, perform_together};

const INSTANCES: usize = 64;

/// The network that is shipped, and one of the default size.
const MODELS: [&str; 2] = ["shipped, 128 and 128", "default size, 300 and 300"];

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

/// A file with a random network of the default size, and the folder that keeps it.
fn default_size() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("default.safetensors");
    let checkpoint = networks::random(Config::default(), 1);
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
    let (_folder, path) = default_size();
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

/// Prints what so many instances cost a live host. Run it alone, on an idle machine:
/// `cargo test --no-default-features --test hosts cost -- --ignored --nocapture`.
#[test]
#[ignore = "takes a minute and says nothing on a busy machine"]
fn what_sixty_four_instances_cost() {
    const BEATS: f64 = 32.0;
    let _alone = whole_machine();
    let (_folder, path) = default_size();
    for (what, file) in MODELS.into_iter().zip([None, Some(path.as_path())]) {
        let Some(nothing) = Usage::now() else {
            println!("SKIPPED: what a process uses is known on Linux only");
            return;
        };
        let mut plugins = vec![open(file)];
        until_ready(&mut plugins);
        let meant = play(&mut plugins, &patient_beats(BEATS)).remove(0).music(STEPS_PER_BEAT);
        let with_one = Usage::now().unwrap_or(nothing);
        plugins.extend((1..INSTANCES).map(|_| open(file)));
        until_ready(&mut plugins);
        let with_all = Usage::now().unwrap_or(nothing);
        let live = Script::new(48_000.0, 512)
            .set("Wait for notes", "Off")
            .live(1.0)
            .samples(48_000)
            .play()
            .beats(BEATS)
            .stop()
            .blocks(4);
        let begun = Instant::now();
        let before = Usage::now().unwrap_or(nothing);
        let all = play(&mut plugins, &live);
        let (after, seconds) = (Usage::now().unwrap_or(nothing), begun.elapsed().as_secs_f64());
        let (mut steps_meant, mut missed, mut late) = (0, 0, 0);
        for recording in &all {
            let sounded: HashSet<i64> =
                recording.onsets().map(|e| e.step(STEPS_PER_BEAT)).collect();
            let onsets = meant.iter().filter(|note| note.1 == Kind::On);
            let steps: HashSet<i64> = onsets.map(|note| note.0).collect();
            steps_meant += steps.len();
            missed += steps.difference(&sounded).count();
            late += recording.onsets().filter(|e| e.off_grid_samples(STEPS_PER_BEAT) > 1.0).count();
        }
        let share = |now: Duration, then: Duration| 100.0 * (now - then).as_secs_f64() / seconds;
        let mib = |more: u64, less: u64| more.saturating_sub(less) as f64 / f64::from(1 << 20);
        println!(
            "{what}: {INSTANCES} instances at 120 BPM, {steps_meant} steps with onsets, {missed} \
             of them missed, {late} onsets late; {:.1} % of one core, {:.1} % by workers; {:.1} \
             MiB for the first instance, {:.2} MiB for each of the others",
            share(after.processor, before.processor),
            share(after.workers, before.workers),
            mib(with_one.resident_bytes, nothing.resident_bytes),
            mib(with_all.resident_bytes, with_one.resident_bytes) / (INSTANCES - 1) as f64,
        );
    }
}
