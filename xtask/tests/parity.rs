//! The candle network and the optimiser against numbers computed elsewhere in f64, and
//! against the engine.

use std::path::Path;

use anacrusis::model::network::tensors;
use anacrusis::model::{Checkpoint, Config, Engine};
use anacrusis::music::PianoRoll;
use safetensors::{Dtype, SafeTensors};
use xtask::sequence::Sequence;
use xtask::train::network::{Masks, Network, Parameters};
use xtask::train::step::{self, Adam};
use xtask::train::stepper::CandleStepper;
use xtask::vectors;

const CASES: [&str; 4] = ["tiny", "legacy", "down", "odd88"];

struct Case {
    name: &'static str,
    checkpoint: Checkpoint,
    vectors: Vec<u8>,
}

impl Case {
    fn all() -> impl Iterator<Item = Case> {
        let read = |name: String| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
            std::fs::read(root.join(&name)).unwrap_or_else(|e| panic!("{name}: {e}"))
        };
        CASES.into_iter().map(move |name| Case {
            name,
            checkpoint: Checkpoint::parse(&read(format!("{name}.ckpt.safetensors")))
                .expect("a valid checkpoint"),
            vectors: read(format!("{name}.vectors.safetensors")),
        })
    }

    fn config(&self) -> &Config {
        self.checkpoint.config()
    }

    fn parameters(&self) -> Parameters {
        let table = tensors(self.config());
        table.iter().map(|t| (t.name.clone(), self.checkpoint.tensor(&t.name).to_vec())).collect()
    }

    fn network(&self) -> Network {
        Network::new(self.config(), &self.parameters()).expect("a network")
    }

    /// A tensor of the vectors, whatever its type, and its shape.
    fn get(&self, tensor: &str) -> Option<(Vec<f64>, Vec<usize>)> {
        let file = SafeTensors::deserialize(&self.vectors).expect("readable vectors");
        let view = file.tensor(tensor).ok()?;
        let data = view.data();
        let values = match view.dtype() {
            Dtype::U8 => data.iter().map(|b| f64::from(*b)).collect(),
            Dtype::I32 => {
                data.as_chunks().0.iter().map(|b| f64::from(i32::from_le_bytes(*b))).collect()
            }
            Dtype::F32 => {
                data.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
            }
            Dtype::F64 => data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
            other => panic!("{tensor}: {other:?}"),
        };
        Some((values, view.shape().to_vec()))
    }

    fn must(&self, tensor: &str) -> Vec<f64> {
        self.get(tensor).unwrap_or_else(|| panic!("{}: no {tensor}", self.name)).0
    }

    fn batch(&self) -> Vec<Sequence> {
        let (values, shape) = self.get("in.roll").expect("in.roll");
        let bits: Vec<u8> = values.iter().map(|v| *v as u8).collect();
        let piece = shape[1..].iter().product();
        bits.chunks_exact(piece)
            .zip(self.must("in.t0"))
            .map(|(bits, t0)| {
                let roll = PianoRoll::from_bits(self.config().range(), bits).expect("legal roll");
                Sequence::of_piece(self.config(), &roll, t0 as u8)
            })
            .collect()
    }

    fn masks(&self) -> Masks {
        let of = |stack: &str, layers: usize| {
            let layer = |index| {
                let values = self.must(&format!("drop.mask.{stack}.{index}"));
                values.iter().map(|v| *v as f32).collect()
            };
            (0..layers).map(layer).collect()
        };
        Masks {
            time: of("time", self.config().time.len()),
            note: of("note", self.config().note.len()),
        }
    }

    fn predictions(&self) -> usize {
        self.batch().iter().map(Sequence::len).sum()
    }
}

fn largest_difference(ours: &[f32], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max)
}

/// Largest error of each gradient, relative to the tensor's largest entry; and how many there
/// were to compare.
fn gradient_error(case: &Case, prefix: &str, gradients: &Parameters) -> (f64, usize) {
    let (mut worst, mut compared) = (0.0f64, 0);
    for (name, ours) in gradients {
        let Some((theirs, _)) = case.get(&format!("{prefix}.{name}")) else { continue };
        let scale = theirs.iter().fold(0.0f64, |a, b| a.max(b.abs()));
        worst = worst.max(largest_difference(ours, &theirs) / scale);
        compared += 1;
    }
    (worst, compared)
}

#[test]
fn outputs_match_the_reference() {
    for case in Case::all() {
        let network = case.network();
        let pass = network.forward(&case.batch(), None, None, false).expect("a pass");
        let [play, articulate] = step::loss_sums(&pass).expect("a loss");
        let sum =
            play.to_scalar::<f64>().expect("f64") + articulate.to_scalar::<f64>().expect("f64");
        let loss = sum / (2 * case.predictions() * case.config().keys()) as f64;
        let time_h = network.time_top(&pass).expect("time_h");
        let logits = network.logits(&pass).expect("logits");
        let time_error = largest_difference(&time_h, &case.must("out.time_h"));
        let logit_error = largest_difference(&logits, &case.must("out.logits"));
        let loss_error = (loss - case.must("out.loss")[0]).abs();
        println!(
            "{:7} time_h {time_error:.1e}, logits {logit_error:.1e}, loss {loss_error:.1e}",
            case.name
        );
        assert!(time_error <= 1e-5 && logit_error <= 5e-4 && loss_error <= 2e-6, "{}", case.name);
    }
}

