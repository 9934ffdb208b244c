//! The state that playback begins from where there is a take: that after its last bars.

use super::Biaxial;
use super::network::hear;
use crate::model::Frame;

/// What of a take was heard last, so that it need not be heard again when playback begins from
/// there once more: a musician who turns a knob while stopped asks for the same each time.
pub(super) struct Recalled<B: Biaxial> {
    frames: Vec<Frame>,
    /// How many of them were fed, and the state after them.
    heard: Option<(usize, B::State)>,
}

impl<B: Biaxial> Default for Recalled<B> {
    fn default() -> Self {
        Recalled { frames: Vec::new(), heard: None }
    }
}

impl<B: Biaxial> Recalled<B> {
    /// The state after `frames`, from zero. [`None`] if `keep_going` ended it; what was heard so
    /// far is kept.
    pub fn state(
        &mut self,
        network: &mut B,
        frames: &[Frame],
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<&B::State> {
        if self.frames != frames {
            self.frames = frames.to_vec();
            self.heard = None;
        }
        let (fed, state) = self.heard.take().unwrap_or_else(|| (0, network.new_state()));
        let left = frames.iter().skip(fed).copied();
        let (more, state) = hear(network, state, left, keep_going);
        let (fed, state) = self.heard.insert((fed + more, state));
        (*fed == frames.len()).then_some(&*state)
    }
}
