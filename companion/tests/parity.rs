//! The candle network and the optimiser against numbers computed elsewhere in f64, and
//! against the engine.

mod golden;

use std::path::Path;

use anacrusis::model::Engine;
use anacrusis_companion::sequence::Sequence;
use anacrusis_companion::train::adam::Adam;
use anacrusis_companion::train::backend::{Backend, Batch, Candle};
use anacrusis_companion::train::network::Network;
use anacrusis_companion::train::stepper::CandleStepper;
use anacrusis_companion::train::{random::Random, step};
use anacrusis_companion::vectors;
use golden::{Case, gradient_error, largest_difference};
use safetensors::SafeTensors;

fn network_of(case: &Case) -> Network {
    Network::new(case.config(), &case.parameters()).expect("a network")
}

fn predictions(case: &Case) -> usize {
    case.batch().iter().map(Sequence::len).sum()
}

#[test]
fn outputs_match_the_reference() {
    for case in Case::all() {
        let network = network_of(&case);
        let pass = network.forward(&case.batch(), None, None, false).expect("a pass");
        let [play, articulate] = step::loss_sums(&pass).expect("a loss");
        let sum =
            play.to_scalar::<f64>().expect("f64") + articulate.to_scalar::<f64>().expect("f64");
        let loss = sum / (2 * predictions(&case) * case.config().keys()) as f64;
        let time_h = network.time_top(&pass).expect("time_h");
        let logits = network.logits(&pass).expect("logits");
        let loudness = network.loudness(&pass).expect("loudness");
        if case.config().velocity {
            let error = largest_difference(&loudness, &case.must("out.velocity"));
            assert!(error <= 1e-5, "{}: loudness {error:.1e}", case.name);
        } else {
            assert!(loudness.is_empty(), "{}: it has no head for loudness", case.name);
        }
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
        let network = network_of(&case);
        let masks = case.masks();
        for (prefix, masks) in [("grad", None), ("drop.grad", Some(&masks))] {
            let (gradients, nats) =
                step::gradient(&network, case.config(), &case.batch(), masks, predictions(&case))
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
    let (parameters, batch) = (case.parameters(), case.batch());
    let random = Random::new(1, 1);
    for dropout in [None, Some((0.5, &random))] {
        let run = |threads| {
            let mut candle = Candle::new(case.config(), threads);
            candle.gradient(&parameters, Batch::whole(&batch), dropout).expect("a gradient")
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
                step::gradient(&network, case.config(), &case.batch(), None, predictions(&case))
                    .expect("a gradient");
            let error = (nats.loss(case.config().keys()) - expected).abs();
            println!("{:7} update {update}: loss {error:.1e}", case.name);
            assert!(error <= 2e-6, "{} update {update}", case.name);
            adam.update(&mut parameters, &gradients, 1e-3);
        }
        compared += 1;
    }
    assert_eq!(compared, 5, "all cases but legacy");
}

#[test]
fn candle_and_engine_agree() {
    for case in Case::all() {
        let batch = case.batch();
        let network = network_of(&case);
        let pass = network.forward(&batch, None, None, false).expect("a pass");
        let candle = network.logits(&pass).expect("logits");
        let mut engine = Engine::new(&case.checkpoint);
        let mut theirs = Vec::new();
        for sequence in &batch {
            theirs.extend(anacrusis_companion::score::logits(&mut engine, sequence));
        }
        let error = largest_difference(&candle, &theirs);
        println!("{:7} logits {error:.1e}", case.name);
        assert!(error < 1e-5, "{}", case.name);
    }
}

#[test]
fn candle_and_engine_generate_the_reference_rolls_note_for_note() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("out.safetensors");
    let both = [vectors::With::Candle, vectors::With::Engine];
    for (case, with) in both.into_iter().flat_map(|with| Case::all().map(move |case| (case, with)))
    {
        let golden = |part| {
            let name = format!("{}.{part}.safetensors", case.name);
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(name)
        };
        let args = vectors::Args {
            model: golden("ckpt"),
            input: golden("vectors"),
            output: output.clone(),
            with,
        };
        match with {
            vectors::With::Engine => vectors::run(&args),
            vectors::With::Candle => {
                vectors::run_with(&args, |network| Ok(Box::new(CandleStepper::new(network)?)))
            }
        }
        .expect("vectors");
        let (vectors, name) = (std::fs::read(&output).expect("outputs"), case.name);
        let written = Case { vectors, name, checkpoint: golden::checkpoint(name) };
        let reference = case;
        let expected = SafeTensors::deserialize(&reference.vectors).expect("vectors");
        let runs: &[&str] = match written.config().hears() {
            true => &["plain", "gamma08", "temp05", "allknown", "noneknown", "nobody"],
            false => &["plain", "gamma08", "temp05", "damped"],
        };
        for run in runs {
            let name = format!("gen.{run}.roll");
            let theirs = expected.tensor(&name).expect("a roll").data();
            let ours: Vec<u8> = written.must(&name).iter().map(|bit| *bit as u8).collect();
            assert_eq!(ours, theirs, "{} {name}", written.name);
        }
        for name in ["out.features", "out.place", "out.given"] {
            let Ok(theirs) = expected.tensor(name) else { continue };
            let ours = SafeTensors::deserialize(&written.vectors).expect("outputs");
            let ours = ours.tensor(name).expect(name);
            assert_eq!(ours.shape(), theirs.shape(), "{} {name}", written.name);
            assert!(ours.data() == theirs.data(), "{} {name}", written.name);
        }
        for name in ["out.loss", "out.nats_step", "out.play_nats_step", "out.art_nats_step"] {
            let (ours, theirs) = (written.must(name)[0], reference.must(name)[0]);
            assert!((ours / theirs - 1.0).abs() < 1e-5, "{} {name}", written.name);
        }
    }
}
