//! How a network is guided by a musician: towards what it plays because of them (listener.md,
//! section 6).
//!
//! Two rows of logits are compared: those of a network that hears the musician, and those of the
//! same network that never did. What differs is what the musician changes, and guidance makes
//! more of it (classifier-free guidance; Ho and Salimans 2022).

use super::network::LOGITS;
use crate::music::KeyEstimate;

/// How far the musician is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Follow {
    /// How much is made of what the musician changes: 0 is the plain network, 2 the most that the
    /// knob gives.
    pub weight: f32,
    /// The key that they play in, if it is known.
    pub key: Option<KeyEstimate>,
}

impl Follow {
    /// The plain network.
    pub const NOT_AT_ALL: Follow = Follow { weight: 0.0, key: None };

    /// Nats that the note which fits best into a key that is certain is leant by.
    const LEAN: f64 = 2.6;

    /// The share of the temperature that is taken away for each unit of the weight: the more closely
    /// the musician is followed, the safer the choice of notes.
    const CAUTION: f32 = 0.24;

    /// Weight of the part of the musician's influence that neighbouring keys share, beside 1 for the
    /// rest. The shared part says when something begins; with all of it, a network plays blocks on
    /// the musician's onsets.
    const TIMING: f32 = 0.5;

    /// Share of the running mean that each key visited replaces: it remembers about an octave, so
    /// that no pitch class dominates.
    const NEIGHBOUR: f32 = 1.0 / 12.0;

    /// What a knob of 0 to 1 asks for, beside a musician in `key`.
    pub fn by(knob: f32, key: Option<KeyEstimate>) -> Follow {
        Follow { weight: 2.0 * knob, key }
    }

    /// Begins to guide the keys of one step.
    pub fn guide(self) -> Guide {
        Guide { follow: self, common: 0.0, given: 0 }
    }
}

/// Guides the keys of one step, in the order in which they are visited.
#[derive(Clone, Copy, Debug)]
pub struct Guide {
    follow: Follow,
    /// Running mean, over the silent keys visited so far that are not given, of what the musician adds
    /// to the log odds of a beginning. In nats.
    common: f32,
    /// Mask of the keys that are given.
    given: u128,
}

impl Guide {
    /// The same beside a musician whose keys, those of the mask `given`, the note stack is given.
    ///
    /// # Realtime
    /// Arithmetic only.
    #[must_use]
    pub fn beside(self, given: u128) -> Guide {
        Guide { given, ..self }
    }

    /// The logits of a MIDI key, which sounded in the step before or did not, from those of who hears
    /// the musician and of who does not.
    ///
    /// What the musician changes about a silent key has two parts: one that its neighbours share,
    /// which counts less, and one of its own. The key that is heard makes it likelier that a fitting
    /// note begins, but not that it goes on: else such notes would last longer than people's do.
    ///
    /// Of a key that is given counts only what a network says that is not given it: the loss leaves
    /// the musician's keys out, so the other row was never trained there (model.md, section 5).
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn logits(
        &mut self,
        key: u8,
        sounded: bool,
        [heard, unheard]: [[f32; LOGITS]; 2],
    ) -> [f32; LOGITS] {
        let Follow { weight, key: estimate } = self.follow;
        let given = self.given >> (key & 127) & 1 == 1;
        let heard = if given { unheard } else { heard };
        let mut change = [heard[0] - unheard[0], heard[1] - unheard[1]];
        if !sounded && !given {
            self.common += Follow::NEIGHBOUR * (change[0] - self.common);
            change[0] -= (1.0 - Follow::TIMING) * self.common;
        }
        let mut logits = [heard[0] + weight * change[0], heard[1] + weight * change[1]];
        if let Some(KeyEstimate { tonality, certainty }) = estimate {
            let fit = tonality.fit(key);
            let fit = if sounded { fit.min(0.0) } else { fit };
            logits[0] += (f64::from(weight.min(1.0) * certainty) * Follow::LEAN * fit) as f32;
        }
        logits.map(|logit| logit / (1.0 - Follow::CAUTION * weight.clamp(0.0, 2.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Tonality;

    /// The first key that is guided, which sounded.
    fn first(follow: Follow, rows: [[f32; 2]; 2]) -> [f32; 2] {
        follow.guide().logits(60, true, rows)
    }

    #[test]
    fn guidance_goes_on_in_the_direction_of_the_musician() {
        let rows = [[1.0, 0.5], [-1.0, 1.0]];
        assert_eq!(first(Follow::NOT_AT_ALL, rows), [1.0, 0.5]);
        // Of the temperature 0.76 is left, and 0.52.
        assert_eq!(first(Follow::by(0.5, None), rows), [3.0 / 0.76, 0.0]);
        assert_eq!(first(Follow::by(1.0, None), rows), [5.0 / 0.52, -0.5 / 0.52]);
    }

    #[test]
    fn what_silent_keys_share_counts_half() {
        let mut guide = Follow::by(0.5, None).guide();
        let mut guided = |change: f32| guide.logits(60, false, [[change, 0.0], [0.0; 2]])[0] * 0.76;
        // A change of all keys alike.
        let last = (0..100).map(|_| guided(2.0)).last().expect("a hundred");
        assert!((last - (2.0 + 0.5 * 2.0)).abs() < 1e-3, "{last}");
        // What one key has beyond that is made all of, but for its own part in the mean.
        let own = guided(5.0);
        assert!((own - (5.0 + 1.0 + 3.0 - 0.125)).abs() < 1e-3, "{own}");
    }

    #[test]
    fn of_a_key_that_is_given_only_the_row_counts_that_is_not_given_it() {
        let mut guide = Follow::by(0.5, None).guide().beside(1 << 60);
        for sounded in [false, true] {
            let [play, strike] = guide.logits(60, sounded, [[900.0, 900.0], [0.76, 1.52]]);
            assert!((play - 1.0).abs() < 1e-6 && (strike - 2.0).abs() < 1e-6, "{play} {strike}");
        }
        let next = guide.logits(61, false, [[0.0; 2]; 2]);
        assert_eq!(next, [0.0; 2], "nor does it count for its neighbours");
    }

    #[test]
    fn notes_of_the_key_that_is_heard_get_likelier_the_surer_it_is() {
        let tonality = Tonality { tonic: 0, minor: false };
        let lean = |knob, key, sounded, certainty| {
            let follow = Follow::by(knob, Some(KeyEstimate { tonality, certainty }));
            let temperature = 1.0 - Follow::CAUTION * follow.weight;
            follow.guide().logits(key, sounded, [[0.0; 2]; 2])[0] * temperature
        };
        let begins = |knob, key| lean(knob, key, false, 1.0);
        assert!((begins(0.5, 60) - 2.6).abs() < 1e-6, "the tonic fits best");
        assert!(begins(0.5, 67) > 0.2 && begins(0.5, 61) < -0.2);
        assert!((begins(0.5, 67) - begins(1.0, 67)).abs() < 1e-6, "no more than that");
        assert_eq!(begins(0.0, 60), 0.0);
        assert_eq!(lean(0.5, 60, true, 1.0), 0.0, "what fits lasts no longer");
        assert!((lean(0.5, 61, true, 1.0) - begins(0.5, 61)).abs() < 1e-6);
        assert!((begins(0.25, 60) - 1.3).abs() < 1e-6);
        assert!((lean(0.5, 60, false, 0.5) - 1.3).abs() < 1e-6);
        assert_eq!(lean(0.5, 60, false, 0.0), 0.0);
    }
}
