//! The part of an active CLAP that belongs to the audio thread, whichever thread that is.

use super::handlers::{Handlers, in_process};
use super::plain;
use crate::audio::Process;
use crate::error::HostError;
use crate::meter::watched;
use crate::plugin::{Block, Cost, Facts, MAX_FRAMES, Message, Note, Outbox, Parameter};
use clack_host::events::event_types::{
    MidiEvent, NoteExpressionEvent, NoteExpressionType, NoteOffEvent, NoteOnEvent, ParamValueEvent,
    TransportEvent, TransportFlags,
};
use clack_host::events::io::{OutputEventBuffer, TryPushError};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::events::{EventFlags, Match, UnknownEvent};
use clack_host::prelude::*;
use clack_host::utils::{BeatTime, SecondsTime};
use std::time::Instant;

/// A started instance with all that a call of `process` needs.
pub struct Processor {
    started: StartedPluginAudioProcessor<Handlers>,
    buffers: Buffers,
    parameters: Vec<Parameter>,
}

/// The silent buffers that travel with every block.
struct Buffers {
    inputs: AudioPorts,
    outputs: AudioPorts,
    input_channels: Vec<Vec<Vec<f32>>>,
    output_channels: Vec<Vec<Vec<f32>>>,
    input_events: EventBuffer,
}

impl Buffers {
    fn new(facts: &Facts) -> Buffers {
        let buffers = |ports: &[u32]| -> Vec<Vec<Vec<f32>>> {
            let port = |&n: &u32| (0..n).map(|_| vec![0.0; MAX_FRAMES as usize]).collect();
            ports.iter().map(port).collect()
        };
        // The frame count travels with the buffers, so there is always one.
        let outputs = if facts.audio_outputs.is_empty() { &[2][..] } else { &facts.audio_outputs };
        Buffers {
            inputs: AudioPorts::with_capacity(64, facts.audio_inputs.len().max(1)),
            outputs: AudioPorts::with_capacity(64, outputs.len()),
            input_channels: buffers(&facts.audio_inputs),
            output_channels: buffers(outputs),
            input_events: EventBuffer::with_capacity(1024),
        }
    }
}

impl Processor {
    pub fn new(
        started: StartedPluginAudioProcessor<Handlers>,
        facts: &Facts,
        parameters: Vec<Parameter>,
    ) -> Processor {
        Processor { started, buffers: Buffers::new(facts), parameters }
    }

    pub fn stop(self) -> StoppedPluginAudioProcessor<Handlers> {
        self.started.stop_processing()
    }

    pub fn reset(&mut self) {
        self.started.reset();
    }
}

impl Process for Processor {
    fn process(&mut self, block: &Block<'_>, out: &mut Outbox) -> Result<Cost, HostError> {
        let Processor { started, buffers, parameters } = self;
        let Buffers { inputs, outputs, input_channels, output_channels, input_events } = buffers;
        let frames = block.frames as usize;
        fill_events(input_events, block, parameters);
        let transport = transport_event(block);
        let inputs = inputs.with_input_buffers(input_channels.iter_mut().map(|port| {
            let channels = port.iter_mut().map(|c| InputChannel::constant(&mut c[..frames]));
            AudioPortBuffer { latency: 0, channels: AudioPortBufferType::f32_input_only(channels) }
        }));
        let mut outputs = outputs.with_output_buffers(output_channels.iter_mut().map(|port| {
            let channels = port.iter_mut().map(|c| &mut c[..frames]);
            AudioPortBuffer { latency: 0, channels: AudioPortBufferType::f32_output_only(channels) }
        }));
        let input_events = input_events.as_input();
        let mut sink = Sink(out);
        let mut output_events = OutputEvents::from_buffer(&mut sink);
        in_process(true);
        let start = Instant::now();
        let (status, counts) = watched(|| {
            started.process(
                &inputs,
                &mut outputs,
                &input_events,
                &mut output_events,
                Some(block.transport.time_samples),
                Some(&transport),
            )
        });
        let time = start.elapsed();
        in_process(false);
        let status = status.map_err(|e| HostError::call("process", e))?;
        Ok(Cost { time, counts, may_sleep: status != ProcessStatus::Continue })
    }
}

