//! Standard MIDI Files: to the grid and back (model.md, section 1).

mod awkward;
mod build;
mod hostile;
mod lenient;
mod malformed;
mod metre;
mod signatures;

use anacrusis::music::smf::{self, Imported, Part, SmfError, TempoChange, WriteOptions};
use anacrusis::music::{Chord, KeyRange, PianoRoll, Rate};
use build::{File, chunk, track};
use proptest::prelude::*;

const ALL: KeyRange = KeyRange { low: 0, count: 128 };

fn read(bytes: &[u8]) -> Imported {
    smf::read(bytes, ALL).expect("a sound file")
}

/// A roll as one string per step: `(key, struck)` for what sounds.
fn steps(roll: &PianoRoll) -> Vec<Vec<(u8, bool)>> {
    let sounds = |chord: &Chord| chord.keys().map(|key| (key, chord.strikes(key))).collect();
    roll.chords.iter().map(sounds).collect()
}

/// The roll of the same music in 4/4: what is held after silence is struck, and silence after the
/// last note is cut, as are bars before the first.
fn normalised(roll: &PianoRoll) -> PianoRoll {
    let mut before = 0u128;
    let mut chords = Vec::new();
    for chord in &roll.chords {
        let struck = chord.struck() | (chord.playing() & !before);
        chords.push(Chord::from_masks(chord.playing(), struck));
        before = chord.playing();
    }
    while chords.last().is_some_and(Chord::is_empty) {
        chords.pop();
    }
    let first = chords.iter().position(|chord| !chord.is_empty()).unwrap_or(0);
    chords.drain(..first / 16 * 16);
    PianoRoll { chords }
}

/// Rolls in which keys sound on, are struck again and are held out of silence.
fn rolls() -> impl Strategy<Value = PianoRoll> {
    let mask = || prop_oneof![Just(0u128), any::<u128>(), any::<u128>().prop_map(|m| m & m >> 3)];
    let chord = (mask(), mask()).prop_map(|(playing, struck)| Chord::from_masks(playing, struck));
    (prop::collection::vec(chord, 0..24), prop::collection::vec(0usize..6, 0..24)).prop_map(
        |(chords, repeats)| {
            let mut held = Vec::new();
            for (index, chord) in chords.into_iter().enumerate() {
                held.push(chord);
                let on = Chord::from_masks(chord.playing(), 0);
                held.extend(vec![on; repeats.get(index).copied().unwrap_or(0)]);
            }
            PianoRoll { chords: held }
        },
    )
}

proptest! {
    #[test]
    fn a_roll_survives_the_way_through_a_file(
        roll in rolls(),
        tempo_bpm in 4.0..400.0f64,
        velocity in any::<u8>(),
        channel in 0u8..9,
    ) {
        let options = WriteOptions { tempo_bpm, velocity, channel, texts: &["made", "by ♫"], metres: None };
        let bytes = smf::write(&roll, &options);
        prop_assert_eq!(&bytes, &smf::write(&roll, &options), "the same roll, the same bytes");
        let back = read(&bytes);
        let expected = normalised(&roll);
        let onsets: u32 = expected.chords.iter().map(|chord| chord.struck().count_ones()).sum();
        prop_assert_eq!(back.notes, u64::from(onsets));
        prop_assert_eq!(back.roll, expected);
        prop_assert_eq!((back.dropped_notes, back.repairs.is_empty()), (0, true));
        prop_assert!((back.tempo_bpm / tempo_bpm - 1.0).abs() < 1e-5);
    }

    /// Against the words of the specification, note by note, on files with any division.
    #[test]
    fn notes_land_on_the_nearest_step_at_any_division(
        ticks_per_beat in 1u16..0x8000,
        notes in prop::collection::vec((0u64..16_000, 0u64..8_000, 58u8..62), 1..16),
        low in 57u8..62,
    ) {
        // Times in thousandths of a quarter.
        let tick = |milli: u64| milli * u64::from(ticks_per_beat) / 1000;
        let step = |tick: u64| {
            let (tpb, tick) = (u128::from(ticks_per_beat), u128::from(tick));
            usize::try_from((tick * 8 + tpb) / (2 * tpb)).expect("short")
        };
        let mut expected = PianoRoll::default();
        let mut tracks = Vec::new();
        let range = KeyRange { low, count: 3 };
        for (onset, length, key) in &notes {
            let (on, off) = (tick(*onset), tick(onset + length));
            // A track of its own for each, so that nothing depends on how they pair up.
            tracks.push(track().at(on, &[0x90, *key, 1]).at(off, &[0x80, *key, 9]).end());
            let (on, off) = (step(on), step(off).max(step(on) + 1));
            if !range.contains(*key) {
                continue;
            }
            if expected.len() < off {
                expected.chords.resize(off, Chord::SILENT);
            }
            expected.chords[on].strike(*key);
            expected.chords[on + 1..off].iter_mut().for_each(|chord| chord.hold(*key));
        }
        let back = smf::read(&File { ticks_per_beat, tracks }.bytes(), range).expect("sound");
        let first = expected.chords.iter().position(|chord| !chord.is_empty()).unwrap_or(0);
        prop_assert_eq!(back.empty_bars, first as u64 / 16);
        expected.chords.drain(..first / 16 * 16);
        prop_assert_eq!(steps(&back.roll), steps(&expected));
        prop_assert_eq!(back.notes + back.dropped_notes, notes.len() as u64);
    }
}

