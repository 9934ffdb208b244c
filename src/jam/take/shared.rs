//! The take as worker, host and editor have it in common.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::pack::{Contents, pack_contents};
use super::{Locks, PackError, Played, Recall, Take, unpack};
use crate::jam::link::{Request, SharedState, WorkerEnd};
use crate::model::shared::lock;
use crate::music::{Grid, Metre, Stress};

/// A take in common. Cheap to clone; locked for as long as it takes to look something up, and
/// never on the audio thread.
#[derive(Clone, Debug, Default)]
pub struct SharedTake(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    take: Take,
    /// What was played last, for the eyes: with what was replayed, which the take does not hold again.
    seen: VecDeque<ShownStep>,
    /// How many steps were.
    seen_end: u64,
    /// Bytes out of a project that nobody has read yet.
    unread: Option<Arc<[u8]>>,
    /// How many takes were loaded.
    loads: u64,
    /// Bytes that are no take for us: kept as long as nothing is written down, so that to open and
    /// save a project loses nothing.
    unreadable: Option<(Arc<[u8]>, PackError)>,
    /// The take as bytes, and how many changes it had then.
    packed: Option<(u64, Arc<[u8]>)>,
    /// Edits that the worker has taken notice of.
    noticed: u64,
    /// What tells whether the worker has written down all that is over.
    worker: Option<Arc<SharedState>>,
}

/// A take as it was, to be packed.
#[derive(Debug, Default)]
struct Copied {
    contents: Contents,
    /// How many takes had been loaded then, and how many changes it had.
    loads: u64,
    changes: u64,
}

/// Steps that are copied while the lock is held.
const PIECE: usize = 1024;

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

/// A step that was played, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShownStep {
    /// What was played.
    pub played: Played,
    /// The metre in which that was; none if it came with the project.
    pub metre: Option<Metre>,
}

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
    /// What was played last, [`TAIL`] steps at most, oldest first; what was replayed is among it.
    pub tail: Vec<ShownStep>,
    /// How many steps were played up to the end of `tail`: grows by one with each.
    pub end: u64,
    /// The number that the take's next entry gets.
    pub entries: u64,
    /// Which bars are locked.
    pub locks: Locks,
}

impl SharedTake {
    /// Takes bytes out of a project, none for an empty take. They are read when they are needed,
    /// by the worker: what calls this may be in a hurry.
    pub fn load(&self, bytes: Vec<u8>) {
        let mut inner = self.lock();
        inner.unread = Some(bytes.into());
        inner.loads += 1;
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
        let copied = match self.copy() {
            Ok(copied) => copied,
            Err(bytes) => return bytes,
        };
        // Without the lock: to pack a long take takes longer than the worker has.
        let contents = &copied.contents;
        let empty = contents.played.is_empty() && contents.edits.is_empty();
        let bytes: Arc<[u8]> = if empty { Arc::default() } else { pack_contents(contents).into() };
        self.keep(&copied, &bytes);
        bytes
    }

    /// Copies the take, a piece at a time: the worker looks things up in between. An error is the
    /// bytes that are there already.
    fn copy(&self) -> Result<Copied, Arc<[u8]>> {
        let mut copied = Copied::default();
        while !self.copy_piece(&mut copied)? {}
        Ok(copied)
    }

    /// Copies the next piece, and forgets what the take has dropped meanwhile. Whether all is there.
    fn copy_piece(&self, copied: &mut Copied) -> Result<bool, Arc<[u8]>> {
        let inner = self.lock();
        let Inner { take, unread, unreadable, packed, loads, .. } = &*inner;
        if let Some(bytes) = unread.as_ref().or(unreadable.as_ref().map(|(bytes, _)| bytes)) {
            return Err(bytes.clone());
        }
        if let Some((at, bytes)) = packed
            && *at == take.changes()
        {
            return Err(bytes.clone());
        }
        if copied.loads != *loads {
            *copied = Copied { loads: *loads, ..Copied::default() };
        }
        let Contents { first, played, edits, draws } = &mut copied.contents;
        let gone = usize::try_from(take.first.saturating_sub(*first)).unwrap_or(usize::MAX);
        played.drain(..gone.min(played.len()));
        *first = take.first;
        played.extend(take.played_from(take.first + played.len() as u64, PIECE));
        edits.clone_from(&take.edits);
        (*draws, copied.changes) = (take.draws, take.changes());
        Ok(take.first + played.len() as u64 == take.end())
    }

    /// Keeps the bytes of a copy for the next time, if it is still of the take.
    fn keep(&self, copied: &Copied, bytes: &Arc<[u8]>) {
        let mut inner = self.lock();
        if inner.loads == copied.loads {
            inner.packed = Some((copied.changes, bytes.clone()));
        }
    }

    /// Reads what was loaded. What happened since the last call, if anything. For the worker.
    pub fn poll(&self) -> Option<Change> {
        self.poll_by(unpack)
    }

