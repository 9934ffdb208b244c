//! The network, one step at a time: fast, and allocation-free once built.
//!
//! A **time step** has two halves. What recurs, `W_hh h + b`, does not depend on the frame to
//! be fed and can be worked out before that frame is known ([`Engine::prepare`]); the rest
//! follows when it is ([`Engine::feed_prepared`]). Then the note stack chooses a chord
//! ([`Engine::choose`]). Every product runs over packed weights ([`super::panels`]), in the
//! instructions that the weights were packed for.

mod note;
mod time;
mod weights;

use std::sync::Arc;

use super::checkpoint::Checkpoint;
use super::config::Config;
use super::features::{self, Frame};
use super::given::Given;
use super::network::LOGITS;
use crate::music::Chord;
use note::{Guided, NoteStack, Scratch};
use time::{Feed, Prepare};

pub use time::{Prepared, TimeState};
pub use weights::Weights;

/// A network ready to run: weights, and the scratch memory of one step.
#[derive(Debug)]
pub struct Engine {
    weights: Arc<Weights>,
    /// Features `[K, F]`.
    x: Box<[f32]>,
    time: time::Scratch,
    note: Scratch,
    /// For the scan of one who did not hear the musician; networks that tell none apart have none.
    unheard: Option<Scratch>,
}

impl Engine {
    /// An engine with weights of its own in the best instructions; allocates, as
    /// [`Engine::with`] does.
    pub fn new(checkpoint: &Checkpoint) -> Engine {
        Engine::with(Arc::new(Weights::new(checkpoint)))
    }

    /// An engine on weights that others may use too. The only place where it allocates.
    pub fn with(weights: Arc<Weights>) -> Engine {
        Engine {
            x: vec![0.0; weights.config().keys() * features::width(weights.config())].into(),
            time: time::Scratch::new(&weights),
            note: Scratch::new(&weights),
            unheard: weights.config().hears().then(|| Scratch::new(&weights)),
            weights,
        }
    }

    /// The weights it runs on.
    pub fn weights(&self) -> &Arc<Weights> {
        &self.weights
    }

    /// The configuration of the network.
    pub fn config(&self) -> &Config {
        self.weights.config()
    }

    /// A state before any step, for this engine.
    pub fn new_state(&self) -> TimeState {
        TimeState::new(&self.weights)
    }

    /// Room for [`Engine::prepare`].
    pub fn new_prepared(&self) -> Prepared {
        Prepared::new(&self.weights)
    }

    /// Does the part of the step after `from` that does not depend on the frame to be fed,
    /// about half of it; [`Engine::feed_prepared`] does the rest.
    ///
    /// `keep_going` is asked between layers; when it says no, the work is abandoned, `false`
    /// returned, and `to` is unusable until written again; `from` is untouched.
    pub fn prepare(
        &mut self,
        from: &TimeState,
        to: &mut Prepared,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        let weights = &*self.weights;
        for layer in 0..weights.time.len() {
            if !keep_going() {
                return false;
            }
            weights.set().run(Prepare { weights, layer, from, to });
        }
        true
    }

    /// Runs the time stack over one frame: `to` becomes the state after `from` has heard `frame`.
    /// `prepared` must come from `from`; it is good for several frames, one after the other.
    ///
    /// `keep_going` is asked between layers; when it says no, the step is abandoned, `false`
    /// returned, and `to` is unusable until written again; `from` is untouched.
    pub fn feed_prepared(
        &mut self,
        from: &TimeState,
        prepared: &Prepared,
        to: &mut TimeState,
        frame: &Frame,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        features::write(self.weights.config(), frame, &mut self.x);
        self.step(from, Some(prepared), to, keep_going)
    }

    /// [`Engine::prepare`] and [`Engine::feed_prepared`] in one, with the same result.
    pub fn feed(
        &mut self,
        from: &TimeState,
        to: &mut TimeState,
        frame: &Frame,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        features::write(self.weights.config(), frame, &mut self.x);
        self.step(from, None, to, keep_going)
    }

    /// The features of the frame fed last, `[K, F]`.
    pub fn features(&self) -> &[f32] {
        &self.x
    }

    /// A time step over the features that lie ready.
    fn step(
        &mut self,
        from: &TimeState,
        prepared: Option<&Prepared>,
        to: &mut TimeState,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        let (weights, x, scratch) = (&*self.weights, &*self.x, &mut self.time);
        for layer in 0..weights.time.len() {
            if !keep_going() {
                return false;
            }
            weights.set().run(Feed { weights, layer, x, from, prepared, to, scratch });
        }
        true
    }

    /// Runs the note stack over the keys in scan order. For each key index (0 is the lowest)
    /// `decide` gets the logits (play, articulate) of the step after the one fed last into
    /// `state`, and says whether the key plays and is struck; that is fed to the next key.
    /// Returns the chord decided.
    ///
    /// Networks that tell a musician apart are told what is `given`. A given key is the
    /// musician's: what `decide` says of it is ignored, its given bits are fed to the next key,
    /// and it is no part of the chord. Other networks know of nothing given.
    pub fn choose(
        &mut self,
        state: &TimeState,
        given: &Given,
        decide: &mut dyn FnMut(usize, [f32; LOGITS]) -> (bool, bool),
    ) -> Chord {
        let given = if self.config().hears() { *given } else { Given::NOTHING };
        let scratch = &mut self.note;
        let stack = NoteStack { weights: &self.weights, state, given, scratch, decide };
        self.weights.set().run(stack)
    }

    /// As [`Engine::choose`], with guidance: `decide` also gets the logits of one who never heard
    /// the musician, whose state is `unheard` (of [`Frame::unheard`] frames) and who is given
    /// nothing; both hear what is decided. Networks that tell no musician apart have no such second
    /// opinion: they give the same logits twice.
    pub fn choose_guided(
        &mut self,
        state: &TimeState,
        given: &Given,
        unheard: &TimeState,
        decide: &mut dyn FnMut(usize, [[f32; LOGITS]; 2]) -> (bool, bool),
    ) -> Chord {
        let Some(second) = &mut self.unheard else {
            return self.choose(state, given, &mut |index, logits| decide(index, [logits; 2]));
        };
        let (weights, given) = (&*self.weights, *given);
        let rows = [(state, &mut self.note), (unheard, second)];
        weights.set().run(Guided { weights, rows, given, decide })
    }

    /// What the head for loudness is fed for the key of this index in the chord chosen last, `[H]`;
    /// `None` in networks that have no such head.
    pub fn note_top(&self, index: usize) -> Option<&[f32]> {
        self.note.top(&self.weights, index)
    }

    /// How much louder than the running level (the mean velocity of what the same player struck
    /// within the last bar) the key of this index is, if the chord chosen last strikes it; in units of
    /// [`VELOCITY_UNIT`](super::network::VELOCITY_UNIT). `None` in networks that tell no loudness.
    pub fn loudness(&self, index: usize) -> Option<f32> {
        let (weight, bias) = self.weights.loudness.as_ref()?;
        let top = self.note_top(index)?;
        Some(top.iter().zip(weight).map(|(top, weight)| top * weight).sum::<f32>() + bias)
    }
}
