//! How badly a prediction missed, in nats (model.md, section 5).

/// Binary cross-entropy of the logit `z` against bit `y`, in nats:
/// `max(z, 0) - z y + log1p(exp(-|z|))`, the form without a logarithm of a probability.
pub fn bce(z: f64, y: bool) -> f64 {
    let target = if y { z } else { 0.0 };
    z.max(0.0) - target + (-z.abs()).exp().ln_1p()
}

/// Binary cross-entropy of the probability `p` against bit `y`, in nats, for baselines.
pub fn bernoulli_nats(p: f64, y: bool) -> f64 {
    -(if y { p } else { 1.0 - p }).ln()
}

/// A sum of nats over steps, play and articulation apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Nats {
    /// Nats of the play bits.
    pub play: f64,
    /// Nats of the articulation of keys that truly play.
    pub articulate: f64,
    /// Steps summed.
    pub steps: u64,
}

impl Nats {
    /// Adds one key: its logits against what it truly did.
    pub fn add_key(&mut self, logits: [f32; 2], plays: bool, struck: bool) {
        self.add_play(logits[0], plays);
        if plays {
            self.add_articulate(logits[1], struck);
        }
    }

    /// Adds the play bit of a key.
    pub fn add_play(&mut self, logit: f32, plays: bool) {
        self.play += bce(f64::from(logit), plays);
    }

    /// Adds the articulation of a key that plays.
    pub fn add_articulate(&mut self, logit: f32, struck: bool) {
        self.articulate += bce(f64::from(logit), struck);
    }

    /// Adds another sum to this one.
    pub fn add(&mut self, other: Nats) {
        self.play += other.play;
        self.articulate += other.articulate;
        self.steps += other.steps;
    }

    /// Nats per step, both bits.
    pub fn nats_step(&self) -> f64 {
        self.play_nats_step() + self.art_nats_step()
    }

    /// Nats per step of the play bits: the part comparable with the literature.
    pub fn play_nats_step(&self) -> f64 {
        self.play / self.steps.max(1) as f64
    }

    /// Nats per step of the articulation bits.
    pub fn art_nats_step(&self) -> f64 {
        self.articulate / self.steps.max(1) as f64
    }

    /// The training loss, `1/(2TN)` of the sum over `keys` keys.
    pub fn loss(&self, keys: usize) -> f64 {
        self.nats_step() / (2 * keys) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logit_and_probability_forms_agree_and_stay_finite() {
        for z in [-30.0f64, -3.0, -0.1, 0.0, 0.7, 12.0] {
            let p = 1.0 / (1.0 + (-z).exp());
            for y in [false, true] {
                let direct = bernoulli_nats(p, y);
                assert!((bce(z, y) - direct).abs() < 1e-3 * direct.max(1e-9), "{z} {y}");
            }
        }
        assert_eq!(bce(-1000.0, true), 1000.0);
    }
}
