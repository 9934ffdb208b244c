//! What is mended: tracks that are cut, notes that never end, ends to all notes; and parts.

use anacrusis::music::smf::{self, Repairs, SmfError};
use anacrusis::music::{Chord, Part};

use super::build::{File, Track, chunk, track};
use super::{ALL, read};

fn two(first: Track, second: Track) -> File {
    File { ticks_per_beat: 480, tracks: vec![first.end(), second.end()] }
}

fn tune() -> Track {
    track().at(0, &[0x90, 60, 80]).at(480, &[0x80, 60, 0])
}

/// Steps at which a key sounds.
fn sounds(part: &[Chord], key: u8) -> Vec<usize> {
    part.iter().enumerate().filter(|(_, chord)| chord.plays(key)).map(|(step, _)| step).collect()
}

#[test]
fn a_track_that_is_cut_or_damaged_costs_only_itself() {
    let whole = two(tune(), track().at(0, &[0x91, 72, 80]).at(480, &[0x81, 72, 0])).bytes();
    assert_eq!(read(&whole).parts.len(), 2);
    let cut = read(&whole[..whole.len() - 9]);
    assert_eq!((cut.repairs.lost_tracks, cut.notes, cut.parts.len()), (1, 1, 1));
    assert_eq!(sounds(&cut.roll.chords, 60), [0, 1, 2, 3]);

    // A key above 127 is no key, and no rest of the track is to be trusted.
    let damaged = two(track().at(0, &[0x90, 200, 80]).at(0, &[0x90, 50, 80]), tune()).bytes();
    let kept = read(&damaged);
    assert_eq!((kept.repairs.lost_tracks, kept.roll), (1, cut.roll));
    assert_eq!(kept.parts[0].name, "channel 1");

    // Without another track that has notes, the damage is told.
    let silent = track().at(0, &[0xFF, 0x58, 4, 3, 2, 24, 8]);
    let alone = two(silent, tune()).bytes();
    let error = smf::read(&alone[..alone.len() - 9], ALL).unwrap_err();
    assert!(matches!(error, SmfError::TrackCut { track: 2, .. }), "{error}");
}

#[test]
fn containers_are_opened_wherever_the_file_lies_in_them() {
    let midi = File::one(tune()).bytes();
    let riff = |chunks: &[(&[u8; 4], &[u8])]| {
        let mut body = b"RMID".to_vec();
        for (kind, bytes) in chunks {
            body.extend([&kind[..], &(bytes.len() as u32).to_le_bytes(), bytes].concat());
            body.extend(vec![0; bytes.len() % 2]);
        }
        [&b"RIFF"[..], &(body.len() as u32).to_le_bytes(), &body].concat()
    };
    for bytes in [riff(&[(b"data", &midi)]), riff(&[(b"DISP", b"odd"), (b"data", &midi)])] {
        let back = read(&bytes);
        assert_eq!((back.repairs.containers, back.notes), (1, 1));
    }
    for bytes in [riff(&[(b"DISP", &midi)]), riff(&[(b"data", b"nothing")]), b"RIFF".to_vec()] {
        assert_eq!(smf::read(&bytes, ALL), Err(SmfError::NotMidi));
    }
}

#[test]
fn all_notes_off_and_all_sound_off_end_notes() {
    for controller in [120, 123] {
        // Files begin with it: what begins at the same tick goes on.
        let one = track().at(0, &[0x90, 60, 80]).at(0, &[0xB0, controller, 0]);
        let one = one.at(0, &[0x91, 40, 80]).at(240, &[0xB0, controller, 0]);
        let back = read(&File::one(one.at(960, &[0x80, 60, 0]).at(960, &[0x81, 40, 0])).bytes());
        assert_eq!(sounds(&back.roll.chords, 60), [0, 1], "{controller}");
        assert_eq!(sounds(&back.roll.chords, 40).len(), 8, "another channel");
    }
}

