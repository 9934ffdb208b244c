//! The time stack's states after the last steps, and the halves of steps that lie ready.

use super::{Biaxial, History, slot};
use crate::jam::controls::Lookahead;
use crate::model::Control;
use crate::music::BarPosition;

/// Halves kept: of the step that comes next, and of the one before it, which is done again
/// when its frame turns out otherwise.
const HALVES: usize = 2;

/// A state of the time stack, ready to choose a chord from.
pub(super) struct Kept<S> {
    pub state: S,
    /// That of who never heard the musician; networks that tell none apart have none.
    unheard: Option<S>,
    /// Whether the two differ: before there was a musician they are the same.
    split: bool,
    pub control: Control,
    /// The position with which the frame before was fed.
    pub fed_as: BarPosition,
    /// Different for every content that any slot ever had; 0 before anything was fed.
    stamp: u64,
}

impl<S> Kept<S> {
    /// The state of who never heard the musician.
    pub fn unheard(&self) -> &S {
        self.unheard.as_ref().filter(|_| self.split).unwrap_or(&self.state)
    }
}

/// The part of the step after a state that does not depend on the frame to be fed.
struct Half<P> {
    prepared: P,
    /// Of who never heard the musician.
    unheard: Option<P>,
    /// Stamp of the state, when there is one.
    of: Option<u64>,
}

/// States by index: from state `i` chord `i` is chosen, and `i` fed with frame `i` is state
/// `i + 1`.
///
/// A look-ahead of `l` steps needs the last `l + 2` (jam.md, section 3); one more is for a
/// step that is thought ahead. The ring grows and shrinks with the look-ahead.
pub(super) struct States<B: Biaxial> {
    /// Ring: state `i` lies at `i mod len`.
    ring: Vec<Kept<B::State>>,
    /// Ring, likewise.
    halves: [Half<B::Prepared>; HALVES],
    /// States of `first..=newest` are valid.
    first: i64,
    newest: i64,
    /// The stamp given out last.
    stamp: u64,
}

/// How many states back a planner can go under a look-ahead, that of the newest chord
/// included.
fn reach(lookahead: Lookahead) -> usize {
    // At most 8.
    lookahead.steps().ceil() as usize + 2
}

impl<B: Biaxial> States<B> {
    /// None valid yet. Allocates.
    pub fn new(network: &B, lookahead: Lookahead) -> States<B> {
        let half = || Half {
            prepared: network.new_prepared(),
            unheard: network.hears().then(|| network.new_prepared()),
            of: None,
        };
        States {
            ring: (0..=reach(lookahead)).map(|_| new_kept(network)).collect(),
            halves: std::array::from_fn(|_| half()),
            first: 0,
            newest: 0,
            stamp: 0,
        }
    }

    pub fn first(&self) -> i64 {
        self.first
    }

    pub fn newest(&self) -> i64 {
        self.newest
    }

    /// How many states back one can go, that of the newest chord included.
    pub fn reach(&self) -> i64 {
        self.ring.len() as i64 - 1
    }

    /// The state of an index of `first..=newest`.
    pub fn get(&self, index: i64) -> &Kept<B::State> {
        &self.ring[slot(index, self.ring.len())]
    }

    /// Begins anew: `state` is that of `index`, and `unheard` that of who never heard the musician,
    /// where the two differ.
    pub fn begin_with(&mut self, index: i64, state: &B::State, unheard: Option<&B::State>) {
        self.stamp += 1;
        let at = slot(index, self.ring.len());
        let kept = &mut self.ring[at];
        kept.state.clone_from(state);
        kept.split = false;
        if let (Some(to), Some(from)) = (&mut kept.unheard, unheard) {
            to.clone_from(from);
            kept.split = true;
        }
        kept.control = Control::default();
        kept.stamp = self.stamp;
        self.begin_at(index);
    }

    /// Begins anew with what was kept elsewhere as the state of `index`.
    pub fn begin_from(&mut self, index: i64, kept: &Kept<B::State>) {
        self.stamp += 1;
        let at = slot(index, self.ring.len());
        let own = &mut self.ring[at];
        own.state.clone_from(&kept.state);
        own.unheard.clone_from(&kept.unheard);
        (own.split, own.control, own.fed_as) = (kept.split, kept.control, kept.fed_as);
        own.stamp = self.stamp;
        self.begin_at(index);
    }

