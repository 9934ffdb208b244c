//! How a network is guided by a musician: towards what it plays because of them (listener.md,
//! section 6).
//!
//! Two rows of logits are compared: those of a network that hears the musician, and those of the
//! same network that never did. What differs is what the musician changes, and guidance makes
//! more of it (classifier-free guidance; Ho and Salimans 2022).

use super::network::LOGITS;
use crate::music::Tonality;

/// How far the musician is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Follow {
    /// How much is made of what the musician changes: 0 is the plain network, 2 the most that the
    /// knob gives.
    pub weight: f32,
    /// The key that they play in, if it is known.
    pub key: Option<Tonality>,
}

impl Follow {
    /// The plain network.
    pub const NOT_AT_ALL: Follow = Follow { weight: 0.0, key: None };

    /// Nats that the note which fits best into the musician's key is leant by.
    const LEAN: f64 = 1.2;

    /// How much less is dared beside a musician who is followed: a part of the temperature for each
    /// of the weight. Who listens closely plays what is likeliest; with it, figures fell apart less
    /// and rests got thinner (docs/judge.md).
    const CAUTION: f32 = 0.185;

    /// What a knob of 0 to 1 asks for, beside a musician in `key`.
    pub fn by(knob: f32, key: Option<Tonality>) -> Follow {
        Follow { weight: 2.0 * knob, key }
    }

    /// The logits of a MIDI key, which sounded in the step before or did not, from those of who hears
    /// the musician and of who does not.
    ///
    /// The key that is heard makes a note's beginning likelier and not its going on: else notes that
    /// fit would last longer than people's do.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn guided(
        &self,
        key: u8,
        sounded: bool,
        [heard, unheard]: [[f32; LOGITS]; 2],
    ) -> [f32; LOGITS] {
        let mut logits = heard;
        for (logit, unheard) in logits.iter_mut().zip(unheard) {
            *logit += self.weight * (*logit - unheard);
        }
        let fit = self.key.map_or(0.0, |tonality| tonality.fit(key));
        let fit = if sounded { fit.min(0.0) } else { fit };
        logits[0] += (f64::from(self.weight.min(1.0)) * Follow::LEAN * fit) as f32;
        logits.map(|logit| logit / (1.0 - Follow::CAUTION * self.weight.clamp(0.0, 2.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guidance_goes_on_in_the_direction_of_the_musician() {
        let rows = [[1.0, 0.5], [-1.0, 1.0]];
        assert_eq!(Follow::NOT_AT_ALL.guided(60, false, rows), [1.0, 0.5]);
        // Of the temperature 0.815 is left, and 0.63.
        assert_eq!(Follow::by(0.5, None).guided(60, false, rows), [3.0 / 0.815, 0.0]);
        assert_eq!(Follow::by(1.0, None).guided(60, false, rows), [5.0 / 0.63, -0.5 / 0.63]);
    }

    #[test]
    fn notes_of_the_key_that_is_heard_get_likelier() {
        let c_major = Some(Tonality { tonic: 0, minor: false });
        let lean = |knob, key| {
            let follow = Follow::by(knob, c_major);
            let temperature = 1.0 - Follow::CAUTION * follow.weight;
            follow.guided(key, false, [[0.0; 2]; 2])[0] * temperature
        };
        assert!((lean(0.5, 60) - 1.2).abs() < 1e-6, "the tonic fits best");
        assert!(lean(0.5, 67) > 0.2 && lean(0.5, 61) < -0.2);
        assert!((lean(0.5, 67) - lean(1.0, 67)).abs() < 1e-6, "no more than that");
        assert_eq!(lean(0.0, 60), 0.0);
        let lasting = |key| Follow::by(0.5, c_major).guided(key, true, [[0.0; 2]; 2])[0] * 0.815;
        assert_eq!(lasting(60), 0.0, "what fits lasts no longer");
        assert!((lasting(61) - lean(0.5, 61)).abs() < 1e-6);
        assert!((lean(0.25, 60) - 0.6).abs() < 1e-6);
    }
}
