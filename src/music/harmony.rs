//! How notes go together: consonance, and the key that notes suggest.

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
        let keys = (0..24_u8).map(|n| Tonality { tonic: n % 12, minor: n >= 12 });
        let fits = keys.filter_map(|key| {
            let profile = if key.minor { MINOR } else { MAJOR };
            let mut turned = profile;
            turned.rotate_right(usize::from(key.tonic));
            Some((correlation(&steps, &turned)?, key))
        });
        fits.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, key)| key)
    }

    /// Mask of the keys that belong to it; in minor, both sevenths do.
    pub fn mask(self) -> u128 {
        match self.minor {
            false => Scale::Major.mask(self.tonic),
            true => Scale::NaturalMinor.mask(self.tonic) | Scale::HarmonicMinor.mask(self.tonic),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

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
