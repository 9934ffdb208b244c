//! What the musician plays: heard, answered, passed on, and given way to.

use anacrusis::jam::controls::{Bounds, Lookahead, Mode};
use anacrusis::jam::link::{Heard, Place, Request};
use anacrusis::jam::player::NoteKind;
use anacrusis::music::{Chord, Keys};

use super::host::{Host, tell_step};

mod answer;
mod pedal;
mod random;
mod thru;

/// Samples in a sixteenth at 120 BPM and 48 kHz.
const STEP: u32 = 6000;

/// A host that has played steps before 0 and stands where step 0 is due.
fn playing(answer: fn(Place) -> Chord) -> Host {
    Host::parked(answer)
}

fn mask(keys: &[u8]) -> u128 {
    Chord::struck_keys(keys.iter().copied()).playing()
}

/// What a request tells of a frame.
fn told(request: &Request, index: i64) -> Option<(Vec<u8>, Vec<u8>)> {
    let correction = request.heard.frames().iter().find(|c| c.index == index)?;
    let list = |mask| Keys(mask).collect();
    Some((list(correction.notes.playing()), list(correction.notes.struck())))
}

fn request(host: &Host, index: i64) -> &Request {
    host.requests.iter().rev().find(|r| r.place.index == index).expect("it was asked for")
}

/// One key, struck in step 0 and held ever after.
fn pedal(place: Place) -> Chord {
    Chord::from_masks(mask(&[50]), if place.step.0 == 0 { mask(&[50]) } else { 0 })
}

fn silence(_: Place) -> Chord {
    Chord::SILENT
}

/// One key, struck in every step.
fn repeats(_: Place) -> Chord {
    Chord::struck_keys([50])
}

#[test]
fn onsets_and_ends_go_to_the_nearest_step() {
    // (on, off) in samples, first frame, frame that it ends before.
    let cases = [
        (12_000, 18_000, 2, 3),
        (14_999, 20_999, 2, 3),
        (15_000, 21_000, 3, 4),
        (12_000, 14_000, 2, 3),
        (13_000, 13_000, 2, 3),
        (15_500, 16_000, 3, 4),
        (9_001, 32_990, 2, 5),
        (8_999, 33_010, 1, 6),
    ];
    for lookahead in Lookahead::ALL {
        for frames in [480, 100, 6000] {
            for (on, off, first, end) in cases {
                let mut host = playing(silence);
                host.controls.lookahead = lookahead;
                for block in 0..(20 * STEP / frames) {
                    let begun = block * frames;
                    for (at, struck) in [(on, true), (off, false)] {
                        if (begun..begun + frames).contains(&at) {
                            match struck {
                                true => host.strike(at - begun, 70),
                                false => host.let_go(at - begun, 70),
                            }
                        }
                    }
                    host.block(frames);
                    host.serve();
                }
                let mut known = [Chord::SILENT; 40];
                for request in &host.requests {
                    let index = request.place.index as usize;
                    known[index] = Chord::from_masks(request.rules.forced, 0);
                    for correction in request.heard.frames() {
                        assert!(!correction.alone);
                        known[correction.index as usize] = correction.notes;
                    }
                }
                for (index, frame) in known.iter().take(20).enumerate() {
                    let plays = (first..end).contains(&index);
                    let what = format!("{on} to {off}, {lookahead:?}, {frames}: frame {index}");
                    assert_eq!(frame.plays(70), plays, "{what}");
                    assert_eq!(frame.strikes(70), index == first, "{what}");
                }
            }
        }
    }
}

#[test]
fn what_was_heard_is_in_the_next_request_and_told_once() {
    let mut host = playing(silence);
    host.run_served(5, STEP / 2);
    host.strike(100, 70);
    host.run_served(4, STEP / 2);
    // Struck in the middle of step 2, so in frame 3, which was committed long before.
    assert_eq!(request(&host, 3).rules.forced, 0);
    let four = request(&host, 4);
    assert_eq!(told(four, 3), Some((vec![70], vec![70])));
    assert_eq!(four.rules.forced, mask(&[70]), "held at the commit point");
    assert_eq!(four.heard.frames().len(), 1);
    host.run_served(2, STEP / 2);
    assert_eq!(request(&host, 5).heard.frames(), [], "frame 4 is as was assumed");
    assert_eq!(request(&host, 5).rules.forced, mask(&[70]));
}

