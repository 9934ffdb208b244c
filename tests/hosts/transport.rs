//! What hosts do beside the rows of `rows.rs`.

use crate::support::{CONSTANT_TEMPO, FORMATS, check, check_grid, load, patient, run};
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Script, perform};

#[test]
fn start_and_stop_at_every_sample_rate_and_block_size() {
    for format in FORMATS {
        for hz in [44_100.0, 48_000.0, 96_000.0] {
            for block in [1, 64, 441, 1024, 8192] {
                let script = patient(hz, block).play().beats(8.0).stop().blocks(4);
                let what = format!("{format:?}, {hz} Hz, blocks of {block}");
                check_grid(&what, &run(format, &script), CONSTANT_TEMPO);
            }
        }
    }
}

/// A queue that takes one event a block refuses whole chords; what begins must still end.
#[test]
fn a_full_queue_hangs_no_note() {
    for format in FORMATS {
        let script =
            patient(48_000.0, 64).then(Action::Capacity(1)).play().beats(16.0).stop().blocks(200);
        let recording = run(format, &script);
        let pairing = recording.notes();
        println!("{format:?}, full queue: {pairing:?}, {} refused", recording.refused);
        assert!(recording.refused > 0, "{format:?}: the queue was never full");
        assert!(pairing.onsets > 0);
        assert_eq!(pairing.unmatched(), 0, "{format:?}: {pairing:?}");
    }
}

#[test]
fn channel_and_velocity_are_the_parameters() {
    for format in FORMATS {
        let script = patient(48_000.0, 256)
            .set("Channel", "7")
            .set("Loudness", "33")
            .set("Dynamics", "0")
            .play()
            .beats(8.0)
            .stop()
            .blocks(4);
        let recording = run(format, &script);
        check(&format!("{format:?}, channel 7, velocity 33"), &recording);
        for onset in recording.onsets() {
            assert_eq!(onset.channel, 6);
            assert_eq!((onset.velocity * 127.0).round() as u8, 33);
        }
    }
}

#[test]
fn many_instances_play_at_once() {
    const INSTANCES: usize = 16;
    for format in FORMATS {
        let mut plugins: Vec<_> = (0..INSTANCES).map(|_| load(format)).collect();
        let script = patient(48_000.0, 512).play().beats(2.0).stop().blocks(4);
        let first = perform(plugins[0].as_mut(), &script).unwrap_or_else(|e| panic!("{e}"));
        check(&format!("{format:?}, first of {INSTANCES}"), &first);
        for plugin in &mut plugins[1..] {
            let other = perform(plugin.as_mut(), &script).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(other.music(4), first.music(4), "{format:?}: instances share something");
        }
    }
}

/// A host that never stops before it unloads the plugin.
#[test]
fn unloading_while_playing_is_harmless() {
    for format in FORMATS {
        let script = Script::new(48_000.0, 64).on_the_beat().play().beats(4.0);
        drop(run(format, &script));
    }
}
