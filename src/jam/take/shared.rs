//! The take as worker, host and editor have it in common.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Locks, PackError, Played, Recall, Take, pack, unpack};
use crate::jam::link::{Request, Shared, WorkerEnd};

/// A take in common. Cheap to clone; locked for as long as it takes to look something up, and
/// never on the audio thread.
#[derive(Clone, Debug, Default)]
pub struct SharedTake(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    take: Take,
    /// Bytes out of a project that nobody has read yet.
    unread: Option<Arc<[u8]>>,
    /// Bytes that are no take for us: kept as long as nothing is played, so that to open and save
    /// a project loses nothing.
    unreadable: Option<(Arc<[u8]>, PackError)>,
    /// The take as bytes, and how many changes it had then.
    packed: Option<(u64, Arc<[u8]>)>,
    /// Edits that the worker has taken notice of.
    noticed: u64,
    /// What tells whether the worker has written down all that is over.
    worker: Option<Arc<Shared>>,
}

/// What happened to a take beside what was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was edited.
    Edited,
    /// Another one was loaded.
    Loaded,
}

/// The longest that a take waits, while it is saved, for the worker to write down what is over: a
/// few of the longest sleeps of a worker at rest.
pub const CATCHES_UP: Duration = Duration::from_millis(150);

/// How often it looks whether the worker has.
const LOOKS_AGAIN: Duration = Duration::from_millis(1);

/// Steps that [`TakeView`] tells: 64 bars.
pub const TAIL: usize = 1024;

/// What there is to tell of a take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TakeView {
    /// Steps that it holds.
    pub steps: usize,
    /// Steps that were dropped for want of room.
    pub dropped: u64,
    /// Whether there is something to undo.
    pub can_undo: bool,
    /// Why what the project holds could not be read, if so.
    pub problem: Option<PackError>,
    /// What was played last, [`TAIL`] steps at most, oldest first.
    pub tail: Vec<Played>,
    /// The number of the entry after the last of `tail`: grows by one with each step.
    pub end: u64,
    /// Which bars are locked.
    pub locks: Locks,
}

impl SharedTake {
    /// Takes bytes out of a project, none for an empty take. They are read when they are needed,
    /// by the worker: what calls this may be in a hurry.
    pub fn load(&self, bytes: Vec<u8>) {
        self.lock().unread = Some(bytes.into());
    }

    /// From now on the worker at that end writes down what is played.
    pub(in crate::jam) fn written_by(&self, end: &WorkerEnd) {
        self.lock().worker = Some(end.shared.clone());
    }

    /// The take as bytes for a project; none if it is empty. Steps that are over are in it: waits a
    /// moment, and no longer than `CATCHES_UP`, for the worker to write them down.
    pub fn save(&self) -> Arc<[u8]> {
        let worker = self.lock().worker.clone();
        let begun = Instant::now();
        while worker.as_ref().is_some_and(|w| w.is_behind()) && begun.elapsed() < CATCHES_UP {
            sleep(LOOKS_AGAIN);
        }
        let (take, changes) = {
            let inner = self.lock();
            let (unread, unreadable) = (&inner.unread, &inner.unreadable);
            if let Some(bytes) = unread.as_ref().or(unreadable.as_ref().map(|(bytes, _)| bytes)) {
                return bytes.clone();
            }
            let changes = inner.take.changes();
            if let Some((at, bytes)) = &inner.packed
                && *at == changes
            {
                return bytes.clone();
            }
            (inner.take.clone(), changes)
        };
        // Without the lock: to pack a long take takes longer than the worker has.
        let empty = take.is_empty() && take.edits().is_empty();
        let bytes: Arc<[u8]> = if empty { Arc::default() } else { pack(&take).into() };
        let mut inner = self.lock();
        if inner.unread.is_none() {
            inner.packed = Some((changes, bytes.clone()));
        }
        bytes
    }

    /// Reads what was loaded. What happened since the last call, if anything. For the worker.
    pub fn settle(&self) -> Option<Change> {
        let mut inner = self.lock();
        let edited = inner.take.edited() != inner.noticed;
        let mut change = edited.then_some(Change::Edited);
        if let Some(bytes) = inner.unread.take() {
            change = Some(Change::Loaded);
            let read = if bytes.is_empty() { Ok(Take::default()) } else { unpack(&bytes) };
            inner.unreadable = read.as_ref().err().map(|error| (bytes, *error));
            inner.take = read.unwrap_or_default();
            inner.packed = None;
        }
        inner.noticed = inner.take.edited();
        change
    }

    /// Adds a step that was played. What could not be read gives way to it.
    pub fn record(&self, played: Played) {
        let mut inner = self.lock();
        inner.unreadable = None;
        inner.take.record(played);
    }

    /// As [`Take::recall`].
    pub fn recall(&self, request: &Request, begun: u64, anchor: bool) -> Recall {
        self.lock().take.recall(request, begun, anchor)
    }

    /// As [`Take::end`].
    pub fn end(&self) -> u64 {
        self.lock().take.end()
    }

    /// Does something to the take, or looks something up in it. The worker notices what was done.
    pub fn with<T>(&self, act: impl FnOnce(&mut Take) -> T) -> T {
        act(&mut self.lock().take)
    }

    /// What there is to tell.
    pub fn view(&self) -> TakeView {
        let inner = self.lock();
        TakeView {
            steps: inner.take.len(),
            dropped: inner.take.dropped(),
            can_undo: inner.take.can_undo(),
            problem: inner.unreadable.as_ref().map(|(_, error)| *error),
            tail: inner.take.tail(TAIL).copied().collect(),
            end: inner.take.end(),
            locks: Locks::among(inner.take.edits()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
