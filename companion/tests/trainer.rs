//! What a trainer expects around the training itself: samples, patience, a safe place to write
//! to, enough memory, and an end that says how to go on.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use anacrusis::music::smf;
use anacrusis_companion::arguments;
use anacrusis_companion::settings::Settings;
use anacrusis_companion::train::{self, state::State};
use clap::Parser;

const SETTINGS: &str = "batch = 2\nsteps = 32\nlearning_rate = 1e-2\ndropout = 0.1\n\
    heldout = 0.3\nevaluate_every = 4\nevaluate_steps = 16\nthreads = 2\nsample_every = 0\n\
    sample_bars = 2\n[network]\ntime = [8]\nnote = [6, 4]\n";

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: arguments::Args,
}

fn midi(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/midi").join(name)
}

fn words(folder: &Path, more: &[&str]) -> Vec<String> {
    let config = folder.join("settings.toml");
    std::fs::write(&config, SETTINGS).expect("settings");
    let mut words = vec!["train".to_owned(), "--no-cache".to_owned(), "--data".to_owned()];
    words.extend(["chorales", "leadsheets"].map(|name| midi(name).display().to_string()));
    words.push(format!("--out={}", folder.join("m.safetensors").display()));
    words.push(format!("--config={}", config.display()));
    words.extend(more.iter().map(|word| (*word).to_owned()));
    words
}

fn train(folder: &Path, more: &[&str]) -> anyhow::Result<train::Ended> {
    train::run(&Cli::parse_from(words(folder, more)).args, &AtomicBool::new(false))
}

fn refused(folder: &Path, more: &[&str]) -> String {
    format!("{:#}", train(folder, more).expect_err("refused"))
}

fn state(folder: &Path) -> State {
    let (mut state, _) = State::read(&folder.join("m.last.state")).expect("a whole state");
    state.progress.seconds = 0.0;
    state
}

/// What is in a folder, by name.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn samples_are_written_and_change_nothing_of_the_training() {
    let folders = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    let [without, with, parted] = [folders[0].path(), folders[1].path(), folders[2].path()];
    train(without, &["--iterations", "9"]).expect("trained");
    assert!(!without.join("m.samples").exists());
    train(with, &["--iterations", "9", "--sample-every", "3"]).expect("trained");
    train(parted, &["--iterations", "4", "--sample-every", "3"]).expect("trained");
    train(parted, &["--iterations", "9", "--sample-every", "3", "--resume"]).expect("resumed");
    assert!(state(without).parameters == state(with).parameters, "bit for bit");
    assert!(state(without).adam == state(parted).adam, "bit for bit");

    let files: Vec<String> = [3, 6, 9]
        .into_iter()
        .flat_map(|n| ["mid", "png"].map(|ending| format!("{n:06}.{ending}")))
        .collect();
    assert_eq!(names(&with.join("m.samples")), files);
    for file in &files {
        let [one, two] = [with, parted]
            .map(|folder| std::fs::read(folder.join("m.samples").join(file)).expect("a sample"));
        assert!(one == two, "{file} is the same of a resumed run");
    }
    let music = std::fs::read(with.join("m.samples/000009.mid")).expect("a sample");
    let range = Settings::default().network.range();
    let roll = smf::read(&music, range).expect("a MIDI file").roll;
    assert!(roll.len() <= 32, "two bars: {}", roll.len());
    let picture = std::fs::read(with.join("m.samples/000009.png")).expect("a sample");
    png::Decoder::new(std::io::Cursor::new(picture)).read_info().expect("a PNG");
}

#[test]
fn a_sample_that_cannot_be_written_does_not_end_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("m.samples"), "in the way").expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_anacrusis"))
        .args(words(folder.path(), &["--iterations", "4", "--sample-every", "2"]))
        .output()
        .expect("the trainer starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert_eq!(told.matches("no sample this time").count(), 2, "{told}");
    assert_eq!(state(folder.path()).progress.iterations, 4);
}

/// Steps so large that the network soon gets worse.
const WILD: [&str; 2] = ["--learning-rate", "1"];

