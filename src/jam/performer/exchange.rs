//! What goes over the rings: requests out, chords in, and the wait for one in a render.

use std::sync::atomic::Ordering;

use super::{Performer, WAIT_POLL};
use crate::jam::controls::Controls;
use crate::jam::link::{AudioEnd, Place, Request};
use crate::jam::sync::{self, Instant};
use crate::jam::transport::{Reason, Transport};

use super::pending::Entry;

impl Performer {
    /// Voids what was committed in an older generation: by another model, from another take.
    pub(super) fn check_generation(&mut self) {
        let generation = self.end.shared.generation.load(Ordering::Acquire);
        if generation != self.generation {
            self.generation = generation;
            self.clock.void_all();
            self.pending.void_from(i64::MIN);
            self.new_epoch();
        }
    }

    /// Work under way is void; what stays committed is asked for again.
    pub(super) fn new_epoch(&mut self) {
        self.epoch += 1;
        self.end.shared.epoch.store(self.epoch, Ordering::Release);
        self.pending.iter_mut().for_each(Entry::ask_again);
        self.overdue.iter_mut().for_each(Entry::ask_again);
        let mut asked = self.overdue.iter().chain(self.pending.iter());
        if !self.anchored && !asked.any(|entry| entry.request.anchor) {
            self.anchor_next = true;
        }
    }

    /// Sends what has not been sent, in order, as far as there is room.
    pub(super) fn send(&mut self) {
        if let Some(outcome) = self.untold
            && self.end.tell(outcome)
        {
            self.untold = None;
        }
        if self.untold.is_some() {
            // Nothing overtakes it: by its index alone nobody could tell when it was.
            let waiting = self.pending.iter().any(|entry| !entry.sent);
            self.status.refused_requests += u64::from(waiting);
            return;
        }
        let (epoch, generation) = (self.epoch, self.generation);
        for entry in self.overdue.iter_mut().chain(self.pending.iter_mut()) {
            if !entry.send(|request| self.end.request(Request { epoch, generation, ..request })) {
                self.status.refused_requests += 1;
                return;
            }
        }
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
            let entries = self.overdue.iter_mut().chain(self.pending.iter_mut());
            for asked in entries.filter_map(|entry| entry.answer(&planned)) {
                self.hearing.answered(planned.place.index, planned.second, &asked.heard);
            }
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
        if let Some(place) = self.overdue.map(|entry| entry.request.place) {
            self.wait_for(place, transport, controls);
        }
    }

    /// In a render, waits for all that was asked, within bounds: before something of it is void, or
    /// will not sound. What the planner takes for history then does not hang on how fast it is.
    pub(super) fn wait_for_all(&mut self, transport: &Transport, controls: &Controls) {
        self.wait_while(transport, controls, |asked| asked.entries().any(|e| !e.is_answered()));
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
        let begun = self.overdue.iter().find(|entry| entry.request.place == place);
        begun.or(self.pending.get(place)).is_some_and(|entry| !entry.is_answered())
    }

    /// What is committed: of the step that has begun, and of those to come.
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.overdue.iter().chain(self.pending.iter())
    }
}
