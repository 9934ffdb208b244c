//! A network that goes on learning from what it is scored on: its gradients are candle's, it
//! knows nothing of what it has not yet predicted, and what repeats it learns.

use std::path::{Path, PathBuf};
use std::process::Command;

use anacrusis::model::checkpoint::Metadata;
use anacrusis::model::config::{Config, Scan, Start};
use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::{Checkpoint, Engine};
use anacrusis::music::{Chord, Metres, PianoRoll};
use anacrusis_companion::score::{self, Predictor};
use anacrusis_companion::sequence::Sequence;
use anacrusis_companion::train::dynamic::{Learner, SEGMENT};
use anacrusis_companion::train::fused::{self, Workspace};
use anacrusis_companion::train::init::{self, Density};
use anacrusis_companion::train::parameters::Parameters;
use anacrusis_companion::train::random::Random;
use anacrusis_companion::train::{network, step};

const RATE: f64 = 3e-3;

fn configs() -> [Config; 3] {
    let config = |time: &[usize], note: &[usize], scan, start| Config {
        time: time.to_vec(),
        note: note.to_vec(),
        low: 36,
        notes: 24,
        scan,
        start,
        ..Config::default()
    };
    [
        config(&[12, 9], &[8, 6], Scan::Up, Start::Flag),
        config(&[7], &[18], Scan::Down, Start::Flag),
        config(&[10], &[5, 5], Scan::Up, Start::None),
    ]
}

fn weights(config: &Config, seed: u64) -> Parameters {
    let random = Random::new(seed, 2);
    init::weights(config, Density { play: 0.1, articulate: 0.5 }, &random)
}

fn checkpoint(config: &Config, seed: u64) -> Checkpoint {
    let weights = weights(config, seed);
    Checkpoint::new(config.clone(), weights, Metadata::default()).expect("weights that fit")
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models")
}

/// Bars of `steps` chords, the same over and over.
fn music(config: &Config, seed: u64, steps: usize, bars: usize) -> PianoRoll {
    let mut random = Random::new(seed, 3);
    let mut key = || config.low + random.below(config.keys()) as u8;
    let bar: Vec<Chord> = (0..steps).map(|_| Chord::struck_keys([key(), key(), key()])).collect();
    (0..bars).flat_map(|_| bar.clone()).collect()
}

fn logits(predictor: &mut impl Predictor, roll: &PianoRoll) -> Vec<[f32; 2]> {
    let sequence = Sequence::of_piece(predictor.config(), roll, &Metres::default());
    let mut all = vec![];
    predictor.predict(&sequence, &mut |step| all.extend_from_slice(step)).expect("logits");
    assert_eq!(all.len(), sequence.len() * predictor.config().keys());
    all
}

#[test]
fn the_gradient_of_a_segment_that_goes_on_is_that_of_candle() {
    for (seed, config) in configs().into_iter().enumerate() {
        let parameters = weights(&config, seed as u64);
        let sequence = Sequence::of_piece(&config, &music(&config, 1, 5, 2), &Metres::default());
        let segments: Vec<Sequence> = sequence.stretches(usize::MAX, SEGMENT).collect();
        let theirs = network::Network::new(&config, &parameters).expect("candle's");
        for set in InstructionSet::available() {
            let mut ours = fused::network::Network::new(&config, set);
            ours.load(&parameters, 1).expect("weights");
            let (mut workspace, mut states) = (Workspace::new(1), None);
            // The last one is shorter.
            assert!(segments.last().is_some_and(|last| last.len() < SEGMENT));
            for (index, segment) in segments.iter().enumerate() {
                let (gradients, nats) =
                    workspace.next_gradient(&ours, segment, index > 0).expect("a gradient");
                let one = std::slice::from_ref(segment);
                let pass = theirs.forward(one, states.as_deref(), None, true).expect("a pass");
                let expected = theirs.logits(&pass).expect("logits");
                for (ours, theirs) in workspace.logits().as_flattened().iter().zip(&expected) {
                    assert!((ours - theirs).abs() < 1e-5, "{config:?}");
                }
                assert_eq!(workspace.logits().len() * 2, expected.len());
                states = Some(pass.states.clone());
                let [play, articulate] = step::loss_sums(&pass).expect("a loss");
                let scale = 1.0 / (2.0 * segment.len() as f64 * config.keys() as f64);
                let sum = (play + articulate).expect("a sum");
                let loss: f64 = sum.to_scalar().expect("a number");
                assert!((loss / (nats.play + nats.articulate) - 1.0).abs() < 1e-6);
                let expected =
                    theirs.backward(pass, &(sum * scale).expect("a loss")).expect("a gradient");
                assert!(gradients.keys().eq(expected.keys()));
                for (name, expected) in &expected {
                    let size = expected.iter().fold(0.0f32, |a, b| a.max(b.abs()));
                    let pairs = gradients[name].iter().zip(expected);
                    let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0f32, f32::max);
                    assert!(worst <= 1e-4 * size, "{config:?} {name}: {worst} of {size}");
                }
            }
        }
    }
}

