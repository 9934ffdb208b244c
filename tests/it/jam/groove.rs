//! When within a step notes sound: swing, lay back, chance, the musician's own feel; the same however
//! blocks are cut.

use anacrusis::jam::controls::{Controls, Mode, Pairs, Swing, Timing};
use anacrusis::jam::input::InputEvent;
use anacrusis::jam::player::NoteKind;
use anacrusis::music::Chord;

use super::host::Host;

/// A sixteenth at 120 BPM and 48 kHz.
const STEP: u32 = 6000;

/// A millisecond.
const MS: i64 = 48;

/// Our channel; the musician's is the first.
const OURS: u8 = 5;

/// What a musician strikes, by sample and key, each for half a step.
type Hands<'a> = &'a [(u32, u8)];

/// How many samples after its step each chord of ours begins that strikes one key a step, so many steps
/// in blocks of `frames`.
fn beside(steps: u32, frames: u32, hands: Hands, change: impl FnOnce(&mut Controls)) -> Vec<i64> {
    beside_in(None, steps, frames, hands, change)
}

/// As [`beside`], in a time signature.
fn beside_in(
    signature: Option<(i32, i32)>,
    steps: u32,
    frames: u32,
    hands: Hands,
    change: impl FnOnce(&mut Controls),
) -> Vec<i64> {
    let mut host = Host::waiting(|_| Chord::struck_keys([50]));
    host.transport.time_signature = signature;
    host.controls.channel = OURS;
    host.controls.mode = Mode::Accompany;
    change(&mut host.controls);
    let mut events: Vec<(u32, InputEvent)> = Vec::new();
    for (at, key) in hands {
        events.push((*at, InputEvent::on(0, 0, *key, 90)));
        events.push((at + STEP / 2, InputEvent::off(0, 0, *key)));
    }
    events.sort_by_key(|(at, _)| *at);
    let mut coming = events.into_iter().peekable();
    let mut now = 0;
    while now < steps * STEP {
        let end = (now + frames).min(steps * STEP);
        while let Some((at, event)) = coming.next_if(|(at, _)| *at < end) {
            host.input.push(InputEvent { offset_samples: at - now, ..event });
        }
        host.block(end - now);
        now = end;
    }
    let ours = host.queue.events.iter().filter(|(_, event)| event.channel == OURS);
    let begins = ours.filter(|(_, event)| event.kind == NoteKind::On).map(|(at, _)| *at as i64);
    let late: Vec<i64> = begins.zip(0..).map(|(at, step)| at - step * i64::from(STEP)).collect();
    assert_eq!(late.len(), steps as usize, "a chord in each step");
    late
}

fn swing(share: f32, pairs: Pairs) -> Swing {
    Swing { share, pairs }
}

#[test]
fn pairs_swing_at_their_sample_alone_and_with_a_reaction() {
    for (mode, reaction_ms, at) in
        [(Mode::Solo, 12.0, 0), (Mode::Accompany, 0.0, 0), (Mode::Accompany, 12.0, 12 * MS)]
    {
        for (swing, late) in [
            (swing(0.5, Pairs::Eighths), [0; 4]),
            (swing(0.75, Pairs::Sixteenths), [0, 3000, 0, 3000]),
            (swing(0.625, Pairs::Sixteenths), [0, 1500, 0, 1500]),
            (swing(0.625, Pairs::Eighths), [0, 1500, 3000, 1500]),
            (swing(2.0 / 3.0, Pairs::Eighths), [0, 2000, 4000, 2000]),
        ] {
            let found = beside(16, 480, &[], |controls| {
                (controls.mode, controls.reaction_ms) = (mode, reaction_ms);
                controls.groove.swing = swing;
            });
            for (step, found) in found.into_iter().enumerate() {
                // As late as a step may be.
                let expected = (late[step % 4] + at).min(5400);
                assert!((found - expected).abs() <= 1, "{mode:?} {swing:?}, {step}: {found}");
            }
        }
    }
}

