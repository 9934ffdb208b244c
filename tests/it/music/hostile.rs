//! Bytes that nobody wrote as music: any answer will do, at any cost in proportion.

use std::fs;
use std::path::Path;

use anacrusis::music::smf::{self, MAX_NOTES, MAX_STEPS, SmfError};
use anacrusis::music::{KeyRange, Part};
use proptest::prelude::*;

use super::build::{File, chunk, track};
use super::{ALL, read};
use crate::support::within_reason;

/// Sound files to damage.
fn sound_files() -> Vec<Vec<u8>> {
    let midi = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/midi");
    ["malformed/00_control_good.mid", "chorales/000.mid"]
        .iter()
        .map(|name| fs::read(midi.join(name)).expect(name))
        .chain([smf::write(&read(&control()).roll, &smf::WriteOptions::default())])
        .collect()
}

fn control() -> Vec<u8> {
    let meta = track().at(0, &[0xFF, 0x58, 4, 4, 2, 24, 8]).at(7, &[0xF0, 2, 1, 0xF7]);
    let meta = meta.at(9, &[0xFF, 0x01, 3, b'a', b'b', b'c']).at(9, &[0xC0, 5]);
    let notes = meta.at(9, &[0x90, 60, 80]).at(100_000, &[0x80, 60, 0]);
    File { ticks_per_beat: 96, tracks: vec![notes.end(), track().end()] }.bytes()
}

/// What holds for every answer.
fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(back) = smf::read(bytes, ALL) {
        prop_assert!(back.roll.len() as u64 <= MAX_STEPS);
        prop_assert!(back.notes <= bytes.len() as u64 / 3);
        prop_assert!(back.roll.chords.last().is_none_or(|chord| !chord.is_empty()));
        prop_assert!(back.tempo_bpm > 0.0);
        // Whatever was read can be written, and reads as the same.
        prop_assert_eq!(&Part::together(&back.parts), &back.roll);
        let written = smf::WriteOptions { metres: Some(&back.metres), ..Default::default() };
        let again = smf::write(&back.roll, &written);
        prop_assert_eq!(smf::read(&again, ALL).map(|back| back.roll), Ok(back.roll));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_files_never_panic(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..12),
    ) {
        let files = sound_files();
        let mut bytes = which.get(&files).clone();
        for (place, value, kind) in damage {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match kind {
                0 => bytes[at] = value,
                1 => bytes[at] ^= 1 << (value & 7),
                2 => bytes.insert(at, value),
                _ => bytes.truncate(at.max(14)),
            }
        }
        check(&bytes)?;
    }

    /// A sound frame around anything at all, so that the events are reached.
    #[test]
    fn random_tracks_never_panic(
        division in any::<u16>(),
        format in 0u16..3,
        tracks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..4),
    ) {
        let mut bytes = b"MThd\0\0\0\x06".to_vec();
        bytes.extend([format, tracks.len() as u16, division].map(u16::to_be_bytes).concat());
        tracks.iter().for_each(|body| bytes.extend(chunk(b"MTrk", body)));
        check(&bytes)?;
    }
}

#[test]
fn every_division_is_read_or_refused() {
    // 0x80xx is where a careless negation overflows.
    for division in (0..=u16::MAX).step_by(64).chain([0x7FFF, 0x8000, 0x80FF, 0xFFFF]) {
        let one = track().at(0, &[0x90, 60, 80]).at(100, &[0x80, 60, 0]);
        let bytes = File { ticks_per_beat: division, tracks: vec![one.end()] }.bytes();
        let back = smf::read(&bytes, ALL);
        match division {
            0 => assert_eq!(back, Err(SmfError::ZeroDivision)),
            1..=0x7FFF => assert_eq!(back.map(|back| back.notes), Ok(1)),
            0x8000.. => assert_eq!(back, Err(SmfError::Smpte)),
        }
    }
}

#[test]
fn the_longest_roll_is_read_and_a_step_more_is_not() {
    let until = |step: u64| {
        // In two strides, since one delta time holds no more than 28 bits.
        let tick = step * 120;
        let one = track().at(0, &[0x90, 72, 80]).at(tick / 2, &[0xB0, 7, 1]);
        let one = one.at(tick - 120, &[0x90, 60, 80]).at(tick, &[0x80, 60, 0]);
        smf::read(&File::one(one.at(tick, &[0x80, 72, 0])).bytes(), ALL)
    };
    assert_eq!(until(MAX_STEPS).unwrap().roll.len() as u64, MAX_STEPS);
    assert!(matches!(until(MAX_STEPS + 1), Err(SmfError::TooLong { .. })));
}

#[test]
fn more_notes_and_tracks_than_music_has_are_refused() {
    let mut body = vec![0, 0x90, 60, 80];
    for _ in 0..MAX_NOTES {
        body.extend([0, 60, 80]);
    }
    let bytes = File { ticks_per_beat: 96, tracks: vec![body] }.bytes();
    assert_eq!(smf::read(&bytes, ALL), Err(SmfError::TooManyNotes));

    let mut bytes = File { ticks_per_beat: 96, tracks: vec![] }.bytes();
    let one = chunk(b"MTrk", &track().at(0, &[0x90, 60, 80]).at(24, &[0xB0, 7, 1]).end());
    bytes.extend(one.repeat(usize::from(u16::MAX)));
    let back = smf::read(&bytes, KeyRange { low: 60, count: 1 }).unwrap();
    assert_eq!((back.notes, back.roll.len()), (65_535, 1), "all the tracks there can be");
    bytes.extend(one);
    assert_eq!(smf::read(&bytes, ALL), Err(SmfError::TooManyTracks));
}

#[test]
fn notes_piled_on_each_other_cost_their_count_not_their_product() {
    // 200,000 notes that all sound to the last step: painting each would be 10^11 writes.
    let mut piled = track();
    for _ in 0..200_000 {
        piled = piled.at(0, &[0x90, 60, 80]);
    }
    let end = MAX_STEPS * 120;
    let bytes = File::one(piled.at(end / 2, &[0xB0, 7, 1]).at(end, &[0xB0, 7, 1])).bytes();
    let back = within_reason("notes are read", move || read(&bytes));
    assert_eq!((back.notes, back.roll.len() as u64), (200_000, MAX_STEPS));
    assert!(back.roll.chords.iter().all(|chord| chord.plays(60)));
}
