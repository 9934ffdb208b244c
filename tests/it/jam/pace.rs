//! How often the worker looks, when it thinks ahead, and what it gives up.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::plan::Hash;
use super::work::{Instance, Moody, moody};
use crate::support::until;
use anacrusis::jam::controls::{Lookahead, Mode};
use anacrusis::jam::input::Input;
use anacrusis::jam::planner::Biaxial;

/// Processes a block of so many samples, and moves on by as much.
fn block<B: Biaxial>(instance: &mut Instance<B>, frames: u32) {
    let (transport, controls) = (instance.transport, instance.controls);
    instance.performer.process(&transport, &controls, &Input::NONE, frames, &mut instance.out);
    if transport.playing {
        let beats = f64::from(frames) / transport.sample_rate * 2.0;
        instance.transport.position_beats = transport.position_beats.map(|at| at + beats);
    }
}

/// Has a worker look for a while at what a host does, after blocks of `begun` samples: an error unless
/// it looks about once in each `period`. It never looks more often; a machine with other work to do
/// may hold it up, but not each time, and not by as much as three periods.
fn looks_every(
    period: Duration,
    begun: &[u32],
    set: impl Fn(&mut Instance<Hash>),
) -> Result<(), Vec<(u64, u128)>> {
    // More than it finds to do at first.
    const FIRST: u64 = 12;
    let mut instance = Instance::<Hash>::new();
    instance.controls.wait_for_notes = false;
    set(&mut instance);
    let looks = Arc::new(AtomicU64::new(0));
    let seen = looks.clone();
    instance.worker.on_poll(move || {
        seen.fetch_add(1, Ordering::Relaxed);
    });
    begun.iter().for_each(|frames| block(&mut instance, *frames));
    instance.worker.start().expect("a thread");
    until("the worker looks", || looks.load(Ordering::Relaxed) > FIRST);
    let mut tried = Vec::new();
    for _ in 0..5 {
        let (before, begun) = (looks.load(Ordering::Relaxed), Instant::now());
        for _ in 0..40 {
            block(&mut instance, 1);
            std::thread::sleep(period);
        }
        let looked = looks.load(Ordering::Relaxed) - before;
        let periods = begun.elapsed().as_nanos() / period.as_nanos();
        tried.push((looked, periods));
        // The first and the last may be only just outside, and what a step asks for is one more.
        if (periods / 3..=periods + 4).contains(&looked.into()) {
            return Ok(());
        }
    }
    Err(tried)
}

#[test]
fn the_worker_looks_as_often_as_a_chord_has_time() {
    // A thirty-second part of the look-ahead, between 1 and 5 ms.
    for (lookahead, period_us) in
        [(Lookahead::Quarter, 1_000), (Lookahead::One, 3_906), (Lookahead::Eight, 5_000)]
    {
        let found = looks_every(Duration::from_micros(period_us), &[480], |instance| {
            instance.controls.mode = Mode::Solo;
            instance.controls.lookahead = lookahead;
        });
        assert_eq!(found, Ok(()), "{lookahead:?}: looks, and how often {period_us} us went by");
    }
}

#[test]
fn the_worker_looks_twice_in_a_millisecond_while_a_second_decision_is_near() {
    // From before a step to 1.5 ms before its second decision is asked for.
    let found = looks_every(Duration::from_micros(500), &[1416], |instance| {
        instance.controls.mode = Mode::Accompany;
        instance.controls.reaction_ms = 12.0;
        instance.transport.position_beats = Some(0.2);
    });
    assert_eq!(found, Ok(()), "looks, and how often 0.5 ms went by");
}

#[test]
fn the_worker_looks_seldom_while_the_host_is_stopped() {
    let found = looks_every(Duration::from_millis(10), &[480], |instance| {
        instance.transport.playing = false;
    });
    assert_eq!(found, Ok(()), "looks, and how often 10 ms went by");
}

#[test]
fn the_next_step_is_thought_of_in_the_time_that_a_chord_has() {
    let network = Moody::default();
    let mut instance = Instance::<Moody>::new();
    instance.controls.mode = Mode::Solo;
    // Counted where both happen, so that nothing hangs on how threads are run.
    let waited = Arc::new(Mutex::new(Vec::new()));
    let counts = Arc::new(AtomicBool::new(false));
    let (seen, counting, watched) = (waited.clone(), counts.clone(), network.clone());
    let (mut looks, mut last) = (0_u32, (0, 0));
    instance.worker.on_poll(move || {
        let now = watched.done();
        looks = if now.1 == last.1 { looks + 1 } else { 0 };
        if looks > 0 && now.0 != last.0 && counting.load(Ordering::Relaxed) {
            seen.lock().expect("no test panics with it").push(looks);
        }
        last = now;
    });
    instance.worker.start().expect("a thread");
    instance.worker.models().load_model("moody", moody(&network));
    instance.settled();
    instance.play(1);
    counts.store(true, Ordering::Relaxed);
    for steps in 1..=6 {
        instance.play(1);
        let thought = || waited.lock().expect("no test panics with it").len();
        until("the worker thinks ahead", || thought() >= steps);
    }
    let waited = waited.lock().expect("no test panics with it");
    // An eighth of the time of a chord is four looks; its look may have got shorter on the way.
    assert!(waited.iter().all(|looks| (1..=32).contains(looks)), "looks before: {waited:?}");
}

#[test]
fn what_is_asked_two_steps_too_late_is_given_up_and_no_other() {
    let network = Moody::default();
    let mut instance = Instance::<Moody>::new();
    instance.controls.mode = Mode::Solo;
    instance.worker.start().expect("a thread");
    instance.worker.models().load_model("moody", moody(&network));
    instance.settled();
    let (_, tried) = network.done();
    instance.play(2);
    instance.controls.wait_for_notes = false;
    // Two chords that sounded, and the one to come.
    until("all is decided that was asked for", || network.done().1 == tried + 3);
    let chosen = tried + 3;
    network.thinks.store(true, Ordering::Relaxed);
    instance.play(1);
    until("the worker decides", || network.done().1 > chosen);
    // It thinks on, and twelve more are asked for; when it is done, the last of them is to come, the
    // one before has begun, and one is a step too late.
    instance.play(12);
    network.thinks.store(false, Ordering::Relaxed);
    let (skipped, decided) =
        (|i: &Instance<Moody>| i.monitor.meters().skipped, || network.done().1 - chosen - 1);
    until("all are decided or given up", || skipped(&instance) + decided() >= 12);
    assert_eq!((skipped(&instance), decided()), (9, 3));
    instance.controls.wait_for_notes = true;
    let before = instance.out.0.len();
    instance.play(4);
    assert!(instance.out.0.len() > before, "the music goes on");
}
