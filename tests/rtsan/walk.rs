//! A host that does everything there is to do, at random and always the same.

use std::collections::VecDeque;

use crate::realtime;
use anacrusis::jam::controls::{Controls, Lookahead, Mode};
use anacrusis::jam::input::{Input, InputEvent};
use anacrusis::jam::link::{Monitor, Request, WorkerEnd, link};
use anacrusis::jam::performer::Performer;
use anacrusis::jam::player::{NoteEvent, NoteKind, NoteSink};
use anacrusis::jam::status::Status;
use anacrusis::jam::transport::Transport;
use anacrusis::music::{Chord, Rate};

/// Takes so many events and keeps none.
struct Queue {
    room: u64,
    onsets: u64,
    refused: u64,
}

impl NoteSink for Queue {
    fn try_send(&mut self, event: NoteEvent) -> bool {
        let taken = self.room > 0;
        self.room -= u64::from(taken);
        self.refused += u64::from(!taken);
        self.onsets += u64::from(taken && event.kind == NoteKind::On);
        taken
    }
}

/// What a walk came across.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub onsets: u64,
    pub refused: u64,
    pub bypassed: u64,
    pub passes: u64,
    pub epochs: u64,
}

/// The host, the instance, and who answers it.
pub struct Walk {
    performer: Performer,
    monitor: Monitor,
    end: WorkerEnd,
    /// What is answered, and in which block.
    waiting: VecDeque<(u32, Request)>,
    transport: Transport,
    controls: Controls,
    input: Input,
    /// Beats per minute that a block adds: a ramp.
    ramp_bpm: f64,
    bypass: bool,
    blocks: u32,
    seen: Seen,
    random: u64,
}

impl Walk {
    pub fn new(seed: u64) -> Walk {
        let (audio, end, monitor) = link();
        Walk {
            performer: Performer::new(audio),
            monitor,
            end,
            waiting: VecDeque::new(),
            transport: Transport {
                sample_rate: 48_000.0,
                tempo_bpm: Some(120.0),
                position_beats: Some(0.0),
                ..Transport::default()
            },
            controls: Controls::default(),
            input: Input::NONE,
            ramp_bpm: 0.0,
            bypass: false,
            blocks: 0,
            seen: Seen::default(),
            random: seed,
        }
    }

    pub fn seen(&self) -> Seen {
        self.seen
    }

    pub fn status(&mut self) -> Status {
        self.monitor.status()
    }

    /// One block, before which mostly nothing changes.
    pub fn block(&mut self) {
        if self.one_in(20) {
            self.change_transport();
        }
        if self.one_in(40) {
            self.change_controls();
        }
        if self.one_in(300) {
            self.disturb();
        }
        self.bypass &= !self.one_in(50);
        let frames = [64, 256, 480, 1, 2048, 8192, 0][self.below(7) as usize];
        self.input.clear();
        self.play_along(frames);
        let room = if self.one_in(8) { self.below(4) } else { 1000 };
        let mut queue = Queue { room, onsets: 0, refused: 0 };
        let (performer, transport) = (&mut self.performer, &self.transport);
        let (controls, input) = (&self.controls, &self.input);
        if self.bypass {
            realtime(|| {
                performer.bypass(transport, controls, frames, &mut queue);
                let events = (0..).map_while(|number| input.get(number));
                events.enumerate().for_each(|(n, event)| performer.passed_by(event, n % 5 > 0));
            });
            self.seen.bypassed += 1;
        } else {
            realtime(|| performer.process(transport, controls, input, frames, &mut queue));
        }
        self.seen.onsets += queue.onsets;
        self.seen.refused += queue.refused;
        self.go_on(frames);
        self.serve();
        let status = self.monitor.status();
        self.seen.epochs = status.epoch;
        self.seen.passes += u64::from(status.past().last().is_some_and(|shown| shown.pass > 0));
        self.blocks += 1;
    }

    /// Where the play head is next.
    fn go_on(&mut self, frames: u32) {
        let Some(tempo_bpm) = self.transport.tempo_bpm else { return };
        if self.transport.playing {
            let beats = f64::from(frames) * tempo_bpm / 60.0 / self.transport.sample_rate;
            self.transport.position_beats =
                self.transport.position_beats.map(|position| match self.transport.loop_beats {
                    Some((start, end)) if position < end && position + beats >= end => {
                        start + (position + beats - end) % (end - start)
                    }
                    _ => position + beats,
                });
        }
        self.transport.tempo_bpm = Some((tempo_bpm + self.ramp_bpm).clamp(20.0, 999.0));
    }

