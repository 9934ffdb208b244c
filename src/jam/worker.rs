//! The thread that thinks.

mod models;

pub use models::{ModelSlot, ModelState};

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use crate::jam::link::{Message, Outcome, Planned, Request, WorkerEnd};
use crate::jam::planner::{Biaxial, Planner};
use crate::jam::priority;
use crate::jam::sync::{AtomicBool, Instant, JoinHandle, park_timeout, spawn};
use crate::jam::take::{Change, Played, SharedTake, ShownStep};
use crate::model::Engine;
use crate::music::Chord;
use models::Loading;

/// How long the thread sleeps when there is nothing to do while the host is stopped.
const POLL_STOPPED: Duration = Duration::from_millis(10);

/// After so many such sleeps in a row for nothing they get longer by one, up to so many times as long.
const IDLE_POLLS: u32 = 100;
const SLOWEST_POLL: u32 = 4;

/// How many such sleeps after a chord the thread begins to think ahead: in an eighth of the
/// time that a chord has. Instances that play together ask for their chords at the same moment,
/// and no processor shall think ahead for one while another waits for its chord.
const AHEAD_AFTER: u32 = 4;

/// The longest that the thread thinks, for each chord, of how the music would go on: so many such
/// sleeps, a quarter of the time that a chord has.
const PREVIEW_POLLS: u32 = 8;

/// A request is given up when so many later steps have begun: a thread that far behind would
/// never catch up.
const GIVEN_UP_STEPS: i64 = 2;

/// Panics without a chord between them after which the model is taken out of service.
const MOST_PANICS: u32 = 3;

/// The thinking thread of one instance; joined when dropped.
pub struct Worker<B: Biaxial = Engine> {
    end: Option<WorkerEnd>,
    models: ModelSlot<B>,
    take: SharedTake,
    on_poll: OnPoll,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread calls each time before it looks for a request.
type OnPoll = Box<dyn FnMut() + Send>;

impl<B: Biaxial> Worker<B> {
    /// A worker that has not begun and keeps its own take: cheap, no thread and no model yet.
    pub fn new(end: WorkerEnd) -> Worker<B> {
        Worker::with_take(end, SharedTake::default())
    }

    /// As [`Worker::new`], for a take that others look at, too.
    pub fn with_take(end: WorkerEnd, take: SharedTake) -> Worker<B> {
        let (models, on_poll): (_, OnPoll) = (ModelSlot::new(), Box::new(|| ()));
        take.written_by(&end);
        Worker { end: Some(end), models, take, on_poll, stop: Arc::default(), thread: None }
    }

    /// Has the thread call `on_poll` each time before it looks for a request: to act on what others
    /// change and cannot act on themselves. It must be quick; without a thread nothing calls
    /// it.
    pub fn on_poll(&mut self, on_poll: impl FnMut() + Send + 'static) {
        self.on_poll = Box::new(on_poll);
    }

    /// Starts the thread, once; later calls do nothing.
    ///
    /// # Errors
    /// When the system has no thread to give; the worker can then not be started again.
    pub fn start(&mut self) -> io::Result<()> {
        let Some(end) = self.end.take() else { return Ok(()) };
        let (models, take) = (self.models.clone(), self.take.clone());
        let stop = self.stop.clone();
        let on_poll = std::mem::replace(&mut self.on_poll, Box::new(|| ()));
        let service = move || Service::new(end, models, take, stop).run(on_poll);
        self.thread = Some(spawn("anacrusis", service)?);
        Ok(())
    }

    /// The handle to change the model; works before the thread is started, too.
    pub fn models(&self) -> ModelSlot<B> {
        self.models.clone()
    }

    /// The take that it keeps.
    pub fn take(&self) -> SharedTake {
        self.take.clone()
    }
}

impl<B: Biaxial> Drop for Worker<B> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // Its panics are caught inside; there is nobody to tell of others.
            let _ = thread.join();
        }
    }
}

/// What lives on the thread.
struct Service<B: Biaxial> {
    end: WorkerEnd,
    models: ModelSlot<B>,
    take: SharedTake,
    /// The number of the first entry of the take since playback began; none if another take was
    /// loaded since, of which what is played is no part.
    begun: Option<u64>,
    stop: Arc<AtomicBool>,
    planner: Option<Planner<B>>,
    panics: u32,
    /// Looks in a row that found nothing.
    idle: u32,
    /// From when on there may be something to think ahead.
    ahead: Option<Instant>,
    /// Time spent thinking ahead since the last chord.
    spent_ahead: Duration,
    /// When a request was first seen to wait while something else was under way.
    asked: Option<Instant>,
    previewing: Previewing,
}

/// How far the thread is with showing how the music would go on.
#[derive(Clone, Copy, Debug, Default)]
struct Previewing {
    /// Whether there may be something left to think of.
    due: bool,
    /// Time spent on it since the last chord.
    spent: Duration,
}

