//! The table, one thing at a time; `random.rs` has all of it at once.

mod random;

use super::*;
use crate::jam::link::Decision;
use crate::model::Rules;
use crate::music::Step;

fn request(index: i64, decision: Decision) -> Request {
    let place = Place { index, pass: 0, step: Step(index) };
    Request { place, decision, anchor: index == 0, ..Request::default() }
}

fn chord(key: u8) -> Chord {
    Chord::struck_keys([key])
}

/// A table with so many steps, each of which is decided ahead and, later, once more.
fn committed(steps: i64) -> Commitments {
    let mut table = Commitments::default();
    (0..steps).for_each(|index| table.commit(request(index, Decision::Ahead)));
    table
}

fn coming(table: &Commitments) -> Vec<i64> {
    table.coming().map(|known| known.place().index).collect()
}

/// What goes out if there is room for so many: (index, whether it is the second decision).
fn send(table: &mut Commitments, room: usize) -> Vec<(i64, bool)> {
    let mut sent = Vec::new();
    table.send(|request| {
        let free = sent.len() < room;
        if free {
            sent.push((request.place.index, request.listened().is_some()));
        }
        free
    });
    sent
}

fn answer(table: &mut Commitments, request: &Request, key: u8) {
    table.answer(&request.answered(chord(key)));
}

/// (index, what was heard, whether alone) of what a request tells.
fn told(heard: &Heard) -> Vec<(i64, Chord, bool)> {
    heard.frames().iter().map(|told| (told.index, told.notes, told.alone)).collect()
}

#[test]
fn a_step_is_committed_asked_for_answered_and_begins() {
    let mut table = committed(2);
    assert_eq!(coming(&table), [0, 1]);
    assert_eq!(send(&mut table, 9), [(0, false), (1, false)]);
    assert!(send(&mut table, 9).is_empty(), "once");
    assert!(table.coming().all(|known| known.sounding_chord().is_none() && !known.is_answered()));
    answer(&mut table, &request(0, Decision::Ahead), 60);
    let first = table.get(request(0, Decision::Ahead).place).expect("committed");
    assert!(first.is_answered() && first.is_tentative());
    assert_eq!(first.sounding_chord(), Some(chord(60)));
    table.begin();
    assert_eq!(coming(&table), [1]);
    let begun = table.unsounded().expect("it has begun");
    assert_eq!((begun.place().index, begun.sounding_chord()), (0, Some(chord(60))));
    assert!(table.finish() && !table.finish());
    assert!(table.unsounded().is_none() && table.at(0).is_some());
}

#[test]
fn a_second_decision_takes_the_place_of_the_first() {
    let mut table = committed(1);
    let second = request(0, Decision::Second(chord(72)));
    answer(&mut table, &second, 61);
    assert_eq!(table.unsounded().and(table.at(0)).map(Commitment::is_answered), None);
    send(&mut table, 9);
    answer(&mut table, &request(0, Decision::Ahead), 60);
    table.begin();
    assert!(table.unsounded().is_some_and(Commitment::awaits_second));
    table.ask_second(second, 7);
    let begun = table.unsounded().expect("it has begun");
    assert!(begun.lacks_second() && !begun.awaits_second() && begun.is_tentative());
    assert_eq!(begun.second_asked_in(), Some(7));
    assert_eq!(begun.sounding_chord(), Some(chord(60)), "as long as there is no other");
    assert_eq!(send(&mut table, 9), [(0, true)]);
    answer(&mut table, &second, 61);
    let begun = table.unsounded().expect("it has begun");
    assert!(begun.is_answered() && !begun.is_tentative());
    assert_eq!(begun.sounding_chord(), Some(chord(61)));
}

#[test]
fn what_is_void_is_gone_and_what_has_begun_cannot_be_void() {
    let mut table = committed(6);
    table.begin();
    assert!(!table.void_from(6), "beyond the newest");
    assert!(table.void_from(3));
    assert_eq!(coming(&table), [1, 2]);
    answer(&mut table, &request(3, Decision::Ahead), 60);
    table.commit(request(3, Decision::Only));
    let again = table.at(3).expect("committed");
    assert!(!again.is_answered() && !again.is_tentative(), "anew");
    assert!(table.void_from(i64::MIN) && !table.void_from(i64::MIN));
    assert!(coming(&table).is_empty());
    assert!(table.unsounded().is_some());
}

#[test]
fn a_full_ring_keeps_the_order() {
    let mut table = committed(3);
    table.ask_second(request(0, Decision::Second(chord(72))), 1);
    let all = [(0, false), (0, true), (1, false), (2, false)];
    for asked in all {
        // Room that comes while it is sent must not let the next overtake.
        let mut tried = 0;
        let room = |_| {
            tried += 1;
            tried > 1
        };
        assert!(!table.send(room));
        assert_eq!(tried, 1);
        assert_eq!(send(&mut table, 1), [asked]);
    }
    assert!(table.send(|_| false), "nothing is left");
}

#[test]
fn no_more_is_committed_than_there_is_room_for() {
    let mut table = Commitments::default();
    let mut index = 0;
    while table.has_room() {
        table.commit(request(index, Decision::Only));
        index += 1;
    }
    assert!(index > Lookahead::MAX_STEPS as i64, "the look-ahead, and the step that is due");
    table.begin();
    assert!(table.has_room() && table.unsounded().is_some());
    table.commit(request(index, Decision::Only));
    assert_eq!(coming(&table), (1..=index).collect::<Vec<_>>());
    assert_eq!(table.unsounded().map(|known| known.place().index), Some(0));
}