#[test]
fn pairs_are_counted_from_the_bar_line_and_one_that_it_cuts_short_is_even() {
    let (pair, rest) = ([0, 1500, 3000, 1500], [0, 0]);
    for (signature, pairs) in [((4, 4), 4), ((5, 8), 2), ((7, 8), 3)] {
        let mut bar = pair.repeat(pairs);
        if signature.1 == 8 {
            bar.extend(rest);
        }
        let found = beside_in(Some(signature), 30, 480, &[], |controls| {
            controls.groove.swing = swing(0.625, Pairs::Eighths);
        });
        for (step, found) in found.into_iter().enumerate() {
            let expected: i64 = bar[step % bar.len()];
            assert!((found - expected).abs() <= 1, "{signature:?}, step {step}: {found}");
        }
    }
}

#[test]
fn back_is_later_and_push_is_earlier_as_far_as_there_is_a_reaction() {
    let late = |lay_back_ms: f32, reaction_ms: f32| {
        let found = beside(8, 480, &[], |controls| {
            controls.reaction_ms = reaction_ms;
            controls.groove.lay_back_ms = lay_back_ms;
        });
        assert!(found.iter().all(|late| *late == found[0]), "{found:?}");
        found[0]
    };
    assert_eq!(late(10.0, 0.0), 10 * MS);
    assert_eq!(late(10.0, 12.0), 22 * MS);
    assert_eq!(late(-4.0, 12.0), 8 * MS);
    // The second decision takes six.
    assert_eq!(late(-10.0, 12.0), 6 * MS);
    assert_eq!(late(-30.0, 12.0), 6 * MS);
    assert_eq!(late(-10.0, 5.0), 5 * MS);
    assert_eq!(late(-10.0, 0.0), 0);
}

#[test]
fn a_gate_counts_from_where_a_step_sounds() {
    for (reaction_ms, lay_back_ms, late) in [(0.0, 0.0, 0), (0.0, 30.0, 1440), (12.0, 5.0, 816)] {
        let mut host = Host::waiting(|_| Chord::struck_keys([50]));
        host.controls.gate = 0.9;
        host.controls.reaction_ms = reaction_ms;
        host.controls.groove.lay_back_ms = lay_back_ms;
        host.run(8 * STEP, 48);
        let ends = host.queue.events.iter().filter(|(_, event)| event.kind == NoteKind::Off);
        let ends: Vec<u64> = ends.map(|(at, _)| *at).take(6).collect();
        let expected: Vec<u64> = (0..6).map(|step| step * 6000 + 5400 + late).collect();
        assert_eq!(ends, expected, "{reaction_ms} and {lay_back_ms} ms");
    }
}

#[test]
fn however_early_the_groove_what_is_struck_in_the_step_is_heard() {
    for (lay_back_ms, timing_ms) in [(0.0, 0.0), (-6.0, 0.0), (-30.0, 0.0), (0.0, 20.0)] {
        let mut host = Host::parked(|_| Chord::SILENT);
        host.controls.reaction_ms = 12.0;
        host.controls.groove.lay_back_ms = lay_back_ms;
        host.controls.groove.timing_ms = timing_ms;
        host.run_served(16 * STEP as usize / 48, 48);
        let seconds = host.requests.iter().filter(|request| request.listened().is_some());
        assert!(seconds.count() >= 15, "{lay_back_ms}, {timing_ms}");
    }
}

/// A musician who drags the second eighth of each beat by 18 ms, for so many beats.
fn dragging(beats: u32) -> Vec<(u32, u8)> {
    (0..beats)
        .flat_map(|beat| {
            let at = beat * 4 * STEP;
            [(at, 72), (at + 2 * STEP + 18 * MS as u32, 76)]
        })
        .collect()
}

#[test]
fn the_musicians_feel_is_gone_with() {
    let hands = dragging(24);
    let late = |follow| {
        let found = beside(96, 480, &hands, |controls| controls.groove.follow = follow);
        [0, 1, 2, 3].map(|place| found[88 + place])
    };
    assert_eq!(late(0.0), [0; 4]);
    let [on, _, off, _] = late(1.0);
    println!("the second eighth is {:.1} ms late, the first {on}", off as f64 / MS as f64);
    assert!(on == 0 && (off - 18 * MS).abs() < 2 * MS, "{on}, {off}");
    let half = late(0.5)[2];
    assert!((half - 9 * MS).abs() < MS, "{half}");
}

