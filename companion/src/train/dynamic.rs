//! Dynamic evaluation: a network that goes on learning from the music it is scored on.
//!
//! After Krause, Kahembwe, Murray and Renals, "Dynamic Evaluation of Neural Sequence Models"
//! (2018): each segment is predicted first, and only then is the gradient of its loss followed.
//! So every prediction depends on nothing but what came before it in its piece, and the sum of
//! the nats is an exact likelihood. Every piece begins with the weights of the file.
//!
//! Theirs divides the gradient of a weight by its root mean square over the training set. Ours
//! divides by that over the piece so far, for which no other music is needed.

use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::{Checkpoint, Config};
use anyhow::{Result, ensure};

use super::fused::Workspace;
use super::fused::network::Network;
use super::parameters::{Parameters, parameters};
use crate::score::Predictor;
use crate::sequence::Sequence;

/// Predictions after which the weights change: pieces of Piano-midi score worse with 8, and alike
/// with 2.
pub const SEGMENT: usize = 4;

/// Added to the root mean square of a gradient (of the nats of a step), so that weights that
/// never mattered much do not begin to run.
const FLOOR: f32 = 3e-4;

/// A network that learns from what it has predicted.
pub struct Learner {
    network: Network,
    workspace: Workspace,
    weights: Parameters,
    rate: f64,
}

impl Learner {
    /// A learner that begins each piece with the weights of `checkpoint`, with steps of size
    /// `rate`; it scores and learns from play bits alone if `play_only`.
    pub fn new(checkpoint: &Checkpoint, rate: f64, play_only: bool) -> Learner {
        let config = checkpoint.config();
        let mut network = Network::new(config, InstructionSet::best());
        network.play_only = play_only;
        let weights = parameters(checkpoint);
        Learner { network, workspace: Workspace::new(1), weights, rate }
    }
}

impl Predictor for Learner {
    fn config(&self) -> &Config {
        &self.network.config
    }

    fn predict(&mut self, sequence: &Sequence, hear: &mut dyn FnMut(&[[f32; 2]])) -> Result<()> {
        let keys = self.network.config.keys();
        let mut weights = self.weights.clone();
        let mut squares = Parameters::new();
        for (index, segment) in sequence.stretches(usize::MAX, SEGMENT).enumerate() {
            self.network.load(&weights, 1)?;
            let (gradients, nats) =
                self.workspace.next_gradient(&self.network, &segment, index > 0)?;
            ensure!(
                (nats.play + nats.articulate).is_finite(),
                "--dynamic {}: the network went astray; give a lower rate",
                self.rate
            );
            self.workspace.logits().chunks(keys).for_each(&mut *hear);
            follow(&mut weights, &gradients, &mut squares, (index + 1) as f32, self.rate, keys);
        }
        Ok(())
    }
}

/// Moves `weights` against the `count`-th gradient, each by `rate` times its gradient over the
/// root mean square of all of them so far; `squares` has their sums.
fn follow(
    weights: &mut Parameters,
    gradients: &Parameters,
    squares: &mut Parameters,
    count: f32,
    rate: f64,
    keys: usize,
) {
    // The training loss is the mean over steps and both bits of each key (model.md, section 5).
    let nats_of_step = 2.0 * keys as f32;
    for (name, gradient) in gradients {
        let Some(values) = weights.get_mut(name) else { continue };
        let sums = squares.entry(name.clone()).or_insert_with(|| vec![0.0; gradient.len()]);
        for ((value, gradient), sum) in values.iter_mut().zip(gradient).zip(sums) {
            let gradient = gradient * nats_of_step;
            *sum += gradient * gradient;
            *value -= rate as f32 * gradient / ((*sum / count).sqrt() + FLOOR);
        }
    }
}