#[test]
fn a_step_is_remembered_as_long_as_it_can_be_corrected() {
    let mut table = Commitments::default();
    for index in 0..40 {
        table.commit(request(index, Decision::Only));
        table.begin();
    }
    let known = |index| table.at(index).map(|known| known.place().index);
    for index in 40 - MAX_CORRECTIONS as i64..40 {
        assert_eq!(known(index), Some(index));
    }
    assert_eq!([known(0), known(-1), known(40), known(40 - CAPACITY as i64 - 1)], [None; 4]);
}

#[test]
fn what_comes_too_late_or_for_another_pass_is_no_answer() {
    let mut table = committed(2);
    let elsewhere = Place { pass: 1, ..request(1, Decision::Ahead).place };
    answer(&mut table, &Request { place: elsewhere, ..Request::default() }, 60);
    assert!(table.get(elsewhere).is_none());
    assert!(table.to_sound().all(|known| !known.is_answered()));
    table.begin();
    answer(&mut table, &request(0, Decision::Ahead), 61);
    assert_eq!(table.unsounded().and_then(Commitment::sounding_chord), Some(chord(61)), "in time");
    table.begin();
    table.finish();
    answer(&mut table, &request(1, Decision::Ahead), 62);
    assert!(table.at(1).is_some_and(|known| !known.is_answered()), "too late");
}

#[test]
fn in_a_new_epoch_what_has_no_answer_is_asked_for_again() {
    let mut table = committed(3);
    table.ask_second(request(0, Decision::Second(chord(72))), 1);
    send(&mut table, 9);
    table.begin();
    answer(&mut table, &request(0, Decision::Ahead), 60);
    answer(&mut table, &request(2, Decision::Ahead), 62);
    table.ask_again();
    assert_eq!(send(&mut table, 9), [(0, true), (1, false)]);
    table.finish();
    table.ask_again();
    assert_eq!(send(&mut table, 9), [(1, false)], "what has sounded is not");
}

#[test]
fn only_a_first_chord_outlasts_a_stop() {
    let mut table = committed(3);
    assert!(table.rewind(), "what follows it does not");
    assert_eq!(coming(&table), [0]);
    assert!(!table.rewind());
    table.begin();
    table.commit(request(1, Decision::Ahead));
    assert!(table.rewind());
    assert!(coming(&table).is_empty() && table.unsounded().is_none());
    table.commit(request(0, Decision::Ahead));
    assert_eq!(coming(&table), [0], "indices count from 0 again");
}

#[test]
fn a_first_chord_is_confirmed_if_the_same_is_asked_for() {
    let mut table = Commitments::default();
    let first = request(0, Decision::Only);
    assert!(!table.confirm(&first), "there is none");
    table.commit(first);
    table.mute();
    assert!(!table.confirm(&Request { seed: 1, ..first }));
    assert!(table.at(0).is_some_and(Commitment::is_muted));
    assert!(table.confirm(&Request { lookahead: Lookahead::Eight, ..first }));
    assert!(table.at(0).is_some_and(|known| !known.is_muted()), "decided after the onset");
}

#[test]
fn what_is_muted_does_not_sound_and_is_no_history() {
    let mut table = committed(2);
    table.begin();
    answer(&mut table, &request(0, Decision::Ahead), 60);
    table.finish();
    table.begin();
    table.commit(request(2, Decision::Only));
    table.mute();
    answer(&mut table, &request(1, Decision::Ahead), 61);
    assert_eq!(table.unsounded().and_then(Commitment::sounding_chord), Some(Chord::SILENT));
    let heard = table.tell(RequestId { index: 3, second: false }, |_| Some(Chord::SILENT));
    assert_eq!(told(&heard), [(1, Chord::SILENT, true), (2, Chord::SILENT, true)]);
}

#[test]
fn what_was_heard_is_told_until_a_request_that_tells_it_is_answered() {
    let mut table = Commitments::default();
    let rules = Rules { forced: 1 << 72, ..Rules::default() };
    table.commit(Request { rules, ..request(0, Decision::Only) });
    let heard = |index| (index == 0).then_some(chord(74));
    let as_assumed = |_| Some(Chord::from_masks(1 << 72, 0));
    let one = RequestId { index: 1, second: false };
    assert_eq!(told(&table.tell(one, as_assumed)), [], "what is held was taken to be held on");
    assert_eq!(told(&table.tell(one, |_| None)), [], "nor can it be known yet");
    for _ in 0..2 {
        assert_eq!(told(&table.tell(one, heard)), [(0, chord(74), false)]);
        table.commit(request(1, Decision::Only));
        table.void_from(1);
    }
    table.tell(one, heard);
    table.commit(request(1, Decision::Only));
    answer(&mut table, &request(1, Decision::Only), 60);
    assert_eq!(told(&table.tell(RequestId { index: 2, second: false }, heard)), []);
}

#[test]
fn a_second_decision_tells_of_its_own_step_too() {
    let mut table = committed(1);
    let second = request(0, Decision::Second(chord(72)));
    table.ask_second(second, 1);
    let one = RequestId { index: 1, second: false };
    let heard = |_| Some(chord(72));
    assert_eq!(told(&table.tell(one, heard)), [(0, chord(72), false)], "not answered");
    table.ask_second(second, 1);
    answer(&mut table, &second, 60);
    assert_eq!(told(&table.tell(one, heard)), []);
}
