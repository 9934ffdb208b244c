//! The two rings between the audio thread and the worker.
//!
//! Only `Copy` values cross, in rings allocated once, so nothing is ever freed on the audio
//! thread; neither side waits for the other.

mod monitor;

pub use monitor::{Meters, Monitor};

use std::sync::Arc;
use std::sync::atomic::{self, AtomicBool, AtomicU32, Ordering};

use atomic_float::AtomicF32;

use crate::jam::controls::{Lookahead, Shaping};
use crate::jam::status::{Preview, Status};
use crate::jam::sync::{self, AtomicI64, AtomicU64, Consumer, HeapCons, HeapProd, Producer};
use crate::jam::touch::Touch;
use crate::model::{Follow, Rules};
use crate::music::{BarPosition, Chord, Metre, Rate, Step};

/// Messages that fit into a ring: several times what can be committed ahead, and what became of
/// as many steps.
const RING: usize = 128;

/// Frames that one request can correct: as many as the planner keeps states for.
pub const MAX_CORRECTIONS: usize = Lookahead::MAX_STEPS + 2;

/// One place on the path of the play head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Position in played order: 0 is the first step after the anchor. A jump or a loop wrap
    /// goes on counting; void commitments are counted again.
    pub index: i64,
    /// How often playback has wrapped or jumped since the anchor.
    pub pass: u64,
    /// The step of the song.
    pub step: Step,
}

/// What a musician played in one step that was committed before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correction {
    /// Index of the frame.
    pub index: i64,
    /// What was heard, in the network's keys.
    pub notes: Chord,
    /// Whether that is the whole frame: what was chosen was muted.
    pub alone: bool,
}

/// What a musician played in steps that were committed before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heard {
    frames: [Correction; MAX_CORRECTIONS],
    len: usize,
}

impl Heard {
    /// Adds the whole frame of `index`: what was chosen was muted. False if there is no room.
    pub fn push(&mut self, index: i64, frame: Chord) -> bool {
        self.add(Correction { index, notes: frame, alone: true })
    }

    /// Adds what was heard in frame `index` beside what was chosen, whatever that is. False if
    /// there is no room.
    pub fn push_beside(&mut self, index: i64, notes: Chord) -> bool {
        self.add(Correction { index, notes, alone: false })
    }

    fn add(&mut self, correction: Correction) -> bool {
        match self.frames.get_mut(self.len) {
            Some(slot) => {
                *slot = correction;
                self.len += 1;
                true
            }
            None => false,
        }
    }

    /// The frames.
    pub fn frames(&self) -> &[Correction] {
        self.frames.get(..self.len).unwrap_or(&[])
    }
}

/// Audio to worker: decide the chord of a place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Request {
    /// The epoch; stale ones are dropped.
    pub epoch: u64,
    /// `SharedState::generation` when it was sent. The worker answers no request of an older one: it
    /// will be asked again.
    pub generation: u64,
    /// Which chord. An index that was planned before takes the plan back to it.
    pub place: Place,
    /// How long the step is.
    pub rate: Rate,
    /// Where the step lies in its bar, as the network is told.
    pub position: BarPosition,
    /// Whether there is a musician to accompany: models that can tell hear them apart from what
    /// they played.
    pub accompanies: bool,
    /// How far the musician is followed.
    pub follow: Follow,
    /// Which of the chord's decisions this is.
    pub decision: Decision,
    /// Whether a question is answered: somebody listens for music, as where a musician plays.
    pub answers: bool,
    /// If not 0, history before this chord is so many frames of what was heard: a question that is
    /// answered.
    pub motif: u16,
    /// Whether history before this chord is the prompt (playback starts here).
    pub anchor: bool,
    /// The look-ahead at the commit point; how far back the plan may still be taken.
    pub lookahead: Lookahead,
    /// The seed at the commit point.
    pub seed: u64,
    /// The shaping at the commit point.
    pub shaping: Shaping,
    /// What the chord may and must hold, in the network's keys. Forced keys enter history as
    /// held, until a frame that was heard corrects it.
    pub rules: Rules,
    /// Semitones from the network's keys to those that sound, at the commit point.
    pub transpose: i8,
    /// What of the take is replayed instead of a new choice.
    pub recall: Recallable,
    /// What was heard and is not known to the worker.
    pub heard: Heard,
}

