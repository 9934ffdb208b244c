//! When within a step notes sound, in the built plugin; and that a bounce is what was heard whatever was
//! moved since.

use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Format, Kind, Recording, Script, perform};

use crate::support::{FORMATS, load, run};

/// Samples of a sixteenth at 120 BPM and 48 kHz.
const STEP: u64 = 6_000;

/// How much later than an even eighth the second one is: 66 % of a beat, and 18 ms.
const LATE: u64 = 3_840 + 864;

/// A host that waits for every chord, before it plays.
fn waiting(block: u32) -> Script {
    let script = Script::new(48_000.0, block).without_thru().set("Wait for notes", "On");
    script.live(1.0).samples(4_800).then(Action::Pace(None))
}

/// A musician who plays a note on each beat, and its fifth a little after the second eighth with its
/// swing of two to one.
fn dragging(mut script: Script, beats: u32) -> Script {
    for _ in 0..beats {
        script = script.note_on(72).samples(2 * STEP).note_off(72).samples(LATE);
        script = script.note_on(79).samples(2 * STEP - LATE).note_off(79);
    }
    script
}

/// When what begins, how loud and where.
type Heard = Vec<(u64, Kind, u8, u8, u8)>;

fn heard(recording: &Recording) -> Heard {
    let from = recording.events.first().map_or(0, |event| event.time_samples);
    let event = |event: &anacrusis_test_host::Recorded| {
        let velocity = (127.0 * event.velocity).round() as u8;
        let at = event.time_samples - from;
        // Of what happens at one sample the order is the format's.
        (
            at,
            event.kind,
            event.key,
            event.channel,
            if event.kind == Kind::On { velocity } else { 0 },
        )
    };
    let mut heard: Heard = recording.events.iter().map(event).collect();
    heard.sort_unstable();
    heard
}

#[test]
fn a_groove_is_the_same_in_both_formats_however_blocks_are_cut() {
    let script = |block| {
        let script = waiting(block)
            .set("Swing", "66 %")
            .set("Lay back", "2.0")
            .set("Timing", "4.0")
            .set("Groove", "50 %")
            .set("Split", "On");
        dragging(script.play(), 24).stop().samples(9_600)
    };
    let expected = run(Format::Clap, &script(64));
    let at = |place: u64, recording: &Recording| -> Vec<f64> {
        let steps = recording.onsets().map(|event| event.position_beats * 4.0);
        let late = steps.map(|step| (step.floor() as u64, step.fract()));
        late.filter(|(step, _)| step % 4 == place).map(|(_, late)| late).collect()
    };
    for place in 0..4 {
        let late = at(place, &expected);
        let mean = late.iter().sum::<f64>() / late.len().max(1) as f64;
        println!("step {place} of a beat: {} onsets, {mean:.3} of a step late", late.len());
    }
    let second = at(2, &expected);
    assert!(second.iter().all(|late| *late > 0.6), "{second:?}");
    assert!(heard(&expected).iter().any(|event| event.3 > 0), "on three channels");
    for format in FORMATS {
        for block in [64, 100, 288] {
            assert_eq!(heard(&run(format, &script(block))), heard(&expected), "{format:?} {block}");
        }
    }
}

/// What can be set, and to what: everything but the grid itself, what is replayed, and what silences.
const MOVED: [(&str, &str); 34] = [
    ("Mode", "Solo"),
    ("Reaction", "0.0"),
    ("Follow", "0 %"),
    ("Start with me", "On"),
    ("Stop with me", "On"),
    ("Room", "Off"),
    ("Double", "On"),
    ("Sustain", "On"),
    ("Wild", "1.50"),
    ("Busy", "0.50"),
    ("Truncation", "10.0 %"),
    ("Key", "F"),
    ("Scale", "Blues"),
    ("Lowest note", "60"),
    ("Highest note", "70"),
    ("Most notes", "1"),
    ("Most onsets", "1"),
    ("Clear bass", "Off"),
    ("Register", "12 st"),
    ("Transpose", "5 st"),
    ("Seed", "77"),
    ("Lookahead", "2 steps"),
    ("Channel", "9"),
    ("Split", "Off"),
    ("Loudness", "33"),
    ("Dynamics", "0 %"),
    ("Accent", "20"),
    ("Humanise", "30"),
    ("Gate", "40 %"),
    ("Swing", "50 %"),
    ("Swing of", "Sixteenths"),
    ("Lay back", "20.0"),
    ("Timing", "0.0"),
    ("Groove", "0 %"),
];

#[test]
fn a_bounce_is_what_was_heard_whichever_parameter_was_moved() {
    let jam = waiting(256)
        .set("Swing", "60 %")
        .set("Timing", "3.0")
        .set("Groove", "50 %")
        .set("Gate", "20 %")
        .set("Split", "On")
        .set("Accent", "10")
        .set("Humanise", "5")
        // Below the musician's keys, so that no onset of theirs cuts a note short: the take does not
        // tell of that.
        .set("Highest note", "71")
        .play();
    let jam = dragging(jam, 16).stop().samples(9_600).save_state("project");
    for format in FORMATS {
        let live = run(format, &jam);
        let expected = heard(&live);
        assert!(expected.len() > 60, "{} events", expected.len());
        let bounce = |moved: &[(&str, &str)]| {
            let mut plugin = load(format);
            plugin.load_state(&live.states["project"]).unwrap_or_else(|e| panic!("{e}"));
            let mut script = Script::new(48_000.0, 512).offline(true).samples(4_800);
            for (name, text) in moved {
                script = script.set(name, text);
            }
            let script = script.samples(4_800).play().beats(16.0).stop().samples(9_600);
            let bounced = perform(plugin.as_mut(), &script).unwrap_or_else(|e| panic!("{e}"));
            heard(&bounced)
        };
        let same = |moved: &[(&str, &str)]| {
            let bounced = bounce(moved);
            let differs = bounced.iter().zip(&expected).find(|(a, b)| a != b);
            assert_eq!(differs, None, "{format:?}, {moved:?}");
            assert_eq!(bounced.len(), expected.len(), "{format:?}, {moved:?}");
        };
        same(&[]);
        MOVED.iter().for_each(|one| same(&[*one]));
        same(&MOVED);
    }
}
