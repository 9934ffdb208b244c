//! A model in service: a network with the prompts and the texture of its checkpoint.

use std::sync::Arc;

use super::network::Biaxial;
use super::prompt::Prompts;
use crate::model::shared::Registry;
use crate::model::{Checkpoint, Engine, Frame, Given, Texture, Weights};

/// A network and the prompts that came with it.
pub struct Model<B: Biaxial> {
    /// The network.
    pub network: B,
    /// Where playback begins; shared with the other planners that play the checkpoint.
    pub prompts: Arc<Prompts<B>>,
    /// How many notes its music has.
    pub texture: Texture,
    /// Hex SHA-256 of the file it came from; empty if from none.
    pub digest: String,
}

impl From<Checkpoint> for Model<Engine> {
    fn from(checkpoint: Checkpoint) -> Self {
        Model {
            network: Engine::with(Weights::shared(&checkpoint)),
            prompts: shared_prompts(&checkpoint),
            texture: Texture::learnt(&checkpoint.meta, checkpoint.config().range()),
            digest: checkpoint.digest().to_owned(),
        }
    }
}

/// The prompts of a checkpoint, one value for all of this process that play it.
fn shared_prompts(checkpoint: &Checkpoint) -> Arc<Prompts<Engine>> {
    static SHARED: Registry<String, Prompts<Engine>> = Registry::new();
    SHARED.get(checkpoint.digest().to_owned(), || Prompts::new(checkpoint.meta.prompts.clone()))
}

impl<B: Biaxial> Model<B> {
    /// Thinks one step and throws it away.
    ///
    /// # Errors
    /// When what comes out is no number.
    pub fn dry_run(&mut self) -> Result<(), String> {
        let network = &mut self.network;
        let from = network.new_state();
        let (mut to, mut half) = (from.clone(), network.new_prepared());
        let mut finite = true;
        network.prepare(&from, &mut half, &mut || true);
        network.feed_prepared(&from, &half, &mut to, &Frame::default(), &mut || true);
        network.choose(&to, &Given::NOTHING, &mut |_, logits| {
            finite &= logits.iter().all(|z| z.is_finite());
            (false, false)
        });
        if finite {
            Ok(())
        } else {
            Err("its first step gives values that are no numbers; train it anew or choose \
                 another model"
                .into())
        }
    }
}
