//! The same music, whatever carries it: both formats, every partition into blocks, every
//! sample rate.

use crate::support::{FORMATS, STEPS_PER_BEAT, check, patient, run};
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Format, Script};

/// A performance with everything in it. Lengths are whole beats, so that all block sizes share
/// the edges at which something changes.
fn everything(script: Script) -> Script {
    script
        .play()
        .beats(8.0)
        .tempo(180.0)
        .beats(8.0)
        .jump(64.0)
        .beats(8.0)
        .set("Temperature", "1.2")
        .loop_beats(72.0, 76.0)
        .beats(12.0)
        .stop()
        .blocks(2)
        .jump(0.0)
        .loop_off()
        .samples(4_800)
        .play()
        .beats(8.0)
        .stop()
        .blocks(2)
}

#[test]
fn clap_and_vst3_play_the_same_notes() {
    let [clap, vst3] = FORMATS.map(|format| {
        let recording = run(format, &everything(patient(48_000.0, 64)));
        check(&format!("{format:?}, everything"), &recording);
        recording
    });
    let times = |recording: &anacrusis_test_host::Recording| {
        recording
            .events
            .iter()
            .map(|e| (e.time_samples, e.kind, e.key, e.channel))
            .collect::<Vec<_>>()
    };
    assert_eq!(clap.music(STEPS_PER_BEAT), vst3.music(STEPS_PER_BEAT));
    assert_eq!(times(&clap), times(&vst3), "and at the same samples, in the same order");
}

#[test]
fn every_partition_into_blocks_plays_the_same_notes() {
    for format in FORMATS {
        let whole = run(format, &everything(patient(48_000.0, 64)));
        for sizes in [&[1][..], &[480], &[8192], &[1, 7, 64, 1000, 3, 8192, 255]] {
            let script = everything(patient(48_000.0, 64).block_sizes(sizes));
            let recording = run(format, &script);
            check(&format!("{format:?}, blocks of {sizes:?}"), &recording);
            assert_eq!(
                recording.music(STEPS_PER_BEAT),
                whole.music(STEPS_PER_BEAT),
                "{format:?}: blocks of {sizes:?} play other notes than blocks of 64"
            );
        }
    }
}

#[test]
fn every_sample_rate_plays_the_same_notes() {
    let script = |hz| patient(hz, 256).play().beats(16.0).stop().blocks(4);
    let at_48k = run(Format::Clap, &script(48_000.0));
    for hz in [44_100.0, 96_000.0] {
        let recording = run(Format::Clap, &script(hz));
        assert_eq!(recording.music(STEPS_PER_BEAT), at_48k.music(STEPS_PER_BEAT), "{hz} Hz");
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

/// A bounce must equal the performance; an offline host need not set the switch. Both formats
/// tell of it when they activate, and the VST3 framework only at the second time.
#[test]
fn an_offline_render_equals_the_waiting_performance() {
    for format in FORMATS {
        let waiting = run(format, &patient(48_000.0, 256).play().beats(16.0).stop().blocks(4));
        let script = Script::new(48_000.0, 256)
            .offline(true)
            .then(Action::Reactivate)
            .samples(4_800)
            .play()
            .beats(16.0)
            .stop()
            .blocks(4);
        let offline = run(format, &script);
        check(&format!("{format:?}, offline"), &offline);
        assert_eq!(offline.music(STEPS_PER_BEAT), waiting.music(STEPS_PER_BEAT), "{format:?}");
    }
}
