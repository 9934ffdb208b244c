//! Takes at the boundary: what was played comes again when it should, and only then.

use super::plan::{Hash, model};
use super::work::{Instance, Moody, moody};
use crate::support::until;
use anacrusis::jam::controls::{Lookahead, Mode, Replay};
use anacrusis::jam::input::{Input, InputEvent};
use anacrusis::jam::planner::Biaxial;
use anacrusis::jam::take::{
    Keep, KeepOptions, PackError, Played, SharedTake, Span, Take, keep, pack,
};
use anacrusis::music::{Chord, KeyRange, Rate, Step, smf};

const RATE: Rate = Rate::Sixteenth;

/// An instance whose choices depend on all that it heard, and on chance.
pub fn jam() -> Instance<Hash> {
    jam_with(|_| ())
}

fn jam_with(change: impl FnOnce(&mut Hash)) -> Instance<Hash> {
    let mut instance = Instance::new();
    let mut model = model(2);
    model.network.certainty = 0.6;
    change(&mut model.network);
    instance.worker.models().load_model("hash", || Ok(model));
    instance.worker.start().expect("a thread");
    instance.settled();
    instance
}

fn go_to<B: Biaxial>(instance: &mut Instance<B>, step: i64) {
    instance.transport.position_beats = Some(step as f64 * 0.25);
}

/// Plays so many steps and tells which keys began in each.
pub fn play<B: Biaxial>(instance: &mut Instance<B>, steps: usize) -> Vec<Vec<u8>> {
    let step = |_| {
        let before = instance.out.0.len();
        instance.play(1);
        instance.out.0[before..].iter().map(|event| event.key).collect()
    };
    (0..steps).map(step).collect()
}

/// One step into which `keys` are played.
pub fn play_with(instance: &mut Instance<Hash>, keys: &[u8], ends: bool) -> Vec<u8> {
    let mut input = Input::NONE;
    keys.iter().for_each(|key| input.push(InputEvent::on(0, 0, *key, 100)));
    let let_go = keys.iter().filter(|_| ends);
    let_go.for_each(|key| input.push(InputEvent::off(5000, 0, *key)));
    let before = instance.out.0.len();
    let (transport, controls) = (instance.transport, instance.controls);
    instance.performer.process(&transport, &controls, &input, 6000, &mut instance.out);
    instance.transport.position_beats = transport.position_beats.map(|beats| beats + 0.25);
    instance.out.0[before..].iter().map(|event| event.key).collect()
}

/// Stops, until the host may play from elsewhere.
pub fn stop<B: Biaxial>(instance: &mut Instance<B>) {
    instance.transport.playing = false;
    let position = instance.transport.position_beats;
    for _ in 0..4 {
        instance.play(1);
        instance.transport.position_beats = position;
    }
    instance.transport.playing = true;
}

/// Plays from a stop at `step`.
pub fn play_from<B: Biaxial>(instance: &mut Instance<B>, step: i64, steps: usize) -> Vec<Vec<u8>> {
    stop(instance);
    go_to(instance, step);
    play(instance, steps)
}

/// Waits until the worker has told the take of so many steps.
pub fn recorded<B: Biaxial>(instance: &Instance<B>, steps: usize) {
    until("steps are written down", || instance.worker.take().view().steps >= steps);
    assert_eq!(instance.worker.take().view().steps, steps);
}

fn at(instance: &Instance<Hash>, step: i64) -> Played {
    let found = instance.worker.take().with(|take| take.at(RATE, Step(step)).copied());
    found.unwrap_or_else(|| panic!("nothing at step {step}"))
}

pub fn span(first: i64, end: i64) -> Span {
    Span { rate: RATE, first: Step(first), end: Step(end) }
}

#[test]
fn a_take_is_what_was_played_and_heard() {
    let mut instance = jam();
    instance.controls.transpose = 3;
    instance.transport.time_signature = Some((5, 4));
    let mut began = play(&mut instance, 20);
    // A key held from step 20 on.
    began.push(play_with(&mut instance, &[63], false));
    began.extend(play(&mut instance, 2));
    stop(&mut instance);
    recorded(&instance, 23);
    for (step, events) in began[..20].iter().enumerate() {
        let played = at(&instance, step as i64);
        assert_eq!((played.pass, played.step_in_bar, played.sounded), (0, step as u16, true));
        assert_eq!((played.tempo_bpm, played.transpose), (120.0, 3));
        let sounded = Chord::struck_keys(events.iter().map(|key| key - 3)).playing();
        let struck = played.chord.struck();
        assert!(sounded & struck == struck && sounded & !played.chord.playing() == 0);
    }
    let heard: Vec<Chord> = (19..23).map(|step| at(&instance, step).heard).collect();
    let (struck, held) = (Chord::struck_keys([60]), Chord::from_masks(1 << 60, 0));
    assert_eq!(heard, [Chord::SILENT, struck, held, held]);
}

