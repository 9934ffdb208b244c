//! Shares, and what they can be told from.

use anacrusis::model::Draw;
use anacrusis::music::Keys;
use anacrusis::music::harmony::consonant;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::Melody;

/// Counts of what sounds together with a melody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measures {
    pairs: u64,
    consonant: u64,
    notes: u64,
    in_key: u64,
    /// Steps in which the melody sounds.
    steps: u64,
}

impl Measures {
    /// Lays the keys that sound in each step over a melody. What is longer is cut.
    pub fn add(&mut self, melody: &Melody, accompaniment: &[u128]) {
        let scale = melody.tonality.mask();
        for (sung, sounding) in melody.chords.iter().zip(accompaniment) {
            self.notes += u64::from(sounding.count_ones());
            self.in_key += u64::from((sounding & scale).count_ones());
            self.steps += u64::from(!sung.is_empty());
            for key in sung.keys() {
                self.pairs += u64::from(sounding.count_ones());
                let fits = Keys(*sounding).filter(|other| consonant(key, *other)).count();
                self.consonant += fits as u64;
            }
        }
    }

    /// Adds what another counted.
    pub fn merge(&mut self, other: &Measures) {
        self.pairs += other.pairs;
        self.consonant += other.consonant;
        self.notes += other.notes;
        self.in_key += other.in_key;
        self.steps += other.steps;
    }

    /// Share of the pairs that are consonant, 0 to 1; 0 if there is none.
    pub fn consonance(&self) -> f64 {
        share(self.consonant, self.pairs)
    }

    /// Share of the notes, step by step, that are in the melody's key, 0 to 1.
    pub fn in_key(&self) -> f64 {
        share(self.in_key, self.notes)
    }

    /// Notes of the accompaniment to a step in which the melody sounds.
    pub fn notes_step(&self) -> f64 {
        share(self.pairs, self.steps)
    }
}

impl Serialize for Measures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Measures", 3)?;
        fields.serialize_field("consonance", &self.consonance())?;
        fields.serialize_field("in_key", &self.in_key())?;
        fields.serialize_field("notes_step", &self.notes_step())?;
        fields.end()
    }
}

fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

/// A mean and the interval that it lies in with 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Mean {
    const SAMPLES: usize = 2000;

    /// The mean of `values`, which must not be empty, with the percentile bootstrap's interval
    /// (Efron 1979); the same each time.
    pub fn bootstrapped(values: &[f64]) -> Mean {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let mut means: Vec<f64> = (0..Mean::SAMPLES)
            .map(|sample| {
                let draw = Draw { seed: 0xB007, pass: sample as u64 };
                let sum: f64 = (0..n)
                    .map(|at| {
                        // Below `n`.
                        let drawn = draw.uniforms(at as i64, 0)[0] * n as f64;
                        values[(drawn as usize).min(n - 1)]
                    })
                    .sum();
                sum / n as f64
            })
            .collect();
        means.sort_by(f64::total_cmp);
        let at = |share: f64| means[(share * (Mean::SAMPLES - 1) as f64).round() as usize];
        Mean { mean, low: at(0.025), high: at(0.975) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anacrusis::music::{Chord, Tonality};

    #[test]
    fn pairs_and_notes_are_counted_by_hand() {
        let mut rest = Chord::SILENT;
        rest.silence(0);
        let melody = Melody {
            name: String::new(),
            chords: vec![Chord::struck_keys([72]), Chord::from_masks(1 << 72, 0), rest],
            tonality: Tonality { tonic: 0, minor: false },
        };
        let mut measures = Measures::default();
        // A third and a tritone below; a second above; a note while the melody rests.
        measures.add(&melody, &[1 << 68 | 1 << 66, 1 << 74, 1 << 60, 1 << 61]);
        assert_eq!((measures.pairs, measures.consonant), (3, 1));
        assert_eq!((measures.notes, measures.in_key), (4, 2));
        assert_eq!(measures.notes_step(), 1.5);
        assert_eq!(Measures::default().consonance(), 0.0);
    }

    #[test]
    fn the_interval_holds_the_mean_and_narrows_with_more_values() {
        let values = |n: u32| (0..n).map(|i| f64::from(i % 10)).collect::<Vec<_>>();
        let few = Mean::bootstrapped(&values(10));
        let many = Mean::bootstrapped(&values(1000));
        for mean in [few, many] {
            assert_eq!(mean.mean, 4.5);
            assert!(mean.low < 4.5 && 4.5 < mean.high);
        }
        // 1.96 standard errors of ten values of deviation 2.87 are 1.78.
        assert!((few.high - few.low - 3.56).abs() < 0.4, "{few:?}");
        assert!(many.high - many.low < 0.4);
        assert_eq!(Mean::bootstrapped(&[2.0]), Mean { mean: 2.0, low: 2.0, high: 2.0 });
    }
}
