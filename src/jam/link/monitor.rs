//! What the editor sees of the two threads.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::SharedState;
use crate::jam::status::{Preview, Status};

/// The editor's end.
pub struct Monitor {
    status: triple_buffer::Output<Status>,
    preview: triple_buffer::Output<Preview>,
    shared: Arc<SharedState>,
}

/// The worker's meters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Meters {
    /// Time from the worker's seeing the last request to its chord, milliseconds: what of a
    /// step is left to do after the commit point.
    pub chord_ms: f32,
    /// The same of the slowest chord of this model, milliseconds.
    pub worst_chord_ms: f32,
    /// Time that the worker spent on the last chord in all, what it thought ahead included,
    /// milliseconds.
    pub busy_ms: f32,
    /// Plans that found the ring full and were sent again.
    pub refused_plans: u64,
    /// Requests given up because their step was long over.
    pub skipped: u64,
    /// Panics caught on the worker.
    pub panics: u64,
    /// Whether the system gave the worker a raised priority.
    pub raised: bool,
}

impl Monitor {
    pub(super) fn new(
        status: triple_buffer::Output<Status>,
        preview: triple_buffer::Output<Preview>,
        shared: Arc<SharedState>,
    ) -> Monitor {
        Monitor { status, preview, shared }
    }

    /// The newest status.
    pub fn status(&mut self) -> Status {
        *self.status.read()
    }

    /// How the music would go on, as far as the worker had time to think it out since
    /// [`Monitor::watch`] asked for it.
    pub fn preview(&mut self) -> Preview {
        *self.preview.read()
    }

    /// Says whether somebody looks at that: else it is not thought out.
    pub fn watch(&self, watched: bool) {
        self.shared.watched.store(watched, Ordering::Relaxed);
    }

    /// The worker's meters.
    pub fn meters(&self) -> Meters {
        let relaxed = Ordering::Relaxed;
        Meters {
            chord_ms: self.shared.chord_ms.load(relaxed),
            worst_chord_ms: self.shared.worst_chord_ms.load(relaxed),
            busy_ms: self.shared.busy_ms.load(relaxed),
            refused_plans: self.shared.refused_plans.load(relaxed),
            skipped: self.shared.skipped.load(relaxed),
            panics: self.shared.panics.load(relaxed),
            raised: self.shared.raised.load(relaxed),
        }
    }
}
