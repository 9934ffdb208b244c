//! The shipped model listens, and its music beside people's; and the command that shows it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anacrusis::model::Weights;
use anacrusis::music::{Chord, Tonality};
use anacrusis_companion::generate::Wish;
use anacrusis_companion::judge::accompanist::Alone;
use anacrusis_companion::judge::accompany::{self, Plan};
use anacrusis_companion::judge::alike::{self, Excerpt};
use anacrusis_companion::judge::network::Player;
use anacrusis_companion::judge::pieces::{self, Piece, Wanted};
use anacrusis_companion::judge::report::Row;
use anacrusis_companion::judge::simulate::SimulationOptions;
use anacrusis_companion::judge::together::Tally;
use anacrusis_companion::model_file;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn chorales() -> Vec<PathBuf> {
    (0..12).map(|n| file(&format!("tests/midi/chorales/{n:03}.mid"))).collect()
}

fn anacrusis(paths: &[PathBuf], more: &[&str]) -> Output {
    let mut anacrusis = Command::new(env!("CARGO_BIN_EXE_anacrusis"));
    anacrusis.arg("judge").arg("--model").arg(file("models/classical.safetensors"));
    anacrusis.arg("--accompany").args(paths).args(more).output().expect("anacrusis starts")
}

fn read(paths: &[PathBuf], bars: usize) -> Vec<Piece> {
    let wanted = Wanted { bars, most: 1000, ..Wanted::default() };
    pieces::read(paths, wanted).expect("pieces").pieces
}

/// Every figure of people's accompaniments is what another program, in another language and with
/// another reader of MIDI files, says of the same definitions.
#[test]
fn peoples_figures_are_those_of_a_second_program() {
    let told = std::fs::read(file("tests/midi/accompaniment.json")).expect("figures");
    let told: BTreeMap<String, BTreeMap<String, f64>> =
        serde_json::from_slice(&told).expect("JSON");
    assert_eq!(told.len(), 36);
    for (name, expected) in told {
        let paths =
            [file(&format!("tests/midi/{name}")), chorales()[0].clone(), chorales()[1].clone()];
        let read = read(&paths, 16);
        let (_, file_name) = name.split_once('/').expect("a folder");
        let piece = read.iter().find(|piece| piece.name == file_name).expect("usable");
        let accompaniment = piece.accompaniment.as_ref().expect("people's");
        let mut tally = Tally::default();
        tally.add(&piece.melody, accompaniment);
        let mut found = serde_json::to_value(Row::of(&tally)).expect("JSON");
        found["together"] = tally.own.together.value().into();
        for (figure, expected) in expected {
            // Where there is nothing to count, the other says 0.
            let value = found[&figure].as_f64().unwrap_or(0.0);
            assert!((value - expected).abs() < 1e-9, "{name}, {figure}: {value}, not {expected}");
        }
    }
}

/// Pooled over the chorales, as the published figures of listening networks are.
#[test]
fn people_listen_to_each_other() {
    let people = accompany::people(&read(&chorales(), 16)).expect("people's");
    println!("{people:#?}");
    assert!((people.consonance - 0.90).abs() < 0.01 && people.gain > 0.25);
    assert!((people.note_in_chord - 0.696).abs() < 0.01 && people.counted > 0.95);
    assert!(people.together_gain > 0.03);
}

/// The default model goes with the melody that it accompanies and not with others, in its key, and is
/// soon in another key if the melody is. People's accompaniments surprise it less under their own
/// melodies.
#[test]
fn the_shipped_model_listens_to_a_melody() {
    let checkpoint = model_file::read(&file("models/songs.safetensors")).expect("a model");
    let pieces = read(&chorales(), 8);
    let plan = Plan { pieces: &pieces, seeds: 1 };
    let weights = Weights::shared(&checkpoint);
    let network = || Player::new(&checkpoint, &weights);
    let alone = || Ok(Alone { network: network(), manner: SimulationOptions::default() });
    let report = accompany::judge(&plan, alone).expect("played");
    println!("{}", report.table());
    let row = &report.model;
    assert!(row.gain > 0.2 && row.in_key > 0.8, "{row:?}");
    assert!((1.0..4.0).contains(&row.sounding) && row.onset_steps > 0.15, "{row:?}");
    assert!(report.turn.bars_to_recover.is_some_and(|bar| bar <= 4), "{:?}", report.turn);
    assert!(report.exchanged_nats.is_some_and(|nats| nats > 0.3), "{:?}", report.exchanged_nats);
}

