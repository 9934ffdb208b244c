//! The take against a simple model of it, and its bytes.

use proptest::prelude::*;

use anacrusis::jam::controls::Timing;
use anacrusis::jam::take::{
    Keep, KeepOptions, MOST_BYTES, MOST_STEPS, PackError, Played, Span, Take, keep, pack, unpack,
};
use anacrusis::jam::touch::Touch;
use anacrusis::model::Draw;
use anacrusis::music::{Chord, KeyRange, PianoRoll, Rate, Step, smf};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

const RATE: Rate = Rate::Sixteenth;
const ALL: KeyRange = KeyRange { low: 0, count: 128 };

pub fn played(pass: u64, step: i64, chord: Chord) -> Played {
    Played {
        pass,
        step: Step(step),
        rate: RATE,
        // Below 16, so the cast keeps every bit.
        step_in_bar: step.rem_euclid(16) as u16,
        tempo_bpm: 120.0,
        transpose: 0,
        chord,
        heard: Chord::SILENT,
        sounded: true,
        touch: None,
        heard_velocity: 0,
        heard_late_us: 0,
    }
}

fn note(key: u8) -> Chord {
    Chord::struck_keys([key])
}

fn span(first: i64, end: i64) -> Span {
    Span { rate: RATE, first: Step(first), end: Step(end) }
}

