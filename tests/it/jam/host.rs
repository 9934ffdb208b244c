//! A scripted host for the performer alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::support::until;
use anacrusis::jam::controls::Controls;
use anacrusis::jam::input::{Input, InputEvent};
use anacrusis::jam::link::{Monitor, Place, Request, WorkerEnd, link};
use anacrusis::jam::performer::Performer;
use anacrusis::jam::player::{NoteEvent, NoteKind, NoteSink};
use anacrusis::jam::status::Status;
use anacrusis::jam::transport::Transport;
use anacrusis::music::Chord;

/// A chord from which its step can be read: one struck key.
pub fn tell_step(place: Place) -> Chord {
    Chord::struck_keys([key_of(place.step.0)])
}

/// The key that [`tell_step`] strikes.
pub fn key_of(step: i64) -> u8 {
    20 + step.rem_euclid(100) as u8
}

/// The host's queue: records, checks, and may have little room.
pub struct Queue {
    /// (absolute sample, event).
    pub events: Vec<(u64, NoteEvent)>,
    /// Samples before this block, its length, and room left in it.
    pub origin: u64,
    pub frames: u32,
    pub room: usize,
    last_offset: u32,
    /// Channel on which each key sounds.
    pub sounding: [Option<u8>; 128],
}

impl Default for Queue {
    fn default() -> Self {
        Queue {
            events: Vec::new(),
            origin: 0,
            frames: 0,
            room: usize::MAX,
            last_offset: 0,
            sounding: [None; 128],
        }
    }
}

impl NoteSink for Queue {
    fn try_send(&mut self, event: NoteEvent) -> bool {
        assert!(event.offset_samples < self.frames, "{event:?} in a block of {}", self.frames);
        if self.room == 0 {
            return false;
        }
        assert!(event.offset_samples >= self.last_offset, "events out of order");
        self.last_offset = event.offset_samples;
        self.room -= 1;
        let slot = &mut self.sounding[usize::from(event.key)];
        match event.kind {
            NoteKind::On => {
                assert_eq!(*slot, None, "{event:?} begins a key that sounds");
                *slot = Some(event.channel);
            }
            NoteKind::Off => {
                if let Some(channel) = slot.take() {
                    assert_eq!(channel, event.channel, "{event:?} ends another channel");
                }
            }
        }
        self.events.push((self.origin + u64::from(event.offset_samples), event));
        true
    }
}

/// Who answers requests.
pub enum Worker {
    /// The test itself, between blocks.
    Test(Box<WorkerEnd>),
    /// A thread.
    Thread(Arc<Thread>, Option<JoinHandle<()>>),
}

/// When a thread answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// As soon as it can.
    Soon,
    /// All that was asked in a block before the next one begins.
    BeforeTheNextBlock,
    /// Later than most blocks take: while `process` waits.
    Late,
}

/// What a thread that answers is told.
#[derive(Default)]
pub struct Thread {
    stop: AtomicBool,
    late: AtomicBool,
    /// Counts the blocks, and up to which one all is answered.
    block: AtomicU64,
    answered: AtomicU64,
}

impl Thread {
    /// Longer than the steps of a block take.
    const LATE: Duration = Duration::from_micros(300);

    fn run(&self, mut end: WorkerEnd, mut answer: impl FnMut(&Request) -> Chord) {
        while !self.stop.load(Ordering::Relaxed) {
            let block = self.block.load(Ordering::Acquire);
            match end.request() {
                Some(r) => {
                    if self.late.load(Ordering::Relaxed) {
                        thread::sleep(Thread::LATE);
                    }
                    assert!(end.send(r.answered(answer(&r))));
                }
                None => {
                    self.answered.store(block, Ordering::Release);
                    thread::yield_now();
                }
            }
        }
    }

    fn block_is_over(&self) {
        let block = self.block.fetch_add(1, Ordering::AcqRel) + 1;
        // In vain if the thread has panicked.
        until("the thread answers", || self.answered.load(Ordering::Acquire) >= block);
    }
}

pub struct Host {
    pub performer: Performer,
    pub monitor: Monitor,
    pub worker: Worker,
    pub queue: Queue,
    pub transport: Transport,
    pub controls: Controls,
    /// What comes in with the next block.
    pub input: Input,
    /// Requests seen by [`Host::serve`], in order.
    pub requests: Vec<Request>,
    answers: Answers,
    answer: fn(Place) -> Chord,
}

impl Host {
    /// Answers come from the test, by [`Host::serve`].
    pub fn manual(answer: fn(Place) -> Chord) -> Host {
        Host::new(answer, |end| Worker::Test(Box::new(end)))
    }

    /// Answers come from a thread, and `process` waits for them.
    pub fn waiting(answer: fn(Place) -> Chord) -> Host {
        Host::waiting_for(move |request| answer(request.place))
    }

