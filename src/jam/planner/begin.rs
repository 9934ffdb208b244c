//! How playback begins: what history holds before the first chord.

use super::{Biaxial, FRAMES, History, Planner, slot};
use crate::jam::link::{Place, Request};
use crate::jam::take::Recall;
use crate::model::Frame;
use crate::model::config::Start;
use crate::music::{Chord, Step};

impl<B: Biaxial> Planner<B> {
    /// Begins from the bars before it in the take; without any, beside a musician from silence or
    /// from a prompt in their key, else from a prompt.
    pub(super) fn anchor(
        &mut self,
        request: &Request,
        recall: &Recall,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<()> {
        let prompts = self.model.prompts.clone();
        let index = request.place.index;
        let beside = request.accompanies && self.model.network.hears();
        let frames = match request.follow.key {
            _ if !recall.prompt.is_empty() => recall.prompt.clone(),
            Some(key) if beside => prompts.frames_in(key.tonality, request.seed, request.position),
            _ => vec![],
        };
        if !frames.is_empty() {
            let network = &mut self.model.network;
            let (state, unheard) = self.recalled.states(network, &frames, keep_going)?;
            self.states.begin_with(index, state, unheard);
            self.begin_history_at(index);
        } else if beside {
            self.begin_from_silence(request);
            self.advance_to(request, keep_going)?;
        } else {
            let network = &mut self.model.network;
            let held = prompts.state(network, request.seed, request.position, keep_going)?;
            self.states.begin_with(index, &held.state, None);
            self.held = Some(held);
            self.begin_history_at(index);
        }
        self.anchored = true;
        self.met = request.accompanies.then_some(i64::MIN);
        Some(())
    }

    /// A musician who joins in within the first bar begins together with us: what was played before
    /// them, from a prompt in a key of its own, is forgotten. Where playback goes back to before they
    /// joined in, they join in once more.
    pub(super) fn meet(&mut self, request: &Request) {
        let index = request.place.index;
        let again = i64::from(request.listened().is_some());
        let met = self.met.is_some_and(|at| at < index + again);
        if !request.accompanies || met {
            return;
        }
        self.met = Some(index);
        if self.model.network.hears() && index < i64::from(request.position.bar_steps) {
            self.begin_from_silence(request);
        }
    }

    /// Where a question is answered, all that goes before is the question.
    pub(super) fn take_up(
        &mut self,
        request: &Request,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<()> {
        let index = request.place.index;
        let first = (index - i64::from(request.motif)).max(self.oldest);
        if request.motif == 0 || first >= index {
            return Some(());
        }
        let frames: Vec<Frame> = (first..index)
            .map(|at| {
                let frame = &self.frames[slot(at, FRAMES)];
                Frame::solo(frame.heard, frame.position)
            })
            .collect();
        let network = &mut self.model.network;
        let (state, unheard) = self.recalled.states(network, &frames, keep_going)?;
        self.states.begin_with(index, state, unheard);
        self.begin_history_at(index);
        Some(())
    }

    /// History is one step beside the musician in which we were silent. What they played late in it
    /// is known, or told with the request.
    fn begin_from_silence(&mut self, request: &Request) {
        let Place { index, step, .. } = request.place;
        let silent = index - 1;
        let told = request.heard.frames().iter().find(|told| told.index == silent);
        let known = self.held_frame(silent).map_or(Chord::SILENT, |frame| frame.heard);
        self.states.begin_with(silent, &self.model.network.new_state(), None);
        self.begin_history_at(index);
        self.oldest = silent;
        self.frames[slot(silent, FRAMES)] = History {
            step: Step(step.0.saturating_sub(1)),
            position: request.position.before(),
            heard: told.map_or(known, |told| told.notes.folded(0, self.range())),
            musician: true,
            start: self.model.network.start() == Start::Flag,
            ..History::default()
        };
    }
}
