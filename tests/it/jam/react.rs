//! Listening to the last moment: a chord is decided twice, and sounds a little after its step.

use anacrusis::jam::controls::{Lookahead, Mode};
use anacrusis::jam::link::{Decision, Place, Request};
use anacrusis::jam::player::NoteKind;
use anacrusis::music::Chord;
use proptest::prelude::*;

use super::host::{Host, Worker};

/// A sixteenth at 120 BPM and 48 kHz.
const STEP: u32 = 6000;

/// The default reaction, and when before it the second decision is asked for.
const SOUND: u64 = 576;
const LISTEN: u64 = 288;

/// Blocks of a millisecond.
const BLOCK: u32 = 48;

/// Ahead key 50 is struck, and the second time 60 and what was heard a fifth higher.
fn answer(request: &Request) -> Chord {
    match request.decision {
        Decision::Second(heard) => {
            Chord::struck_keys([60].into_iter().chain(heard.keys().map(|key| key + 7)))
        }
        Decision::Ahead | Decision::Only => Chord::struck_keys([50]),
    }
}

/// A host that reacts after 12 ms, stopped until the first chord was there.
fn listening() -> Host {
    let mut host = Host::manual(|_| Chord::SILENT);
    host.controls.reaction_ms = 12.0;
    host.transport.playing = false;
    for _ in 0..2 {
        host.block(480);
        serve(&mut host, |_| true);
    }
    host.transport.playing = true;
    host.queue.origin = 0;
    host.requests.clear();
    host
}

/// Answers what waits, as far as `which` says so.
fn serve(host: &mut Host, which: fn(&Request) -> bool) {
    for request in host.take_requests() {
        if which(&request) {
            let Worker::Test(end) = &mut host.worker else { unreachable!() };
            assert!(end.send(request.answered(answer(&request))));
        }
        host.requests.push(request);
    }
}

fn run(host: &mut Host, samples: u32, frames: u32, which: fn(&Request) -> bool) {
    for _ in 0..samples / frames {
        host.block(frames);
        serve(host, which);
    }
}

fn ahead(request: &Request) -> bool {
    request.decision == Decision::Ahead
}

/// (sample, key) of what began.
fn onsets(host: &Host) -> Vec<(u64, u8)> {
    let on = |(_, event): &&(u64, anacrusis::jam::player::NoteEvent)| event.kind == NoteKind::On;
    host.queue.events.iter().filter(on).map(|(at, event)| (*at, event.key)).collect()
}

#[test]
fn what_is_struck_in_the_step_is_heard_before_its_chord_sounds() {
    let mut host = listening();
    run(&mut host, STEP - BLOCK, BLOCK, |_| true);
    // In the step and before it is listened to, at that very sample, and just after.
    for (after, key) in [(30, 72), (LISTEN as u32, 74), (LISTEN as u32 + 1, 76)] {
        let block = STEP + after / BLOCK * BLOCK;
        while host.queue.origin < u64::from(block) {
            run(&mut host, BLOCK, BLOCK, |_| true);
        }
        host.strike(STEP + after - block, key);
    }
    run(&mut host, STEP / 2, BLOCK, |_| true);
    let of_one = |request: &&Request| request.place.index == 1;
    let decisions: Vec<_> = host.requests.iter().filter(of_one).map(|r| r.decision).collect();
    let heard = Chord::struck_keys([72, 74]);
    assert_eq!(decisions, [Decision::Ahead, Decision::Second(heard)]);
    let step = u64::from(STEP);
    let expected = [(SOUND, 60), (step + SOUND, 60), (step + SOUND, 79), (step + SOUND, 81)];
    assert_eq!(onsets(&host), expected);
    // What came too late for it is told with the next chord.
    run(&mut host, STEP, BLOCK, |_| true);
    let next = host.requests.iter().find(|r| r.place.index == 2).expect("asked for");
    let told: Vec<_> = next.heard.frames().iter().map(|c| (c.index, c.notes)).collect();
    assert_eq!(told, [(1, Chord::struck_keys([72, 74, 76]))]);
}

