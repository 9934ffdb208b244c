//! Features, outputs and generated notes against numbers computed elsewhere in f64.

use anacrusis::model::loss::Nats;
use anacrusis::model::sampler::{self, Damping, Sampling};
use anacrusis::model::{Engine, Frame, Given, features};
use anacrusis::music::{Chord, PianoRoll};

use crate::support::engines;
use crate::support::reference::Reference;
use crate::support::vectors::{Case, largest_difference};

#[test]
fn features_match_exactly() {
    let mut checked = 0;
    for case in Case::version_1() {
        let Some((expected, _)) = case.get("out.features") else { continue };
        let t0 = case.must("in.t0");
        let mut ours = Vec::new();
        for (roll, t0) in case.rolls("in.roll").iter().zip(t0) {
            for (step, chord) in roll.chords.iter().enumerate() {
                let mut rows = vec![0.0; case.config().keys() * features::width(case.config())];
                let frame = Frame::common_time(*chord, t0 as i64 + step as i64);
                features::write(case.config(), &frame, &mut rows);
                ours.extend(rows.into_iter().map(f64::from));
            }
        }
        assert_eq!(largest_difference(&ours, &expected), 0.0, "{}", case.name);
        checked += 1;
    }
    assert_eq!(checked, 2, "tiny and legacy hold features");
}

#[test]
fn the_reference_of_these_tests_matches_the_golden_one() {
    for case in Case::version_1() {
        let reference = Reference::new(&case.checkpoint);
        let (mut time_h, mut logits) = (Vec::new(), Vec::new());
        for (roll, t0) in case.rolls("in.roll").iter().zip(case.must("in.t0")) {
            let mut state = reference.new_state();
            for (step, pair) in roll.chords.windows(2).enumerate() {
                reference.feed(&mut state, &Frame::common_time(pair[0], t0 as i64 + step as i64));
                time_h.extend(state.top());
                logits.extend(reference.choose(&state, &Given::NOTHING, |index, _| {
                    let key = case.config().low + index as u8;
                    (pair[1].plays(key), pair[1].strikes(key))
                }));
            }
        }
        // `time_h` was stored in single precision.
        let time_error = largest_difference(&time_h, &case.must("out.time_h"));
        let logit_error = largest_difference(&logits.concat(), &case.must("out.logits"));
        println!("{:7} time_h {time_error:.1e}, logits {logit_error:.1e}", case.name);
        assert!(time_error <= 6.1e-8 && logit_error <= 1e-12, "{}", case.name);
    }
}

#[test]
fn outputs_match_the_reference_in_double_precision() {
    for case in Case::version_1() {
        for (set, engine) in engines(&case.checkpoint) {
            outputs_match(&case, set.name(), engine);
        }
    }
}

fn outputs_match(case: &Case, set: &str, mut engine: Engine) {
    let (mut time_h, mut logits, mut nats) = (Vec::new(), Vec::new(), Nats::default());
    for (roll, t0) in case.rolls("in.roll").iter().zip(case.must("in.t0")) {
        let mut state = engine.new_state();
        for (step, pair) in roll.chords.windows(2).enumerate() {
            let mut next = engine.new_state();
            let frame = Frame::common_time(pair[0], t0 as i64 + step as i64);
            assert!(engine.feed(&state, &mut next, &frame, &mut || true));
            state = next;
            time_h.extend(state.top().flatten().map(|x| f64::from(*x)));
            let mut by_key = vec![[0.0; 2]; case.config().keys()];
            let chosen = engine.choose(&state, &Given::NOTHING, &mut |index, z| {
                by_key[index] = z;
                let key = case.config().low + index as u8;
                (pair[1].plays(key), pair[1].strikes(key))
            });
            assert_eq!(chosen, pair[1], "what is decided is what is returned");
            for (key, z) in (case.config().low..).zip(&by_key) {
                nats.add_key(*z, pair[1].plays(key), pair[1].strikes(key));
            }
            nats.steps += 1;
            logits.extend(by_key.into_iter().flatten().map(f64::from));
        }
    }
    let time_error = largest_difference(&time_h, &case.must("out.time_h"));
    let logit_error = largest_difference(&logits, &case.must("out.logits"));
    let loss_error = (nats.loss(case.config().keys()) - case.must("out.loss")[0]).abs();
    let name = case.name;
    println!(
        "{set:8} {name:7} time_h {time_error:.1e}, logits {logit_error:.1e}, loss {loss_error:.1e}"
    );
    assert!(time_error <= 1e-6 && logit_error <= 1e-5 && loss_error <= 1e-6, "{set} {name}");
    for (ours, tensor) in [
        (nats.nats_step(), "out.nats_step"),
        (nats.play_nats_step(), "out.play_nats_step"),
        (nats.art_nats_step(), "out.art_nats_step"),
    ] {
        let theirs = case.must(tensor)[0];
        assert!((ours - theirs).abs() < 1e-5 * theirs, "{set} {name} {tensor}: {ours} {theirs}");
    }
}

