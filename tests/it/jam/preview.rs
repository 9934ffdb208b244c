//! How the music would go on if the musician rested: what is foreseen comes true, costs the real
//! decisions nothing, and is thought out only while somebody looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::plan::{Hash, ask, model};
use super::work::Instance;
use crate::support::until;
use anacrusis::jam::controls::{Controls, Mode};
use anacrusis::jam::link::{Decision, Heard, Request};
use anacrusis::jam::planner::{Biaxial, Planner};
use anacrusis::jam::status::Preview;
use anacrusis::jam::take::Recall;
use anacrusis::model::{Checkpoint, Engine};
use anacrusis::music::{Chord, Step};

fn golden(bytes: &'static [u8]) -> Planner<Engine> {
    Planner::new(Checkpoint::parse(bytes).expect("one of ours").into())
}

fn solo() -> Planner<Engine> {
    golden(include_bytes!("../../golden/v2.ckpt.safetensors"))
}

fn plan<B: Biaxial>(planner: &mut Planner<B>, request: &Request) -> Chord {
    planner.plan(request, &Recall::default(), &mut || true).expect("nothing stops it").chord
}

fn foresee<B: Biaxial>(planner: &mut Planner<B>) -> usize {
    let mut steps = 0;
    while planner.preview_step(true, |_| Recall::default(), &mut || true) {
        steps += 1;
    }
    steps
}

fn chords(preview: &Preview, after: i64) -> Vec<Chord> {
    preview.after(0, Step(after)).map(|(_, chord)| chord).collect()
}

/// Requests of a musician who rests, as they are asked for ahead and for the second time.
fn resting(k: i64, decision: Decision) -> Request {
    Request { accompanies: true, decision, seed: 3, ..ask(k, k) }
}

#[test]
fn what_is_foreseen_is_what_is_played_if_nobody_plays() {
    let mut planner = solo();
    for k in 0..20 {
        plan(&mut planner, &ask(k, k));
    }
    assert_eq!(foresee(&mut planner), 16, "a bar");
    let foreseen = chords(&planner.preview(), 19);
    let played: Vec<Chord> = (20..36).map(|k| plan(&mut planner, &ask(k, k))).collect();
    assert_eq!(foreseen, played);
    assert!(played.iter().any(|chord| !chord.is_empty()));
}

#[test]
fn chords_that_are_decided_twice_are_foreseen_as_they_sound() {
    let mut planner = solo();
    let step = |planner: &mut Planner<Engine>, k| {
        plan(planner, &resting(k, Decision::Ahead));
        plan(planner, &resting(k, Decision::Second(Chord::SILENT)))
    };
    for k in 0..20 {
        step(&mut planner, k);
    }
    foresee(&mut planner);
    let foreseen = chords(&planner.preview(), 19);
    let played: Vec<Chord> = (20..36).map(|k| step(&mut planner, k)).collect();
    assert_eq!(foreseen, played);
}

#[test]
fn what_came_true_is_not_thought_of_again_and_what_did_not_is_forgotten() {
    let mut planner = Planner::new(model(0));
    for k in 0..20 {
        plan(&mut planner, &ask(k, k));
    }
    assert_eq!(foresee(&mut planner), 16);
    plan(&mut planner, &ask(20, 20));
    assert_eq!(chords(&planner.preview(), 20).len(), 15, "the rest stands");
    assert_eq!(foresee(&mut planner), 1);
    // Other wishes, another place, and something heard late.
    let wild = Request { seed: 99, ..ask(21, 21) };
    let jumped = Request { anchor: false, ..ask(22, 100) };
    let mut heard = Heard::default();
    assert!(heard.push(22, Chord::struck_keys([40])));
    let late = Request { heard, ..ask(23, 101) };
    for request in [wild, jumped, late] {
        plan(&mut planner, &request);
        assert_eq!(planner.preview().after(0, request.place.step).count(), 0);
        assert_eq!(foresee(&mut planner), 16);
    }
    planner.forget();
    assert_eq!((foresee(&mut planner), planner.preview().after(0, Step(101)).count()), (0, 0));
}

