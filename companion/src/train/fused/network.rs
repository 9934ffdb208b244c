//! The network of the fused trainer: weights in the orders in which they are read.

use anacrusis::model::config::Config;
use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::network::{self, LayerSpec, note_layers, time_layers};
use anyhow::{Context, Result, ensure};

use super::features::Features;
use super::head::Head;
use super::layer::Layer;
use super::sparse::Lists;
use super::stack::Stack;
use super::workers::for_each;
use crate::train::parameters::Parameters;

/// Weights of both stacks and the head.
#[derive(Clone, Debug)]
pub struct Network {
    /// Sizes and options.
    pub config: Config,
    /// The stack along time.
    pub time: Stack,
    /// The stack along the keys.
    pub note: Stack,
    /// What stands on it.
    pub head: Head,
    /// Whether play bits alone are scored and trained.
    pub play_only: bool,
}

impl Network {
    /// A network without weights yet, for instructions `set`.
    pub fn new(config: &Config, set: InstructionSet) -> Network {
        let stack = |layers: Vec<LayerSpec>, mut dense: usize, mut constant: Lists| {
            let layer = |spec: LayerSpec| {
                let below = std::mem::replace(&mut dense, spec.hidden);
                Layer::new(set, spec, below, std::mem::take(&mut constant))
            };
            Stack { set, layers: layers.into_iter().map(layer).collect() }
        };
        let top = config.note.last().copied().unwrap_or(0);
        Network {
            config: config.clone(),
            // Nothing below the features is trained, nor below what is fed back or given.
            time: stack(time_layers(config), 0, Features::of_keys(config)),
            note: stack(note_layers(config), config.time_width(), Lists::default()),
            head: Head::new(set, top),
            play_only: false,
        }
    }

    /// Takes the weights, by `threads` threads.
    ///
    /// # Errors
    /// Names the tensor that is missing or has the wrong number of values.
    pub fn load(&mut self, parameters: &Parameters, threads: usize) -> Result<()> {
        for spec in network::tensors(&self.config) {
            let found = parameters.get(&spec.name).with_context(|| format!("no {}", spec.name))?;
            ensure!(
                found.len() == spec.elements(),
                "{} has {} values, not {}",
                spec.name,
                found.len(),
                spec.elements()
            );
        }
        self.head.load(parameters);
        let layers = self.time.layers.iter_mut().chain(&mut self.note.layers);
        let mut layers: Vec<&mut Layer> = layers.collect();
        for_each(&mut layers, &mut vec![(); threads], |_, layer, ()| layer.load(parameters));
        Ok(())
    }

    /// Units of the time stack's top layer.
    pub fn time_units(&self) -> usize {
        self.config.time_width()
    }

    /// The same rounded up to whole vectors.
    pub fn time_width(&self) -> usize {
        self.time.layers.last().map_or(0, |layer| layer.width)
    }

    /// Bytes that a pass keeps for each prediction of a sequence until the way back: gates,
    /// cells and outputs of the time stack for every key, what goes in and what comes back.
    pub fn bytes_of_prediction(&self) -> usize {
        let states = |layer: &Layer| layer.gates() + 2 * layer.width;
        let kept: usize = self.time.layers.iter().map(states).sum();
        let of_key = size_of::<f32>() * (kept + self.time_width()) + Features::BYTES_OF_KEY;
        self.config.keys() * of_key
    }
}