#[test]
fn generated_rolls_match_exactly() {
    let plain = Sampling::PLAIN;
    let runs = [
        ("plain", plain, false),
        ("gamma08", Sampling { gamma: 0.8, ..plain }, false),
        ("temp05", Sampling { temperature: 0.5, ..plain }, false),
        ("damped", plain, true),
    ];
    for case in Case::version_1() {
        for (run, sampling, damped) in runs {
            for (set, engine) in engines(&case.checkpoint) {
                let ours = generate(&case, engine, sampling, damped);
                let expected = &case.rolls(&format!("gen.{run}.roll"))[0];
                assert_eq!(&ours, expected, "{} {run} {}", set.name(), case.name);
            }
        }
    }
}

/// As many steps as the case has uniforms for, after its prompt.
fn generate(case: &Case, mut engine: Engine, sampling: Sampling, damped: bool) -> PianoRoll {
    let prompt = &case.rolls("gen.prompt")[0];
    let t0 = case.must("gen.t0")[0] as usize;
    let uniforms = case.must("gen.uniforms");
    let mut state = engine.new_state();
    let mut damping = Damping::default();
    let mut heard = prompt.chords.clone();
    let mut fed = 0;
    for row in uniforms.chunks_exact(2 * case.config().keys()) {
        while fed < heard.len() {
            let mut next = engine.new_state();
            let frame = Frame::common_time(heard[fed], (t0 + fed) as i64);
            engine.feed(&state, &mut next, &frame, &mut || true);
            state = next;
            fed += 1;
        }
        let gamma = if damped { damping.gamma() as f32 } else { sampling.gamma };
        let sampling = Sampling { gamma, ..sampling };
        let chord = engine.choose(&state, &Given::NOTHING, &mut |index, logits| {
            sampler::decide(&sampling, logits, [row[2 * index], row[2 * index + 1]])
        });
        damping.after_step(chord.len());
        heard.push(chord);
    }
    PianoRoll { chords: heard.split_off(prompt.len()) }
}

#[test]
fn damping_follows_its_rule() {
    for case in Case::version_1() {
        let mut damping = Damping::default();
        let gamma = case.must("damp.gamma");
        for (notes, expected) in case.must("damp.notes").iter().zip(gamma.windows(2)) {
            assert!((damping.gamma() - expected[0]).abs() < 1e-12, "{}", case.name);
            damping.after_step(*notes as u32);
            assert!((damping.gamma() - expected[1]).abs() < 1e-12, "{}", case.name);
        }
    }
}

#[test]
fn an_abandoned_step_leaves_the_old_state_untouched() {
    let case = Case::version_1().next().expect("a case");
    let mut engine = Engine::new(&case.checkpoint);
    let frame = |step| Frame::common_time(Chord::struck_keys([60, 64]), step);
    let mut state = engine.new_state();
    let fresh = engine.new_state();
    engine.feed(&fresh, &mut state, &frame(0), &mut || true);
    let kept = state.clone();
    let mut asked = 0;
    let mut scratch = engine.new_state();
    let went_on = engine.feed(&state, &mut scratch, &frame(1), &mut || {
        asked += 1;
        asked < 2
    });
    assert!(!went_on && asked == 2, "asked before each layer");
    assert_eq!(state, kept);
    let mut again = engine.new_state();
    engine.feed(&state, &mut again, &frame(1), &mut || true);
    assert_ne!(again, kept);
}
