//! What the planner needs of a network.

use crate::model::config::Start;
use crate::model::{Checkpoint, Engine, TimeState};
use crate::music::{Chord, KeyRange, PianoRoll};

/// A network with a time axis and a key axis, one step at a time. [`Engine`] is the one that
/// plays; tests bring cheaper ones.
pub trait Biaxial: Send + 'static {
    /// What the time axis remembers.
    type State: Clone + Send;

    /// The state before any step.
    fn new_state(&self) -> Self::State;

    /// Runs the time axis over one frame; false if `keep_going` ended it. See
    /// [`Engine::feed`].
    fn feed(
        &mut self,
        from: &Self::State,
        to: &mut Self::State,
        frame: Chord,
        step_in_bar: u8,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool;

    /// Runs the time axis over the row "no previous step". See [`Engine::feed_start`].
    fn feed_start(
        &mut self,
        from: &Self::State,
        to: &mut Self::State,
        step_in_bar: u8,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool;

    /// Runs the key axis. See [`Engine::choose`].
    fn choose(
        &mut self,
        state: &Self::State,
        decide: &mut dyn FnMut(usize, [f32; 2]) -> (bool, bool),
    ) -> Chord;

    /// The keys it sees.
    fn range(&self) -> KeyRange;

    /// Whether it knows the row "no previous step".
    fn start(&self) -> Start;
}

impl Biaxial for Engine {
    type State = TimeState;

    fn new_state(&self) -> TimeState {
        Engine::new_state(self)
    }

    fn feed(
        &mut self,
        from: &TimeState,
        to: &mut TimeState,
        frame: Chord,
        step_in_bar: u8,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        Engine::feed(self, from, to, frame, step_in_bar, keep_going)
    }

    fn feed_start(
        &mut self,
        from: &TimeState,
        to: &mut TimeState,
        step_in_bar: u8,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        Engine::feed_start(self, from, to, step_in_bar, keep_going)
    }

    fn choose(
        &mut self,
        state: &TimeState,
        decide: &mut dyn FnMut(usize, [f32; 2]) -> (bool, bool),
    ) -> Chord {
        Engine::choose(self, state, decide)
    }

    fn range(&self) -> KeyRange {
        self.config().range()
    }

    fn start(&self) -> Start {
        self.config().start
    }
}

/// A network and the prompts that came with it.
pub struct Model<B> {
    /// The network.
    pub network: B,
    /// Five bars each, or none; see model.md, section 9.
    pub prompts: Vec<PianoRoll>,
    /// Hex SHA-256 of the file it came from; empty if from none.
    pub digest: String,
}

impl From<Checkpoint> for Model<Engine> {
    fn from(checkpoint: Checkpoint) -> Self {
        Model {
            network: Engine::new(&checkpoint),
            digest: checkpoint.digest().to_owned(),
            prompts: checkpoint.meta.prompts,
        }
    }
}

impl<B: Biaxial> Model<B> {
    /// Thinks one step and throws it away.
    ///
    /// # Errors
    /// When what comes out is no number.
    pub fn dry_run(&mut self) -> Result<(), String> {
        let from = self.network.new_state();
        let mut to = from.clone();
        let mut finite = true;
        self.network.feed(&from, &mut to, Chord::SILENT, 0, &mut || true);
        self.network.choose(&to, &mut |_, logits| {
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
