//! Standard MIDI Files: to the grid and back, damaged, hostile and merely odd.
use anacrusis::music::{Chord, KeyRange, PianoRoll, smf};

const ALL: KeyRange = KeyRange { low: 0, count: 128 };

#[test]
fn a_written_roll_reads_back() {
    let roll: PianoRoll =
        [Chord::struck_keys([60, 64]), Chord::from_masks(1 << 60, 0), Chord::struck_keys([60])]
            .into_iter()
            .collect();
    let bytes = smf::write(&roll, &smf::WriteOptions::default());
    let back = smf::read(&bytes, ALL).unwrap();
    assert_eq!((back.roll, back.tempo_bpm, back.notes), (roll, 120.0, 3));
}