#[test]
fn a_key_let_go_in_the_step_is_not_held_and_one_struck_and_let_go_was_struck() {
    let mut host = listening();
    host.strike(0, 72);
    run(&mut host, STEP, BLOCK, |_| true);
    host.let_go(0, 72);
    host.strike(1, 74);
    host.let_go(40, 74);
    run(&mut host, STEP / 2, BLOCK, |_| true);
    let second = host.requests.iter().rfind(|r| r.listened().is_some()).expect("asked");
    assert_eq!(second.place.index, 1);
    assert_eq!(second.listened(), Some(Chord::struck_keys([74])));
    assert_eq!(second.rules.forced, 1 << 74, "theirs, though let go");
}

#[test]
fn without_an_answer_in_time_the_chord_made_ahead_sounds_and_a_late_one_never() {
    let mut host = listening();
    run(&mut host, STEP / 2, BLOCK, ahead);
    assert_eq!(onsets(&host), [(SOUND, 50)]);
    let status = host.status();
    assert_eq!((status.late_decisions, status.missed_deadlines), (1, 0));
    let late = *host.requests.iter().find(|r| r.listened().is_some()).expect("asked");
    let Worker::Test(end) = &mut host.worker else { unreachable!() };
    assert!(end.send(late.answered(answer(&late))));
    run(&mut host, STEP / 4, BLOCK, ahead);
    assert_eq!(onsets(&host).len(), 1);
}

#[test]
fn what_is_asked_for_in_a_block_is_waited_for_until_the_next() {
    for second in [true, false] {
        let mut host = listening();
        let which: fn(&Request) -> bool = if second { |_| true } else { ahead };
        run(&mut host, 3 * 1024, 1024, which);
        let key = if second { 60 } else { 50 };
        assert_eq!(onsets(&host), [(1024, key)], "at the first sample of the next block");
        let status = host.status();
        assert_eq!((status.late_chords, status.late_decisions), (0, u64::from(!second)));
    }
}

#[test]
fn ends_and_beginnings_happen_together_and_nothing_ends_with_the_step() {
    let mut host = listening();
    run(&mut host, 3 * STEP, BLOCK, |_| true);
    let ends: Vec<u64> = (host.queue.events.iter())
        .filter(|(_, event)| event.kind == NoteKind::Off)
        .map(|(at, _)| *at)
        .collect();
    let step = u64::from(STEP);
    assert_eq!(ends, [step + SOUND, 2 * step + SOUND]);
    assert_eq!(
        onsets(&host).iter().map(|(at, _)| *at).collect::<Vec<_>>(),
        [SOUND, step + SOUND, 2 * step + SOUND]
    );
}

#[test]
fn a_gate_counts_from_the_sound_and_what_it_ended_is_struck_or_silent() {
    let mut host = listening();
    host.controls.gate = 0.8;
    run(&mut host, 2 * STEP, BLOCK, |_| true);
    let first_end = host.queue.events.iter().find(|(_, e)| e.kind == NoteKind::Off).expect("one");
    assert_eq!(first_end.0, SOUND + u64::from(STEP) * 4 / 5);
    let second = host.requests.iter().rfind(|r| r.listened().is_some()).expect("asked");
    assert_eq!((second.place.index, second.rules.renew), (1, 1 << 60));
}

#[test]
fn a_gate_near_the_end_of_a_step_still_ends_before_the_next_chord_sounds() {
    let mut host = listening();
    host.controls.gate = 0.99;
    run(&mut host, 2 * STEP, BLOCK, |_| true);
    let events: Vec<_> = host.queue.events.iter().map(|(at, e)| (*at, e.kind)).collect();
    let gate = SOUND + 5940;
    let step = u64::from(STEP);
    let first = [(SOUND, NoteKind::On), (gate, NoteKind::Off), (step + SOUND, NoteKind::On)];
    assert_eq!(events, first);
}

#[test]
fn a_stop_between_the_step_and_its_sound_leaves_it_out() {
    let mut host = listening();
    run(&mut host, STEP + 480, BLOCK, |_| true);
    host.transport.playing = false;
    run(&mut host, 480, BLOCK, |_| true);
    assert_eq!(onsets(&host), [(SOUND, 60)]);
    assert_eq!(host.sounding(), 0);
}

#[test]
fn solo_and_answer_and_a_reaction_of_nothing_decide_once() {
    for (mode, reaction_ms) in
        [(Mode::Solo, 12.0), (Mode::Answer, 12.0), (Mode::Accompany, 0.0), (Mode::Solo, f32::NAN)]
    {
        let mut host = Host::manual(|_| Chord::struck_keys([50]));
        (host.controls.mode, host.controls.reaction_ms) = (mode, reaction_ms);
        host.run_served(300, BLOCK);
        assert!(host.requests.iter().all(|request| request.decision == Decision::Only));
        let ahead = host.requests.iter().map(|request| request.place.index).max();
        assert_eq!(ahead, Some(3), "one step ahead in two and a half steps");
    }
}

