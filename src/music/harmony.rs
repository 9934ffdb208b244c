//! How notes go together: consonance, the chords that they are part of, and the key that they
//! suggest.

use std::fmt;

use super::{Chord, Scale};

/// Whether two keys sound at a consonant interval: thirds and sixths, fourths and fifths, and
/// whole octaves. Those are the intervals whose consonance is above average in Huron's index
/// ("Interval-class content in equally tempered pitch-class sets", Music Perception 11, 1994),
/// which pools three studies of listeners; he leaves the octave out, since it is the most
/// consonant by any account. Seconds, sevenths and the tritone are below.
pub fn consonant(a: u8, b: u8) -> bool {
    matches!(a.abs_diff(b) % 12, 0 | 3 | 4 | 5 | 7 | 8 | 9)
}

/// A key in the sense of tonal music: a tonic, major or minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tonality {
    /// Pitch class of the tonic, 0 (C) to 11.
    pub tonic: u8,
    /// Whether it is minor.
    pub minor: bool,
}

/// How well each pitch class above the tonic fits into a major key, as listeners rate it
/// (Krumhansl and Kessler, Psychological Review 89, 1982).
const MAJOR: [f64; 12] = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88];

/// The same of a minor key.
const MINOR: [f64; 12] = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17];

impl Tonality {
    /// The key whose profile correlates best with how long each pitch class sounds in `chords`:
    /// the algorithm of Krumhansl and Schmuckler (Krumhansl, "Cognitive Foundations of Musical
    /// Pitch", 1990, chapter 4). None if nothing sounds, or every pitch class as long.
    pub fn of(chords: &[Chord]) -> Option<Tonality> {
        let mut steps = [0.0; 12];
        for key in chords.iter().flat_map(Chord::keys) {
            steps[usize::from(key % 12)] += 1.0;
        }
        Tonality::of_classes(&steps).map(|(key, _)| key)
    }

    /// As [`Tonality::of`], from how much there is of each pitch class; and how well that correlates
    /// with the profile, -1 to 1.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn of_classes(amounts: &[f64; 12]) -> Option<(Tonality, f64)> {
        let keys = (0..24_u8).map(|n| Tonality { tonic: n % 12, minor: n >= 12 });
        let fits = keys.filter_map(|key| {
            let mut turned = key.profile();
            turned.rotate_right(usize::from(key.tonic));
            Some((correlation(amounts, &turned)?, key))
        });
        fits.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(fit, key)| (key, fit))
    }

    /// The same kind of key, `semitones` higher.
    #[must_use]
    pub fn transposed(self, semitones: i8) -> Tonality {
        // Within 0..12.
        let tonic = (i16::from(self.tonic) + i16::from(semitones)).rem_euclid(12) as u8;
        Tonality { tonic, ..self }
    }

    /// How well each pitch class above the tonic fits.
    fn profile(self) -> [f64; 12] {
        if self.minor { MINOR } else { MAJOR }
    }

    /// How well a MIDI key fits, against the mean of all: -1 to 1, the best or the worst at an end.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn fit(self, key: u8) -> f64 {
        let profile = self.profile();
        let mean = profile.iter().sum::<f64>() / 12.0;
        let largest = profile.iter().map(|value| (value - mean).abs()).fold(0.0, f64::max);
        let class = usize::from((key % 12 + 12 - self.tonic % 12) % 12);
        (profile[class] - mean) / largest
    }

    /// Mask of the keys that belong to it; in minor, both sevenths do.
    pub fn mask(self) -> u128 {
        match self.minor {
            false => Scale::Major.mask(self.tonic),
            true => Scale::NaturalMinor.mask(self.tonic) | Scale::HarmonicMinor.mask(self.tonic),
        }
    }
}

impl fmt::Display for Tonality {
    /// Its name, as "F# minor".
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let kind = if self.minor { "minor" } else { "major" };
        write!(f, "{} {kind}", class_name(self.tonic))
    }
}

/// Pearson's correlation; none if either does not vary.
fn correlation(a: &[f64; 12], b: &[f64; 12]) -> Option<f64> {
    let centred = |values: &[f64; 12]| {
        let mean = values.iter().sum::<f64>() / 12.0;
        values.map(|value| value - mean)
    };
    let dot = |a: &[f64; 12], b: &[f64; 12]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (a, b) = (centred(a), centred(b));
    let size = (dot(&a, &a) * dot(&b, &b)).sqrt();
    (size > 0.0).then(|| dot(&a, &b) / size)
}

