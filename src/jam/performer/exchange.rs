//! What goes over the rings: requests out, chords in, and the wait for one in a render.

use std::sync::atomic::Ordering;

use super::{Performer, WAIT_POLL};
use crate::jam::commitments::{Commitment, RequestId};
use crate::jam::controls::Controls;
use crate::jam::link::{AudioEnd, Heard, Place, Request};
use crate::jam::sync::{self, Instant};
use crate::jam::transport::{Reason, Transport};

impl Performer {
    /// Voids the commitments from `index` on, and with them the work under way.
    pub(super) fn void_from(&mut self, index: i64) {
        self.commitments.void_from(index);
        self.new_epoch();
    }

    /// Nothing is to be played: voids what there is.
    pub(super) fn void_all(&mut self) {
        if self.commitments.coming().next().is_some() {
            self.void_from(i64::MIN);
        }
    }

    /// Playback stands or begins from a stop: nothing holds but a first chord.
    pub(super) fn rewind(&mut self) {
        if self.commitments.rewind() {
            self.new_epoch();
        }
    }

    /// Voids what was committed in an older generation: by another model, from another take.
    pub(super) fn check_generation(&mut self) {
        let generation = self.end.shared.generation.load(Ordering::Acquire);
        if generation != self.generation {
            self.generation = generation;
            self.void_from(i64::MIN);
        }
    }

    /// Work under way is void; what stays committed is asked for again.
    pub(super) fn new_epoch(&mut self) {
        self.epoch += 1;
        self.end.shared.epoch.store(self.epoch, Ordering::Release);
        self.commitments.ask_again();
        let mut asked = self.commitments.to_sound();
        if !self.anchored && !asked.any(|known| known.request().anchor) {
            self.anchor_next = true;
        }
    }

    /// Sends what has not been sent, in order, as far as there is room.
    pub(super) fn send(&mut self) {
        let end = &mut self.end;
        self.untold = self.untold.filter(|outcome| !end.tell(*outcome));
        // Nothing overtakes it: by its index alone nobody could tell when it was.
        let free = self.untold.is_none();
        let (epoch, generation) = (self.epoch, self.generation);
        let send = |request| free && end.request(Request { epoch, generation, ..request });
        self.status.refused_requests += u64::from(!self.commitments.send(send));
    }

    /// What `request` has to tell of what was heard, when the play head is nearest to frame `at`, if it
    /// moves.
    pub(super) fn tell(&mut self, request: RequestId, at: Option<i64>) -> Heard {
        if let Some(at) = at {
            self.hearing.open(at);
        }
        self.commitments.tell(request, |index| self.hearing.frame(index))
    }

    /// Takes what the worker has decided; what bears an old epoch is dropped.
    pub(super) fn receive(&mut self, transport: &Transport) {
        for _ in 0..AudioEnd::CAPACITY {
            let Some(planned) = self.end.planned() else { return };
            if planned.epoch != self.epoch {
                continue;
            }
            self.waits.answered();
            self.anchored = true;
            self.commitments.answer(&planned);
            if transport.reason() == Reason::Playing {
                let samples = self.clock.samples_until(planned.place);
                let lead_ms = (samples / transport.sample_rate * 1e3) as f32;
                let shortest = self.status.shortest_lead_ms.get_or_insert(lead_ms);
                *shortest = shortest.min(lead_ms);
            }
        }
    }

    /// In a render, waits for the chord of `place`, within bounds.
    pub(super) fn wait_for(&mut self, place: Place, transport: &Transport, controls: &Controls) {
        self.wait_while(transport, controls, |asked| asked.is_missing(place));
    }

    /// In a render, waits for what was asked of the step that has begun: it is history, whether it
    /// sounded or not.
    pub(super) fn wait_for_begun(&mut self, transport: &Transport, controls: &Controls) {
        if let Some(place) = self.commitments.unsounded().map(Commitment::place) {
            self.wait_for(place, transport, controls);
        }
    }

    /// In a render, waits for all that was asked, within bounds: before something of it is void, or
    /// will not sound. What the planner takes for history then does not hang on how fast it is.
    pub(super) fn wait_for_all(&mut self, transport: &Transport, controls: &Controls) {
        let missing = |asked: &Performer| asked.commitments.to_sound().any(|c| !c.is_answered());
        self.wait_while(transport, controls, missing);
    }

    fn wait_while(
        &mut self,
        transport: &Transport,
        controls: &Controls,
        missing: impl Fn(&Performer) -> bool,
    ) {
        if !missing(self) {
            return;
        }
        let allowance = self.waits.allowance(transport, controls);
        if allowance.is_zero() {
            return;
        }
        let begun = Instant::now();
        while missing(self) && begun.elapsed() < allowance {
            let generation = self.end.shared.generation.load(Ordering::Acquire);
            if generation != self.generation {
                // The first model came, say: nobody works on what was asked before.
                self.generation = generation;
                self.new_epoch();
            }
            self.send();
            sync::sleep(WAIT_POLL);
            self.receive(transport);
        }
        let got_it = !missing(self);
        self.waits.waited(begun.elapsed(), got_it);
        if !got_it {
            self.status.expired_waits += 1;
        }
    }

    /// Whether something that was asked of `place` has not been answered.
    fn is_missing(&self, place: Place) -> bool {
        self.commitments.get(place).is_some_and(|known| !known.is_answered())
    }
}
