//! One step of training: loss, dropout, gradient, clipping, Adam.

use anacrusis::model::Config;
use anacrusis::model::loss::Nats;
use anyhow::{Context, Result, anyhow};
use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use super::network::{Masks, Network, Parameters, Pass};
use super::random::Random;
use crate::sequence::Sequence;

/// Stack of a thread that differentiates: candle walks and drops its graphs recursively.
const STACK_BYTES: usize = 256 << 20;

/// The two sums of the loss of a pass as scalar tensors (f64, tracked if the pass was):
/// play bits, and articulate bits where the key plays.
///
/// `bce(z, y) = max(z, 0) - z y + log(1 + exp(-|z|))`, in double precision from f32 logits.
///
/// # Errors
/// If a tensor operation fails.
pub fn loss_sums(pass: &Pass) -> Result<[Tensor; 2]> {
    let logits = pass.logits.to_dtype(DType::F64)?.reshape(((), 2))?;
    let targets = Tensor::from_slice(&pass.targets, logits.shape(), &Device::Cpu)?;
    let soft = ((logits.abs()?.neg()?.exp()? + 1.0)?).log()?;
    let bce = ((logits.relu()? - (&logits * &targets)?)? + soft)?;
    // Column 0 counts always, column 1 where the key plays: weights, not slices.
    let play = targets.narrow(1, 0, 1)?;
    let (ones, zeros) = (play.ones_like()?, play.zeros_like()?);
    let sum = |weight: [&Tensor; 2]| (&bce * Tensor::cat(&weight, 1)?)?.sum_all();
    Ok([sum([&ones, &zeros])?, sum([&zeros, &play])?])
}

/// The gradient of the training loss over `batch`, and the loss in nats.
///
/// `predictions` is B T of the whole batch, of which these sequences may be a share.
///
/// # Errors
/// If the batch is empty or tensors do not fit.
pub fn gradient(
    network: &Network,
    config: &Config,
    batch: &[Sequence],
    masks: Option<&Masks>,
    predictions: usize,
) -> Result<(Parameters, Nats)> {
    let pass = network.forward(batch, None, masks, true)?;
    let [play, articulate] = loss_sums(&pass)?;
    let steps = batch.iter().map(|sequence| sequence.len() as u64).sum();
    let nats = Nats { play: play.to_scalar()?, articulate: articulate.to_scalar()?, steps };
    let scale = 1.0 / (2.0 * predictions as f64 * config.keys() as f64);
    let loss = ((play + articulate)? * scale)?;
    Ok((network.backward(pass, &loss)?, nats))
}

/// The gradient of a whole batch, its sequences shared out over `threads`.
///
/// `dropout` is the probability and the generator of the masks; the masks of a sequence
/// depend on its place in the batch and not on how it is shared out.
///
/// # Errors
/// If the batch is empty, tensors do not fit or a thread cannot be started.
pub fn batch_gradient(
    network: &Network,
    config: &Config,
    batch: &[Sequence],
    dropout: Option<(f64, &Random)>,
    threads: usize,
) -> Result<(Parameters, Nats)> {
    let predictions: usize = batch.iter().map(Sequence::len).sum();
    let share = batch.len().div_ceil(threads.max(1)).max(1);
    let parts: Vec<Result<(Parameters, Nats)>> = std::thread::scope(|scope| {
        let start = |(index, part): (usize, &'_ [Sequence])| {
            let part = part.to_vec();
            let work = move || {
                let masks = dropout.map(|(p, random)| {
                    let rows: Vec<u64> =
                        (0..part.len()).map(|row| (index * share + row) as u64).collect();
                    masks(config, part[0].len(), &rows, p, random)
                });
                gradient(network, config, &part, masks.as_ref(), predictions)
            };
            std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work)
        };
        let handles: Vec<_> = batch.chunks(share).enumerate().map(start).collect();
        handles
            .into_iter()
            .map(|handle| {
                let handle = handle.context("cannot start a thread")?;
                handle.join().map_err(|_| anyhow!("a training thread panicked"))?
            })
            .collect()
    });
    let mut sum: Option<(Parameters, Nats)> = None;
    for part in parts {
        let (gradients, nats) = part?;
        match &mut sum {
            None => sum = Some((gradients, nats)),
            Some((total, total_nats)) => {
                for (name, values) in total.iter_mut() {
                    values.iter_mut().zip(&gradients[name]).for_each(|(a, b)| *a += b);
                }
                total_nats.add(nats);
            }
        }
    }
    sum.context("an empty batch")
}

