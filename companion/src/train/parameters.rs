//! Weights and gradients by the names of their tensors.

use std::collections::BTreeMap;

use anacrusis::model::Checkpoint;
use anacrusis::model::loss::Nats;
use anacrusis::model::network::tensors;
use anyhow::{Context, Result};

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
