//! The plugin as a program of its own, for jamming without a host.
//!
//! The framework's wrapper brings sound, MIDI and the window. What it lacks is added around
//! the plugin, not patched into the framework:
//!
//! - **Time.** Its transport under JACK rolls only if some other program rolls JACK's, and
//!   tells beats only if yet another keeps them; elsewhere it never stops. So [`Standalone`]
//!   hands the plugin a transport of our own ([`Conductor`]), led from the command line and
//!   the terminal ([`terminal`]), and from the window ([`lead`]), where the computer's keys are
//!   a piano.
//! - **Cables.** It connects sound to ports that only JACK's own server has, and MIDI to
//!   nothing unless told each port's full name: [`cables`] does better.
//! - **Ends.** It stops calling the plugin before notes are ended; [`window`] and
//!   [`terminal`] end them first.
//! - **Devices** that are missing are silently replaced by none: [`devices`] looks first and
//!   says what to do.
#![allow(clippy::print_stdout, clippy::print_stderr)] // A program with a terminal.

mod arguments;
mod cables;
mod devices;
mod logger;
mod shared_controls;
mod terminal;
mod time;
mod transport_control;
mod window;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use clap::Parser;
use nih_plug::plugin::PluginState;
use nih_plug::prelude::{
    ActivateContext, AsyncExecutor, AudioIOLayout, AuxiliaryBuffers, Buffer, BufferConfig,
    MidiConfig, NoteEvent, Params, Plugin, ProcessContext, ProcessStatus,
    nice_export_standalone_with_args,
};

use self::arguments::Arguments;
use self::shared_controls::SharedControls;
use self::time::OwnTime;
use self::transport_control::InWindow;
use self::window::Stage;
use ringbuf::traits::Split;
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::jam::conductor::Conductor;
use crate::params::AnacrusisParams;
use crate::plugin::Anacrusis;

/// What the terminal and the plugin share. A global, since the framework makes the plugin and
/// hands nothing on.
static CONTROLS: OnceLock<Arc<SharedControls>> = OnceLock::new();

/// The program: runs until its window is closed, or until it is told to end.
pub fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    if arguments.list {
        print!("{}", devices::list());
        return Ok(());
    }
    let plan = devices::plan(&arguments)?;
    let shared = Arc::new(SharedControls::new(&arguments));
    let shared = CONTROLS.get_or_init(|| shared);
    eprintln!("{}", plan.told);
    terminal::start(shared.clone())?;
    if let Some(cables) = plan.cables {
        cables.connect_when(shared.clone())?;
    }
    if nice_export_standalone_with_args::<Standalone, _>(plan.framework) {
        Ok(())
    } else {
        Err("the sound could not be started; what went wrong is told above. \
             `--list` shows the devices, `--backend none` plays without sound"
            .to_owned())
    }
}

/// The plugin with a transport of its own.
pub struct Standalone {
    plugin: Anacrusis,
    conductor: Conductor,
    shared: Arc<SharedControls>,
    /// What is played on the computer's keys.
    keys: HeapCons<NoteEvent<()>>,
    /// The other end, until the window has it.
    keyboard: Option<HeapProd<NoteEvent<()>>>,
}

impl Default for Standalone {
    fn default() -> Self {
        let shared = CONTROLS.get_or_init(Arc::default).clone();
        let params =
            if shared.muted { AnacrusisParams::default() } else { AnacrusisParams::auditioning() };
        let (keyboard, keys) = HeapRb::new(transport_control::MOST_KEYS).split();
        Self {
            plugin: Anacrusis::new(params),
            conductor: Conductor::default(),
            shared,
            keys,
            keyboard: Some(keyboard),
        }
    }
}

impl Plugin for Standalone {
    const NAME: &'static str = Anacrusis::NAME;
    const VENDOR: &'static str = Anacrusis::VENDOR;
    const URL: &'static str = Anacrusis::URL;
    const EMAIL: &'static str = Anacrusis::EMAIL;
    const VERSION: &'static str = Anacrusis::VERSION;
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = Anacrusis::AUDIO_IO_LAYOUTS;
    const MIDI_INPUT: MidiConfig = Anacrusis::MIDI_INPUT;
    const MIDI_OUTPUT: MidiConfig = Anacrusis::MIDI_OUTPUT;
    const SAMPLE_ACCURATE_AUTOMATION: bool = Anacrusis::SAMPLE_ACCURATE_AUTOMATION;
    const INPUT_EVENT_CAPACITY: usize = Anacrusis::INPUT_EVENT_CAPACITY;

    type Editor = Stage;
    type SysExMessage = <Anacrusis as Plugin>::SysExMessage;
    type BackgroundTask = <Anacrusis as Plugin>::BackgroundTask;

    fn setup_logger() -> Option<bool> {
        Some(logger::start())
    }

    fn params(&self) -> Arc<dyn Params> {
        self.plugin.params()
    }

    fn editor(&mut self, _executor: AsyncExecutor<Self>) -> Option<Stage> {
        let keyboard = self.keyboard.take().filter(|_| !self.shared.windowless);
        let window = keyboard.and_then(|keyboard| {
            let lead = InWindow::new(self.shared.clone(), keyboard);
            self.plugin.window(Some(Box::new(lead)))
        });
        Some(Stage::new(window, self.shared.clone()))
    }

    fn filter_state(state: &mut PluginState) {
        Anacrusis::filter_state(state);
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        self.plugin.begin(config, context.plugin_api())
    }

    fn reset(&mut self) {
        self.plugin.reset();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let sample_rate = f64::from(context.transport().sample_rate);
        let transport = self.conductor.transport(self.shared.wishes(), sample_rate);
        let frames = u32::try_from(buffer.samples()).unwrap_or(u32::MAX);
        let status = self.plugin.process(
            buffer,
            aux,
            &mut OwnTime::new(context, &transport, &mut self.keys),
        );
        self.conductor.advance(frames);
        self.shared.played_a_block();
        status
    }
}