    fn poll_by(&self, unpack: impl Fn(&[u8]) -> Result<Take, PackError>) -> Option<Change> {
        let mut loaded = false;
        loop {
            let (unread, loads) = {
                let mut inner = self.lock();
                let edited = inner.take.edited() != inner.noticed;
                let Some(bytes) = inner.unread.clone() else {
                    inner.noticed = inner.take.edited();
                    return match (loaded, edited) {
                        (true, _) => Some(Change::Loaded),
                        (false, edited) => edited.then_some(Change::Edited),
                    };
                };
                (bytes, inner.loads)
            };
            // Without the lock: to read a long take takes a while.
            let read = if unread.is_empty() { Ok(Take::default()) } else { unpack(&unread) };
            let mut inner = self.lock();
            if inner.loads == loads {
                inner.unreadable = read.as_ref().err().map(|error| (unread, *error));
                inner.take = read.unwrap_or_default();
                let tail =
                    inner.take.tail(TAIL).map(|played| ShownStep { played: *played, metre: None });
                inner.seen = tail.collect();
                inner.seen_end = inner.take.end();
                inner.noticed = inner.take.edited();
                inner.unread = None;
                inner.packed = None;
                loaded = true;
            }
        }
    }

    /// Adds a step that was played. What could not be read gives way to it, but for what a newer
    /// version wrote: beside that nothing is written down before [`SharedTake::begin_anew`].
    pub fn record(&self, played: Played) {
        let mut inner = self.lock();
        if matches!(inner.unreadable, Some((_, PackError::Newer(_)))) {
            return;
        }
        inner.unreadable = None;
        inner.take.record(played);
    }

    /// Shows a step that was played, also if it is not added.
    pub fn show(&self, step: ShownStep) {
        let mut inner = self.lock();
        if inner.seen.len() == TAIL {
            inner.seen.pop_front();
        }
        inner.seen.push_back(step);
        inner.seen_end += 1;
    }

    /// The last bars that were heard, so many and no more than [`TAIL`] steps, as a take of their own:
    /// with what was replayed, in whatever metre it was.
    pub fn heard_last(&self, bars: usize) -> Take {
        let inner = self.lock();
        let opens = |(at, ShownStep { played, metre }): (usize, &ShownStep)| {
            let metre = metre.unwrap_or(Metre::COMMON);
            let stress = Grid { rate: played.rate }.stress(played.step, metre);
            (stress == Stress::Bar).then_some(at)
        };
        let starts: Vec<usize> = inner.seen.iter().enumerate().filter_map(opens).collect();
        let from = starts.len().checked_sub(bars).and_then(|n| starts.get(n).copied());
        let mut take = Take::default();
        inner.seen.iter().skip(from.unwrap_or(0)).for_each(|seen| take.record(seen.played));
        take
    }

    /// Lets go of what could not be read: what is played from now on is the project's take.
    pub fn begin_anew(&self) {
        self.lock().unreadable = None;
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
            tail: inner.seen.iter().copied().collect(),
            end: inner.seen_end,
            entries: inner.take.end(),
            locks: Locks::among(inner.take.edits()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::pack;
    use super::*;
    use crate::music::{Chord, Rate, Step};

    fn take(steps: i64, key: u8) -> Take {
        let mut take = Take::default();
        for step in 0..steps {
            take.record(Played {
                pass: 0,
                step: Step(step),
                rate: Rate::default(),
                step_in_bar: (step % 16) as u16,
                tempo_bpm: 120.0,
                transpose: 0,
                chord: Chord::struck_keys([key]),
                heard: Chord::SILENT,
                sounded: true,
                touch: None,
                heard_velocity: 0,
                heard_late_us: 0,
            });
        }
        take
    }

    /// A host may save in one thread and load in another.
    #[test]
    fn what_is_loaded_while_a_take_is_saved_is_what_is_saved_next() {
        let (old, new) = (pack(&take(3000, 60)), pack(&take(3000, 72)));
        let shared = SharedTake::default();
        shared.load(old.clone());
        shared.poll();
        let copied = shared.copy().expect("nobody packed it yet");
        // Both have as many changes.
        shared.load(new.clone());
        shared.poll();
        shared.keep(&copied, &old.into());
        assert_eq!(*shared.save(), new);
    }

    #[test]
    fn a_take_is_read_while_others_look_things_up() {
        let shared = SharedTake::default();
        shared.load(pack(&take(40, 60)));
        let read = std::cell::Cell::new(0);
        let change = shared.poll_by(|bytes| {
            assert!(shared.0.try_lock().is_ok(), "the lock is held");
            read.set(read.get() + 1);
            if read.get() == 1 {
                // Another one comes while the first is read.
                shared.load(pack(&take(20, 72)));
            }
            unpack(bytes)
        });
        assert_eq!((change, read.get(), shared.view().steps), (Some(Change::Loaded), 2, 20));
        assert_eq!(shared.poll(), None);
    }

    #[test]
    fn what_is_dropped_while_a_take_is_copied_is_not_saved() {
        let shared = SharedTake::default();
        let mut whole = take(super::super::MOST_STEPS as i64, 60);
        shared.with(|take| *take = whole.clone());
        let mut copied = Copied::default();
        assert!(!shared.copy_piece(&mut copied).expect("nobody packed it yet"));
        for played in take(5, 72).played() {
            shared.record(*played);
            whole.record(*played);
        }
        assert!(whole.dropped() > 0);
        while !shared.copy_piece(&mut copied).expect("nobody packed it yet") {}
        assert_eq!(pack_contents(&copied.contents), pack(&whole));
        assert_eq!(*shared.save(), pack(&whole));
    }
}
