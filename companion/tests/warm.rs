//! A network of version 2 that begins from one of version 1 plays on as that one did.

mod golden;

use anacrusis::model::checkpoint::Metadata;
use anacrusis::model::{Checkpoint, Config, Engine, Given};
use anacrusis_companion::score;
use anacrusis_companion::sequence::Sequence;
use anacrusis_companion::train::warm::warm_start;
use golden::{Case, checkpoint, largest_difference};

fn hearing(config: &Config) -> Config {
    Config { features: 2, ..config.clone() }
}

fn warm() -> Checkpoint {
    let tiny = checkpoint("tiny");
    let weights = warm_start(&tiny, &hearing(tiny.config())).expect("weights");
    Checkpoint::new(hearing(tiny.config()), weights, Metadata::default()).expect("they fit")
}

#[test]
fn the_weights_are_those_of_the_reference() {
    let (ours, theirs) = (warm(), checkpoint("v2warm"));
    assert_eq!(ours.config(), theirs.config());
    for spec in anacrusis::model::network::tensors(ours.config()) {
        let theirs: Vec<f64> = theirs.tensor(&spec.name).iter().map(|v| f64::from(*v)).collect();
        let worst = largest_difference(ours.tensor(&spec.name), &theirs);
        assert!(worst <= 1e-6, "{}: {worst}", spec.name);
    }
}

#[test]
fn the_logits_are_as_before_alone_and_with_a_musician_who_is_known() {
    let tiny = Case::all().next().expect("a case");
    let mut engine = Engine::new(&warm());
    let expected = tiny.must("out.logits");
    // No key is the musician's, every third one, all of them; each step's own.
    for modulus in [u32::MAX, 3, 1] {
        let mut ours = Vec::new();
        for mut sequence in tiny.batch() {
            share(&mut sequence, modulus);
            ours.extend(score::logits(&mut engine, &sequence).into_iter().map(|z| z as f32));
        }
        let worst = largest_difference(&ours, &expected);
        println!("every {modulus}th key heard: logits {worst:.1e}");
        assert!(worst < 1e-5, "every {modulus}th key heard: {worst}");
    }
}

/// Makes every key that `modulus` divides, counted from another key in each step, the musician's,
/// and known.
fn share(sequence: &mut Sequence, modulus: u32) {
    let theirs = |step: usize| {
        let is = |key: &u32| (key + 1 + step as u32).is_multiple_of(modulus);
        (0..128).filter(is).fold(0u128, |mask, key| mask | 1 << key)
    };
    for (step, frame) in sequence.frames.iter_mut().enumerate() {
        (frame.heard, frame.own) = (frame.own.without(!theirs(step)), frame.own);
        frame.musician = modulus != u32::MAX;
    }
    for (step, target) in sequence.targets.iter_mut().enumerate() {
        let heard = target.chord.without(!theirs(step + 1));
        target.given = Given::known(heard);
        target.chord = target.chord.without(heard.playing());
    }
}

#[test]
fn from_version_2_nothing_changes_and_a_head_for_loudness_begins_at_zero() {
    let (v2, down) = (checkpoint("v2"), checkpoint("v2down"));
    let weights = warm_start(&v2, v2.config()).expect("the same");
    assert!(weights.iter().all(|(name, values)| v2.tensor(name) == values));
    let louder = Config { velocity: true, ..v2.config().clone() };
    let weights = warm_start(&v2, &louder).expect("a head more");
    assert!(weights["velocity.weight"].iter().chain(&weights["velocity.bias"]).all(|v| *v == 0.0));
    let kept = warm_start(&down, down.config()).expect("the same");
    assert_eq!(kept["velocity.weight"], down.tensor("velocity.weight"));
    let quieter = Config { velocity: false, ..down.config().clone() };
    let weights = warm_start(&down, &quieter).expect("a head less");
    assert!(!weights.contains_key("velocity.weight"));
}

#[test]
fn what_differs_is_told() {
    let tiny = checkpoint("tiny");
    let told = |to: &Config| warm_start(&tiny, to).expect_err("refused").to_string();
    let own = hearing(tiny.config());
    let told_of_time = told(&Config { time: vec![16, 20], ..own.clone() });
    assert!(told_of_time.contains("[16, 16] / [12, 8], not [16, 20] / [12, 8]"), "{told_of_time}");
    let told_of_keys = told(&Config { low: 21, notes: 88, ..own.clone() });
    assert!(told_of_keys.contains("78 from 24, not 88 from 21"), "{told_of_keys}");
    let backwards = warm_start(&checkpoint("v2"), tiny.config()).expect_err("refused").to_string();
    assert!(backwards.contains("version 2"), "{backwards}");
}
