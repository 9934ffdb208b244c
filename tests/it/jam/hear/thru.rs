//! What is passed on ends, whatever happens.

use super::{STEP, playing, silence};
use crate::jam::host::{Host, tell_step};
use anacrusis::jam::controls::Mode;
use anacrusis::jam::input::{Input, InputEvent};
use anacrusis::jam::player::NoteKind;
use anacrusis::music::Rate;

#[test]
fn input_passes_through_whether_the_host_plays_or_not() {
    for playing in [false, true] {
        let mut host = Host::manual(silence);
        host.controls.thru = true;
        host.transport.playing = playing;
        host.strike(7, 60);
        host.run_served(1, 480);
        host.let_go(9, 60);
        host.run_served(1, 480);
        let events: Vec<_> = host.queue.events.iter().map(|(at, e)| (*at, e.velocity)).collect();
        assert_eq!(events, [(7, 100), (489, 0)]);
    }
}

#[test]
fn notes_passed_on_end_whatever_happens() {
    type Change = fn(&mut Host);
    let changes: [(&str, Change); 8] = [
        ("stop", |host| host.transport.playing = false),
        ("jump", |host| host.transport.position_beats = Some(99.3)),
        ("rate", |host| host.controls.rate = Rate::EighthTriplet),
        ("no thru", |host| host.controls.thru = false),
        ("solo", |host| host.controls.mode = Mode::Solo),
        ("answer", |host| host.controls.mode = Mode::Answer),
        ("reset", |host| host.performer.reset()),
        ("panic", |host| host.performer.panic()),
    ];
    for (what, change) in changes {
        let mut host = playing(tell_step);
        host.controls.thru = true;
        host.strike(0, 70);
        host.run_served(2, STEP);
        change(&mut host);
        host.run_served(1, STEP);
        let ends = |host: &Host| {
            let ends = host.queue.events.iter();
            ends.filter(|(_, e)| e.key == 70 && e.kind == NoteKind::Off).count()
        };
        let lost = ["reset", "panic"].contains(&what);
        assert_eq!(ends(&host) > 0, lost, "{what}");
        let before = ends(&host);
        host.let_go(5, 70);
        host.run_served(1, STEP);
        assert_eq!(ends(&host) - before, usize::from(!lost), "{what}: once");
        assert_eq!(host.queue.sounding[70], None, "{what}");
        assert_eq!(host.status().held, 0, "{what}");
    }
}

#[test]
fn an_end_that_the_host_refuses_comes_with_the_next_block() {
    let mut host = playing(silence);
    host.controls.thru = true;
    host.strike(0, 70);
    host.run_served(1, 480);
    host.queue.room = 0;
    host.let_go(5, 70);
    host.strike(6, 70);
    host.run_served(1, 480);
    host.queue.room = usize::MAX;
    host.run_served(1, 480);
    assert_eq!(host.queue.sounding[70], None);
    assert_eq!(host.status().dropped_notes, 1, "never before the end that is owed");
    host.let_go(5, 70);
    host.run_served(1, 480);
    assert_eq!(host.queue.events.len(), 2);
}

#[test]
fn blocks_of_no_samples_lose_nothing() {
    let mut host = playing(silence);
    host.controls.thru = true;
    host.strike(0, 70);
    host.block(0);
    assert!(host.queue.events.is_empty());
    host.strike(3, 71);
    host.block(480);
    host.let_go(0, 70);
    host.block(0);
    host.let_go(9, 71);
    host.block(480);
    let keys: Vec<_> = host.queue.events.iter().map(|(at, e)| (*at, e.key)).collect();
    assert_eq!(keys, [(0, 70), (3, 71), (480, 70), (489, 71)]);
}

#[test]
fn more_events_than_fit_are_counted_and_no_end_is_lost() {
    let mut host = playing(silence);
    host.controls.thru = true;
    host.strike(0, 70);
    (0..Input::CAPACITY).for_each(|_| host.let_go(1, 1));
    host.let_go(2, 70);
    host.strike(2, 80);
    host.block(480);
    assert_eq!((host.sounding(), host.status().held), (0, 0));
    assert_eq!(host.status().lost_input, 3);
    host.strike(0, 70);
    host.input.push(InputEvent::all_off(10, None));
    host.block(480);
    assert_eq!((host.sounding(), host.queue.events.len()), (0, 4));
}

/// What the plugin does in bypass: our notes end, and the host gets the musician's from it.
#[test]
fn a_bypass_ends_what_is_ours_and_knows_what_went_by() {
    let mut host = playing(tell_step);
    host.controls.thru = true;
    host.strike(0, 70);
    host.run_served(2, STEP);
    assert_eq!(host.sounding(), 2);
    let bypass = |host: &mut Host| {
        host.queue.frames = 480;
        host.performer.bypass(&host.transport, &host.controls, 480, &mut host.queue);
    };
    bypass(&mut host);
    assert_eq!(host.sounding(), 1, "the musician's sounds on");
    let by = |host: &mut Host, event, taken| host.performer.passed_by(event, taken);
    // Ended and begun by what the host was sent by others, and an end that it refused.
    by(&mut host, InputEvent::off(1, 0, 70), true);
    by(&mut host, InputEvent::on(2, 0, 71, 80), true);
    by(&mut host, InputEvent::on(2, 0, 72, 80), true);
    by(&mut host, InputEvent::on(2, 0, 73, 80), false);
    by(&mut host, InputEvent::off(3, 0, 72), false);
    for key in [71, 72] {
        host.queue.sounding[key] = Some(0);
    }
    host.queue.sounding[70] = None;
    bypass(&mut host);
    assert_eq!(host.queue.sounding[72], None, "owed");
    assert_eq!(host.status().held, 1 << 71 | 1 << 73);
    // Out of bypass, what began in it still ends, and we play on from here.
    let onsets = host.onsets().len();
    host.let_go(0, 71);
    host.let_go(0, 73);
    host.run_served(3, STEP);
    assert_eq!((host.queue.sounding[71], host.status().held), (None, 0));
    assert!(host.onsets().len() > onsets);
    let offs = |key| host.queue.events.iter().filter(|(_, e)| e.key == key).count();
    assert_eq!((offs(71), offs(73)), (1, 0));
}
