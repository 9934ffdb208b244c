//! The state that playback begins from: that of a prompt, kept from one start to the next.

use super::{Biaxial, Model, before};
use crate::model::Draw;
use crate::model::config::Start;
use crate::music::{PianoRoll, STEPS_PER_BAR};

/// Steps fed whatever the position in the bar: four bars.
const BARS: usize = 4 * STEPS_PER_BAR as usize;

/// A state on its way through a prompt.
struct Walk<S> {
    state: S,
    spare: S,
    /// Steps of the prompt that the state has heard.
    heard: usize,
}

impl<S: Clone> Walk<S> {
    fn new(zero: &S) -> Walk<S> {
        Walk { state: zero.clone(), spare: zero.clone(), heard: 0 }
    }

    /// Goes on to `steps`. When interrupted, what was heard so far is kept.
    fn walk_to<B: Biaxial<State = S>>(
        &mut self,
        steps: usize,
        network: &mut B,
        prompt: &PianoRoll,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<()> {
        while self.heard < steps {
            let frame = prompt.chords.get(self.heard).copied().unwrap_or_default();
            // Below 16, so the cast keeps every bit.
            let b = (self.heard % usize::from(STEPS_PER_BAR)) as u8;
            if !network.feed(&self.state, &mut self.spare, frame, b, keep_going) {
                return None;
            }
            std::mem::swap(&mut self.state, &mut self.spare);
            self.heard += 1;
        }
        Some(())
    }
}

/// The prompt in use and the two states worth keeping of it: after four bars, and at the step
/// of the bar that was asked for last.
pub(super) struct Prompt<S> {
    which: Option<usize>,
    bars: Walk<S>,
    rest: Walk<S>,
    zero: S,
}

impl<S: Clone> Prompt<S> {
    pub fn new<B: Biaxial<State = S>>(model: &Model<B>) -> Prompt<S> {
        let zero = model.network.new_state();
        Prompt { which: None, bars: Walk::new(&zero), rest: Walk::new(&zero), zero }
    }

    /// The state in which the step `step_in_bar` comes next: bars 1 to 4 and the first
    /// `step_in_bar` steps of bar 5 of the prompt that `seed` chooses. Without prompts,
    /// that of one silent step, or of the row "no previous step" where the network knows it.
    pub fn state<B: Biaxial<State = S>>(
        &mut self,
        model: &mut Model<B>,
        seed: u64,
        step_in_bar: u8,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<&S> {
        let network = &mut model.network;
        if model.prompts.is_empty() {
            let to = &mut self.rest.state;
            let b = before(step_in_bar);
            let fed = match network.start() {
                Start::Flag => network.feed_start(&self.zero, to, b, keep_going),
                Start::None => network.feed(&self.zero, to, Default::default(), b, keep_going),
            };
            return fed.then_some(&self.rest.state);
        }
        let which = choose(seed, model.prompts.len());
        let prompt = model.prompts.get(which)?;
        if self.which != Some(which) {
            self.which = Some(which);
            self.bars.state.clone_from(&self.zero);
            self.bars.heard = 0;
            self.rest.heard = 0;
        }
        self.bars.walk_to(BARS, network, prompt, keep_going)?;
        let steps = BARS + usize::from(step_in_bar % STEPS_PER_BAR);
        if !(BARS..=steps).contains(&self.rest.heard) {
            self.rest.state.clone_from(&self.bars.state);
            self.rest.heard = BARS;
        }
        self.rest.walk_to(steps, network, prompt, keep_going)?;
        Some(&self.rest.state)
    }
}

/// Which of `count` prompts a seed chooses.
fn choose(seed: u64, count: usize) -> usize {
    // A pass that no performance reaches, so that no note shares the number.
    let [u, _] = Draw { seed, pass: u64::MAX }.uniforms(0, 0);
    // `u` is below 1.
    (u * count as f64) as usize
}
