//! Loudness: as loud as the musician, around the velocity that is set, the same however blocks are cut,
//! and kept with the take.

use super::host::Host;
use super::takes::{jam, play, play_from, play_with, recorded, stop};
use super::work::Instance;
use anacrusis::jam::controls::{Lookahead, Mode, Replay};
use anacrusis::jam::input::InputEvent;
use anacrusis::jam::player::NoteKind;
use anacrusis::music::Chord;

/// A beat at 120 BPM and 48 kHz.
const BEAT: u32 = 24_000;

/// Our channel; the musician's is the first.
const OURS: u8 = 5;

/// How hard a musician strikes a key on each beat who swells from 30 to 120 over 12 bars, and back.
fn swell() -> Vec<u8> {
    let up = (0..48).map(|beat| 30 + (90 * beat / 47) as u8);
    let both: Vec<u8> = up.clone().chain(up.rev()).collect();
    both
}

/// (sample, key, velocity) of what begins in each beat beside them, in blocks of `frames`; three keys
/// are struck in each step.
fn beside(frames: u32, change: impl FnOnce(&mut Host)) -> Vec<Vec<(u64, u8, u8)>> {
    let mut host = Host::waiting(|_| Chord::struck_keys([48, 52, 55]));
    host.controls.channel = OURS;
    host.controls.dynamics = 1.0;
    change(&mut host);
    for velocity in swell() {
        host.input.push(InputEvent::on(0, 0, 84, velocity));
        host.run(BEAT / 2, frames);
        host.let_go(0, 84);
        host.run(BEAT / 2, frames);
    }
    let mut beats = vec![vec![]; swell().len()];
    for (at, event) in &host.queue.events {
        if event.kind == NoteKind::On && event.channel == OURS {
            beats[(at / u64::from(BEAT)) as usize].push((*at, event.key, event.velocity));
        }
    }
    beats
}

fn means(beats: &[Vec<(u64, u8, u8)>]) -> Vec<f64> {
    let mean = |beat: &Vec<(u64, u8, u8)>| {
        beat.iter().map(|(.., velocity)| f64::from(*velocity)).sum::<f64>() / beat.len() as f64
    };
    beats.iter().map(mean).collect()
}

/// Pearson's.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| f(a - mean_a, b - mean_b)).sum()
    };
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

#[test]
fn it_swells_with_the_musician() {
    let played: Vec<f64> = swell().into_iter().map(f64::from).collect();
    let own = means(&beside(480, |_| ()));
    let together = correlation(&played, &own);
    println!("beat by beat, the musician and the accompaniment:");
    played.iter().zip(&own).step_by(4).for_each(|(a, b)| println!("  {a:5.0} {b:5.1}"));
    println!("correlation {together:.3}");
    assert!(together > 0.95, "{together}");
    // A bar of rising lags by half a bar: four velocities.
    let farthest = played.iter().zip(&own).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(farthest < 8.0, "{farthest}");

    let half = means(&beside(480, |host| host.controls.dynamics = 0.5));
    let span = |own: &[f64]| {
        own.iter().copied().fold(0.0, f64::max) - own.iter().copied().fold(127.0, f64::min)
    };
    assert!((span(&half) - span(&own) / 2.0).abs() < 3.0, "{} of {}", span(&half), span(&own));
    let softer = means(&beside(480, |host| host.controls.velocity = 60));
    let middle = |own: &[f64]| own[20];
    assert!((middle(&own) - middle(&softer) - 20.0).abs() < 1e-9);
}

#[test]
fn without_dynamics_or_a_musician_who_is_heard_it_is_the_velocity_that_is_set() {
    let flat = beside(480, |host| host.controls.dynamics = 0.0);
    assert!(flat.iter().flatten().all(|(.., velocity)| *velocity == 80));
    let solo = means(&beside(480, |host| host.controls.mode = Mode::Solo));
    assert!(solo.iter().all(|mean| (mean - solo[0]).abs() < 1e-9 && (mean - 80.0).abs() < 2.0));
}

#[test]
fn velocities_are_the_same_however_blocks_are_cut() {
    for reaction_ms in [0.0, 12.0] {
        let change = |host: &mut Host| host.controls.reaction_ms = reaction_ms;
        assert_eq!(beside(64, change), beside(1000, change));
    }
}

/// What was struck live sounds so, and then, in the bounce, whatever knobs were moved since.
#[test]
fn a_bounce_is_struck_as_it_was_heard() {
    let timings = [
        (0.0, 1.0, false, 0.5),
        (20.0, 0.7, true, 0.6),
        (0.0, 0.4, true, 0.5),
        (5.0, 1.0, false, 0.7),
        (0.0, 1.0, false, 0.66),
        (0.0, 0.2, false, 0.5),
    ];
    for (n, live) in timings.into_iter().enumerate() {
        let bounced = timings[(n + 1) % timings.len()];
        let mut instance = jam();
        let set = |instance: &mut Instance<_>, (reaction_ms, gate, split, share)| {
            let controls = &mut instance.controls;
            (controls.reaction_ms, controls.gate, controls.split) = (reaction_ms, gate, split);
            controls.groove.swing.share = share;
            controls.groove.timing_ms = if split { 4.0 } else { 0.0 };
        };
        set(&mut instance, live);
        instance.controls.lookahead = Lookahead::ALL[n % 3];
        let controls = &mut instance.controls;
        (controls.dynamics, controls.humanise, controls.channel) = (1.0, 12, 3);
        controls.transpose = 5;
        instance.out.0.clear();
        play(&mut instance, 4);
        play_with(&mut instance, &[60, 61], true);
        play(&mut instance, 27);
        stop(&mut instance);
        recorded(&instance, 32);
        let heard = std::mem::take(&mut instance.out.0);
        set(&mut instance, bounced);
        instance.controls.lookahead = Lookahead::ALL[(n + 2) % 4];
        let controls = &mut instance.controls;
        (controls.dynamics, controls.humanise, controls.channel) = (0.0, 0, 9);
        (controls.transpose, controls.velocity, controls.accent, controls.seed) = (0, 33, 20, 7);
        controls.replay = Replay::Bounces;
        instance.transport.offline = true;
        play_from(&mut instance, 0, 32);
        assert_eq!(instance.out.0, heard, "{live:?} as {bounced:?}");
        assert!(heard.iter().any(|event| event.velocity != heard[0].velocity));
        let channels = if live.2 { 3..=5 } else { 3..=3 };
        assert!(heard.iter().all(|event| channels.contains(&event.channel)));
        assert_eq!(heard.iter().any(|event| event.channel != heard[0].channel), live.2);
    }
}