#[test]
fn what_was_not_answered_is_told_again() {
    let mut host = playing(silence);
    host.run_served(5, STEP / 2);
    host.strike(100, 70);
    // Requests 4 and 5 come and are lost with their epoch.
    for _ in 0..5 {
        host.block(STEP / 2);
    }
    let lost = host.take_requests();
    assert!(lost.iter().any(|request| told(request, 3).is_some()));
    let beat = host.position() + 8.0;
    host.transport.position_beats = Some(beat);
    host.run_served(3, STEP / 2);
    let again: Vec<_> = host.requests.iter().filter(|r| told(r, 3).is_some()).collect();
    assert!(!again.is_empty() && again.iter().all(|r| r.place.pass == 1));
}

#[test]
fn what_was_heard_is_told_however_much_was_committed_in_vain_since() {
    let mut host = playing(silence);
    host.controls.lookahead = Lookahead::Eight;
    host.run_served(4, STEP);
    host.strike(100, 70);
    host.let_go(200, 70);
    // Nothing is answered any more, and what tells of step 4 is lost with its epoch.
    host.run(9 * STEP, STEP);
    host.take_requests();
    let beat = host.position() + 8.0;
    host.transport.position_beats = Some(beat);
    host.run_served(1, STEP);
    let next = host.requests.iter().find(|r| told(r, 4).is_some());
    assert_eq!(next.map(|r| r.place.index), Some(13));
}

#[test]
fn a_full_ring_keeps_what_was_heard() {
    let mut host = playing(silence);
    host.controls.lookahead = Lookahead::Eight;
    host.run_served(4, STEP);
    let mut seen = Vec::new();
    for _ in 0..5 {
        // Jumps fill the ring with requests that nobody takes.
        for _ in 0..24 {
            host.strike(10, 70);
            host.let_go(20, 70);
            let beat = host.position() + 8.0;
            host.transport.position_beats = Some(beat);
            host.block(STEP);
        }
        assert!(host.status().refused_requests > 0);
        host.take_requests();
        host.block(1);
        seen.extend(host.take_requests());
    }
    assert!(seen.iter().any(|request| !request.heard.frames().is_empty()));
}

#[test]
fn held_keys_are_forced_with_the_transposition_undone() {
    let mut host = playing(silence);
    host.controls.transpose = 5;
    host.strike(0, 70);
    host.strike(0, 2);
    host.run_served(2, STEP);
    // Below the keyboard after transposition: an octave up.
    assert_eq!(request(&host, 2).rules.forced, mask(&[65, 9]));
    assert_eq!(told(request(&host, 2), 1), None, "as was forced");
    assert_eq!(told(request(&host, 1), 0).expect("struck").1, [9, 65]);
}

#[test]
fn room_is_left_around_the_musicians_hands() {
    let allowed = |keys: &[u8], change: fn(&mut Host)| {
        let mut host = playing(silence);
        change(&mut host);
        keys.iter().for_each(|key| host.strike(0, *key));
        host.run_served(2, STEP);
        request(&host, 2).rules
    };
    let barred = |keys: &[u8]| {
        let rules = allowed(keys, |_| {});
        assert_eq!(rules.allowed, u128::MAX, "what sounds may sound on");
        !rules.begin
    };
    let all = |keys: std::ops::RangeInclusive<u8>| mask(&keys.collect::<Vec<_>>());
    assert_eq!(barred(&[72, 79]), all(70..=81));
    assert_eq!(barred(&[40, 50]), all(38..=42) | all(48..=52), "room between two hands");
    assert_eq!(barred(&[60]), all(58..=62));
    assert_eq!(barred(&[]), 0);
    assert_eq!(allowed(&[72], |host| host.controls.room = false).begin, u128::MAX);
    let solo = allowed(&[72], |host| host.controls.mode = Mode::Solo);
    assert_eq!((solo.begin, solo.forced), (u128::MAX, 0));
    let doubled = allowed(&[72], |host| host.controls.double = true);
    assert_eq!((doubled.forced, doubled.doubled), (1 << 72, 1 << 72));
    assert_eq!(!doubled.begin, all(70..=74) & !(1 << 72));
    let transposed = allowed(&[72], |host| host.controls.transpose = 12);
    assert_eq!(!transposed.begin & ((1 << 116) - 1), all(58..=62));
    let bounded = allowed(&[72], |host| {
        host.controls.double = true;
        host.controls.bounds = Bounds { highest: 71, ..Bounds::default() };
    });
    assert_eq!((bounded.doubled, bounded.allowed), (0, (1 << 72) - 1), "bounds are bounds");
}