impl<B: Biaxial> Service<B> {
    fn new(
        end: WorkerEnd,
        models: ModelSlot<B>,
        take: SharedTake,
        stop: Arc<AtomicBool>,
    ) -> Service<B> {
        Service {
            end,
            models,
            take,
            begun: None,
            stop,
            planner: None,
            panics: 0,
            idle: 0,
            ahead: None,
            spent_ahead: Duration::ZERO,
            asked: None,
            previewing: Previewing::default(),
        }
    }

    fn run(mut self, mut on_poll: OnPoll) {
        self.end.shared.raised.store(priority::raise(), Ordering::Relaxed);
        self.end.shared.writes.store(true, Ordering::Release);
        let mut loading: Option<Loading<B>> = None;
        while !self.stop.load(Ordering::Acquire) {
            on_poll();
            self.poll_models(&mut loading);
            self.poll_take();
            match self.end.message() {
                Some(Message::Decide(request)) => self.serve(&request),
                Some(Message::Over(outcome)) => {
                    self.record(&outcome);
                    self.end.shared.written.fetch_add(1, Ordering::Release);
                }
                None if self.ahead.is_some_and(|at| at <= Instant::now()) => self.think_ahead(),
                None if self.may_preview() => self.preview(),
                None => {
                    park_timeout(self.poll());
                    self.idle = self.idle.saturating_add(1);
                    continue;
                }
            }
            self.idle = 0;
        }
        self.end.shared.writes.store(false, Ordering::Release);
        // No thread of ours may outlive us: the host may unload our code next.
        loading.map(Loading::finish);
    }

    /// How long to sleep when there is nothing to do.
    fn poll(&self) -> Duration {
        match self.end.shared.poll_us.load(Ordering::Relaxed) {
            // The longer nothing happens, the less often, so that many instances at rest cost next to
            // nothing.
            0 => POLL_STOPPED * (1 + self.idle / IDLE_POLLS).min(SLOWEST_POLL),
            us => Duration::from_micros(us.into()),
        }
    }

    /// Starts what was asked to be loaded, on a thread of its own so that the model in
    /// service plays on; puts into service what is ready.
    fn poll_models(&mut self, loading: &mut Option<Loading<B>>) {
        if let Some(model) = loading.take_if(|l| l.is_finished()).and_then(Loading::finish) {
            match &mut self.planner {
                Some(planner) => planner.adopt(model),
                None => self.planner = Some(Planner::new(model)),
            }
            self.panics = 0;
            self.end.shared.chord_ms.store(0.0, Ordering::Relaxed);
            self.end.shared.worst_chord_ms.store(0.0, Ordering::Relaxed);
            self.end.shared.busy_ms.store(0.0, Ordering::Relaxed);
            self.new_generation();
        }
        if loading.is_none() {
            *loading = self.models.begin_loading();
        }
    }

    /// Reads a take that was loaded, and sees to it that what is committed is asked for again
    /// after one was loaded or edited.
    fn poll_take(&mut self) {
        let change = self.take.poll();
        if change == Some(Change::Loaded) {
            self.begun = None;
        }
        if change.is_some() {
            self.new_generation();
        }
    }

    /// A new generation begins: what was committed in the old one is void.
    fn new_generation(&mut self) {
        self.end.shared.generation.fetch_add(1, Ordering::Release);
    }

    /// A step is over: it becomes part of the take.
    fn record(&mut self, outcome: &Outcome) {
        let decided = self.planner.as_ref().and_then(|p| p.decided(outcome.place.index));
        // What was asked for too late to be decided was no music.
        let Some((decided, _)) = decided.zip(self.begun) else { return };
        // What is replayed, and not played over, is in the take already.
        let again =
            decided.replayed.is_some_and(|heard| [heard, Chord::SILENT].contains(&outcome.heard));
        let played = Played {
            pass: outcome.place.pass,
            step: outcome.place.step,
            rate: outcome.rate,
            step_in_bar: outcome.step_in_bar,
            tempo_bpm: outcome.tempo_bpm,
            transpose: outcome.transpose,
            chord: if outcome.muted { Chord::SILENT } else { decided.chord },
            heard: outcome.heard,
            sounded: outcome.sounded,
            touch: outcome.touch,
            heard_velocity: outcome.heard_velocity,
            heard_late_us: outcome.heard_late_us,
        };
        if !again {
            self.take.record(played);
        }
        self.take.show(ShownStep { played, metre: Some(outcome.metre) });
    }

