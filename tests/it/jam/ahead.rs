//! Thinking ahead: it saves work after the commit point and changes nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use proptest::prelude::*;

use super::plan::{Hash, ask, model};
use crate::support::{engines, networks};
use anacrusis::jam::controls::Lookahead;
use anacrusis::jam::link::{Heard, Place, Request};
use anacrusis::jam::planner::{Biaxial, Model, Planner, Prompts};
use anacrusis::jam::take::Recall;
use anacrusis::model::{Config, Engine};
use anacrusis::music::{Chord, Signature, Step};

/// What the time stack was made to do: prepared halves and fed frames.
fn done(network: &Hash) -> (usize, usize) {
    let take = |count: &AtomicUsize| count.swap(0, Ordering::Relaxed);
    (take(&network.prepares), take(&network.feeds))
}

/// A planner that has played steps `0..n` and thought ahead after each.
fn played(n: i64) -> (Planner<Hash>, Hash) {
    let model = model(0);
    let network = model.network.clone();
    let mut planner = Planner::new(model);
    for k in 0..n {
        assert!(planner.plan(&ask(k, k), &Recall::default(), &mut || true).is_some());
        assert!(planner.think_ahead(&mut || true));
    }
    done(&network);
    (planner, network)
}

fn heard(index: i64) -> Heard {
    let mut heard = Heard::default();
    assert!(heard.push(index, Chord::struck_keys([40, 41, 42])));
    heard
}

/// What the time stack is made to do by one request.
fn cost(planner: &mut Planner<Hash>, network: &Hash, request: &Request) -> (usize, usize) {
    done(network);
    assert!(planner.plan(request, &Recall::default(), &mut || true).is_some());
    done(network)
}

#[test]
fn after_a_right_guess_only_the_note_stack_is_left() {
    let (mut planner, network) = played(8);
    assert_eq!(cost(&mut planner, &network, &ask(8, 8)), (0, 0));
    assert!(planner.think_ahead(&mut || true));
    assert_eq!(done(&network), (1, 1));
    assert!(planner.think_ahead(&mut || true), "there is no more");
    assert_eq!(done(&network), (0, 0));
}

#[test]
fn after_a_wrong_guess_half_a_step_is_left_and_no_guess_made() {
    let (mut planner, network) = played(8);
    let played_over = |k| Request { heard: heard(k - 1), ..ask(k, k) };
    assert_eq!(cost(&mut planner, &network, &played_over(8)), (0, 1));
    assert!(planner.think_ahead(&mut || true));
    assert_eq!(done(&network), (1, 0), "half of a step, and no guess");
    assert_eq!(cost(&mut planner, &network, &played_over(9)), (0, 1));
    // A step that would have been guessed: from then on it is again.
    planner.think_ahead(&mut || true);
    assert_eq!(cost(&mut planner, &network, &ask(10, 10)), (0, 1));
    planner.think_ahead(&mut || true);
    assert_eq!(cost(&mut planner, &network, &ask(11, 11)), (0, 0));
}

#[test]
fn a_frame_heard_late_costs_one_step_more() {
    let (mut planner, network) = played(8);
    // The other half of the step before, and one whole step.
    let late = Request { heard: heard(6), ..ask(8, 8) };
    assert_eq!(cost(&mut planner, &network, &late), (1, 2));
}

#[test]
fn a_jump_costs_half_a_step() {
    let (mut planner, network) = played(8);
    let jumped = |index, step| Request { anchor: false, ..ask(index, step) };
    assert_eq!(cost(&mut planner, &network, &jumped(8, 100)), (0, 1));
    planner.think_ahead(&mut || true);
    // One that voids what was committed, too.
    assert_eq!(cost(&mut planner, &network, &jumped(8, 207)), (0, 1));
}

#[test]
fn what_was_interrupted_is_taken_up_again() {
    let (mut planner, network) = played(8);
    assert!(planner.plan(&ask(8, 8), &Recall::default(), &mut || true).is_some());
    assert!(!planner.think_ahead(&mut || false));
    assert_eq!(done(&network), (0, 0));
    let mut asked = 0;
    assert!(!planner.think_ahead(&mut || {
        asked += 1;
        asked == 1
    }));
    assert_eq!(done(&network), (1, 0), "the first half is kept");
    assert_eq!(cost(&mut planner, &network, &ask(9, 9)), (0, 1));
}

#[test]
fn without_history_there_is_nothing_to_think_of() {
    let model = model(1);
    let network = model.network.clone();
    let mut planner = Planner::new(model);
    assert!(planner.think_ahead(&mut || true));
    planner.plan(&ask(0, 0), &Recall::default(), &mut || true);
    planner.forget();
    done(&network);
    assert!(planner.think_ahead(&mut || true));
    assert_eq!(done(&network), (0, 0));
}