#[test]
fn a_note_struck_again_lasts_to_the_later_end() {
    // On at 0 and 240, off at 480 and 720: steps 0, 2, 4, 6.
    let again = track()
        .at(0, &[0x90, 60, 80])
        .at(240, &[0x90, 60, 80])
        .at(480, &[0x80, 60, 0])
        .at(720, &[0x80, 60, 0]);
    let roll = read(&File::one(again).bytes()).roll;
    let struck: Vec<bool> = roll.chords.iter().map(|chord| chord.strikes(60)).collect();
    assert_eq!(struck, [true, false, true, false, false, false]);
    assert!(roll.chords.iter().all(|chord| chord.plays(60)));

    // One end in another track leaves the note of the first sounding.
    let long = track().at(0, &[0x90, 60, 80]).at(960, &[0x80, 60, 0]).end();
    let short = track().at(120, &[0x90, 60, 80]).at(240, &[0x80, 60, 0]).end();
    let roll = read(&File { ticks_per_beat: 480, tracks: vec![long, short] }.bytes()).roll;
    assert_eq!(roll.len(), 8);
    assert_eq!(steps(&roll)[..3], [[(60, true)], [(60, true)], [(60, false)]]);
}

#[test]
fn ends_of_all_kinds_are_ends() {
    for end in [[0x80, 60, 0], [0x80, 60, 64], [0x90, 60, 0]] {
        let one = track().at(0, &[0x90, 60, 80]).at(480, &end).at(960, &[0x90, 62, 1]);
        let roll = read(&File::one(one.at(1080, &[0x80, 62, 127])).bytes()).roll;
        let onsets: u32 = roll.chords.iter().map(|chord| chord.struck().count_ones()).sum();
        assert_eq!((onsets, roll.len()), (2, 9), "{end:?}");
        assert!(roll.chords[4..8].iter().all(Chord::is_empty));
    }
}

#[test]
fn a_note_without_an_end_lasts_as_long_as_its_track() {
    let first = track().at(0, &[0x90, 60, 80]).at(480, &[0xFF, 0x2F, 0]);
    let second = track().at(0, &[0x91, 72, 80]).at(960, &[0x81, 72, 0]).end();
    let file = File { ticks_per_beat: 480, tracks: vec![first.end(), second] };
    let roll = read(&file.bytes()).roll;
    assert_eq!(roll.len(), 8);
    assert!(roll.chords[3].plays(60) && !roll.chords[4].plays(60));
}

#[test]
fn drums_are_left_out_and_do_not_count() {
    let drums = track().at(0, &[0x99, 36, 100]).at(240, &[0x90, 60, 80]);
    let drums = drums.at(480, &[0x80, 60, 0]).at(960, &[0x89, 36, 0]);
    let back = smf::read(&File::one(drums).bytes(), KeyRange { low: 24, count: 78 }).unwrap();
    assert_eq!((back.notes, back.dropped_notes, back.roll.len()), (1, 0, 4));
    assert!(back.roll.chords[..2].iter().all(Chord::is_empty), "the beginning stays in place");
}

