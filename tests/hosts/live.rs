//! A live host: its blocks come when they are due and it waits for nobody.

use crate::support::{FORMATS, STEPS_PER_BEAT, check, patient, run, whole_machine};
use anacrusis_test_host::Script;
use std::collections::HashSet;

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
            .live(1.0)
            .samples(HZ as u64 / 2)
            .tempo(480.0)
            .play()
            .beats(BEATS)
            .stop()
            .blocks(4);
        let live = run(format, &script);
        check(&format!("{format:?}, live"), &live);

        // Nobody waits, so nothing sleeps, parks, wakes or meets a lock.
        let counts = live.counts();
        assert_eq!(counts.system_calls, 0, "{format:?}: process made system calls");

        // What a slow machine drops becomes a rest, never a wrong note.
        let onsets = |recording: &anacrusis_test_host::Recording| -> HashSet<(i64, u8)> {
            recording.onsets().map(|e| (e.step(STEPS_PER_BEAT), e.key)).collect()
        };
        let (meant, sounded) = (onsets(&patient), onsets(&live));
        let wrong: Vec<_> = sounded.difference(&meant).collect();
        assert!(wrong.is_empty(), "{format:?}: sounded but never meant: {wrong:?}");
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
