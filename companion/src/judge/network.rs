//! What the judge needs of a network.

use std::collections::HashMap;
use std::sync::Arc;

use anacrusis::model::config::Start;
use anacrusis::model::{Checkpoint, Draw, Engine, Frame, Given, TimeState, Weights};
use anacrusis::music::{BarPosition, Chord, KeyRange, PianoRoll};

use crate::generate::stored_prompt;

/// Asked for each key index in scan order, with the logits of who hears the musician and of who
/// does not: whether it plays and is struck.
pub type Decide<'a> = dyn FnMut(usize, [[f32; 2]; 2]) -> (bool, bool) + 'a;

/// A network that plays a step after the other.
pub trait Network {
    /// What it remembers.
    type State: Clone;

    /// The keys that it plays.
    fn range(&self) -> KeyRange;

    /// Whether it tells the musician's notes from its own. If not, what is held is forced upon it
    /// and nothing else is given.
    fn hears(&self) -> bool;

    /// The state before the first step, and what sounded before it. `before` is the place in the
    /// bar of the step before the first.
    fn begin(&mut self, seed: u64, before: BarPosition, musician: bool) -> (Self::State, Chord);

    /// Lets `state` hear a step.
    fn feed(&mut self, state: &mut Self::State, frame: &Frame);

    /// Decides the next step. For given keys `decide` is not asked, or its answer is ignored, and
    /// they are not in the chord. Without a state of who does not hear the musician, both logits
    /// are the same.
    fn choose(
        &mut self,
        state: &Self::State,
        unheard: Option<&Self::State>,
        given: &Given,
        decide: &mut Decide,
    ) -> Chord;
}

/// The network of a checkpoint.
pub struct Player {
    engine: Engine,
    /// To write the next state to.
    spare: TimeState,
    checkpoint: Checkpoint,
    /// States after prompts, by the number of the prompt.
    warm: HashMap<u64, TimeState>,
}

impl Player {
    /// A network on weights that others may use, too.
    pub fn new(checkpoint: &Checkpoint, weights: &Arc<Weights>) -> Player {
        let engine = Engine::with(weights.clone());
        let spare = engine.new_state();
        Player { engine, spare, checkpoint: checkpoint.clone(), warm: HashMap::new() }
    }

    fn after_prompt(&mut self, prompt: &PianoRoll, which: u64) -> TimeState {
        if let Some(state) = self.warm.get(&which) {
            return state.clone();
        }
        let mut state = self.engine.new_state();
        for (step, chord) in (0..).zip(&prompt.chords) {
            self.feed(&mut state, &Frame::common_time(*chord, step));
        }
        self.warm.insert(which, state.clone());
        state
    }
}

impl Network for Player {
    type State = TimeState;

    fn range(&self) -> KeyRange {
        self.engine.config().range()
    }

    fn hears(&self) -> bool {
        self.engine.config().hears()
    }

    /// From silence; networks that tell nobody apart after four bars of the prompt that the seed
    /// chooses, as `generate` has it.
    fn begin(&mut self, seed: u64, before: BarPosition, musician: bool) -> (TimeState, Chord) {
        let prompt = stored_prompt(&self.checkpoint, seed).roll;
        if let Some(last) = prompt.chords.last().filter(|_| !self.hears()) {
            let prompts = self.checkpoint.meta.prompts.len() as u64;
            return (self.after_prompt(&prompt, seed % prompts), *last);
        }
        let mut state = self.engine.new_state();
        let start = self.engine.config().start == Start::Flag;
        self.feed(&mut state, &Frame { start, ..Frame::before_first(before, musician) });
        (state, Chord::SILENT)
    }

    fn feed(&mut self, state: &mut TimeState, frame: &Frame) {
        self.engine.feed(state, &mut self.spare, frame, &mut || true);
        std::mem::swap(state, &mut self.spare);
    }

    fn choose(
        &mut self,
        state: &TimeState,
        unheard: Option<&TimeState>,
        given: &Given,
        decide: &mut Decide,
    ) -> Chord {
        if let Some(unheard) = unheard.filter(|_| self.hears()) {
            return self.engine.choose_guided(state, given, unheard, decide);
        }
        let (low, hears) = (self.range().low, self.hears());
        let chord = self.engine.choose(state, given, &mut |index, logits| {
            // The range lies within 0..128.
            match !hears && given.chord.plays(low + index as u8) {
                true => (true, false),
                false => decide(index, [logits; 2]),
            }
        });
        chord.without(given.chord.playing())
    }
}

/// Random numbers apart from those of performances, for each piece its own.
pub fn lot(seed: u64, piece: u64) -> Draw {
    // Passes that no performance reaches.
    Draw { seed, pass: u64::MAX - 1 - piece }
}
