//! The plan: history, the states that follow from it, and the chord that follows from them.
//! A pure state machine; it knows no clock, and of threads only that planners of one
//! checkpoint share what its prompts lead to.
//!
//! Of what an instance keeps, the planner's share is by far the largest. At look-ahead `l` it
//! holds `l + 3` states and two prepared halves of a step. For `K` keys and time layers of
//! `H` units in all, a state takes `8 K H` bytes and a half `16 K H`: with 78 keys and layers
//! of 300 and 300, 366 and 731 KiB, so 2.9 MiB in all at the usual look-ahead of 1; with
//! layers of 128 and 128, 1.2 MiB. History (less than 32 KiB) is small beside it. Weights and the
//! states after a prompt are shared by the instances that play one checkpoint.

mod begin;
mod choose;
mod decided;
mod model;
mod network;
mod outlook;
mod prompt;
mod recalled;
mod states;

pub use decided::Decided;
pub use model::Model;
pub use network::Biaxial;
pub use prompt::Prompts;

use crate::jam::controls::Lookahead;
use crate::jam::link::{Correction, Decision, Place, Planned, Request};
use crate::jam::slot;
use crate::jam::status::Preview;
use crate::jam::take::Recall;
use crate::model::Frame;
use crate::model::density::Amount;
use crate::music::{BarPosition, Chord, KeyRange, STEPS_PER_BAR, Step};
use decided::Log;
use outlook::Outlook;
use prompt::Held;
use recalled::Recalled;
use states::States;

/// Frames kept: those that a model which comes into service hears first, and then some.
const FRAMES: usize = 128;

/// Frames of history that a new model hears before it plays: two bars.
const RECOLLECTED: i64 = 2 * STEPS_PER_BAR as i64;

/// One step of history.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct History {
    step: Step,
    position: BarPosition,
    /// What was chosen.
    chosen: Chord,
    /// What was heard.
    heard: Chord,
    /// Whether what was heard is told apart from what was chosen: see [`Request::accompanies`].
    musician: bool,
    /// Whether it is the silence before the first step, to networks that know of it.
    start: bool,
    /// What was heard when it was played before, if it is replayed.
    replayed: Option<Chord>,
    /// How many notes began, and how much was asked for.
    begun: u8,
    asked: Amount,
}

impl History {
    /// The position with which the frame is fed if `step`, at `position`, comes next: its own,
    /// unless playback jumps between the two; then the one before the step that comes.
    fn fed_as(&self, step: Step, position: BarPosition) -> BarPosition {
        if self.step.next() == step { self.position } else { position.before() }
    }

    /// How much was chosen.
    fn played(&self) -> Amount {
        Amount::counted(self.chosen.len(), self.begun.into())
    }

    /// All that sounded.
    fn sounding(&self) -> Chord {
        self.chosen.union(self.heard)
    }

    /// What the time axis is told of it.
    fn fed(&self, position: BarPosition) -> Frame {
        match self.musician {
            true => Frame {
                own: self.chosen,
                heard: self.heard,
                musician: true,
                position,
                start: self.start,
            },
            false => Frame { start: self.start, ..Frame::solo(self.sounding(), position) },
        }
    }
}

/// History and network of one instance.
///
/// Chords are planned in played order. A request for an index that was planned before goes
/// back to it: what was planned from there on is forgotten, the history before it kept.
pub struct Planner<B: Biaxial> {
    model: Model<B>,
    /// What playback began from last; held so that it need not be heard again.
    held: Option<Held<B::State>>,
    /// Or what of the take it began from.
    recalled: Recalled<B>,
    states: States<B>,
    /// Ring of history by index.
    frames: Vec<History>,
    decided: Log,
    /// History reaches from here to `next`.
    oldest: i64,
    /// The index that comes next in order.
    next: i64,
    /// Whether there is any history to continue.
    anchored: bool,
    /// Where a musician joined in since playback began: the index of that chord.
    met: Option<i64>,
    /// Whether the step before the last plan was as one would have guessed it.
    guess: bool,
    outlook: Outlook<B>,
}

