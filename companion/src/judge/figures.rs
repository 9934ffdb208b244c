//! What music is like, in numbers: of one piece, whoever made it.
//!
//! The first six are MusPy's (Dong et al., "MusPy: A Toolkit for Symbolic Music Generation",
//! ISMIR 2020), down to how it counts beats; it takes them from Mogren 2016 and from Wu and
//! Yang, "The Jazz Transformer on the Front Line", ISMIR 2020 (MusDr). The last six are those of
//! [`Texture`].

use std::collections::BTreeSet;
use std::ops::Range;

use anacrusis::music::{Metres, PianoRoll, STEPS_PER_BAR, Tonality};

use super::texture::{Texture, bars};

/// How many figures there are.
pub const COUNT: usize = 15;

/// Their names, in their order.
pub const NAMES: [&str; COUNT] = [
    "pitch_class_entropy",
    "scale_consistency",
    "groove_consistency",
    "polyphony",
    "empty_beat_rate",
    "pitch_range",
    "onsets_beat",
    "repetition_1_bar",
    "repetition_4_bars",
    "mud",
    "block_onsets",
    "note_length",
    "sixteenths",
    "out_of_key",
    "returns",
];

const BAR: usize = STEPS_PER_BAR as usize;
const BEAT: usize = 4;

/// The figures of a piece whose first step begins a bar; NaN where one has no meaning, as
/// without notes. Grooves are of bars of sixteen steps, as MusPy is asked for them; all else that
/// knows bars takes those of the metre.
pub fn of(roll: &PianoRoll, metres: &Metres) -> [f64; COUNT] {
    let music = Music::of(roll, metres);
    let tonality = Tonality::of(&roll.chords);
    let scale = tonality.map_or(u128::MAX, Tonality::mask);
    let texture = Texture::of(&roll.chords, metres, scale);
    [
        music.pitch_class_entropy(),
        music.scale_consistency(),
        music.groove_consistency(),
        polyphony(roll),
        music.empty_beat_rate(),
        music.pitch_range(),
        music.notes.len() as f64 * BEAT as f64 / roll.len() as f64,
        music.repetition(1),
        music.repetition(4),
        texture.mud.value(),
        texture.block_onsets.value(),
        texture.note_length.value(),
        texture.sixteenths.value(),
        tonality.map_or(f64::NAN, |_| texture.out_of_key.value()),
        texture.returns.value(),
    ]
}

/// A note: its key, its first step and the one after its last.
struct Note {
    key: u8,
    begin: usize,
    end: usize,
}

struct Music {
    notes: Vec<Note>,
    /// When the last note ends.
    length: usize,
    bars: Vec<Range<usize>>,
}

impl Music {
    fn of(roll: &PianoRoll, metres: &Metres) -> Music {
        let mut notes = Vec::new();
        for (begin, chord) in roll.chords.iter().enumerate() {
            let struck = chord.keys().filter(|key| chord.strikes(*key));
            notes.extend(struck.map(|key| {
                let goes_on = |step: &usize| {
                    let chord = roll.chords[*step];
                    chord.plays(key) && !chord.strikes(key)
                };
                let end = (begin + 1..roll.len()).take_while(goes_on).last();
                Note { key, begin, end: end.unwrap_or(begin) + 1 }
            }));
        }
        let length = notes.iter().map(|note| note.end).max().unwrap_or(0);
        Music { notes, length, bars: bars(metres, roll.len()) }
    }

    /// Notes of each pitch class.
    fn classes(&self) -> [f64; 12] {
        let mut classes = [0.0; 12];
        self.notes.iter().for_each(|note| classes[usize::from(note.key % 12)] += 1.0);
        classes
    }

    /// Bits of the histogram of pitch classes of notes.
    fn pitch_class_entropy(&self) -> f64 {
        let all = self.notes.len() as f64;
        let bits =
            |count: &f64| if *count > 0.0 { -count / all * (count / all).log2() } else { 0.0 };
        if all == 0.0 { f64::NAN } else { self.classes().iter().map(bits).sum() }
    }

    /// Share of the notes in the major or natural minor scale that holds most of them.
    fn scale_consistency(&self) -> f64 {
        // A minor scale is some major one.
        const MAJOR: [usize; 7] = [0, 2, 4, 5, 7, 9, 11];
        let classes = self.classes();
        let within =
            |root: usize| MAJOR.iter().map(|step| classes[(root + step) % 12]).sum::<f64>();
        let best = (0..12).map(within).fold(0.0, f64::max);
        if self.notes.is_empty() { f64::NAN } else { best / self.notes.len() as f64 }
    }

