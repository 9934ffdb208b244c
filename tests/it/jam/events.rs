//! Stop, jump, reset, panic, and a queue without room.

use super::host::{Host, key_of, tell_step};
use anacrusis::jam::link::Place;
use anacrusis::jam::player::NoteKind;
use anacrusis::jam::transport::Reason;
use anacrusis::music::Chord;

#[test]
fn the_parked_chord_is_there_for_bar_one_beat_one() {
    let mut host = Host::manual(tell_step);
    host.transport.playing = false;
    host.run_served(10, 480);
    assert_eq!(host.requests.len(), 1, "asked once: {:?}", host.requests);
    assert!(host.requests[0].anchor);
    host.transport.playing = true;
    host.run_served(20, 480);
    assert_eq!(host.onsets()[..2], [(4800, key_of(0)), (4800 + 6000, key_of(1))]);
    assert_eq!(host.status().missed_deadlines, 0);
    let indices: Vec<i64> = host.requests.iter().map(|r| r.place.index).collect();
    assert_eq!(indices, (0..indices.len() as i64).collect::<Vec<_>>(), "in order, each once");
}

#[test]
fn the_parked_chord_is_asked_again_when_what_it_depends_on_changes() {
    let mut host = Host::manual(tell_step);
    host.transport.playing = false;
    let changes: [fn(&mut Host); 5] = [
        |_| {},
        |host| host.controls.seed += 1,
        |host| host.controls.shaping.temperature = 1.3,
        |host| host.transport.position_beats = Some(7.9),
        |host| host.transport.bar_start_beats = Some(1.0),
    ];
    for (n, change) in changes.iter().enumerate() {
        change(&mut host);
        host.run_served(5, 480);
        assert_eq!(host.requests.len(), n + 1);
    }
    assert_eq!(host.requests[3].place.step.0, 32, "the first step behind the cursor");
    assert_eq!(host.requests[4].position.in_bar, 12);
    host.controls.channel = 5;
    host.run_served(5, 480);
    assert_eq!(host.requests.len(), changes.len(), "the channel is no part of the chord");
}

#[test]
fn stop_ends_everything_at_the_first_sample_and_starts_anew_from_the_prompt() {
    let mut host = Host::parked(tell_step);
    host.run_served(40, 480);
    assert_eq!(host.sounding(), 1);
    let stopped_at = host.queue.origin;
    host.transport.playing = false;
    host.run_served(10, 480);
    assert_eq!(host.sounding(), 0);
    assert_eq!(
        host.queue.events.last().map(|(at, e)| (*at, e.kind)),
        Some((stopped_at, NoteKind::Off))
    );
    assert_eq!(host.status().reason, Reason::Stopped);
    host.requests.clear();
    host.transport.playing = true;
    host.run_served(30, 480);
    assert_eq!((host.requests[0].place.index, host.requests[0].place.pass), (1, 0));
    assert!(host.sounding() > 0);
}

#[test]
fn a_stop_of_a_block_or_two_keeps_the_epoch_and_what_is_committed() {
    for (stopped_blocks, kept) in [(1, true), (2, true), (3, false)] {
        let mut host = Host::parked(tell_step);
        host.run_served(41, 480);
        let epoch = host.status().epoch;
        host.transport.playing = false;
        (0..stopped_blocks).for_each(|_| host.process(480));
        host.transport.playing = true;
        let before = host.onsets().len();
        host.run_served(20, 480);
        assert_eq!(host.status().epoch == epoch, kept, "{stopped_blocks} blocks");
        if kept {
            let steps: Vec<u8> = host.onsets()[before - 1..][..2].iter().map(|(_, k)| *k).collect();
            assert_eq!(steps, [key_of(3), key_of(4)]);
        }
    }
}

#[test]
fn a_jump_rests_under_the_cursor_and_plays_from_the_next_boundary() {
    for (to_beats, next_step) in [(8.1, 33), (8.0, 33), (-3.9, -15), (1000.01, 4001)] {
        let mut host = Host::parked(tell_step);
        host.run_served(40, 480);
        let (epoch, before) = (host.status().epoch, host.onsets().len());
        let last = host.requests.last().map(|r| r.place.index);
        host.requests.clear();
        host.transport.position_beats = Some(to_beats);
        let jumped_at = host.queue.origin;
        host.run_served(40, 480);
        assert_eq!(host.status().epoch, epoch + 1);
        let off = host.queue.events.iter().find(|(at, _)| *at >= jumped_at).copied();
        assert_eq!(off.map(|(at, e)| (at, e.kind)), Some((jumped_at, NoteKind::Off)));
        let (at, key) = host.onsets()[before];
        assert_eq!(key, key_of(next_step), "after a jump to {to_beats}");
        let beats = next_step as f64 / 4.0 - to_beats;
        assert_eq!(at, jumped_at + (beats * 24_000.0).round() as u64);
        let first = host.requests[0];
        assert!(!first.anchor, "history carries on");
        assert_eq!(first.place.pass, 1);
        // One chord was committed ahead of the jump; its index is planned again.
        assert_eq!(Some(first.place.index), last);
    }
}

