//! How well loudness is told, beside what is told without a network.

use anacrusis::jam::controls::Controls;
use anacrusis::jam::touch::Touch;
use anacrusis::model::Draw;
use anacrusis::music::Step;
use serde::{Deserialize, Serialize};

use super::struck::Struck;

/// How far off one way of telling velocities is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Mean distance from the velocity that was played, in MIDI velocities.
    pub mean_error: f64,
    /// Pearson's correlation with it, -1 to 1; 0 where it is not defined.
    pub correlation: f64,
}

/// How far off several ways are, over the same notes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Errors {
    /// Notes.
    pub notes: u64,
    /// The network's head, around the running level.
    pub head: Told,
    /// The plugin's rule without a head, around the running level: outer voices, counts.
    pub rule: Told,
    /// The running level alone.
    pub level: Told,
    /// One velocity for all of them: their mean.
    pub constant: Told,
}

/// Sums of one way.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    error: f64,
    told: f64,
    told_squared: f64,
    product: f64,
}

impl Sums {
    fn note(&mut self, told: f64, played: f64) {
        self.error += (told - played).abs();
        self.told += told;
        self.told_squared += told * told;
        self.product += told * played;
    }
}

/// Sums over notes.
#[derive(Clone, Debug)]
pub struct Count {
    /// Head, rule, level.
    ways: [Sums; 3],
    /// Notes of each velocity.
    played: [u64; 128],
    usual: Controls,
}

impl Default for Count {
    fn default() -> Self {
        // Nothing but the rule: no chance, and nothing that is set by hand.
        let usual = Controls { humanise: 0, accent: 0, dynamics: 1.0, ..Controls::default() };
        Count { ways: [Sums::default(); 3], played: [0; 128], usual }
    }
}

impl Count {
    /// Takes a note, of which the head tells so much above the level.
    pub fn note(&mut self, note: &Struck, above: f32) {
        let touch =
            Touch::new(&self.usual, Some(note.level), note.stress, Draw::default(), Step(0));
        let played = f64::from(note.velocity);
        let told = [
            f64::from((note.level + above).clamp(1.0, 127.0)),
            f64::from(touch.velocity(note.key, note.together)),
            f64::from(note.level),
        ];
        for (way, told) in self.ways.iter_mut().zip(told) {
            way.note(told, played);
        }
        self.played[usize::from(note.velocity & 127)] += 1;
    }

    /// Adds the notes of another.
    pub fn add(&mut self, other: &Count) {
        for (a, b) in self.ways.iter_mut().zip(&other.ways) {
            a.error += b.error;
            a.told += b.told;
            a.told_squared += b.told_squared;
            a.product += b.product;
        }
        self.played.iter_mut().zip(&other.played).for_each(|(a, b)| *a += b);
    }

    /// What comes of it.
    pub fn errors(&self) -> Errors {
        let notes: u64 = self.played.iter().sum();
        let count = notes.max(1) as f64;
        let over = |of: &dyn Fn(f64) -> f64| -> f64 {
            self.played.iter().zip(0u8..).map(|(n, v)| *n as f64 * of(f64::from(v))).sum::<f64>()
                / count
        };
        let mean = over(&|v| v);
        let variance = over(&|v| (v - mean) * (v - mean));
        let [head, rule, level] = self.ways.map(|way| {
            let told = way.told / count;
            let spread = (way.told_squared / count - told * told).max(0.0);
            let common = way.product / count - told * mean;
            let scale = (spread * variance).sqrt();
            let correlation = if scale > 1e-9 { (common / scale).clamp(-1.0, 1.0) } else { 0.0 };
            Told { mean_error: way.error / count, correlation }
        });
        let constant = Told { mean_error: over(&|v| (v - mean).abs()), correlation: 0.0 };
        Errors { notes, head, rule, level, constant }
    }
}

impl std::fmt::Display for Errors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "loudness of {} notes: mean error in MIDI velocities (and correlation) by the network's \
             head {:.1} ({:.2}), by rule {:.1} ({:.2}), as loud as the bar before {:.1} ({:.2}), by \
             one velocity for all {:.1}",
            self.notes,
            self.head.mean_error,
            self.head.correlation,
            self.rule.mean_error,
            self.rule.correlation,
            self.level.mean_error,
            self.level.correlation,
            self.constant.mean_error
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anacrusis::music::Stress;

    #[test]
    fn errors_and_correlations_are_those_of_arithmetic() {
        let mut count = Count::default();
        let mut other = Count::default();
        for (velocity, level, above) in [(60, 60.0, 4.0), (80, 70.0, 6.0), (100, 80.0, 8.0)] {
            let note = Struck { key: 60, velocity, level, together: 1 << 60, stress: Stress::None };
            let of = if velocity == 80 { &mut other } else { &mut count };
            of.note(&note, above);
        }
        count.add(&other);
        let errors = count.errors();
        assert_eq!(errors.notes, 3);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} for {b}");
        close(errors.head.mean_error, (4.0 + 4.0 + 12.0) / 3.0);
        close(errors.head.correlation, 1.0);
        close(errors.level.mean_error, 10.0);
        close(errors.constant.mean_error, 40.0 / 3.0);
        // A note between the counts, alone: the level less a bit and a half.
        assert!((errors.rule.mean_error - 11.5).abs() <= 0.7, "{errors:?}");
        assert_eq!(Count::default().errors().head, Told::default());
    }
}