    /// One less the mean share of the steps of a bar at which it and the next one differ in
    /// whether any note begins.
    fn groove_consistency(&self) -> f64 {
        let bars = self.length / BAR + 1;
        if bars < 2 {
            return f64::NAN;
        }
        let mut begins = vec![false; bars * BAR];
        self.notes.iter().for_each(|note| begins[note.begin] = true);
        let later = begins[BAR..].iter().zip(&begins).filter(|(a, b)| a != b).count();
        1.0 - later as f64 / (BAR * (bars - 1)) as f64
    }

    /// Share of the beats that no note touches. As in MusPy, a note touches the beat that
    /// begins when it ends.
    fn empty_beat_rate(&self) -> f64 {
        if self.length == 0 {
            return f64::NAN;
        }
        let mut empty = vec![true; self.length / BEAT + 1];
        for note in &self.notes {
            empty[note.begin / BEAT..=note.end / BEAT].fill(false);
        }
        empty.iter().filter(|empty| **empty).count() as f64 / empty.len() as f64
    }

    /// Semitones from the lowest to the highest note.
    fn pitch_range(&self) -> f64 {
        let keys = || self.notes.iter().map(|note| f64::from(note.key));
        if self.notes.is_empty() {
            return f64::NAN;
        }
        keys().fold(0.0, f64::max) - keys().fold(127.0, f64::min)
    }

    /// How much of a bar is that of `distance` bars before: what begins in both, key and step,
    /// over what begins in either (Jaccard), in the mean of the bars that have such a one;
    /// pairs of bars in which nothing begins do not count.
    fn repetition(&self, distance: usize) -> f64 {
        let mut bars = vec![BTreeSet::new(); self.bars.len()];
        for note in &self.notes {
            let bar = self.bars.partition_point(|bar| bar.end <= note.begin);
            bars[bar].insert((note.begin - self.bars[bar].start, note.key));
        }
        let pairs = bars.iter().zip(bars.iter().skip(distance));
        let shares: Vec<f64> = pairs
            .filter_map(|(before, bar)| {
                let either = before.union(bar).count();
                let both = before.intersection(bar).count();
                (either > 0).then(|| both as f64 / either as f64)
            })
            .collect();
        shares.iter().sum::<f64>() / shares.len() as f64
    }
}

/// Keys that sound in a step, in the mean of the steps in which any does.
fn polyphony(roll: &PianoRoll) -> f64 {
    let sounding = roll.chords.iter().filter(|chord| !chord.is_empty());
    let keys: u64 = sounding.clone().map(|chord| u64::from(chord.len())).sum();
    keys as f64 / sounding.count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use anacrusis::music::{KeyRange, smf};

    /// What muspy 0.5.0 says of files of `tests/midi`, read on its own with a resolution of
    /// four steps a beat: `tests/midi/measure_with_muspy.py` prints it.
    const MUSPY: &str = include_str!("../../../tests/midi/muspy.json");

    #[test]
    fn the_first_six_figures_are_those_of_muspy() {
        let told: Vec<(String, [f64; 6])> = serde_json::from_str(MUSPY).expect("figures");
        assert!(told.len() >= 20);
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/midi");
        for (name, expected) in told {
            let bytes = std::fs::read(folder.join(&name)).expect("a file");
            let roll = smf::read(&bytes, KeyRange { low: 0, count: 128 }).expect("music").roll;
            let found = of(&roll, &Metres::default());
            for (index, expected) in expected.into_iter().enumerate() {
                let apart = (found[index] - expected).abs();
                assert!(apart < 1e-9, "{name} {}: {} {expected}", NAMES[index], found[index]);
            }
        }
    }

    #[test]
    fn repetition_is_counted_by_hand() {
        let mut roll: PianoRoll = (0..6 * BAR).map(|_| anacrusis::music::Chord::SILENT).collect();
        // Bars 0 and 1 alike, bar 2 shares one of three, bar 4 is bar 0, bars 3 and 5 are empty.
        for (bar, key, step) in [
            (0, 60, 0),
            (0, 64, 8),
            (1, 60, 0),
            (1, 64, 8),
            (2, 60, 0),
            (2, 65, 8),
            (4, 60, 0),
            (4, 64, 8),
        ] {
            roll.chords[bar * BAR + step].strike(key);
        }
        let found = of(&roll, &Metres::default());
        let [one, four] = ["repetition_1_bar", "repetition_4_bars"]
            .map(|name| found[NAMES.iter().position(|other| *other == name).expect("a figure")]);
        assert!((one - (1.0 + 1.0 / 3.0 + 0.0 + 0.0 + 0.0) / 5.0).abs() < 1e-12, "{one}");
        assert!((four - (1.0 + 0.0) / 2.0).abs() < 1e-12, "{four}");
        let silent: PianoRoll = (0..BAR).map(|_| anacrusis::music::Chord::SILENT).collect();
        let found = of(&silent, &Metres::default());
        assert!(found[0].is_nan() && found[7].is_nan() && found[9..].iter().all(|f| f.is_nan()));
    }
}
