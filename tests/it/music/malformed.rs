//! The files of `tests/midi/malformed`, each by its line in the manifest and by content.

use std::fs;
use std::path::{Path, PathBuf};

use anacrusis::music::smf::{self, Imported, SmfError};
use anacrusis::music::{Chord, KeyRange, PianoRoll, Signature};
use sha2::{Digest, Sha256};

use super::build::chunk;

const RANGE: KeyRange = KeyRange { low: 24, count: 78 };

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/midi/malformed")
}

fn read(name: &str) -> Result<Imported, SmfError> {
    smf::read(&fs::read(folder().join(name)).expect(name), RANGE)
}

fn accepted(name: &str) -> PianoRoll {
    read(name).expect(name).roll
}

/// The arpeggio of the control file: C E G C, a quarter each.
fn arpeggio(quarters: usize) -> PianoRoll {
    let mut roll = PianoRoll::default();
    for quarter in 0..quarters {
        let struck = Chord::struck_keys([[60, 64, 67, 72][quarter % 4]]);
        let held = Chord::from_masks(struck.playing(), 0);
        roll.chords.extend([struck, held, held, held]);
    }
    roll
}

/// File 37: a million note events with running status, one tick apart.
fn one_million_events() -> Vec<u8> {
    let mut body = vec![0, 0x90];
    for event in 0..1_000_000u32 {
        if event > 0 {
            body.push(1);
        }
        body.push(36 + (event * 7 % 60) as u8);
        body.push(if event % 2 == 0 { 80 } else { 0 });
    }
    body.extend([0, 0xFF, 0x2F, 0]);
    [&b"MThd\0\0\0\x06\0\x01\0\x01\x01\xE0"[..], &chunk(b"MTrk", &body)].concat()
}

#[test]
fn every_file_behaves_as_its_manifest_says() {
    let manifest = fs::read_to_string(folder().join("MANIFEST.tsv")).unwrap();
    let mut lines = 0;
    for line in manifest.lines().skip(1) {
        let [name, size, expected, what, digest] =
            line.split('\t').collect::<Vec<_>>().try_into().expect("five columns");
        let bytes = match name {
            "37_one_million_events.mid" => one_million_events(),
            _ => fs::read(folder().join(name)).expect(name),
        };
        assert_eq!(bytes.len().to_string(), size, "{name}");
        let found: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(found, digest, "{name} is not the file of the manifest");
        match (expected, smf::read(&bytes, RANGE)) {
            ("accept", Ok(_)) | ("refuse", Err(_)) | ("either", _) => {}
            (_, got) => panic!("{name} ({what}): expected {expected}, got {:?}", got.map(|_| ())),
        }
        lines += 1;
    }
    assert_eq!(lines, 47);
}

#[test]
fn refusals_name_what_is_wrong() {
    for (name, words) in [
        ("01_empty.mid", "not a Standard MIDI File: the file is empty"),
        ("04_header_length_huge.mid", "header is damaged"),
        ("07_division_zero.mid", "0 ticks"),
        ("08_division_smpte.mid", "SMPTE"),
        ("11_format_two.mid", "format 2"),
        ("12_format_nine.mid", "format 9"),
        ("13_zero_tracks.mid", "no tracks"),
        ("17_track_length_4gib.mid", "declares 4294967295 bytes, 580 are left"),
        ("18_vlq_five_bytes.mid", "more than four bytes"),
        ("20_running_status_first.mid", "track 1 is damaged at byte 22: an event has no status"),
        ("22_status_as_data.mid", "above 127"),
        ("36_gap_bomb.mid", "sixteenths"),
        ("38_meta_length_past_end.mid", "in the middle of an event"),
        ("39_sysex_unterminated.mid", "in the middle of an event"),
    ] {
        let error = read(name).expect_err(name).to_string();
        assert!(error.contains(words), "{name}: {error}");
    }
}

#[test]
fn what_does_not_touch_the_notes_changes_nothing() {
    let control = accepted("00_control_good.mid");
    assert_eq!(control, arpeggio(64));
    for name in [
        "06_header_length_ten.mid",
        "09_division_one.mid",
        "10_division_odd_97.mid",
        "14_tracks_declared_65535.mid",
        "27_tempo_zero.mid",
        "28_tempo_two_bytes.mid",
        "31_no_end_of_track.mid",
        "32_events_after_end.mid",
        "40_keysig_invalid.mid",
        "42_unknown_chunk_between.mid",
    ] {
        assert_eq!(accepted(name), control, "{name}");
    }
    assert_eq!(read("27_tempo_zero.mid").unwrap().tempo_bpm, 120.0);
    // Ends of notes that never began, and then a quarter's rest.
    let late = accepted("24_note_off_without_on.mid");
    let lead = late.len() - control.len();
    assert_eq!(late.chords[lead..], control.chords);
}

