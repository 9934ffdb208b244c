//! The plan: history, the states that follow from it, and the chord that follows from them.
//! A pure state machine; it knows no thread and no clock.

mod network;
mod prompt;

pub use network::{Biaxial, Model};

use crate::jam::controls::Lookahead;
use crate::jam::link::{Place, Planned, Request};
use crate::model::sampler::{Damping, decide};
use crate::model::{Draw, Sampling};
use crate::music::{Chord, STEPS_PER_BAR, Step};
use prompt::Prompt;

/// States kept: enough to go back over everything that the clock commits ahead, the step
/// that sounds, and frames heard late (jam.md, section 3).
const STATES: usize = Lookahead::MAX_STEPS + 6;

/// Frames kept: those that a model which comes into service hears first, and then some.
const FRAMES: usize = 128;

/// Frames of history that a new model hears before it plays: two bars.
const RECOLLECTED: i64 = 2 * STEPS_PER_BAR as i64;

/// The step-in-bar before another.
fn before(step_in_bar: u8) -> u8 {
    (step_in_bar + STEPS_PER_BAR - 1) % STEPS_PER_BAR
}

/// One step of history.
#[derive(Clone, Copy, Debug, Default)]
struct Frame {
    step: Step,
    step_in_bar: u8,
    chord: Chord,
}

impl Frame {
    /// The step-in-bar with which the frame is fed if `step` comes next: its own, unless
    /// playback jumps between the two; then the one before the step that comes.
    fn fed_as(&self, step: Step, step_in_bar: u8) -> u8 {
        if self.step.next() == step { self.step_in_bar } else { before(step_in_bar) }
    }
}

/// A state of the time stack, ready to choose a chord from.
#[derive(Clone)]
struct Kept<S> {
    state: S,
    damping: Damping,
    /// The step-in-bar with which the frame before was fed.
    fed_as: u8,
}

/// History and network of one instance.
///
/// Chords are planned in played order. A request for an index that was planned before goes
/// back to it: what was planned from there on is forgotten, the history before it kept.
pub struct Planner<B: Biaxial> {
    model: Model<B>,
    prompt: Prompt<B::State>,
    /// Ring: the state from which chord `i` is chosen lies at `i mod STATES`.
    states: Vec<Kept<B::State>>,
    /// States of `first..=newest` are valid.
    first: i64,
    newest: i64,
    /// Ring of history by index.
    frames: Vec<Frame>,
    /// History reaches from here to `next`.
    oldest: i64,
    /// The index that comes next in order.
    next: i64,
    /// Whether there is any history to continue.
    anchored: bool,
}

impl<B: Biaxial> Planner<B> {
    /// A planner without history. Allocates; what follows does not, beyond a new prompt.
    pub fn new(model: Model<B>) -> Planner<B> {
        Planner {
            prompt: Prompt::new(&model),
            states: new_states(&model),
            model,
            first: 0,
            newest: 0,
            frames: vec![Frame::default(); FRAMES],
            oldest: 0,
            next: 0,
            anchored: false,
        }
    }

    /// The model in service.
    pub fn model(&self) -> &Model<B> {
        &self.model
    }

    /// Puts another model into service. It hears the last two bars of history before it
    /// plays, as part of the next plan.
    pub fn adopt(&mut self, model: Model<B>) {
        self.prompt = Prompt::new(&model);
        self.states = new_states(&model);
        self.model = model;
        self.first = (self.next - STATES as i64 - RECOLLECTED).max(self.oldest);
        self.newest = self.first;
        // Without history it begins from its own prompt.
        self.anchored &= self.first < self.next;
    }

    /// Forgets history; the next chord, whichever it is, begins from a prompt.
    pub fn forget(&mut self) {
        self.anchored = false;
    }

    /// The frame of `index`, if history still holds it.
    pub fn frame(&self, index: i64) -> Option<Chord> {
        let held = self.anchored && (self.oldest..self.next).contains(&index);
        held.then(|| self.frames[slot(index, FRAMES)].chord)
    }

    /// Corrects history: what was heard in a step that was committed before. States behind
    /// it are made again with the next plan. False if the step is too long ago to matter.
    pub fn replace_frame(&mut self, index: i64, frame: Chord) -> bool {
        if !self.anchored || !(self.first.max(self.oldest)..self.next).contains(&index) {
            return false;
        }
        let slot = &mut self.frames[slot(index, FRAMES)];
        if slot.chord != frame {
            slot.chord = frame;
            self.newest = self.newest.min(index);
        }
        true
    }

