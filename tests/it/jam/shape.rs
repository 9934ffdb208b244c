//! What bends a chord on its way out: gate, velocities, transposition; and that nothing sticks
//! whatever changes while notes sound.

use std::collections::HashMap;

use proptest::prelude::*;

use super::host::Host;
use anacrusis::jam::clock::ANSWER_STEPS;
use anacrusis::jam::controls::{Bounds, Controls, Lookahead, Mode};
use anacrusis::jam::link::Place;
use anacrusis::jam::player::{NoteEvent, NoteKind};
use anacrusis::music::{Chord, Grid, Rate, Scale};

/// Notes of one step on 72, of two on 60, of four on 48.
fn lengths(place: Place) -> Chord {
    let mut chord = Chord::struck_keys([72]);
    for (key, length) in [(60, 2), (48, 4)] {
        if place.step.0.rem_euclid(length) == 0 {
            chord.strike(key);
        } else {
            chord.hold(key);
        }
    }
    chord
}

/// How many steps a note of [`lengths`] lasts.
fn length(key: u8) -> i64 {
    match key {
        72 => 1,
        60 => 2,
        _ => 4,
    }
}

fn events(host: &Host) -> Vec<(u64, NoteKind, u8, u8, u8)> {
    let event = |(at, e): &(u64, NoteEvent)| (*at, e.kind, e.key, e.channel, e.velocity);
    host.queue.events.iter().map(event).collect()
}

#[test]
fn gated_notes_end_to_the_sample_at_their_share_of_the_last_step() {
    for (tempo_bpm, sample_rate, frames) in [
        (120.0, 48_000.0, 480),
        (97.3, 44_100.0, 1),
        (174.0, 96_000.0, 333),
        (999.0, 44_100.0, 8192),
    ] {
        for rate in Rate::ALL {
            for (lookahead, gate) in [
                (Lookahead::One, 0.5),
                (Lookahead::One, 0.05),
                (Lookahead::Quarter, 0.3),
                (Lookahead::Quarter, 0.9),
                (Lookahead::Half, 0.25),
                (Lookahead::Eight, 0.05),
            ] {
                let mut host = Host::waiting(lengths);
                host.transport.tempo_bpm = Some(tempo_bpm);
                host.transport.sample_rate = sample_rate;
                host.controls.rate = rate;
                host.controls.lookahead = lookahead;
                host.controls.gate = gate;
                host.run(40_000, frames);
                let step = Grid { rate }.beats_per_step() / host.beats_per_sample();
                // Not before the next chord is decided, and the network had time to answer.
                let answered = 1.0 - lookahead.steps() + ANSWER_STEPS;
                let share = f64::from(gate).max(answered);
                let mut ends = 0;
                for (at, event) in &host.queue.events {
                    let at = *at as f64;
                    match event.kind {
                        NoteKind::On => {
                            assert!((at / step - (at / step).round()).abs() * step <= 0.501)
                        }
                        NoteKind::Off => {
                            // The last step of the note: the gate lies within it.
                            let last = ((at + 0.501) / step - share).round() as i64;
                            assert_eq!((last + 1).rem_euclid(length(event.key)), 0, "{event:?}");
                            let expected = (last as f64 + share) * step;
                            assert!((at - expected).abs() <= 0.501, "{at} for {expected}");
                            ends += 1;
                        }
                    }
                }
                assert!(ends >= 3, "only {ends} ends at {tempo_bpm} BPM, {rate:?}");
            }
        }
    }
}

/// The same performance in other blocks, with changes at sample 24,000 and 48,000.
fn performance(cut: impl Fn(usize) -> u32, lookahead: Lookahead, gate: f32) -> Host {
    let mut host = Host::waiting(lengths);
    host.controls = Controls {
        lookahead,
        gate,
        accent: 20,
        humanise: 15,
        wait_for_notes: true,
        ..host.controls
    };
    host.transport.sample_rate = 44_100.0;
    host.transport.loop_beats = Some((0.3, 1.7));
    let mut blocks = 0;
    for (tempo_bpm, transpose, jump) in [(120.0, 0, None), (97.0, 3, None), (120.0, -7, Some(8.2))]
    {
        host.transport.tempo_bpm = Some(tempo_bpm);
        host.controls.transpose = transpose;
        if let Some(beats) = jump {
            host.transport.position_beats = Some(beats);
        }
        let mut left = 24_000;
        while left > 0 {
            let frames = cut(blocks).min(left);
            host.block(frames);
            left -= frames;
            blocks += 1;
        }
    }
    host
}

#[test]
fn shaped_notes_are_the_same_however_blocks_are_cut() {
    for (lookahead, gate) in [
        (Lookahead::Quarter, 0.6),
        (Lookahead::One, 0.05),
        (Lookahead::One, 0.5),
        (Lookahead::Eight, 0.95),
        (Lookahead::One, 1.0),
    ] {
        let whole = events(&performance(|_| 24_000, lookahead, gate));
        // 13 steps, of which the loop repeats some.
        assert!(whole.len() > 30, "{}", whole.len());
        for frames in [1, 64, 333, 4096] {
            let cut = events(&performance(|_| frames, lookahead, gate));
            assert_eq!(cut, whole, "blocks of {frames}, {lookahead:?}, gate {gate}");
        }
        let mixed = events(&performance(|n| [1, 999, 64, 3000, 2][n % 5], lookahead, gate));
        assert_eq!(mixed, whole, "{lookahead:?}, gate {gate}");
    }
}

