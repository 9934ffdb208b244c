//! The state that playback begins from where there is a take: that after its last bars.

use super::Biaxial;
use super::network::hear;
use crate::model::Frame;

/// What of a take was heard last, so that it need not be heard again when playback begins from
/// there once more: a musician who turns a knob while stopped asks for the same each time.
pub(super) struct Recalled<B: Biaxial> {
    frames: Vec<Frame>,
    heard: Fed<B::State>,
    /// The same for who never heard the musician, if there is one.
    unheard: Fed<B::State>,
}

/// How many of the frames were fed, and the state after them.
type Fed<S> = Option<(usize, S)>;

impl<B: Biaxial> Default for Recalled<B> {
    fn default() -> Self {
        Recalled { frames: Vec::new(), heard: None, unheard: None }
    }
}

impl<B: Biaxial> Recalled<B> {
    /// The state after `frames`, from zero, and that of who never heard the musician in them, where
    /// the two differ. [`None`] if `keep_going` ended it; what was heard so far is kept.
    pub fn states(
        &mut self,
        network: &mut B,
        frames: &[Frame],
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<(&B::State, Option<&B::State>)> {
        if self.frames != frames {
            *self = Recalled { frames: frames.to_vec(), ..Recalled::default() };
        }
        let differ = network.hears() && frames.iter().any(|frame| frame.musician);
        let heard = go_on(network, &mut self.heard, frames.iter().copied(), keep_going)?;
        let unheard = match differ {
            true => {
                let frames = frames.iter().map(Frame::unheard);
                Some(go_on(network, &mut self.unheard, frames, keep_going)?)
            }
            false => None,
        };
        Some((heard, unheard))
    }
}

/// Feeds what was not fed yet; the state after all of it, unless `keep_going` ended it.
fn go_on<'a, B: Biaxial>(
    network: &mut B,
    fed: &'a mut Fed<B::State>,
    frames: impl ExactSizeIterator<Item = Frame>,
    keep_going: &mut dyn FnMut() -> bool,
) -> Option<&'a B::State> {
    let all = frames.len();
    let (before, state) = fed.take().unwrap_or_else(|| (0, network.new_state()));
    let (more, state) = hear(network, state, frames.skip(before), keep_going);
    let (now, state) = fed.insert((before + more, state));
    (*now == all).then_some(&*state)
}
