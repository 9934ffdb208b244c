//! Scoring music: exact, one piece at a time, from zero state.

use anacrusis::model::baseline::Baseline;
use anacrusis::model::loss::Nats;
use anacrusis::model::{Config, Engine};
use anyhow::Result;

use crate::sequence::Sequence;

/// What predicts music.
pub trait Predictor {
    /// Its keys, scan and start.
    fn config(&self) -> &Config;

    /// Hands the logits `[K, 2]` of each step of `sequence`, all bits before it known, lowest key
    /// first, to `hear`; from zero state.
    ///
    /// # Errors
    /// If it fails.
    fn predict(&mut self, sequence: &Sequence, hear: &mut dyn FnMut(&[[f32; 2]])) -> Result<()>;
}

impl Predictor for Engine {
    fn config(&self) -> &Config {
        Engine::config(self)
    }

    fn predict(&mut self, sequence: &Sequence, hear: &mut dyn FnMut(&[[f32; 2]])) -> Result<()> {
        walk(self, sequence, hear);
        Ok(())
    }
}

/// Logits `[T, K, 2]` of a sequence from zero state, lowest key first, as f64.
pub fn logits(engine: &mut Engine, sequence: &Sequence) -> Vec<f64> {
    let keys = engine.config().keys();
    let mut all = Vec::with_capacity(sequence.len() * keys * 2);
    walk(engine, sequence, &mut |by_key| {
        all.extend(by_key.iter().flatten().map(|z| f64::from(*z)));
    });
    all
}

/// Nats of a whole piece, and of its first prediction that is scored.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scored {
    /// Of all predictions.
    pub all: Nats,
    /// Of the first one alone.
    pub first: Nats,
}

impl Scored {
    /// Adds the prediction after those that were added before.
    fn step(&mut self, nats: Nats) {
        if self.all.steps == 0 {
            self.first = nats;
        }
        self.all.add(nats);
    }

    /// Adds another piece.
    pub fn add(&mut self, piece: Scored) {
        self.all.add(piece.all);
        self.first.add(piece.first);
    }
}

/// Nats of a whole piece, a sequence from zero state, by a predictor or by several of the same
/// keys, start and scan direction: by the mean of the probabilities that they give to each bit,
/// all bits before it known. Given keys have none. `progress` is told of every step of every
/// predictor.
///
/// # Errors
/// If a predictor fails.
///
/// # Panics
/// If there is none.
pub fn piece(
    predictors: &mut [impl Predictor],
    sequence: &Sequence,
    progress: &mut dyn FnMut(),
) -> Result<Scored> {
    let config = predictors[0].config().clone();
    let keys = config.keys();
    // Nats of the two true bits of each key and step, by the networks so far; of a silent key's
    // articulation none.
    let mut bits = vec![[0.0; 2]; sequence.len() * keys];
    for (before, predictor) in predictors.iter_mut().enumerate() {
        let mut targets = sequence.targets.iter();
        let mut steps = bits.chunks_mut(keys);
        predictor.predict(sequence, &mut |by_key| {
            if let (Some(target), Some(bits)) = (targets.next(), steps.next()) {
                for ((key, logits), bits) in (config.low..).zip(by_key).zip(bits) {
                    if !target.scores(key) {
                        continue;
                    }
                    let mut nats = Nats::default();
                    nats.add_key(*logits, target.chord.plays(key), target.chord.strikes(key));
                    *bits = [
                        mean_of_likelihoods(bits[0], before, nats.play),
                        mean_of_likelihoods(bits[1], before, nats.articulate),
                    ];
                }
            }
            progress();
        })?;
    }
    let mut scored = Scored::default();
    let steps = bits.chunks(keys).zip(&sequence.targets);
    for (step, _) in steps.filter(|(_, target)| !target.unscored) {
        let sum = |which: usize| step.iter().map(|bits| bits[which]).sum();
        scored.step(Nats { play: sum(0), articulate: sum(1), steps: 1 });
    }
    Ok(scored)
}

/// Nats of the mean of the likelihoods of `count` networks, whose mean has `mean` nats, and of
/// another one with `new` nats.
fn mean_of_likelihoods(mean: f64, count: usize, new: f64) -> f64 {
    if count == 0 {
        return new;
    }
    let (least, count) = (mean.min(new), count as f64);
    let sum = count * (least - mean).exp() + (least - new).exp();
    least - (sum / (count + 1.0)).ln()
}

/// Nats of a whole piece by a baseline, over the same steps as [`piece`]. It knows of no
/// musician: the piece must be one in which nobody is told apart.
pub fn baseline(config: &Config, baseline: &Baseline, sequence: &Sequence) -> Scored {
    let mut scored = Scored::default();
    let steps = sequence.frames.iter().zip(&sequence.targets);
    for (frame, target) in steps.filter(|(_, target)| !target.unscored) {
        scored.step(baseline.score(config.range(), frame.sounding(), target.chord));
    }
    scored
}

/// Feeds the frames of a sequence and the true bits of its targets, and hands the logits of
/// each step to `hear`.
fn walk(engine: &mut Engine, sequence: &Sequence, hear: &mut dyn FnMut(&[[f32; 2]])) {
    let (mut state, mut next) = (engine.new_state(), engine.new_state());
    let low = engine.config().low;
    let mut by_key = vec![[0.0; 2]; engine.config().keys()];
    for (frame, target) in sequence.frames.iter().zip(&sequence.targets) {
        engine.feed(&state, &mut next, frame, &mut || true);
        std::mem::swap(&mut state, &mut next);
        engine.choose(&state, &target.given, &mut |index, logits| {
            by_key[index] = logits;
            let key = low + index as u8;
            (target.chord.plays(key), target.chord.strikes(key))
        });
        hear(&by_key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likelihoods_are_averaged_and_not_nats() {
        let nats = |likelihoods: &[f64]| {
            (likelihoods.iter().enumerate())
                .fold(0.0, |mean, (count, p)| mean_of_likelihoods(mean, count, -p.ln()))
        };
        assert_eq!(nats(&[0.25]), -0.25f64.ln());
        assert!((nats(&[0.9, 0.1, 0.2]) - -(0.4f64.ln())).abs() < 1e-12);
        // Where a likelihood is too small for its number, too.
        assert!((mean_of_likelihoods(0.0, 1, 1e5) - 2f64.ln()).abs() < 1e-12);
        assert!((mean_of_likelihoods(1e5, 1, 1e5) - 1e5).abs() < 1e-6);
    }
}
