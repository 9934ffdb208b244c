//! The commitments: chords asked for and not yet begun, in order.

use crate::jam::controls::Lookahead;
use crate::jam::link::{Decision, Place, Planned, Request};
use crate::jam::touch::Touch;
use crate::music::Chord;

const CAPACITY: usize = Lookahead::MAX_STEPS + 4;

/// A commitment and what has become of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    /// What was or will be asked; epoch and generation are those of the sending.
    pub request: Request,
    /// Whether the worker has the request.
    pub sent: bool,
    /// The answer, in the network's keys.
    pub chord: Option<Chord>,
    /// Its second decision, once that is asked for.
    pub second: Option<Second>,
    /// How its notes were struck before, if it is replayed.
    pub touch: Option<Touch>,
    /// Whether it is not to sound.
    pub muted: bool,
}

/// The second decision about a chord.
#[derive(Clone, Copy, Debug)]
pub(super) struct Second {
    /// What was or will be asked.
    pub request: Request,
    /// Whether the worker has the request.
    pub sent: bool,
    /// The block in which it was asked for.
    pub block: u64,
    /// The answer, in the network's keys.
    pub chord: Option<Chord>,
}

impl Entry {
    /// The answer in the keys that sound: the second decision or, without one, the first.
    pub fn sounding_chord(&self) -> Option<Chord> {
        let sounding = |chord: Chord| match self.muted {
            true => Chord::SILENT,
            false => chord.transposed(self.request.transpose),
        };
        let second = self.second.as_ref().and_then(|second| second.chord);
        second.or(self.chord).map(sounding)
    }

    /// Whether all that was asked is answered.
    pub fn is_answered(&self) -> bool {
        self.chord.is_some() && self.second.as_ref().is_none_or(|second| second.chord.is_some())
    }

    /// Whether what is known of it may yet be decided otherwise.
    pub fn is_tentative(&self) -> bool {
        let second = self.second.as_ref().and_then(|second| second.chord);
        self.request.decision == Decision::Ahead && second.is_none()
    }

    /// Takes an answer, if it is one of its own; what was asked.
    pub fn answer(&mut self, planned: &Planned) -> Option<Request> {
        if self.request.place != planned.place {
            return None;
        }
        self.touch = planned.touch;
        if !planned.second {
            self.chord = Some(planned.chord);
            return Some(self.request);
        }
        let second = self.second.as_mut()?;
        second.chord = Some(planned.chord);
        Some(second.request)
    }

    /// What was asked in vain is asked again.
    pub fn ask_again(&mut self) {
        self.sent = self.chord.is_some();
        if let Some(second) = &mut self.second {
            second.sent = second.chord.is_some();
        }
    }

    /// Sends what has not been sent by `send`, the first decision before the second. False if one
    /// was refused.
    pub fn send(&mut self, mut send: impl FnMut(Request) -> bool) -> bool {
        if !self.sent {
            self.sent = send(self.request);
        }
        match &mut self.second {
            Some(second) if self.sent && !second.sent => {
                second.sent = send(second.request);
                second.sent
            }
            _ => self.sent,
        }
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

    /// The same, to be changed.
    pub fn get_mut(&mut self, place: Place) -> Option<&mut Entry> {
        self.iter_mut().find(|entry| entry.request.place == place)
    }

    /// Adds a commitment behind the others. The clock commits no more than there is room for.
    pub fn push(&mut self, request: Request) {
        if let Some(slot) = self.entries.get_mut(self.len) {
            *slot = Entry { request, ..Entry::default() };
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