impl<B: Biaxial> Planner<B> {
    /// A planner without history. Allocates; what follows does so only for a new model, a
    /// new beginning and another look-ahead.
    pub fn new(model: Model<B>) -> Planner<B> {
        Planner {
            held: None,
            recalled: Recalled::default(),
            states: States::new(&model.network, Lookahead::default()),
            model,
            frames: vec![History::default(); FRAMES],
            decided: Log::new(),
            oldest: 0,
            next: 0,
            anchored: false,
            met: None,
            guess: true,
            outlook: Outlook::default(),
        }
    }

    /// The model in service.
    pub fn model(&self) -> &Model<B> {
        &self.model
    }

    /// Puts another model into service. It hears the last two bars of history before it
    /// plays, as part of the next plan.
    pub fn adopt(&mut self, model: Model<B>) {
        let first = (self.next - self.states.reach() - RECOLLECTED).max(self.oldest);
        self.held = None;
        self.recalled = Recalled::default();
        self.states = States::new(&model.network, Lookahead::default());
        self.states.begin_at(first);
        self.model = model;
        self.outlook = Outlook::default();
        // Without history it begins from its own prompt.
        self.anchored &= first < self.next;
    }

    /// The index that follows the one planned last.
    pub fn next_index(&self) -> i64 {
        self.next
    }

    /// Forgets history; the next chord, whichever it is, begins from a prompt.
    pub fn forget(&mut self) {
        self.anchored = false;
        self.outlook.forget();
    }

    /// Whether there is history to go on from.
    pub fn is_anchored(&self) -> bool {
        self.anchored
    }

    /// The frame of `index`, if history still holds it.
    pub fn frame(&self, index: i64) -> Option<Chord> {
        self.held_frame(index).map(History::sounding)
    }

    /// What was decided for `index` since playback began, if that is not too long ago.
    pub fn decided(&self, index: i64) -> Option<Decided> {
        self.decided.get(index).filter(|_| index < self.next)
    }

    fn held_frame(&self, index: i64) -> Option<&History> {
        let held = self.anchored && (self.oldest..self.next).contains(&index);
        held.then(|| &self.frames[slot(index, FRAMES)])
    }

    /// Corrects history by what a request tells of a step that was committed before. States behind
    /// it are made again with the next plan. False if that was known, or is too long ago to matter.
    fn correct(&mut self, correction: &Correction) -> bool {
        let Correction { index, notes, alone } = *correction;
        if alone {
            self.decided.mute(index);
        }
        let first = self.states.first().max(self.oldest);
        if !self.anchored || !(first..self.next).contains(&index) {
            return false;
        }
        let range = self.range();
        let frame = &mut self.frames[slot(index, FRAMES)];
        let before = *frame;
        if alone {
            (frame.chosen, frame.replayed) = (Chord::SILENT, None);
        }
        frame.heard = notes.folded(0, range).union(frame.replayed.unwrap_or_default());
        let new = (frame.chosen, frame.heard) != (before.chosen, before.heard);
        if new {
            self.states.forget_after(index);
            self.outlook.forget();
        }
        new
    }