    fn serve(&mut self, request: &Request) {
        // Loaded before the request was sent, a take holds for it.
        self.poll_take();
        // Answered now, a request of an older generation would be there or not as the threads go.
        if request.generation != self.end.shared.generation.load(Ordering::Acquire) {
            return;
        }
        // Without a model there is no answer; everything is asked again when one comes.
        let Some(planner) = &mut self.planner else { return };
        let shared = self.end.shared.clone();
        if request.place.index + GIVEN_UP_STEPS <= shared.sounding.load(Ordering::Relaxed) {
            if request.anchor {
                planner.forget();
            }
            shared.skipped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let begun = Instant::now();
        let asked = self.asked.take().unwrap_or(begun);
        if request.anchor {
            self.begun = Some(self.take.end());
        }
        let anchor = request.anchor || !planner.is_anchored();
        let recall = self.take.recall(request, self.begun.unwrap_or_default(), anchor);
        let mut keep_going = || {
            shared.epoch.load(Ordering::Acquire) == request.epoch
                && !self.stop.load(Ordering::Acquire)
        };
        let tried =
            catch_unwind(AssertUnwindSafe(|| planner.plan(request, &recall, &mut keep_going)));
        let Some(Some(planned)) = self.caught(tried) else { return };
        self.panics = 0;
        let ms = |time: Duration| time.as_secs_f32() * 1e3;
        shared.chord_ms.store(ms(asked.elapsed()), Ordering::Relaxed);
        shared.worst_chord_ms.fetch_max(ms(asked.elapsed()), Ordering::Relaxed);
        let spent = begun.elapsed() + std::mem::take(&mut self.spent_ahead);
        shared.busy_ms.store(ms(spent), Ordering::Relaxed);
        self.send(planned);
        self.previewing = Previewing { due: true, spent: Duration::ZERO };
        self.ahead = Some(Instant::now() + AHEAD_AFTER * self.poll());
    }

    /// Does of the next step what can be done before it is asked for. A request that comes
    /// meanwhile and needs just that waits for it to be done; for another, it is given up.
    fn think_ahead(&mut self) {
        let Some(planner) = &mut self.planner else {
            self.ahead = None;
            return;
        };
        let begun = Instant::now();
        let next = planner.next_index();
        let (end, stop, asked) = (&self.end, &self.stop, &mut self.asked);
        let mut keep_going = || match end.waiting() {
            Some(request) => {
                asked.get_or_insert_with(Instant::now);
                request.goes_on_with(next)
            }
            None => !stop.load(Ordering::Acquire),
        };
        let tried = catch_unwind(AssertUnwindSafe(|| planner.think_ahead(&mut keep_going)));
        // What was given up for a request that turns out to be stale is taken up again.
        self.ahead = self.caught(tried).filter(|done| !done).map(|_| begun);
        self.spent_ahead += begun.elapsed();
    }

    /// Whether there is time, and somebody who looks, to think of how the music would go on.
    fn may_preview(&mut self) -> bool {
        let Some(planner) = &mut self.planner else { return false };
        if !self.end.is_watched() {
            planner.end_preview();
            // From the start, once somebody looks again.
            self.previewing.due = true;
            return false;
        }
        let most = PREVIEW_POLLS * self.poll();
        let time = self.is_at_rest() || self.previewing.spent < most;
        self.previewing.due && self.ahead.is_none() && time
    }

    /// Whether the host is stopped.
    fn is_at_rest(&self) -> bool {
        self.end.shared.poll_us.load(Ordering::Relaxed) == 0
    }

    /// Thinks one step further how the music would go on, and shows it once there is no more to do,
    /// or no more time.
    fn preview(&mut self) {
        let at_rest = self.is_at_rest();
        let Some(planner) = &mut self.planner else { return };
        let begun = Instant::now();
        let (end, stop, take, asked) = (&self.end, &self.stop, &self.take, &mut self.asked);
        let since = self.begun.unwrap_or_default();
        let recall = |request: &Request| take.recall(request, since, false);
        let mut keep_going = || {
            let waits = end.waiting().is_some();
            if waits {
                asked.get_or_insert_with(Instant::now);
            }
            !waits && !stop.load(Ordering::Acquire)
        };
        let tried = catch_unwind(AssertUnwindSafe(|| {
            planner.preview_step(at_rest, recall, &mut keep_going)
        }));
        self.previewing.due = self.caught(tried).unwrap_or(false);
        self.previewing.spent += begun.elapsed();
        if !self.may_preview()
            && let Some(planner) = &self.planner
        {
            // What was shown last stands until there is another.
            let preview = planner.preview();
            if !preview.is_empty() {
                self.end.show(&preview);
            }
        }
    }

    /// What was tried, unless it panicked; after too many panics the model is taken out of
    /// service.
    fn caught<T>(&mut self, tried: thread::Result<T>) -> Option<T> {
        if tried.is_err() {
            self.end.shared.panics.fetch_add(1, Ordering::Relaxed);
            self.panics += 1;
            if self.panics >= MOST_PANICS {
                self.planner = None;
                self.models.out_of_service();
            } else if let Some(planner) = &mut self.planner {
                // Half-written states are worth nothing.
                planner.forget();
            }
        }
        tried.ok()
    }

    /// Sends a plan. The ring is full only while the audio thread is not called.
    fn send(&mut self, planned: Planned) {
        let shared = self.end.shared.clone();
        let current = || {
            shared.epoch.load(Ordering::Acquire) == planned.epoch
                && !self.stop.load(Ordering::Acquire)
        };
        while !self.end.send(planned) && current() {
            shared.refused_plans.fetch_add(1, Ordering::Relaxed);
            park_timeout(POLL_STOPPED);
        }
    }
}