#[test]
fn steps_that_are_short_shorten_the_reaction() {
    let mut host = listening();
    host.transport.tempo_bpm = Some(600.0);
    host.controls.reaction_ms = 50.0;
    // A step is 1200 samples, a quarter of it 300.
    for _ in 0..50 {
        host.block(BLOCK);
        serve(&mut host, |_| true);
    }
    let late = onsets(&host).iter().map(|(at, _)| at % 1200).collect::<Vec<_>>();
    assert_eq!(late, [300, 300]);
    assert!((host.status().reaction_ms - 6.25).abs() < 1e-3);
}

#[test]
fn what_may_still_change_is_shown_as_tentative() {
    let mut host = listening();
    run(&mut host, STEP - 960, BLOCK, |_| true);
    let status = host.status();
    let coming: Vec<_> = status.coming().iter().map(|s| (s.known, s.tentative)).collect();
    assert_eq!(coming, [(true, true)], "{:?}", status.coming());
    run(&mut host, STEP / 2, BLOCK, |_| true);
    let status = host.status();
    let now = status.past().last().expect("a step sounds");
    assert!(now.known && !now.tentative && now.chord.plays(60));
}

/// Musician's keys by (sample, key, whether struck).
fn playing() -> impl Strategy<Value = Vec<(u32, u8, bool)>> {
    let event = (0..8 * STEP, 55..80_u8, any::<bool>());
    proptest::collection::vec(event, 0..40).prop_map(|mut events| {
        events.sort_unstable();
        events
    })
}

/// What the network says depends on what it is told of the step.
fn dice(request: &Request) -> Chord {
    let Place { index, .. } = request.place;
    let heard = request.listened().map_or(0, |heard| heard.playing() ^ heard.struck() << 1);
    let mixed = (heard ^ request.rules.forced) as u64 ^ (index as u64) << 7;
    let hash = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    Chord::from_masks(u128::from(hash & 0xFFFF) << 30, u128::from(hash >> 8) << 30)
}

/// All note events with the host in blocks of the lengths given, over and over.
fn performance(
    played: &[(u32, u8, bool)],
    blocks: &[u32],
) -> Vec<(u64, anacrusis::jam::player::NoteEvent)> {
    let mut host = Host::waiting_for(dice);
    host.controls.reaction_ms = 12.0;
    let (mut at, mut next) = (0, 0);
    for frames in blocks.iter().cycle() {
        if at >= 9 * STEP {
            break;
        }
        while let Some((when, key, struck)) = played.get(next).filter(|p| p.0 < at + frames) {
            match struck {
                true => host.strike(when - at, *key),
                false => host.let_go(when - at, *key),
            }
            next += 1;
        }
        host.block(*frames);
        at += frames;
    }
    let end = u64::from(8 * STEP);
    let mut events: Vec<_> = host.queue.events.iter().filter(|e| e.0 < end).copied().collect();
    events.iter_mut().for_each(|(_, event)| event.offset_samples = 0);
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_is_the_same_however_time_is_cut_into_blocks(played in playing()) {
        let whole = performance(&played, &[256]);
        for blocks in [&[64_u32][..], &[1, 63, 200, 17], &[288], &[1024], &[5000, 3]] {
            prop_assert_eq!(&performance(&played, blocks), &whole, "{:?}", blocks);
        }
    }
}

/// What is committed is void while the first chord, which has begun, is not there yet.
#[test]
fn a_first_chord_that_is_asked_for_again_is_still_the_beginning() {
    let mut host = Host::manual(|_| Chord::SILENT);
    host.controls.lookahead = Lookahead::Eight;
    host.block(BLOCK);
    let asked = host.take_requests();
    assert!(asked[0].anchor && asked.len() == 9);
    host.controls.lookahead = Lookahead::Quarter;
    host.run_served(3 * (STEP / BLOCK) as usize, BLOCK);
    let again: Vec<_> = host.requests.iter().map(|r| (r.place.index, r.anchor)).collect();
    assert_eq!(again, [(0, true), (1, false), (2, false), (3, false)]);
}
