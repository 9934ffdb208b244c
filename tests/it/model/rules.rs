//! Rules on a real scan, in both directions: kept to the letter, and heard by every key that is
//! visited later.

use proptest::prelude::*;

use crate::support::{chord, networks};
use anacrusis::model::config::Scan;
use anacrusis::model::sampler::decide;
use anacrusis::model::{Config, Draw, Engine, Frame, Given, Rules, Sampling, TimeState};
use anacrusis::music::Chord;

const STEP: i64 = 5;

/// An engine on a small network, and the state after a frame.
fn engine(scan: Scan, seed: u64, before: Chord) -> (Engine, TimeState) {
    let config = Config { time: vec![16, 12], note: vec![16, 8], scan, ..Config::default() };
    let mut engine = Engine::new(&networks::random(config, seed));
    let (from, mut state) = (engine.new_state(), engine.new_state());
    assert!(engine.feed(&from, &mut state, &Frame::common_time(before, 4), &mut || true));
    (engine, state)
}

/// The chord, and the logits of the keys as they were visited in the last scan.
fn choose(
    (engine, state): &mut (Engine, TimeState),
    rules: Rules,
    before: Chord,
    seed: u64,
    gamma: f32,
) -> (Chord, Vec<(u8, [f32; 2])>) {
    let low = engine.config().low;
    let sampling = Sampling { gamma, ..Sampling::PLAIN };
    let draw = Draw { seed, pass: 0 };
    let mut visited = Vec::new();
    let chord = rules.choose(
        before,
        low,
        &mut |decide| {
            visited.clear();
            engine.choose(state, &Given::NOTHING, &mut |n, logits| {
                visited.push((low + n as u8, logits));
                decide(n, logits)
            })
        },
        &mut |key, logits| decide(&sampling, logits, draw.uniforms(STEP, key)),
    );
    (chord, visited)
}

fn scan() -> impl Strategy<Value = Scan> {
    prop_oneof![Just(Scan::Up), Just(Scan::Down)]
}

fn keys() -> impl Strategy<Value = u128> {
    prop_oneof![
        Just(0),
        Just(u128::MAX),
        any::<u128>(),
        (any::<u128>(), any::<u128>()).prop_map(|(a, b)| a & b),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_note_is_ever_against_the_rules(
        scan in scan(),
        seed in any::<u64>(),
        allowed in keys(),
        forced in (keys(), any::<bool>()).prop_map(|(keys, any)| if any { keys } else { 0 }),
        most_sounding in 0_u8..12,
        most_struck in 0_u8..12,
        density in 0.0..0.3_f64,
    ) {
        let range = Config::default().range();
        let before = chord(Draw { seed, pass: 1 }, STEP, range, density);
        let mut engine = engine(scan, seed, before);
        let rules = Rules { allowed, forced, most_sounding, most_struck, ..Rules::default() };
        let (chord, _) = choose(&mut engine, rules, before, seed, 1.0);
        prop_assert_eq!(chord.playing() & !(allowed & range.mask() & !forced), 0);
        prop_assert!(chord.len() <= u32::from(most_sounding));
        let begins = chord.struck() | (chord.playing() & !before.playing());
        prop_assert!(begins.count_ones() <= u32::from(most_struck));
    }

    /// Limits that the chord keeps by itself change nothing, to the bit.
    #[test]
    fn what_does_not_bind_does_nothing(scan in scan(), seed in any::<u64>()) {
        let mut engine = engine(scan, seed, Chord::SILENT);
        let low = engine.0.config().low;
        let draw = Draw { seed, pass: 0 };
        let (inner, state) = &mut engine;
        let plain = inner.choose(state, &Given::NOTHING, &mut |n, logits| {
            decide(&Sampling::PLAIN, logits, draw.uniforms(STEP, low + n as u8))
        });
        let (free, asked) = choose(&mut engine, Rules::default(), Chord::SILENT, seed, 1.0);
        prop_assert_eq!(free, plain);
        // At most 78 keys.
        let just = Rules {
            allowed: free.playing(),
            forced: 0,
            most_sounding: free.len() as u8,
            most_struck: free.len() as u8,
            ..Rules::default()
        };
        let (same, again) = choose(&mut engine, just, Chord::SILENT, seed, 1.0);
        prop_assert_eq!(same, plain);
        prop_assert_eq!(asked, again, "and the network heard the same");
    }
}

/// The logits of the keys visited after the `first` that a rule changes differ; those before
/// are the same to the bit.
fn heard_from(
    scan: Scan,
    first: u8,
    free: &[(u8, [f32; 2])],
    ruled: &[(u8, [f32; 2])],
) -> (usize, usize) {
    let after = |key: u8| match scan {
        Scan::Up => key > first,
        Scan::Down => key < first,
    };
    let differ = free.iter().zip(ruled).filter(|(a, b)| a != b);
    let (late, early): (Vec<_>, Vec<_>) = differ.partition(|((key, _), _)| after(*key));
    (late.len(), early.len())
}

#[test]
fn a_mask_and_a_forced_key_are_heard_by_what_is_visited_later() {
    for scan in [Scan::Up, Scan::Down] {
        for seed in 0..20 {
            let mut engine = engine(scan, seed, Chord::struck_keys([50, 57, 62]));
            let (free, liked) = choose(&mut engine, Rules::default(), Chord::SILENT, seed, 1.0);
            let Some(key) = free.keys().find(|key| (40..90).contains(key)) else { continue };
            let bit = 1_u128 << key;
            let masked = Rules { allowed: !bit, ..Rules::default() };
            let (_, heard) = choose(&mut engine, masked, Chord::SILENT, seed, 1.0);
            let (late, early) = heard_from(scan, key, &liked, &heard);
            assert!(late > 10 && early == 0, "{scan:?}, masked: {late} later, {early} before");

            let Some(silent) = (60..90).find(|key| !free.plays(*key)) else { continue };
            let forced = Rules { forced: 1 << silent, ..Rules::default() };
            let (chord, heard) = choose(&mut engine, forced, Chord::SILENT, seed, 1.0);
            assert!(!chord.plays(silent), "a forced key is no part of the chord");
            let (late, early) = heard_from(scan, silent, &liked, &heard);
            assert!(late > 10 && early == 0, "{scan:?}, forced: {late} later, {early} before");
        }
    }
}

/// Of a chord that is too large, the network decides anew between the notes that stay.
#[test]
fn a_limit_is_heard_too() {
    let mut bound = 0;
    for scan in [Scan::Up, Scan::Down] {
        for seed in 0..20 {
            let before = Chord::struck_keys([50, 57, 62]);
            let mut engine = engine(scan, seed, before);
            let (free, liked) = choose(&mut engine, Rules::default(), before, seed, 1.0);
            let rules = Rules { most_sounding: 3, ..Rules::default() };
            let (few, heard) = choose(&mut engine, rules, before, seed, 1.0);
            if free.len() > 3 {
                bound += 1;
                assert!(few.len() <= 3 && few.playing() & !free.playing() == 0);
                assert_ne!(liked, heard, "{scan:?}, seed {seed}");
            }
        }
    }
    assert!(bound > 10, "only {bound} chords were too large");
}
