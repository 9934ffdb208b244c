//! Which bars are locked.

use super::{Edit, Span};
use crate::music::{Rate, Step};

/// The locks of a take at one moment, to look at without holding the take up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locks(Vec<Edit>);

impl Locks {
    /// Those among `edits`, oldest first.
    pub(super) fn among(edits: &[Edit]) -> Locks {
        let locks =
            |edit: &&Edit| matches!(edit, Edit::Lock(_) | Edit::Back { .. } | Edit::Unlock(_));
        Locks(edits.iter().filter(locks).copied().collect())
    }

    /// These spans and no others.
    pub fn of(spans: impl IntoIterator<Item = Span>) -> Locks {
        Locks(spans.into_iter().map(Edit::Lock).collect())
    }

    /// As [`Take::is_locked`](super::Take::is_locked).
    pub fn is_locked(&self, rate: Rate, step: Step) -> bool {
        is_locked(&self.0, rate, step)
    }
}

/// Whether the newest of `edits` that locks or unlocks a step locks it.
pub(super) fn is_locked(edits: &[Edit], rate: Rate, step: Step) -> bool {
    let newest = edits.iter().rev().find_map(|edit| match edit {
        Edit::Lock(span) | Edit::Back { span, .. } if span.contains(rate, step) => Some(true),
        Edit::Unlock(span) if span.contains(rate, step) => Some(false),
        _ => None,
    });
    newest.unwrap_or(false)
}
