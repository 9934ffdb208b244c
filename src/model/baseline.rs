//! Predictors so simple that a network must beat them.
//!
//! All share one form: each key is a coin whose bias depends on whether that key played in
//! the step before, and nothing else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::loss::{Nats, bernoulli_nats};
use crate::music::{Chord, KeyRange, PianoRoll};

/// Probabilities per key, given whether it was silent (`[0]`) or played (`[1]`) before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// `play[n][before]`: P(key n plays).
    pub play: Vec<[f64; 2]>,
    /// `articulate[n][before]`: P(key n is struck, given that it plays).
    pub articulate: Vec<[f64; 2]>,
}

/// How often a key did something, with the counts that keep a probability off 0 and 1.
#[derive(Clone, Copy, Default)]
struct Rate {
    hits: u64,
    trials: u64,
}

impl Rate {
    fn count(&mut self, hit: bool) {
        self.hits += u64::from(hit);
        self.trials += 1;
    }

    fn merge(self, other: Rate) -> Rate {
        Rate { hits: self.hits + other.hits, trials: self.trials + other.trials }
    }

    /// Krichevsky and Trofimov's estimate, `(hits + 1/2) / (trials + 1)`.
    fn estimate(self) -> f64 {
        (self.hits as f64 + 0.5) / (self.trials as f64 + 1.0)
    }
}

impl Baseline {
    /// A fair coin for every bit.
    pub fn coin(range: KeyRange) -> Baseline {
        let half = vec![[0.5; 2]; usize::from(range.count)];
        Baseline { play: half.clone(), articulate: half }
    }

    /// Fits the three baselines on training rolls: `coin`, `frequency` (each key's own
    /// frequency) and `repeat` (each key given its own last bit).
    pub fn fit<'a>(
        range: KeyRange,
        rolls: impl IntoIterator<Item = &'a PianoRoll>,
    ) -> BTreeMap<String, Baseline> {
        let keys = usize::from(range.count);
        let mut play = vec![[Rate::default(); 2]; keys];
        let mut articulate = play.clone();
        for roll in rolls {
            for (before, now) in roll.chords.iter().zip(roll.chords.iter().skip(1)) {
                for (n, key) in (range.low..range.low + range.count).enumerate() {
                    let given = usize::from(before.plays(key));
                    play[n][given].count(now.plays(key));
                    if now.plays(key) {
                        articulate[n][given].count(now.strikes(key));
                    }
                }
            }
        }
        let estimate = |rates: &[[Rate; 2]]| rates.iter().map(|r| r.map(Rate::estimate)).collect();
        let pooled =
            |rates: &[[Rate; 2]]| rates.iter().map(|&[a, b]| [a.merge(b).estimate(); 2]).collect();
        let frequency = Baseline { play: pooled(&play), articulate: pooled(&articulate) };
        let repeat = Baseline { play: estimate(&play), articulate: estimate(&articulate) };
        BTreeMap::from([
            ("coin".into(), Baseline::coin(range)),
            ("frequency".into(), frequency),
            ("repeat".into(), repeat),
        ])
    }

    /// Whether the baseline has a probability in (0, 1) for each of `keys` keys.
    pub fn is_valid(&self, keys: usize) -> bool {
        let proper = |p: &[f64; 2]| p.iter().all(|p| *p > 0.0 && *p < 1.0);
        self.play.len() == keys
            && self.articulate.len() == keys
            && self.play.iter().chain(&self.articulate).all(proper)
    }

    /// Nats of a frame given the one before.
    pub fn score(&self, range: KeyRange, before: Chord, now: Chord) -> Nats {
        let mut nats = Nats { steps: 1, ..Nats::default() };
        for (n, key) in (range.low..range.low + range.count).enumerate() {
            let given = usize::from(before.plays(key));
            nats.play += bernoulli_nats(self.play[n][given], now.plays(key));
            if now.plays(key) {
                nats.articulate += bernoulli_nats(self.articulate[n][given], now.strikes(key));
            }
        }
        nats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_cost_ln_two_a_bit_and_repeat_wins_on_held_notes() {
        let range = KeyRange { low: 24, count: 78 };
        let mut chords = vec![Chord::struck_keys([60, 64, 67])];
        for _ in 0..63 {
            let mut held = Chord::SILENT;
            [60, 64, 67].into_iter().for_each(|key| held.hold(key));
            chords.push(held);
        }
        let roll = PianoRoll { chords };
        let fitted = Baseline::fit(range, [&roll]);
        let score = |name: &str| fitted[name].score(range, roll.chords[5], roll.chords[6]);
        let coin = score("coin");
        assert!((coin.play_nats_step() - 78.0 * std::f64::consts::LN_2).abs() < 1e-9);
        assert!(score("repeat").nats_step() < score("frequency").nats_step() + 1e-9);
        assert!(score("frequency").nats_step() < coin.nats_step());
        assert!(fitted.values().all(|baseline| baseline.is_valid(78)));
    }
}