#[test]
fn gradients_match_the_reference_with_and_without_dropout() {
    let mut compared_at_all = 0;
    for case in Case::all() {
        let network = case.network();
        let masks = case.masks();
        for (prefix, masks) in [("grad", None), ("drop.grad", Some(&masks))] {
            let (gradients, nats) =
                step::gradient(&network, case.config(), &case.batch(), masks, case.predictions())
                    .expect("a gradient");
            let (worst, compared) = gradient_error(&case, prefix, &gradients);
            let name = if masks.is_some() { "drop.loss" } else { "out.loss" };
            let loss_error = (nats.loss(case.config().keys()) - case.must(name)[0]).abs();
            println!(
                "{:7} {prefix:9} {compared:2} tensors, relative {worst:.1e}, loss {loss_error:.1e}",
                case.name
            );
            assert!(worst <= 1e-3 && loss_error <= 2e-6, "{} {prefix}", case.name);
            assert!(compared == 0 || compared == gradients.len(), "{} {prefix}", case.name);
            compared_at_all += compared;
        }
    }
    assert!(compared_at_all > 100, "{compared_at_all} tensors compared");
}

#[test]
fn a_batch_shared_out_over_threads_has_the_same_gradient() {
    let case = Case::all().next().expect("a case");
    let (network, batch) = (case.network(), case.batch());
    let random = xtask::train::random::Random::new(1, 1);
    for dropout in [None, Some((0.5, &random))] {
        let run = |threads| {
            step::batch_gradient(&network, case.config(), &batch, dropout, threads)
                .expect("a gradient")
        };
        let ((one, one_nats), (two, two_nats)) = (run(1), run(2));
        assert!((one_nats.play - two_nats.play).abs() < 1e-4);
        for (name, values) in &one {
            let theirs: Vec<f64> = two[name].iter().map(|v| f64::from(*v)).collect();
            assert!(largest_difference(values, &theirs) < 1e-7, "{name}");
        }
    }
}

#[test]
fn adam_follows_the_reference_for_six_updates() {
    let mut compared = 0;
    for case in Case::all() {
        let Some((expected, _)) = case.get("adam.losses") else { continue };
        let mut parameters = case.parameters();
        let mut adam = Adam::default();
        for (update, expected) in expected.iter().enumerate() {
            let network = Network::new(case.config(), &parameters).expect("a network");
            let (gradients, nats) =
                step::gradient(&network, case.config(), &case.batch(), None, case.predictions())
                    .expect("a gradient");
            let error = (nats.loss(case.config().keys()) - expected).abs();
            println!("{:7} update {update}: loss {error:.1e}", case.name);
            assert!(error <= 2e-6, "{} update {update}", case.name);
            adam.update(&mut parameters, &gradients, 1e-3);
        }
        compared += 1;
    }
    assert_eq!(compared, 3, "all cases but legacy");
}

#[test]
fn candle_and_engine_agree() {
    for case in Case::all() {
        let batch = case.batch();
        let network = case.network();
        let pass = network.forward(&batch, None, None, false).expect("a pass");
        let candle = network.logits(&pass).expect("logits");
        let mut engine = Engine::new(&case.checkpoint);
        let mut theirs = Vec::new();
        for sequence in &batch {
            theirs.extend(xtask::score::logits(&mut engine, sequence));
        }
        let error = largest_difference(&candle, &theirs);
        println!("{:7} logits {error:.1e}", case.name);
        assert!(error < 1e-5, "{}", case.name);
    }
}

#[test]
fn candle_generates_the_reference_rolls_note_for_note() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("out.safetensors");
    for case in Case::all() {
        let golden = |part| {
            let name = format!("{}.{part}.safetensors", case.name);
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(name)
        };
        let args = vectors::Args {
            model: golden("ckpt"),
            input: golden("vectors"),
            output: output.clone(),
            with: vectors::With::Candle,
        };
        vectors::run_with(&args, |checkpoint| Ok(Box::new(CandleStepper::new(checkpoint)?)))
            .expect("vectors");
        let written = Case { vectors: std::fs::read(&output).expect("outputs"), ..case };
        let expected = std::fs::read(args.input).expect("readable");
        let expected = SafeTensors::deserialize(&expected).expect("vectors");
        for run in ["plain", "gamma08", "temp05", "damped"] {
            let name = format!("gen.{run}.roll");
            let theirs = expected.tensor(&name).expect("a roll").data();
            let ours: Vec<u8> = written.must(&name).iter().map(|bit| *bit as u8).collect();
            assert_eq!(ours, theirs, "{} {name}", written.name);
        }
        if let Ok(theirs) = expected.tensor("out.features") {
            let theirs = theirs.data().as_chunks().0.iter();
            let theirs = theirs.map(|b| f64::from(f32::from_le_bytes(*b)));
            assert!(theirs.eq(written.must("out.features")), "{} features", written.name);
        }
    }
}
