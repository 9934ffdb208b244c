//! The commitments: chords asked for and not yet begun, in order.

use crate::jam::controls::Lookahead;
use crate::jam::link::{Place, Planned, Request};
use crate::music::Chord;

const CAPACITY: usize = Lookahead::MAX_STEPS + 4;

/// A commitment and what has become of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    /// What was or will be asked; the epoch is that of the sending.
    pub request: Request,
    /// Whether the worker has the request.
    pub sent: bool,
    /// The answer, in the network's keys.
    pub chord: Option<Chord>,
    /// Whether it is not to sound.
    pub muted: bool,
}

impl Entry {
    /// The answer in the keys that sound.
    pub fn sounding_chord(&self) -> Option<Chord> {
        let sounding = |chord: Chord| match self.muted {
            true => Chord::SILENT,
            false => chord.transposed(self.request.transpose),
        };
        self.chord.map(sounding)
    }

    /// Whether `planned` answers it.
    pub fn is_answered_by(&self, planned: &Planned) -> bool {
        self.request.place == planned.place
    }
}

/// Commitments, the next to begin first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pending {
    entries: [Entry; CAPACITY],
    len: usize,
}

impl Pending {
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().take(self.len)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut().take(self.len)
    }

    /// The place that begins next, if it is committed.
    pub fn next_place(&self) -> Option<Place> {
        self.iter().next().map(|entry| entry.request.place)
    }

    /// The commitment for `place`.
    pub fn get(&self, place: Place) -> Option<&Entry> {
        self.iter().find(|entry| entry.request.place == place)
    }

    /// Adds a commitment behind the others. The clock commits no more than there is room for.
    pub fn push(&mut self, request: Request) {
        if let Some(slot) = self.entries.get_mut(self.len) {
            *slot = Entry { request, sent: false, chord: None, muted: false };
            self.len += 1;
        }
    }

    /// Takes out the commitment for `place` and all before it.
    pub fn take(&mut self, place: Place) -> Option<Entry> {
        let at = self.iter().position(|entry| entry.request.place == place)?;
        let entry = self.entries.get(at).copied();
        self.entries.rotate_left(at + 1);
        self.len -= at + 1;
        entry
    }

    /// Voids the commitments from `index` on.
    pub fn void_from(&mut self, index: i64) {
        self.len = self.iter().take_while(|entry| entry.request.place.index < index).count();
    }

    /// Mutes every commitment.
    pub fn mute(&mut self) {
        self.iter_mut().for_each(|entry| entry.muted = true);
    }

    /// Whether the only commitment, if any, is the first chord after an anchor.
    pub fn is_parked(&self) -> bool {
        self.len == 0 || (self.len == 1 && self.iter().all(|entry| entry.request.anchor))
    }
}
