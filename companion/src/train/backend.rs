//! What computes gradients and scores: one trait, and the implementations behind it.

mod candle;
mod fused;

pub use candle::Candle;
pub use fused::Fused;

use std::collections::BTreeMap;

use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::loss::Nats;
use anyhow::{Context, Result, bail};
use candle_core::Device;

use super::parameters::Parameters;
use super::random::Random;
use crate::sequence::Sequence;
use crate::settings::{BackendKind, DeviceKind, Profile, Settings};

/// What computes.
pub trait Backend {
    /// What `batch` gives of the gradient of the training loss (model.md, section 5) at
    /// `parameters`, and of the loss in nats.
    ///
    /// `dropout` is the probability and the generator of the masks; the masks of a sequence
    /// depend on its place in the whole batch alone.
    ///
    /// # Errors
    /// If the batch is empty, or tensors do not fit.
    fn gradient(
        &mut self,
        parameters: &Parameters,
        batch: Batch<'_>,
        dropout: Option<(f64, &Random)>,
    ) -> Result<(Parameters, Nats)>;

    /// Nats of each of `pieces`, in their order, each from zero state; of each only the first
    /// `limit` predictions, if there is a limit.
    ///
    /// # Errors
    /// If tensors do not fit.
    fn nats(
        &mut self,
        parameters: &Parameters,
        pieces: &[&Sequence],
        limit: Option<usize>,
    ) -> Result<Vec<Nats>>;
}

/// What is trained on in one iteration, or a share of it.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    sequences: &'a [Sequence],
    /// Place of the first in the whole.
    first: usize,
    /// Predictions of the whole that are scored, which scale the loss.
    predictions: usize,
}

impl<'a> Batch<'a> {
    /// All of `sequences`.
    pub fn whole(sequences: &'a [Sequence]) -> Batch<'a> {
        let predictions = sequences.iter().map(Sequence::scored).sum();
        Batch { sequences, first: 0, predictions }
    }

    /// The share that the process of number `rank` among `processes` has: the gradients of all
    /// shares add up to that of the whole.
    pub fn share(self, rank: usize, processes: usize) -> Batch<'a> {
        let [from, to] = [rank, rank + 1].map(|n| self.sequences.len() * n / processes.max(1));
        Batch { sequences: &self.sequences[from..to], first: self.first + from, ..self }
    }

    /// The sequences by length, those of one in their order, each with its place.
    fn by_length(self) -> BTreeMap<usize, (Vec<Sequence>, Vec<u64>)> {
        let mut groups: BTreeMap<usize, (Vec<Sequence>, Vec<u64>)> = BTreeMap::new();
        for (sequence, line) in self.sequences.iter().zip(self.first as u64..) {
            let (sequences, lines) = groups.entry(sequence.len()).or_default();
            sequences.push(sequence.clone());
            lines.push(line);
        }
        groups
    }
}

/// The backend that the settings ask for.
///
/// # Errors
/// If they ask for a device that is not there, or that this program was built without.
pub fn new(settings: &Settings) -> Result<Box<dyn Backend>> {
    let (config, threads) = (&settings.network, settings.thread_count());
    let play_only = settings.profile == Profile::Benchmark;
    Ok(match (settings.device, settings.backend) {
        (DeviceKind::Cpu, BackendKind::Fused) => {
            Box::new(Fused::new(config, InstructionSet::best(), threads).of(play_only))
        }
        (DeviceKind::Cpu, BackendKind::Candle) => {
            Box::new(Candle::new(config, threads).of(play_only))
        }
        (gpu, _) => Box::new(Candle::on(device(gpu)?, config).of(play_only)),
    })
}

/// The first device of a kind.
fn device(kind: DeviceKind) -> Result<Device> {
    let flag = kind.flag();
    let found: candle_core::Result<Device> = match kind {
        DeviceKind::Cpu => Ok(Device::Cpu),
        #[cfg(feature = "cuda")]
        DeviceKind::Cuda => Device::new_cuda(0).and_then(|device| {
            super::layer::cuda::keep_memory(device.as_cuda_device()?)?;
            Ok(device)
        }),
        #[cfg(feature = "metal")]
        DeviceKind::Metal => Device::new_metal(0),
        #[allow(unreachable_patterns)]
        _ => bail!(
            "{flag}: this program was built without it; to build it in, run `cargo xtask train \
             {flag}` in the sources of Anacrusis"
        ),
    };
    found.with_context(|| format!("{flag}: there is no such device, or its driver is too old"))
}