#[test]
fn a_damaged_meta_event_costs_nothing_but_itself() {
    let one = track().at(0, &[0xFF, 0x59, 0]).at(0, &[0xFF, 0x54, 5, 99, 99, 99, 99, 99]);
    let one = one.at(0, &[0xFF, 0x51, 3, 0x0F, 0x42, 0x40]).at(0, &[0xFF, 0x51, 2, 1, 1]);
    let one = one.at(0, &[0xF0, 2, 1, 0xF7]).at(0, &[0x90, 60, 80]).at(480, &[0x80, 60, 0]);
    let back = read(&File::one(one).bytes());
    assert_eq!((back.notes, back.roll.len(), back.tempo_bpm), (1, 4, 60.0));
}

#[test]
fn written_files_say_how_they_sound_and_switch_everything_off() {
    let roll = PianoRoll { chords: vec![Chord::struck_keys([60, 64]); 2] };
    let options = WriteOptions {
        tempo_bpm: 90.0,
        velocity: 200,
        channel: 3,
        texts: &["seed 7"],
        metres: None,
    };
    let bytes = smf::write(&roll, &options);
    // Ends before onsets on the second step; the end of the track on the third.
    let events = [
        &b"\0\xFF\x01\x06seed 7"[..],
        &[0, 0xFF, 0x51, 3, 0x0A, 0x2C, 0x2B, 0, 0xFF, 0x58, 4, 4, 2, 24, 8],
        &[0, 0x93, 60, 127, 0, 64, 127],
        &[120, 0x83, 60, 0, 0, 64, 0, 0, 0x93, 60, 127, 0, 64, 127],
        &[120, 0x83, 60, 0, 0, 64, 0, 0, 0xFF, 0x2F, 0],
    ]
    .concat();
    let header = b"MThd\0\0\0\x06\0\0\0\x01\x01\xE0";
    assert_eq!(bytes, [&header[..], &chunk(b"MTrk", &events)].concat());
}

#[test]
fn parts_have_a_track_each_and_share_tempi_and_grid() {
    let part =
        |name, key| Part::new(name, 2, PianoRoll { chords: vec![Chord::struck_keys([key]); 2] });
    let tempi = [TempoChange { step: 1, tempo_bpm: 60.0 }];
    let options = WriteOptions { tempo_bpm: 90.0, velocity: 1, ..WriteOptions::default() };
    let parts = [part("low", 40), part("high", 80)];
    let bytes = smf::write_parts(&parts, Rate::EighthTriplet, &tempi, &options);
    let head = [
        &[0, 0xFF, 0x51, 3, 0x0A, 0x2C, 0x2B, 0, 0xFF, 0x58, 4, 4, 2, 24, 8][..],
        // A step is a third of 480 ticks: 160, in two bytes.
        &[0x81, 0x20, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40, 0, 0xFF, 0x2F, 0],
    ]
    .concat();
    let track = |name: &[u8], key: u8| {
        let notes = [0, 0x92, key, 1, 0x81, 0x20, 0x82, key, 0, 0, 0x92, key, 1, 0x81, 0x20];
        let title = [&[0, 0xFF, 3, name.len() as u8][..], name].concat();
        [&title[..], &notes, &[0x82, key, 0, 0, 0xFF, 0x2F, 0]].concat()
    };
    let header = b"MThd\0\0\0\x06\0\x01\0\x03\x01\xE0";
    let chunks = [head, track(b"low", 40), track(b"high", 80)].map(|t| chunk(b"MTrk", &t));
    assert_eq!(bytes, [&header[..], &chunks.concat()].concat());
}

#[test]
fn nonsense_tempos_are_written_as_some_tempo() {
    for tempo_bpm in [f64::NAN, 0.0, -3.0, f64::INFINITY, 1e-9, 1e12] {
        let bytes =
            smf::write(&PianoRoll::default(), &WriteOptions { tempo_bpm, ..Default::default() });
        assert!(read(&bytes).tempo_bpm > 0.0, "{tempo_bpm}");
    }
}

#[test]
fn a_rest_longer_than_a_delta_time_is_written_whole() {
    // 2^28 ticks of 120 to the step.
    let mut chords = vec![Chord::SILENT; 2_300_000];
    chords.push(Chord::struck_keys([60]));
    let bytes = smf::write(&PianoRoll { chords }, &WriteOptions::default());
    assert_eq!(smf::read(&bytes, ALL), Err(SmfError::TooLong { steps: 2_300_001 }));
}