/// Dropout masks for sequences of T predictions: each unit of each row is dropped with
/// probability `p`, else scaled by `1/(1-p)`. `rows` tells the generator who is who.
pub fn masks(config: &Config, steps: usize, rows: &[u64], p: f64, random: &Random) -> Masks {
    let scale = (1.0 / (1.0 - p)) as f32;
    let of = |stack: u64, sizes: &[usize], width: usize| -> Vec<Vec<f32>> {
        let layer = |(index, &units): (usize, &usize)| {
            let mut values = Vec::with_capacity(rows.len() * width * units);
            for row in rows {
                let mut random = random.branch(*row).branch(stack << 8 | index as u64);
                let value = || if random.uniform() < p { 0.0 } else { scale };
                values.extend(std::iter::repeat_with(value).take(width * units));
            }
            values
        };
        sizes.iter().enumerate().map(layer).collect()
    };
    Masks { time: of(0, &config.time, config.keys()), note: of(1, &config.note, steps) }
}

/// Scales the gradient so that its norm over all tensors is at most `limit`; returns the norm
/// it had.
pub fn clip(gradients: &mut Parameters, limit: f64) -> f64 {
    let squares = gradients.values().flatten().map(|g| f64::from(*g) * f64::from(*g));
    let norm = squares.sum::<f64>().sqrt();
    if norm > limit {
        let scale = (limit / norm) as f32;
        gradients.values_mut().flatten().for_each(|g| *g *= scale);
    }
    norm
}

/// Adam (Kingma and Ba, 2015) with bias-corrected moments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    /// Updates made.
    pub updates: u64,
    /// Mean of the gradients, by tensor.
    pub mean: Parameters,
    /// Mean of their squares, by tensor.
    pub square: Parameters,
}

impl Adam {
    const BETA_MEAN: f64 = 0.9;
    const BETA_SQUARE: f64 = 0.999;
    const EPSILON: f64 = 1e-8;

    /// Moves `parameters` against `gradients`; tensors without a gradient stay as they are.
    pub fn update(&mut self, parameters: &mut Parameters, gradients: &Parameters, rate: f64) {
        self.updates += 1;
        let correction = |beta: f64| 1.0 - beta.powf(self.updates as f64);
        let (for_mean, for_square) = (correction(Adam::BETA_MEAN), correction(Adam::BETA_SQUARE));
        for (name, gradient) in gradients {
            let Some(values) = parameters.get_mut(name) else { continue };
            let zeros = || vec![0.0; gradient.len()];
            let mean = self.mean.entry(name.clone()).or_insert_with(zeros);
            let square = self.square.entry(name.clone()).or_insert_with(zeros);
            for (((value, g), m), v) in values.iter_mut().zip(gradient).zip(mean).zip(square) {
                let g = f64::from(*g);
                let new_m = Adam::BETA_MEAN * f64::from(*m) + (1.0 - Adam::BETA_MEAN) * g;
                let new_v = Adam::BETA_SQUARE * f64::from(*v) + (1.0 - Adam::BETA_SQUARE) * g * g;
                (*m, *v) = (new_m as f32, new_v as f32);
                let step = (new_m / for_mean) / ((new_v / for_square).sqrt() + Adam::EPSILON);
                *value = (f64::from(*value) - rate * step) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_keeps_the_direction_and_bounds_the_norm() {
        let mut gradients =
            Parameters::from([("a".to_owned(), vec![3.0, 0.0]), ("b".to_owned(), vec![0.0, -4.0])]);
        assert_eq!(clip(&mut gradients, 10.0), 5.0);
        assert_eq!(gradients["a"], [3.0, 0.0], "a small gradient stays");
        assert_eq!(clip(&mut gradients, 1.0), 5.0);
        assert!((gradients["a"][0] - 0.6).abs() < 1e-6);
        assert!((gradients["b"][1] + 0.8).abs() < 1e-6);
    }

    #[test]
    fn masks_are_inverted_dropout_per_row() {
        let config = Config { time: vec![40, 8], note: vec![6], ..Config::default() };
        let random = Random::new(3, 1);
        let masks_of = |rows: &[u64]| masks(&config, 5, rows, 0.25, &random);
        let all = masks_of(&[0, 1]);
        assert_eq!(all.time.len(), 2);
        assert_eq!(all.time[0].len(), 2 * 78 * 40);
        assert_eq!(all.note[0].len(), 2 * 5 * 6);
        assert!(all.time[0].iter().all(|m| *m == 0.0 || (*m - 4.0 / 3.0).abs() < 1e-6));
        let dropped = all.time[0].iter().filter(|m| **m == 0.0).count() as f64;
        assert!((dropped / (2.0 * 78.0 * 40.0) - 0.25).abs() < 0.03);
        assert_eq!(masks_of(&[1]).time[0], all.time[0][78 * 40..], "however shared out");
        assert_ne!(all.time[0][..78 * 40], all.time[0][78 * 40..], "rows differ");
    }
}
