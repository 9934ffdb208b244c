//! One iteration: gradient, cap, update.

use anacrusis::model::Config;
use anyhow::{Result, ensure};

use super::adam::{self, Adam};
use super::backend::{Backend, Batch};
use super::parameters::Parameters;
use super::random::Random;
use crate::sequence::Sequence;
use crate::settings::Settings;

/// What does not change from one iteration to the next, but for the step size.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Chance of a unit to be dropped; 0 for none.
    pub dropout: f64,
    /// Largest global norm of the gradient.
    pub clip: f64,
    /// Step size of Adam.
    pub learning_rate: f64,
    /// Share of a weight that goes at a step size of 1.
    pub weight_decay: f64,
}

impl Rules {
    /// Those of `settings`, at a step size of `learning_rate`.
    pub fn of(settings: &Settings, learning_rate: f64) -> Rules {
        let Settings { dropout, clip, weight_decay, .. } = *settings;
        Rules { dropout, clip, learning_rate, weight_decay }
    }
}

/// What an iteration tells.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// Training loss before the update (model.md, section 5), dropout on.
    pub loss: f64,
    /// Norm of the gradient before it was capped.
    pub norm: f64,
}

/// Whether training moves a tensor: one of the two biases of a layer stays 0 (model.md,
/// section 7).
pub fn trained(name: &str) -> bool {
    !name.ends_with("bias_hh_l0")
}

/// Does one iteration over `batch`; `random` draws what is dropped.
///
/// # Errors
/// If the loss is no number, the weights then being as before, or as
/// [`Backend::gradient`].
pub fn iterate(
    backend: &mut dyn Backend,
    config: &Config,
    parameters: &mut Parameters,
    adam: &mut Adam,
    batch: &[Sequence],
    random: &Random,
    rules: Rules,
) -> Result<Done> {
    let masks = (rules.dropout > 0.0).then_some((rules.dropout, random));
    let (mut gradients, nats) = backend.gradient(parameters, Batch::whole(batch), masks)?;
    let loss = nats.loss(config.keys());
    ensure!(loss.is_finite(), "training diverged: lower learning_rate");
    gradients.retain(|name, _| trained(name));
    let norm = adam::clip(&mut gradients, rules.clip);
    Adam::decay(parameters, &gradients, rules.learning_rate, rules.weight_decay);
    adam.update(parameters, &gradients, rules.learning_rate);
    Ok(Done { loss, norm })
}
