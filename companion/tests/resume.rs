//! A run that is interrupted, however it is, ends with the bits of one that is not.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anacrusis::model::Checkpoint;
use anacrusis_companion::arguments;
use anacrusis_companion::train::{self, state::State};
use clap::Parser;

const SETTINGS: &str = "batch = 2\nsteps = 32\nlearning_rate = 1e-2\ndropout = 0.1\n\
    heldout = 0.3\nevaluate_every = 4\nevaluate_steps = 16\nthreads = 2\naverage = 0.9\n\
    weight_decay = 0.01\n[network]\n\
    time = [8]\nnote = [6, 4]\n";

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: arguments::Args,
}

/// Arguments of a run into `folder`, with these settings and then `more` flags.
fn words(folder: &Path, more: &[&str], settings: &str) -> Vec<String> {
    let config = folder.join("settings.toml");
    std::fs::write(&config, settings).expect("settings");
    let midi = |name| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/midi").join(name).display().to_string()
    };
    let mut words = vec!["--no-cache".to_owned(), "--data".to_owned()];
    words.extend(["chorales", "leadsheets"].map(midi));
    words.push(format!("--out={}", folder.join("m.safetensors").display()));
    words.push(format!("--config={}", config.display()));
    words.extend(more.iter().map(|word| (*word).to_owned()));
    words
}

fn train_until(folder: &Path, more: &[&str], stop: &AtomicBool) -> anyhow::Result<train::Ended> {
    train_with(SETTINGS, folder, more, stop)
}

fn train_with(
    settings: &str,
    folder: &Path,
    more: &[&str],
    stop: &AtomicBool,
) -> anyhow::Result<train::Ended> {
    let words = words(folder, more, settings);
    train::run(&Cli::parse_from(std::iter::once("train".to_owned()).chain(words)).args, stop)
}

fn train(folder: &Path, more: &[&str], stop: bool) -> anyhow::Result<train::Ended> {
    train_until(folder, more, &AtomicBool::new(stop))
}

fn refused(folder: &Path, more: &[&str]) -> String {
    format!("{:#}", train(folder, more, false).expect_err("refused"))
}

/// What must not differ: the newest state but for the seconds it took, and the best weights.
fn outcome(folder: &Path) -> (State, Vec<Vec<f32>>) {
    let (mut state, _) = State::read(&folder.join("m.last.state")).expect("a whole state");
    state.progress.seconds = 0.0;
    let bytes = std::fs::read(folder.join("m.safetensors")).expect("a network");
    let best = Checkpoint::parse(&bytes).expect("a whole network");
    let weights = state.parameters.keys().map(|name| best.tensor(name).to_vec()).collect();
    (state, weights)
}

/// Iterations that the metrics tell of.
fn told(folder: &Path) -> Vec<u64> {
    let text = std::fs::read_to_string(folder.join("m.metrics.jsonl")).expect("metrics");
    let value = |line| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    text.lines().map(|line| value(line)["iteration"].as_u64().expect("a number")).collect()
}

fn copy(folder: &Path, from: &str, to: &str) {
    std::fs::copy(folder.join(from), folder.join(to)).expect("copied");
}

#[test]
fn a_run_stopped_at_many_moments_ends_as_one_that_was_not() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let [whole, parted] = [folders[0].path(), folders[1].path()];
    train(whole, &["--iterations", "60"], false).expect("trained");
    train(parted, &["--iterations", "60"], true).expect("stopped before the first step");
    let mut stops = vec![];
    loop {
        let stop = AtomicBool::new(false);
        let wait = Duration::from_millis(150 + 17 * (stops.len() as u64 % 7));
        std::thread::scope(|scope| {
            let stop = &stop;
            scope.spawn(move || {
                std::thread::sleep(wait);
                stop.store(true, Ordering::Relaxed);
            });
            train_until(parted, &["--iterations", "60", "--resume", "--threads", "1"], stop)
        })
        .expect("stopped or done");
        let done = outcome(parted).0.progress.iterations;
        stops.push(done);
        if done == 60 || stops.len() == 40 {
            break;
        }
    }
    println!("stopped after {stops:?}");
    train(parted, &["--iterations", "60", "--resume"], false).expect("resumed");
    assert!(outcome(whole) == outcome(parted), "bit for bit");
    assert_eq!(told(whole), told(parted));
}

