//! What computes gradients and scores: one trait, and the implementations behind it.

use std::collections::BTreeMap;

use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::loss::Nats;
use anacrusis::model::network::tensors;
use anacrusis::model::{Checkpoint, Config};
use anyhow::{Context, Result, bail};
use candle_core::Device;

use super::dropout::masks;
use super::fused::Workspace;
use super::fused::network::Network;
use super::fused::workers::for_each;
use super::layer::Way;
use super::random::Random;
use super::{evaluate, network, step};
use crate::sequence::Sequence;
use crate::settings::{BackendKind, DeviceKind, Profile, Settings};

/// Tensors by name, flat, in the layout of the checkpoint: weights, gradients, or moments.
pub type Parameters = BTreeMap<String, Vec<f32>>;

/// The weights of a checkpoint.
pub fn parameters(checkpoint: &Checkpoint) -> Parameters {
    let tensor = |name: String| {
        let values = checkpoint.tensor(&name).to_vec();
        (name, values)
    };
    tensors(checkpoint.config()).into_iter().map(|spec| tensor(spec.name)).collect()
}

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

/// Gradients of parts of a batch, which are to be added.
#[derive(Default)]
pub struct Sum(Option<(Parameters, Nats)>);

impl Sum {
    /// Adds a part.
    pub fn add(&mut self, (gradients, nats): (Parameters, Nats)) {
        let Some((total, total_nats)) = &mut self.0 else {
            self.0 = Some((gradients, nats));
            return;
        };
        for (total, part) in total.values_mut().zip(gradients.values()) {
            total.iter_mut().zip(part).for_each(|(a, b)| *a += b);
        }
        total_nats.add(nats);
    }

    /// The whole.
    ///
    /// # Errors
    /// If there were no parts.
    pub fn end(self) -> Result<(Parameters, Nats)> {
        self.0.context("an empty batch")
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
            "{flag}: this program was built without it; `cargo xtask train {flag}` builds it with"
        ),
    };
    found.with_context(|| format!("{flag}: there is no such device, or its driver is too old"))
}

/// Backpropagation written by hand: see [`fused`](super::fused).
pub struct Fused {
    network: Network,
    workspace: Workspace,
    judges: Vec<Workspace>,
    threads: usize,
    room: usize,
}

impl Fused {
    /// Steps of a stretch of a piece that is scored: 40 MB a thread at default sizes.
    pub const STRETCH: usize = 24;

    /// Bytes that a batch may take at a time, about: seven segments at default sizes.
    pub const ROOM: usize = 1200 << 20;

    /// A backend for networks of `config`, in instructions `set`, with `threads` threads.
    pub fn new(config: &Config, set: InstructionSet, threads: usize) -> Fused {
        let threads = threads.max(1);
        let judges = std::iter::repeat_with(|| Workspace::new(1)).take(threads).collect();
        let (network, workspace) = (Network::new(config, set), Workspace::new(threads));
        Fused { network, workspace, judges, threads, room: Fused::ROOM }
    }

    /// The same, but with about `bytes` for a batch. What does not fit at once is done in
    /// groups of sequences, one after the other, so that memory is bounded however large
    /// the batch is. Another grouping adds in another order.
    pub fn within(mut self, bytes: usize) -> Fused {
        self.room = bytes;
        self
    }

    /// The same, but scoring and training play bits alone if `play_only`.
    pub fn of(mut self, play_only: bool) -> Fused {
        self.network.play_only = play_only;
        self
    }

    /// How many of `lines` sequences of `bytes` each are done at a time in `room` bytes: groups
    /// as even as they can be.
    pub fn group(room: usize, lines: usize, bytes: usize) -> usize {
        let most = (room / bytes.max(1)).max(1);
        lines.div_ceil(lines.div_ceil(most).max(1)).max(1)
    }
}

impl Backend for Fused {
    fn gradient(
        &mut self,
        parameters: &Parameters,
        batch: Batch<'_>,
        dropout: Option<(f64, &Random)>,
    ) -> Result<(Parameters, Nats)> {
        self.network.load(parameters, self.threads)?;
        let predictions = batch.predictions;
        let mut sum = Sum::default();
        for (steps, (batch, lines)) in batch.by_length() {
            let bytes = steps * self.network.bytes_of_prediction();
            let group = Fused::group(self.room, batch.len(), bytes);
            for (batch, lines) in batch.chunks(group).zip(lines.chunks(group)) {
                let config = &self.network.config;
                let masks = dropout.map(|(p, random)| masks(config, steps, lines, p, random));
                let masks = masks.as_ref();
                sum.add(self.workspace.gradient(&self.network, batch, masks, predictions)?);
            }
        }
        sum.end()
    }

    fn nats(
        &mut self,
        parameters: &Parameters,
        pieces: &[&Sequence],
        limit: Option<usize>,
    ) -> Result<Vec<Nats>> {
        self.network.load(parameters, self.threads)?;
        let network = &self.network;
        let mut pieces: Vec<(&Sequence, Result<Nats>)> =
            pieces.iter().map(|piece| (*piece, Ok(Nats::default()))).collect();
        for_each(&mut pieces, &mut self.judges, |_, (sequence, nats), workspace| {
            let stretches = sequence.stretches(limit.unwrap_or(usize::MAX), Fused::STRETCH);
            *nats = stretches.enumerate().try_fold(Nats::default(), |mut sum, (index, stretch)| {
                sum.add(workspace.nats(network, &[stretch], index > 0)?);
                Ok(sum)
            });
        });
        pieces.into_iter().map(|(_, nats)| nats).collect()
    }
}

/// candle, on the CPU or a GPU: see [`network`].
pub struct Candle {
    config: Config,
    device: Device,
    way: Way,
    threads: usize,
    play_only: bool,
}

impl Candle {
    /// On the CPU, with `threads` over which batches and pieces are shared out.
    pub fn new(config: &Config, threads: usize) -> Candle {
        Candle { threads, ..Candle::on(Device::Cpu, config) }
    }

    /// On `device`.
    pub fn on(device: Device, config: &Config) -> Candle {
        let way = Way::on(&device);
        Candle { config: config.clone(), device, way, threads: 1, play_only: false }
    }

    /// The same, but scoring and training play bits alone if `play_only`.
    pub fn of(mut self, play_only: bool) -> Candle {
        self.play_only = play_only;
        self
    }

    /// The same, differentiated in another way than the faster one.
    pub fn by(mut self, way: Way) -> Candle {
        self.way = way;
        self
    }

    fn network(&self, parameters: &Parameters) -> Result<network::Network> {
        let mut network = network::Network::on((&self.device, self.way), &self.config, parameters)?;
        network.play_only = self.play_only;
        Ok(network)
    }
}

impl Backend for Candle {
    fn gradient(
        &mut self,
        parameters: &Parameters,
        batch: Batch<'_>,
        dropout: Option<(f64, &Random)>,
    ) -> Result<(Parameters, Nats)> {
        let network = self.network(parameters)?;
        let predictions = batch.predictions;
        let mut sum = Sum::default();
        for (batch, lines) in batch.by_length().into_values() {
            let part = (batch.as_slice(), lines.as_slice());
            let (config, threads) = (&self.config, self.threads);
            let part =
                step::shared_gradient(&network, config, part, dropout, threads, predictions)?;
            sum.add(part);
        }
        sum.end()
    }

    fn nats(
        &mut self,
        parameters: &Parameters,
        pieces: &[&Sequence],
        limit: Option<usize>,
    ) -> Result<Vec<Nats>> {
        let network = self.network(parameters)?;
        evaluate::evaluate(&network, pieces, limit, self.threads)
    }
}