#[test]
fn a_gated_performance_is_the_same_live_as_in_a_render() {
    for (lookahead, gate) in
        [(Lookahead::One, 0.4), (Lookahead::One, 0.05), (Lookahead::Quarter, 0.1)]
    {
        let mut live = Host::parked(lengths);
        live.queue.events.clear();
        let mut render = Host::waiting(lengths);
        for host in [&mut live, &mut render] {
            host.controls.lookahead = lookahead;
            host.controls.gate = gate;
        }
        // Live, every chord comes a block after it was asked for.
        live.run_served(1000, 64);
        render.run(64_000, 4096);
        assert_eq!(events(&live), events(&render), "{lookahead:?}, gate {gate}");
    }
}

#[test]
fn a_gate_that_is_whole_or_no_number_is_the_boundary() {
    let play = |gate: f32| {
        let mut host = Host::waiting(lengths);
        host.controls.gate = gate;
        host.run(60_000, 480);
        events(&host)
    };
    let whole = play(1.0);
    assert_eq!(whole, play(f32::NAN));
    assert_eq!(whole, play(7.0));
    for (at, kind, ..) in whole {
        assert!(kind == NoteKind::On || at % 6000 == 0, "an end at {at}");
    }
}

#[test]
fn a_chord_that_is_late_for_the_gate_ends_the_notes_when_it_comes() {
    for come in [3600_u64, 4800, 7200] {
        let mut host = Host::parked(lengths);
        host.controls.gate = 0.5;
        host.queue.events.clear();
        host.transport.playing = true;
        let mut asked = Vec::new();
        while host.queue.origin < 9600 {
            host.block(240);
            asked.extend(host.take_requests());
            if host.queue.origin >= come {
                for request in std::mem::take(&mut asked) {
                    host.answer(&request);
                }
            }
        }
        let end = host.queue.events.iter().find(|(_, e)| e.kind == NoteKind::Off);
        let (at, event) = end.expect("something ends");
        assert_eq!(event.key, 72);
        // At the boundary nothing is known: the quarter of a step of grace goes by first.
        let expected = if come < 6000 { come } else { come.min(7500) };
        assert_eq!(*at, expected, "a chord that comes at {come}");
    }
}

fn velocities(host: &Host) -> Vec<(i64, u8, u8)> {
    let ons = host.queue.events.iter().filter(|(_, e)| e.kind == NoteKind::On);
    let step = Grid { rate: host.controls.rate }.beats_per_step() / host.beats_per_sample();
    ons.map(|(at, e)| ((*at as f64 / step).round() as i64, e.key, e.velocity)).collect()
}

#[test]
fn accents_lie_on_the_bar_line_and_half_of_them_on_the_counts() {
    for (rate, signature, bar, count) in [
        (Rate::Sixteenth, (4, 4), 16, 4),
        (Rate::Eighth, (4, 4), 8, 2),
        (Rate::SixteenthTriplet, (3, 4), 18, 6),
        (Rate::Sixteenth, (6, 8), 12, 6),
    ] {
        let mut host = Host::waiting(lengths);
        host.controls.rate = rate;
        host.transport.time_signature = Some(signature);
        (host.controls.velocity, host.controls.accent) = (70, 31);
        host.run(240_000, 480);
        for (step, key, velocity) in velocities(&host) {
            let expected = match step {
                step if step % bar == 0 => 101,
                step if step % bar % count == 0 => 85,
                _ => 70,
            };
            assert_eq!(velocity, expected, "step {step}, key {key}, {rate:?} in {signature:?}");
        }
    }
}

#[test]
fn chance_in_velocities_follows_the_seed_and_keeps_within_its_bounds() {
    let play = |seed: u64, velocity: u8, humanise: u8, loop_beats: Option<(f64, f64)>| {
        let mut host = Host::waiting(lengths);
        (host.controls.seed, host.controls.velocity) = (seed, velocity);
        host.controls.humanise = humanise;
        host.transport.loop_beats = loop_beats;
        host.run(480_000, 512);
        velocities(&host)
    };
    let first = play(1, 64, 20, None);
    assert_eq!(first, play(1, 64, 20, None), "the same each time");
    assert_ne!(first, play(2, 64, 20, None), "another seed, other chance");
    let values: Vec<f64> = first.iter().map(|(.., v)| f64::from(*v)).collect();
    assert!(values.iter().all(|v| (44.0..=84.0).contains(v)));
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let spread = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
    assert!((mean - 64.0).abs() < 3.0 && (9.0..14.0).contains(&spread.sqrt()), "{mean} {spread}");
    let of_step = |step: i64| -> Vec<u8> {
        first.iter().filter(|(s, ..)| *s == step).map(|(.., v)| *v).collect()
    };
    assert!((0..40).any(|s| of_step(4 * s).windows(2).any(|v| v[0] != v[1])), "keys differ");
    let looped = play(1, 64, 20, Some((0.0, 2.0)));
    let lap = |n: i64| -> (Vec<(i64, u8)>, Vec<u8>) {
        let within = looped.iter().filter(|(step, ..)| (8 * n..8 * n + 8).contains(step));
        within.map(|(step, key, velocity)| ((step - 8 * n, *key), *velocity)).unzip()
    };
    let [(notes, velocities), (again, others)] = [1, 2].map(lap);
    assert_eq!(notes, again);
    assert!(notes.len() > 8 && velocities != others, "each pass has its own");
    for extreme in [1, 127] {
        let extremes = play(1, extreme, 64, None);
        assert!(extremes.iter().all(|(.., v)| (1..=127).contains(v)));
        assert!(extremes.iter().any(|(.., v)| *v == extreme));
    }
    assert!(play(1, 64, 0, None).iter().all(|(.., v)| *v == 64));
}