/// Which decision about a chord: most are decided once, and those of an accompanist who listens
/// to the last moment twice (listener.md, section 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decision {
    /// The only one.
    #[default]
    Only,
    /// The one ahead, after which a second one follows.
    Ahead,
    /// The second one, in the step itself: what the musician plays in it is known, in the network's
    /// keys.
    Second(Chord),
}

/// What of the take may be replayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recallable {
    /// Only bars that are locked.
    #[default]
    Locked,
    /// What was played before playback began, too.
    Earlier,
    /// Everything.
    All,
}

impl Request {
    /// The answer to it.
    pub fn answered(&self, chord: Chord) -> Planned {
        let second = self.listened().is_some();
        Planned { epoch: self.epoch, place: self.place, second, chord, touch: None }
    }

    /// What the musician plays in the step, if that is known.
    pub fn listened(&self) -> Option<Chord> {
        match self.decision {
            Decision::Second(heard) => Some(heard),
            Decision::Only | Decision::Ahead => None,
        }
    }

    /// Whether it goes on with `index`, and nothing before it is otherwise than was known.
    pub fn goes_on_with(&self, index: i64) -> bool {
        self.place.index == index && !self.anchor && self.heard.frames().is_empty()
    }
}

/// Audio to worker: what became of a step, once it is over or playback has left it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Which step.
    pub place: Place,
    /// How long the step was.
    pub rate: Rate,
    /// Steps since the bar line.
    pub step_in_bar: u16,
    /// The tempo in which it began.
    pub tempo_bpm: f32,
    /// The metre in which it began.
    pub metre: Metre,
    /// Semitones from the network's keys to those that sounded.
    pub transpose: i8,
    /// What was heard in it, in the network's keys.
    pub heard: Chord,
    /// Whether what was chosen was muted.
    pub muted: bool,
    /// Whether the chord was there in time.
    pub sounded: bool,
    /// How its notes were struck, if it sounded.
    pub touch: Option<Touch>,
    /// The mean velocity of what was struck in it by the musician, 1 to 127; 0 if nothing was.
    pub heard_velocity: u8,
    /// How much later than the step that was, in the mean, microseconds.
    pub heard_late_us: i32,
}

/// What goes from audio to worker, in the order in which it happened.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "the ring has room for the largest anyway")]
pub enum Message {
    /// A chord is to be decided.
    Decide(Request),
    /// A step is over.
    Over(Outcome),
}

/// Worker to audio: what sounds at a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// Epoch of the request.
    pub epoch: u64,
    /// Place of the request.
    pub place: Place,
    /// Whether it is the second decision about the place.
    pub second: bool,
    /// What was decided.
    pub chord: Chord,
    /// How its notes were struck before, if it is replayed and that is known.
    pub touch: Option<Touch>,
}

/// Counters and meters that both sides and the editor see. All relaxed unless said.
#[derive(Debug, Default)]
pub(crate) struct SharedState {
    /// The current epoch; the audio thread writes it (release).
    pub epoch: AtomicU64,
    /// Index of the step that sounds; the audio thread writes it.
    pub sounding: AtomicI64,
    /// How long the worker may sleep between two looks at the ring, microseconds; 0 while
    /// the host is stopped. The audio thread writes it.
    pub poll_us: AtomicU32,
    /// What commitments rest on. Grows when a model is put into service and when a take is loaded or
    /// edited: all that was committed before is then void. The worker writes it (release).
    pub generation: AtomicU64,
    /// Time from the last request to its chord, milliseconds.
    pub chord_ms: AtomicF32,
    /// Slowest chord since the model came into service, milliseconds.
    pub worst_chord_ms: AtomicF32,
    /// Time that the worker spent on the last chord, thinking ahead included, milliseconds.
    pub busy_ms: AtomicF32,
    /// Plans that found the ring full and were sent again.
    pub refused_plans: AtomicU64,
    /// Requests given up because their step was long over.
    pub skipped: AtomicU64,
    /// Panics caught on the worker.
    pub panics: AtomicU64,
    /// Whether the worker has a raised priority.
    pub raised: AtomicBool,
    /// Steps that the worker was told the outcome of; the audio thread writes it (release).
    pub told: atomic::AtomicU64,
    /// Those of them that it has written down or left out; it writes it (release).
    pub written: atomic::AtomicU64,
    /// Whether there is a worker that writes down. It writes it (release).
    pub writes: AtomicBool,
    /// Whether somebody looks at how the music would go on; the editor writes it.
    pub watched: AtomicBool,
}