/// A kind of chord: the pitch classes above a root, and what such a chord is called.
#[derive(Debug, PartialEq, Eq)]
pub struct ChordKind {
    /// In words, as "major seventh".
    pub name: &'static str,
    /// What stands behind the root in a chord symbol, as "maj7".
    pub suffix: &'static str,
    /// Semitones above the root, rising from 0.
    pub intervals: &'static [u8],
}

const fn kind(name: &'static str, suffix: &'static str, intervals: &'static [u8]) -> ChordKind {
    ChordKind { name, suffix, intervals }
}

/// The kinds that a sonority is taken for ([`Harmony::of`]). Their order decides between chords
/// that fit equally well.
pub static CHORD_KINDS: [ChordKind; 10] = [
    kind("major", "", &[0, 4, 7]),
    kind("minor", "m", &[0, 3, 7]),
    kind("diminished", "dim", &[0, 3, 6]),
    kind("augmented", "aug", &[0, 4, 8]),
    kind("suspended fourth", "sus4", &[0, 5, 7]),
    kind("dominant seventh", "7", &[0, 4, 7, 10]),
    kind("major seventh", "maj7", &[0, 4, 7, 11]),
    kind("minor seventh", "m7", &[0, 3, 7, 10]),
    kind("half-diminished seventh", "m7b5", &[0, 3, 6, 10]),
    kind("diminished seventh", "dim7", &[0, 3, 6, 9]),
];

/// The largest chords of tonal music: sevenths, sixths, the augmented triad, a suspended fourth
/// with its seventh, an added ninth. Whatever is left when notes of one are left out is part of a
/// chord.
const WHOLE_CHORDS: [&[u8]; 11] = [
    &[0, 4, 7, 11],
    &[0, 4, 7, 10],
    &[0, 3, 7, 10],
    &[0, 3, 6, 10],
    &[0, 3, 6, 9],
    &[0, 4, 8],
    &[0, 5, 7, 10],
    &[0, 4, 7, 9],
    &[0, 3, 7, 9],
    &[0, 2, 4, 7],
    &[0, 3, 7, 11],
];

/// Names of the pitch classes.
const NAMES: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];

/// The name of a key's pitch class.
pub fn class_name(key: u8) -> &'static str {
    NAMES[usize::from(key % 12)]
}

/// The pitch classes of a mask of keys, as a mask of twelve bits; C is the lowest.
pub fn pitch_classes(keys: u128) -> u16 {
    // Octaves lie upon each other; the last one has eight keys.
    (0..11).fold(0, |classes, octave| classes | (keys >> (12 * octave)) as u16) & 0xFFF
}

/// `intervals` above `root` as a mask of pitch classes.
fn above(root: u8, intervals: &[u8]) -> u16 {
    intervals.iter().fold(0, |classes, interval| classes | 1 << ((root + interval) % 12))
}

/// Whether pitch classes (a mask of twelve bits) are part of one chord: a triad, seventh, sixth,
/// suspended fourth or added ninth, complete or not.
pub fn is_part_of_a_chord(classes: u16) -> bool {
    (0..12).any(|root| WHOLE_CHORDS.iter().any(|whole| classes & !above(root, whole) == 0))
}

/// A chord in the sense of harmony: a kind above a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Harmony {
    /// Pitch class of the root, 0 (C) to 11.
    pub root: u8,
    /// What stands above it.
    pub kind: &'static ChordKind,
}

impl Harmony {
    /// What the share of the notes that a chord explains is lowered by for each note that it has:
    /// a seventh chord must explain more than its triad does.
    const COST: f64 = 0.08;

    /// The chord that explains most of what sounds in `steps`, each key weighed by how long it
    /// sounds: the greatest share of the notes that belong to it, less 0.08 for each pitch class
    /// that it has. None if fewer than two pitch classes sound, which suggest no chord.
    pub fn of(steps: &[Chord]) -> Option<Harmony> {
        let mut weights = [0.0; 12];
        for key in steps.iter().flat_map(Chord::keys) {
            weights[usize::from(key % 12)] += 1.0;
        }
        if weights.iter().filter(|weight| **weight > 0.0).count() < 2 {
            return None;
        }
        let all: f64 = weights.iter().sum();
        let mut best: Option<(f64, Harmony)> = None;
        for kind in &CHORD_KINDS {
            for root in 0..12 {
                let belongs = |class: &usize| above(root, kind.intervals) >> class & 1 == 1;
                let explained: f64 = (0..12).filter(belongs).map(|class| weights[class]).sum();
                let fit = explained / all - Harmony::COST * kind.intervals.len() as f64;
                if best.is_none_or(|(most, _)| fit > most) {
                    best = Some((fit, Harmony { root, kind }));
                }
            }
        }
        best.map(|(_, harmony)| harmony)
    }

