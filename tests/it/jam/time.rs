//! Boundaries: where they lie, whatever the block, the tempo and the host's rounding.

use super::host::{Host, key_of, tell_step};
use anacrusis::jam::controls::Lookahead;
use anacrusis::jam::transport::Reason;
use anacrusis::music::{Grid, Rate};

/// Where the steps from `begin_beats` on begin, in samples, at a constant tempo.
fn analytic(host: &Host, begin_beats: f64, samples: u32) -> Vec<(f64, i64)> {
    let grid = Grid { rate: host.controls.rate };
    let first = grid.step_from(begin_beats - 1e-9).0;
    (first..)
        .map(|k| {
            let step = anacrusis::music::Step(k);
            ((grid.start_beats(step) - begin_beats) / host.beats_per_sample(), k)
        })
        .take_while(|(at, _)| *at < f64::from(samples) - 0.501)
        .collect()
}

fn assert_on_grid(host: &Host, expected: &[(f64, i64)], tolerance: f64) {
    let onsets = host.onsets();
    assert_eq!(onsets.len(), expected.len(), "steps: {expected:?} but {onsets:?}");
    for ((at, key), (analytic, step)) in onsets.iter().zip(expected) {
        assert_eq!(*key, key_of(*step), "at {at}");
        let off = (*at as f64 - analytic).abs();
        assert!(off <= tolerance, "step {step} is {off} samples off");
    }
}

#[test]
fn every_step_sounds_at_its_nearest_sample() {
    for (tempo_bpm, sample_rate, frames) in [
        (120.0, 44_100.0, 512),
        (97.3, 48_000.0, 1),
        (999.0, 44_100.0, 8192),
        (20.5, 192_000.0, 4096),
        (174.0, 96_000.0, 33),
    ] {
        for rate in Rate::ALL {
            for begin_beats in [0.0, -4.0, 1.1, 1000.25] {
                let mut host = Host::waiting(tell_step);
                host.transport.tempo_bpm = Some(tempo_bpm);
                host.transport.sample_rate = sample_rate;
                host.transport.position_beats = Some(begin_beats);
                host.controls.rate = rate;
                let samples = 20_000;
                let expected = analytic(&host, begin_beats, samples);
                host.run(samples, frames);
                assert_on_grid(&host, &expected, 0.501);
            }
        }
    }
}

#[test]
fn one_block_holds_many_boundaries_and_many_blocks_hold_none() {
    let mut host = Host::waiting(tell_step);
    host.transport.tempo_bpm = Some(999.0);
    host.transport.sample_rate = 44_100.0;
    let expected = analytic(&host, 0.0, 8192);
    assert!(expected.len() > 10);
    host.block(8192);
    assert_on_grid(&host, &expected, 0.501);
}

