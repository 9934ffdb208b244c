//! What is heard again: earlier performances, and bars that are replayed.

use super::takes::{jam, play, play_from, recorded, span, stop};
use anacrusis::jam::take::SharedTake;
use anacrusis::music::Metre;

#[test]
fn an_earlier_performance_is_heard_again_note_for_note() {
    let mut instance = jam();
    let first = play_from(&mut instance, 0, 32);
    instance.controls.seed = 7;
    let second = play_from(&mut instance, 0, 32);
    stop(&mut instance);
    assert_ne!(first, second);
    recorded(&instance, 64);
    let brought = instance.worker.take().with(|take| take.bring_back(0, 32));
    assert_eq!(brought, Ok(Some(span(0, 32))));
    assert_eq!(play_from(&mut instance, 0, 32), first);
    instance.worker.take().with(|take| assert!(take.undo()));
    assert_ne!(play_from(&mut instance, 0, 32), first);
}

#[test]
fn what_is_replayed_is_seen_and_kept_as_it_was_heard_but_not_taken_twice() {
    let mut instance = jam();
    play(&mut instance, 32);
    stop(&mut instance);
    recorded(&instance, 32);
    let take = instance.worker.take();
    take.with(|take| take.lock(span(0, 16)).expect("room"));
    play_from(&mut instance, 0, 32);
    stop(&mut instance);
    recorded(&instance, 48);
    let view = take.view();
    let steps: Vec<i64> = view.tail.iter().map(|seen| seen.played.step.0).collect();
    assert_eq!(steps, (0..32).chain(0..32).collect::<Vec<_>>());
    assert_eq!((view.end, view.entries), (64, 48));
    let chord = |at: usize| view.tail[at].played.chord;
    assert!((0..16).all(|step| chord(step) == chord(32 + step)));
    assert!(view.tail.iter().all(|seen| seen.metre == Some(Metre::COMMON)));
    assert_eq!((take.heard_last(64).len(), take.heard_last(3).len()), (64, 48));
    // What comes with a project is seen, too, in whatever metre.
    let other = SharedTake::default();
    other.load(take.save().to_vec());
    other.poll();
    assert_eq!((other.view().tail.len(), other.view().end), (48, 48));
}

#[test]
fn the_last_bars_are_those_of_the_metre_in_which_they_were_played() {
    let mut instance = jam();
    instance.transport.time_signature = Some((5, 4));
    instance.transport.bar_start_beats = Some(0.0);
    play(&mut instance, 50);
    stop(&mut instance);
    recorded(&instance, 50);
    let take = instance.worker.take();
    // The bar that was left open, and the one before it, of twenty steps.
    assert_eq!((take.heard_last(1).len(), take.heard_last(2).len()), (10, 30));
    assert_eq!(take.heard_last(99).len(), 50);
}

/// How hard a note is struck is not decided by the number that decided that it plays: those were
/// small.
#[test]
fn chance_in_touch_is_not_the_chance_that_chose_the_notes() {
    let mut instance = jam();
    (instance.controls.humanise, instance.controls.dynamics) = (20, 0.0);
    play(&mut instance, 200);
    let off: Vec<f64> =
        instance.out.0.iter().map(|event| f64::from(event.velocity) - 80.0).collect();
    let mean = off.iter().sum::<f64>() / off.len() as f64;
    // The deviation of a single one is 11.5.
    let allowed = 4.0 * 11.5 / (off.len() as f64).sqrt();
    assert!(off.len() > 400 && allowed < 3.0, "{} notes", off.len());
    assert!(mean.abs() < allowed, "{mean} in the mean of {} notes", off.len());
}
