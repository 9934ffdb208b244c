//! The trainer on a small corpus: it learns, goes on where it stopped, and never leaves a
//! spoilt file behind, however it ends.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anacrusis::model::Checkpoint;
use anacrusis::model::Config;
use anacrusis_companion::arguments;
use anacrusis_companion::arrangement::Arrangement;
use anacrusis_companion::corpus::{Corpus, Options};
use anacrusis_companion::players::Rule;
use anacrusis_companion::settings::Settings;
use anacrusis_companion::train;
use anacrusis_companion::train::adam::Adam;
use anacrusis_companion::train::backend::{Backend, Batch, Candle};
use anacrusis_companion::train::batch::Segments;
use anacrusis_companion::train::init;
use anacrusis_companion::train::random::Random;
use anacrusis_companion::train::state::State;
use clap::Parser;

const SETTINGS: &str = "batch = 2\nsteps = 32\nlearning_rate = 1e-2\ndropout = 0.1\n\
    heldout = 0.3\nevaluate_every = 4\nevaluate_steps = 300\nthreads = 2\n\
    licence = \"public domain\"\n[network]\ntime = [16]\nnote = [12, 8]\n";

fn midi(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/midi").join(folder)
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: arguments::Args,
}

/// Arguments of a run into `folder`, with the small settings and then `more` flags.
fn words(folder: &Path, more: &[&str]) -> Vec<String> {
    words_with(SETTINGS, folder, more)
}

fn words_with(settings: &str, folder: &Path, more: &[&str]) -> Vec<String> {
    let config = folder.join("settings.toml");
    std::fs::write(&config, settings).expect("settings");
    // The tests leave no trace in the user's cache.
    let mut words = vec!["--no-cache".to_owned(), "--data".to_owned()];
    words.extend(["chorales", "leadsheets", "malformed"].map(|f| midi(f).display().to_string()));
    words.push(format!("--out={}", folder.join("m.safetensors").display()));
    words.push(format!("--config={}", config.display()));
    words.extend(more.iter().map(|word| (*word).to_owned()));
    words
}

fn train(folder: &Path, more: &[&str], stop: bool) -> anyhow::Result<train::Ended> {
    let words = std::iter::once("train".to_owned()).chain(words(folder, more));
    train::run(&Cli::parse_from(words).args, &AtomicBool::new(stop))
}

