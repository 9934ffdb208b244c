//! When the host waits for chords, every interleaving gives the same music as a single thread, and
//! no wait hangs. Work left half-done for a past epoch would be heard in all that follows.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::live::ask_anew;
use crate::network::FIRST_GIVEN_UP;
use crate::stage::{Stage, alone, ensure, explore};

/// Plays a step, and two more somewhere else.
fn jump(stage: &mut Stage) {
    stage.play();
    stage.block();
    stage.transport.position_beats = Some(8.0);
    stage.block();
    stage.block();
}

/// `script` on a worker whose every chord is waited for, from a parked chord on.
pub fn waited_for(script: fn(&mut Stage)) -> Result<(), String> {
    let expected = alone(script);
    let mut stage = Stage::parked();
    stage.controls.wait_for_notes = true;
    stage.explore();
    script(&mut stage);
    stage.end().is(&expected)
}

#[test]
fn work_for_an_epoch_that_is_over_is_given_up_and_leaves_no_trace() {
    explore("asked for anew, from nothing", 3, || {
        let expected = alone(ask_anew);
        let mut stage = Stage::unasked();
        stage.controls.wait_for_notes = true;
        stage.explore();
        ask_anew(&mut stage);
        stage.end().is(&expected)
    });
    assert!(FIRST_GIVEN_UP.load(Ordering::Relaxed) > 0, "nothing was ever given up");
}

#[test]
fn a_jump_leaves_no_trace() {
    explore("a jump", 3, || waited_for(jump));
}

#[test]
fn no_request_is_taken_for_an_old_one() {
    explore("asked for anew and waited for", 3, || waited_for(ask_anew));
}

#[test]
fn what_a_refused_request_told_is_told_with_the_next() {
    /// What a musician strikes in step 1 is told with the request for chord 4.
    fn script(stage: &mut Stage, strikes: bool) {
        stage.play();
        stage.block();
        if strikes {
            stage.strike(90);
        }
        stage.block();
        stage.explore();
        for _ in 2..5 {
            stage.block();
        }
    }
    static REFUSED: AtomicU64 = AtomicU64::new(0);
    explore("a note heard", 3, || {
        let expected = alone(|stage| script(stage, true));
        ensure(expected != alone(|stage| script(stage, false)), || "nothing was heard".into())?;
        let mut stage = Stage::parked();
        stage.controls.wait_for_notes = true;
        let refused = stage.monitor.status().refused_requests;
        script(&mut stage, true);
        let ended = stage.end();
        REFUSED.fetch_add(ended.status.refused_requests - refused, Ordering::Relaxed);
        ended.is(&expected)
    });
    assert!(REFUSED.load(Ordering::Relaxed) > 0, "nothing was ever refused");
}

#[test]
fn what_was_asked_before_there_was_a_model_is_asked_again() {
    // What is struck in step 0 is known when chord 3 is asked for, and not before: if the model's
    // coming were seen a block late, all would be asked for again, and more be told.
    fn script(stage: &mut Stage) {
        stage.play();
        stage.strike(90);
        for _ in 0..4 {
            stage.block();
        }
    }
    explore("the first model", 2, || {
        let expected = alone(script);
        let mut stage = Stage::new();
        stage.controls.wait_for_notes = true;
        stage.load(0);
        stage.start();
        stage.explore();
        script(&mut stage);
        stage.end().is(&expected)
    });
}
