//! CLAP front, on `clack-host`.

#[cfg(target_os = "linux")]
mod editor;
mod handlers;
mod processor;

use crate::audio::{Audio, Process, Slot};
use crate::error::HostError;
use crate::plugin::{Block, Cost, Facts, Format, MAX_FRAMES, Outbox, Parameter, Plugin};
#[cfg(target_os = "linux")]
use crate::window::{Parent, Size};
use clack_extensions::audio_ports::{AudioPortInfoBuffer, PluginAudioPorts};
use clack_extensions::note_ports::PluginNotePorts;
use clack_extensions::params::{ParamInfoBuffer, ParamInfoFlags, PluginParams};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_host::prelude::*;
use handlers::{Handlers, MainThread, Shared};
use processor::Processor;
use std::ffi::{CStr, CString};
use std::io::Cursor;
use std::path::Path;

/// A CLAP instance.
pub struct Clap {
    // Dropped by `Drop` before the instance, as clack asks.
    processor: Slot<Processor>,
    #[cfg(target_os = "linux")]
    editor: Option<editor::Editor>,
    instance: PluginInstance<Handlers>,
    facts: Facts,
    parameters: Vec<Parameter>,
    params: Option<PluginParams>,
    state: Option<PluginState>,
    render: Option<PluginRender>,
    sample_rate: f64,
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
        Ok(Clap {
            processor: Slot::empty(),
            #[cfg(target_os = "linux")]
            editor: None,
            instance,
            facts,
            parameters,
            params,
            state,
            render,
            sample_rate: 48_000.0,
        })
    }

    /// The plugin's wishes since the last block, as a host's main loop grants them.
    fn main_loop(&mut self) {
        if self.instance.access_shared_handler(|shared| shared.take_callback()) {
            self.instance.call_on_main_thread_callback();
        }
        self.flush();
    }

    /// Takes what the editor changed, if nobody processes who would.
    fn flush(&mut self) {
        if self.processor.lock().is_some()
            || !self.instance.access_shared_handler(|shared| shared.take_flush())
        {
            return;
        }
        if let (Some(params), Some(mut handle)) =
            (self.params, self.instance.inactive_plugin_handle())
        {
            params.flush(&mut handle, &InputEvents::empty(), &mut OutputEvents::void());
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
        let processor = Processor::new(started, &self.facts, self.parameters.clone());
        *self.processor.lock() = Some(processor);
        self.main_loop();
        Ok(())
    }

    fn deactivate(&mut self) {
        let processor = self.processor.lock().take();
        if let Some(processor) = processor {
            self.instance.deactivate(processor.stop());
            self.main_loop();
        }
    }

    fn reset(&mut self) {
        if let Some(processor) = self.processor.lock().as_mut() {
            processor.reset();
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
        if restart && self.processor.lock().is_some() {
            self.activate(self.sample_rate, offline)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn process(&mut self, block: &Block<'_>, out: &mut Outbox) -> Result<Cost, HostError> {
        let cost = self.processor.process(block, out)?;
        self.main_loop();
        Ok(cost)
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

    fn audio(&self) -> Option<Audio> {
        Some(Audio::new(self, self.processor.again()))
    }

    fn turn(&mut self) {
        self.main_loop();
        #[cfg(target_os = "linux")]
        self.turn_editor();
    }

    #[cfg(target_os = "linux")]
    fn open_editor(&mut self, parent: &Parent, scale: f64) -> Result<(), HostError> {
        self.open_gui(parent, scale)
    }

    #[cfg(target_os = "linux")]
    fn resize_editor(&mut self, size: Size) -> Result<Size, HostError> {
        self.resize_gui(size)
    }

    #[cfg(target_os = "linux")]
    fn close_editor(&mut self) {
        self.close_gui();
    }
}

impl Drop for Clap {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        self.close_gui();
        self.deactivate();
    }
}
