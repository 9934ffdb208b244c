//! One commitment: what was asked for a step, and what has become of it.

use crate::jam::hearing::in_network;
use crate::jam::link::{Decision, Place, Request};
use crate::jam::touch::Touch;
use crate::music::Chord;

/// A step whose chord was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Commitment {
    /// The first decision, or the only one.
    pub(super) first: Asked,
    /// The second, once it is asked for.
    pub(super) second: Option<Asked>,
    /// The block in which it was asked for, as the performer counts them.
    pub(super) second_block: u64,
    /// How its notes were struck before, if it is replayed.
    pub(super) touch: Option<Touch>,
    /// Whether what is chosen does not sound: an onset of the musician's came before it.
    pub(super) muted: bool,
    /// What the planner takes for heard in the step.
    pub(super) told: Told,
    /// The newest request that tells it otherwise, if that has not been answered. Until it is, nobody
    /// knows what the planner takes for heard.
    pub(super) told_with: Option<RequestId>,
}

/// What was heard in a step, as a request tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// In the network's keys.
    pub notes: Chord,
    /// Whether that is all there is: what was chosen was muted.
    pub alone: bool,
}

/// A request, among those about the steps that are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// Index of the step that it asks for.
    pub index: i64,
    /// Whether it asks for the second decision.
    pub second: bool,
}

/// A request and its answer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    /// What was or will be asked; epoch and generation are those of the sending.
    pub request: Request,
    /// Whether the worker has it.
    sent: bool,
    /// The answer, in the network's keys.
    pub chord: Option<Chord>,
}

impl Asked {
    pub fn new(request: Request) -> Asked {
        Asked { request, sent: false, chord: None }
    }

    fn is_answered(&self) -> bool {
        self.chord.is_some()
    }
}

impl Commitment {
    pub(super) fn new(request: Request) -> Commitment {
        // Keys that are held are taken to be held on.
        let told = Told { notes: Chord::from_masks(request.rules.forced, 0), alone: false };
        Commitment { first: Asked::new(request), told, ..Commitment::default() }
    }

    /// The step.
    pub fn place(&self) -> Place {
        self.first.request.place
    }

    /// What was or will be asked at the commit point. Epoch and generation are those of the sending.
    pub fn request(&self) -> &Request {
        &self.first.request
    }

    /// How its notes were struck before, if it is replayed.
    pub fn touch(&self) -> Option<Touch> {
        self.touch
    }

    /// Whether what is chosen does not sound: an onset of the musician's came before it.
    pub fn is_muted(&self) -> bool {
        self.muted
    }

    /// The answer in the keys that sound: the second decision or, without one, the first.
    pub fn sounding_chord(&self) -> Option<Chord> {
        let second = self.second.as_ref().and_then(|second| second.chord);
        let chord = second.or(self.first.chord)?;
        Some(if self.muted { Chord::SILENT } else { chord.transposed(self.request().transpose) })
    }

    /// Whether all that was asked is answered.
    pub fn is_answered(&self) -> bool {
        self.first.is_answered() && self.second.as_ref().is_none_or(Asked::is_answered)
    }

    /// The block in which the second decision was asked for, if it was.
    pub fn second_asked_in(&self) -> Option<u64> {
        self.second.as_ref().map(|_| self.second_block)
    }

    /// Whether a second decision was asked for and is not answered.
    pub fn lacks_second(&self) -> bool {
        self.second.as_ref().is_some_and(|second| !second.is_answered())
    }

    /// Whether a second decision is still to be asked for.
    pub fn awaits_second(&self) -> bool {
        self.request().decision == Decision::Ahead && self.second.is_none()
    }

    /// Whether what is known of it may yet be decided otherwise.
    pub fn is_tentative(&self) -> bool {
        self.awaits_second() || self.lacks_second()
    }

    /// What sounds, in the network's keys as they were at the commit point.
    pub(super) fn in_network(&self, sounding: Chord) -> Chord {
        in_network(sounding, self.request().transpose)
    }

    /// What was asked in vain is asked again.
    pub(super) fn ask_again(&mut self) {
        self.asked_mut().for_each(|asked| asked.sent = asked.is_answered());
    }

    /// Sends what has not been sent by `send`, in order. False if something was refused.
    pub(super) fn send(&mut self, mut send: impl FnMut(Request) -> bool) -> bool {
        self.asked_mut().all(|asked| {
            asked.sent = asked.sent || send(asked.request);
            asked.sent
        })
    }

    fn asked_mut(&mut self) -> impl Iterator<Item = &mut Asked> {
        std::iter::once(&mut self.first).chain(&mut self.second)
    }
}