#[test]
fn beside_a_musician_it_is_thought_of_anew_once_in_a_beat() {
    let mut planner = Planner::new(model(0));
    let mut fed = 0;
    for k in 0..16 {
        let mut heard = Heard::default();
        assert!(k == 0 || heard.push(k - 1, Chord::struck_keys([40])));
        plan(&mut planner, &Request { heard, ..ask(k, k) });
        while planner.preview_step(false, |_| Recall::default(), &mut || true) {
            fed += 1;
        }
    }
    assert_eq!(fed, 4 * 16);
}

#[test]
fn what_was_interrupted_before_its_first_step_is_begun_with_the_next_chord() {
    let mut planner = Planner::new(model(0));
    plan(&mut planner, &ask(0, 0));
    assert!(!planner.preview_step(false, |_| Recall::default(), &mut || false));
    plan(&mut planner, &ask(1, 1));
    assert!(planner.preview_step(false, |_| Recall::default(), &mut || true));
}

#[test]
fn a_look_ahead_changes_nothing_and_can_be_ended() {
    let [mut with, mut without] = [solo(), solo()];
    for k in 0..40 {
        let mut heard = Heard::default();
        if k % 5 == 4 {
            assert!(heard.push_beside(k - 1, Chord::struck_keys([60, 64])));
        }
        let request = Request { heard, ..resting(k, Decision::Only) };
        assert_eq!(plan(&mut with, &request), plan(&mut without, &request), "step {k}");
        let mut left = k % 7;
        while with.preview_step(true, |_| Recall::default(), &mut || {
            left -= 1;
            left > 0
        }) {}
        with.think_ahead(&mut || true);
    }
}

#[test]
fn what_is_locked_is_foreseen_as_it_will_be_replayed() {
    let replayed = super::take::played(0, 22, Chord::struck_keys([41]));
    let recall = |request: &Request| Recall {
        replayed: (request.place.step == Step(22)).then_some(replayed),
        ..Recall::default()
    };
    let mut planner = Planner::new(model(0));
    for k in 0..20 {
        plan(&mut planner, &ask(k, k));
    }
    while planner.preview_step(true, recall, &mut || true) {}
    assert_eq!(chords(&planner.preview(), 19)[2], Chord::struck_keys([41]));
}

#[test]
fn the_worker_shows_a_bar_to_who_looks_and_thinks_of_none_else() {
    let mut instance = Instance::<Hash>::new();
    instance.controls = Controls { mode: Mode::Solo, transpose: 12, ..instance.controls };
    let looks = Arc::new(AtomicU64::new(0));
    let seen = looks.clone();
    instance.worker.on_poll(move || {
        seen.fetch_add(1, Ordering::Relaxed);
    });
    instance.worker.start().expect("a thread");
    instance.worker.models().load_model("one", || Ok(model(0)));
    instance.settled();
    instance.play(8);
    // The worker finds time for more steps than a bar has, and that there is nothing else to do.
    let at_first = looks.load(Ordering::Relaxed);
    until("the worker looks", || looks.load(Ordering::Relaxed) > at_first + 40);
    assert_eq!(instance.monitor.preview(), Preview::default(), "nobody looks");
    instance.monitor.watch(true);
    instance.play(1);
    let status = instance.monitor.status();
    let last = *status.coming().last().expect("decided ahead");
    let mut preview = Preview::default();
    until("a bar is foreseen", || {
        preview = instance.monitor.preview();
        preview.after(last.pass, last.step).count() == 16
    });
    assert_eq!(preview.epoch, status.epoch);
    instance.play(16);
    let past = instance.monitor.status();
    let came: Vec<_> = preview
        .after(last.pass, last.step)
        .filter_map(|(step, chord)| {
            let shown = past.past().iter().find(|shown| shown.step == step)?;
            Some((step, shown.chord, chord))
        })
        .collect();
    assert!(came.len() >= 15, "{} of the steps foreseen were played", came.len());
    for (step, came, foreseen) in came {
        assert_eq!(came, foreseen, "{step:?}");
    }
}