#[test]
fn a_broken_or_lost_state_is_passed_over_and_the_work_since_done_again() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let [whole, folder] = [folders[0].path(), folders[1].path()];
    train(whole, &["--iterations", "12"], false).expect("trained");
    train(folder, &["--iterations", "8"], false).expect("trained");
    copy(folder, "m.last.state", "good.last");
    copy(folder, "m.before.state", "good.before");
    let (before, _) = State::read(&folder.join("good.before")).expect("a whole state");
    assert_eq!(before.progress.iterations, 4);
    let newest = std::fs::read(folder.join("good.last")).expect("a state");
    let mut flipped = newest.clone();
    flipped[newest.len() - 7] ^= 4;
    for broken in [Some(&newest[..newest.len() / 2]), Some(&flipped[..]), Some(&[]), None] {
        let path = folder.join("m.last.state");
        match broken {
            Some(bytes) => std::fs::write(&path, bytes).expect("written"),
            None => std::fs::remove_file(&path).expect("removed"),
        }
        copy(folder, "good.before", "m.before.state");
        // Stopped at once: saves, and keeps the good one rather than the broken one.
        train(folder, &["--iterations", "12", "--resume"], true).expect("resumed");
        assert_eq!(told(folder), [4], "what is done again is told once");
        State::read(&folder.join("m.before.state")).expect("still whole");
        train(folder, &["--iterations", "12", "--resume"], false).expect("resumed");
        assert!(outcome(whole) == outcome(folder), "bit for bit");
        assert_eq!(told(folder), [4, 8, 12]);
    }
    std::fs::write(folder.join("m.last.state"), b"rubbish").expect("written");
    std::fs::write(folder.join("m.before.state"), &flipped).expect("written");
    let error = refused(folder, &["--resume"]);
    for word in ["m.last.state", "m.before.state", "checksum", "--overwrite"] {
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_state_of_another_run_is_refused_and_nothing_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    train(folder, &["--iterations", "4"], false).expect("trained");
    let files = || {
        ["m.last.state", "m.safetensors", "m.last.safetensors", "m.metrics.jsonl"]
            .map(|name| std::fs::read(folder.join(name)).expect("a file"))
    };
    let before = files();
    for (more, named) in
        [(["--seed", "1"], "--seed 0 (now 1)"), (["--batch", "3"], "--batch 2 (now 3)")]
    {
        let error = refused(folder, &[&["--resume", "--iterations", "8"][..], &more].concat());
        assert!(error.contains(named) && error.contains("--overwrite"), "{error}");
    }
    let mut fewer = words(folder, &["--resume"], SETTINGS);
    fewer[0] = "train".to_owned();
    fewer.remove(3);
    let error = train::run(&Cli::parse_from(fewer).args, &AtomicBool::new(false));
    let error = format!("{:#}", error.expect_err("refused"));
    assert!(error.contains("other music") && error.contains("--overwrite"), "{error}");
    assert!(before == files());
}

#[test]
fn a_run_may_go_on_with_what_computes_otherwise() {
    let weights = |more: &[&str]| {
        let folder = tempfile::tempdir().expect("a folder");
        train(folder.path(), &["--iterations", "4"], false).expect("trained");
        let more = [&["--iterations", "8", "--resume"], more].concat();
        train(folder.path(), &more, false).expect("resumed");
        State::read(&folder.path().join("m.last.state")).expect("whole").0.parameters
    };
    let (alike, otherwise) = (weights(&[]), weights(&["--backend", "candle"]));
    let pairs = alike.values().flatten().zip(otherwise.values().flatten());
    let apart = pairs.map(|(a, b)| (a - b).abs()).fold(0.0f32, f32::max);
    println!("{apart:.1e} apart");
    assert!(apart > 0.0 && apart < 1e-3, "{apart}");
}

