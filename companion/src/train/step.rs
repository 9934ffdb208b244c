//! The loss and its gradient in candle.

use anacrusis::model::Config;
use anacrusis::model::loss::Nats;
use anyhow::{Context, Result, anyhow};
use candle_core::{DType, Device, Tensor};

use super::dropout::{Masks, masks};
use super::network::{Network, Pass};
use super::parameters::{Parameters, Sum};
use super::random::Random;
use crate::sequence::Sequence;

/// Stack of a thread that differentiates: candle walks and drops its graphs recursively.
const STACK_BYTES: usize = 256 << 20;

/// The two sums of the loss of a pass as scalar tensors (f64, tracked if the pass was):
/// play bits, and articulate bits where the key plays; of both only those that count.
///
/// `bce(z, y) = max(z, 0) - z y + log(1 + exp(-|z|))`, in double precision from f32 logits, on
/// the CPU: there are few of them, and not every GPU has double precision.
///
/// # Errors
/// If a tensor operation fails.
pub fn loss_sums(pass: &Pass) -> Result<[Tensor; 2]> {
    let logits = pass.logits.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.reshape(((), 2))?;
    let targets = Tensor::from_slice(&pass.targets, logits.shape(), &Device::Cpu)?;
    let soft = ((logits.abs()?.neg()?.exp()? + 1.0)?).log()?;
    let bce = ((logits.relu()? - (&logits * &targets)?)? + soft)?;
    // Weights, not slices.
    let counted = Tensor::from_slice(&pass.counted, logits.shape(), &Device::Cpu)?;
    let (play, articulate) = (counted.narrow(1, 0, 1)?, counted.narrow(1, 1, 1)?);
    let zeros = play.zeros_like()?;
    let sum = |weight: [&Tensor; 2]| (&bce * Tensor::cat(&weight, 1)?)?.sum_all();
    Ok([sum([&play, &zeros])?, sum([&zeros, &articulate])?])
}

/// The gradient of the training loss over `batch`, sequences of one length, and the loss in
/// nats.
///
/// `predictions` is the number of predictions that are scored in the whole batch, of which these
/// sequences may be a share.
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
    let [play, mut articulate] = loss_sums(&pass)?;
    if network.play_only {
        articulate = (articulate * 0.0)?;
    }
    let steps = batch.iter().map(|sequence| sequence.scored() as u64).sum();
    let nats = Nats { play: play.to_scalar()?, articulate: articulate.to_scalar()?, steps };
    let scale = 1.0 / (2.0 * predictions.max(1) as f64 * config.keys() as f64);
    let loss = ((play + articulate)? * scale)?;
    Ok((network.backward(pass, &loss)?, nats))
}

/// The gradient of sequences of one length, shared out over `threads` of the CPU; on a GPU by
/// the thread that asks. `predictions` is the number of predictions that are scored in the whole
/// batch, of which they may be a part.
///
/// `dropout` is the probability and the generator of the masks; `lines` tells of each sequence
/// which masks are its own, however they are shared out.
///
/// # Errors
/// If there are no sequences, tensors do not fit or a thread cannot be started.
pub fn shared_gradient(
    network: &Network,
    config: &Config,
    (batch, lines): (&[Sequence], &[u64]),
    dropout: Option<(f64, &Random)>,
    threads: usize,
    predictions: usize,
) -> Result<(Parameters, Nats)> {
    let steps = batch.first().map_or(0, Sequence::len);
    let work = |batch: &[Sequence], lines: &[u64]| {
        let masks = dropout.map(|(p, random)| masks(config, steps, lines, p, random));
        gradient(network, config, batch, masks.as_ref(), predictions)
    };
    if !network.device().is_cpu() {
        return work(batch, lines);
    }
    let share = batch.len().div_ceil(threads.max(1)).max(1);
    let parts: Vec<Result<(Parameters, Nats)>> = std::thread::scope(|scope| {
        let start = |(batch, lines)| {
            let work = move || work(batch, lines);
            std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work)
        };
        let handles: Vec<_> = batch.chunks(share).zip(lines.chunks(share)).map(start).collect();
        handles
            .into_iter()
            .map(|handle| {
                let handle = handle.context("cannot start a thread")?;
                handle.join().map_err(|_| anyhow!("a training thread panicked"))?
            })
            .collect()
    });
    let mut sum = Sum::default();
    parts.into_iter().try_for_each(|part| part.map(|part| sum.add(part)))?;
    sum.end()
}
