//! The key that a musician plays in, while they play.

use super::{Chord, Tonality};

/// A running estimate of the key: how much of each pitch class was heard of late, and the profile
/// that fits best (Krumhansl and Schmuckler, see [`Tonality::of`]).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KeyHeard {
    /// How long each pitch class sounded, in steps, the older the less: by [`KeyHeard::HALF_LIFE_STEPS`].
    classes: [f64; 12],
    /// The same by [`KeyHeard::RECENT_STEPS`].
    recent: [f64; 12],
    /// Notes that began.
    onsets: u32,
}

/// An estimate of the key, for an accompaniment to lean towards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyEstimate {
    /// The key.
    pub tonality: Tonality,
    /// How sure that is, 0 to 1.
    pub certainty: f32,
}

impl KeyHeard {
    /// Steps after which what was heard counts half for the key that is named and kept to.
    pub const HALF_LIFE_STEPS: f64 = 12.0;

    /// The same for the key that is leant towards, which should follow a new key soon: two bars
    /// after a turn by a tritone, accompaniments to lieder had 95 % of their usual share in key; with
    /// the longer memory, 93 %.
    pub const RECENT_STEPS: f64 = 8.0;

    /// Notes before which nothing can be said.
    pub const LEAST_ONSETS: u32 = 5;

    /// The correlations with a profile at which the certainty is 0 and 1.
    const DOUBT: [f64; 2] = [0.5, 0.9];

    /// A step went by in which the musician played `heard`.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn step(&mut self, heard: Chord) {
        let memories = [KeyHeard::HALF_LIFE_STEPS, KeyHeard::RECENT_STEPS];
        for (classes, half_life) in [&mut self.classes, &mut self.recent].into_iter().zip(memories)
        {
            let decay = (-1.0 / half_life).exp2();
            classes.iter_mut().for_each(|amount| *amount *= decay);
            for key in heard.keys() {
                // Below 12.
                classes[usize::from(key % 12)] += 1.0;
            }
        }
        self.onsets = self.onsets.saturating_add(heard.struck().count_ones());
    }

    /// The key; none before [`KeyHeard::LEAST_ONSETS`] notes.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn tonality(&self) -> Option<Tonality> {
        self.of(&self.classes).map(|(tonality, _)| tonality)
    }

    /// The key to lean towards, and how sure it is; none before [`KeyHeard::LEAST_ONSETS`] notes.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn estimate(&self) -> Option<KeyEstimate> {
        let (tonality, fit) = self.of(&self.recent)?;
        let [nothing, all] = KeyHeard::DOUBT;
        let certainty = ((fit - nothing) / (all - nothing)).clamp(0.0, 1.0) as f32;
        Some(KeyEstimate { tonality, certainty })
    }

    fn of(&self, classes: &[f64; 12]) -> Option<(Tonality, f64)> {
        let enough = self.onsets >= KeyHeard::LEAST_ONSETS;
        enough.then(|| Tonality::of_classes(classes)).flatten()
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
    fn the_estimate_is_as_sure_as_the_key_fits_and_follows_a_new_one_soon() {
        let mut heard = KeyHeard::default();
        scale(&mut heard, 0, 16);
        let old = heard.estimate().expect("a key");
        assert_eq!(old.tonality, Tonality { tonic: 0, minor: false });
        assert!(old.certainty > 0.7, "{old:?}");
        // What fits into neither key is less certain.
        scale(&mut heard, 6, 4);
        let between = heard.estimate().expect("a key");
        assert!(between.certainty < 0.7 * old.certainty, "{between:?}");
        scale(&mut heard, 6, 8);
        let new = heard.estimate().expect("a key");
        assert_eq!(new.tonality, Tonality { tonic: 6, minor: false });
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
