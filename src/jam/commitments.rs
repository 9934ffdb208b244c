//! The commitments: each step whose chord was asked for, what was asked, what was answered, and what
//! the planner was told of what the musician played in it.
//!
//! This is the only place in which the audio thread keeps them. The clock reads here what is
//! committed and what begins next, the performer what is to sound, and the status is a picture of what
//! is coming; so [`Commitments::void_from`] is all there is to make one void. A step stays here when its
//! chord has sounded, for as long as what was heard in it may have to be told (jam.md, sections 2, 3).

mod commitment;
#[cfg(test)]
mod tests;

pub use commitment::{Commitment, RequestId};

use crate::jam::controls::Lookahead;
use crate::jam::link::{Heard, MAX_CORRECTIONS, Place, Planned, Request};
use crate::jam::slot;
use crate::music::Chord;
use commitment::{Asked, Told};

/// Steps committed and not yet begun: the longest look-ahead, the step due now, some to spare.
const AHEAD: usize = Lookahead::MAX_STEPS + 4;

/// Steps remembered: all that are ahead, the one that has begun, and those before it that a request
/// for it can correct; else what is void would take the place of what is still to be told.
const CAPACITY: usize = MAX_CORRECTIONS + 1 + AHEAD;

/// The table of commitments. Indices follow one another without a gap: those below `next` have begun,
/// those from there to `end` have not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Commitments {
    /// A ring: a step lies at its index, modulo the capacity.
    ring: [Commitment; CAPACITY],
    /// Index of the step that begins next.
    next: i64,
    /// One more than the index of the newest.
    end: i64,
    /// Whether the step that began last is still to sound.
    unsounded: bool,
}

impl Commitments {
    /// Those that have not begun, the next first.
    pub fn coming(&self) -> impl DoubleEndedIterator<Item = &Commitment> {
        (self.next..self.end).filter_map(|index| self.at(index))
    }

    /// The one that began last, if it is still to sound.
    pub fn unsounded(&self) -> Option<&Commitment> {
        if self.unsounded { self.at(self.next - 1) } else { None }
    }

    /// Those that are still to sound, the next first.
    pub fn to_sound(&self) -> impl Iterator<Item = &Commitment> {
        self.unsounded().into_iter().chain(self.coming())
    }

    /// That of `place`, if it is still to sound.
    pub fn get(&self, place: Place) -> Option<&Commitment> {
        let index = place.index;
        self.at(index).filter(|known| self.is_to_sound(index) && known.place() == place)
    }

    /// That of step `index`, whether it has sounded or not, while it is remembered.
    pub fn at(&self, index: i64) -> Option<&Commitment> {
        // What is void may have taken its place.
        let known = |known: &&Commitment| known.place().index == index && index < self.end;
        self.ring.get(slot(index, CAPACITY)).filter(known)
    }

    /// Whether there is room for one more.
    pub fn has_room(&self) -> bool {
        self.end - self.next < AHEAD as i64
    }

    /// Commits to the step after the newest, or to the first of a performance. There must be room.
    ///
    /// # Realtime
    /// Copies one request.
    pub fn commit(&mut self, request: Request) {
        debug_assert!(self.has_room() && request.place.index == self.end, "{request:?}");
        let index = request.place.index;
        if let Some(slot) = self.ring.get_mut(slot(index, CAPACITY)) {
            *slot = Commitment::new(request);
            self.end = index + 1;
        }
    }

    /// The commit point of the first step of a performance: whether `request` is what was asked for its
    /// chord before, while playback stood. Then that holds, and an onset since then does not mute it.
    ///
    /// # Realtime
    /// Compares one request.
    pub fn confirm(&mut self, request: &Request) -> bool {
        let (index, lookahead) = (request.place.index, request.lookahead);
        let Some(known) = self.at_mut(index) else { return false };
        let same = Request { lookahead, ..*known.request() } == *request;
        known.muted &= !same;
        same
    }

    /// The second decision of the step that `request` is about is asked for in the performer's block
    /// number `block`.
    ///
    /// # Realtime
    /// Copies one request.
    pub fn ask_second(&mut self, request: Request, block: u64) {
        let index = request.place.index;
        if let Some(known) = self.at_mut(index) {
            let notes = request.listened().unwrap_or_default();
            // What is muted is told with a later request.
            known.told = Told { notes, alone: false };
            known.told_with = Some(RequestId { index, second: true });
            (known.second, known.second_block) = (Some(Asked::new(request)), block);
        }
    }