#[test]
fn with_hardly_a_step_it_is_the_engine() {
    for config in configs() {
        let checkpoint = checkpoint(&config, 3);
        let roll = music(&config, 2, 9, 3);
        let still = logits(&mut Engine::new(&checkpoint), &roll);
        let learning = logits(&mut Learner::new(&checkpoint, 1e-12, false), &roll);
        for (a, b) in still.as_flattened().iter().zip(learning.as_flattened()) {
            assert!((a - b).abs() < 1e-4, "{config:?}: {a} {b}");
        }
    }
}

#[test]
fn it_knows_nothing_of_what_it_has_not_predicted_nor_of_other_pieces() {
    let networks = configs().map(|config| (checkpoint(&config, 4), false));
    // The one whose figure is lowest, as it is scored.
    let nottingham = models().join("benchmark/nottingham-1.safetensors");
    let nottingham = (anacrusis_companion::model_file::read(&nottingham).expect("a model"), true);
    for (checkpoint, play_only) in networks.into_iter().chain([nottingham]) {
        let config = checkpoint.config().clone();
        let keys = config.keys();
        let first = usize::from(config.start == Start::None);
        let mut learner = Learner::new(&checkpoint, RATE, play_only);
        let roll = music(&config, 5, 7, 3);
        let plain = logits(&mut learner, &roll);
        // Within a segment, at its first step and at its last.
        for (step, place) in [(6, 5), (8, 20), (11, 12), (first, 3)] {
            let mut other = roll.clone();
            let (chord, bit) = (other.chords[step], 1u128 << (config.low + place as u8));
            let playing = chord.playing() ^ bit;
            other.chords[step] = Chord::from_masks(playing, (chord.struck() | bit) & playing);
            let changed = logits(&mut learner, &other);
            let visited = |n: usize| if config.scan == Scan::Up { n } else { keys - 1 - n };
            let mut later = 0;
            for (index, (a, b)) in plain.iter().zip(&changed).enumerate() {
                let (t, n) = (index / keys + first, index % keys);
                let before = t < step || (t == step && visited(n) <= visited(place));
                assert!(!before || a == b, "step {t} key {n} knows of {step}, {place}");
                later += usize::from(!before && a != b);
            }
            assert!(later > 0, "{step}, {place} matters to what follows");
        }
        // After all those pieces it begins as it began.
        assert_eq!(plain, logits(&mut learner, &roll));
    }
}

fn nats(predictor: impl Predictor, roll: &PianoRoll) -> f64 {
    let sequence = Sequence::of_piece(predictor.config(), roll, &Metres::default());
    score::piece(&mut [predictor], &sequence, &mut || ()).expect("a score").all.nats_step()
}

#[test]
fn what_repeats_is_learnt() {
    for config in configs() {
        let checkpoint = checkpoint(&config, 6);
        let roll = music(&config, 7, 8, 40);
        let still = nats(Engine::new(&checkpoint), &roll);
        let learning = nats(Learner::new(&checkpoint, RATE, false), &roll);
        println!("{still:.2} still, {learning:.2} learning");
        assert!(learning < 0.9 * still, "{config:?}: {still} still, {learning} learning");
    }
}

fn evaluate(rate: Option<&str>, data: &str) -> std::process::Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut train = Command::new(env!("CARGO_BIN_EXE_anacrusis"));
    train.args(["evaluate", "--no-cache", "--json", "--model"]);
    train.arg(root.join("tests/golden/tiny.ckpt.safetensors"));
    train.arg("--data").arg(root.join(data)).arg("--dynamic").args(rate);
    train.output().expect("the trainer starts")
}

#[test]
fn the_command_scores_while_it_learns_and_says_what_a_rate_is() {
    let score = |rate| {
        let output = evaluate(rate, "tests/midi/chorales/000.mid");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        json["nats_step"].as_f64().expect("a score")
    };
    let (still, learning) = (score(Some("1e-12")), score(None));
    println!("{still:.3} still, {learning:.3} learning");
    assert!(learning < still, "{still} still, {learning} learning");
    for rate in ["0", "2", "x", "NaN"] {
        let output = evaluate(Some(rate), "tests/midi/chorales/000.mid");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains("above 0, at most 1"), "{told}");
    }
}
