//! A live host: its blocks come when they are due and it waits for nobody.

use crate::support::{FORMATS, STEPS_PER_BEAT, check, load, patient, run, whole_machine};
use anacrusis_test_host::{Kind, Recording, Script, perform};
use std::collections::{HashMap, HashSet};

/// Blocks of 64 samples at 480 BPM: four times what is mostly asked of the plugin. (At four times
/// the speed it would take the host for one that renders.)
#[test]
fn nothing_wrong_sounds_and_nothing_forbidden_is_done() {
    const BEATS: f64 = 32.0;
    const FRAMES: u32 = 64;
    const HZ: f64 = 48_000.0;
    let _alone = whole_machine();
    for format in FORMATS {
        let patient =
            run(format, &patient(HZ, FRAMES).tempo(480.0).play().beats(BEATS).stop().blocks(4));
        let script = Script::new(HZ, FRAMES)
            .on_the_beat()
            .live(1.0)
            // Long enough for the model to open, on a machine with other work, too.
            .samples(2 * HZ as u64)
            .tempo(480.0)
            .play()
            .beats(BEATS)
            .stop()
            .samples(HZ as u64 / 4)
            .save_state("project");
        let live = run(format, &script);
        check(&format!("{format:?}, live"), &live);

        // Nobody waits, so nothing sleeps, parks, wakes or meets a lock.
        let counts = live.counts();
        assert_eq!(counts.system_calls, 0, "{format:?}: process made system calls");

        // What a slow machine drops becomes a rest, never a wrong note: every key that sounds was
        // decided to sound in its step, as the bounce of the project plays it. (A key held on
        // from a step that was dropped begins late.) What a worker far behind gives up is no part
        // of that, and the music then goes on otherwise; while nothing is dropped it is what a
        // patient host hears.
        let onsets = |recording: &Recording| -> HashSet<(i64, u8)> {
            recording.onsets().map(|e| (e.step(STEPS_PER_BEAT), e.key)).collect()
        };
        let mut other = load(format);
        other.load_state(&live.states["project"]).unwrap_or_else(|e| panic!("{format:?}: {e}"));
        let bounce = Script::new(HZ, 512).on_the_beat().offline(true).samples(4_800).tempo(480.0);
        let bounce = bounce.play().beats(BEATS).stop().blocks(4);
        let bounced =
            perform(other.as_mut(), &bounce).unwrap_or_else(|e| panic!("{format:?}: {e}"));
        let (meant, sounded) = (onsets(&bounced), onsets(&live));
        let decided = sounding(&bounced);
        let wrong: Vec<_> = sounded.difference(&decided).collect();
        assert!(wrong.is_empty(), "{format:?}: sounded but never meant: {wrong:?}");
        if sounded == meant {
            assert_eq!(
                sounded,
                onsets(&patient),
                "{format:?}: other music than that of a patient host"
            );
        }
        let missed: HashSet<i64> = meant.difference(&sounded).map(|(step, _)| *step).collect();
        let late = live.onsets().filter(|e| e.off_grid_samples(STEPS_PER_BEAT) > 1.0).count();
        println!(
            "{format:?}, live: {} of {} onsets sounded, {} steps missed, {late} onsets late",
            sounded.len(),
            meant.len(),
            missed.len(),
        );
        if let Some(times) = live.process_times(FRAMES, [0.5, 0.999, 1.0]) {
            let block = f64::from(FRAMES) / HZ;
            let shares = times.map(|time| 100.0 * time.as_secs_f64() / block);
            println!(
                "{format:?}, process at {FRAMES} samples: median {:.4} % of the block, 99.9 % \
                 within {:.3} %, worst {:.2} %; {} allocations, {} frees, {} system calls in {} \
                 calls",
                shares[0],
                shares[1],
                shares[2],
                counts.allocations,
                counts.frees,
                counts.system_calls,
                live.calls.len(),
            );
        }
    }
}

/// Every step in which a key sounds, with the key.
fn sounding(recording: &Recording) -> HashSet<(i64, u8)> {
    let mut steps = HashSet::new();
    let mut begun = HashMap::new();
    for event in &recording.events {
        let step = event.step(STEPS_PER_BEAT);
        let from = match event.kind {
            Kind::On => begun.insert(event.key, step),
            _ => begun.remove(&event.key),
        };
        let from = from.unwrap_or(step);
        steps.extend((from..step.max(from + 1)).map(|step| (step, event.key)));
    }
    steps
}