#[test]
fn one_planner_hears_the_prompt_for_all() {
    let network = Hash { certainty: 1000.0, ..Hash::default() };
    let prompts = Arc::new(Prompts::new(model(1).prompts.rolls().to_vec()));
    let new = || {
        let (network, prompts) = (network.clone(), prompts.clone());
        let texture = model(1).texture;
        Planner::new(Model { network, prompts, texture, digest: String::new() })
    };
    let begin = |step: i64| {
        let mut planner = new();
        let planned = planner
            .plan(&ask(0, step), &Recall::default(), &mut || true)
            .expect("nothing stops it");
        (planner, planned.chord)
    };
    let all: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| begin(5))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it plays")).collect()
    });
    assert!(all.iter().all(|(_, chord)| *chord == all[0].1));
    assert_eq!(done(&network), (69, 69), "heard once");
    let _later = begin(7);
    assert_eq!(done(&network), (2, 2), "from the nearest step on");
    let _earlier = begin(3);
    assert_eq!(done(&network), (3, 3));
    drop((all, _later, _earlier));
    let _again = begin(5);
    assert_eq!(done(&network), (69, 69), "freed with the last that held it");
}

#[derive(Clone, Debug)]
enum Act {
    /// The next step of the song, or one elsewhere, with frames changed so many steps back.
    Next(Option<i64>, Vec<(i64, u64)>),
    /// Void commitments, so many.
    Back(i64, Option<i64>),
    /// Lost requests, so many.
    Skip(i64),
    /// Playback begins anew.
    Anchor(i64, u64),
    /// A request that is given up.
    GivenUp,
    Lookahead(usize),
    Forget,
    NewModel,
}

fn act() -> impl Strategy<Value = Act> {
    let jump = || prop::option::weighted(0.2, -9_i64..40);
    let frames = prop::collection::vec((-2_i64..13, any::<u64>()), 0..3);
    prop_oneof![
        12 => (jump(), Just(vec![])).prop_map(|(jump, frames)| Act::Next(jump, frames)),
        6 => (jump(), frames).prop_map(|(jump, frames)| Act::Next(jump, frames)),
        4 => (1_i64..12, jump()).prop_map(|(n, jump)| Act::Back(n, jump)),
        1 => (1_i64..20).prop_map(Act::Skip),
        2 => (-20_i64..20, 0_u64..4).prop_map(|(step, seed)| Act::Anchor(step, seed)),
        2 => Just(Act::GivenUp),
        2 => (0_usize..6).prop_map(Act::Lookahead),
        1 => Just(Act::Forget),
        1 => Just(Act::NewModel),
    ]
}

/// Plays the same on two planners of which one thinks ahead, each time only as long as the
/// numbers say.
fn same_with_and_without<B: Biaxial>(new: &dyn Fn() -> Model<B>, acts: &[(Act, usize)]) {
    let mut planners = [Planner::new(new()), Planner::new(new())];
    let (mut index, mut step, mut seed) = (0, 0, 0);
    let mut lookahead = Lookahead::One;
    for (act, patience) in acts {
        let mut left = *patience;
        planners[0].think_ahead(&mut || {
            left = left.saturating_sub(1);
            left > 0
        });
        let mut request = Request::default();
        match act {
            Act::Next(jump, frames) => {
                step += jump.unwrap_or(0);
                for (back, bits) in frames {
                    let frame = Chord::from_masks(u128::from(*bits) << 32, u128::MAX);
                    request.heard.push(index - back, frame);
                }
            }
            Act::Back(n, jump) => {
                index -= n;
                step += jump.unwrap_or(-n);
            }
            Act::Skip(n) => (index, step) = (index + n, step + n),
            Act::Anchor(at, new_seed) => {
                (index, step, seed) = (0, *at, *new_seed);
                request.anchor = true;
            }
            Act::GivenUp => {}
            Act::Lookahead(n) => lookahead = Lookahead::ALL[*n],
            Act::Forget => planners.iter_mut().for_each(Planner::forget),
            Act::NewModel => planners.iter_mut().for_each(|planner| planner.adopt(new())),
        }
        request.place = Place { index, pass: 0, step: Step(step) };
        request.position = Signature::COMMON.position(step);
        (request.seed, request.lookahead) = (seed, lookahead);
        if let Act::GivenUp = act {
            for planner in &mut planners {
                // It may succeed, if nothing is left to do.
                planner.plan(&request, &Recall::default(), &mut || false);
            }
        }
        let [one, other] = planners
            .each_mut()
            .map(|planner| planner.plan(&request, &Recall::default(), &mut || true));
        assert!(one.is_some());
        assert_eq!(one, other, "{act:?} at {index}");
        (index, step) = (index + 1, step + 1);
        let [one, other] = &planners;
        assert_eq!(one.next_index(), other.next_index());
        for k in index - 20..index + 2 {
            assert_eq!(one.frame(k), other.frame(k), "history at {k} of {index}");
        }
    }
}

fn acts() -> impl Strategy<Value = Vec<(Act, usize)>> {
    prop::collection::vec((act(), prop_oneof![0_usize..8, Just(usize::MAX)]), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn it_changes_no_chord(acts in acts()) {
        same_with_and_without(&|| model(2), &acts);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn it_changes_no_chord_of_the_engine(acts in acts()) {
        let config = Config { time: vec![9, 5], note: vec![6], ..Config::default() };
        let checkpoint = networks::random(config, 3);
        for (_, engine) in engines(&checkpoint) {
            let weights = engine.weights().clone();
            let new = || Model {
                network: Engine::with(weights.clone()),
                prompts: Arc::new(Prompts::new(model(1).prompts.rolls().to_vec())),
                texture: model(1).texture,
                digest: String::new(),
            };
            same_with_and_without(&new, &acts);
        }
    }
}