/// History begins anew where a musician joins in and where a question is answered. What was decided
/// before that, and may not have begun yet, sounds and is part of the take all the same.
#[test]
fn a_take_has_no_gaps_where_history_begins_anew() {
    for (mode, struck) in [(Mode::Accompany, 3), (Mode::Answer, 0)] {
        for lookahead in [Lookahead::Half, Lookahead::One, Lookahead::Four] {
            let mut instance = jam_with(|network| network.hears = true);
            (instance.controls.mode, instance.controls.lookahead) = (mode, lookahead);
            let mut began = play(&mut instance, struck);
            began.push(play_with(&mut instance, &[62], true));
            began.extend(play(&mut instance, 31 - struck));
            stop(&mut instance);
            recorded(&instance, 32);
            for (step, sounded) in began.iter().enumerate() {
                let Played { chord, heard, .. } = at(&instance, step as i64);
                let struck = Chord::from_masks(chord.struck() & !heard.playing(), 0);
                let told = format!("{mode:?}, {lookahead:?}, step {step}: {chord:?}, {sounded:?}");
                assert!(struck.keys().all(|key| sounded.contains(&key)), "{told}");
                assert!(sounded.iter().all(|key| chord.plays(*key)), "{told}");
            }
            assert!(began.iter().filter(|keys| !keys.is_empty()).count() > 10, "{began:?}");
        }
    }
}

#[test]
fn a_bounce_is_what_was_heard_and_playing_on_is_not() {
    let mut instance = jam();
    instance.controls.mode = Mode::Accompany;
    let mut heard = play(&mut instance, 8);
    // Played in live, and not there when it is bounced.
    heard.push(play_with(&mut instance, &[60, 61, 62, 63], true));
    heard.extend(play(&mut instance, 23));
    stop(&mut instance);
    recorded(&instance, 32);

    let live = play_from(&mut instance, 0, 32);
    assert_ne!(live, heard, "a live performance is a new one");
    stop(&mut instance);
    recorded(&instance, 64);
    instance.transport.offline = true;
    assert_eq!(play_from(&mut instance, 0, 32), live, "a bounce is the last one heard");
    instance.controls.replay = Replay::Never;
    let anew = play_from(&mut instance, 0, 32);
    assert_ne!(anew, heard);
    instance.transport.offline = false;
    stop(&mut instance);
    recorded(&instance, 96);
    instance.controls.replay = Replay::Always;
    let again = play_from(&mut instance, 0, 40);
    assert_eq!(again[..32], anew, "replay is live, too");
    stop(&mut instance);
    recorded(&instance, 96 + 8);
    assert_eq!(at(&instance, 39).pass, 0, "what had not been played is generated, and recorded");
    assert_eq!(play_from(&mut instance, 0, 40), again);
}

#[test]
fn what_is_replayed_is_history_for_what_follows() {
    let mut instance = jam();
    play(&mut instance, 40);
    stop(&mut instance);
    recorded(&instance, 40);
    instance.controls.replay = Replay::Always;
    let first = play_from(&mut instance, 0, 60);
    // Another instance with the same take, from another beginning.
    let mut other = jam();
    other.worker.take().load(instance.worker.take().save().to_vec());
    other.controls.replay = Replay::Always;
    assert_eq!(play(&mut other, 40), first[..40]);
    // The frames are the same, and so are their states and what follows from them.
    let replayed: Vec<Chord> = (40..59).map(|step| at(&instance, step).chord).collect();
    let mut third = jam();
    third.worker.take().with(|take| {
        (0..40).for_each(|step| take.record(at(&instance, step)));
    });
    third.controls.replay = Replay::Always;
    let again = play(&mut third, 60);
    assert_eq!(again, first);
    stop(&mut third);
    recorded(&third, 60);
    assert_eq!((40..59).map(|step| at(&third, step).chord).collect::<Vec<_>>(), replayed);
}

