//! The key that a musician plays in, while they play.

use super::{Chord, Tonality};

/// A running estimate of the key: how much of each pitch class was heard of late, and the profile
/// that fits best (Krumhansl and Schmuckler, see [`Tonality::of`]).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KeyHeard {
    /// How long each pitch class sounded, in steps, the older the less.
    classes: [f64; 12],
    /// Notes that began.
    onsets: u32,
}

impl KeyHeard {
    /// Steps after which what was heard counts half.
    pub const HALF_LIFE_STEPS: f64 = 12.0;

    /// Notes before which nothing can be said.
    pub const LEAST_ONSETS: u32 = 5;

    /// A step went by in which the musician played `heard`.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn step(&mut self, heard: Chord) {
        let decay = (-1.0 / KeyHeard::HALF_LIFE_STEPS).exp2();
        self.classes.iter_mut().for_each(|amount| *amount *= decay);
        for key in heard.keys() {
            // Below 12.
            self.classes[usize::from(key % 12)] += 1.0;
        }
        self.onsets = self.onsets.saturating_add(heard.struck().count_ones());
    }

    /// The key; none before [`KeyHeard::LEAST_ONSETS`] notes.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn tonality(&self) -> Option<Tonality> {
        let enough = self.onsets >= KeyHeard::LEAST_ONSETS;
        enough.then(|| Tonality::of_classes(&self.classes)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scale up and down on a tonic, major; how many of its notes, and what is heard then.
    fn scale(heard: &mut KeyHeard, tonic: u8, notes: usize) -> Option<Tonality> {
        let steps = [0, 4, 7, 5, 4, 2, 0, 11, 0, 2, 4, 5, 7, 4, 0, 0];
        for above in steps.iter().cycle().take(notes) {
            heard.step(Chord::struck_keys([60 + tonic + above]));
            heard.step(Chord::from_masks(1 << (60 + tonic + above), 0));
        }
        heard.tonality()
    }

    #[test]
    fn five_notes_are_needed_and_old_ones_are_forgotten() {
        for tonic in 0..12 {
            let mut heard = KeyHeard::default();
            assert_eq!(scale(&mut heard, tonic, 4), None);
            let key = scale(&mut heard, tonic, 16).expect("a key");
            assert_eq!(key, Tonality { tonic, minor: false });
            let turned = scale(&mut heard, tonic + 6, 32).expect("a key");
            assert_eq!(
                turned,
                Tonality { tonic: (tonic + 6) % 12, minor: false },
                "four bars later"
            );
        }
    }

    #[test]
    fn a_rest_changes_nothing_and_silence_has_no_key() {
        let mut heard = KeyHeard::default();
        (0..100).for_each(|_| heard.step(Chord::SILENT));
        assert_eq!(heard.tonality(), None);
        let key = scale(&mut heard, 2, 16);
        (0..64).for_each(|_| heard.step(Chord::SILENT));
        assert_eq!(heard.tonality(), key);
    }
}
