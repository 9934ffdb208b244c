//! Where bar lines come from when a file says several things, and how metres are written.

use anacrusis::music::smf::{self, Part, TempoChange, WriteOptions};
use anacrusis::music::{Chord, Metres, PianoRoll, Rate, Signature};

use super::build::{File, track};
use super::read;

fn signature(numerator: u32, denominator: u32) -> Signature {
    Signature::new(numerator, denominator).expect("a signature")
}

/// What a file says of its metre, as steps and signatures: quarters of one note throughout.
fn metres(said: &[(u64, u8, u8)]) -> Metres {
    let mut events: Vec<(u64, Vec<u8>)> = said
        .iter()
        .map(|(tick, n, power)| (*tick, vec![0xFF, 0x58, 4, *n, *power, 24, 8]))
        .collect();
    for quarter in 0..40 {
        events.push((quarter * 480, vec![0x90, 60, 80]));
        events.push((quarter * 480 + 400, vec![0x80, 60, 0]));
    }
    events.sort_by_key(|(tick, _)| *tick);
    let one = events.iter().fold(track(), |track, (tick, event)| track.at(*tick, event));
    read(&File::one(one).bytes()).metres
}

#[test]
fn the_last_signature_of_a_tick_wins_and_the_nearest_step_is_its_bar_line() {
    assert_eq!(metres(&[(0, 3, 2), (0, 6, 3)]), Metres::of(signature(6, 8)));
    let late = metres(&[(0, 4, 2), (1935, 3, 2)]);
    assert_eq!(late.signatures().nth(1), Some((16, signature(3, 4))));
    // In another track, later in the file.
    let notes = track().at(0, &[0xFF, 0x58, 4, 4, 2, 24, 8]).at(0, &[0x90, 60, 80]);
    let notes = notes.at(9600, &[0x80, 60, 0]).end();
    let change = track().at(0, &[0xFF, 0x58, 4, 5, 2, 24, 8]).end();
    let back = read(&File { ticks_per_beat: 480, tracks: vec![notes, change] }.bytes());
    assert_eq!(back.metres, Metres::of(signature(5, 4)));
}

#[test]
fn placeholders_are_told_from_pickups() {
    assert_eq!(metres(&[(0, 1, 3)]), Metres::default(), "1/8 throughout");
    assert_eq!(metres(&[(0, 1, 2), (960, 1, 2)]), Metres::default());
    assert_eq!(metres(&[(0, 1, 2), (0, 3, 2)]), Metres::of(signature(3, 4)));
    assert_eq!(metres(&[(0, 3, 2), (0, 1, 2)]), Metres::of(signature(3, 4)));
    let pickup = metres(&[(0, 1, 2), (480, 3, 2)]);
    assert_eq!(pickup.position(0).beat, 2);
    // A bar of one quarter among others is one.
    let short = metres(&[(0, 4, 2), (1920, 1, 2), (2400, 4, 2)]);
    assert_eq!(short.signature(17), signature(1, 4));
    // Impossible ones are none, also beside a placeholder.
    assert_eq!(metres(&[(0, 0, 2), (0, 1, 2)]), Metres::default());
}

#[test]
fn a_first_bar_cut_short_by_its_own_metre_is_a_pickup() {
    let pickup = metres(&[(0, 4, 2), (480, 4, 2)]);
    assert_eq!((pickup.position(0).beat, pickup.position(4).beat), (3, 0));
}

#[test]
fn metres_are_written_where_they_begin() {
    let roll = PianoRoll { chords: vec![Chord::struck_keys([60]); 60] };
    for metres in [
        Metres::default(),
        Metres::of(signature(6, 8)),
        Metres::new([(0, signature(1, 4)), (4, signature(4, 4))]),
        Metres::new([(0, signature(4, 4)), (16, signature(3, 4)), (40, signature(5, 8))]),
    ] {
        let options = WriteOptions { metres: Some(&metres), ..WriteOptions::default() };
        let part = Part::new("one", 0, roll.clone());
        let tempi = [TempoChange { step: 20, tempo_bpm: 60.0 }];
        let several = smf::write_parts(&[part], Rate::Sixteenth, &tempi, &options);
        for bytes in [smf::write(&roll, &options), several] {
            let back = read(&bytes);
            assert_eq!(back.roll, roll);
            for step in 0..60 {
                assert_eq!(back.metres.position(step), metres.position(step), "{metres:?} {step}");
            }
        }
    }
}