#[test]
fn a_run_without_progress_ends_by_itself_and_goes_on_with_more_patience() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let [whole, parted] = [folders[0].path(), folders[1].path()];
    let run = |folder: &Path, iterations: u64, more: &[&str]| {
        let iterations = iterations.to_string();
        train(folder, &[&WILD[..], &["--iterations", &iterations], more].concat())
            .expect("ended well");
        state(folder)
    };
    let first = run(whole, 200, &["--patience", "8"]).progress;
    let best = first.best_at.expect("judged");
    assert_eq!(first.iterations, best + 8, "{first:?}");
    let made = |folder: &Path| {
        let bytes = std::fs::read(folder.join("m.safetensors")).expect("a network");
        anacrusis::model::Checkpoint::parse(&bytes).expect("whole").meta.made.expect("made")
    };
    assert_eq!(made(whole).iterations, best, "the best is what is kept");
    assert!(made(whole).heldout.expect("scores").steps > 300, "scored as at a full end");

    // Where the whole run judged, too: in between it may be better by chance.
    let stopped = run(parted, best + 4, &[]).progress;
    assert_eq!(stopped.best_at, Some(best), "known to the state");
    let resumed = run(parted, 200, &["--patience", "8", "--resume"]).progress;
    assert_eq!((resumed.iterations, resumed.best_at), (best + 8, Some(best)), "counts on");
    assert!(state(parted).parameters == state(whole).parameters, "bit for bit");

    let again = run(whole, 200, &["--patience", "8", "--resume"]).progress;
    assert_eq!(again, first, "nothing left to do");
    let longer = run(whole, 200, &["--patience", "12", "--resume"]).progress;
    assert!(longer.iterations >= best + 12, "{longer:?}");
}

#[test]
fn a_state_that_does_not_tell_of_the_best_takes_it_from_the_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    train(folder, &[&WILD[..], &["--iterations", "16"]].concat()).expect("trained");
    let path = folder.join("m.last.state");
    let (mut old, identity) = State::read(&path).expect("a state");
    let best = old.progress.best_at.expect("judged");
    (old.progress.best_at, old.progress.judged_at) = (None, None);
    old.save(&path, None, &identity).expect("saved");
    train(folder, &[&WILD[..], &["--iterations", "17", "--resume"]].concat()).expect("resumed");
    let found = state(folder).progress.best_at.expect("known");
    assert!(found == best || found == 17, "{found}, not {best}");
}

#[test]
fn nothing_is_overwritten_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    train(folder, &["--iterations", "2", "--sample-every", "2"]).expect("trained");
    let all = || {
        let read = |name: String| std::fs::read(folder.join(name)).ok();
        names(folder).into_iter().map(read).collect::<Vec<_>>()
    };
    let before = all();
    let told = refused(folder, &["--iterations", "2"]);
    assert!(told.contains("m.safetensors is there already"), "{told}");
    assert!(told.contains("--resume") && told.contains("--overwrite"), "{told}");
    assert!(before == all(), "untouched");
    train(folder, &["--iterations", "1", "--overwrite", "--seed", "4"]).expect("overwritten");
    assert_eq!(state(folder).progress.iterations, 1);
    assert_eq!(names(&folder.join("m.samples")), Vec::<String>::new(), "no sample of the old run");
    assert!(!folder.join("m.before.state").exists(), "nor a state");
}

#[test]
fn what_is_missing_is_told_before_any_music_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut line = words(folder, &[]);
        change(&mut line);
        let stop = AtomicBool::new(false);
        format!("{:#}", train::run(&Cli::parse_from(line).args, &stop).expect_err("refused"))
    };
    let told = with(&|line| line[3] = folder.join("nowhere").display().to_string());
    assert!(told.contains("nowhere: there is no such file or folder"), "{told}");
    let told = with(&|line| {
        line[5] = format!("--out={}", folder.join("absent/m.safetensors").display());
    });
    assert!(told.contains("mkdir -p"), "{told}");
    let told = with(&|line| {
        std::fs::write(folder.join("settings.toml"), "batch = 2\n\nstesp = 4\n").expect("written");
        line.push("--iterations=1".to_owned());
    });
    assert!(told.contains("line 3") && told.contains("did you mean \"steps\"?"), "{told}");
    let empty = folder.join("empty");
    std::fs::create_dir(&empty).expect("made");
    let told = with(&|line| {
        line.truncate(6);
        line.drain(3..5);
        line.insert(3, empty.display().to_string());
    });
    assert!(told.contains("no usable music") && told.contains("MIDI"), "{told}");
    assert!(refused(folder, &["--resume"]).contains("nothing to resume"));
    assert_eq!(names(folder), ["empty", "settings.toml"], "nothing was written");
}

