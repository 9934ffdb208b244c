//! What an engine promises beside its numbers: halves that make a whole, runs that repeat,
//! weights that are shared, and music that may be shifted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use anacrusis::model::sampler::{self, Draw, Sampling};
use anacrusis::model::{
    Checkpoint, Config, Engine, Frame, Given, TimeState, Weights, features, network,
};
use anacrusis::music::{Chord, PianoRoll, Signature};

use crate::support::{chord, engines, networks};

/// Sizes of which none is a whole number of vectors.
fn odd() -> Config {
    Config { time: vec![50, 37], note: vec![21, 13], ..Config::default() }
}

/// The state after some music.
fn played(engine: &mut Engine, seed: u64) -> TimeState {
    let draw = Draw { seed, pass: 0 };
    let range = engine.config().range();
    let mut state = engine.new_state();
    let mut next = engine.new_state();
    for step in 0..5 {
        let chord = chord(draw, i64::from(step), range, 0.1);
        assert!(engine.feed(
            &state,
            &mut next,
            &Frame::common_time(chord, i64::from(step)),
            &mut || true
        ));
        std::mem::swap(&mut state, &mut next);
    }
    state
}

/// The bits of the top layer.
fn bits(state: &TimeState) -> Vec<u32> {
    state.top().flatten().map(|x| x.to_bits()).collect()
}

/// Generates `steps` steps; the logits of all keys bit by bit, and the roll.
fn generate(engine: &mut Engine, steps: i64) -> (Vec<u32>, PianoRoll) {
    let draw = Draw { seed: 9, pass: 0 };
    let low = engine.config().low;
    let mut state = engine.new_state();
    let mut next = engine.new_state();
    let mut chord = Chord::struck_keys([48, 60, 64]);
    let mut logits = Vec::new();
    let mut roll = PianoRoll::default();
    for step in 0..steps {
        assert!(engine.feed(&state, &mut next, &Frame::common_time(chord, step), &mut || true));
        std::mem::swap(&mut state, &mut next);
        chord = engine.choose(&state, &Given::NOTHING, &mut |index, z| {
            logits.extend(z.map(f32::to_bits));
            sampler::decide(&Sampling::PLAIN, z, draw.uniforms(step, low + index as u8))
        });
        roll.chords.push(chord);
    }
    (logits, roll)
}

#[test]
fn the_two_halves_of_a_step_make_the_whole_bit_for_bit() {
    let checkpoint = networks::random(odd(), 1);
    for (set, mut engine) in engines(&checkpoint) {
        let from = played(&mut engine, 1);
        let frames = [Chord::struck_keys([30, 61]), Chord::SILENT, Chord::struck_keys(24..102)];
        let mut prepared = engine.new_prepared();
        assert!(engine.prepare(&from, &mut prepared, &mut || true));
        for frame in frames {
            // One preparation serves several frames, as when a late frame is heard again.
            let frame = Frame::common_time(frame, 5);
            let (mut halves, mut whole) = (engine.new_state(), engine.new_state());
            assert!(engine.feed_prepared(&from, &prepared, &mut halves, &frame, &mut || true));
            assert!(engine.feed(&from, &mut whole, &frame, &mut || true));
            assert!(halves == whole && bits(&halves) == bits(&whole), "{}", set.name());
            // A step in between, elsewhere, must not reach what was prepared.
            let other = played(&mut engine, 2);
            engine.feed(
                &other,
                &mut whole,
                &Frame { position: Signature::COMMON.position(6), ..frame },
                &mut || true,
            );
        }
    }
}

#[test]
fn a_half_step_can_be_abandoned() {
    let checkpoint = networks::random(odd(), 1);
    for (set, mut engine) in engines(&checkpoint) {
        let from = played(&mut engine, 1);
        let kept = from.clone();
        let mut prepared = engine.new_prepared();
        let mut state = engine.new_state();
        let frame = Frame::common_time(Chord::struck_keys([60]), 5);
        assert!(!engine.prepare(&from, &mut prepared, &mut || false), "{}", set.name());
        assert!(engine.prepare(&from, &mut prepared, &mut || true));
        let mut asked = 0;
        assert!(!engine.feed_prepared(&from, &prepared, &mut state, &frame, &mut || {
            asked += 1;
            asked < 2
        }));
        assert_eq!(asked, 2, "before each layer");
        let mut whole = engine.new_state();
        assert!(engine.feed_prepared(&from, &prepared, &mut state, &frame, &mut || true));
        assert!(engine.feed(&from, &mut whole, &frame, &mut || true));
        assert!(state == whole && from == kept, "{}", set.name());
    }
}

