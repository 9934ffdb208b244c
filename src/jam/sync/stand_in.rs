//! Stand-ins under which `loom` decides who runs next, what a load may still see, and when the
//! checker has seen everything. They work only inside a `loom` model.
//!
//! A ring is two counters with ringbuf's orders around slots that `loom` does not watch: that
//! ringbuf hands its slots over soundly is ringbuf's own affair. Time passes only where a thread
//! sleeps, so that every run of one order of events goes the same way.

use std::cell::{Cell, OnceCell};
use std::collections::VecDeque;
use std::io;
use std::ops::Add;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use loom::sync::atomic::AtomicUsize;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use loom::thread::{Builder, Thread, yield_now};

use crate::model::shared::lock;

/// Messages that fit into a ring, whatever was asked for: so few that it is often full.
const CAPACITY: usize = 1;

/// Where there is one order alone, nothing need be full.
const ROOMY: usize = 16;

/// Words of a thread's stack; loom's own 32 KiB are too few.
const STACK_WORDS: usize = 1 << 16;

/// How many times as long as asked a sleep takes: a worker that found nothing to do once thinks
/// ahead, and a wait in vain is over before it is longer than a model may be.
const OVERSLEPT: u32 = 1000;

thread_local! {
    /// All threads of a model run on the thread of its test.
    static CARELESS: Cell<bool> = const { Cell::new(false) };
    static ROOM: Cell<usize> = const { Cell::new(CAPACITY) };
}

/// Has rings hand messages over without what was written before them, from now on, or properly
/// again: a checker that does not see the difference checks nothing. Holds for this test.
pub fn careless_rings(careless: bool) {
    CARELESS.set(careless);
}

/// Gives rings that are made from now on room for what a worker between blocks finds there, or no
/// more than is needed again.
pub fn roomy_rings(roomy: bool) {
    ROOM.set(if roomy { ROOMY } else { CAPACITY });
}

fn acquire() -> Ordering {
    if CARELESS.get() { Ordering::Relaxed } else { Ordering::Acquire }
}

fn release() -> Ordering {
    if CARELESS.get() { Ordering::Relaxed } else { Ordering::Release }
}

struct Ring<T> {
    capacity: usize,
    slots: Mutex<VecDeque<T>>,
    /// Messages ever pushed and ever popped.
    pushed: AtomicUsize,
    popped: AtomicUsize,
}

impl<T> Ring<T> {
    fn slots(&self) -> MutexGuard<'_, VecDeque<T>> {
        lock(&self.slots)
    }
}

/// As ringbuf's: looks at the other end only when there seems to be no room.
pub(crate) struct HeapProd<T> {
    ring: Arc<Ring<T>>,
    pushed: usize,
    popped: usize,
}

/// As ringbuf's: looks at the other end only when there seems to be nothing left.
pub(crate) struct HeapCons<T> {
    ring: Arc<Ring<T>>,
    pushed: Cell<usize>,
    popped: usize,
    /// The next message, if it was peeked at.
    next: OnceCell<Box<T>>,
}

/// As ringbuf's.
pub(crate) trait Producer<T> {
    fn try_push(&mut self, message: T) -> Result<(), T>;
}

/// As ringbuf's.
pub(crate) trait Consumer<T> {
    fn try_pop(&mut self) -> Option<T>;
    fn iter(&self) -> std::option::IntoIter<&T>;
}

/// The two ends of a ring of few messages.
pub(crate) fn ring<T>(_: usize) -> (HeapProd<T>, HeapCons<T>) {
    let (pushed, popped) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let ring = Arc::new(Ring { capacity: ROOM.get(), slots: Mutex::default(), pushed, popped });
    let next = OnceCell::new();
    (
        HeapProd { ring: ring.clone(), pushed: 0, popped: 0 },
        HeapCons { ring, pushed: Cell::new(0), popped: 0, next },
    )
}

impl<T> Producer<T> for HeapProd<T> {
    fn try_push(&mut self, message: T) -> Result<(), T> {
        if self.pushed - self.popped == self.ring.capacity {
            self.popped = self.ring.popped.load(acquire());
        }
        if self.pushed - self.popped == self.ring.capacity {
            return Err(message);
        }
        self.ring.slots().push_back(message);
        self.pushed += 1;
        self.ring.pushed.store(self.pushed, release());
        Ok(())
    }
}

impl<T> Consumer<T> for HeapCons<T> {
    fn try_pop(&mut self) -> Option<T> {
        self.peek()?;
        let message = self.next.take();
        self.popped += 1;
        self.ring.popped.store(self.popped, release());
        message.map(|message| *message)
    }

    fn iter(&self) -> std::option::IntoIter<&T> {
        self.peek().into_iter()
    }
}

impl<T> HeapCons<T> {
    fn peek(&self) -> Option<&T> {
        if self.pushed.get() == self.popped {
            self.pushed.set(self.ring.pushed.load(acquire()));
        }
        if self.pushed.get() == self.popped {
            return None;
        }
        if self.next.get().is_none()
            && let Some(message) = self.ring.slots().pop_front()
        {
            // It was empty.
            let _ = self.next.set(Box::new(message));
        }
        self.next.get().map(Box::as_ref)
    }
}

loom::thread_local! {
    /// How long this thread has slept.
    static SLEPT: Cell<Duration> = Cell::new(Duration::ZERO);
}

/// A moment by the clock of a thread that only sleeping moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub fn now() -> Instant {
        Instant(SLEPT.with(Cell::get))
    }

    pub fn elapsed(self) -> Duration {
        Instant::now().0.saturating_sub(self.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, time: Duration) -> Instant {
        Instant(self.0 + time)
    }
}

/// Lets the others run. Too long a sleep is one that the system allows.
pub(crate) fn sleep(time: Duration) {
    SLEPT.with(|slept| slept.set(slept.get() + time * OVERSLEPT));
    yield_now();
}

/// As [`sleep`]: who is woken goes on a little sooner, by a clock that nobody else sees.
pub(crate) fn park_timeout(time: Duration) {
    sleep(time);
}

/// A thread that can be joined.
pub(crate) struct JoinHandle<T> {
    handle: loom::thread::JoinHandle<T>,
    finished: Arc<AtomicBool>,
}

impl<T> JoinHandle<T> {
    pub fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    pub fn thread(&self) -> &Thread {
        self.handle.thread()
    }

    pub fn join(self) -> std::thread::Result<T> {
        self.handle.join()
    }
}

/// Starts a thread of the model.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    job: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let finished = Arc::new(AtomicBool::new(false));
    let tell = finished.clone();
    let job = move || {
        let result = job();
        tell.store(true, Ordering::Release);
        result
    };
    let handle = Builder::new().name(name.into()).stack_size(STACK_WORDS).spawn(job)?;
    Ok(JoinHandle { handle, finished })
}
