//! The performer alone, without a plugin around it: what the built plugins are held to.

mod knobs;
mod mock;

pub use mock::{Answer, tangle, tell_step};

use crate::error::HostError;
use crate::meter::watched;
use crate::plugin::{
    Block, Cost, Facts, Format, HostTransport, Message, Note, Outbox, Parameter, Plugin,
};
use anacrusis::jam::controls::Controls;
use anacrusis::jam::input::{Input, InputEvent};
use anacrusis::jam::link::{Meters, Monitor, link};
use anacrusis::jam::performer::Performer;
use anacrusis::jam::player::{NoteEvent, NoteKind, NoteSink};
use anacrusis::jam::status::Status;
use anacrusis::jam::transport::Transport;
use anacrusis::jam::worker::Worker;
use anacrusis::model::Checkpoint;
use knobs::Knobs;
use mock::Mock;
use std::path::Path;
use std::time::Instant;

/// The network that plays unless another is chosen.
///
/// # Panics
/// If it is missing or damaged.
pub fn shipped() -> Checkpoint {
    shipped_as("songs")
}

/// The network that is shipped under this name.
///
/// # Panics
/// As [`shipped`].
pub fn shipped_as(name: &str) -> Checkpoint {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let path = models.join(name).with_extension("safetensors");
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Checkpoint::parse(&bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A performer as a host sees it.
pub struct Front {
    performer: Performer,
    monitor: Monitor,
    brain: Brain,
    knobs: Knobs,
    input: Input,
    facts: Facts,
    sample_rate: f64,
    offline: bool,
    active: bool,
}

/// Who decides the chords.
enum Brain {
    Worker(Worker),
    Mock(Mock),
}

impl Front {
    /// With a worker that plays `checkpoint`, read when it starts.
    pub fn with_model(checkpoint: Checkpoint) -> Front {
        Front::new(|end| {
            let worker = Worker::new(end);
            worker.models().load("model", move || Ok(checkpoint));
            Brain::Worker(worker)
        })
    }

    /// With chords that are `answer` of their place, at once.
    pub fn with_mock(answer: Answer) -> Front {
        Front::new(|end| Brain::Mock(Mock::prompt(end, answer)))
    }

    /// With chords that come so many blocks after they were asked for.
    pub fn with_slow_mock(answer: Answer, delay_blocks: u32) -> Front {
        Front::new(|end| Brain::Mock(Mock::slow(end, answer, delay_blocks)))
    }

    fn new(brain: impl FnOnce(anacrusis::jam::link::WorkerEnd) -> Brain) -> Front {
        let (audio, end, monitor) = link();
        Front {
            performer: Performer::new(audio),
            monitor,
            brain: brain(end),
            knobs: Knobs::default(),
            input: Input::NONE,
            facts: Facts { name: "Performer".into(), ..Facts::default() },
            sample_rate: 48_000.0,
            offline: false,
            active: false,
        }
    }

    /// What the editor would show.
    pub fn status(&mut self) -> Status {
        self.monitor.status()
    }

    /// The worker's meters.
    pub fn meters(&self) -> Meters {
        self.monitor.meters()
    }
}

fn transport(host: &HostTransport, offline: bool) -> Transport {
    let (above, below) = host.time_signature;
    Transport {
        playing: host.playing,
        sample_rate: host.sample_rate,
        tempo_bpm: host.tempo_bpm,
        position_beats: host.position_beats,
        bar_start_beats: Some(host.bar_start_beats),
        time_signature: Some((i32::from(above), i32::from(below))),
        loop_beats: host.loop_beats,
        offline,
    }
}

fn played(note: &Note) -> InputEvent {
    // Within 0..=127.
    let velocity = (note.velocity * 127.0).round().clamp(0.0, 127.0) as u8;
    if note.on {
        InputEvent::on(note.offset_samples, note.channel, note.key, velocity.max(1))
    } else {
        InputEvent::off(note.offset_samples, note.channel, note.key)
    }
}

fn control(message: &Message) -> Option<InputEvent> {
    let [status, number, value] = message.data;
    let control = (status & 0xf0 == 0xb0).then_some(message.offset_samples)?;
    InputEvent::control(control, status & 15, number, value)
}

struct Sink<'a>(&'a mut Outbox);

impl NoteSink for Sink<'_> {
    fn try_send(&mut self, event: NoteEvent) -> bool {
        self.0.push(Note {
            offset_samples: event.offset_samples,
            on: event.kind == NoteKind::On,
            key: event.key,
            channel: event.channel,
            velocity: f64::from(event.velocity) / 127.0,
        })
    }
}