    /// Answers at once, late, much too late, or never.
    fn serve(&mut self) {
        // Now and then nobody looks for a while, and the ring fills.
        if self.blocks % 5000 < 1000 {
            return;
        }
        while let Some(request) = self.end.request() {
            let delay = [0, 0, 0, 1, 3, 30][self.below(6) as usize];
            if !self.one_in(20) {
                self.waiting.push_back((self.blocks + delay, request));
            }
        }
        while let Some((due, request)) = self.waiting.pop_front() {
            if due > self.blocks {
                self.waiting.push_front((due, request));
                break;
            }
            let keys = request.place.step.0 as u128;
            let chord = Chord::from_masks(keys.wrapping_mul(0x1234_5677) << 40, !0 << 44);
            self.end.send(request.answered(chord));
        }
    }

    fn change_transport(&mut self) {
        let beats = self.below(256) as f64 / 4.0 - 8.0;
        match self.below(12) {
            0..=3 => self.transport.playing = true,
            4 => self.transport.playing = false,
            5 => self.transport.position_beats = Some(beats),
            6 => self.transport.loop_beats = Some((beats, beats + 0.02 + self.below(8) as f64)),
            7 => self.transport.loop_beats = None,
            8 => self.transport.tempo_bpm = Some(20.0 + self.below(900) as f64),
            9 => self.ramp_bpm = self.below(9) as f64 - 4.0,
            10 => {
                self.transport.time_signature = Some((1 + self.below(9) as i32, 4));
                self.transport.bar_start_beats = Some(beats.floor());
            }
            _ => {
                // What no host should say.
                self.transport.tempo_bpm =
                    [None, Some(f64::NAN), Some(0.0), Some(120.0)][self.below(4) as usize];
                self.transport.position_beats =
                    [None, Some(f64::INFINITY), Some(1e18), Some(0.0)][self.below(4) as usize];
            }
        }
        if self.transport.tempo_bpm.is_none_or(|bpm| !(bpm > 0.0)) && self.one_in(2) {
            self.transport.tempo_bpm = Some(120.0);
            self.transport.position_beats = Some(beats);
        }
    }

    fn change_controls(&mut self) {
        let on = self.one_in(2);
        let some = self.below(128) as u8;
        let controls = &mut self.controls;
        match some % 16 {
            0 => controls.mode = Mode::Solo,
            1 | 2 => controls.mode = Mode::Accompany,
            3 | 4 => controls.mode = Mode::Answer,
            5 => controls.thru = on,
            6 => controls.double = on,
            7 => controls.room = on,
            8 => controls.answer_now = on,
            9 => controls.lookahead = Lookahead::ALL[usize::from(some) % 6],
            10 => controls.rate = Rate::ALL[usize::from(some) % 5],
            11 => controls.gate = f32::from(some) / 127.0,
            12 => (controls.accent, controls.humanise) = (some, 127 - some),
            13 => controls.transpose = some as i8 % 25,
            14 => (controls.bounds.lowest, controls.bounds.most_notes) = (some / 2, some),
            _ => (controls.seed, controls.channel) = (some.into(), some % 16),
        }
    }

    /// What a host does beside playing. But for activating: this one is so far ahead of the clock
    /// that it would be taken for a render, in which chords are waited for.
    fn disturb(&mut self) {
        let what = self.below(5);
        let performer = &mut self.performer;
        match what {
            // A state was loaded, or the host was reset.
            0 | 1 => realtime(|| performer.reset()),
            2 => realtime(|| performer.panic()),
            3 => {
                self.transport.sample_rate = [44_100.0, 48_000.0, 96_000.0][self.below(3) as usize]
            }
            _ => self.bypass = true,
        }
    }

    /// Notes come in, now and then more than fit.
    fn play_along(&mut self, frames: u32) {
        let notes = if self.one_in(50) { 400 } else { self.below(4) };
        for _ in 0..notes {
            let (at, key) = (self.below(u64::from(frames.max(1))) as u32, self.below(128) as u8);
            let event = match self.one_in(2) {
                true => InputEvent::on(at, key % 16, key, 100),
                false => InputEvent::off(at, key % 16, key),
            };
            self.input.push(event);
        }
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// A number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        // Steele and Vigna's splitmix64.
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.random ^ self.random >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ z >> 31) % n
    }
}