fn checkpoint(path: &Path) -> Checkpoint {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Checkpoint::parse(&bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The network of the newest weights.
fn last(folder: &Path) -> Checkpoint {
    checkpoint(&folder.join("m.last.safetensors"))
}

#[test]
fn one_batch_can_be_learnt_by_heart() {
    let corpus = Corpus::read(&[midi("chorales")], &Options::default()).expect("chorales");
    let network = Config { time: vec![24], note: vec![16], ..Config::default() };
    let settings = Settings { network, steps: 32, ..Settings::default() };
    let rolls: Vec<_> = corpus.pieces.iter().map(|piece| &piece.roll).collect();
    let pieces = corpus.pieces.iter().map(|piece| (0, Arrangement::of(piece, Rule::Auto)));
    let segments = Segments::new(&settings, pieces, Random::new(1, 1));
    let batch = segments.expect("long enough").draw(0, 2);
    let density = init::Density::of(rolls, settings.network.keys());
    let mut parameters = init::weights(&settings.network, density, &Random::new(1, 2));
    let mut adam = Adam::default();
    let mut losses = Vec::new();
    let mut candle = Candle::new(&settings.network, 2);
    for _ in 0..250 {
        let (gradients, nats) =
            candle.gradient(&parameters, Batch::whole(&batch), None).expect("a step");
        losses.push(nats.nats_step());
        adam.update(&mut parameters, &gradients, 1e-2);
    }
    println!("nats per step {:.3} -> {:.3}", losses[0], losses[249]);
    assert!(losses[0] > 8.0 && losses[249] < 1.0, "{} -> {}", losses[0], losses[249]);
}

#[test]
fn training_lowers_the_loss_on_pieces_never_seen_and_tells_how() {
    let folder = tempfile::tempdir().expect("a folder");
    train(folder.path(), &["--iterations", "80", "--corpus", "tests"], false).expect("trained");
    let metrics = std::fs::read_to_string(folder.path().join("m.metrics.jsonl")).expect("metrics");
    let nats: Vec<f64> = metrics
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .map(|line| line["nats_step"].as_f64().expect("a number"))
        .collect();
    println!("held-out nats per step: {nats:.3?}");
    assert_eq!(nats.len(), 20);
    assert!(nats[19] < 0.75 * nats[0], "{nats:?}");

    let best = checkpoint(&folder.path().join("m.safetensors"));
    let made = best.meta.made.as_ref().expect("how it was made");
    let heldout = made.heldout.as_ref().expect("scores");
    assert!(heldout.pieces > 3 && heldout.steps > 300, "all held-out steps: {heldout:?}");
    assert_eq!(made.baselines.keys().collect::<Vec<_>>(), ["coin", "frequency", "repeat"]);
    assert!(made.command.starts_with("anacrusis train --data midi/chorales"), "{}", made.command);
    assert!(!made.command.contains(env!("CARGO_MANIFEST_DIR")), "{}", made.command);
    assert_eq!(made.settings["batch"], 2);
    let nats = evaluate_heldout(folder.path());
    println!("all held-out steps: candle {:.6}, engine {nats:.6}", heldout.nats_step);
    assert!((heldout.nats_step - nats).abs() < 1e-4, "{} by the engine: {nats}", heldout.nats_step);
    assert_eq!(best.meta.prompts.len(), 8);
    assert!(best.tensor("time.0.bias_hh_l0").iter().all(|b| *b == 0.0), "one bias is trained");
}

/// Nats per step of the best network by the engine, over what the run held out.
fn evaluate_heldout(folder: &Path) -> f64 {
    evaluate(folder, "m.safetensors")
}

fn evaluate(folder: &Path, name: &str) -> f64 {
    let output = Command::new(env!("CARGO_BIN_EXE_anacrusis"))
        .args(["evaluate", "--heldout", "--json", "--model"])
        .arg(folder.join(name))
        .arg("--data")
        .args(["chorales", "leadsheets", "malformed"].map(midi))
        .output()
        .expect("anacrusis starts");
    let scores: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON alone");
    scores["nats_step"].as_f64().expect("a number")
}

#[test]
fn the_mean_of_the_weights_is_what_is_scored_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let more = ["--iterations", "8", "--evaluate-every", "8", "--evaluate-steps", "100000"];
    let settings = SETTINGS.replace("dropout", "average = 0.9\ndropout");
    let words = words_with(&settings, folder.path(), &more);
    let args = Cli::parse_from(std::iter::once("train".to_owned()).chain(words)).args;
    train::run(&args, &AtomicBool::new(false)).expect("trained");
    let metrics = std::fs::read_to_string(folder.path().join("m.metrics.jsonl")).expect("metrics");
    let metrics: serde_json::Value = serde_json::from_str(metrics.trim()).expect("one line");
    let told = metrics["nats_step"].as_f64().expect("a number");
    let kept = evaluate(folder.path(), "m.last.safetensors");
    assert!((told - kept).abs() < 1e-4, "told {told}, the network that is kept {kept}");
    let state = State::read(&folder.path().join("m.last.state")).expect("a state").0;
    let name = "time.0.weight_ih_l0";
    let network = last(folder.path());
    assert_eq!(network.tensor(name), state.best()[name]);
    assert_ne!(network.tensor(name), state.parameters[name], "the mean lags behind");
}

#[test]
fn weight_decay_keeps_the_weights_small() {
    let norm = |decay: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let more = ["--iterations", "8", "--weight-decay", decay];
        train(folder.path(), &more, false).expect("trained");
        let network = last(folder.path());
        let weights = network.tensor("time.0.weight_ih_l0").iter();
        weights.map(|weight| f64::from(weight * weight)).sum::<f64>().sqrt()
    };
    let (without, with) = (norm("0"), norm("10"));
    // Eight times a tenth of what is there.
    assert!(with < 0.7 * without, "{with} with, {without} without");
}

