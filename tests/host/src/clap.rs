//! CLAP front, on `clack-host`.

mod handlers;

use crate::error::HostError;
use crate::meter::watched;
use crate::plugin::{Block, Cost, Facts, Format, MAX_FRAMES, Note, Outbox, Parameter, Plugin};
use clack_extensions::audio_ports::{AudioPortInfoBuffer, PluginAudioPorts};
use clack_extensions::note_ports::PluginNotePorts;
use clack_extensions::params::{ParamInfoBuffer, ParamInfoFlags, PluginParams};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_host::events::Match;
use clack_host::events::event_types::{
    NoteOffEvent, NoteOnEvent, ParamValueEvent, TransportEvent, TransportFlags,
};
use clack_host::events::io::{OutputEventBuffer, TryPushError};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::events::{EventFlags, UnknownEvent};
use clack_host::prelude::*;
use clack_host::utils::{BeatTime, SecondsTime};
use handlers::{Handlers, MainThread, Shared};
use std::ffi::{CStr, CString};
use std::io::Cursor;
use std::path::Path;
use std::time::Instant;

/// A CLAP instance.
pub struct Clap {
    // Dropped by `Drop` before the instance, as clack asks.
    processor: Option<StartedPluginAudioProcessor<Handlers>>,
    instance: PluginInstance<Handlers>,
    facts: Facts,
    parameters: Vec<Parameter>,
    params: Option<PluginParams>,
    state: Option<PluginState>,
    render: Option<PluginRender>,
    audio: Audio,
    sample_rate: f64,
}

/// The silent buffers that travel with every block.
struct Audio {
    inputs: AudioPorts,
    outputs: AudioPorts,
    input_channels: Vec<Vec<Vec<f32>>>,
    output_channels: Vec<Vec<Vec<f32>>>,
    input_events: EventBuffer,
}