#[test]
fn a_step_is_what_was_played_there_last() {
    let mut take = Take::default();
    for pass in 0..3 {
        (0..8).for_each(|step| take.record(played(pass, step, note(40 + 10 * pass as u8))));
    }
    assert_eq!(take.at(RATE, Step(3)).map(|p| p.pass), Some(2));
    assert_eq!(take.at(Rate::Eighth, Step(3)), None, "another rate has other steps");
    let earlier = |end| take.at_before(RATE, Step(3), end).map(|p| p.pass);
    assert_eq!([earlier(20), earlier(19), earlier(3)], [Some(2), Some(1), None]);
    let before = take.before(RATE, Step(4), 64);
    assert_eq!(before.iter().map(|p| p.step.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(take.before(RATE, Step(9), 64), [], "a gap ends it");
}

#[test]
fn again_hides_what_was_played_and_undo_brings_it_back() {
    let mut take = Take::default();
    (0..32).for_each(|step| take.record(played(0, step, note(50))));
    let draw = |take: &Take, step| take.draw(RATE, Step(step));
    take.again(span(16, 32)).expect("room");
    assert_eq!((take.at(RATE, Step(20)), take.before(RATE, Step(20), 64)), (None, vec![]));
    assert!(take.at(RATE, Step(15)).is_some());
    let first = draw(&take, 20);
    assert!(first != 0 && draw(&take, 15) == 0);
    (16..32).for_each(|step| take.record(played(1, step, note(60))));
    assert_eq!(take.at(RATE, Step(20)).map(|p| p.chord), Some(note(60)));
    take.again(span(20, 24)).expect("room");
    assert!(draw(&take, 20) != first && draw(&take, 24) == first);
    assert!(take.undo());
    assert_eq!(take.at(RATE, Step(20)).map(|p| p.chord), Some(note(60)));
    assert!(take.undo());
    assert_eq!(take.at(RATE, Step(20)).map(|p| p.chord), Some(note(50)));
    assert_eq!(draw(&take, 20), 0);
    assert!(!take.undo(), "nothing more was done");
    take.again(span(20, 24)).expect("room");
    assert_ne!(draw(&take, 20), first, "no draw comes twice");
}

#[test]
fn a_performance_is_brought_back_whatever_was_played_since() {
    let mut take = Take::default();
    for (pass, key) in (0..).zip([60, 61, 62]) {
        (0..8).for_each(|step| take.record(played(pass, step, note(key))));
    }
    let chord = |take: &Take, step| take.at(RATE, Step(step)).map(|played| played.chord);
    assert_eq!(take.bring_back(8, 16), Ok(Some(span(0, 8))));
    assert!((0..8).all(|s| chord(&take, s) == Some(note(61)) && take.is_locked(RATE, Step(s))));
    assert_eq!(unpack(&pack(&take)).as_ref(), Ok(&take));
    // What the musician plays over it counts again.
    take.record(played(3, 2, note(63)));
    assert_eq!((chord(&take, 2), chord(&take, 3)), (Some(note(63)), Some(note(61))));
    assert_eq!(take.bring_back(0, 8), Ok(Some(span(0, 8))));
    assert_eq!(chord(&take, 2), Some(note(60)));
    assert!(take.undo() && take.undo() && !take.undo());
    assert_eq!((chord(&take, 2), chord(&take, 3)), (Some(note(63)), Some(note(62))));
    assert!(!take.is_locked(RATE, Step(2)));
    // Of what lies apart, the last stretch; of what is gone, nothing.
    (20..24).for_each(|step| take.record(played(4, step, note(64))));
    assert_eq!(take.bring_back(0, 29), Ok(Some(span(20, 24))));
    assert_eq!(take.bring_back(29, 40), Ok(None));
    assert_eq!(take.bring_back(9, 3), Ok(None));
}

#[test]
fn locks_hold_until_they_are_taken_back() {
    let mut take = Take::default();
    let locked =
        |take: &Take| (0..6).filter(|s| take.is_locked(RATE, Step(*s))).collect::<Vec<_>>();
    take.lock(span(1, 5)).expect("room");
    take.unlock(span(2, 3)).expect("room");
    assert_eq!(locked(&take), [1, 3, 4]);
    assert!(!take.is_locked(Rate::Eighth, Step(1)));
    assert!(take.undo());
    assert_eq!(locked(&take), [1, 2, 3, 4]);
    for _ in 0..1023 {
        take.lock(span(0, 1)).expect("room");
    }
    let refused = take.lock(span(0, 1)).expect_err("a bound").to_string();
    assert!(refused.contains("1024"), "{refused}");
}

/// What a take should say, worked out anew each time from all that ever happened.
#[derive(Clone, Default)]
struct Simple {
    played: Vec<Played>,
    /// Steps `a .. b` in which the entries of the other two numbers do not count.
    hidden: Vec<(i64, i64, usize, usize)>,
    /// Steps that were locked or unlocked.
    locked: Vec<(i64, i64, bool)>,
}

impl Simple {
    fn at(&self, step: i64) -> Option<Played> {
        let hidden = |n: usize| {
            self.hidden
                .iter()
                .any(|(a, b, from, to)| (*a..*b).contains(&step) && (*from..*to).contains(&n))
        };
        let mut all = self.played.iter().enumerate().rev();
        all.find(|(n, p)| p.step.0 == step && !hidden(*n)).map(|(_, p)| *p)
    }

    fn is_locked(&self, step: i64) -> bool {
        let mut spans = self.locked.iter().rev();
        spans.find(|(a, b, _)| (*a..*b).contains(&step)).is_some_and(|(.., on)| *on)
    }
}

#[derive(Clone, Debug)]
enum Act {
    Play(i64, u8),
    Lock(i64, i64, bool),
    Again(i64, i64),
    Undo,
}

fn act() -> impl Strategy<Value = Act> {
    let span = || (0..12_i64, 1..6_i64);
    prop_oneof![
        8 => (0..12_i64, 0..128_u8).prop_map(|(step, key)| Act::Play(step, key)),
        1 => (span(), any::<bool>()).prop_map(|((a, n), on)| Act::Lock(a, a + n, on)),
        1 => span().prop_map(|(a, n)| Act::Again(a, a + n)),
        1 => Just(Act::Undo),
    ]
}

proptest! {
    #[test]
    fn a_take_does_as_its_simple_model(acts in prop::collection::vec(act(), 0..60)) {
        let (mut take, mut simple) = (Take::default(), Simple::default());
        // Spans of edits that can be undone, the newest last: true if it is an Again.
        let mut done: Vec<(bool, usize)> = vec![];
        for (pass, act) in (0..).zip(acts) {
            match act {
                Act::Play(step, key) => {
                    let played = played(pass, step, note(key));
                    take.record(played);
                    simple.played.push(played);
                }
                Act::Lock(a, b, on) => {
                    if on { take.lock(span(a, b)) } else { take.unlock(span(a, b)) }.expect("room");
                    simple.locked.push((a, b, on));
                    done.push((false, 0));
                }
                Act::Again(a, b) => {
                    take.again(span(a, b)).expect("room");
                    simple.hidden.push((a, b, 0, simple.played.len()));
                    done.push((true, simple.hidden.len() - 1));
                }
                Act::Undo => {
                    let undone = done.pop();
                    prop_assert_eq!(take.undo(), undone.is_some());
                    match undone {
                        Some((false, _)) => drop(simple.locked.pop()),
                        Some((true, at)) => {
                            let (a, b, _, since) = simple.hidden[at];
                            simple.hidden[at] = (a, b, since, simple.played.len());
                        }
                        None => {}
                    }
                }
            }
            for step in -1..18 {
                prop_assert_eq!(take.at(RATE, Step(step)).copied(), simple.at(step));
                prop_assert_eq!(take.is_locked(RATE, Step(step)), simple.is_locked(step));
            }
        }
        let again = unpack(&pack(&take)).expect("its own bytes");
        prop_assert!(again == take);
        for step in 0..18 {
            prop_assert_eq!(again.at(RATE, Step(step)), take.at(RATE, Step(step)));
            prop_assert_eq!(again.draw(RATE, Step(step)), take.draw(RATE, Step(step)));
        }
    }

    /// Whatever the bytes are: a take or an error, never a panic.
    #[test]
    fn any_bytes_are_a_take_or_none(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = unpack(&bytes);
        for version in [b"ANTK\x01", b"ANTK\x02", b"ANTK\x03", b"ANTK\x04", b"ANTK\x05"] {
            let _ = unpack(&[version, bytes.as_slice()].concat());
            let mut zipped = ZlibEncoder::new(version.to_vec(), Compression::fast());
            zipped.write_all(&bytes).expect("memory");
            let _ = unpack(&zipped.finish().expect("memory"));
        }
    }
}

fn sample() -> Take {
    let mut take = Take::default();
    for step in -8..200 {
        let mut played = played(u64::from(step > 90), step, note(40 + (step.rem_euclid(30)) as u8));
        played.tempo_bpm = if step < 100 { 97.5 } else { 140.0 };
        played.transpose = if step < 150 { 0 } else { -2 };
        played.heard = if step % 7 == 0 { note(90) } else { Chord::SILENT };
        played.sounded = step % 50 != 0;
        let hears = step % 7 == 0;
        (played.heard_velocity, played.heard_late_us) = if hears { (99, -7_001) } else { (0, 0) };
        let velocity = if step % 4 == 0 { 90 } else { 80 };
        let draw = Draw { seed: 3, pass: played.pass };
        let step = Step(step);
        let (split, timed) = (step.0 > 120, step.0 > 60);
        let released = (timed && step.0 % 3 == 0).then_some(5 << 60);
        let timing = timed.then_some(Timing {
            reaction_us: 12_300,
            swing_ppm: 20_000,
            groove_us: -500,
            gate_permille: 850,
        });
        let touch = Touch {
            channel: 2,
            velocity,
            humanise: 9,
            dynamics: 40,
            draw,
            step,
            split,
            timing,
            released,
        };
        played.touch = played.sounded.then_some(touch);
        take.record(played);
    }
    take.lock(span(0, 16)).expect("room");
    take.again(span(16, 32)).expect("room");
    take
}

#[test]
fn a_take_of_the_first_version_is_read_and_does_not_tell_how_it_was_struck() {
    let mut body = [7_u32, 2].map(u32::to_le_bytes).concat();
    // It sounded, and has a chord: the head, and the chord.
    body.push(2 | 4);
    body.extend(5_u64.to_le_bytes());
    body.extend((-3_i64).to_le_bytes());
    body.extend([4, 15]);
    body.extend(120_f32.to_le_bytes());
    body.extend([2, 2, 60 | 0x80, 64]);
    // It follows, and has what was heard.
    body.extend([1 | 8, 1, 72 | 0x80]);
    body.extend(0_u32.to_le_bytes());
    let mut zipped = ZlibEncoder::new(b"ANTK\x01".to_vec(), Compression::fast());
    zipped.write_all(&body).expect("memory");
    let take = unpack(&zipped.finish().expect("memory")).expect("a take of the first version");
    let mut chord = note(60);
    chord.hold(64);
    let first = Played { transpose: 2, step_in_bar: 15, ..played(5, -3, chord) };
    let second = Played {
        step: Step(-2),
        step_in_bar: 0,
        chord: Chord::SILENT,
        heard: note(72),
        sounded: false,
        ..first
    };
    assert_eq!(take.played().copied().collect::<Vec<_>>(), [first, second]);
    assert!(unpack(&pack(&take)).is_ok_and(|again| again == take));
}

#[test]
fn a_take_of_the_second_version_is_read_and_does_not_tell_when_it_sounded() {
    let body = |flags: u8| {
        let mut body = [7_u32, 1].map(u32::to_le_bytes).concat();
        // A head, how it was struck, a chord, and what was heard.
        body.push(flags | 2 | 4 | 8 | 16 | 32);
        body.extend(5_u64.to_le_bytes());
        body.extend((-3_i64).to_le_bytes());
        body.extend([4, 13]);
        body.extend(120_f32.to_le_bytes());
        body.push(2);
        body.extend([90, 3, 12, 50]);
        body.extend([9_u64, 5].map(u64::to_le_bytes).concat());
        body.extend([1, 60 | 0x80, 1, 72 | 0x80, 77]);
        body.extend(0_u32.to_le_bytes());
        let mut zipped = ZlibEncoder::new(b"ANTK\x02".to_vec(), Compression::fast());
        zipped.write_all(&body).expect("memory");
        zipped.finish().expect("memory")
    };
    let take = unpack(&body(0)).expect("a take of the second version");
    let found = *take.played().next().expect("a step");
    let touch = Touch {
        channel: 3,
        velocity: 90,
        humanise: 12,
        dynamics: 50,
        draw: Draw { seed: 9, pass: 5 },
        step: Step(-3),
        split: false,
        timing: None,
        released: None,
    };
    assert_eq!((found.touch, found.heard_velocity, found.heard_late_us), (Some(touch), 77, 0));
    assert!(unpack(&pack(&take)).is_ok_and(|again| again == take));
    for newer in [64, 128] {
        assert_eq!(unpack(&body(newer)), Err(PackError::Damaged), "a flag that it did not have");
    }
}

#[test]
fn what_is_replayed_in_another_transposition_sounds_as_it_did() {
    let played = Played { transpose: 5, heard: note(90), ..played(0, 0, note(60)) };
    let moved = played.at_transposition(-2);
    assert_eq!((moved.transpose, moved.chord, moved.heard), (-2, note(67), note(97)));
    assert_eq!(moved.chord.transposed(-2), played.chord.transposed(5));
    assert_eq!(played.at_transposition(5), played);
}

#[test]
fn damaged_bytes_are_refused_in_words() {
    let bytes = pack(&sample());
    assert!(unpack(&bytes).is_ok_and(|take| take == sample()));
    assert!(bytes.len() < 1200, "{} bytes for 208 steps", bytes.len());
    for length in 0..bytes.len() {
        assert!(unpack(&bytes[..length]).is_err(), "{length} bytes");
    }
    for at in 0..bytes.len() {
        let mut spoilt = bytes.clone();
        spoilt[at] ^= 0x10;
        // A few bits of what is compressed mean nothing.
        assert!(unpack(&spoilt).map_or(true, |take| take == sample()), "byte {at}");
    }
    assert_eq!(unpack(b"no"), Err(PackError::NotATake));
    assert_eq!(unpack(b"ANTK\x09"), Err(PackError::Newer(9)));
    assert_eq!(unpack(b"ANTK\x01"), Err(PackError::Damaged));
}

#[test]
fn the_oldest_bars_go_first_and_what_is_left_fits() {
    let full = Chord::from_masks(u128::MAX, u128::MAX);
    let mut heavy = Take::default();
    (0..40_000).for_each(|step| heavy.record(Played { heard: full, ..played(0, step, full) }));
    assert!(heavy.dropped() > 0);
    assert_eq!(heavy.played().next().map(|p| p.step_in_bar), Some(0), "whole bars");
    assert_eq!(heavy.at(RATE, Step(0)), None);
    assert_eq!(heavy.at(RATE, Step(39_999)).map(|p| p.chord), Some(full));
    assert!(pack(&heavy).len() <= MOST_BYTES);
    assert!(unpack(&pack(&heavy)).is_ok_and(|take| take == heavy));

    let mut long = Take::default();
    (0..MOST_STEPS as i64 + 100).for_each(|step| long.record(played(0, step, Chord::SILENT)));
    assert!(long.dropped() > 0 && long.len() <= MOST_STEPS);
    assert!(unpack(&pack(&long)).is_ok_and(|take| take == long));

    // Round and round within a bar of five, on no bar line: from where it goes back.
    let mut looped = Take::default();
    for n in 0..MOST_STEPS as i64 + 100 {
        let (pass, step) = (n as u64 / 12, 7 + n % 12);
        let step_in_bar = step as u16;
        looped.record(Played { step_in_bar, ..played(pass, step, Chord::SILENT) });
    }
    assert!(looped.len() > MOST_STEPS / 2, "{} steps are left", looped.len());
    assert_eq!(looped.played().next().map(|p| p.step), Some(Step(7)));
}

#[test]
fn a_take_is_kept_as_it_was_played() {
    let mut take = sample();
    let options = KeepOptions { what: Keep::All, channel: 3, velocity: 70, texts: &["seed 7"] };
    let sounded = |p: &Played| p.frame().transposed(p.transpose);
    let all = |take: &Take| -> PianoRoll { take.played().map(sounded).collect() };
    let bytes = keep(&take, &options).expect("something was played");
    let read = smf::read(&bytes, ALL).expect("a MIDI file");
    assert_eq!(read.roll, all(&take));
    assert!((read.tempo_bpm - 97.5).abs() < 1e-3, "the first of its tempi");
    assert!(bytes.windows(6).any(|w| w == b"seed 7") && bytes.windows(5).any(|w| w == b"Heard"));

    let velocities = |name: &str| -> Vec<u8> {
        let file = midly::Smf::parse(&bytes).expect("a MIDI file");
        let named = |track: &&midly::Track| {
            track.iter().any(|event| {
                event.kind
                    == midly::TrackEventKind::Meta(midly::MetaMessage::TrackName(name.as_bytes()))
            })
        };
        let track = file.tracks.iter().find(named).expect("a track of that name");
        let on = |event: &midly::TrackEvent| match event.kind {
            midly::TrackEventKind::Midi {
                message: midly::MidiMessage::NoteOn { vel, .. }, ..
            } => Some(vel.as_int()),
            _ => None,
        };
        track.iter().filter_map(on).collect()
    };
    let struck: Vec<u8> = (take.played())
        .map(|played| {
            let key = (played.chord.keys().next().expect("one") as i8 + played.transpose) as u8;
            played.touch.map_or(70, |touch| touch.velocity(key, 1 << key))
        })
        .collect();
    assert_eq!(velocities("Anacrusis"), struck);
    assert!(velocities("Heard").iter().all(|velocity| *velocity == 99));

    take.record(Played { rate: Rate::Eighth, ..played(2, 0, note(60)) });
    let other = keep(&take, &options).expect("the new rate");
    assert_eq!(smf::read(&other, ALL).expect("a MIDI file").notes, 1);
    assert_eq!(keep(&Take::default(), &options), None);
}
