//! The worker thread: models come and go, panics stay inside, threads end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::plan::{Hash, model};
use crate::support::until;
use anacrusis::jam::controls::Controls;
use anacrusis::jam::input::Input;
use anacrusis::jam::link::{Monitor, link};
use anacrusis::jam::performer::Performer;
use anacrusis::jam::planner::{Biaxial, Model, Prompts};
use anacrusis::jam::player::{NoteEvent, NoteKind, NoteSink};
use anacrusis::jam::transport::Transport;
use anacrusis::jam::worker::{ModelState, Worker};
use anacrusis::model::config::Start;
use anacrusis::model::{Checkpoint, Engine, Frame, Given, Texture};
use anacrusis::music::{Chord, KeyRange};

/// What began.
#[derive(Default)]
pub struct Onsets(pub Vec<NoteEvent>);

impl NoteSink for Onsets {
    fn try_send(&mut self, event: NoteEvent) -> bool {
        if event.kind == NoteKind::On {
            self.0.push(event);
        }
        true
    }
}

/// A performer with a worker, and a host that plays a step of 6000 samples in each block.
pub struct Instance<B: Biaxial> {
    pub performer: Performer,
    pub monitor: Monitor,
    pub worker: Worker<B>,
    pub transport: Transport,
    pub controls: Controls,
    pub out: Onsets,
}

impl<B: Biaxial> Instance<B> {
    pub fn new() -> Self {
        let (audio, end, monitor) = link();
        Instance {
            performer: Performer::new(audio),
            monitor,
            worker: Worker::new(end),
            transport: Transport {
                playing: true,
                sample_rate: 48_000.0,
                tempo_bpm: Some(120.0),
                position_beats: Some(0.0),
                ..Transport::default()
            },
            controls: Controls { wait_for_notes: true, ..Controls::default() },
            out: Onsets::default(),
        }
    }

    pub fn play(&mut self, steps: u32) {
        for _ in 0..steps {
            self.performer.process(
                &self.transport,
                &self.controls,
                &Input::NONE,
                6000,
                &mut self.out,
            );
            self.transport.position_beats = self.transport.position_beats.map(|b| b + 0.25);
        }
    }

    /// Waits for the loading to end.
    pub fn settled(&self) -> ModelState {
        until("a model is loaded", || self.worker.models().state().loading.is_none());
        self.worker.models().state()
    }

    /// Goes on, by blocks of one sample, until the worker has voided what it decided before `epoch`
    /// ended.
    pub fn notices(&mut self, epoch: u64) {
        until("the worker's new generation is noticed", || {
            let (transport, controls) = (self.transport, self.controls);
            self.performer.process(&transport, &controls, &Input::NONE, 1, &mut self.out);
            self.monitor.status().epoch > epoch
        });
    }
}

fn golden() -> Result<Checkpoint, String> {
    let bytes = include_bytes!("../../golden/tiny.ckpt.safetensors");
    Checkpoint::parse(bytes).map_err(|error| error.to_string())
}

#[test]
fn a_checkpoint_plays_and_a_bad_one_leaves_it_playing() {
    let mut instance = Instance::<Engine>::new();
    instance.worker.start().expect("a thread");
    instance.worker.start().expect("once is enough");
    instance.worker.models().load("tiny", golden);
    assert_eq!(instance.settled().name.as_deref(), Some("tiny"));
    instance.play(32);
    let played = instance.out.0.len();
    assert!(played > 0);
    for bad in [
        || Err("not a checkpoint".to_owned()),
        || Checkpoint::parse(b"short").map_err(|error| error.to_string()),
        || panic!("a loader that fails in its own way"),
    ] {
        instance.worker.models().load("broken", bad);
        let state = instance.settled();
        assert_eq!(state.name.as_deref(), Some("tiny"));
        assert!(state.error.is_some_and(|e| e.starts_with("broken cannot be used: ")));
        instance.play(32);
    }
    assert!(instance.out.0.len() > played);
    let status = instance.monitor.status();
    assert_eq!((status.missed_deadlines, status.expired_waits), (0, 0));
    assert!(instance.monitor.meters().worst_chord_ms > 0.0);
    instance.worker.models().load("tiny again", golden);
    let state = instance.settled();
    assert_eq!((state.name.as_deref(), state.error), (Some("tiny again"), None));
}

#[test]
fn a_model_that_comes_while_playing_voids_what_the_old_one_committed() {
    let mut instance = Instance::<Hash>::new();
    instance.worker.start().expect("a thread");
    instance.worker.models().load_model("one", || Ok(model(0)));
    instance.settled();
    instance.play(8);
    let epoch = instance.monitor.status().epoch;
    instance.worker.models().load_model("two", || Ok(model(1)));
    instance.settled();
    // The worker counts the model in service just after it has said so.
    instance.notices(epoch);
    instance.play(8);
    let status = instance.monitor.status();
    assert!(status.epoch > epoch);
    assert_eq!((status.missed_deadlines, status.expired_waits), (0, 0));
    assert_eq!(status.past().len(), 16);
}

#[test]
fn the_first_model_may_come_while_process_waits() {
    let mut instance = Instance::<Hash>::new();
    instance.worker.start().expect("a thread");
    instance.worker.models().load_model("slow", || {
        std::thread::sleep(Duration::from_millis(100));
        Ok(model(0))
    });
    instance.play(4);
    assert!(!instance.out.0.is_empty());
    assert_eq!(instance.monitor.status().expired_waits, 0);
}

