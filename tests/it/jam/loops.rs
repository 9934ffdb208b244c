//! Loops: announced and not, edges off the grid, shorter than the look-ahead, edited.

use super::host::{Host, key_of, tell_step};
use anacrusis::jam::controls::Lookahead;
use anacrusis::music::{Grid, Step};

/// Onsets of playback from `begin` around the loop, in beats since the beginning.
fn unrolled(begin: f64, (start, end): (f64, f64), total: f64) -> Vec<(f64, i64)> {
    let grid = Grid::default();
    let mut onsets = Vec::new();
    let (mut lap_from, mut passed) = (begin, 0.0);
    while passed < total {
        let first = grid.step_from(lap_from - 1e-9).0;
        for k in first.. {
            let at = grid.start_beats(Step(k));
            if at >= end - 1e-9 {
                break;
            }
            onsets.push((passed + at - lap_from, k));
        }
        passed += end - lap_from;
        lap_from = start;
    }
    onsets.retain(|(at, _)| *at < total - 1e-4);
    onsets
}

#[test]
fn an_announced_loop_loses_and_doubles_nothing() {
    for looped in [(1.0, 3.0), (0.1, 1.37), (0.0, 0.25), (0.0, 0.6), (0.2, 0.3), (0.9, 1.01)] {
        for lookahead in Lookahead::ALL {
            for frames in [97, 1024, 12_000] {
                let mut host = Host::waiting(tell_step);
                host.controls.lookahead = lookahead;
                host.transport.loop_beats = Some(looped);
                let begin = if looped.0 > 0.5 { 0.5 } else { looped.0 };
                host.transport.position_beats = Some(begin);
                host.run(96_000, frames);
                let expected = unrolled(begin, looped, 4.0);
                let onsets = host.onsets();
                assert_eq!(onsets.len(), expected.len(), "{looped:?} {lookahead:?} {frames}");
                for ((at, key), (beats, step)) in onsets.iter().zip(&expected) {
                    assert_eq!(*key, key_of(*step));
                    let off = *at as f64 - beats * 24_000.0;
                    assert!(off.abs() <= 0.51, "{looped:?} {lookahead:?} {frames}: {off} off");
                }
                assert_eq!(host.status().missed_deadlines, 0);
                assert_eq!(host.status().epoch, 1, "one epoch since the start");
            }
        }
    }
}

#[test]
fn each_lap_is_a_pass_and_the_first_step_is_committed_before_the_wrap() {
    let mut host = Host::parked(tell_step);
    host.transport.loop_beats = Some((0.0, 1.0));
    host.run_served(200, 480);
    let places: Vec<_> = host.requests.iter().map(|r| r.place).collect();
    for (n, place) in places.iter().enumerate() {
        assert_eq!((place.index, place.step.0), (n as i64, n as i64 % 4));
        assert_eq!(place.pass, n as u64 / 4);
    }
    assert_eq!(host.onsets().len(), places.len() - 1, "the last one is still to come");
}

#[test]
fn a_loop_in_which_no_step_begins_is_silent_and_ends() {
    let mut host = Host::waiting(tell_step);
    host.transport.position_beats = Some(0.1);
    host.transport.loop_beats = Some((0.1, 0.2));
    host.run(24_000, 480);
    assert_eq!(host.onsets(), []);
    host.transport.loop_beats = None;
    host.run(24_000, 480);
    assert_eq!(host.onsets()[0].1, key_of(1));
}

#[test]
fn an_unannounced_wrap_is_a_jump() {
    let mut host = Host::parked(tell_step);
    host.run_served(100, 480);
    let (epoch, before) = (host.status().epoch, host.onsets().len());
    host.transport.position_beats = Some(0.0);
    host.run_served(30, 480);
    assert_eq!(host.status().epoch, epoch + 1);
    assert_eq!(host.onsets()[before].1, key_of(1), "step 0 is under the cursor");
}

#[test]
fn an_edited_loop_voids_what_assumed_the_old_one_and_no_more() {
    let mut host = Host::parked(tell_step);
    host.controls.lookahead = Lookahead::Four;
    host.transport.loop_beats = Some((0.0, 2.0));
    host.run_served(63, 480);
    // At beat 1.26 steps 6 and 7 and the next lap's 0 and 1 are committed.
    let committed = host.requests.len();
    let epoch = host.status().epoch;
    host.transport.loop_beats = Some((1.0, 2.0));
    host.run_served(40, 480);
    assert_eq!(host.status().epoch, epoch + 1);
    let redone = host.requests[committed];
    assert_eq!((redone.place.step.0, redone.place.pass), (4, 1), "from the new loop's first");
    let keys: Vec<u8> = host.onsets().iter().map(|(_, key)| *key).collect();
    assert_eq!(keys[keys.len() - 4..], [5, 6, 7, 4].map(key_of));
    // Switched off on the way: straight on.
    host.transport.loop_beats = None;
    host.run_served(60, 480);
    let keys: Vec<u8> = host.onsets().iter().map(|(_, key)| *key).collect();
    let from = keys.iter().rposition(|k| *k == key_of(5)).expect("played");
    assert_eq!(keys[from..][..4], [5, 6, 7, 8].map(key_of));
    assert_eq!(host.status().missed_deadlines, 0);
}

#[test]
fn a_loop_switched_off_in_its_last_block_is_no_jump() {
    let mut host = Host::waiting(tell_step);
    host.transport.loop_beats = Some((0.0, 2.0));
    host.run(47_500, 500);
    let epoch = host.status().epoch;
    host.process(1000);
    host.transport.position_beats = Some(48_500.0 / 24_000.0);
    host.transport.loop_beats = None;
    host.run(12_000, 500);
    assert!(host.status().epoch <= epoch + 1);
    let tail: Vec<u8> = host.onsets().iter().rev().take(2).map(|(_, key)| *key).collect();
    assert_eq!(tail, [10, 9].map(key_of));
}

#[test]
fn a_shorter_lookahead_voids_what_is_not_due_under_it() {
    let mut host = Host::parked(tell_step);
    host.controls.lookahead = Lookahead::Eight;
    host.run_served(20, 480);
    let (epoch, committed) = (host.status().epoch, host.requests.len());
    host.controls.lookahead = Lookahead::One;
    host.controls.shaping.temperature = 0.5;
    host.run_served(20, 480);
    assert_eq!(host.status().epoch, epoch + 1);
    let again = host.requests[committed];
    assert_eq!(again.place.step.0, 3, "step 2 was due");
    assert_eq!(again.shaping.temperature, 0.5);
    host.run_served(60, 480);
    let keys: Vec<u8> = host.onsets().iter().map(|(_, key)| *key).collect();
    assert_eq!(keys, (0..keys.len() as i64).map(key_of).collect::<Vec<_>>());
}