impl SharedState {
    /// Whether steps that are over are still to be written into the take.
    pub fn is_behind(&self) -> bool {
        let at = Ordering::Acquire;
        self.writes.load(at) && self.written.load(at) < self.told.load(at)
    }
}

/// Allocates the rings and what goes with them: the ends of the audio thread, of the worker
/// and of the editor.
pub fn link() -> (AudioEnd, WorkerEnd, Monitor) {
    let shared = Arc::new(SharedState::default());
    let (messages_in, messages_out) = ring::<Message>();
    let (planned_in, planned_out) = ring::<Planned>();
    let (status_in, status_out) = triple_buffer::triple_buffer(&Status::default());
    let (preview_in, preview_out) = triple_buffer::triple_buffer(&Preview::default());
    (
        AudioEnd {
            messages: messages_in,
            planned: planned_out,
            status: status_in,
            shared: shared.clone(),
        },
        WorkerEnd {
            messages: messages_out,
            planned: planned_in,
            preview: preview_in,
            shared: shared.clone(),
        },
        Monitor::new(status_out, preview_out, shared),
    )
}

/// `Copy` by signature: nothing that crosses has a destructor.
fn ring<T: Copy>() -> (HeapProd<T>, HeapCons<T>) {
    sync::ring(RING)
}

/// The audio thread's end; owned by the performer.
pub struct AudioEnd {
    messages: HeapProd<Message>,
    planned: HeapCons<Planned>,
    status: triple_buffer::Input<Status>,
    pub(crate) shared: Arc<SharedState>,
}

impl AudioEnd {
    /// Sends a request; false if the ring is full.
    ///
    /// # Realtime
    /// Wait-free.
    pub fn request(&mut self, request: Request) -> bool {
        self.messages.try_push(Message::Decide(request)).is_ok()
    }

    /// Tells what became of a step; false if the ring is full.
    ///
    /// # Realtime
    /// Wait-free.
    pub fn tell(&mut self, outcome: Outcome) -> bool {
        let taken = self.messages.try_push(Message::Over(outcome)).is_ok();
        self.shared.told.fetch_add(u64::from(taken), Ordering::Release);
        taken
    }

    /// Takes the next plan, if any.
    ///
    /// # Realtime
    /// Wait-free.
    pub fn planned(&mut self) -> Option<Planned> {
        self.planned.try_pop()
    }

    /// Most plans that can lie in the ring: a bound for draining it.
    pub const CAPACITY: usize = RING;

    /// Shows `status` to the editor.
    ///
    /// # Realtime
    /// Copies; wait-free.
    pub fn publish(&mut self, status: &Status) {
        self.status.write(*status);
    }
}

/// The worker's end.
pub struct WorkerEnd {
    messages: HeapCons<Message>,
    planned: HeapProd<Planned>,
    preview: triple_buffer::Input<Preview>,
    pub(crate) shared: Arc<SharedState>,
}

impl WorkerEnd {
    /// Takes the next message; drops requests that bear an old epoch.
    pub fn message(&mut self) -> Option<Message> {
        loop {
            match self.messages.try_pop()? {
                Message::Decide(request) if request.epoch != self.epoch() => {}
                message => return Some(message),
            }
        }
    }

    /// Takes the next request that bears the current epoch, whatever else was told before it.
    pub fn request(&mut self) -> Option<Request> {
        loop {
            if let Message::Decide(request) = self.message()? {
                return Some(request);
            }
        }
    }

    /// Sends a plan; false if the ring is full.
    pub fn send(&mut self, planned: Planned) -> bool {
        self.planned.try_push(planned).is_ok()
    }

    /// Shows the editor how the music would go on.
    pub fn show(&mut self, preview: &Preview) {
        self.preview.write(*preview);
    }

    /// Whether somebody looks at that.
    pub fn is_watched(&self) -> bool {
        self.shared.watched.load(Ordering::Relaxed)
    }

    /// The current epoch.
    pub fn epoch(&self) -> u64 {
        self.shared.epoch.load(Ordering::Acquire)
    }

    /// The next request, left where it is; it may bear an old epoch.
    pub fn waiting(&self) -> Option<&Request> {
        self.messages.iter().find_map(|message| match message {
            Message::Decide(request) => Some(request),
            Message::Over(_) => None,
        })
    }
}
