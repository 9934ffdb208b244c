//! Renders at full speed that nobody has to announce by a parameter: no note is dropped.

use crate::support::{FORMATS, FRONTS, STEPS_PER_BEAT, check, load, patient, run};
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Format, Kind, Recording, Script, perform};

const BEATS: f64 = 24.0;

/// The music of the play from beat `from` on, in steps.
fn music(recording: &Recording, from_sample: u64) -> Vec<(i64, Kind, u8, u8, u8)> {
    let events = recording.events.iter().filter(|e| e.time_samples >= from_sample).copied();
    Recording { events: events.collect(), ..Recording::default() }.music(STEPS_PER_BEAT)
}

fn meant(format: Format) -> Vec<(i64, Kind, u8, u8, u8)> {
    let script = patient(48_000.0, 512).play().beats(BEATS).stop().blocks(4);
    run(format, &script).music(STEPS_PER_BEAT)
}

/// A performance in which a musician holds two keys for a beat in each bar but the first; saved as
/// "project".
fn jam() -> Script {
    let key = |on, key| Action::Note { offset_samples: 7, on, key, channel: 0, velocity: 0.8 };
    let mut script = patient(48_000.0, 512).set("Seed", "3").play().beats(4.0);
    for _ in 1..(BEATS / 4.0) as usize {
        script = script.then(key(true, 72)).then(key(true, 76)).beats(1.0);
        script = script.then(key(false, 72)).then(key(false, 76)).beats(3.0);
    }
    script.stop().samples(9_600).save_state("project")
}

/// The host says so before it activates: CLAP by `render.set`, VST3 in `setupProcessing`.
#[test]
fn a_render_from_activation_drops_no_note() {
    for format in FORMATS {
        for blocks_at_rest in [0, 2] {
            let script = Script::new(48_000.0, 512)
                .on_the_beat()
                .offline(true)
                .blocks(blocks_at_rest)
                .play()
                .beats(BEATS)
                .stop()
                .blocks(4);
            let recording = run(format, &script);
            check(&format!("{format:?}, render after {blocks_at_rest} blocks"), &recording);
            assert_eq!(recording.music(STEPS_PER_BEAT), meant(format), "{format:?}");
        }
    }
}

/// A session that was live: CLAP hosts say so while it is active and activate anew when asked
/// to, VST3 hosts set it up anew.
#[test]
fn a_live_session_that_bounces_drops_no_note() {
    for format in FORMATS {
        let script = Script::new(48_000.0, 512)
            .on_the_beat()
            .live(1.0)
            .samples(24_000)
            .play()
            .beats(2.0)
            .stop()
            .blocks(8)
            .jump(0.0)
            .then(Action::Pace(None))
            .offline(true);
        let mut plugin = load(format);
        let live = perform(plugin.as_mut(), &script.clone()).unwrap_or_else(|e| panic!("{e}"));
        let lived: u64 = live.spans.iter().map(|span| u64::from(span.frames)).sum();
        // And back: bounced twice, with live blocks between, on one instance.
        let bounce = |script: Script| script.play().beats(BEATS).stop().blocks(8);
        let between = |script: Script| {
            script.offline(false).live(1.0).samples(9_600).then(Action::Pace(None)).jump(0.0)
        };
        let script = bounce(between(bounce(script)).offline(true));
        let mut plugin = load(format);
        let recording = perform(plugin.as_mut(), &script).unwrap_or_else(|e| panic!("{e}"));
        let pairing = recording.notes();
        assert_eq!(pairing.unmatched(), 0, "{format:?}: {pairing:?}");
        let meant = meant(format);
        let bounced = music(&recording, lived);
        assert_eq!(bounced.len(), 2 * meant.len(), "{format:?}: notes were dropped or added");
        assert_eq!(bounced[..meant.len()], meant, "{format:?}: the first bounce");
        assert_eq!(bounced[meant.len()..], meant, "{format:?}: the second bounce");
    }
}

/// A bounce is what was heard: the take that the project holds, without the musician who played
/// along.
#[test]
fn a_bounce_is_the_performance_that_the_project_holds() {
    for format in FRONTS {
        let mut plugin = load(format);
        let heard = perform(plugin.as_mut(), &jam()).unwrap_or_else(|e| panic!("{format:?}: {e}"));
        check(&format!("{format:?}, a jam"), &heard);
        let heard_music = heard.music(STEPS_PER_BEAT);
        let play = |script: Script| script.play().beats(BEATS).stop().samples(9_600);
        let again = |script: Script| {
            let mut other = load(format);
            let state = &heard.states["project"];
            other.load_state(state).unwrap_or_else(|e| panic!("{format:?}: {e}"));
            let recording = perform(other.as_mut(), &play(script));
            recording.unwrap_or_else(|e| panic!("{format:?}: {e}")).music(STEPS_PER_BEAT)
        };
        let live = || Script::new(48_000.0, 512).on_the_beat().samples(48_000);
        assert_eq!(again(live().set("Replay", "Always")), heard_music, "{format:?}: replayed");
        let bounce = Script::new(48_000.0, 512).on_the_beat().offline(true).samples(4_800);
        assert_eq!(again(bounce), heard_music, "{format:?}: bounced");
        let anew = again(live().set("Replay", "Never"));
        assert_ne!(anew, heard_music, "{format:?}: without the musician it is other music");
    }
}

/// A host that renders and never says so is known by its pace, after half a second of sound.
#[test]
fn a_render_that_nobody_announces_is_known_by_its_pace() {
    for format in FORMATS {
        let begun = Script::new(48_000.0, 512)
            .on_the_beat()
            // What was played too soon to be waited for is no take to replay.
            .set("Replay", "Never")
            .live(1.0)
            .samples(24_000)
            .then(Action::Pace(None))
            .play()
            .beats(8.0)
            .stop()
            .samples(9_600)
            .jump(0.0);
        let known_from = 24_000 + 4 * 48_000 + 9_600;
        let recording = run(format, &begun.play().beats(BEATS).stop().blocks(4));
        check(&format!("{format:?}, unannounced render"), &recording);
        assert_eq!(music(&recording, known_from), meant(format), "{format:?}");
    }
}

/// And it gets what was heard: the take is replayed from then on.
#[test]
fn a_render_that_nobody_announces_replays_the_take() {
    for format in FORMATS {
        let mut plugin = load(format);
        let heard = perform(plugin.as_mut(), &jam()).unwrap_or_else(|e| panic!("{format:?}: {e}"));
        let render = Script::new(48_000.0, 512)
            .on_the_beat()
            .set("Wait for notes", "Off")
            // Long enough for the worker to write down what was heard.
            .live(1.0)
            .samples(24_000)
            .then(Action::Pace(None))
            .play()
            .beats(BEATS)
            .stop()
            .samples(9_600);
        let rendered =
            perform(plugin.as_mut(), &render).unwrap_or_else(|e| panic!("{format:?}: {e}"));
        // Half a second of sound tells that it is a render; ends of what began in it follow.
        let known = |note: &(i64, Kind, u8, u8, u8)| note.0 >= 8 && note.1 == Kind::On;
        let notes = |recording: &Recording| -> Vec<(i64, Kind, u8, u8, u8)> {
            recording.music(STEPS_PER_BEAT).into_iter().filter(known).collect()
        };
        assert!(notes(&heard).len() > 15, "{format:?}: {}", notes(&heard).len());
        assert_eq!(notes(&rendered), notes(&heard), "{format:?}");
    }
}
