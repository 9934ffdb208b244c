//! Sets up an instance inside a model, plays it block by block, and counts what was tried.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::network::{Tell, model};
use anacrusis::jam::controls::{Controls, Lookahead};
use anacrusis::jam::input::{Input, InputEvent};
use anacrusis::jam::link::{Meters, Monitor, WorkerEnd, link};
use anacrusis::jam::performer::Performer;
use anacrusis::jam::planner::Planner;
use anacrusis::jam::player::{NoteEvent, NoteKind, NoteSink};
use anacrusis::jam::status::Status;
use anacrusis::jam::sync::stand_in::roomy_rings;
use anacrusis::jam::take::Recall;
use anacrusis::jam::transport::Transport;
use anacrusis::jam::worker::Worker;

/// One step at 120 beats per minute and 48 kHz.
pub const STEP: u32 = 6000;

/// Words of the stack of the thread that plays the audio thread.
const STACK_WORDS: usize = 1 << 16;

/// More points at which the order may change than any run has; one that goes round in circles
/// reaches it.
const MOST_BRANCHES: usize = 20_000;

/// Runs `run` in every order in which the other threads are let in at most `preemptions` times
/// while the one at hand could go on. Returns in how many; panics with what `run` finds wrong.
pub fn explore(
    what: &str,
    preemptions: usize,
    run: impl Fn() -> Result<(), String> + Send + Sync + 'static,
) -> usize {
    let (run, orders) = (Arc::new(run), Arc::new(AtomicUsize::new(0)));
    let (count, begun) = (orders.clone(), Instant::now());
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = MOST_BRANCHES;
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        loom::stop_exploring();
        let run = run.clone();
        let audio = loom::thread::Builder::new().stack_size(STACK_WORDS);
        let found = audio.spawn(move || run()).map(|thread| thread.join());
        // Only here, where no thread is left that unwinding would have to stop.
        found.expect("a thread").expect("it is joined").unwrap_or_else(|wrong| panic!("{wrong}"));
    });
    let orders = orders.load(Ordering::Relaxed);
    println!("{what}: {orders} orders in {:.1} s", begun.elapsed().as_secs_f64());
    orders
}

/// Fails with what is not `so`.
pub fn ensure(so: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if so { Ok(()) } else { Err(what()) }
}

/// Who answers.
pub enum Brain {
    /// The worker itself, on a thread of its own.
    Worker(Worker<Tell>),
    /// A planner, between blocks: what comes of it owes nothing to any order.
    Between(Box<(WorkerEnd, Planner<Tell>)>),
    /// Whatever the test starts.
    Other,
}

/// An instance, and what it played: (block, key) of the beginnings.
pub struct Stage {
    pub performer: Performer,
    pub monitor: Monitor,
    pub transport: Transport,
    pub controls: Controls,
    pub brain: Brain,
    /// Length of a block in samples.
    pub frames: u32,
    pub onsets: Vec<(usize, u8)>,
    input: Input,
    blocks: usize,
    exploring: bool,
}

struct Onsets<'a>(usize, &'a mut Vec<(usize, u8)>);

impl NoteSink for Onsets<'_> {
    fn try_send(&mut self, event: NoteEvent) -> bool {
        if event.kind == NoteKind::On {
            self.1.push((self.0, event.key));
        }
        true
    }
}

impl Stage {
    /// With a worker that has not begun.
    pub fn new() -> Stage {
        Stage::with(|end| Brain::Worker(Worker::new(end)))
    }

    pub fn with(brain: impl FnOnce(WorkerEnd) -> Brain) -> Stage {
        let (audio, end, monitor) = link();
        Stage {
            performer: Performer::new(audio),
            monitor,
            transport: Transport {
                sample_rate: 48_000.0,
                tempo_bpm: Some(120.0),
                position_beats: Some(0.0),
                ..Transport::default()
            },
            controls: Controls { room: false, lookahead: Lookahead::Two, ..Controls::default() },
            brain: brain(end),
            frames: STEP,
            onsets: Vec::new(),
            input: Input::NONE,
            blocks: 0,
            exploring: false,
        }
    }

    /// With a worker that plays model 0 and has the first chord ready.
    pub fn parked() -> Stage {
        let mut stage = Stage::new();
        stage.load(0);
        stage.start();
        stage.park();
        stage
    }

