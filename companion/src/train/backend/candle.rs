//! The backend of the machine-learning framework, on the CPU or a GPU.

use anacrusis::model::Config;
use anacrusis::model::loss::Nats;
use anyhow::Result;
use candle_core::Device;

use super::{Backend, Batch};
use crate::sequence::Sequence;
use crate::train::layer::Way;
use crate::train::parameters::{Parameters, Sum};
use crate::train::random::Random;
use crate::train::{evaluate, network, step};

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