#[test]
fn the_melody_is_one_voice_in_a_key_from_a_bar_line_on() {
    let pieces = read(&[chorales()[0].clone(), file("tests/midi/leadsheets")], 4);
    // Four bars of 2/4 are too little melody.
    assert_eq!(pieces.len(), 24);
    for piece in &pieces {
        let melody = &piece.melody.chords;
        assert!(melody.len() <= 64 && melody.iter().all(|chord: &Chord| chord.len() <= 1));
        assert!(melody[..16].iter().any(|chord| !chord.is_empty()), "{}", piece.name);
        assert_eq!(Tonality::of(melody), Some(piece.tonality));
        let accompaniment = piece.accompaniment.as_ref().expect("people's");
        assert_eq!(accompaniment.len(), melody.len());
        let both = |(sung, own): (&Chord, &Chord)| sung.playing() & own.playing() != 0;
        assert!(!melody.iter().zip(accompaniment).any(both), "a key has one player");
    }
    assert_eq!(pieces[0].found, "track named Soprano");
    assert_eq!(pieces[1].found, "track named melody");
}

#[test]
fn the_command_says_what_it_found_and_what_is_wrong() {
    let files = &chorales()[..2];
    let small = ["--seeds", "1", "--bars", "4"];
    let table = anacrusis(files, &small);
    assert!(table.status.success(), "{}", String::from_utf8_lossy(&table.stderr));
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    for words in
        ["track named Soprano, in 2 of 2", "late hands", "first good bar", "2 melodies, 1 seeds"]
    {
        assert!(table.contains(words), "{words}: {table}");
    }
    let found = || anacrusis(files, &[&small[..], &["--json"]].concat()).stdout;
    let json = found();
    assert_eq!(json, found(), "the same each time");
    let found: serde_json::Value = serde_json::from_slice(&json).expect("JSON alone");
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    for key in ["pieces", "seeds", "exchanged_nats"] {
        assert!(found[key].is_number(), "{key}");
    }
    assert_eq!(keys(&found["model"]).len(), 18);
    assert_eq!(keys(&found["people"]), keys(&found["model"]));
    assert_eq!(keys(&found["displaced"]), keys(&found["model"]));
    for list in ["in_key", "consonance", "plain_in_key"] {
        assert_eq!(found["turn"][list].as_array().map(Vec::len), Some(8));
    }
    assert_eq!(found["rest"]["after"].as_array().map(Vec::len), Some(4));
    assert!(found["turn"].get("bars_to_recover").is_some());
    assert!(found["held"]["tune"].is_number() && found["wrong_history"]["chord"].is_number());
    let leadsheets = [file("tests/midi/leadsheets"), file("tests/midi/chorales")];
    let heldout = anacrusis(&leadsheets, &[&small[..], &["--heldout"]].concat());
    let heldout = String::from_utf8_lossy(&heldout.stdout).into_owned();
    assert!(heldout.contains("melodies, 1 seeds") && !heldout.contains("36 melodies"), "{heldout}");
    let error = |paths: &[PathBuf]| {
        let output = anacrusis(paths, &[]);
        assert!(!output.status.success() && output.stdout.is_empty());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(error(&files[..1]).contains("at least two different pieces"));
    assert!(error(&[files[0].clone(), files[0].clone()]).contains("at least two different pieces"));
    assert!(error(&[files[0].clone(), file("no.mid")]).contains("cannot read"));
    let error = error(&[files[0].clone(), file("README.md")]);
    assert!(error.contains("README.md: ") && error.contains("1 can be used, 1 cannot"), "{error}");
}

/// What is wrong with `--through` and `--set` is said before anything is played.
#[test]
fn a_plugin_is_asked_for_with_what_belongs_to_it() {
    let error = |more: &[&str]| {
        let output = anacrusis(&chorales()[..2], more);
        assert!(!output.status.success() && output.stdout.is_empty(), "{more:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(error(&["--through", "none.clap"]).contains("cargo xtask bundle"));
    assert!(error(&["--through", env!("CARGO_MANIFEST_DIR")]).contains("not a .clap or .vst3"));
    assert!(error(&["--set", "room=off"]).contains("--through <PLUGIN>"));
    let through = |more: &[&str]| error(&[&["--through", "none.clap"], more].concat());
    for other in ["--follow=1", "--temperature=1", "--truncation=0", "--reaction=step-before"] {
        assert!(through(&[other]).contains("cannot be used with"), "{other}");
    }
    assert!(through(&["--set", "room"]).contains("write ID=VALUE"));
    assert!(through(&["--set", "seed=2"]).contains("seed is not for setting: --seeds"));
    let mut with_data = Command::new(env!("CARGO_BIN_EXE_anacrusis"));
    with_data.args(["judge", "--model", "m.safetensors", "--through", "none.clap", "--data", "."]);
    let output = with_data.output().expect("anacrusis starts");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be used with"));
}

/// Pieces are compared with people's, and looked for in what is named; a set is alike to itself.
#[test]
fn pieces_are_compared_with_those_of_people() {
    let chorales = file("tests/midi/chorales");
    let judge = |more: &[&str]| {
        let mut anacrusis = Command::new(env!("CARGO_BIN_EXE_anacrusis"));
        anacrusis.arg("judge").arg("--model").arg(file("models/classical.safetensors"));
        anacrusis.arg("--data").arg(&chorales).args(more).output().expect("anacrusis starts")
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
    assert_eq!(found["figures"].as_array().map(Vec::len), Some(15));
    assert_eq!(found["figures"][3]["model_pieces"].as_array().map(Vec::len), Some(4));
    assert!(found["recited"]["longest"][0].as_u64().is_some_and(|steps| steps < 96));
    let long = judge(&["--bars", "400"]);
    let error = String::from_utf8_lossy(&long.stderr).into_owned();
    assert!(!long.status.success() && error.contains("steps"), "{error}");
    let neither = Command::new(env!("CARGO_BIN_EXE_anacrusis"))
        .args(["judge", "--model", "m.safetensors"])
        .output()
        .expect("anacrusis starts");
    assert!(!neither.status.success());
}

#[test]
fn a_set_cannot_be_told_from_itself_and_other_music_can() {
    let checkpoint = model_file::read(&file("models/classical.safetensors")).expect("a model");
    let plan = alike::Plan { pieces: 12, wish: Wish { bars: 8, ..Wish::default() } };
    let people = |folder: &str| {
        alike::people(&[file(folder)], false, &checkpoint, plan).expect("music").excerpts
    };
    let human = people("tests/midi/chorales");
    assert_eq!(human.len(), 12);
    assert!(human.iter().all(|piece| piece.roll.len() == 128));
    let other = people("tests/midi/leadsheets");
    let overlap = |made: &[Excerpt]| -> Vec<f64> {
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
        let plan = alike::Plan { pieces, wish: Wish { bars: 4, ..Wish::default() } };
        let data = [file("tests/midi/chorales"), file("tests/midi/leadsheets")];
        alike::people(&data, true, &checkpoint, plan).expect("music")
    };
    let few = excerpts(2);
    assert_eq!(few.excerpts.len(), 2);
    let many = excerpts(500);
    assert!(many.excerpts.len() > 8 && many.excerpts.len() < 500, "{}", many.excerpts.len());
    assert!(many.excerpts.iter().all(|piece| piece.roll.len() == 64));
    let trained_on = many.trained_on.expect("what the model's seed left");
    let library = anacrusis_companion::verbatim::Library::new(&trained_on);
    let range = checkpoint.config().range();
    let shared =
        many.excerpts.iter().map(|piece| library.longest(&piece.roll, -5..=6, range).steps);
    assert!(shared.max().expect("some") < 64, "none of them was trained on");

    let folder = tempfile::tempdir().expect("a folder");
    let picture = folder.path().join("figures.png");
    let mut anacrusis = Command::new(env!("CARGO_BIN_EXE_anacrusis"));
    anacrusis.arg("judge").arg("--model").arg(file("models/classical.safetensors"));
    anacrusis.arg("--data").args([file("tests/midi/chorales"), file("tests/midi/leadsheets")]);
    anacrusis.args(["--heldout", "--pieces", "3", "--bars", "4", "--picture"]).arg(&picture);
    let output = anacrusis.output().expect("anacrusis starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("longest stretch shared with what was trained on"), "{text}");
    let bytes = std::fs::read(picture).expect("a picture");
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 2000);
}