    /// Decides the chord of a request, of which the take says `recall`. `keep_going` is asked
    /// between the layers of the time stack; when it says no, the work is given up, [`None`]
    /// returned, and history stays as it is.
    pub fn plan(
        &mut self,
        request: &Request,
        recall: &Recall,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<Planned> {
        let place = request.place;
        let second = request.listened().is_some();
        let mut as_guessed = place.index + i64::from(second) == self.next;
        for correction in request.heard.frames() {
            as_guessed &= !self.correct(correction);
        }
        if request.anchor && place.index == 0 {
            self.decided.clear();
        }
        if request.anchor || !self.anchored {
            self.anchor(request, recall, keep_going)?;
        } else {
            if place.index > self.next {
                self.skip_to(request, keep_going)?;
            }
            self.meet(request);
            self.take_up(request, keep_going)?;
            let fed_as = self.advance_to(request, keep_going)?;
            let last = self.frames[slot(place.index - 1, FRAMES)];
            // After a decision ahead the second one will change the frame.
            let stands = request.decision != Decision::Ahead;
            self.guess = as_guessed && stands && fed_as == last.position;
        }
        let index = place.index;
        let last = self.held_frame(index - 1).copied();
        let kept = self.states.get(index);
        let (sounding, frame) = self.model.decide(kept, request, recall, last.as_ref());
        self.decided.write(index, frame.chosen, frame.replayed);
        self.frames[slot(index, FRAMES)] = frame;
        // A second decision may come when others are planned already, after the reaction was switched
        // off: they stand.
        self.next = if second { self.next.max(place.index + 1) } else { place.index + 1 };
        self.oldest = self.oldest.max(self.next - FRAMES as i64);
        self.states.prune(place.index, request.lookahead, &self.model.network);
        self.outlook.follow(request, &frame, self.next);
        let touch = recall.replayed.as_ref().and_then(|played| played.touch);
        Some(Planned { touch, ..request.answered(sounding) })
    }

    /// Does of the next step what can be done before it is asked for, so that only the rest
    /// is left then. What is planned is the same with and without.
    ///
    /// The half of the time step that does not depend on the newest frame is kept whatever
    /// comes. The other half rests on a guess: that the frame stays as it was committed, and
    /// that playback goes on without a jump. No guess is made after one that was, or would
    /// have been, wrong: while a musician plays, it would be wrong again and again.
    ///
    /// `keep_going` is asked between the layers of the time stack. A request for the next
    /// step that changes no frame is no reason to say no: what is under way is what it needs.
    /// False if something is left to do since it said no.
    pub fn think_ahead(&mut self, keep_going: &mut dyn FnMut() -> bool) -> bool {
        if !self.anchored || self.states.newest() + 1 != self.next {
            return true;
        }
        let network = &mut self.model.network;
        if self.guess {
            let last = self.frames[slot(self.next - 1, FRAMES)];
            self.states.feed(network, &last, last.position, keep_going)
        } else {
            self.states.prepare(network, keep_going)
        }
    }

    /// Thinks one step further how the music would go on if the musician rested, for the editor to
    /// show; up to a bar. `recall` is asked what the take says of each step. Nothing that is planned
    /// depends on it. While music plays, and not `at_rest`, what did not come true is thought of anew
    /// once in a beat at most. False if there was nothing left to do, or if `keep_going` ended it.
    pub fn preview_step(
        &mut self,
        at_rest: bool,
        recall: impl FnOnce(&Request) -> Recall,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        self.anchored
            && self.outlook.step((&mut self.model, &self.states), at_rest, recall, keep_going)
    }

    /// How the music would go on after what is planned, as far as that was thought: see
    /// [`Planner::preview_step`].
    pub fn preview(&self) -> Preview {
        self.outlook.preview()
    }

    /// Gives up the room that a preview takes.
    pub fn end_preview(&mut self) {
        self.outlook.end();
    }

    /// Requests before this one were lost or given up: goes on from the last that was not,
    /// as after a jump.
    fn skip_to(&mut self, request: &Request, keep_going: &mut dyn FnMut() -> bool) -> Option<()> {
        let index = request.place.index;
        let next = Place { index: self.next, ..request.place };
        self.advance_to(&Request { place: next, ..*request }, keep_going)?;
        self.states.begin_with_copy(self.next, index);
        self.begin_history_at(index);
        Some(())
    }

    fn begin_history_at(&mut self, index: i64) {
        self.oldest = index;
        self.next = index;
        self.outlook.forget();
    }

    /// Makes the state of the request's index the newest one, from whatever was kept. Returns
    /// the position with which the frame before must have been fed.
    fn advance_to(
        &mut self,
        request: &Request,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<BarPosition> {
        let index = request.place.index;
        let states = &mut self.states;
        if index < states.first() {
            // Further back than anything can be void: the oldest state is the nearest.
            states.begin_with_copy(states.first(), index);
            self.begin_history_at(index);
        }
        let states = &mut self.states;
        states.forget_after(index);
        let last = self.frames[slot(index - 1, FRAMES)];
        let fed_as = last.fed_as(request.place.step, request.position);
        if index > states.first() && states.get(index).fed_as != fed_as {
            states.forget_after(index - 1);
        }
        let network = &mut self.model.network;
        while states.newest() < index {
            let at = states.newest();
            let frame = self.frames[slot(at, FRAMES)];
            let next = self.frames[slot(at + 1, FRAMES)];
            let own = || frame.fed_as(next.step, next.position);
            let as_what = if at + 1 == index { fed_as } else { own() };
            if !states.feed(network, &frame, as_what, keep_going) {
                return None;
            }
        }
        Some(fed_as)
    }

    fn range(&self) -> KeyRange {
        self.model.network.range()
    }
}