    /// As [`Harmony::of`], if notes sound together in some step: a tune alone suggests too many chords to
    /// name one.
    pub fn sounding(steps: &[Chord]) -> Option<Harmony> {
        steps.iter().any(|chord| chord.len() >= 2).then(|| Harmony::of(steps)).flatten()
    }

    /// Its pitch classes as a mask of twelve bits.
    pub fn classes(self) -> u16 {
        above(self.root, self.kind.intervals)
    }

    /// Whether a key belongs to it, in any octave.
    pub fn contains(self, key: u8) -> bool {
        self.classes() >> (key % 12) & 1 == 1
    }
}

impl fmt::Display for Harmony {
    /// Its symbol, as "F#m7".
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}{}", class_name(self.root), self.kind.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_have_their_names() {
        let name = |keys: &[u8]| {
            Harmony::of(&[Chord::struck_keys(keys.iter().copied())]).map(|h| h.to_string())
        };
        for (keys, symbol) in [
            (&[48, 64, 67][..], "C"),
            (&[57, 60, 64], "Am"),
            (&[43, 59, 62, 65], "G7"),
            (&[54, 57, 61, 64], "F#m7"),
            (&[59, 62, 65, 69], "Bm7b5"),
            (&[60, 65, 67], "Csus4"),
            (&[60, 64, 68], "Caug"),
            (&[60, 63, 66, 69], "Cdim7"),
            (&[60, 64], "C"),
        ] {
            assert_eq!(name(keys).as_deref(), Some(symbol), "{keys:?}");
        }
        assert_eq!(name(&[60, 72]), None, "one pitch class");
        assert_eq!(name(&[]), None);
    }

    #[test]
    fn the_longest_notes_name_the_chord_of_several_steps() {
        let held = Chord::struck_keys([48, 52, 55]);
        let passing = Chord::struck_keys([48, 52, 55, 62]);
        let harmony = Harmony::of(&[held, held, passing, held]).expect("a chord");
        assert_eq!(harmony.to_string(), "C");
        assert!(harmony.contains(0) && harmony.contains(127) && !harmony.contains(62));
    }

    #[test]
    fn parts_of_chords_are_told_from_clusters() {
        let part = |classes: &[u8]| is_part_of_a_chord(above(0, classes));
        assert!(part(&[]) && part(&[3]) && part(&[0, 4, 7, 10]) && part(&[0, 2, 4]));
        assert!(part(&[11, 2, 5, 9]) && part(&[1, 5, 8, 11]), "any root");
        assert!(!part(&[0, 1, 2]) && !part(&[0, 4, 7, 9, 11]) && !part(&[0, 1, 6]));
        assert_eq!(pitch_classes(1 | 1 << 127 | 1 << 60), 1 | 1 << 7);
    }

    #[test]
    fn consonance_is_of_the_interval_whichever_is_above() {
        let from_c = (48..=72).filter(|key| consonant(60, *key)).collect::<Vec<_>>();
        let (down, up) = ([48, 51, 52, 53, 55, 56, 57], [60, 63, 64, 65, 67, 68, 69, 72]);
        assert_eq!(from_c, [&down[..], &up[..]].concat());
        assert!((0..128).all(|key| consonant(key, 60) == consonant(60, key)));
    }

    #[test]
    fn scales_and_cadences_are_in_their_key() {
        let melody =
            |keys: &[u8]| keys.iter().map(|k| Chord::struck_keys([*k])).collect::<Vec<_>>();
        for tonic in 0..12 {
            let major = melody(&[60, 62, 64, 65, 67, 69, 71, 72, 67, 64, 60].map(|k| k + tonic));
            assert_eq!(Tonality::of(&major), Some(Tonality { tonic, minor: false }));
            let minor =
                melody(&[60, 62, 63, 65, 67, 68, 67, 65, 63, 60, 59, 60].map(|k| k + tonic));
            let key = Tonality::of(&minor).expect("a key");
            assert_eq!(key, Tonality { tonic, minor: true });
            assert!(minor.iter().all(|chord| chord.playing() & !key.mask() == 0));
        }
        assert_eq!(Tonality::of(&[]), None);
        assert_eq!(Tonality::of(&melody(&(0..12).collect::<Vec<_>>())), None);
    }
}