/// The same performance in other blocks, with changes at sample 24,000 and 48,000.
fn performance(cut: impl Fn(usize) -> u32, lookahead: Lookahead) -> Host {
    let mut host = Host::waiting(tell_step);
    host.controls.lookahead = lookahead;
    host.transport.sample_rate = 44_100.0;
    host.transport.loop_beats = Some((0.3, 1.7));
    let mut blocks = 0;
    for (tempo_bpm, channel, jump) in [(120.0, 0, None), (97.0, 3, None), (120.0, 3, Some(8.2))] {
        host.transport.tempo_bpm = Some(tempo_bpm);
        host.controls.channel = channel;
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
fn the_same_notes_however_blocks_are_cut() {
    for lookahead in [Lookahead::Quarter, Lookahead::One, Lookahead::Eight] {
        let whole = performance(|_| 24_000, lookahead);
        assert!(whole.onsets().len() > 10);
        for frames in [1, 7, 64, 441, 8192] {
            let cut = performance(|_| frames, lookahead);
            let same =
                whole.queue.events.iter().map(absolute).eq(cut.queue.events.iter().map(absolute));
            assert!(same, "blocks of {frames}, {lookahead:?}");
        }
        let mixed = performance(|n| [1, 999, 64, 3000, 2][n % 5], lookahead);
        assert!(
            whole.queue.events.iter().map(absolute).eq(mixed.queue.events.iter().map(absolute))
        );
    }
}

fn absolute(
    (at, event): &(u64, anacrusis::jam::player::NoteEvent),
) -> (u64, anacrusis::jam::player::NoteEvent) {
    (*at, anacrusis::jam::player::NoteEvent { offset_samples: 0, ..*event })
}

#[test]
fn a_tempo_ramp_keeps_every_onset_within_a_sample() {
    let (from, to, seconds, rate) = (90.0, 180.0, 4.0, 48_000.0);
    // beats(t) = (from t + (to - from) t^2 / 2 seconds) / 60.
    let beats = |t: f64| (from * t + (to - from) * t * t / (2.0 * seconds)) / 60.0;
    let mut host = Host::waiting(tell_step);
    let frames = 64;
    for block in 0..(seconds * rate / f64::from(frames)) as u32 {
        let t = f64::from(block * frames) / rate;
        host.transport.tempo_bpm = Some(from + (to - from) * t / seconds);
        host.transport.position_beats = Some(beats(t));
        host.process(frames);
    }
    let onsets = host.onsets();
    assert_eq!(onsets.len(), (beats(seconds) * 4.0).ceil() as usize);
    for (k, (at, key)) in onsets.iter().enumerate() {
        assert_eq!(*key, key_of(k as i64));
        let t = *at as f64 / rate;
        let tempo_bpm = from + (to - from) * t / seconds;
        let samples = (beats(t) - k as f64 / 4.0).abs() * 60.0 * rate / tempo_bpm;
        assert!(samples <= 1.0, "step {k} is {samples} samples off");
    }
}

#[test]
fn a_tempo_that_falls_within_a_block_is_no_jump() {
    let mut host = Host::waiting(tell_step);
    host.block(8192);
    let epoch = host.status().epoch;
    // The host changed to 60 BPM in the middle of the block before.
    host.transport.position_beats = Some(0.75 * 8192.0 * host.beats_per_sample());
    host.transport.tempo_bpm = Some(60.0);
    host.run(96_000, 512);
    assert_eq!(host.status().epoch, epoch);
    let keys: Vec<u8> = host.onsets().iter().map(|(_, key)| *key).collect();
    assert_eq!(keys, (0..keys.len() as i64).map(key_of).collect::<Vec<_>>(), "each step once");
}

#[test]
fn jitter_of_the_position_neither_doubles_nor_loses_a_step() {
    let mut host = Host::waiting(tell_step);
    let mut noise = 1_u64;
    let mut exact = 0.0;
    while exact < 15.9 {
        noise = noise.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let jitter = ((noise >> 40) as f64 / f64::from(1 << 24) - 0.5) / 64.0;
        host.transport.position_beats = Some(if exact > 0.0 { exact + jitter } else { 0.0 });
        host.process(300);
        exact += 300.0 * host.beats_per_sample();
    }
    let keys: Vec<u8> = host.onsets().iter().map(|(_, key)| *key).collect();
    assert_eq!(keys, (0..64).map(key_of).collect::<Vec<_>>());
}

#[test]
fn a_small_slip_forward_plays_what_it_skipped_at_the_first_sample() {
    let mut host = Host::waiting(tell_step);
    host.run(4800, 480);
    host.transport.position_beats = Some(host.position() + 0.2);
    let slipped_at = host.queue.origin;
    host.run(2400, 480);
    assert_eq!(host.onsets().get(1), Some(&(slipped_at, key_of(1))), "skipped at 6000");
}

#[test]
fn without_tempo_or_position_nothing_is_guessed() {
    for (tempo, position, reason) in [
        (None, Some(1.0), Reason::NoTempo),
        (Some(f64::NAN), Some(1.0), Reason::NoTempo),
        (Some(0.0), Some(1.0), Reason::NoTempo),
        (Some(-120.0), Some(1.0), Reason::NoTempo),
        (Some(f64::INFINITY), Some(1.0), Reason::NoTempo),
        (Some(120.0), None, Reason::NoPosition),
        (Some(120.0), Some(f64::NAN), Reason::NoPosition),
    ] {
        let mut host = Host::waiting(tell_step);
        host.run(9_600, 480);
        assert_eq!(host.sounding(), 1);
        let good = host.transport;
        let gone_at = host.queue.origin;
        host.transport.tempo_bpm = tempo;
        host.transport.position_beats = position;
        (0..50).for_each(|_| host.process(480));
        assert_eq!(host.sounding(), 0);
        assert_eq!(host.queue.events.last().map(|(at, _)| *at), Some(gone_at));
        assert_eq!(host.status().reason, reason);
        host.transport = good;
        host.run(9_600, 480);
        assert_eq!(host.status().reason, Reason::Playing);
        assert_eq!(host.sounding(), 1);
    }
}

#[test]
fn a_block_of_no_samples_is_no_time() {
    let mut with = Host::waiting(tell_step);
    let mut without = Host::waiting(tell_step);
    for block in 0..200 {
        if block % 3 == 0 {
            with.process(0);
        }
        with.block(300);
        without.block(300);
    }
    assert_eq!(with.queue.events, without.queue.events);
    assert!(with.onsets().len() > 5);
}