/// In 7/8, whose bars begin on the beat and half way between two in turn.
#[test]
fn the_musicians_feel_is_that_of_the_place_in_the_bar() {
    let late = 18 * MS as u32;
    let bar = |bar: u32| [(bar * 14 * STEP, 72), ((bar * 14 + 2) * STEP + late, 76)];
    let hands: Vec<_> = (0..12).flat_map(bar).collect();
    let found = beside_in(Some((7, 8)), 12 * 14, 480, &hands, |controls| {
        controls.groove.follow = 1.0;
    });
    for bar in [10, 11] {
        let [on, off] = [0, 2].map(|step| found[bar * 14 + step]);
        assert!(on == 0 && off > 10 * MS, "{on}, {off}");
    }
}

#[test]
fn what_swung_swings_alike_at_any_tempo() {
    let timing = Timing { swing_ppm: 333_333, ..Timing::default() };
    for bpm in [30.0, 60.0, 120.0, 300.0] {
        let step_s = 15.0 / bpm;
        assert!((timing.late_steps(step_s) - 1.0 / 3.0).abs() < 1e-5, "{bpm}");
    }
    let late = Timing { reaction_us: 12_000, groove_us: 10_000, ..timing };
    assert!((late.late_steps(0.125) - (22.0 / 125.0 + 1.0 / 3.0)).abs() < 1e-5);
    let early = Timing { reaction_us: 12_000, groove_us: -30_000, ..Timing::default() };
    assert!((early.late_steps(0.125) - 6.0 / 125.0).abs() < 1e-9);
    let steps = Timing { swing_ppm: 999_999, ..late }.late_steps(0.125);
    assert_eq!(steps, Timing::LATEST_STEPS);
}

#[test]
fn the_same_however_blocks_are_cut() {
    let hands = dragging(12);
    for reaction_ms in [0.0, 12.0] {
        let play = |frames| {
            beside(48, frames, &hands, |controls| {
                controls.reaction_ms = reaction_ms;
                controls.groove.swing = swing(0.62, Pairs::Eighths);
                controls.groove.timing_ms = 7.0;
                controls.groove.lay_back_ms = 3.0;
                controls.groove.follow = 0.8;
            })
        };
        let expected = play(64);
        assert!(expected.iter().any(|late| *late != expected[0]));
        // With a reaction a chord is there no sooner than a block after it was asked for.
        for frames in [1, 48, 100, 288] {
            assert_eq!(play(frames), expected, "{frames}, {reaction_ms}");
        }
    }
}

#[test]
fn who_swings_is_heard_in_the_step_that_they_mean() {
    // Two thirds after the second eighth of a beat: a triplet. On an even grid that is the next step.
    for (share, step) in [(0.5, 7), (2.0 / 3.0, 6)] {
        let mut host = Host::parked(|_| Chord::SILENT);
        host.controls.groove.swing = swing(share, Pairs::Eighths);
        host.run_served((6 * STEP + 3990) as usize / 30, 30);
        host.strike(10, 70);
        host.run_served(4 * STEP as usize / 30, 30);
        let told: Vec<i64> = (host.requests.iter())
            .flat_map(|request| request.heard.frames().to_vec())
            .filter(|told| told.notes.strikes(70))
            .map(|told| told.index)
            .collect();
        assert_eq!(told.first(), Some(&step), "{share}");
    }
}

#[test]
fn chance_in_timing_is_that_of_the_pass() {
    let laps = || {
        let mut host = Host::waiting(|_| Chord::struck_keys([50]));
        host.controls.mode = Mode::Solo;
        host.controls.groove.timing_ms = 20.0;
        host.transport.loop_beats = Some((0.0, 2.0));
        host.run(40 * STEP, 480);
        let late: Vec<u64> = host.onsets().iter().map(|(at, _)| at % u64::from(STEP)).collect();
        assert_eq!(late.len(), 40, "a chord in each step");
        late
    };
    let late = laps();
    assert_eq!(late, laps(), "the same each time");
    let mut laps: Vec<&[u64]> = late.chunks(8).collect();
    laps.sort_unstable();
    laps.dedup();
    assert_eq!(laps.len(), 5, "each lap has its own");
}