#[test]
fn a_run_repeats_bit_for_bit() {
    let checkpoint = networks::random(odd(), 4);
    for (set, mut engine) in engines(&checkpoint) {
        let first = generate(&mut engine, 20);
        // The same engine again, with what the first run left in its scratch memory.
        assert_eq!(generate(&mut engine, 20), first, "{}", set.name());
        // And on another thread.
        let weights = Arc::clone(engine.weights());
        let elsewhere = thread::spawn(move || generate(&mut Engine::with(weights), 20));
        assert_eq!(elsewhere.join().expect("a run"), first, "{}", set.name());
    }
}

#[test]
fn engines_on_shared_weights_do_not_disturb_one_another() {
    let checkpoint = networks::random(odd(), 5);
    let alone = generate(&mut Engine::new(&checkpoint), 20);
    let weights = Weights::shared(&checkpoint);
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let weights = Arc::clone(&weights);
            thread::spawn(move || generate(&mut Engine::with(weights), 20))
        })
        .collect();
    for run in runs {
        assert_eq!(run.join().expect("a run"), alone);
    }
}

#[test]
fn weights_are_shared_by_digest_and_freed_with_their_last_user() {
    let checkpoint = networks::random(odd(), 6);
    let copy = Checkpoint::parse(&checkpoint.to_bytes()).expect("what was written");
    let other = networks::random(odd(), 7);
    let weights = Weights::shared(&checkpoint);
    assert!(Arc::ptr_eq(&weights, &Weights::shared(&copy)), "one file, one set of weights");
    assert!(!Arc::ptr_eq(&weights, &Weights::shared(&other)));

    let engine = Engine::with(Arc::clone(&weights));
    let watch = Arc::downgrade(&weights);
    drop(weights);
    assert!(watch.upgrade().is_some(), "in use");
    assert!(Arc::ptr_eq(engine.weights(), &Weights::shared(&checkpoint)));
    drop(engine);
    assert!(watch.upgrade().is_none(), "kept without a user");
    let again = Weights::shared(&checkpoint);
    assert_eq!(Arc::strong_count(&again), 1, "packed anew");
}

#[test]
fn weights_asked_for_at_once_are_the_same() {
    let checkpoint = Arc::new(networks::random(odd(), 8));
    let asked: Vec<_> = (0..8)
        .map(|_| {
            let checkpoint = Arc::clone(&checkpoint);
            thread::spawn(move || Weights::shared(&checkpoint))
        })
        .collect();
    let found: Vec<_> = asked.into_iter().map(|t| t.join().expect("weights")).collect();
    assert!(found.iter().all(|weights| Arc::ptr_eq(weights, &found[0])));
}

/// A network whose first layer does not see the columns before `blind` (model.md, section 12).
fn blind(columns: usize) -> Checkpoint {
    let config = odd();
    let network = networks::random(config.clone(), 11);
    let mut tensors = BTreeMap::new();
    for spec in network::tensors(&config) {
        let mut values = network.tensor(&spec.name).to_vec();
        if spec.name == network::time_layers(&config)[0].weight_ih() {
            values
                .chunks_exact_mut(features::width(&config))
                .for_each(|row| row[..columns].fill(0.0));
        }
        tensors.insert(spec.name, values);
    }
    Checkpoint::new(config, tensors, network.meta).expect("a valid network")
}

#[test]
fn the_time_stack_shifts_with_the_music() {
    // Without the position, octaves are alike; without the pitch classes, all keys.
    for (columns, semitones) in [(1, 12), (13, 5)] {
        let checkpoint = blind(columns);
        for (set, mut engine) in engines(&checkpoint) {
            let mut states = [(); 2].map(|()| engine.new_state());
            for step in 0..20u8 {
                let low = 40 + step % 7;
                let chord = Chord::struck_keys([low, low + 4, low + 9]);
                for (state, chord) in states.iter_mut().zip([chord, chord.transposed(semitones)]) {
                    let mut next = engine.new_state();
                    assert!(engine.feed(
                        state,
                        &mut next,
                        &Frame::common_time(chord, i64::from(step)),
                        &mut || true
                    ));
                    *state = next;
                }
            }
            let rows = states[0].top().zip(states[1].top().skip(semitones as usize));
            for (key, (row, shifted)) in rows.enumerate() {
                assert_eq!(row, shifted, "{} by {semitones}, key index {key}", set.name());
            }
        }
    }
}
