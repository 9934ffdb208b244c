//! What a hand does beside notes: pedal, wheels, pressure, programs, and the end of everything.

use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Format, Kind, Recording, Script};

use crate::support::{FORMATS, FRONTS, run};

/// A message of each kind, as MIDI has them; its name.
const MESSAGES: [(&str, [u8; 3]); 9] = [
    ("sustain pedal (CC64)", [0xb2, 64, 127]),
    ("modulation (CC1)", [0xb2, 1, 77]),
    ("bank (CC0)", [0xb2, 0, 3]),
    ("program change", [0xc2, 19, 0]),
    ("pitch bend", [0xe2, 0x21, 0x45]),
    ("channel pressure", [0xd2, 55, 0]),
    ("pressure on a key", [0xa2, 60, 88]),
    ("all sound off (CC120)", [0xb2, 120, 0]),
    ("all notes off (CC123)", [0xb2, 123, 0]),
];

/// Where in a block each of [`MESSAGES`] comes.
fn offset(number: usize) -> u32 {
    7 + 20 * number as u32
}

/// The messages, one after the other in a block, at rest and again while it plays; in whole blocks.
fn messages(script: Script) -> Script {
    let all = |mut script: Script| {
        for (number, (_, data)) in MESSAGES.into_iter().enumerate() {
            script = script.then(Action::Midi { offset_samples: offset(number), data });
        }
        script.blocks(4)
    };
    let script = all(script.blocks(20));
    all(script.play().blocks(200)).blocks(200).stop().blocks(20)
}

/// Whether a message came out twice, each time at its sample of a block of 256; false if never.
fn came(recording: &Recording, number: usize) -> bool {
    let (name, data) = MESSAGES[number];
    let times: Vec<u64> = (recording.messages.iter().filter(|(_, found)| *found == data))
        .map(|(time, _)| *time % 256)
        .collect();
    if !times.is_empty() {
        assert_eq!(times, [u64::from(offset(number)); 2], "{name}");
    }
    !times.is_empty()
}

#[test]
fn everything_is_handed_on_by_thru_and_by_bypass() {
    type Setting = fn(Script) -> Script;
    let settings: [(&str, Setting); 4] = [
        ("as it comes", |script| script),
        ("Bypass", |script| script.then(Action::Bypass(true))),
        ("Thru in Solo", |script| script.set("Mode", "Solo")),
        ("without Thru", Script::without_thru),
    ];
    for format in FORMATS {
        for (setting, with) in settings {
            let script = messages(with(Script::new(48_000.0, 256)));
            let recording = run(format, &script);
            let arrived: Vec<&str> = (0..MESSAGES.len())
                .filter(|number| came(&recording, *number))
                .map(|number| MESSAGES[number].0)
                .collect();
            println!("{format:?}, {setting}: {}", arrived.join(", "));
            let expected: Vec<&str> = match (format, setting) {
                (_, "without Thru") => vec![],
                // VST3 hands over all else as parameters, of which there would be two thousand.
                (Format::Vst3, _) => vec!["pressure on a key"],
                _ => MESSAGES.map(|(name, _)| name).to_vec(),
            };
            assert_eq!(arrived, expected, "{format:?}, {setting}");
            assert_eq!((recording.disordered, recording.outside), (0, 0));
            assert_eq!(recording.counts().allocations, 0);
        }
    }
}

/// A host that waits for every chord, with a musician whose notes are not passed on.
fn beside() -> Script {
    let script = Script::new(48_000.0, 256).without_thru().set("Wait for notes", "On");
    script.set("Replay", "Never").live(1.0).samples(4_800).then(Action::Pace(None)).play()
}

fn strike(script: Script) -> Script {
    [60, 64, 67, 72, 76].into_iter().fold(script, Script::note_on)
}

fn let_go(script: Script) -> Script {
    [60, 64, 67, 72, 76].into_iter().fold(script, Script::note_off)
}

/// What is played from beat to beat, without the musician's.
fn music(format: Format, script: Script) -> Vec<(i64, Kind, u8, u8, u8)> {
    run(format, &script.stop().samples(9_600)).music(4)
}