#[test]
fn a_loop_replays_the_lap_before_only_when_asked_to() {
    for replay in [Replay::Never, Replay::Bounces, Replay::Always] {
        for offline in [false, true] {
            let mut instance = jam();
            instance.controls.replay = replay;
            instance.transport.offline = offline;
            instance.transport.loop_beats = Some((0.0, 4.0));
            let mut laps = Vec::new();
            for _ in 0..3 {
                go_to(&mut instance, 0);
                laps.push(play(&mut instance, 16));
            }
            // A render that passes a step twice has two laps, as the performance would.
            let same = replay == Replay::Always;
            // Where the lap begins, what is held begins only if it did not sound.
            let equal = |a: usize, b: usize| laps[a][1..] == laps[b][1..];
            assert_eq!([equal(0, 1), equal(1, 2)], [same; 2], "{replay:?} {offline}");
        }
    }
}

#[test]
fn locked_bars_stay_and_others_change() {
    let mut instance = jam();
    play(&mut instance, 48);
    stop(&mut instance);
    recorded(&instance, 48);
    let take = instance.worker.take();
    take.with(|take| take.lock(span(16, 32))).expect("room");
    instance.controls.seed = 9;
    let kept: Vec<Chord> = (16..32).map(|step| at(&instance, step).chord).collect();
    let open: Vec<Chord> = (0..48).map(|step| at(&instance, step).chord).collect();
    play_from(&mut instance, 0, 48);
    stop(&mut instance);
    recorded(&instance, 48 + 32);
    assert_eq!((16..32).map(|step| at(&instance, step).chord).collect::<Vec<_>>(), kept);
    for step in (0..16).chain(32..48) {
        assert_ne!(at(&instance, step).chord, open[step as usize], "step {step}");
    }
    assert!(take.with(Take::undo));
    play_from(&mut instance, 0, 48);
    stop(&mut instance);
    recorded(&instance, 48 + 32 + 48);
    assert_ne!((16..32).map(|step| at(&instance, step).chord).collect::<Vec<_>>(), kept);
}

#[test]
fn again_is_another_music_and_undo_the_one_before() {
    let mut instance = jam();
    play(&mut instance, 32);
    stop(&mut instance);
    recorded(&instance, 32);
    let take = instance.worker.take();
    let chords = |instance: &Instance<Hash>| -> Vec<Chord> {
        (0..32).map(|step| at(instance, step).chord).collect()
    };
    let first = chords(&instance);
    take.with(|take| take.again(span(16, 32))).expect("room");
    instance.controls.replay = Replay::Always;
    play_from(&mut instance, 0, 32);
    stop(&mut instance);
    recorded(&instance, 48);
    let second = chords(&instance);
    assert_eq!(second[..16], first[..16], "only the bar that was asked for");
    assert!(second[16..] != first[16..]);
    assert!(take.with(Take::undo));
    assert_eq!(chords(&instance), first);
    play_from(&mut instance, 0, 32);
    stop(&mut instance);
    recorded(&instance, 48);
    assert_eq!(chords(&instance), first, "what was taken back is not played");
}

#[test]
fn an_edit_holds_for_what_is_committed_already() {
    let mut instance = jam();
    let first = play(&mut instance, 32);
    stop(&mut instance);
    recorded(&instance, 32);
    go_to(&mut instance, 0);
    play(&mut instance, 8);
    let epoch = instance.monitor.status().epoch;
    // The chord of step 8 is committed; the lock is there before it sounds.
    let take = instance.worker.take();
    take.with(|take| take.lock(span(8, 16))).expect("room");
    instance.notices(epoch);
    stop(&mut instance);
    let again = play_from(&mut instance, 8, 8);
    assert_eq!(again[1..], first[9..16]);
    assert_eq!(instance.monitor.status().expired_waits, 0);
}

#[test]
fn playback_goes_on_from_the_bars_before_it() {
    let mut one = jam();
    play(&mut one, 64);
    stop(&mut one);
    recorded(&one, 64);
    let continued = play_from(&mut one, 64, 4);
    // The same bars in another take, another prompt, another seed of the prompt: the same.
    let mut two = jam();
    two.worker.take().with(|take| (0..64).for_each(|step| take.record(at(&one, step))));
    assert_eq!(play_from(&mut two, 64, 4), continued);
    let mut three = jam();
    assert_ne!(play_from(&mut three, 64, 4), continued, "without them, from a prompt");
    // Less than a bar is nothing to go on from.
    let mut four = jam();
    four.worker.take().with(|take| (49..64).for_each(|step| take.record(at(&one, step))));
    let mut five = jam();
    assert_eq!(play_from(&mut four, 64, 4), play_from(&mut five, 64, 4));
}