#[test]
fn a_live_onset_ends_the_generated_note_and_owns_the_key() {
    for thru in [false, true] {
        let mut host = playing(repeats);
        host.controls.thru = thru;
        host.controls.channel = 3;
        host.run_served(2, STEP);
        host.strike(1500, 50);
        host.run_served(2, STEP);
        host.let_go(1500, 50);
        host.run_served(2, STEP);
        let events = |channel| -> Vec<(u64, NoteKind)> {
            let mine = host.queue.events.iter().filter(|(_, e)| e.channel == channel);
            mine.map(|(at, e)| (*at, e.kind)).collect()
        };
        use NoteKind::{Off, On};
        let ours = [(6000, On), (12_000, Off), (12_000, On), (13_500, Off), (30_000, On)];
        assert_eq!(events(3)[2..7], ours, "silent until it is free and struck anew");
        let theirs = [(13_500, On), (25_500, Off)];
        assert_eq!(events(0), theirs[..2 * usize::from(thru)]);
    }
}

#[test]
fn a_note_held_by_the_network_does_not_come_back_after_the_musicians() {
    let mut host = playing(pedal);
    host.run_served(2, STEP);
    host.strike(1500, 50);
    host.let_go(2500, 50);
    host.run_served(4, STEP);
    assert_eq!(host.onsets(), [(0, 50)]);
    assert_eq!(host.sounding(), 0);
}

#[test]
fn solo_hears_nothing_and_gives_way_to_nobody() {
    let mut host = playing(repeats);
    host.controls.mode = Mode::Solo;
    host.strike(10, 50);
    host.run_served(8, STEP);
    assert_eq!(host.onsets().len(), 8);
    assert!(host.requests.iter().all(|r| r.rules.forced == 0 && r.heard == Heard::default()));
    // On the way through, a key can still sound only once.
    host.controls.thru = true;
    host.let_go(10, 50);
    host.strike(3000, 50);
    host.run_served(2, STEP);
    host.let_go(0, 50);
    host.run_served(2, STEP);
    let late: Vec<_> = host.onsets().into_iter().filter(|(at, _)| *at >= 48_000).collect();
    assert_eq!(late, [(48_000, 50), (51_000, 50), (60_000, 50), (66_000, 50)]);
}

#[test]
fn what_is_held_when_playback_begins_is_heard_and_what_was_played_before_is_not() {
    let mut host = playing(silence);
    host.transport.playing = false;
    host.strike(0, 70);
    host.strike(0, 75);
    host.let_go(400, 75);
    host.run_served(5, 480);
    host.transport.playing = true;
    host.run_served(6, STEP / 2);
    let first = host.requests.iter().rposition(|r| r.anchor).expect("it begins");
    let requests = &host.requests[first..];
    assert_eq!(requests[0].rules.forced, mask(&[70]));
    assert!(requests.iter().all(|r| r.heard == Heard::default()), "as was forced");
    host.let_go(0, 70);
    host.run_served(2, STEP / 2);
    let last = host.requests.last().expect("more");
    assert_eq!((last.rules.forced, told(last, 3)), (0, Some((vec![], vec![]))));
}

#[test]
fn an_instance_that_nobody_plays_into_is_solo() {
    let play = |mode| {
        let mut host = Host::manual(tell_step);
        host.controls.mode = mode;
        host.transport.loop_beats = Some((0.0, 3.3));
        host.run_served(300, 700);
        (host.queue.events.clone(), host.requests.clone())
    };
    assert_eq!(play(Mode::Accompany), play(Mode::Solo));
}

/// Before the jump the frame of the step that would have come next is open already.
#[test]
fn what_is_struck_with_a_jump_is_heard_in_the_step_under_the_cursor() {
    let mut host = playing(silence);
    host.run_served(5, STEP / 2);
    // Nearer to the step that would have come next.
    host.strike(600, 60);
    host.run_served(1, 1200);
    host.transport.position_beats = Some(64.0);
    host.strike(0, 70);
    host.run_served(3, STEP / 2);
    let heard = host.requests.iter().rev().find_map(|r| told(r, 2)).expect("it is told");
    assert_eq!(heard, (vec![70], vec![70]), "in the frame of the step that had begun");
}