    /// Begins anew from a state that is there: that of `from` is that of `to`.
    pub fn begin_with_copy(&mut self, from: i64, to: i64) {
        let slots = [slot(from, self.ring.len()), slot(to, self.ring.len())];
        // One and the same slot needs no copy.
        if let Ok([from, to]) = self.ring.get_disjoint_mut(slots) {
            to.state.clone_from(&from.state);
            to.unheard.clone_from(&from.unheard);
            to.split = from.split;
            to.control = from.control;
            to.fed_as = from.fed_as;
            to.stamp = from.stamp;
        }
        self.begin_at(to);
    }

    /// Begins anew with whatever the slot of `index` holds.
    pub fn begin_at(&mut self, index: i64) {
        self.first = index;
        self.newest = index;
    }

    /// What follows from state `index` is not so any more.
    pub fn forget_after(&mut self, index: i64) {
        self.newest = self.newest.min(index);
    }

    /// A chord was chosen from state `index`, under a look-ahead: what may still be gone back
    /// to is kept, the rest let go. Allocates or frees when the look-ahead has changed.
    pub fn prune(&mut self, index: i64, lookahead: Lookahead, network: &B) {
        let reach = reach(lookahead);
        self.first = self.first.max(index + 1 - reach as i64);
        let (len, new_len) = (self.ring.len(), reach + 1);
        if len == new_len {
            return;
        }
        let mut old: Vec<_> = self.ring.drain(..).map(Some).collect();
        let mut new: Vec<_> = (0..new_len).map(|_| None).collect();
        for index in self.first..=self.newest {
            new[slot(index, new_len)] = old[slot(index, len)].take();
        }
        let mut spare = old.into_iter().flatten();
        let mut fill = |kept: Option<_>| kept.or_else(|| spare.next());
        self.ring = new.into_iter().map(|k| fill(k).unwrap_or_else(|| new_kept(network))).collect();
    }

    /// Does the half of the next step that does not depend on the newest frame, unless it
    /// lies ready. False if `keep_going` ended it.
    pub fn prepare(&mut self, network: &mut B, keep_going: &mut dyn FnMut() -> bool) -> bool {
        let from = &self.ring[slot(self.newest, self.ring.len())];
        let half = &mut self.halves[slot(self.newest, HALVES)];
        if half.of == Some(from.stamp) {
            return true;
        }
        half.of = None;
        let mut done = network.prepare(&from.state, &mut half.prepared, keep_going);
        if let (true, Some(prepared)) = (from.split, &mut half.unheard) {
            done = done && network.prepare(from.unheard(), prepared, keep_going);
        }
        if done {
            half.of = Some(from.stamp);
        }
        done
    }

    /// Feeds a frame to the newest state; what comes of it is the newest then. False if
    /// `keep_going` ended it; the half that was prepared is kept for the next try.
    pub fn feed(
        &mut self,
        network: &mut B,
        frame: &History,
        fed_as: BarPosition,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        if !self.prepare(network, keep_going) {
            return false;
        }
        let len = self.ring.len();
        let slots = [slot(self.newest, len), slot(self.newest + 1, len)];
        // The slot written to may hold the oldest state; give that one up first.
        self.first = self.first.max(self.newest + 2 - len as i64);
        let half = &self.halves[slot(self.newest, HALVES)];
        let Ok([from, to]) = self.ring.get_disjoint_mut(slots) else { return false };
        self.stamp += 1;
        to.stamp = self.stamp;
        let (old, new, fed) = (&from.state, &mut to.state, frame.fed(fed_as));
        if !network.feed_prepared(old, &half.prepared, new, &fed, keep_going) {
            return false;
        }
        // However closely the musician is followed: that may change, and then they must not be heard.
        to.split = to.unheard.is_some() && (from.split || frame.musician);
        if let (true, Some(new)) = (to.split, &mut to.unheard) {
            let prepared = half.unheard.as_ref().filter(|_| from.split).unwrap_or(&half.prepared);
            let fed = fed.unheard();
            if !network.feed_prepared(from.unheard(), prepared, new, &fed, keep_going) {
                return false;
            }
        }
        to.fed_as = fed_as;
        to.control = from.control;
        let listens = frame.musician && network.hears();
        to.control.after_step((frame.chosen, frame.heard), listens, frame.played(), frame.asked);
        self.newest += 1;
        true
    }
}

fn new_kept<B: Biaxial>(network: &B) -> Kept<B::State> {
    let (control, fed_as) = (Control::default(), BarPosition::default());
    let unheard = network.hears().then(|| network.new_state());
    Kept { state: network.new_state(), unheard, split: false, control, fed_as, stamp: 0 }
}