#[test]
fn a_chord_that_came_late_sounds_when_it_is_replayed() {
    let mut instance = Instance::<Moody>::new();
    let network = Moody::default();
    instance.worker.models().load_model("moody", moody(&network));
    instance.worker.start().expect("a thread");
    instance.settled();
    assert!(play(&mut instance, 4).iter().all(|events| events.len() == 1));
    // Step 4 was committed with step 3 and is known; step 5 is thought about for too long.
    instance.controls.wait_for_notes = false;
    network.thinks.store(true, std::sync::atomic::Ordering::Relaxed);
    let late = play(&mut instance, 2);
    network.thinks.store(false, std::sync::atomic::Ordering::Relaxed);
    instance.controls.wait_for_notes = true;
    play(&mut instance, 4);
    stop(&mut instance);
    recorded(&instance, 10);
    let take = instance.worker.take();
    let sounded: Vec<bool> = take.with(|take| take.played().map(|p| p.sounded).collect());
    let missed = sounded.iter().filter(|sounded| !**sounded).count();
    assert!(missed > 0, "{late:?} {sounded:?}");
    assert_eq!(instance.monitor.status().missed_deadlines, missed as u64);
    instance.controls.replay = Replay::Always;
    let replayed = play_from(&mut instance, 0, 10);
    assert!(replayed.iter().all(|events| events.len() == 1), "every chord is there");
}

#[test]
fn a_take_goes_into_the_project_and_comes_back() {
    let mut instance = jam();
    let heard = play(&mut instance, 33);
    let take = instance.worker.take();
    assert!(SharedTake::default().save().is_empty(), "an empty take is nothing");
    recorded(&instance, 32);
    let saved = take.save();
    assert_eq!(take.save(), saved, "nothing changed");
    // Loaded while it plays on: a new beginning, from what the project says.
    let mut other = jam();
    (other.controls.replay, other.controls.seed) = (Replay::Always, 5);
    play(&mut other, 7);
    other.worker.take().load(saved.to_vec());
    assert_eq!(other.worker.take().save(), saved, "saved before anybody read it");
    other.performer.reset();
    assert_eq!(play_from(&mut other, 0, 32), heard[..32]);
    assert_eq!(other.monitor.status().expired_waits, 0);
    other.worker.take().load(Vec::new());
    other.performer.reset();
    assert_ne!(play_from(&mut other, 0, 32), heard[..32], "an empty take replays nothing");
}

#[test]
fn what_cannot_be_read_is_told_and_not_lost() {
    let mut instance = jam();
    let take = instance.worker.take();
    let newer = b"ANTK\x09and what a newer version wrote".to_vec();
    for (bytes, problem) in
        [(b"something else".to_vec(), PackError::NotATake), (newer.clone(), PackError::Newer(9))]
    {
        take.load(bytes.clone());
        instance.performer.reset();
        stop(&mut instance);
        until("the take is read", || take.view().problem == Some(problem));
        assert_eq!(*take.save(), *bytes, "to open and save loses nothing");
    }
    go_to(&mut instance, 0);
    play(&mut instance, 5);
    stop(&mut instance);
    assert_eq!(*take.save(), *newer, "nothing is written over it");
    assert_eq!((take.view().steps, take.view().problem), (0, Some(PackError::Newer(9))));
    take.begin_anew();
    go_to(&mut instance, 0);
    play(&mut instance, 5);
    recorded(&instance, 4);
    assert_eq!(take.view().problem, None);
    assert!(take.save().starts_with(b"ANTK\x05"));
}

#[test]
fn a_take_is_kept_as_it_sounded() {
    let mut instance = jam();
    instance.controls.transpose = -2;
    play(&mut instance, 33);
    recorded(&instance, 32);
    let texts = ["seed 0"];
    let options = KeepOptions { what: Keep::All, channel: 0, velocity: 80, texts: &texts };
    let take = instance.worker.take();
    let bytes = keep(&take.heard_last(1), &options).expect("something was played");
    let read = smf::read(&bytes, KeyRange { low: 0, count: 128 }).expect("a MIDI file");
    let sounded = |step: usize| at(&instance, 16 + step as i64).chord.transposed(-2).playing();
    for (step, chord) in read.roll.chords.iter().enumerate() {
        assert_eq!(chord.playing(), sounded(step), "step {step}");
    }
    assert!(pack(&take.with(|take| take.clone())).len() < 32 * 80);
}
