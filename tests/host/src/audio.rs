//! An active plugin's audio on a thread of its own, as live hosts have it, while the thread that
//! opened the plugin keeps its window.

use crate::error::HostError;
use crate::perform::perform;
use crate::plugin::{Block, Cost, Facts, Format, Outbox, Parameter, Plugin};
use crate::recording::Recording;
use crate::script::{Action, Script};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// What an audio thread drives.
pub(crate) trait Process: Send {
    /// As [`Plugin::process`].
    fn process(&mut self, block: &Block<'_>, out: &mut Outbox) -> Result<Cost, HostError>;
}

/// Where an active plugin's audio lies, for its owner and for the thread that drives it. Nobody
/// waits there but when the owner takes it out.
pub(crate) struct Slot<T>(Arc<Mutex<Option<T>>>);

impl<T> Slot<T> {
    /// With nothing in it.
    pub fn empty() -> Slot<T> {
        Slot(Arc::new(Mutex::new(None)))
    }

    /// What is in it, if anything, for as long as it is looked at.
    pub fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same place.
    pub fn again(&self) -> Slot<T> {
        Slot(self.0.clone())
    }
}

impl<T: Process> Process for Slot<T> {
    fn process(&mut self, block: &Block<'_>, out: &mut Outbox) -> Result<Cost, HostError> {
        match self.lock().as_mut() {
            Some(processor) => processor.process(block, out),
            None => Err(HostError::call("process", "the plugin is not active")),
        }
    }
}

/// The audio of an active plugin: a [`Plugin`] that does nothing but process, and may be sent to
/// another thread. It fails once the plugin is inactive or gone.
pub struct Audio {
    format: Format,
    facts: Facts,
    parameters: Vec<Parameter>,
    /// What parameters read in texts, asked beforehand.
    read: HashMap<(u32, String), f64>,
    process: Box<dyn Process>,
}

impl Audio {
    /// That of `plugin`, which `process` drives.
    pub(crate) fn new(plugin: &dyn Plugin, process: impl Process + 'static) -> Audio {
        Audio {
            format: plugin.format(),
            facts: plugin.facts().clone(),
            parameters: plugin.parameters().to_vec(),
            read: HashMap::new(),
            process: Box::new(process),
        }
    }
}

fn not_here(call: &'static str) -> HostError {
    HostError::call(call, "not from the audio thread")
}

impl Plugin for Audio {
    fn format(&self) -> Format {
        self.format
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn value(&mut self, _: u32) -> Option<f64> {
        None
    }

    fn parse(&mut self, id: u32, text: &str) -> Option<f64> {
        self.read.get(&(id, text.to_owned())).copied()
    }

    fn display(&mut self, _: u32, _: f64) -> Option<String> {
        None
    }

    /// It is active already.
    fn activate(&mut self, _: f64, _: bool) -> Result<(), HostError> {
        Ok(())
    }

    fn deactivate(&mut self) {}

    fn reset(&mut self) {}

    fn set_offline(&mut self, _: bool) -> Result<bool, HostError> {
        Err(not_here("set_offline"))
    }

    fn process(&mut self, block: &Block<'_>, out: &mut Outbox) -> Result<Cost, HostError> {
        self.process.process(block, out)
    }

    fn save_state(&mut self) -> Result<Vec<u8>, HostError> {
        Err(not_here("save_state"))
    }

    fn load_state(&mut self, _: &[u8]) -> Result<(), HostError> {
        Err(not_here("load_state"))
    }
}

/// A performance on another thread.
pub struct Aside(JoinHandle<Result<Recording, HostError>>);

impl Aside {
    /// Whether it has ended, well or not.
    pub fn is_over(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// What [`perform`] failed with; if it panicked.
    pub fn finish(self) -> Result<Recording, HostError> {
        let panicked = |_| HostError::call("process", "the audio thread panicked");
        self.0.join().map_err(panicked)?
    }
}

/// [`perform`], on a thread of its own: activates `plugin` and returns at once. The caller goes on
/// as its main thread, which must [turn](Plugin::turn). Scripts may not do there what only a main
/// thread may: states, resets, activation.
///
/// # Errors
/// If the plugin cannot be activated, a parameter is not there, or it has no audio of its own.
pub fn perform_aside(plugin: &mut dyn Plugin, script: &Script) -> Result<Aside, HostError> {
    plugin.activate(script.sample_rate, false)?;
    let mut read = HashMap::new();
    for action in &script.actions {
        let Action::Set(name, text) = action else { continue };
        let id = plugin.parameter(name)?.id;
        read.extend(plugin.parse(id, text).map(|value| ((id, text.clone()), value)));
    }
    let no_audio = || HostError::call("process", "it has no audio for another thread");
    let mut audio = Audio { read, ..plugin.audio().ok_or_else(no_audio)? };
    let script = script.clone();
    Ok(Aside(std::thread::spawn(move || perform(&mut audio, &script))))
}
