//! The files of `tests/midi/awkward`, each by its line in the README.

use std::fs;
use std::path::{Path, PathBuf};

use anacrusis::music::smf::{self, Imported, ReadOptions, Repairs};
use anacrusis::music::{Chord, Signature};

use super::ALL;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/midi/awkward")
}

/// The one whose name begins with `in_` and this number.
fn bytes(number: &str) -> Vec<u8> {
    let mut files = fs::read_dir(folder()).expect("the folder").flatten();
    let name = format!("in_{number}_");
    let file = files.find(|file| file.file_name().to_string_lossy().starts_with(&name));
    fs::read(file.expect(number).path()).expect(number)
}

fn read(number: &str) -> Imported {
    smf::read(&bytes(number), ALL).unwrap_or_else(|e| panic!("{number}: {e}"))
}

fn signature(numerator: u32, denominator: u32) -> Signature {
    Signature::new(numerator, denominator).expect("a signature")
}

/// The first bar lines of a file.
fn lines(back: &Imported, count: usize) -> Vec<i64> {
    back.metres.bars(back.roll.len() as i64).map(|bar| bar.start).take(count).collect()
}

#[test]
fn pickups_are_the_end_of_a_bar() {
    for (number, beats, first) in [("01", 1, 4), ("02", 3, 12), ("03", 2, 8)] {
        let back = read(number);
        assert_eq!(lines(&back, 4), [0, first, first + 16, first + 32], "{number}");
        let pickup = back.metres.position(0);
        assert_eq!((pickup.beats, pickup.beat), (4, 4 - beats), "{number}: the end of a bar");
        // The tune begins with its highest note, on the bar line.
        assert!(back.roll.chords[first as usize].strikes(84), "{number}");
        assert_eq!((back.empty_bars, back.metre_told), (0, true));
    }
}

#[test]
fn one_odd_bar_costs_four_steps_of_counting_and_nothing_else() {
    let back = read("06");
    assert_eq!(lines(&back, 7), [0, 16, 32, 48, 64, 76, 92]);
    assert_eq!(back.metres.signature(70), signature(3, 4));
    assert_eq!((back.notes, back.roll.len()), (259, 65 * 16 - 4));
}

#[test]
fn placeholders_stand_for_none_and_odd_ways_to_write_four_quarters_count_as_they_are() {
    for (number, count, told) in [("07", 1, false), ("08", 1, true)] {
        let back = read(number);
        assert_eq!(lines(&back, 3), [0, 16, 32], "{number}");
        assert_eq!(back.metres.signature(0), Signature::COMMON, "{number}");
        assert_eq!((back.repairs.placeholder_signatures, back.metre_told), (count, told));
        assert_eq!(back.roll.len(), 96 * 4);
    }
    let (eighths, long) = (read("10"), read("11"));
    assert_eq!((lines(&eighths, 3), lines(&long, 3)), (vec![0, 16, 32], vec![0, 32, 64]));
    assert_eq!(long.metres.signature(0), signature(8, 4));
    assert_eq!(eighths.metres.position(4).beats, 4);
    assert_eq!(eighths.roll, read("07").roll);
}

#[test]
fn what_follows_no_grid_is_told_and_a_shift_is_removed() {
    for number in ["14", "17", "18"] {
        let fit = read(number).fit;
        assert!(!fit.follows_sixteenths() && fit.length < 0.05, "{number}: {fit:?}");
    }
    let late = read("15");
    assert!(late.fit.follows_sixteenths() && late.fit.is_shifted(), "{:?}", late.fit);
    assert!((late.fit.shift_steps - 0.5).abs() < 0.01, "{:?}", late.fit);
    // Chords of a quarter, on every beat and nowhere else.
    for (step, chord) in late.roll.chords.iter().enumerate() {
        assert_eq!(chord.struck().count_ones(), if step % 4 == 0 { 4 } else { 0 }, "{step}");
    }
    for number in ["01", "06", "19", "21", "28"] {
        let fit = read(number).fit;
        assert!(fit.follows_sixteenths() && !fit.is_shifted(), "{number}: {fit:?}");
    }
}

#[test]
fn the_pedal_lengthens_notes_unless_it_is_switched_off() {
    let with = read("19");
    // Four notes, an eighth apart, that sound to the end of the bar.
    let sounding: Vec<u32> = with.roll.chords[..17].iter().map(Chord::len).collect();
    assert_eq!(sounding, [1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 1]);
    let options = ReadOptions { pedal: false };
    let without = smf::read_with(&bytes("19"), ALL, options).unwrap();
    let sounding: Vec<u32> = without.roll.chords[..8].iter().map(Chord::len).collect();
    assert_eq!(sounding, [1, 0, 1, 0, 1, 0, 1, 0]);
    assert_eq!(with.notes, without.notes);
}

#[test]
fn notes_struck_twice_and_ended_once_are_a_melody_of_one_voice() {
    let back = read("21");
    assert!(back.roll.chords.iter().all(|chord| chord.len() == 1), "one key at a time");
    assert_eq!((back.notes, back.repairs.unended_notes), (192, 96));
    assert_eq!(back.roll.len(), 96 * 4);
}

#[test]
fn what_players_read_is_read_and_counted() {
    let none = Repairs::default();
    let plain = read("29");
    assert_eq!((plain.notes, plain.repairs), (48, none));
    for (number, expected) in [
        ("23", Repairs { containers: 1, ..none }),
        ("24", Repairs { clamped_values: 1, ..none }),
        ("25", Repairs { clamped_values: 1, ..none }),
    ] {
        let back = read(number);
        assert_eq!((&back.roll, back.repairs), (&plain.roll, expected), "{number}");
    }
    assert_eq!(read("25").parts[0].velocities[..2], [127, 99]);
    let across = read("27");
    assert_eq!((across.notes, across.repairs), (48, Repairs { kept_status: 1, ..none }));
    assert!(across.roll.chords.iter().all(|chord| chord.len() == 1));
}

#[test]
fn bars_before_the_music_are_left_out() {
    let back = read("28");
    assert_eq!((back.empty_bars, &back.roll), (64, &read("29").roll));
    assert_eq!(lines(&back, 3), [0, 16, 32]);
}

#[test]
fn every_file_has_its_line() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let numbers: Vec<String> = files
        .filter_map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            Some(name.strip_prefix("in_")?[..2].to_owned())
        })
        .collect();
    assert_eq!(numbers.len(), 20);
    assert!(numbers.iter().all(|number| readme.contains(&format!("in_{number}"))));
}
