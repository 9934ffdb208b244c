//! Chords that come late, or never.

use super::host::{Host, key_of, tell_step};
use anacrusis::jam::controls::Lookahead;
use anacrusis::music::Chord;

#[test]
fn a_worker_that_never_answers_gives_rests() {
    let mut host = Host::manual(tell_step);
    host.run(480_000, 480);
    assert_eq!(host.queue.events, []);
    let status = host.status();
    // 80 steps have begun, the last a quarter of a step ago or more.
    assert_eq!(status.missed_deadlines, 80);
    assert!(status.lookahead_too_short);
    assert!(status.refused_requests > 0, "the ring holds fewer than 80, and what became of them");
    assert!(status.untold_steps > 0);
    assert!(host.take_requests().len() >= 60);
}

/// Answers step 4 so many samples after it began; returns the host after.
fn late_by(samples: u32) -> Host {
    let mut host = Host::parked(tell_step);
    host.run_served(180, 100);
    host.run(6_000, 100);
    host.run(samples, 100);
    host.serve();
    host.run(200, 100);
    host
}

#[test]
fn up_to_a_quarter_of_a_step_late_it_plays_where_it_is_found() {
    let mut host = late_by(1_400);
    assert_eq!(host.onsets().last(), Some(&(25_400, key_of(4))));
    let status = host.status();
    assert_eq!((status.late_chords, status.missed_deadlines), (1, 0));
    assert!(status.shortest_lead_ms.is_some_and(|lead| lead < 0.0));
}

#[test]
fn later_it_is_a_rest_and_held_notes_end_at_the_quarter() {
    let mut host = late_by(1_600);
    assert_eq!(host.onsets().last(), Some(&(18_000, key_of(3))));
    assert_eq!(host.sounding(), 0);
    assert_eq!(host.queue.events.last().map(|(at, _)| *at), Some(25_500));
    assert_eq!(host.status().missed_deadlines, 1);
    host.run_served(100, 100);
    assert_eq!(host.onsets().last(), Some(&(30_000, key_of(5))), "in time again");
}

#[test]
fn a_held_note_sounds_on_through_a_chord_that_is_a_little_late() {
    let mut host = Host::parked(|place| {
        Chord::from_masks(1 << 60, if place.step.0 == 1 { 1 << 60 } else { 0 })
    });
    host.run_served(180, 100);
    assert_eq!(host.sounding(), 1);
    let events = host.queue.events.len();
    host.run(7_000, 100);
    host.serve();
    host.run_served(30, 100);
    assert_eq!(host.status().late_chords, 1);
    assert_eq!(host.queue.events.len(), events, "neither ended nor struck again");
}

#[test]
fn a_slow_worker_makes_no_wrong_and_no_stuck_notes() {
    for delay_blocks in [3, 8, 11, 14, 17, 40] {
        let mut host = Host::parked(tell_step);
        host.controls.lookahead = Lookahead::Half;
        let mut waiting = Vec::new();
        for block in 0..1000 {
            host.block(480);
            waiting.extend(host.take_requests().into_iter().map(|r| (block + delay_blocks, r)));
            waiting.retain(|(due, request)| {
                let ready = block >= *due;
                if ready {
                    host.answer(request);
                }
                !ready
            });
        }
        for (at, key) in host.onsets() {
            let step = (at as f64 / 6000.0).floor() as i64;
            assert_eq!(key, key_of(step), "at {at} with {delay_blocks} blocks of delay");
            assert!(at % 6000 <= 1500);
        }
        host.transport.playing = false;
        host.block(480);
        assert_eq!(host.sounding(), 0);
    }
}

#[test]
fn the_editor_sees_ahead_what_will_sound() {
    let mut host = Host::parked(tell_step);
    host.controls.lookahead = Lookahead::Four;
    host.run_served(100, 480);
    let status = host.status();
    let steps: Vec<i64> = status.coming().iter().map(|shown| shown.step.0).collect();
    assert_eq!(steps, [8, 9, 10, 11], "at beat 2, of which step 7 is the last to begin before");
    assert!(status.coming()[..3].iter().all(|shown| shown.known));
    let past: Vec<i64> = status.past().iter().map(|shown| shown.step.0).collect();
    assert_eq!(past, (0..8).collect::<Vec<_>>());
    assert!(status.past().iter().all(|s| s.known && s.chord.plays(key_of(s.step.0))));
    assert!(status.shortest_lead_ms.is_some_and(|lead| (80.0..125.0).contains(&lead)));
}

/// A host that runs ahead of the sound: so many blocks at once, and nobody thinks meanwhile.
fn ahead_of_the_sound(lookahead: Lookahead, blocks: u32, frames: u32) -> Host {
    let mut host = Host::parked(tell_step);
    host.controls.lookahead = lookahead;
    // While it was parked it did not run ahead.
    host.run_served(1, 480);
    for _ in 0..60 {
        host.run(blocks * frames, frames);
        host.serve();
    }
    host
}

#[test]
fn a_lookahead_shorter_than_the_host_runs_ahead_is_told_and_a_longer_one_loses_nothing() {
    // 200 ms in blocks of 10, and one block of 171 ms; a step lasts 125 ms. Missed is a step
    // whose quarter ends within the stretch in which it was asked for: of 60 stretches those
    // whose first step begins in the first 44 ms and a block, and in the first 14.4 ms.
    for (blocks, frames, missed) in [(20, 480, 24), (1, 8192, 7)] {
        let mut short = ahead_of_the_sound(Lookahead::One, blocks, frames);
        let status = short.status();
        assert!(status.lookahead_too_short, "{blocks}, {frames}");
        assert_eq!(status.missed_deadlines, missed, "{blocks}, {frames}");
        let mut long = ahead_of_the_sound(Lookahead::Two, blocks, frames);
        let status = long.status();
        assert!(!status.lookahead_too_short, "{blocks} blocks of {frames}");
        assert_eq!((status.missed_deadlines, status.late_chords), (0, 0));
        // What is left of the look-ahead when the host comes back.
        let left_ms = 250.0 - f64::from(blocks * frames) / 48.0;
        let lead_ms = f64::from(status.shortest_lead_ms.expect("chords came"));
        assert!((left_ms - 0.1..left_ms + 25.1).contains(&lead_ms), "{lead_ms} of {left_ms} ms");
        let onsets = long.onsets();
        let expected: Vec<_> =
            (0..onsets.len() as i64).map(|k| (k as u64 * 6000, key_of(k))).collect();
        assert_eq!(onsets, expected);
        assert!(onsets.len() as u32 >= 60 * blocks * frames / 6000);
    }
}

#[test]
fn another_start_forgets_how_short_the_lead_was() {
    let mut host = ahead_of_the_sound(Lookahead::Half, 20, 480);
    assert!(host.status().lookahead_too_short);
    host.transport.playing = false;
    host.run_served(10, 480);
    host.transport.playing = true;
    host.run_served(100, 480);
    let status = host.status();
    assert!(!status.lookahead_too_short);
    assert!(status.shortest_lead_ms.is_some_and(|lead| lead > 40.0));
}