    /// With a worker that has a model and was never asked for anything.
    pub fn unasked() -> Stage {
        let mut stage = Stage::new();
        stage.load(0);
        stage.start();
        let position_beats = stage.transport.position_beats.take();
        while stage.worker().models().state().loading.is_some() {
            stage.block();
        }
        stage.transport.position_beats = position_beats;
        stage.blocks = 0;
        stage
    }

    /// As [`Stage::parked`], with a planner that answers between blocks.
    pub fn alone() -> Stage {
        let between = |end| Brain::Between(Box::new((end, Planner::new(model(0)))));
        let mut stage = Stage::with(between);
        stage.park();
        stage
    }

    fn worker(&mut self) -> &mut Worker<Tell> {
        let Brain::Worker(worker) = &mut self.brain else { panic!("no worker") };
        worker
    }

    /// The worker, which the instance then has no more.
    pub fn take_worker(&mut self) -> Brain {
        std::mem::replace(&mut self.brain, Brain::Other)
    }

    /// Wants model `number`.
    pub fn load(&mut self, number: u8) {
        self.worker().models().load_model("model", move || Ok(model(number)));
    }

    pub fn start(&mut self) {
        self.worker().start().expect("a thread");
    }

    /// Stopped blocks until the first chord is there.
    pub fn park(&mut self) {
        while !self.monitor.status().coming().first().is_some_and(|first| first.known) {
            self.block();
        }
        self.blocks = 0;
    }

    pub fn play(&mut self) {
        self.transport.playing = true;
    }

    /// A block, after which the audio thread has nothing to do for a while.
    pub fn block(&mut self) {
        let out = &mut Onsets(self.blocks, &mut self.onsets);
        self.performer.process(&self.transport, &self.controls, &self.input, self.frames, out);
        self.input.clear();
        self.blocks += 1;
        if self.transport.playing {
            let beats = 0.25 * f64::from(self.frames) / f64::from(STEP);
            self.transport.position_beats = self.transport.position_beats.map(|b| b + beats);
        }
        if let Brain::Between(brain) = &mut self.brain {
            let (end, planner) = &mut **brain;
            while let Some(request) = end.request() {
                let planned = planner
                    .plan(&request, &Recall::default(), &mut || true)
                    .expect("nothing ends it");
                assert!(end.send(planned));
            }
        }
        loom::thread::yield_now();
    }

    /// Every order is tried from here on; until then and after [`Stage::end`] one is enough.
    /// Without another thread there is only one.
    pub fn explore(&mut self) {
        self.exploring = !matches!(self.brain, Brain::Between(_));
        if self.exploring {
            loom::explore();
        }
    }

    /// Ends the worker. What was played, and the meters.
    pub fn end(mut self) -> Ended {
        if self.exploring {
            loom::stop_exploring();
        }
        let (status, meters) = (self.monitor.status(), self.monitor.meters());
        Ended { onsets: self.onsets, status, meters }
    }

    /// Strikes `key` in the first half of the next block.
    pub fn strike(&mut self, key: u8) {
        self.input.push(InputEvent::on(STEP / 2 - 100, 0, key, 100));
    }
}

/// What is left of a [`Stage`].
pub struct Ended {
    pub onsets: Vec<(usize, u8)>,
    pub status: Status,
    pub meters: Meters,
}

impl Ended {
    /// Every chord came while it was waited for, and the music is `expected`.
    pub fn is(&self, expected: &[(usize, u8)]) -> Result<(), String> {
        let (expired, panics) = (self.status.expired_waits, self.meters.panics);
        ensure(panics == 0, || format!("{panics} panics"))?;
        ensure(expired == 0, || format!("{expired} chords never came"))?;
        ensure(self.onsets == expected, || format!("{:?}, expected {expected:?}", self.onsets))
    }
}

/// What `script` plays if every chord comes between two blocks, and in no other order.
pub fn alone(script: impl FnOnce(&mut Stage)) -> Vec<(usize, u8)> {
    roomy_rings(true);
    let mut stage = Stage::alone();
    roomy_rings(false);
    script(&mut stage);
    let ended = stage.end();
    assert_eq!(ended.status.missed_deadlines, 0);
    ended.onsets
}
