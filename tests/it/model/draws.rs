//! No two decisions hang on one random number.

use std::collections::HashSet;

use anacrusis::jam::link::{Place, Request};
use anacrusis::jam::planner::Planner;
use anacrusis::jam::take::Recall;
use anacrusis::model::Draw;
use anacrusis::music::Chord;

use crate::jam::plan::{ask, model};

#[test]
fn each_seed_pass_step_key_and_decision_has_a_number_of_its_own() {
    let mut seen = HashSet::new();
    let mut drawn = 0;
    // Keys from 128 on decide what is no note.
    for seed in [0, 1, 2, 7, 1 << 32] {
        for pass in [0, 1, 2, 3] {
            for step in -6..6 {
                for key in 0..=u8::MAX {
                    seen.extend(Draw { seed, pass }.uniforms(step, key).map(f64::to_bits));
                    drawn += 2;
                }
            }
        }
    }
    // Of so few among 2^53, two are the same by chance once in a million times; these are not.
    assert_eq!(seen.len(), drawn);
}

#[test]
fn again_draws_by_no_seed_that_can_be_set() {
    let seeds = 0..=300_u64;
    let mut seen = HashSet::new();
    for draw in 0..100 {
        let recall = Recall { draw, ..Recall::default() };
        seen.extend(seeds.clone().map(|seed| recall.seed(seed)));
    }
    assert_eq!(seen.len(), 301 * 100);
}

#[test]
fn a_step_that_is_played_in_another_pass_is_drawn_anew() {
    let play = |pass: u64| -> Vec<Chord> {
        let mut model = model(0);
        // Even odds: only the draw is left to decide.
        model.network.certainty = 0.0;
        let mut planner = Planner::new(model);
        let request = |k| {
            let asked = ask(k, k);
            Request { place: Place { pass, ..asked.place }, ..asked }
        };
        let plan = |k| planner.plan(&request(k), &Recall::default(), &mut || true);
        (0..4).map(plan).map(|planned| planned.expect("nothing stops it").chord).collect()
    };
    let passes = [0, 1, 2].map(play);
    assert_eq!(passes, [0, 1, 2].map(play));
    let different: HashSet<Chord> = passes.iter().map(|chords| chords[0]).collect();
    assert_eq!(different.len(), 3);
}