impl Audio {
    fn new(facts: &Facts) -> Audio {
        let buffers = |ports: &[u32]| -> Vec<Vec<Vec<f32>>> {
            let port = |&n: &u32| (0..n).map(|_| vec![0.0; MAX_FRAMES as usize]).collect();
            ports.iter().map(port).collect()
        };
        // The frame count travels with the buffers, so there is always one.
        let outputs = if facts.audio_outputs.is_empty() { &[2][..] } else { &facts.audio_outputs };
        Audio {
            inputs: AudioPorts::with_capacity(64, facts.audio_inputs.len().max(1)),
            outputs: AudioPorts::with_capacity(64, outputs.len()),
            input_channels: buffers(&facts.audio_inputs),
            output_channels: buffers(outputs),
            input_events: EventBuffer::with_capacity(1024),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn c_text(s: Option<&CStr>) -> String {
    s.map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Clap {
    /// Loads the first plugin of a `.clap`.
    ///
    /// # Errors
    /// If it does not load or does not answer.
    pub fn open(path: &Path) -> Result<Clap, HostError> {
        let failed = |reason: String| HostError::Load { path: path.to_owned(), reason };
        // SAFETY: loading runs the library's initialisers. The file is the plugin that the
        // caller means to run; its entry is the one that the CLAP ABI prescribes.
        let entry = unsafe { PluginEntry::load(path) }.map_err(|e| failed(e.to_string()))?;
        let factory = entry.get_plugin_factory().ok_or_else(|| failed("no factory".into()))?;
        let descriptor = factory
            .plugin_descriptors()
            .next()
            .ok_or_else(|| failed("the factory lists no plugin".into()))?;
        let id = descriptor.id().ok_or_else(|| failed("the plugin has no id".into()))?.to_owned();
        let mut facts = Facts {
            id: c_text(Some(&id)),
            name: c_text(descriptor.name()),
            vendor: c_text(descriptor.vendor()),
            version: c_text(descriptor.version()),
            features: descriptor.features().map(|f| c_text(Some(f))).collect(),
            ..Facts::default()
        };
        let version = env!("CARGO_PKG_VERSION");
        let host = HostInfo::new("Anacrusis test host", "Anacrusis", "", version)
            .map_err(|e| failed(e.to_string()))?;
        let mut instance =
            PluginInstance::<Handlers>::new(|_| Shared::new(), |_| MainThread, &entry, &id, &host)
                .map_err(|e| failed(e.to_string()))?;
        let handle = instance.plugin_handle();
        let params = handle.get_extension::<PluginParams>();
        let state = handle.get_extension::<PluginState>();
        let render = handle.get_extension::<PluginRender>();
        read_ports(&mut instance, &mut facts);
        let parameters = params.map(|p| read_parameters(p, &mut instance)).unwrap_or_default();
        let audio = Audio::new(&facts);
        Ok(Clap {
            processor: None,
            instance,
            facts,
            parameters,
            params,
            state,
            render,
            audio,
            sample_rate: 48_000.0,
        })
    }

    /// The plugin's wishes since the last block, as a host's main loop grants them.
    fn main_loop(&mut self) {
        if self.instance.access_shared_handler(|shared| shared.take_callback()) {
            self.instance.call_on_main_thread_callback();
        }
    }
}

fn read_ports(instance: &mut PluginInstance<Handlers>, facts: &mut Facts) {
    let handle = instance.plugin_handle();
    if let Some(ports) = handle.get_extension::<PluginNotePorts>() {
        facts.note_inputs = ports.count(&handle, true);
        facts.note_outputs = ports.count(&handle, false);
    }
    if let Some(ports) = handle.get_extension::<PluginAudioPorts>() {
        let mut buffer = AudioPortInfoBuffer::new();
        for (is_input, list) in [(true, &mut facts.audio_inputs), (false, &mut facts.audio_outputs)]
        {
            for index in 0..ports.count(&handle, is_input) {
                let info = ports.get(&handle, index, is_input, &mut buffer);
                list.push(info.map_or(0, |info| info.channel_count));
            }
        }
    }
}

fn read_parameters(
    params: PluginParams,
    instance: &mut PluginInstance<Handlers>,
) -> Vec<Parameter> {
    let handle = instance.plugin_handle();
    let mut buffer = ParamInfoBuffer::new();
    let mut parameters = Vec::new();
    for index in 0..params.count(&handle) {
        let Some(info) = params.get_info(&handle, index, &mut buffer) else { continue };
        let range = info.max_value - info.min_value;
        let stepped = info.flags.contains(ParamInfoFlags::IS_STEPPED);
        parameters.push(Parameter {
            id: info.id.get(),
            name: text(info.name),
            default: (info.default_value - info.min_value) / range,
            steps: if stepped { range.round() as u32 } else { 0 },
            automatable: info.flags.contains(ParamInfoFlags::IS_AUTOMATABLE),
            bypass: info.flags.contains(ParamInfoFlags::IS_BYPASS),
            hidden: info.flags.contains(ParamInfoFlags::IS_HIDDEN),
        });
    }
    parameters
}

/// CLAP's plain value of a normalised one: the wrapper numbers the steps from zero and leaves
/// continuous parameters in 0..=1.
fn plain(parameter: &Parameter, normalised: f64) -> f64 {
    normalised * f64::from(parameter.steps.max(1))
}

impl Plugin for Clap {
    fn format(&self) -> Format {
        Format::Clap
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn value(&mut self, id: u32) -> Option<f64> {
        let parameter = self.parameters.iter().find(|p| p.id == id)?;
        let value = self.params?.get_value(&self.instance.plugin_handle(), ClapId::new(id))?;
        Some(value / f64::from(parameter.steps.max(1)))
    }

    fn parse(&mut self, id: u32, text: &str) -> Option<f64> {
        let parameter = self.parameters.iter().find(|p| p.id == id)?;
        let text = CString::new(text).ok()?;
        let handle = self.instance.plugin_handle();
        let value = self.params?.text_to_value(&handle, ClapId::new(id), &text)?;
        Some(value / f64::from(parameter.steps.max(1)))
    }

    fn display(&mut self, id: u32, value: f64) -> Option<String> {
        let value = plain(self.parameters.iter().find(|p| p.id == id)?, value);
        let mut buffer = [0; 256];
        let handle = self.instance.plugin_handle();
        let written =
            self.params?.value_to_text(&handle, ClapId::new(id), value, &mut buffer).ok()?;
        Some(text(written))
    }

    fn activate(&mut self, sample_rate: f64, offline: bool) -> Result<(), HostError> {
        self.deactivate();
        self.sample_rate = sample_rate;
        self.set_offline(offline)?;
        let configuration = PluginAudioConfiguration {
            sample_rate,
            min_frames_count: 1,
            max_frames_count: MAX_FRAMES,
        };
        let stopped = self
            .instance
            .activate(|_, _| (), configuration)
            .map_err(|e| HostError::call("activate", e))?;
        let started =
            stopped.start_processing().map_err(|e| HostError::call("start_processing", e))?;
        self.processor = Some(started);
        self.main_loop();
        Ok(())
    }

    fn deactivate(&mut self) {
        if let Some(started) = self.processor.take() {
            self.instance.deactivate(started.stop_processing());
            self.main_loop();
        }
    }

    fn reset(&mut self) {
        if let Some(started) = &mut self.processor {
            started.reset();
        }
    }

    fn set_offline(&mut self, offline: bool) -> Result<bool, HostError> {
        let Some(render) = self.render else { return Ok(false) };
        let mode = if offline { RenderMode::Offline } else { RenderMode::Realtime };
        render
            .set(&self.instance.plugin_handle(), mode)
            .map_err(|e| HostError::call("render.set", e))?;
        // A plugin may ask to be activated anew, to learn of it.
        let restart = self.instance.access_shared_handler(|shared| shared.take_restart());
        if restart && self.processor.is_some() {
            self.activate(self.sample_rate, offline)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn process(&mut self, block: &Block<'_>, out: &mut Outbox) -> Result<Cost, HostError> {
        let Some(processor) = &mut self.processor else {
            return Err(HostError::call("process", "the plugin is not active"));
        };
        let Audio { inputs, outputs, input_channels, output_channels, input_events } =
            &mut self.audio;
        let frames = block.frames as usize;
        fill_events(input_events, block, &self.parameters);
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
        processor.access_shared_handler(|shared| shared.set_in_process(true));
        let start = Instant::now();
        let (status, counts) = watched(|| {
            processor.process(
                &inputs,
                &mut outputs,
                &input_events,
                &mut output_events,
                Some(block.transport.time_samples),
                Some(&transport),
            )
        });
        let time = start.elapsed();
        processor.access_shared_handler(|shared| shared.set_in_process(false));
        let status = status.map_err(|e| HostError::call("process", e))?;
        self.main_loop();
        Ok(Cost { time, counts, may_sleep: status != ProcessStatus::Continue })
    }

    fn save_state(&mut self) -> Result<Vec<u8>, HostError> {
        let state = self.state.ok_or_else(|| HostError::call("state.save", "no extension"))?;
        let mut bytes = Vec::new();
        state
            .save(&self.instance.plugin_handle(), &mut bytes)
            .map_err(|e| HostError::call("state.save", e))?;
        Ok(bytes)
    }

    fn load_state(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        let state = self.state.ok_or_else(|| HostError::call("state.load", "no extension"))?;
        state
            .load(&self.instance.plugin_handle(), &mut Cursor::new(bytes))
            .map_err(|e| HostError::call("state.load", e))?;
        self.main_loop();
        Ok(())
    }
}

impl Drop for Clap {
    fn drop(&mut self) {
        self.deactivate();
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
    for note in block.notes {
        let pckn = Pckn::new(0u16, u16::from(note.channel), u16::from(note.key), Match::All);
        if note.on {
            buffer.push(&NoteOnEvent::new(note.offset_samples, pckn, note.velocity));
        } else {
            buffer.push(&NoteOffEvent::new(note.offset_samples, pckn, note.velocity));
        }
    }
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
                    _ => return Ok(()),
                }
            }
            _ => return Ok(()),
        };
        if self.0.push(note) { Ok(()) } else { Err(TryPushError::new()) }
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
