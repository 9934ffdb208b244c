//! The head for loudness, from files with dynamics to a network that tells them.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anacrusis::model::Checkpoint;
use anacrusis::music::Rate;
use anacrusis::music::smf::{self, Part, WriteOptions};
use anacrusis_companion::corpus::{Corpus, Options};
use anacrusis_companion::players::Rule;
use anacrusis_companion::{arguments, loudness, train};
use clap::Parser;

const SETTINGS: &str = "batch = 2\nsteps = 32\nlearning_rate = 1e-2\nheldout = 0.3\n\
    evaluate_every = 4\nevaluate_steps = 300\nthreads = 2\nlicence = \"public domain\"\n\
    [network]\ntime = [16]\nnote = [12, 8]\n";

#[derive(Parser)]
struct Trainer {
    #[command(flatten)]
    args: arguments::Args,
}

fn chorales() -> Corpus {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/midi/chorales");
    Corpus::read(&[folder], &Options::default()).expect("chorales")
}

/// The chorales, each a little louder than the one before, with notes as loud as `by` says of the key.
fn folder(name: &Path, by: impl Fn(u8) -> u8) -> PathBuf {
    std::fs::create_dir_all(name).expect("a folder");
    for (number, piece) in (0..).zip(&chorales().pieces) {
        let velocity = |_: usize, key: u8, _: u128| by(key) + number;
        let part = Part { velocity: Some(&velocity), ..Part::new("choir", 0, piece.roll.clone()) };
        let bytes = smf::write_parts(&[part], Rate::Sixteenth, &[], &WriteOptions::default());
        std::fs::write(name.join(&piece.name), bytes).expect("written");
    }
    name.to_owned()
}

fn train(data: &Path, out: &Path, network: &str) -> anyhow::Result<train::Ended> {
    let config = out.with_extension("toml");
    std::fs::write(&config, format!("{SETTINGS}{network}")).expect("settings");
    let words = ["train", "--no-cache", "--iterations", "8", "--data"].map(String::from);
    let paths = [data.display().to_string(), format!("--out={}", out.display())];
    let config = [format!("--config={}", config.display())];
    let args = Trainer::parse_from(words.into_iter().chain(paths).chain(config)).args;
    train::run(&args, &AtomicBool::new(false))
}

fn read(path: &Path) -> Checkpoint {
    Checkpoint::parse(&std::fs::read(path).expect("a file")).expect("a checkpoint")
}

#[test]
fn a_network_learns_which_notes_are_loud_in_a_run_or_afterwards() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = self::folder(&folder.path().join("data"), |key| 3 * (key - 36) / 2 + 20);
    let [with, without, later] = ["with", "without", "later"]
        .map(|name| folder.path().join(name).with_extension("safetensors"));
    train(&data, &with, "velocity = true\n").expect("trained");
    train(&data, &without, "").expect("trained");
    assert!(!read(&without).config().velocity);

    let corpus = Corpus::read(&[&data], &Options::default()).expect("the data");
    let pieces: Vec<_> = corpus.pieces.iter().collect();
    let errors = loudness::measure(&read(&with), &pieces, Rule::Auto).expect("measured");
    println!("{errors}");
    assert!(errors.notes > 1_000, "{errors}");
    assert!(errors.head.mean_error < 0.75 * errors.level.mean_error, "{errors}");
    assert!(errors.head.correlation > 0.7, "{errors}");

    let args = loudness::Args {
        model: without.clone(),
        data: vec![data],
        output: later.clone(),
        no_cache: true,
    };
    loudness::run(&args).expect("fitted");
    let (without, later) = (read(&without), read(&later));
    assert_eq!(later.meta, without.meta, "it was made as before");
    let mut tensors = later.clone().into_tensors();
    tensors.retain(|name, _| !name.starts_with("velocity."));
    assert_eq!(tensors, without.into_tensors(), "and plays the same notes");
    assert_eq!(later.tensor("velocity.weight"), read(&with).tensor("velocity.weight"));
}

#[test]
fn files_without_dynamics_are_refused_before_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = self::folder(&folder.path().join("data"), |_| 80);
    let out = folder.path().join("m.safetensors");
    let told = train(&data, &out, "velocity = true\n").expect_err("nothing to learn from");
    assert!(told.to_string().contains("files with dynamics"), "{told:#}");
    assert!(!out.exists());
    train(&data, &out, "").expect("a network without a head");
    let output = folder.path().join("l.safetensors");
    let args =
        loudness::Args { model: out, data: vec![data], output: output.clone(), no_cache: true };
    let told = format!("{:#}", loudness::run(&args).expect_err("nothing to fit to"));
    assert!(
        told.contains("0 of 8 pieces have dynamics") || told.contains("have dynamics"),
        "{told}"
    );
    assert!(!output.exists());
}