#[test]
fn notes_that_never_end_sound_to_the_end_of_the_track() {
    let roll = accepted("23_note_on_without_off.mid");
    let onsets: Vec<Vec<u8>> =
        roll.chords.iter().map(|c| c.keys().filter(|key| c.strikes(*key)).collect()).collect();
    assert_eq!((&onsets[0], &onsets[4], &onsets[8]), (&vec![60], &vec![64], &vec![67]));
    assert_eq!(roll.len(), 16);
    assert_eq!(roll.chords[15].keys().collect::<Vec<_>>(), [60, 64, 67]);
}

#[test]
fn overlapping_notes_of_one_key_are_struck_and_sound_on() {
    // Each quarter-and-a-half: on, on after an eighth, off, off an eighth later.
    let roll = accepted("25_overlapping_same_pitch.mid");
    let pattern: Vec<(bool, bool)> =
        roll.chords[..8].iter().map(|chord| (chord.plays(60), chord.strikes(60))).collect();
    let (on, held) = ((true, true), (true, false));
    assert_eq!(pattern, [on, held, on, held, held, held, on, held]);

    // Another track's end leaves the key sounding until its own.
    let roll = accepted("26_same_pitch_two_tracks.mid");
    let silent = roll.chords.iter().take_while(|chord| chord.plays(60)).count();
    assert_eq!(silent, roll.len(), "no gap where only one of the two ends");
}

#[test]
fn a_metre_that_changes_or_is_none_costs_no_notes() {
    let back = read("30_timesig_changes_to_three.mid").unwrap();
    let signatures: Vec<(i64, Signature)> = back.metres.signatures().collect();
    let three = Signature::new(3, 4).unwrap();
    assert_eq!(signatures, [(0, Signature::COMMON), (256, three)]);
    assert_eq!((&back.roll.chords[..256], back.roll.len()), (&arpeggio(64).chords[..], 512));
    let back = read("29_timesig_zero_and_huge.mid").unwrap();
    assert_eq!((back.repairs.ignored_signatures, back.metre_told), (1, false));
    assert_eq!(back.roll, arpeggio(64));
}

/// Which of the files that a reader may refuse or read are read, and why.
#[test]
fn what_may_be_refused_or_read_is_decided() {
    for (name, reads) in [
        ("09_division_one.mid", true),
        // Patterns have no common time.
        ("11_format_two.mid", false),
        ("14_tracks_declared_65535.mid", true),
        // The only track is cut: nothing is left to keep.
        ("15_track_length_too_long.mid", false),
        ("16_track_length_too_short.mid", false),
        // Read since players read it: running status goes on across a meta event.
        ("21_running_status_after_meta.mid", true),
        ("27_tempo_zero.mid", true),
        ("28_tempo_two_bytes.mid", true),
        ("29_timesig_zero_and_huge.mid", true),
        ("31_no_end_of_track.mid", true),
        ("32_events_after_end.mid", true),
        ("41_garbage_before_header.mid", false),
    ] {
        assert_eq!(read(name).is_ok(), reads, "{name}");
    }
    let kept = read("21_running_status_after_meta.mid").unwrap();
    assert_eq!((kept.repairs.kept_status, kept.roll.len()), (1, 1));
}

#[test]
fn a_long_silence_is_kept() {
    // 100,000 ticks of 480 to the quarter, then one more note.
    let roll = accepted("35_gap_100k_ticks.mid");
    assert_eq!(roll.chords[..256], arpeggio(64).chords);
    assert!(roll.chords[256..256 + 833].iter().all(Chord::is_empty));
    assert_eq!(roll.chords[256 + 833].struck().count_ones(), 1);
}

#[test]
fn ranges_drop_and_count() {
    let back = read("43_out_of_range_pitches_only.mid").unwrap();
    assert_eq!((back.roll.len(), back.notes, back.dropped_notes), (0, 0, 80));
    let back = read("44_all_128_notes_at_once.mid").unwrap();
    assert_eq!((back.notes, back.dropped_notes), (78, 50));
    assert_eq!(back.roll.len(), 128);
    assert!(back.roll.chords.iter().all(|chord| chord.playing() == RANGE.mask()));
}

#[test]
fn a_release_velocity_strikes_nothing_and_a_short_note_is_not_lost() {
    let onsets = |roll: &PianoRoll| -> Vec<u8> {
        roll.chords.iter().flat_map(|c| c.keys().filter(|key| c.strikes(*key))).collect()
    };
    let released = accepted("45_note_off_velocity_64.mid");
    let keys: Vec<u8> = (0..64).map(|note| 60 + note % 5).collect();
    assert_eq!(onsets(&released), keys);
    assert!(released.chords.iter().all(|chord| chord.len() == 1), "one note after another");

    let short = accepted("46_notes_shorter_than_a_step.mid");
    assert_eq!(onsets(&short), keys);
    let lengths: Vec<u32> = short.chords.iter().map(Chord::len).collect();
    let expected: Vec<u32> = (0..253).map(|step| u32::from(step % 4 == 0)).collect();
    assert_eq!(lengths, expected);
}