fn fill_events(buffer: &mut EventBuffer, block: &Block<'_>, parameters: &[Parameter]) {
    buffer.clear();
    for &(id, value) in block.parameters {
        if let Some(parameter) = parameters.iter().find(|p| p.id == id) {
            let value = plain(parameter, value);
            buffer.push(&ParamValueEvent::new(0, ClapId::new(id), Pckn::match_all(), value));
        }
    }
    let mut messages = block.messages.iter().peekable();
    let push = |buffer: &mut EventBuffer, message: &Message| {
        buffer.push(&MidiEvent::new(message.offset_samples, 0, message.data));
    };
    for note in block.notes {
        while let Some(message) = messages.next_if(|m| m.offset_samples < note.offset_samples) {
            push(buffer, message);
        }
        let pckn = Pckn::new(0u16, u16::from(note.channel), u16::from(note.key), Match::All);
        if note.on {
            buffer.push(&NoteOnEvent::new(note.offset_samples, pckn, note.velocity));
        } else {
            buffer.push(&NoteOffEvent::new(note.offset_samples, pckn, note.velocity));
        }
    }
    messages.for_each(|message| push(buffer, message));
}

/// Takes notes as events of either dialect.
struct Sink<'a>(&'a mut Outbox);

impl OutputEventBuffer for Sink<'_> {
    fn try_push(&mut self, event: &UnknownEvent) -> Result<(), TryPushError> {
        let offset_samples = event.header().time();
        let note = |on, key: u8, channel: u8, velocity| Note {
            offset_samples,
            on,
            key,
            channel,
            velocity,
        };
        let note = match event.as_core_event() {
            Some(CoreEventSpace::NoteOn(e)) => {
                let pckn = e.pckn();
                note(true, pckn.raw_key() as u8, pckn.raw_channel() as u8, e.velocity())
            }
            Some(CoreEventSpace::NoteOff(e)) => {
                let pckn = e.pckn();
                note(false, pckn.raw_key() as u8, pckn.raw_channel() as u8, e.velocity())
            }
            Some(CoreEventSpace::Midi(e)) => {
                let [status, key, velocity] = e.data();
                match status & 0xf0 {
                    0x90 => note(velocity > 0, key, status & 15, f64::from(velocity) / 127.0),
                    0x80 => note(false, key, status & 15, f64::from(velocity) / 127.0),
                    _ => return self.message(offset_samples, e.data()),
                }
            }
            Some(CoreEventSpace::NoteExpression(e)) => return self.pressure(offset_samples, e),
            _ => return Ok(()),
        };
        if self.0.push(note) { Ok(()) } else { Err(TryPushError::new()) }
    }
}

impl Sink<'_> {
    fn message(&mut self, offset_samples: u32, data: [u8; 3]) -> Result<(), TryPushError> {
        let taken = self.0.push_message(Message { offset_samples, data });
        if taken { Ok(()) } else { Err(TryPushError::new()) }
    }

    /// Pressure on a key, as MIDI has it; other expressions have no message.
    fn pressure(
        &mut self,
        offset_samples: u32,
        event: &NoteExpressionEvent,
    ) -> Result<(), TryPushError> {
        if event.expression_type() != Some(NoteExpressionType::Pressure) {
            return Ok(());
        }
        let pckn = event.pckn();
        // Within 0..=127.
        let value = (event.value() * 127.0).round() as u8;
        self.message(offset_samples, [0xa0 | pckn.raw_channel() as u8, pckn.raw_key() as u8, value])
    }
}

fn transport_event(block: &Block<'_>) -> TransportEvent {
    let transport = &block.transport;
    let mut flags = TransportFlags::HAS_TIME_SIGNATURE;
    flags.set(TransportFlags::IS_PLAYING, transport.playing);
    flags.set(TransportFlags::HAS_TEMPO, transport.tempo_bpm.is_some());
    flags.set(TransportFlags::HAS_BEATS_TIMELINE, transport.position_beats.is_some());
    flags.set(TransportFlags::IS_LOOP_ACTIVE, transport.loop_beats.is_some());
    let (loop_start, loop_end) = transport.loop_beats.unwrap_or_default();
    let (numerator, denominator) = transport.time_signature;
    let bar_beats = f64::from(numerator) * 4.0 / f64::from(denominator);
    TransportEvent {
        header: clack_host::events::EventHeader::new_core(0, EventFlags::empty()),
        flags,
        song_pos_beats: BeatTime::from_float(transport.position_beats.unwrap_or(0.0)),
        song_pos_seconds: SecondsTime::from_float(0.0),
        tempo: transport.tempo_bpm.unwrap_or(0.0),
        tempo_inc: 0.0,
        loop_start_beats: BeatTime::from_float(loop_start),
        loop_end_beats: BeatTime::from_float(loop_end),
        loop_start_seconds: SecondsTime::from_float(0.0),
        loop_end_seconds: SecondsTime::from_float(0.0),
        bar_start: BeatTime::from_float(transport.bar_start_beats),
        bar_number: (transport.bar_start_beats / bar_beats).round() as i32,
        time_signature_numerator: numerator,
        time_signature_denominator: denominator,
    }
}