#[test]
fn a_run_that_is_stopped_saves_and_can_be_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    train(folder.path(), &["--iterations", "7"], true).expect("stopped before the first step");
    assert!(folder.path().join("m.safetensors").exists(), "there is a network even so");
    train(folder.path(), &["--iterations", "4", "--resume"], false).expect("resumed");
    assert_eq!(last(folder.path()).meta.made.expect("made").iterations, 4);
}

#[test]
fn weights_of_the_data_are_told_and_a_resumed_run_keeps_to_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let train = |weight: &str, more: &[&str]| {
        let mut line = words(folder.path(), more);
        // Of chorales, leadsheets and malformed files, in this order.
        line.insert(0, "train".to_owned());
        line[4] += weight;
        train::run(&Cli::parse_from(line).args, &AtomicBool::new(false))
    };
    train("=0.25", &["--iterations", "2"]).expect("trained");
    let made = last(folder.path()).meta.made.expect("made");
    assert_eq!(made.settings["data_weights"], serde_json::json!([1.0, 0.25, 1.0]));
    assert!(made.command.contains("leadsheets=0.25"), "{}", made.command);
    let other = train("=0.5", &["--iterations", "4", "--resume"]).expect_err("another mixture");
    assert!(format!("{other:#}").contains("0.25"), "{other:#}");
    train("=0.25", &["--iterations", "4", "--resume"]).expect("resumed");
    assert_eq!(last(folder.path()).meta.made.expect("made").iterations, 4);
}

#[test]
fn unusable_data_and_settings_are_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let words = words(folder.path(), &[]);
    let try_data = |data: PathBuf, more: &[&str]| {
        let mut line =
            vec!["train".to_owned(), words[0].clone(), format!("--data={}", data.display())];
        line.extend(words[5..].iter().cloned());
        line.extend(more.iter().map(|word| (*word).to_owned()));
        let outcome = train::run(&Cli::parse_from(line).args, &AtomicBool::new(false));
        format!("{:#}", outcome.expect_err("refused"))
    };
    let nothing = try_data(midi("malformed/nowhere"), &[]);
    assert!(nothing.contains("nowhere"), "{nothing}");
    let short = try_data(midi("chorales"), &["--steps", "4000"]);
    assert!(short.contains("000.mid") && short.contains("4000"), "{short}");
    let one = try_data(midi("chorales/000.mid"), &[]);
    assert!(one.contains("two works"), "{one}");
    assert!(try_data(midi("chorales"), &["--batch", "0"]).contains("batch"));
    assert!(try_data(midi("chorales"), &["--resume"]).contains("without --resume"));
}

/// Starts the binary, to be killed or asked to end.
fn spawn(line: Vec<String>) -> Child {
    Command::new(env!("CARGO_BIN_EXE_anacrusis"))
        .arg("train")
        .args(line)
        .stderr(Stdio::null())
        .spawn()
        .expect("the trainer starts")
}

fn wait_for(path: &Path) {
    let begun = Instant::now();
    while !path.exists() {
        assert!(begun.elapsed() < Duration::from_secs(120), "no {}", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(unix)]
#[test]
fn a_request_to_end_is_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = spawn(words(folder.path(), &["--iterations", "100000"]));
    wait_for(&folder.path().join("m.last.safetensors"));
    let asked = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status();
    assert!(asked.expect("kill").success());
    assert_eq!(child.wait().expect("ended").code(), Some(130), "saved, but not done");
    train(folder.path(), &["--iterations", "1", "--resume"], false).expect("nothing left to do");
}
