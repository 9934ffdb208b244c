//! What a musician did to a take.

use crate::music::{Rate, Step};

/// Edits that a take remembers.
pub(super) const MOST: usize = 1024;

/// More was done to a take than it can remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a take remembers {MOST} changes; undo some, or clear it")]
pub struct TooManyEdits;

/// A stretch of the song: the steps `first .. end` of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Whose steps are counted.
    pub rate: Rate,
    /// The first step.
    pub first: Step,
    /// The step after the last.
    pub end: Step,
}

impl Span {
    /// Whether a step of a rate lies in it.
    pub fn contains(&self, rate: Rate, step: Step) -> bool {
        self.rate == rate && (self.first..self.end).contains(&step)
    }
}

/// One thing that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// What was played there is replayed.
    Lock(Span),
    /// It no longer is.
    Unlock(Span),
    /// What was played there before the entry `since` is to be played again.
    Again {
        /// Where.
        span: Span,
        /// The number of the first entry that counts.
        since: u64,
        /// The number of the draw.
        draw: u32,
    },
    /// What was played there before the entry `from` is replayed, and what came after it, to the one
    /// before `to`, does not count.
    Back {
        /// Where.
        span: Span,
        /// The number of the first entry that does not count.
        from: u64,
        /// The number of the next that does.
        to: u64,
    },
    /// What was played there from one entry to the one before another was taken back.
    Undone {
        /// Where.
        span: Span,
        /// The number of the first entry that does not count.
        from: u64,
        /// The number of the next that does.
        to: u64,
    },
}

impl Edit {
    /// Whether it hides entry `number` of a step.
    pub(super) fn hides(&self, rate: Rate, step: Step, number: u64) -> bool {
        match self {
            Edit::Lock(_) | Edit::Unlock(_) => false,
            Edit::Again { span, since, .. } => number < *since && span.contains(rate, step),
            Edit::Back { span, from, to } | Edit::Undone { span, from, to } => {
                (*from..*to).contains(&number) && span.contains(rate, step)
            }
        }
    }

    /// Whether [`Take::undo`](super::Take::undo) can take it back.
    pub(super) fn can_be_undone(&self) -> bool {
        !matches!(self, Edit::Undone { .. })
    }

    /// What stands in its place once it was taken back; `now` is the number of the next entry.
    pub(super) fn undone(&self, now: u64) -> Option<Edit> {
        match *self {
            Edit::Again { span, since, .. } if since < now => {
                Some(Edit::Undone { span, from: since, to: now })
            }
            _ => None,
        }
    }

    /// Whether it still matters when entries before `first` are gone.
    pub(super) fn matters(&self, first: u64) -> bool {
        match self {
            Edit::Undone { to, .. } => *to > first,
            // The draw is told by it, whatever became of the entries.
            Edit::Lock(_) | Edit::Unlock(_) | Edit::Again { .. } | Edit::Back { .. } => true,
        }
    }

    /// The same with entries numbered from `first` on.
    pub(super) fn counted_from(&self, first: u64) -> Edit {
        let counted = |number: u64| number.saturating_sub(first);
        match *self {
            Edit::Again { span, since, draw } => Edit::Again { span, since: counted(since), draw },
            Edit::Back { span, from, to } => {
                Edit::Back { span, from: counted(from), to: counted(to) }
            }
            Edit::Undone { span, from, to } => {
                Edit::Undone { span, from: counted(from), to: counted(to) }
            }
            edit => edit,
        }
    }
}
