//! The same music, whatever carries it: every front, every partition into blocks, every sample
//! rate, realtime and offline.

use crate::support::{FORMATS, FRONTS, STEPS_PER_BEAT, patient, run};
use anacrusis_test_host::performer::{Front, shipped_as};
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Format, Script, perform};

/// A performance with everything in it. Lengths are whole beats, so that all block sizes share
/// the edges at which something changes.
fn everything(script: Script) -> Script {
    script
        // What is played twice is generated twice: a render would replay it.
        .set("Replay", "Never")
        .play()
        .beats(8.0)
        .tempo(180.0)
        .beats(8.0)
        .jump(64.0)
        .beats(8.0)
        .set("Wild", "1.2")
        .loop_beats(72.0, 76.0)
        .beats(12.0)
        .stop()
        .samples(9_600)
        .jump(0.0)
        .loop_off()
        .samples(4_800)
        .play()
        .beats(8.0)
        .stop()
        .samples(9_600)
}

/// One project, whatever carries it: a digest for each run, and all of them equal.
#[test]
fn one_project_is_one_music() {
    let mut random = Vec::new();
    let mut x = 12_345_u32;
    for _ in 0..64 {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        random.push(1 + (x >> 16) % 2048);
    }
    let partitions: [(&str, &[u32]); 5] =
        [("1", &[1]), ("64", &[64]), ("333", &[333]), ("4096", &[4096]), ("random", &random)];
    let mut music = None;
    println!(
        "{:<10} {:>8} {:>8} {:<9} {:>6}  {:<16} {:<16}",
        "front", "rate Hz", "blocks", "mode", "events", "in samples", "in steps"
    );
    for hz in [44_100.0, 48_000.0, 96_000.0] {
        let mut samples = None;
        for front in FRONTS {
            for (name, sizes) in partitions {
                for offline in [false, true] {
                    if offline && !["64", "4096"].contains(&name) {
                        continue;
                    }
                    let script = everything(if offline {
                        Script::new(hz, 64)
                            .on_the_beat()
                            .offline(true)
                            .block_sizes(sizes)
                            .samples(hz as u64 / 20)
                    } else {
                        patient(hz, 64).block_sizes(sizes)
                    });
                    let recording = run(front, &script);
                    let digests = (recording.digest(), recording.digest_of_music(STEPS_PER_BEAT));
                    println!(
                        "{:<10} {hz:>8} {name:>8} {:<9} {:>6}  {:016x} {:016x}",
                        format!("{front:?}"),
                        if offline { "offline" } else { "realtime" },
                        recording.events.len(),
                        digests.0,
                        digests.1,
                    );
                    assert!(recording.events.len() > 100);
                    assert_eq!(recording.notes().unmatched(), 0);
                    assert_eq!(*samples.get_or_insert(digests.0), digests.0, "other samples");
                    assert_eq!(*music.get_or_insert(digests.1), digests.1, "other music");
                }
            }
        }
    }
}

#[test]
fn two_runs_are_identical_and_two_seeds_are_not() {
    let script = |seed: &str| {
        patient(48_000.0, 256).set("Seed", seed).samples(24_000).play().beats(16.0).stop().blocks(4)
    };
    let music = |seed| run(Format::Clap, &script(seed)).music(STEPS_PER_BEAT);
    assert_eq!(music("1"), music("1"));
    assert_ne!(music("1"), music("2"));
}

/// Both formats, told to play another built-in model than the default, play what its file plays.
#[test]
fn another_built_in_model_is_that_of_its_file() {
    let script = |rest: f64| {
        Script::new(48_000.0, 64)
            .on_the_beat()
            .set("Wait for notes", "On")
            .set("Model", "Pop (built in)")
            .live(1.0)
            .samples((rest * 48_000.0) as u64)
            .then(Action::Pace(None))
            .play()
            .beats(32.0)
            .stop()
            .samples(9_600)
    };
    let mut front = Front::with_model(shipped_as("pop"));
    let plain = patient(48_000.0, 64).play().beats(32.0).stop().samples(9_600);
    let music = |recording: &anacrusis_test_host::Recording| {
        assert_eq!(recording.notes().unmatched(), 0);
        recording.digest_of_music(STEPS_PER_BEAT)
    };
    let wanted = music(&perform(&mut front, &plain).expect("the performer's"));
    assert_ne!(wanted, music(&run(Format::Performer, &plain)), "that of the first");
    for format in FORMATS {
        // How long a model takes to open depends on the machine.
        let found = [0.5, 2.0, 8.0].map(|rest| move || music(&run(format, &script(rest))));
        assert!(found.into_iter().any(|play| play() == wanted), "{format:?}");
    }
}
