//! What the worker and the editor are told after each block.

use std::sync::atomic::Ordering;

use super::Performer;
use crate::jam::commitments::Commitment;
use crate::jam::controls::Controls;
use crate::jam::status::Shown;
use crate::jam::transport::{Reason, Transport};
use crate::music::{Chord, Grid};

/// How often the worker looks for a request: each time this share of the time has passed that
/// a chord has, so that many instances are not busy looking, within these bounds.
const POLL_SHARE: f64 = 1.0 / 32.0;
const POLL_SHORTEST_US: f64 = 1e3;
const POLL_LONGEST_US: f64 = 5e3;

/// The same from shortly before a second decision is asked for until it is there.
const POLL_LISTENING_US: f64 = 500.0;

/// How often the status goes out while nothing happens, seconds: several times between two pictures.
const PUBLISH_S: f64 = 4e-3;

impl Performer {
    /// `eventful` says whether more happened in the block than that time went by. If not, the status
    /// goes out every [`PUBLISH_S`] only: it is large, and eyes are slower than small blocks.
    ///
    /// # Realtime
    /// Constant time.
    pub(super) fn publish(&mut self, transport: &Transport, controls: &Controls, eventful: bool) {
        let reason = transport.reason();
        let step_beats = Grid { rate: controls.rate }.beats_per_step();
        let step_ms = match transport.tempo_bpm {
            Some(tempo_bpm) if reason == Reason::Playing => {
                (step_beats * 60_000.0 / tempo_bpm) as f32
            }
            _ => 0.0,
        };
        let lead_us = f64::from(step_ms) * 1e3 * controls.commits_ahead().steps();
        let poll_us = match reason {
            Reason::Playing if self.waits.has_waited() => POLL_SHORTEST_US,
            Reason::Playing if self.listens_soon() => POLL_LISTENING_US,
            Reason::Playing => (lead_us * POLL_SHARE).clamp(POLL_SHORTEST_US, POLL_LONGEST_US),
            _ => 0.0,
        };
        self.end.shared.poll_us.store(poll_us as u32, Ordering::Relaxed);
        self.unpublished_s += self.block_s;
        if !eventful && self.unpublished_s < PUBLISH_S {
            return;
        }
        self.unpublished_s = 0.0;
        let status = &mut self.status;
        status.reason = reason;
        status.position_beats = transport.position();
        status.step_beats = step_beats;
        status.metre = transport.metre();
        status.loop_beats = transport.loop_beats;
        status.step_ms = step_ms;
        status.epoch = self.epoch;
        status.sounding = self.player.sounding();
        status.held = self.hearing.held();
        status.reaction_ms = match reason {
            Reason::Playing => (self.clock.reaction_s() * 1e3) as f32,
            _ => 0.0,
        };
        if eventful {
            // Once a step, not in every such block: 24 profiles are tried.
            let key = self.hearing.key_so_far(reason == Reason::Playing);
            if self.named != *key {
                self.named = *key;
                status.key_heard = key.tonality();
            }
        }
        status.answering = self.hearing.answering();
        status.waits = self.hearing.waits(controls);
        status.dropped_notes = self.player.dropped_notes() + self.thru.dropped_notes();
        status.set_coming(self.commitments.coming().map(shown));
        self.end.publish(status);
    }
}

/// A step as it is shown, with what is known of its chord.
pub(super) fn shown(known: &Commitment) -> Shown {
    let chord = known.sounding_chord();
    Shown {
        step: known.place().step,
        pass: known.place().pass,
        chord: chord.unwrap_or(Chord::SILENT),
        known: chord.is_some(),
        tentative: known.is_tentative(),
    }
}
