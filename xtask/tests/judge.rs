//! The shipped model listens, and its music beside people's; and the command that shows it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anacrusis::music::{Chord, PianoRoll, Tonality};
use xtask::generate::Wish;
use xtask::judge::alike::{self, Plan};
use xtask::judge::{self, Melody};
use xtask::model_file;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn chorales() -> Vec<PathBuf> {
    (0..12).map(|n| file(&format!("tests/midi/chorales/{n:03}.mid"))).collect()
}

fn xtask(files: &[PathBuf], more: &[&str]) -> Output {
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask.arg("judge").arg("--model").arg(file("models/classical.safetensors"));
    xtask.arg("--accompany").args(files).args(more).output().expect("xtask starts")
}

/// A melody played in changes what is generated, towards the melody: accompaniments go better
/// with the melody that they were made for than with others.
#[test]
fn the_shipped_model_listens_to_a_melody() {
    let checkpoint = model_file::read(&file("models/classical.safetensors")).expect("a model");
    let melodies: Vec<Melody> =
        chorales().iter().map(|path| judge::read(path, 128).expect("a melody")).collect();
    let verdict = judge::judge(&checkpoint, &melodies, 4).expect("played");
    for (name, figure) in [("consonance", verdict.consonance), ("in key", verdict.in_key)] {
        println!("{name}: {figure:?}");
        assert!(figure.gain.low > 0.0, "{name}: {figure:?}");
    }
    assert!(verdict.notes_step > 0.5, "something is played: {}", verdict.notes_step);
}

#[test]
fn two_runs_judge_alike() {
    let checkpoint = model_file::read(&file("models/classical.safetensors")).expect("a model");
    let melodies: Vec<Melody> =
        chorales()[..2].iter().map(|path| judge::read(path, 48).expect("a melody")).collect();
    let once = || {
        let verdict = judge::judge(&checkpoint, &melodies, 1).expect("played");
        serde_json::to_string(&verdict).expect("JSON")
    };
    assert_eq!(once(), once());
}

#[test]
fn the_highest_voice_is_the_melody() {
    let melody = judge::read(&chorales()[0], 64).expect("a melody");
    assert_eq!(melody.chords.len(), 64);
    assert!(melody.chords.iter().all(|chord: &Chord| chord.len() <= 1));
    let bytes = std::fs::read(&chorales()[0]).expect("read");
    let all = anacrusis::music::KeyRange { low: 0, count: 128 };
    let roll = anacrusis::music::smf::read(&bytes, all).expect("a file").roll;
    for (sung, chord) in melody.chords.iter().zip(&roll.chords) {
        assert_eq!(sung.keys().last(), chord.keys().last());
    }
    assert_eq!(Tonality::of(&melody.chords), Some(melody.tonality));
}