    /// As [`Host::waiting`], with answers that depend on all that is asked.
    pub fn waiting_for(answer: impl FnMut(&Request) -> Chord + Send + 'static) -> Host {
        let mut host = Host::new(
            |_| Chord::SILENT,
            |end| {
                let told = Arc::new(Thread::default());
                let shared = told.clone();
                let thread = thread::spawn(move || shared.run(end, answer));
                Worker::Thread(told, Some(thread))
            },
        );
        host.controls.wait_for_notes = true;
        host
    }

    /// When its thread answers from now on.
    pub fn set_answers(&mut self, answers: Answers) {
        let Worker::Thread(told, _) = &self.worker else { panic!("the test answers") };
        told.late.store(answers == Answers::Late, Ordering::Relaxed);
        self.answers = answers;
    }

    /// As [`Host::manual`], stopped until the first chord was there; plays from sample 0.
    pub fn parked(answer: fn(Place) -> Chord) -> Host {
        let mut host = Host::manual(answer);
        host.transport.playing = false;
        host.run_served(2, 480);
        host.transport.playing = true;
        host.queue.origin = 0;
        host
    }

    fn new(answer: fn(Place) -> Chord, worker: impl FnOnce(WorkerEnd) -> Worker) -> Host {
        let (audio, end, monitor) = link();
        Host {
            performer: Performer::new(audio),
            monitor,
            worker: worker(end),
            queue: Queue::default(),
            transport: Transport {
                playing: true,
                sample_rate: 48_000.0,
                tempo_bpm: Some(120.0),
                position_beats: Some(0.0),
                ..Transport::default()
            },
            controls: Controls::default(),
            input: Input::NONE,
            requests: Vec::new(),
            answers: Answers::Soon,
            answer,
        }
    }

    pub fn beats_per_sample(&self) -> f64 {
        self.transport.tempo_bpm.unwrap_or(0.0) / 60.0 / self.transport.sample_rate
    }

    pub fn position(&self) -> f64 {
        self.transport.position_beats.expect("the script has a position")
    }

    /// One block; the transport stays as it is.
    pub fn process(&mut self, frames: u32) {
        self.queue.frames = frames;
        self.queue.last_offset = 0;
        self.performer.process(
            &self.transport,
            &self.controls,
            &self.input,
            frames,
            &mut self.queue,
        );
        self.input.clear();
        self.queue.origin += u64::from(frames);
        if let (Worker::Thread(told, _), Answers::BeforeTheNextBlock) = (&self.worker, self.answers)
        {
            told.block_is_over();
        }
    }

    /// One block, and on by as much, around the loop where there is one.
    pub fn block(&mut self, frames: u32) {
        self.process(frames);
        if self.transport.playing {
            let begun = self.position();
            let mut beats = begun + f64::from(frames) * self.beats_per_sample();
            if let Some((start, end)) = self.transport.loop_beats
                && begun < end
            {
                while beats >= end - 1e-12 {
                    beats -= end - start;
                }
            }
            self.transport.position_beats = Some(beats);
        }
    }

    /// Strikes `key` on the first channel, so many samples into the next block.
    pub fn strike(&mut self, offset_samples: u32, key: u8) {
        self.input.push(InputEvent::on(offset_samples, 0, key, 100));
    }

    /// Lets go of `key`, so many samples into the next block.
    pub fn let_go(&mut self, offset_samples: u32, key: u8) {
        self.input.push(InputEvent::off(offset_samples, 0, key));
    }

    /// As many samples in blocks of `frames`.
    pub fn run(&mut self, samples: u32, frames: u32) {
        let mut left = samples;
        while left > 0 {
            let n = frames.min(left);
            self.block(n);
            left -= n;
        }
    }

    /// Blocks with every request answered after each.
    pub fn run_served(&mut self, blocks: usize, frames: u32) {
        for _ in 0..blocks {
            self.block(frames);
            self.serve();
        }
    }

    /// The requests that wait, unanswered.
    pub fn take_requests(&mut self) -> Vec<Request> {
        let Worker::Test(end) = &mut self.worker else { panic!("a thread answers") };
        std::iter::from_fn(|| end.request()).collect()
    }

    /// Answers what waits.
    pub fn serve(&mut self) {
        for request in self.take_requests() {
            self.answer(&request);
            self.requests.push(request);
        }
    }

    /// Answers `request`.
    pub fn answer(&mut self, request: &Request) {
        let planned = request.answered((self.answer)(request.place));
        let Worker::Test(end) = &mut self.worker else { panic!("a thread answers") };
        assert!(end.send(planned));
    }

    pub fn status(&mut self) -> Status {
        self.monitor.status()
    }

    /// (sample, key) of the beginnings.
    pub fn onsets(&self) -> Vec<(u64, u8)> {
        let ons = self.queue.events.iter().filter(|(_, e)| e.kind == NoteKind::On);
        ons.map(|(at, e)| (*at, e.key)).collect()
    }

    /// How many keys sound.
    pub fn sounding(&self) -> usize {
        self.queue.sounding.iter().flatten().count()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Worker::Thread(told, thread) = &mut self.worker {
            told.stop.store(true, Ordering::Relaxed);
            if let Some(thread) = thread.take() {
                let _ = thread.join();
            }
        }
    }
}