/// A mask holds for what sounds only if the transposition is that of the same moment.
#[test]
fn transposition_is_that_of_the_commit_point() {
    let mut host = Host::waiting(|_| Chord::struck_keys([60]));
    host.controls.lookahead = Lookahead::Four;
    host.run(24_000, 480);
    host.controls.transpose = 7;
    host.run(48_000, 480);
    let keys: Vec<u8> = host.onsets().iter().map(|(_, key)| *key).collect();
    let changed = keys.iter().position(|key| *key == 67).expect("it takes effect");
    // Steps up to 3 + 4 were committed before sample 24,000.
    assert_eq!(changed, 8);
    assert!(keys[..8].iter().all(|k| *k == 60) && keys[8..].iter().all(|k| *k == 67));
    let status = host.status();
    let mut ahead = status.coming().iter().filter(|shown| shown.known).peekable();
    assert!(ahead.peek().is_some());
    assert!(ahead.all(|shown| shown.chord.plays(67)), "shown as it will sound");
}

fn controls() -> impl Strategy<Value = Controls> {
    let bounds = (
        proptest::option::of(0_u8..14),
        0..Scale::ALL.len(),
        0_u8..128,
        0_u8..128,
        0_u8..12,
        0_u8..12,
        any::<bool>(),
    )
        .prop_map(|(tonic, scale, lowest, highest, most_notes, most_onsets, clear_bass)| Bounds {
            tonic,
            scale: Scale::ALL[scale],
            lowest,
            highest,
            most_notes,
            most_onsets,
            clear_bass,
        });
    let touch = (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>());
    let gate = prop_oneof![Just(1.0_f32), Just(f32::NAN), -1.0..2.0_f32];
    let mode = prop_oneof![Just(Mode::Solo), Just(Mode::Accompany)];
    (bounds, touch, gate, -24_i8..=24, 0_usize..6, mode).prop_map(
        |(bounds, (channel, velocity, accent, humanise), gate, transpose, lookahead, mode)| {
            Controls {
                mode,
                bounds,
                transpose,
                lookahead: Lookahead::ALL[lookahead],
                channel,
                velocity,
                accent,
                humanise,
                gate,
                ..Controls::default()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// All parameters change with every block. The queue itself asserts order, that nothing
    /// begins twice, and that each note ends on the channel that it began on.
    #[test]
    fn whatever_changes_nothing_sticks_and_nothing_leaves_its_bounds(
        blocks in prop::collection::vec((controls(), 1_u32..4000, any::<u64>()), 1..60),
    ) {
        let mut host = Host::parked(lengths);
        host.queue.events.clear();
        // Step by step what may sound, as it was asked for last.
        let mut may_sound: HashMap<i64, u128> = HashMap::new();
        for (controls, frames, dice) in blocks {
            host.controls = controls;
            host.block(frames);
            for request in host.take_requests() {
                // As a network would choose from what it is allowed.
                let dice = u128::from(dice) << 64 | u128::from(dice.rotate_left(17));
                let playing = dice & request.rules.allowed;
                let chord = Chord::from_masks(playing, playing & u128::from(dice as u32) << 50);
                let allowed = Chord::from_masks(request.rules.allowed, 0);
                let step = request.place.step.0;
                may_sound.insert(step, allowed.transposed(request.transpose).playing());
                let super::host::Worker::Test(end) = &mut host.worker else { unreachable!() };
                let sent = end.send(request.answered(chord));
                prop_assert!(sent);
            }
        }
        for (at, event) in &host.queue.events {
            prop_assert!(event.channel < 16 && event.velocity <= 127);
            if event.kind == NoteKind::On && *at >= 6000 {
                prop_assert!(event.velocity >= 1);
                // What comes late comes within a quarter of a step.
                let step = (at / 6000) as i64;
                let allowed = [step, step + 1].map(|s| may_sound.get(&s).copied().unwrap_or(0));
                prop_assert!((allowed[0] | allowed[1]) >> event.key & 1 == 1, "{:?} at {}", event, at);
            }
        }
        host.transport.playing = false;
        host.block(64);
        prop_assert_eq!(host.sounding(), 0);
    }
}