#[test]
fn the_command_says_what_it_found_and_what_is_wrong() {
    let files = &chorales()[..2];
    let table = xtask(files, &["--seeds", "1", "--bars", "4"]);
    assert!(table.status.success(), "{}", String::from_utf8_lossy(&table.stderr));
    assert!(String::from_utf8_lossy(&table.stdout).contains("2 melodies, 1 seeds"));
    let found = xtask(files, &["--seeds", "1", "--bars", "4", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&found.stdout).expect("JSON alone");
    assert_eq!(found["melodies"].as_array().map(Vec::len), Some(2));
    assert!(found["consonance"]["gain"]["mean"].is_f64());
    let error = |files: &[PathBuf]| {
        let output = xtask(files, &[]);
        assert!(!output.status.success() && output.stdout.is_empty());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(error(&files[..1]).contains("at least two different files"));
    assert!(error(&[files[0].clone(), files[0].clone()]).contains("at least two different files"));
    assert!(error(&[files[0].clone(), file("no.mid")]).contains("cannot read"));
    assert!(error(&[files[0].clone(), file("README.md")]).contains("not usable"));
    assert!(error(&[files[0].clone(), file("tests/midi/README.md")]).contains("not usable"));
}

/// Pieces are compared with people's, and looked for in what is named; a set is alike to itself.
#[test]
fn pieces_are_compared_with_those_of_people() {
    let chorales = file("tests/midi/chorales");
    let judge = |more: &[&str]| {
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        xtask.arg("judge").arg("--model").arg(file("models/classical.safetensors"));
        xtask.arg("--data").arg(&chorales).args(more).output().expect("xtask starts")
    };
    let against = chorales.display().to_string();
    let small = ["--pieces", "4", "--bars", "6", "--against", &against];
    let table = judge(&small);
    assert!(table.status.success(), "{}", String::from_utf8_lossy(&table.stderr));
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    for word in
        ["groove_consistency", "overlap", "4 pieces by the model, 4 excerpts by people", "longest"]
    {
        assert!(table.contains(word), "{word}: {table}");
    }
    let found = judge(&[&small[..], &["--json"]].concat());
    let found: serde_json::Value = serde_json::from_slice(&found.stdout).expect("JSON alone");
    assert_eq!(found["figures"].as_array().map(Vec::len), Some(9));
    assert_eq!(found["figures"][3]["model_pieces"].as_array().map(Vec::len), Some(4));
    assert!(found["recited"]["longest"][0].as_u64().is_some_and(|steps| steps < 96));
    let long = judge(&["--bars", "400"]);
    let error = String::from_utf8_lossy(&long.stderr).into_owned();
    assert!(!long.status.success() && error.contains("steps"), "{error}");
    let neither = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["judge", "--model", "m.safetensors"])
        .output()
        .expect("xtask starts");
    assert!(!neither.status.success());
}

#[test]
fn a_set_cannot_be_told_from_itself_and_other_music_can() {
    let checkpoint = model_file::read(&file("models/classical.safetensors")).expect("a model");
    let plan = Plan { pieces: 12, wish: Wish { bars: 8, ..Wish::default() } };
    let people = |folder: &str| {
        alike::people(&[file(folder)], false, &checkpoint, plan).expect("music").excerpts
    };
    let human = people("tests/midi/chorales");
    assert_eq!(human.len(), 12);
    assert!(human.iter().all(|roll| roll.len() == 128));
    let other = people("tests/midi/leadsheets");
    let overlap = |made: &[PianoRoll]| -> Vec<f64> {
        let likeness = alike::compare(&checkpoint, (made, &human), None);
        likeness.figures.iter().map(|figure| figure.overlap.expect("enough")).collect()
    };
    let (same, different) = (overlap(&human), overlap(&other));
    println!("{same:.2?}\n{different:.2?}");
    let mean = |areas: &[f64]| areas.iter().sum::<f64>() / areas.len() as f64;
    assert!(mean(&same) > 0.8 && mean(&different) < mean(&same) - 0.1);
}

/// Few pieces give several excerpts each, which do not overlap; and a picture is drawn.
#[test]
fn what_was_held_out_is_compared_and_drawn() {
    let checkpoint = model_file::read(&file("models/classical.safetensors")).expect("a model");
    let excerpts = |pieces| {
        let plan = Plan { pieces, wish: Wish { bars: 4, ..Wish::default() } };
        let data = [file("tests/midi/chorales"), file("tests/midi/leadsheets")];
        alike::people(&data, true, &checkpoint, plan).expect("music")
    };
    let few = excerpts(2);
    assert_eq!(few.excerpts.len(), 2);
    let many = excerpts(500);
    assert!(many.excerpts.len() > 8 && many.excerpts.len() < 500, "{}", many.excerpts.len());
    assert!(many.excerpts.iter().all(|roll| roll.len() == 64));
    let trained_on = many.trained_on.expect("what the model's seed left");
    let library = xtask::verbatim::Library::new(&trained_on);
    let range = checkpoint.config().range();
    let shared = many.excerpts.iter().map(|roll| library.longest(roll, -5..=6, range).steps);
    assert!(shared.max().expect("some") < 64, "none of them was trained on");

    let folder = tempfile::tempdir().expect("a folder");
    let picture = folder.path().join("figures.png");
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask.arg("judge").arg("--model").arg(file("models/classical.safetensors"));
    xtask.arg("--data").args([file("tests/midi/chorales"), file("tests/midi/leadsheets")]);
    xtask.args(["--heldout", "--pieces", "3", "--bars", "4", "--picture"]).arg(&picture);
    let output = xtask.output().expect("xtask starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("longest stretch shared with what was trained on"), "{text}");
    let bytes = std::fs::read(picture).expect("a picture");
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 2000);
}
