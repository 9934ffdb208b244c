//! Taking turns.

use super::{STEP, playing, request, silence, told};
use crate::jam::host::{Host, key_of, tell_step};
use anacrusis::jam::controls::{Lookahead, Mode, Pairs, Swing};
use anacrusis::jam::link::Request;
use anacrusis::jam::player::NoteKind;

/// The question is steps 8 to 10, in the first bar of sixteen steps.
#[test]
fn answer_is_silent_while_the_musician_plays_and_answers_on_the_next_bar_line() {
    let mut host = Host::manual(tell_step);
    host.transport.playing = false;
    host.controls.mode = Mode::Answer;
    host.run_served(3, 480);
    host.transport.playing = true;
    host.queue.origin = 0;
    let may_play = |r: &Request| r.rules.allowed != 0;
    host.run_served(8, STEP);
    host.strike(0, 70);
    host.run_served(2, STEP);
    // Let go in the middle of step 10: frame 11 is the first without it.
    host.let_go(3000, 70);
    host.run_served(26, STEP);
    assert!(host.status().answering);
    host.run_served(18, STEP);
    let answered: Vec<i64> =
        host.requests.iter().filter(|r| may_play(r)).map(|r| r.place.index).collect();
    // They had rested for a third of a bar at the first bar line.
    assert_eq!(answered, (32..48).collect::<Vec<_>>(), "a bar for a bar");
    assert!(!host.status().answering);
    let of = |index| request(&host, index);
    assert_eq!((of(32).motif, of(33).motif, of(32).rules.most_sounding), (24, 0, 2));
    assert_eq!(told(request(&host, 9), 8), Some((vec![70], vec![70])));
}

#[test]
fn an_onset_before_the_first_commit_point_mutes_nothing() {
    let mut host = Host::manual(tell_step);
    host.transport.playing = false;
    host.transport.position_beats = Some(0.13);
    host.controls.mode = Mode::Answer;
    host.controls.answer_now = true;
    // What the question has of voices then does not matter.
    host.controls.bounds.most_notes = 1;
    host.controls.lookahead = Lookahead::Quarter;
    host.run_served(3, 480);
    let parked = host.requests.len();
    host.transport.playing = true;
    host.queue.origin = 0;
    host.strike(10, 70);
    host.let_go(500, 70);
    host.run_served(1, 4000);
    // Step 1 is committed after it, a quarter of a step ahead, as it was while playback stood.
    assert_eq!(host.requests[parked..].iter().find(|r| r.place.index == 0), None);
    assert_eq!(host.onsets(), [(2880, key_of(1))]);
}

#[test]
fn a_live_onset_in_answer_ends_what_sounds_and_mutes_what_is_committed() {
    let mut host = playing(tell_step);
    host.controls.lookahead = Lookahead::Four;
    host.controls.mode = Mode::Answer;
    host.controls.answer_now = true;
    host.run_served(8, STEP);
    host.controls.answer_now = false;
    assert_eq!(host.sounding(), 1);
    host.strike(2000, 90);
    host.run_served(1, STEP);
    let (at, end) = *host.queue.events.last().expect("it ends");
    assert_eq!((at, end.kind, end.key), (8 * 6000 + 2000, NoteKind::Off, key_of(8)));
    host.let_go(0, 90);
    host.run_served(8, STEP);
    // What is committed later is no matter of muting: the rules let nothing play.
    let muted: Vec<_> = host.onsets().into_iter().filter(|(at, _)| *at > 50_000).collect();
    assert_eq!(muted[0].0, 13 * 6000, "steps 9 to 12 are muted");
    let after = host.requests.iter().filter(|r| r.place.index > 12);
    assert!(after.clone().all(|r| r.rules.allowed == 0));
    let alone: Vec<i64> = (host.requests.iter().flat_map(|r| r.heard.frames()))
        .filter(|c| c.alone)
        .map(|c| c.index)
        .collect();
    for index in 9..13 {
        assert!(alone.contains(&index), "history is without muted chord {index}");
    }
    assert!(!alone.contains(&8), "what began is history");
}

/// A step that has begun and waits for its swing has not sounded: it is muted like those to come.
#[test]
fn a_live_onset_in_answer_mutes_a_step_that_waits_for_its_swing() {
    let mut host = playing(tell_step);
    host.controls.mode = Mode::Answer;
    host.controls.answer_now = true;
    host.controls.groove.swing = Swing { share: 0.75, pairs: Pairs::Sixteenths };
    host.run_served(9, STEP);
    host.controls.answer_now = false;
    // Step 9 begins here and would sound half a step later.
    host.strike(1500, 90);
    host.run_served(1, STEP);
    host.let_go(0, 90);
    host.run_served(4, STEP);
    let heard: Vec<u8> = host.onsets().into_iter().map(|(_, key)| key).collect();
    assert!(heard.contains(&key_of(8)) && !heard.contains(&key_of(9)), "{heard:?}");
    let frames = host.requests.iter().flat_map(|request| request.heard.frames());
    let alone: Vec<i64> = frames.filter(|told| told.alone).map(|told| told.index).collect();
    assert!(alone.contains(&9) && !alone.contains(&8), "{alone:?}");
}

#[test]
fn the_musician_is_answered_now_when_asked_for() {
    let mut host = playing(silence);
    host.controls.mode = Mode::Answer;
    host.run_served(3, STEP);
    host.controls.answer_now = true;
    host.run_served(1, STEP);
    host.controls.answer_now = false;
    host.run_served(4, STEP);
    let free = |index| request(&host, index).rules.allowed != 0;
    assert_eq!([3, 4, 5, 7].map(free), [false, true, true, true], "until they play again");
    host.strike(0, 60);
    host.run_served(2, STEP);
    assert_eq!(host.requests.last().expect("more").rules.allowed, 0);
}
