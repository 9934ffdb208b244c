//! What hosts do with their play head.

use crate::support::{ANY_TEMPO, CONSTANT_TEMPO, FORMATS, check, check_grid, load, patient, run};
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Kind, Script, perform};

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

#[test]
fn stop_ends_every_note_at_once() {
    for format in FORMATS {
        // In the middle of a step, so that notes sound.
        let script = patient(48_000.0, 64).play().beats(15.9).stop().blocks(1);
        let recording = run(format, &script);
        check(&format!("{format:?}, stop"), &recording);
        let at_rest: Vec<_> = recording.events.iter().filter(|e| !e.playing).collect();
        assert!(at_rest.iter().all(|e| e.kind == Kind::Off));
    }
}

#[test]
fn a_tempo_change_and_a_ramp_keep_the_grid() {
    for format in FORMATS {
        let script = patient(44_100.0, 256)
            .tempo(97.0)
            .play()
            .beats(4.0)
            .tempo(163.5)
            .beats(4.0)
            .ramp(40.0, 4.0)
            .ramp(999.0, 8.0)
            .beats(16.0)
            .stop()
            .blocks(4);
        check_grid(&format!("{format:?}, tempo"), &run(format, &script), ANY_TEMPO);
    }
}

#[test]
fn a_jump_leaves_nothing_behind() {
    for format in FORMATS {
        let script = patient(48_000.0, 128)
            .play()
            .beats(6.1)
            .jump(32.0)
            .beats(6.3)
            .jump(2.7)
            .beats(5.2)
            .stop()
            .blocks(2)
            .jump(-4.0)
            .blocks(8)
            .play()
            .beats(8.0)
            .stop()
            .blocks(4);
        let recording = run(format, &script);
        check_grid(&format!("{format:?}, jumps"), &recording, CONSTANT_TEMPO);
        assert!(
            recording.onsets().any(|e| e.position_beats < 0.0),
            "{format:?}: the count-in is played too"
        );
    }
}

#[test]
fn an_announced_loop_is_no_break() {
    for format in FORMATS {
        for straddle in [false, true] {
            for (start, end) in [(4.0, 8.0), (3.9, 6.05), (4.0, 4.5)] {
                let script = patient(48_000.0, 960)
                    .then(Action::Straddle(straddle))
                    .loop_beats(start, end)
                    .play()
                    .beats(24.0)
                    .loop_off()
                    .beats(4.0)
                    .stop()
                    .blocks(4);
                let what = format!("{format:?}, loop {start} to {end}, straddling: {straddle}");
                let recording = run(format, &script);
                check_grid(&what, &recording, ANY_TEMPO);
                let passes = recording.onsets().map(|e| e.pass).max().unwrap_or(0);
                assert!(passes > 4, "{what}: only {passes} passes sounded");
            }
        }
    }
}

#[test]
fn an_unannounced_loop_is_a_jump() {
    for format in FORMATS {
        let script =
            patient(48_000.0, 512).silent_loop(4.0, 8.0).play().beats(24.0).stop().blocks(4);
        let what = format!("{format:?}, unannounced loop");
        check_grid(&what, &run(format, &script), CONSTANT_TEMPO);
    }
}

#[test]
fn reset_and_reactivation_end_what_sounds() {
    for format in FORMATS {
        let script = patient(48_000.0, 64)
            .play()
            .beats(5.9)
            .reset()
            .beats(4.0)
            .then(Action::Reactivate)
            .beats(4.0)
            .sample_rate(44_100.0)
            .beats(4.0)
            .stop()
            .blocks(4);
        let what = format!("{format:?}, reset");
        check_grid(&what, &run(format, &script), CONSTANT_TEMPO);
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
            .set("Velocity", "33")
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

/// Notes that come in are not yet heard, but must do no harm.
#[test]
fn incoming_notes_do_no_harm() {
    let script = |notes: bool| {
        let mut script = patient(48_000.0, 256).play();
        for key in 40..56 {
            script = if notes { script.note_on(key) } else { script };
            script = script.beats(0.5);
            script = if notes { script.note_off(key) } else { script };
        }
        script.stop().blocks(4)
    };
    for format in FORMATS {
        let recording = run(format, &script(true));
        let pairing = recording.notes();
        assert!(pairing.onsets > 0);
        assert_eq!(pairing.unmatched(), 0, "{format:?}: {pairing:?}");
        assert_eq!(recording.counts().allocations, 0, "{format:?}: process allocated");
    }
}

/// A host that never stops before it unloads the plugin.
#[test]
fn unloading_while_playing_is_harmless() {
    for format in FORMATS {
        let script = Script::new(48_000.0, 64).play().beats(4.0);
        drop(run(format, &script));
    }
}
