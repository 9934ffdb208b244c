//! What the judge needs of a network, and the choice of a chord by what a musician changes.

use std::collections::HashMap;

use anacrusis::model::config::Start;
use anacrusis::model::{Checkpoint, Draw, Engine, TimeState, Weights};
use anacrusis::music::{BarPosition, Chord, KeyRange, PianoRoll};
use std::sync::Arc;

use crate::generate::stored_prompt;

/// What is known of a step once it is over.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Frame {
    /// What the network played.
    pub own: Chord,
    /// What the musician played; no key of it is in `own`.
    pub heard: Chord,
    /// Whether there is a musician in this piece.
    pub musician: bool,
    /// Where the step lies in its bar.
    pub position: BarPosition,
}

/// What is given for the step to be decided.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Given {
    /// What the musician plays, or if that is not known what they held in the step before.
    pub chord: Chord,
    /// Whether what they play in the step itself is known.
    pub known: bool,
}

impl Given {
    /// Nobody there.
    pub const NOTHING: Given = Given { chord: Chord::SILENT, known: false };
}

/// Asked for each key index in scan order, with its logits: whether it plays and is struck.
pub type Decide<'a> = dyn FnMut(usize, [f32; 2]) -> (bool, bool) + 'a;

/// A network that plays a step after the other.
pub trait Network {
    /// What it remembers.
    type State: Clone;

    /// The keys that it plays.
    fn range(&self) -> KeyRange;

    /// Whether it tells the musician's notes from its own. If not, it is given what is held and
    /// nothing more, and is not guided.
    fn tells_players(&self) -> bool;

    /// The state before the first step, and what sounded before it. `before` is the place in the
    /// bar of the step before the first.
    fn begin(&mut self, seed: u64, before: BarPosition, musician: bool) -> (Self::State, Chord);

    /// Lets `state` hear a step.
    fn feed(&mut self, state: &mut Self::State, frame: &Frame);

    /// Decides the next step; given keys are not asked for, or the answer is ignored, and are not
    /// in the chord.
    fn choose(&mut self, state: &Self::State, given: &Given, decide: &mut Decide) -> Chord;
}

/// The networks of checkpoints.
pub struct Shipped {
    engine: Engine,
    /// To write the next state to.
    spare: TimeState,
    checkpoint: Checkpoint,
    /// States after prompts, by the number of the prompt.
    warm: HashMap<usize, TimeState>,
}

impl Shipped {
    /// A network on weights that others may use, too.
    pub fn new(checkpoint: &Checkpoint, weights: &Arc<Weights>) -> Shipped {
        let engine = Engine::with(weights.clone());
        let spare = engine.new_state();
        Shipped { engine, spare, checkpoint: checkpoint.clone(), warm: HashMap::new() }
    }

    fn hear(&mut self, state: &mut TimeState, frame: Chord, step_in_bar: u8) {
        self.engine.feed(state, &mut self.spare, frame, step_in_bar, &mut || true);
        std::mem::swap(state, &mut self.spare);
    }

    fn after_prompt(&mut self, prompt: &PianoRoll, which: usize) -> TimeState {
        if let Some(state) = self.warm.get(&which) {
            return state.clone();
        }
        let mut state = self.engine.new_state();
        for (step, chord) in prompt.chords.iter().enumerate() {
            // Below 16.
            self.hear(&mut state, *chord, (step % 16) as u8);
        }
        self.warm.insert(which, state.clone());
        state
    }
}

/// A place in the bar as networks know it that know nothing of metres.
fn step_in_bar(position: BarPosition) -> u8 {
    // Below 16.
    (position.in_bar % 16) as u8
}

impl Network for Shipped {
    type State = TimeState;

    fn range(&self) -> KeyRange {
        self.engine.config().range()
    }

    fn tells_players(&self) -> bool {
        false
    }

    /// After four bars of the prompt that the seed chooses, as `generate` has it.
    fn begin(&mut self, seed: u64, before: BarPosition, _musician: bool) -> (TimeState, Chord) {
        let prompt = stored_prompt(&self.checkpoint, seed);
        if let Some(last) = prompt.chords.last().copied() {
            let prompts = self.checkpoint.meta.prompts.len() as u64;
            return (self.after_prompt(&prompt, (seed % prompts) as usize), last);
        }
        let mut state = self.engine.new_state();
        let before = step_in_bar(before);
        match self.engine.config().start {
            Start::None => self.hear(&mut state, Chord::SILENT, before),
            Start::Flag => {
                self.engine.feed_start(&state, &mut self.spare, before, &mut || true);
                std::mem::swap(&mut state, &mut self.spare);
            }
        }
        (state, Chord::SILENT)
    }

    fn feed(&mut self, state: &mut TimeState, frame: &Frame) {
        self.hear(state, frame.own.union(frame.heard), step_in_bar(frame.position));
    }

    fn choose(&mut self, state: &TimeState, given: &Given, decide: &mut Decide) -> Chord {
        let low = self.engine.config().low;
        let held = given.chord;
        let chord = self.engine.choose(state, &mut |index, logits| {
            // The range lies within 0..128.
            if held.plays(low + index as u8) { (true, false) } else { decide(index, logits) }
        });
        crate::players::without(chord, held)
    }
}

/// Chooses a chord by the logits of `states[0]`, who hears the musician, moved away from those of
/// `states[1]`, who does not: `logits + weight (logits - logits of the other)`. The other is told
/// the same decisions.
///
/// Keys are decided one after the other, and both must know what was decided for the key before.
/// Since a scan runs to its end once begun, the other's logits are first taken for a guess of the
/// chord and then for what was chosen, until that is chosen again. There is one such chord, and
/// each round gets at least one key more right, so it is found; two rounds are the rule.
pub fn choose_guided<N: Network>(
    network: &mut N,
    states: [&N::State; 2],
    (given, weight): (&Given, f32),
    mut guess: Chord,
    decide: &mut Decide,
) -> Chord {
    if weight == 0.0 || !network.tells_players() {
        return network.choose(states[0], given, decide);
    }
    let KeyRange { low, count } = network.range();
    let mut logits = [[[0.0f32; 2]; 128]; 2];
    let guided = |own: [f32; 2], other: [f32; 2]| {
        std::array::from_fn(|bit| own[bit] + weight * (own[bit] - other[bit]))
    };
    let mut chosen = None;
    loop {
        network.choose(states[1], &Given::NOTHING, &mut |index, other| {
            logits[1][index] = other;
            let key = low + index as u8;
            (guess.plays(key), guess.strikes(key))
        });
        let as_chosen = |index: usize, decide: &mut Decide| {
            let key = low + index as u8;
            let decided = decide(index, guided(logits[0][index], logits[1][index]));
            given.chord.plays(key) || decided == (guess.plays(key), guess.strikes(key))
        };
        if chosen == Some(guess) && (0..usize::from(count)).all(|n| as_chosen(n, decide)) {
            return guess;
        }
        let [own, other] = &mut logits;
        let chord = network.choose(states[0], given, &mut |index, logits| {
            own[index] = logits;
            decide(index, guided(logits, other[index]))
        });
        if chord == guess {
            return chord;
        }
        (guess, chosen) = (chord, Some(chord));
    }
}

/// Random numbers apart from those of performances, for each piece its own.
pub fn lot(seed: u64, piece: u64) -> Draw {
    // Passes that no performance reaches.
    Draw { seed, pass: u64::MAX - 1 - piece }
}