    /// The next step begins; what began before it sounds no more.
    ///
    /// # Realtime
    /// Constant time.
    pub fn begin(&mut self) {
        self.unsounded = self.next < self.end;
        self.next += i64::from(self.unsounded);
    }

    /// What has begun has sounded, or never will. False if there was nothing to sound.
    ///
    /// # Realtime
    /// Constant time.
    pub fn finish(&mut self) -> bool {
        std::mem::take(&mut self.unsounded)
    }

    /// Voids the commitments from `index` on that have not begun. There is no other way in which one
    /// becomes void. False if there were none.
    ///
    /// # Realtime
    /// Constant time.
    pub fn void_from(&mut self, index: i64) -> bool {
        let before = self.end;
        self.end = index.max(self.next).min(before);
        self.end < before
    }

    /// Playback stands, or begins from a stop: indices count from 0 again. A first chord that has not
    /// begun stays; all else is void. False if there was nothing else.
    ///
    /// # Realtime
    /// Constant time.
    pub fn rewind(&mut self) -> bool {
        self.unsounded = false;
        let void = self.void_from(1);
        self.end -= self.next;
        self.next = 0;
        void
    }

    /// Mutes all that is still to sound.
    ///
    /// # Realtime
    /// Looks at each.
    pub fn mute(&mut self) {
        self.each_to_sound(|known| known.muted = true);
    }

    /// Work under way is void: what was asked in vain is asked again.
    ///
    /// # Realtime
    /// Looks at each.
    pub fn ask_again(&mut self) {
        self.each_to_sound(Commitment::ask_again);
    }

    /// Sends what has not been sent by `send`, in order, until that refuses; false if it does.
    ///
    /// # Realtime
    /// Looks at each.
    pub fn send(&mut self, mut send: impl FnMut(Request) -> bool) -> bool {
        let mut taken = true;
        self.each_to_sound(|known| taken = taken && known.send(&mut send));
        taken
    }

    /// Takes an answer, if what it is about is still to sound. The planner then takes for heard what the
    /// request told.
    ///
    /// # Realtime
    /// Looks at no more than [`MAX_CORRECTIONS`] steps.
    pub fn answer(&mut self, planned: &Planned) {
        let Place { index, .. } = planned.place;
        if self.get(planned.place).is_none() {
            return;
        }
        let Some(known) = self.at_mut(index) else { return };
        known.touch = planned.touch;
        let asked = if planned.second { known.second.as_mut() } else { Some(&mut known.first) };
        let Some(asked) = asked else { return };
        asked.chord = Some(planned.chord);
        let request = RequestId { index, second: planned.second };
        for told in index - MAX_CORRECTIONS as i64..=index {
            if let Some(known) = self.at_mut(told).filter(|known| known.told_with == Some(request))
            {
                known.told_with = None;
            }
        }
    }

    /// What `request` has to tell of the steps before the one that it asks for: what was heard, if it is
    /// not what the planner assumes or nobody knows what that is. `heard` is what was heard in a step,
    /// in the keys that sound; none if it has not begun to be heard.
    ///
    /// # Realtime
    /// Looks at no more than [`MAX_CORRECTIONS`] steps.
    pub fn tell(&mut self, request: RequestId, heard: impl Fn(i64) -> Option<Chord>) -> Heard {
        let mut telling = Heard::default();
        for index in request.index - MAX_CORRECTIONS as i64..request.index {
            let Some(known) = self.at_mut(index) else { continue };
            // If nothing could be heard yet, what was assumed stands.
            let notes = heard(index).map_or(known.told.notes, |heard| known.in_network(heard));
            let now = Told { notes, alone: known.muted };
            if now == known.told && known.told_with.is_none() {
                continue;
            }
            match now.alone {
                true => telling.push(index, notes),
                false => telling.push_beside(index, notes),
            };
            (known.told, known.told_with) = (now, Some(request));
        }
        telling
    }

    fn is_to_sound(&self, index: i64) -> bool {
        (self.first_to_sound()..self.end).contains(&index)
    }

    fn first_to_sound(&self) -> i64 {
        self.next - i64::from(self.unsounded)
    }

    fn at_mut(&mut self, index: i64) -> Option<&mut Commitment> {
        let end = self.end;
        let known = |known: &&mut Commitment| known.place().index == index && index < end;
        self.ring.get_mut(slot(index, CAPACITY)).filter(known)
    }

    fn each_to_sound(&mut self, mut act: impl FnMut(&mut Commitment)) {
        for index in self.first_to_sound()..self.end {
            if let Some(known) = self.at_mut(index) {
                act(known);
            }
        }
    }
}
