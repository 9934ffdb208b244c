//! The backend whose gradients are written by hand.

use anacrusis::model::Config;
use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::loss::Nats;
use anyhow::Result;

use super::{Backend, Batch};
use crate::sequence::Sequence;
use crate::train::dropout::masks;
use crate::train::fused::Workspace;
use crate::train::fused::network::Network;
use crate::train::fused::workers::for_each;
use crate::train::parameters::{Parameters, Sum};
use crate::train::random::Random;

/// Backpropagation written by hand: see [`fused`](crate::train::fused).
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