#[test]
fn all_notes_off_is_the_end_of_what_is_held() {
    let held = strike(beside()).beats(4.0);
    let after = |script: Script| script.beats(24.0);
    let expected = music(Format::Clap, after(let_go(held.clone())));
    let onsets = |music: &[(i64, Kind, u8, u8, u8)]| {
        music.iter().filter(|event| event.1 == Kind::On && event.0 >= 16).count()
    };
    let still_held = onsets(&music(Format::Clap, after(held.clone())));
    println!("24 beats after five keys were let go: {} onsets", onsets(&expected));
    println!("while they are held: {still_held}");
    assert!(onsets(&expected) > 20);
    for front in [Format::Performer, Format::Clap] {
        for controller in [120, 123] {
            let ended = music(front, after(held.clone().midi([0xb0, controller, 0])));
            assert_eq!(ended, expected, "{front:?}, CC{controller}");
        }
    }
    assert_ne!(music(Format::Clap, after(held)), expected, "the keys make a difference");
}

#[test]
fn a_pedal_holds_like_fingers() {
    for front in FRONTS {
        let by_fingers = let_go(strike(beside()).beats(6.0)).beats(10.0);
        let pedal = |script: Script, down: bool| match front {
            // Where no controller comes in, the parameter is for the host to learn.
            Format::Vst3 => script.set("Sustain", if down { "On" } else { "Off" }),
            _ => script.midi([0xb0, 64, if down { 127 } else { 0 }]),
        };
        let by_pedal = let_go(pedal(strike(beside()).beats(1.0), true).beats(1.0)).beats(4.0);
        let by_pedal = pedal(by_pedal, false).beats(10.0);
        let without = let_go(strike(beside()).beats(2.0)).beats(14.0);
        let expected = music(front, by_fingers);
        assert_eq!(music(front, by_pedal), expected, "{front:?}");
        assert_ne!(music(front, without), expected, "{front:?}: the pedal makes a difference");
    }
}

#[test]
fn no_pedal_and_no_wheel_stays_where_it_was_when_thru_is_switched_off() {
    let script = Script::new(48_000.0, 256)
        .blocks(4)
        .midi([0xb4, 64, 100])
        .midi([0xe4, 0, 0])
        .midi([0xb4, 1, 50])
        .blocks(4)
        .without_thru()
        .blocks(4)
        .midi([0xb4, 64, 0])
        .midi([0xb4, 1, 51])
        .blocks(4);
    let recording = run(Format::Clap, &script);
    let messages: Vec<[u8; 3]> = recording.messages.iter().map(|(_, data)| *data).collect();
    let passed = [[0xb4, 64, 100], [0xe4, 0, 0], [0xb4, 1, 50]];
    assert_eq!(messages, [&passed[..], &[[0xb4, 64, 0], [0xe4, 0, 0x40]]].concat());
}

/// *Sustain* moves the pedal of what comes behind, too.
#[test]
fn sustain_is_handed_on_as_a_pedal() {
    for format in FORMATS {
        let script = Script::new(48_000.0, 256).blocks(4).set("Sustain", "On").blocks(2);
        let recording = run(format, &script.set("Sustain", "Off").blocks(2));
        let messages: Vec<[u8; 3]> = recording.messages.iter().map(|(_, data)| *data).collect();
        assert_eq!(messages, [[0xb0, 64, 127], [0xb0, 64, 0]], "{format:?}");
        // Also if it is lifted while the plugin is bypassed.
        let script = Script::new(48_000.0, 256).blocks(4).set("Sustain", "On").blocks(2);
        let script = script.then(Action::Bypass(true)).blocks(2).set("Sustain", "Off").blocks(2);
        let messages = run(format, &script).messages;
        let messages: Vec<[u8; 3]> = messages.into_iter().map(|(_, data)| data).collect();
        assert_eq!(messages, [[0xb0, 64, 127], [0xb0, 64, 0]], "{format:?}, bypassed");
    }
}

#[test]
fn a_flood_of_controllers_goes_by_whole() {
    const FLOOD: u32 = 5_200;
    let mut script = Script::new(48_000.0, 8_192).play().blocks(2).note_on(60);
    for n in 0..FLOOD {
        // Below 128, so the cast keeps every bit.
        let data = [0xb0, 1, (n % 128) as u8];
        script = script.then(Action::Midi { offset_samples: n, data });
    }
    script = script.blocks(1).note_off(60).blocks(2).stop().blocks(2);
    let recording = run(Format::Clap, &script);
    let values: Vec<u8> = recording.messages.iter().map(|(_, data)| data[2]).collect();
    assert_eq!(values, (0..FLOOD).map(|n| (n % 128) as u8).collect::<Vec<_>>());
    assert!(recording.messages.is_sorted_by_key(|(time, _)| *time));
    assert_eq!((recording.counts().allocations, recording.notes().unmatched()), (0, 0));
}
