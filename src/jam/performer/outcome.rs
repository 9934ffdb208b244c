//! What becomes of each step: the worker writes it into the take.

use super::Performer;
use super::pending::Entry;
use crate::jam::link::Outcome;
use crate::jam::transport::Transport;

impl Performer {
    /// The step that has begun is over, or playback leaves it: tells what became of it.
    pub(super) fn close(&mut self) {
        let Some(begun) = self.begun.take() else { return };
        let (heard, muted) = self.hearing.outcome(begun.place.index);
        let (heard_velocity, heard_late_us) = self.loudness.of_step(begun.place.index);
        let outcome = Outcome { heard, muted, heard_velocity, heard_late_us, ..begun };
        if self.untold.is_some() || !self.end.tell(outcome) {
            self.status.untold_steps += u64::from(self.untold.is_some());
            self.untold.get_or_insert(outcome);
        }
    }
}

/// What is known of a step when it begins.
pub(super) fn begun(entry: &Entry, transport: &Transport) -> Outcome {
    Outcome {
        place: entry.request.place,
        rate: entry.request.rate,
        step_in_bar: entry.request.position.in_bar,
        tempo_bpm: transport.tempo_bpm.unwrap_or_default() as f32,
        metre: transport.metre(),
        transpose: entry.request.transpose,
        ..Outcome::default()
    }
}
