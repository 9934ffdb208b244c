//! What the planner needs of a network.

use crate::model::config::{Scan, Start};
use crate::model::{Engine, Frame, Given, Prepared, TimeState};
use crate::music::{Chord, KeyRange};

/// A network with a time axis and a key axis, one step at a time. [`Engine`] is the one that
/// plays; tests bring cheaper ones.
pub trait Biaxial: Send + 'static {
    /// What the time axis remembers.
    type State: Clone + Send + Sync;

    /// What of a step can be done before its frame is known.
    type Prepared: Send;

    /// The state before any step.
    fn new_state(&self) -> Self::State;

    /// Room for [`Biaxial::prepare`].
    fn new_prepared(&self) -> Self::Prepared;

    /// Does the part of the step after `from` that does not depend on its frame; false if
    /// `keep_going` ended it. See [`Engine::prepare`].
    fn prepare(
        &mut self,
        from: &Self::State,
        to: &mut Self::Prepared,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool;

    /// Runs the rest of the time axis over one frame; false if `keep_going` ended it. See
    /// [`Engine::feed_prepared`].
    fn feed_prepared(
        &mut self,
        from: &Self::State,
        prepared: &Self::Prepared,
        to: &mut Self::State,
        frame: &Frame,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool;

    /// Runs the key axis. See [`Engine::choose`].
    fn choose(
        &mut self,
        state: &Self::State,
        given: &Given,
        decide: &mut dyn FnMut(usize, [f32; 2]) -> (bool, bool),
    ) -> Chord;

    /// Runs the key axis twice, side by side: for who hears the musician and for who does not.
    /// See [`Engine::choose_guided`]. Networks that tell no musician apart need only the one axis.
    fn choose_guided(
        &mut self,
        state: &Self::State,
        given: &Given,
        _unheard: &Self::State,
        decide: &mut dyn FnMut(usize, [[f32; 2]; 2]) -> (bool, bool),
    ) -> Chord {
        self.choose(state, given, &mut |index, logits| decide(index, [logits; 2]))
    }

    /// Whether it tells what it hears from what it played.
    fn hears(&self) -> bool {
        false
    }

    /// The keys it sees.
    fn range(&self) -> KeyRange;

    /// In which order [`Biaxial::choose`] visits them.
    fn scan(&self) -> Scan {
        Scan::Up
    }

    /// Whether it knows the row "no previous step".
    fn start(&self) -> Start;
}

impl Biaxial for Engine {
    type State = TimeState;
    type Prepared = Prepared;

    fn new_state(&self) -> TimeState {
        Engine::new_state(self)
    }

    fn new_prepared(&self) -> Prepared {
        Engine::new_prepared(self)
    }

    fn prepare(
        &mut self,
        from: &TimeState,
        to: &mut Prepared,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        Engine::prepare(self, from, to, keep_going)
    }

    fn feed_prepared(
        &mut self,
        from: &TimeState,
        prepared: &Prepared,
        to: &mut TimeState,
        frame: &Frame,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        Engine::feed_prepared(self, from, prepared, to, frame, keep_going)
    }

    fn choose(
        &mut self,
        state: &TimeState,
        given: &Given,
        decide: &mut dyn FnMut(usize, [f32; 2]) -> (bool, bool),
    ) -> Chord {
        Engine::choose(self, state, given, decide)
    }

    fn choose_guided(
        &mut self,
        state: &TimeState,
        given: &Given,
        unheard: &TimeState,
        decide: &mut dyn FnMut(usize, [[f32; 2]; 2]) -> (bool, bool),
    ) -> Chord {
        Engine::choose_guided(self, state, given, unheard, decide)
    }

    fn hears(&self) -> bool {
        self.config().hears()
    }

    fn range(&self) -> KeyRange {
        self.config().range()
    }

    fn scan(&self) -> Scan {
        self.config().scan
    }

    fn start(&self) -> Start {
        self.config().start
    }
}

/// Has the time axis hear `frames` until `keep_going` ends it: how many it heard, and the state
/// after them.
pub(super) fn hear<B: Biaxial>(
    network: &mut B,
    mut state: B::State,
    frames: impl IntoIterator<Item = Frame>,
    keep_going: &mut dyn FnMut() -> bool,
) -> (usize, B::State) {
    let (mut spare, mut half) = (state.clone(), network.new_prepared());
    let mut heard = 0;
    for frame in frames {
        let fed = network.prepare(&state, &mut half, keep_going)
            && network.feed_prepared(&state, &half, &mut spare, &frame, keep_going);
        if !fed {
            break;
        }
        std::mem::swap(&mut state, &mut spare);
        heard += 1;
    }
    (heard, state)
}
