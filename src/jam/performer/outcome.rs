//! What becomes of each step: the worker writes it into the take.

use super::Performer;
use crate::jam::commitments::Commitment;
use crate::jam::hearing::in_network;
use crate::jam::link::{Outcome, Request};
use crate::jam::transport::Transport;

impl Performer {
    /// The step that has begun is over, or playback leaves it: tells what became of it.
    pub(super) fn close(&mut self) {
        let Some(begun) = self.begun.take() else { return };
        let index = begun.place.index;
        let heard = in_network(self.hearing.frame(index).unwrap_or_default(), begun.transpose);
        let muted = self.commitments.at(index).is_some_and(Commitment::is_muted);
        let (heard_velocity, heard_late_us) = self.loudness.of_step(index);
        let outcome = Outcome { heard, muted, heard_velocity, heard_late_us, ..begun };
        if self.untold.is_some() || !self.end.tell(outcome) {
            self.status.untold_steps += u64::from(self.untold.is_some());
            self.untold.get_or_insert(outcome);
        }
    }
}

/// What is known of a step when it begins.
pub(super) fn begun(known: &Commitment, transport: &Transport) -> Outcome {
    let Request { place, rate, position, transpose, .. } = *known.request();
    Outcome {
        place,
        rate,
        step_in_bar: position.in_bar,
        tempo_bpm: transport.tempo_bpm.unwrap_or_default() as f32,
        metre: transport.metre(),
        transpose,
        ..Outcome::default()
    }
}
