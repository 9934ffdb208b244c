//! How the music would go on if the musician rested: for eyes only. It thinks with states of its own,
//! from the numbers that the real decisions will be made by, so what it foresees comes true unless
//! somebody plays or turns a knob.

use std::collections::VecDeque;

use super::states::States;
use super::{Biaxial, History, Model};
use crate::jam::controls::Lookahead;
use crate::jam::link::{Decision, Heard, Place, Request};
use crate::jam::status::{PREVIEW, Preview};
use crate::jam::take::Recall;
use crate::model::Rules;
use crate::music::{Chord, Step};

/// What is foreseen.
pub(super) struct Outlook<B: Biaxial> {
    /// The chord that was planned last, from which it goes on; none if nothing can.
    base: Option<Foreseen>,
    /// What follows it, in played order.
    steps: VecDeque<Foreseen>,
    /// The states that led there; made when they are first needed.
    states: Option<States<B>>,
    /// The index from which it was last thought of anew.
    begun: Option<i64>,
}

/// While music plays, all of it is thought of anew no more often than once in so many steps: beside a
/// musician it comes true seldom, and to think of a bar in every step costs more than to play it.
const ANEW_STEPS: i64 = 4;

/// A chord, decided or foreseen.
#[derive(Clone, Copy)]
struct Foreseen {
    request: Request,
    /// As it sounds.
    sounding: Chord,
    frame: History,
}

impl<B: Biaxial> Default for Outlook<B> {
    fn default() -> Self {
        Outlook { base: None, steps: VecDeque::new(), states: None, begun: None }
    }
}

impl<B: Biaxial> Outlook<B> {
    /// What is foreseen is worth nothing any more.
    pub fn forget(&mut self) {
        self.base = None;
        self.steps.clear();
    }

    /// Nobody looks: what is foreseen goes, and the room that it took is given back.
    pub fn end(&mut self) {
        self.steps.clear();
        (self.states, self.begun) = (None, None);
    }

    /// The chord of `request` was planned, as `frame`; `next` is the index that comes next. What was
    /// foreseen after it stands if this one is as it was foreseen, too.
    pub fn follow(&mut self, request: &Request, frame: &History, next: i64) {
        let index = request.place.index;
        let known = self.base.iter().chain(&self.steps).find(|s| s.request.place.index == index);
        let stands = known.is_some_and(|known| {
            known.frame == *frame && wishes(&known.request) == wishes(request)
        });
        if stands {
            self.steps.retain(|step| step.request.place.index > index);
        } else {
            self.steps.clear();
        }
        let base = Foreseen { request: *request, sounding: Chord::SILENT, frame: *frame };
        self.base = (index + 1 == next).then_some(base);
    }

    /// Thinks a step further: see [`Planner::preview_step`](super::Planner::preview_step). `states`
    /// are those of what is planned.
    pub fn step(
        &mut self,
        (model, states): (&mut Model<B>, &States<B>),
        at_rest: bool,
        recall: impl FnOnce(&Request) -> Recall,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        let Some(base) = &self.base else { return false };
        let from = base.request.place.index;
        let wanted = usize::from(base.request.position.bar_steps).min(PREVIEW);
        let there = (states.first()..=states.newest()).contains(&from);
        // A turn in an answer ends when it likes.
        if self.steps.len() >= wanted || !there || base.request.answers {
            return false;
        }
        let own =
            self.states.get_or_insert_with(|| States::new(&model.network, Lookahead::default()));
        let last = match self.steps.back() {
            Some(last) => last,
            None => {
                let since = self.begun.map(|begun| from - begun);
                if !at_rest && since.is_some_and(|since| (0..ANEW_STEPS).contains(&since)) {
                    return false;
                }
                own.begin_from(from, states.get(from));
                base
            }
        };
        let (request, last) = (after(&last.request), last.frame);
        let position = last.fed_as(request.place.step, request.position);
        if !own.feed(&mut model.network, &last, position, keep_going) {
            return false;
        }
        let kept = own.get(request.place.index);
        let (sounding, frame) = model.decide(kept, &request, &recall(&request), Some(&last));
        if self.steps.is_empty() {
            // Not before: what was interrupted is tried again with the next chord.
            self.begun = Some(from);
        }
        self.steps.push_back(Foreseen { request, sounding, frame });
        true
    }

    /// What is foreseen, for the editor.
    pub fn preview(&self) -> Preview {
        let steps = self.steps.iter().map(|Foreseen { request, sounding, .. }| {
            (request.place.pass, request.place.step, sounding.transposed(request.transpose))
        });
        Preview::new(self.base.as_ref().map_or(0, |base| base.request.epoch), steps)
    }
}

/// The request that follows `request` if nobody plays and nothing is changed.
fn after(request: &Request) -> Request {
    let Place { index, pass, step } = request.place;
    Request {
        place: Place { index: index + 1, pass, step: Step(step.0.saturating_add(1)) },
        position: request.position.after(),
        // What is decided twice sounds as it is decided last.
        decision: match request.decision {
            Decision::Only => Decision::Only,
            Decision::Ahead | Decision::Second(_) => Decision::Second(Chord::SILENT),
        },
        ..wishes(request)
    }
}

/// What a request asks of every step alike. The rest is that of none.
fn wishes(request: &Request) -> Request {
    Request {
        epoch: 0,
        generation: 0,
        place: Place::default(),
        position: Default::default(),
        decision: match request.decision {
            Decision::Only => Decision::Only,
            Decision::Ahead | Decision::Second(_) => Decision::Ahead,
        },
        motif: 0,
        anchor: false,
        rules: Rules { forced: 0, doubled: 0, ..request.rules },
        heard: Heard::default(),
        ..*request
    }
}