#[test]
fn what_is_to_be_held_out_can_be_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let rolls = |name: &str, frames: &[usize]| {
        // A silent end, which the published sets count.
        let sequence = |frames: &usize| -> Vec<Vec<u8>> {
            let frame = |f| if f + 3 < *frames { vec![40 + (f % 7) as u8, 64] } else { vec![] };
            (0..*frames).map(frame).collect()
        };
        let sequences: Vec<_> = frames.iter().map(sequence).collect();
        let text = serde_json::json!({"step_in_16ths": 2, "sequences": sequences}).to_string();
        std::fs::write(folder.join(name), text).expect("written");
        folder.join(name).display().to_string()
    };
    let (data, valid) = (rolls("train.json", &[20, 9, 40]), rolls("valid.json", &[11, 30]));
    let config = folder.join("settings.toml");
    std::fs::write(&config, SETTINGS).expect("settings");
    let out = folder.join("m.safetensors").display().to_string();
    let config = config.display().to_string();
    let line = |valid: &str| {
        let words = ["train", "--no-cache", "--data", &data, "--valid", valid, "--out", &out];
        let more = ["--config", &config, "--profile", "benchmark", "--iterations", "4"];
        Cli::parse_from(words.into_iter().chain(more)).args
    };
    train::run(&line(&valid), &AtomicBool::new(false)).expect("trained");
    let model = anacrusis_companion::model_file::read(Path::new(&out)).expect("a model");
    assert_eq!((model.config().low, model.config().keys()), (21, 88));
    let made = model.meta.made.expect("its story");
    let heldout = made.heldout.expect("judged");
    assert_eq!((heldout.pieces, heldout.steps), (2, 41), "frames as given, the first included");
    assert_eq!(heldout.art_nats_step, 0.0);
    assert!(made.command.contains("--valid") && made.command.contains("valid.json"));

    let empty = rolls("empty.json", &[]);
    std::fs::remove_file(&out).expect("removed");
    let mut again = line(&empty);
    again.overwrite = true;
    let error = train::run(&again, &AtomicBool::new(false)).expect_err("refused");
    assert!(format!("{error:#}").contains("--valid"), "{error:#}");
}

#[test]
fn a_run_that_will_not_fit_is_refused_with_advice() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |more: &[&str], megabytes: u64| {
        let args = Cli::parse_from(words(folder.path(), more)).args;
        train::run_within(&args, &AtomicBool::new(false), || Some(megabytes * 1_000_000))
    };
    let wide = ["--iterations", "1", "--batch", "64", "--steps", "128"];
    let told = format!("{:#}", run(&wide, 40).expect_err("refused"));
    for word in ["memory: about", "too little", "--batch", "would fit", "--ignore-memory"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert_eq!(names(folder.path()), ["settings.toml"], "nothing was written");
    run(&wide[..2], 2000).expect("it fits");
    run(&["--iterations", "2", "--ignore-memory", "--resume"], 0).expect("all the same");
}

#[test]
fn print_config_needs_no_data_and_can_be_given_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_anacrusis"))
        .args(["train", "--print-config", "--batch", "7", "--patience", "300"])
        .output()
        .expect("starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let config = folder.path().join("printed.toml");
    std::fs::write(&config, output.stdout).expect("written");
    let settings = Settings::read(&config).expect("good settings");
    assert_eq!(settings, Settings { batch: 7, patience: 300, ..Settings::default() });
}

/// Ctrl-C saves, ends well and says how to go on; what it says works.
#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_tells_the_command_that_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let child = Command::new(env!("CARGO_BIN_EXE_anacrusis"))
        .args(words(folder, &["--iterations", "1000000", "--corpus", "it's a test"]))
        .stderr(Stdio::piped())
        .spawn()
        .expect("the trainer starts");
    let begun = std::time::Instant::now();
    while !folder.join("m.last.safetensors").exists() {
        assert!(begun.elapsed().as_secs() < 120, "it never saved");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let asked = Command::new("kill").arg("-INT").arg(child.id().to_string()).status();
    assert!(asked.expect("kill").success());
    let output = child.wait_with_output().expect("ended");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "as after Ctrl-C: {told}");
    assert!(told.contains("Ctrl-C once more") && told.contains("m.last.state"), "{told}");
    let command = told.lines().last().expect("lines").trim();
    let line = command.strip_prefix("anacrusis train ").expect("a command");
    let done = state(folder).progress.iterations;
    let more = line.replace("--iterations 1000000", &format!("--iterations {}", done + 1));
    assert_ne!(more, line);
    let output = Command::new("sh")
        .args(["-c", &format!("exec \"$0\" train {more}"), env!("CARGO_BIN_EXE_anacrusis")])
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(state(folder).progress.iterations, done + 1);
}