#[test]
fn the_pedal_holds_to_its_release_or_the_next_onset() {
    // Down from 100 to 900 on channel 1, in a track of its own.
    let pedal = track().at(100, &[0xB0, 64, 64]).at(900, &[0xB0, 64, 63]);
    let pedal = pedal.at(1000, &[0xB0, 64, 127]);
    let notes = track().at(0, &[0x90, 60, 80]).at(0, &[0x91, 40, 80]).at(90, &[0x81, 40, 0]);
    let notes = notes.at(120, &[0x80, 60, 0]).at(480, &[0x90, 60, 80]).at(600, &[0x80, 60, 0]);
    // Down at its end, and never up again: nothing says how long.
    let notes = notes.at(960, &[0x90, 64, 80]).at(1080, &[0x80, 64, 0]);
    let chords = read(&two(pedal, notes.at(1920, &[0xB0, 7, 1])).bytes()).roll.chords;
    assert_eq!(sounds(&chords, 60), [0, 1, 2, 3, 4, 5, 6, 7], "900 ticks are 7.5 steps");
    assert!(chords[0].strikes(60) && chords[4].strikes(60) && !chords[2].strikes(60));
    assert_eq!(sounds(&chords, 40), [0], "another channel");
    assert_eq!(sounds(&chords, 64), [8]);
}

#[test]
fn a_missing_end_costs_one_note_and_no_rest() {
    // Four quarters, each with a quarter's rest; the second one is never ended.
    let mut one = track();
    for quarter in [0, 2, 4, 6] {
        one = one.at(quarter * 480, &[0x90, 60, 80]);
        if quarter != 2 {
            one = one.at((quarter + 1) * 480, &[0x80, 60, 0]);
        }
    }
    let back = read(&File::one(one).bytes());
    assert_eq!(back.repairs, Repairs { unended_notes: 1, ..Repairs::default() });
    let rests: Vec<bool> = (0..7).map(|quarter| back.roll.chords[4 * quarter].is_empty()).collect();
    assert_eq!(rests, [false, true, false, false, false, true, false]);
}

#[test]
fn tracks_are_parts_by_name_and_the_channels_of_a_single_one_by_sound() {
    let named = |name: &[u8], key: u8| {
        let title = [&[0xFF, 3, name.len() as u8][..], name].concat();
        track().at(0, &title).at(0, &[0x90, key, key]).at(480, &[0x80, key, 0])
    };
    let back = read(&two(named(b"  M\xE9lodie\x1B[2J ", 72), named(b"", 48)).bytes());
    let names: Vec<&str> = back.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["Mélodie [2J", "channel 1"]);
    assert_eq!(back.parts[0].roll.chords[0].keys().collect::<Vec<_>>(), [72]);
    assert_eq!((&back.parts[0].velocities, &back.parts[1].velocities), (&vec![72], &vec![48]));
    assert_eq!(Part::together(&back.parts), back.roll);

    let band = track().at(0, &[0xC3, 73]).at(0, &[0x93, 84, 70]).at(0, &[0x90, 40, 60]);
    let band = band.at(0, &[0x99, 36, 100]).at(480, &[0x83, 84, 0]).at(960, &[0x80, 40, 0]);
    let back = read(&File::one(band).bytes());
    let names: Vec<&str> = back.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["channel 1", "pipe (channel 4)"]);
    assert!(back.parts.iter().all(|part| part.roll.len() == back.roll.len()));
}

#[test]
fn more_parts_than_can_be_told_apart_lose_no_note() {
    let tracks = (0..100u8).map(|key| {
        let mut one = track().at(0, &[0x90, key, 80]).at(120, &[0x80, key, 0]);
        // The later ones have more notes.
        for note in 0..u64::from(key) {
            one = one.at(240 * (note + 1), &[0x90, key, 80]);
            one = one.at(240 * (note + 1) + 60, &[0x80, key, 0]);
        }
        one.end()
    });
    let back = read(&File { ticks_per_beat: 480, tracks: tracks.collect() }.bytes());
    assert_eq!((back.parts.len(), back.parts[63].name.as_str()), (64, "other parts"));
    assert_eq!(Part::together(&back.parts), back.roll);
    assert_eq!(back.roll.chords[0].len(), 100);
    assert_eq!(back.parts[0].roll.chords[0].keys().collect::<Vec<_>>(), [37]);
}

#[test]
fn bytes_after_the_last_chunk_are_padding() {
    let mut bytes = File::one(tune()).bytes();
    let plain = read(&bytes);
    bytes.extend(chunk(b"XFIH", b"whatever"));
    bytes.extend(b"\0\0\0\0padding");
    assert_eq!(read(&bytes), plain);
}