#[test]
fn the_worker_thinks_ahead_while_nothing_is_asked() {
    let mut instance = Instance::<Hash>::new();
    instance.worker.start().expect("a thread");
    let model = model(0);
    let feeds = model.network.feeds.clone();
    instance.worker.models().load_model("hash", || Ok(model));
    instance.settled();
    for played in [4, 8, 12] {
        instance.play(4);
        // The dry run, the beginning, the steps played, and the one that was asked for and
        // has not begun: the last would wait for the next request.
        let ahead = 2 + played + 1;
        until("something is done unasked", || feeds.load(Ordering::Relaxed) >= ahead);
        assert_eq!(feeds.load(Ordering::Relaxed), ahead);
    }
    let meters = instance.monitor.meters();
    assert!(meters.chord_ms > 0.0 && meters.busy_ms > 0.0, "{meters:?}");
    assert_eq!(instance.monitor.status().missed_deadlines, 0);
}

/// A network that can be made to panic, or to think on and on.
#[derive(Clone, Default)]
pub struct Moody {
    pub panics: Arc<AtomicBool>,
    pub thinks: Arc<AtomicBool>,
    feeds: Arc<AtomicU64>,
    chosen: Arc<AtomicU64>,
}

impl Moody {
    /// How many frames it was fed, and how many chords it was asked for.
    pub fn done(&self) -> (u64, u64) {
        (self.feeds.load(Ordering::Relaxed), self.chosen.load(Ordering::Relaxed))
    }
}

impl Biaxial for Moody {
    type State = ();
    type Prepared = ();

    fn new_state(&self) {}

    fn new_prepared(&self) {}

    fn prepare(&mut self, (): &(), (): &mut (), keep_going: &mut dyn FnMut() -> bool) -> bool {
        keep_going()
    }

    fn feed_prepared(
        &mut self,
        (): &(),
        (): &(),
        (): &mut (),
        _: &Frame,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        self.feeds.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics.load(Ordering::Relaxed), "in a mood");
        keep_going()
    }

    fn choose(
        &mut self,
        (): &(),
        _: &Given,
        _: &mut dyn FnMut(usize, [f32; 2]) -> (bool, bool),
    ) -> Chord {
        self.chosen.fetch_add(1, Ordering::Relaxed);
        // With an end, so that a test that fails meanwhile can join the thread.
        until("nobody ends its thoughts", || !self.thinks.load(Ordering::Relaxed));
        Chord::struck_keys([60])
    }

    fn range(&self) -> KeyRange {
        KeyRange { low: 60, count: 1 }
    }

    fn start(&self) -> Start {
        Start::None
    }
}

pub fn moody(network: &Moody) -> impl FnOnce() -> Result<Model<Moody>, String> + Send + use<> {
    let network = network.clone();
    move || {
        let texture = Texture::of(&[], network.range());
        let prompts = Arc::new(Prompts::new(Vec::new()));
        Ok(Model { network, prompts, texture, digest: String::new() })
    }
}

#[test]
fn a_panic_stays_on_the_worker_and_three_end_the_model() {
    let mut instance = Instance::<Moody>::new();
    instance.worker.start().expect("a thread");
    let network = Moody::default();
    instance.worker.models().load_model("moody", moody(&network));
    instance.settled();
    instance.play(8);
    assert_eq!(instance.out.0.len(), 8);
    instance.controls.wait_for_notes = false;
    network.panics.store(true, Ordering::Relaxed);
    until("the model is out of service", || {
        instance.play(1);
        // As a live host leaves time; what is asked for faster is given up.
        std::thread::sleep(Duration::from_millis(10));
        instance.worker.models().state().error.is_some()
    });
    assert!(instance.worker.models().state().error.is_some_and(|e| e.contains("moody")));
    assert_eq!(instance.monitor.meters().panics, 3);
    // The thread lives: another model plays.
    let calm = Moody::default();
    instance.worker.models().load_model("calm", moody(&calm));
    assert_eq!(instance.settled().name.as_deref(), Some("calm"));
    instance.controls.wait_for_notes = true;
    let before = instance.out.0.len();
    instance.play(8);
    assert!(instance.out.0.len() >= before + 4);
}

#[test]
fn a_dead_worker_is_waited_for_once() {
    let mut instance = Instance::<Hash>::new();
    instance.play(16);
    let status = instance.monitor.status();
    assert_eq!(status.expired_waits, 1);
    assert_eq!(status.missed_deadlines, 16);
}

#[test]
fn many_instances_come_and_go() {
    let mut instances: Vec<Instance<Hash>> = (0..64).map(|_| Instance::new()).collect();
    for instance in &mut instances {
        instance.worker.models().load_model("hash", || Ok(model(0)));
        instance.worker.start().expect("a thread");
    }
    for instance in &mut instances {
        instance.play(4);
        assert_eq!(instance.monitor.status().past().len(), 4);
        assert!(!instance.out.0.is_empty());
    }
    let first = instances[0].out.0.clone();
    assert!(instances.iter().all(|i| i.out.0 == first), "all play the same");
}

#[test]
fn the_thread_looks_after_what_it_is_given_as_long_as_it_lives() {
    let mut instance = Instance::<Hash>::new();
    let looks = Arc::new(AtomicU64::new(0));
    let seen = looks.clone();
    instance.worker.on_poll(move || {
        seen.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(looks.load(Ordering::Relaxed), 0, "no thread yet");
    instance.worker.start().expect("a thread");
    until("the thread looks", || looks.load(Ordering::Relaxed) >= 3);
    drop(instance);
    let at_the_end = looks.load(Ordering::Relaxed);
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(looks.load(Ordering::Relaxed), at_the_end);
}