#[test]
fn what_bears_an_old_epoch_never_sounds() {
    let mut host = Host::parked(tell_step);
    host.run_served(40, 480);
    // Keep the next answer back over a jump.
    let held_back = loop {
        host.block(480);
        if let Some(request) = host.take_requests().first() {
            break *request;
        }
    };
    host.transport.position_beats = Some(100.1);
    host.block(480);
    host.answer(&held_back);
    host.serve();
    host.run_served(40, 480);
    let stale = key_of(held_back.place.step.0);
    assert!(host.onsets().iter().all(|(_, key)| *key != stale));
    assert!(host.onsets().iter().any(|(_, key)| *key == key_of(401)));
}

#[test]
fn reset_owes_the_ends_and_keeps_a_parked_chord() {
    let mut host = Host::parked(tell_step);
    host.run_served(40, 480);
    let epoch = host.status().epoch;
    host.performer.reset();
    assert_eq!(host.sounding(), 1, "nothing can be sent outside of a block");
    host.transport.playing = false;
    let reset_at = host.queue.origin;
    host.run_served(5, 480);
    assert_eq!(host.sounding(), 0);
    assert_eq!(host.queue.events.last().map(|(at, _)| *at), Some(reset_at));
    assert!(host.status().epoch > epoch);
    // Some hosts reset right before they play.
    host.performer.reset();
    host.transport.playing = true;
    let began_at = host.queue.origin;
    let beats = host.position();
    host.run_served(1, 12_000);
    let first = ((beats * 4.0).ceil() / 4.0 - beats) * 24_000.0;
    assert_eq!(host.onsets().last().map(|(at, _)| *at), Some(began_at + first.round() as u64));
}

fn pedal(place: Place) -> Chord {
    let mut chord = Chord::SILENT;
    chord.hold(40);
    if place.step.0 % 8 == 0 {
        chord.strike(41);
    } else {
        chord.hold(41);
    }
    chord
}

#[test]
fn panic_ends_every_key_until_it_is_struck_again() {
    let mut host = Host::waiting(pedal);
    host.run(24_000, 480);
    assert_eq!(host.sounding(), 2, "a key held from silence begins");
    host.queue.events.clear();
    host.performer.panic();
    host.run(12_000, 480);
    assert_eq!(host.queue.events.len(), 128);
    assert!(host.queue.events.iter().all(|(at, e)| *at == 24_000 && e.kind == NoteKind::Off));
    host.run(24_000, 480);
    assert_eq!(host.queue.sounding[40], None, "held only");
    assert_eq!(host.queue.sounding[41], Some(0), "struck at step 8");
}

#[test]
fn the_end_comes_before_the_beginning_in_one_sample() {
    let mut host = Host::waiting(|_| Chord::struck_keys([60]));
    host.run(48_000, 480);
    let kinds: Vec<_> = host.queue.events.iter().map(|(_, e)| e.kind).collect();
    let alternate = [NoteKind::On, NoteKind::Off].into_iter().cycle();
    assert!(kinds.len() > 10 && kinds.iter().copied().eq(alternate.take(kinds.len())));
}

#[test]
fn a_refused_end_goes_first_in_the_next_block_and_a_refused_beginning_never_comes() {
    let mut host = Host::waiting(|place| match place.step.0 {
        0 => Chord::struck_keys([60, 61, 62]),
        1..4 => Chord::from_masks(7 << 70, if place.step.0 == 1 { 7 << 70 } else { 0 }),
        _ => Chord::struck_keys([80]),
    });
    host.run(6_000, 480);
    assert_eq!(host.sounding(), 3);
    host.queue.room = 1;
    host.block(480);
    assert_eq!(host.sounding(), 2, "two ends were refused");
    host.queue.room = usize::MAX;
    let next = host.queue.origin;
    host.block(480);
    assert_eq!(host.sounding(), 0);
    assert!(
        host.queue
            .events
            .iter()
            .rev()
            .take(2)
            .all(|(at, e)| *at == next && e.kind == NoteKind::Off)
    );
    host.run(12_000, 480);
    assert_eq!(host.sounding(), 0, "keys 70 to 72 were refused and are only held since");
    assert_eq!(host.status().dropped_notes, 3);
    host.run(12_000, 480);
    assert_eq!(host.queue.sounding[80], Some(0));
}