/// Kills as often as `ANACRUSIS_KILLS` says, else four times.
#[test]
fn a_run_in_all_keys_may_end_in_the_musics_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let own = format!("transpose = [0, 0]\n{SETTINGS}");
    let go = |settings: &str, more: &[&str]| {
        train_with(settings, folder, more, &AtomicBool::new(false)).expect("trained");
        outcome(folder).1
    };
    go(SETTINGS, &["--iterations", "4"]);
    copy(folder, "m.last.state", "kept.state");
    let all = go(SETTINGS, &["--iterations", "8", "--resume"]);
    copy(folder, "kept.state", "m.last.state");
    let ended = go(&own, &["--iterations", "8", "--resume"]);
    let (state, _) = State::read(&folder.join("m.last.state")).expect("a whole state");
    assert_eq!(state.progress.iterations, 8);
    assert_ne!(all, ended, "other keys, other weights");
}

#[test]
fn a_run_killed_at_any_moment_ends_as_one_that_was_not() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let [whole, folder] = [folders[0].path(), folders[1].path()];
    let kills = std::env::var("ANACRUSIS_KILLS").map_or(4, |text| text.parse().expect("a number"));
    let path = folder.join("m.last.state");
    let changed = || std::fs::metadata(&path).and_then(|data| data.modified()).ok();
    for round in 0..kills {
        let mut line = words(folder, &["--iterations", "1000000"], SETTINGS);
        if round > 0 {
            line.push("--resume".to_owned());
        }
        let (old, begun) = (changed(), Instant::now());
        let mut child = Command::new(env!("CARGO_BIN_EXE_anacrusis"))
            .arg("train")
            .args(line)
            .stderr(Stdio::null())
            .spawn()
            .expect("the trainer starts");
        while changed().is_none() || changed() == old {
            assert!(begun.elapsed() < Duration::from_secs(120), "no {}", path.display());
            std::thread::sleep(Duration::from_millis(1));
        }
        // Scattered: in the middle of an iteration, an evaluation or a save.
        std::thread::sleep(Duration::from_micros(round * 7919 % 50_000));
        child.kill().expect("killed");
        child.wait().expect("gone");
        let bytes = std::fs::read(folder.join("m.safetensors")).expect("a network");
        Checkpoint::parse(&bytes).expect("a whole network");
    }
    let newest = State::read(&path).or_else(|_| State::read(&folder.join("m.before.state")));
    let done = newest.expect("a whole state").0.progress.iterations + 6;
    println!("{kills} kills, {done} iterations");
    let iterations = ["--iterations", &done.to_string()];
    train(folder, &[&iterations[..], &["--resume"]].concat(), false).expect("resumed");
    train(whole, &iterations, false).expect("trained");
    assert!(outcome(whole) == outcome(folder), "bit for bit");
    assert_eq!(told(whole), told(folder));
}

/// A limit on the size of files stands in for a full disk: writes fail in the same place.
#[cfg(unix)]
#[test]
fn a_full_disk_keeps_the_old_network_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    train(folder.path(), &["--iterations", "4"], false).expect("trained");
    let path = folder.path().join("m.safetensors");
    let before = std::fs::read(&path).expect("a network");
    let state = std::fs::read(folder.path().join("m.last.state")).expect("a state");
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_anacrusis"))
        .arg("train")
        .args(words(folder.path(), &["--iterations", "8", "--resume"], SETTINGS))
        .output()
        .expect("the trainer starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{told}");
    assert!(told.contains("cannot write") && told.contains("kept"), "{told}");
    assert_eq!(std::fs::read(&path).expect("kept"), before);
    assert_eq!(std::fs::read(folder.path().join("m.last.state")).expect("kept"), state);
    train(folder.path(), &["--iterations", "8", "--resume"], false).expect("there is room again");
    let whole = tempfile::tempdir().expect("a folder");
    train(whole.path(), &["--iterations", "8"], false).expect("trained");
    assert!(outcome(folder.path()) == outcome(whole.path()), "bit for bit");
    let litter = std::fs::read_dir(folder.path()).expect("a folder");
    let litter = litter.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    assert_eq!(litter.filter(|name| name.ends_with(".part")).count(), 0);
}