impl Plugin for Front {
    fn format(&self) -> Format {
        Format::Performer
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn parameters(&self) -> &[Parameter] {
        self.knobs.parameters()
    }

    fn value(&mut self, id: u32) -> Option<f64> {
        self.knobs.value(id)
    }

    fn parse(&mut self, id: u32, text: &str) -> Option<f64> {
        self.knobs.parse(id, text)
    }

    fn display(&mut self, id: u32, value: f64) -> Option<String> {
        self.knobs.display(id, value)
    }

    fn activate(&mut self, sample_rate: f64, offline: bool) -> Result<(), HostError> {
        self.sample_rate = sample_rate;
        self.offline = offline;
        if let Brain::Worker(worker) = &mut self.brain {
            worker.start().map_err(|error| HostError::call("start", error))?;
        }
        self.performer.reset();
        self.active = true;
        Ok(())
    }

    fn deactivate(&mut self) {
        self.active = false;
    }

    fn reset(&mut self) {
        self.performer.reset();
    }

    fn set_offline(&mut self, offline: bool) -> Result<bool, HostError> {
        self.offline = offline;
        Ok(false)
    }

    fn process(&mut self, block: &Block<'_>, out: &mut Outbox) -> Result<Cost, HostError> {
        if !self.active {
            return Err(HostError::call("process", "the performer is not active"));
        }
        for &(id, value) in block.parameters {
            self.knobs.set(id, value);
        }
        let transport = transport(&block.transport, self.offline);
        let controls: Controls = self.knobs.controls();
        self.input.clear();
        let notes = block.notes.iter().map(played);
        let mut coming: Vec<InputEvent> =
            notes.chain(block.messages.iter().filter_map(control)).collect();
        coming.sort_by_key(|event| event.offset_samples);
        coming.into_iter().for_each(|event| self.input.push(event));
        let (performer, input, bypass) = (&mut self.performer, &self.input, self.knobs.bypass());
        let start = Instant::now();
        let ((), counts) = watched(|| {
            let sink = &mut Sink(out);
            if bypass {
                performer.bypass(&transport, &controls, block.frames, sink);
            } else {
                performer.process(&transport, &controls, input, block.frames, sink);
            }
        });
        if bypass {
            for note in block.notes {
                let taken = out.push(*note);
                self.performer.passed_by(played(note), taken);
            }
        }
        let time = start.elapsed();
        if let Brain::Mock(mock) = &mut self.brain {
            mock.serve();
        }
        Ok(Cost { time, counts, may_sleep: false })
    }

    fn save_state(&mut self) -> Result<Vec<u8>, HostError> {
        let mut state = self.knobs.to_bytes();
        if let Brain::Worker(worker) = &self.brain {
            state.extend_from_slice(&worker.take().save());
        }
        Ok(state)
    }

    fn load_state(&mut self, state: &[u8]) -> Result<(), HostError> {
        let take = self.knobs.read_bytes(state);
        let take = take.ok_or_else(|| HostError::call("load_state", "broken"))?;
        if let Brain::Worker(worker) = &self.brain {
            worker.take().load(take.to_vec());
        }
        self.performer.reset();
        Ok(())
    }
}