    /// Decides the chord of a request. `keep_going` is asked between the layers of the time
    /// stack; when it says no, the work is given up, [`None`] returned, and history stays as
    /// it is.
    pub fn plan(
        &mut self,
        request: &Request,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<Planned> {
        for (index, frame) in request.heard.frames() {
            self.replace_frame(*index, *frame);
        }
        let place = request.place;
        if request.anchor || !self.anchored {
            self.anchor(request, keep_going)?;
        } else if place.index > self.next {
            self.skip_to(request, keep_going)?;
        }
        self.advance_to(request, keep_going)?;
        let chord = self.choose(request);
        self.frames[slot(place.index, FRAMES)] =
            Frame { step: place.step, step_in_bar: request.step_in_bar, chord };
        self.next = place.index + 1;
        self.oldest = self.oldest.max(self.next - FRAMES as i64);
        Some(Planned { epoch: request.epoch, place, chord })
    }

    /// Begins from the prompt.
    fn anchor(&mut self, request: &Request, keep_going: &mut dyn FnMut() -> bool) -> Option<()> {
        let b = request.step_in_bar;
        let state = self.prompt.state(&mut self.model, request.seed, b, keep_going)?;
        let index = request.place.index;
        let kept = &mut self.states[slot(index, STATES)];
        kept.state.clone_from(state);
        kept.damping = Damping::default();
        self.begin_at(index);
        self.anchored = true;
        Some(())
    }

    /// Requests before this one were lost or given up: goes on from the last that was not,
    /// as after a jump.
    fn skip_to(&mut self, request: &Request, keep_going: &mut dyn FnMut() -> bool) -> Option<()> {
        let index = request.place.index;
        let next = Place { index: self.next, ..request.place };
        self.advance_to(&Request { place: next, ..*request }, keep_going)?;
        self.states[slot(index, STATES)] = self.states[slot(self.next, STATES)].clone();
        self.begin_at(index);
        Some(())
    }

    fn begin_at(&mut self, index: i64) {
        self.first = index;
        self.newest = index;
        self.oldest = index;
        self.next = index;
    }

    /// Makes the state of the request's index the newest one, from whatever was kept.
    fn advance_to(
        &mut self,
        request: &Request,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<()> {
        let index = request.place.index;
        if index < self.first {
            // Further back than anything can be void: the oldest state is the nearest.
            self.states[slot(index, STATES)] = self.states[slot(self.first, STATES)].clone();
            self.begin_at(index);
        }
        self.newest = self.newest.min(index);
        let last = self.frames[slot(index - 1, FRAMES)];
        let fed_as = last.fed_as(request.place.step, request.step_in_bar);
        if index > self.first && self.states[slot(index, STATES)].fed_as != fed_as {
            self.newest = self.newest.min(index - 1);
        }
        while self.newest + 1 < index {
            let next = self.frames[slot(self.newest + 1, FRAMES)];
            let frame = self.frames[slot(self.newest, FRAMES)];
            self.feed_newest(frame.fed_as(next.step, next.step_in_bar), keep_going)?;
        }
        if self.newest < index {
            self.feed_newest(fed_as, keep_going)?;
        }
        Some(())
    }

    /// Feeds the frame at the newest state into the one behind it.
    fn feed_newest(&mut self, fed_as: u8, keep_going: &mut dyn FnMut() -> bool) -> Option<()> {
        let frame = self.frames[slot(self.newest, FRAMES)];
        let (from, to) = (slot(self.newest, STATES), slot(self.newest + 1, STATES));
        // The slot written to may hold the oldest state; give that one up first.
        self.first = self.first.max(self.newest + 2 - STATES as i64);
        let [from, to] = self.states.get_disjoint_mut([from, to]).ok()?;
        let network = &mut self.model.network;
        if !network.feed(&from.state, &mut to.state, frame.chord, fed_as, keep_going) {
            return None;
        }
        to.fed_as = fed_as;
        to.damping = from.damping;
        to.damping.after_step(frame.chord.len());
        self.newest += 1;
        Some(())
    }

    fn choose(&mut self, request: &Request) -> Chord {
        let kept = &self.states[slot(request.place.index, STATES)];
        let shaping = request.shaping;
        let sampling = Sampling {
            temperature: shaping.temperature.max(0.01),
            truncation: shaping.truncation.clamp(0.0, 0.5),
            gamma: kept.damping.exponent(shaping.density),
        };
        let draw = Draw { seed: request.seed, pass: request.place.pass };
        let low = self.model.network.range().low;
        let step = request.place.step.0;
        self.model.network.choose(&kept.state, &mut |n, logits| {
            // `n` counts the keys of a range within 0..128.
            decide(&sampling, logits, draw.uniforms(step, low + n as u8))
        })
    }
}

fn new_states<B: Biaxial>(model: &Model<B>) -> Vec<Kept<B::State>> {
    let state = model.network.new_state();
    let kept = || Kept { state: state.clone(), damping: Damping::default(), fed_as: 0 };
    (0..STATES).map(|_| kept()).collect()
}

/// Where `index`, which may be negative, lies in a ring.
fn slot(index: i64, len: usize) -> usize {
    // Below `len`, so the cast keeps every bit.
    index.rem_euclid(len as i64) as usize
}
