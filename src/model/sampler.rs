//! From logits to notes: temperature, density exponent, truncation, and where the random
//! numbers come from (model.md, section 8). The random numbers are arguments.

/// How logits become decisions. `Copy`, so it crosses threads with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Divides the logits; below 1 safer, above 1 wilder. Positive.
    pub temperature: f32,
    /// Probabilities under this count as 0, over one minus this as 1; `0..0.5`, 0 is off.
    pub truncation: f32,
    /// Exponent on the play probability: below 1 denser, above 1 sparser ("conservativity"
    /// of the 2015 code). Positive. The plugin leaves it at 1. It stays for the golden runs `gamma08` and
    /// `damped` (golden.md), by which others check their own sampling.
    pub gamma: f32,
    /// Nats taken from the log odds of play and of articulate, after temperature: above 0 fewer
    /// notes; 0 is the specification's.
    pub lean: [f32; 2],
}

impl Sampling {
    /// The network's own distribution, nothing bent.
    pub const PLAIN: Sampling =
        Sampling { temperature: 1.0, truncation: 0.0, gamma: 1.0, lean: [0.0; 2] };
}

impl Default for Sampling {
    /// The product's defaults (jam.md, section 8).
    fn default() -> Self {
        Sampling { temperature: 0.9, truncation: 0.02, ..Sampling::PLAIN }
    }
}

impl Sampling {
    /// `[P(play), P(articulate | play)]` of a key after temperature, density and truncation.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn probabilities(&self, logits: [f32; 2]) -> [f64; 2] {
        let tau = f64::from(self.temperature);
        let sigmoid = |which: usize| {
            let z = f64::from(logits[which]) / tau - f64::from(self.lean[which]);
            1.0 / (1.0 + (-z).exp())
        };
        let play = sigmoid(0).powf(f64::from(self.gamma));
        let articulate = sigmoid(1);
        [self.truncate(play), self.truncate(articulate)]
    }

    fn truncate(&self, p: f64) -> f64 {
        let epsilon = f64::from(self.truncation);
        if p < epsilon {
            0.0
        } else if p > 1.0 - epsilon {
            1.0
        } else {
            p
        }
    }
}

/// Decides one key: `(plays, is struck)`; a silent key is never struck. `uniforms` are two
/// independent numbers in `[0, 1)`, one for each decision whether or not it is needed.
///
/// # Realtime
/// Arithmetic only.
pub fn decide(sampling: &Sampling, logits: [f32; 2], uniforms: [f64; 2]) -> (bool, bool) {
    let [play, articulate] = sampling.probabilities(logits);
    let plays = uniforms[0] < play;
    (plays, plays && uniforms[1] < articulate)
}

/// A counter-based generator: the same (seed, pass, step, key, which) gives the same number,
/// in whatever order they are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draw {
    /// The musician's seed.
    pub seed: u64,
    /// How often the transport has wrapped or jumped since the anchor.
    pub pass: u64,
}

impl Draw {
    /// The uniforms in `[0, 1)` for (play, articulate) of `key` at `step`.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn uniforms(&self, step: i64, key: u8) -> [f64; 2] {
        [0, 1].map(|which: u64| {
            let coin = u64::from(key) << 1 | which;
            let mut hash = mix(self.seed ^ 0xA0AC_2055_1BA2_E5B1);
            for word in [self.pass, step as u64, coin] {
                hash = mix(hash ^ word);
            }
            // The upper 53 bits as a fraction: every value exact in f64 and below 1.
            (hash >> 11) as f64 / (1u64 << 53) as f64
        })
    }
}

/// SplitMix64's step and finaliser (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014): a bijection in which every input bit reaches every output bit.
fn mix(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The rule against silence of the 2015 code's `gen_adaptive` (model.md, section 8): while
/// fewer than two notes sound, gamma sinks and notes get likelier; else it recovers. What plays follows
/// [`Control`](super::Control); this stays for the golden numbers `damp.*` and the run `damped`
/// (golden.md), which `cargo xtask vectors` computes for others to compare with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Damping {
    gamma: f64,
}

impl Default for Damping {
    fn default() -> Self {
        Damping { gamma: 1.0 }
    }
}

impl Damping {
    /// Lowest gamma. Without a floor, fifty empty steps bring it to 0, where every key plays.
    pub const FLOOR: f64 = 0.5;

    /// The exponent for the next step.
    pub fn gamma(&self) -> f64 {
        self.gamma
    }

    /// Takes note of a step in which `notes` keys sounded.
    pub fn after_step(&mut self, notes: u32) {
        self.gamma = if notes < 2 {
            (self.gamma.min(1.0) - 0.02).max(Damping::FLOOR)
        } else {
            self.gamma + 0.3 * (1.0 - self.gamma)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniforms_are_uniform_and_independent_of_order() {
        let draw = Draw { seed: 7, pass: 2 };
        let mut sums = [0.0; 2];
        let mut product = 0.0;
        let n = 200_000;
        for i in 0..n {
            let [a, b] = draw.uniforms(i / 128 - 500, (i % 128) as u8);
            assert!((0.0..1.0).contains(&a) && (0.0..1.0).contains(&b));
            sums[0] += a;
            sums[1] += b;
            product += (a - 0.5) * (b - 0.5);
        }
        for sum in sums {
            assert!((sum / n as f64 - 0.5).abs() < 0.003, "mean {}", sum / n as f64);
        }
        assert!((product / n as f64).abs() < 0.001, "correlated");
        assert_ne!(draw.uniforms(0, 60), Draw { seed: 7, pass: 3 }.uniforms(0, 60));
        assert_ne!(draw.uniforms(0, 60), draw.uniforms(0, 61));
    }

    #[test]
    fn truncation_decides_what_is_nearly_certain() {
        let sampling = Sampling { truncation: 0.02, ..Sampling::PLAIN };
        let [rare, sure] = sampling.probabilities([-4.0, 4.0]);
        assert_eq!((rare, sure), (0.0, 1.0));
        assert_eq!(decide(&sampling, [-4.0, 0.0], [0.0, 0.0]), (false, false));
    }
}
