//! The plugin as a host sees it: what it declares, and its life from load to unload.
//!
//! Threads: the host's main thread makes, activates and destroys; its audio thread calls
//! `reset` and `process`; the editor and the worker have their own. The instance owns a
//! [`Performer`] for the audio thread and a [`Worker`], which
//! starts with the first activation: a scanner that only looks costs no thread.

mod dialogs;
mod entry;
mod library;
pub mod models;
mod pass_through;
mod presets;
pub mod process;
mod session;
pub mod state;
mod takes;
mod vst3;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use nih_plug::plugin::PluginState;
use nih_plug::prelude::{
    ActivateContext, AsyncExecutor, AudioIOLayout, AuxiliaryBuffers, Buffer, BufferConfig,
    ClapFeature, ClapPlugin, MidiConfig, Params, Plugin, PluginApi, ProcessContext, ProcessMode,
    ProcessStatus, new_nonzero_u32,
};

use nih_plug_egui::RepaintNotifier;

use self::models::Models;
use self::pass_through::{HostQueue, PassThrough};
use self::process::{BlockOutcome, Guard};
pub use self::session::{Session, TransportControl};
use self::takes::TakeEditor;
use crate::audition::{Audition, Sounding};
use crate::editor::{self, window::Window};
use crate::jam::controls::Controls;
use crate::jam::input::{Input, NoteInput};
use crate::jam::link::{Monitor, link};
use crate::jam::performer::{OfflineFlag, Performer};
use crate::jam::transport::Transport;
use crate::jam::worker::Worker;
use crate::params::AnacrusisParams;

/// One instance of the plugin.
pub struct Anacrusis {
    params: Arc<AnacrusisParams>,
    performer: Performer,
    audition: Audition,
    guard: Guard,
    /// What the musician plays in the block at hand.
    input: Input,
    /// What goes by.
    pass_through: PassThrough,
    /// The channel on which the musician struck a key last.
    channel: u8,
    /// The channel on which the switch pressed the pedal.
    pedalled: u8,
    models: Arc<Models>,
    worker: Worker,
    monitor: Option<Monitor>,
    signals: Arc<Signals>,
    /// Makes an open editor draw again.
    wake: RepaintNotifier,
    /// What the last block was played with.
    last: (Transport, Controls),
    offline: bool,
    /// How many states had been loaded when that was last acted on.
    seen_states: u64,
}

/// What the editor tells the audio thread, and back.
#[derive(Debug, Default)]
struct Signals {
    panic: AtomicBool,
    faults: AtomicU64,
}

impl Default for Anacrusis {
    fn default() -> Self {
        Self::new(AnacrusisParams::default())
    }
}

impl Anacrusis {
    /// An instance that begins with `params`.
    pub fn new(params: AnacrusisParams) -> Self {
        let params = Arc::new(params);
        let (audio, worker_end, monitor) = link();
        let mut worker = Worker::with_take(worker_end, params.take.shared());
        let models = Arc::new(Models::new(params.clone(), worker.models()));
        // Not by the framework's background thread, which all instances share: a task of one
        // that is unloaded before it runs ends that thread, and the last to unload panics.
        let (followed, followers) = (params.clone(), models.clone());
        let mut seen = params.model_path.changes();
        worker.on_poll(move || {
            let changes = followed.model_path.changes();
            if changes != seen {
                seen = changes;
                followers.follow();
            }
        });
        Self {
            performer: Performer::new(audio),
            audition: Audition::default(),
            guard: Guard::default(),
            input: Input::NONE,
            pass_through: PassThrough::default(),
            channel: 0,
            pedalled: 0,
            models,
            worker,
            monitor: Some(monitor),
            signals: Arc::default(),
            wake: RepaintNotifier::new(),
            last: (Transport::default(), params.controls()),
            offline: false,
            seen_states: params.format.loads(),
            params,
        }
    }
}

impl Plugin for Anacrusis {
    const NAME: &'static str = "Anacrusis";
    const VENDOR: &'static str = "Anacrusis";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    // For the audition voice; and some hosts refuse a plugin without an audio output.
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[AudioIOLayout {
        main_input_channels: None,
        main_output_channels: Some(new_nonzero_u32(2)),
        ..AudioIOLayout::const_default()
    }];
    const MIDI_INPUT: MidiConfig = MidiConfig::MidiCCs;
    const MIDI_OUTPUT: MidiConfig = MidiConfig::MidiCCs;
    const INPUT_EVENT_CAPACITY: usize = pass_through::CAPACITY;
    // The framework adds the offset of a split block twice, so blocks are never split.
    const SAMPLE_ACCURATE_AUTOMATION: bool = false;

    type Editor = Window<Session>;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, _executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        self.window(None)
    }

    fn filter_state(state: &mut PluginState) {
        state::filter(state);
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        self.begin(config, context.plugin_api())
    }

    fn reset(&mut self) {
        self.performer.reset();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        self.play(buffer, context)
    }
}

impl Anacrusis {
    /// [`Plugin::process`], for a plugin of any type that wraps this one.
    ///
    /// # Realtime
    ///
    /// As [`Performer::process`].
    pub(crate) fn play<P: Plugin<SysExMessage = ()>>(
        &mut self,
        buffer: &mut Buffer,
        context: &mut impl ProcessContext<P>,
    ) -> ProcessStatus {
        for channel in buffer.as_slice() {
            channel.fill(0.0);
        }
        self.follow_states();
        if self.signals.panic.swap(false, Ordering::AcqRel) {
            self.performer.panic();
            self.pass_through.rest();
            self.audition.silence();
        }
        let transport = process::transport(context.transport(), self.offline);
        let controls = self.params.controls();
        let (bypass, sustain) = (self.params.bypass.value(), self.last.1.sustain);
        let news = (process::still(transport), controls);
        if self.last != news {
            self.last = news;
            self.wake.request_repaint();
        }
        // A block never reaches 2^32 samples.
        let frames = u32::try_from(buffer.samples()).unwrap_or(u32::MAX);
        self.audition.set(self.params.audition(), transport.sample_rate);
        let (left, right) = match buffer.as_slice() {
            [left, right, ..] => (&mut **left, &mut **right),
            _ => Default::default(),
        };
        self.input.clear();
        let hands_on = bypass || controls.thru;
        self.pass_through.begin(hands_on);
        if sustain != controls.sustain {
            // It is lifted where it was pressed.
            self.pedalled = if controls.sustain { self.channel } else { self.pedalled };
            self.pass_through.take(pass_through::pedal(self.pedalled, controls.sustain), hands_on);
        }
        if !bypass {
            self.come_in(context, frames, controls.thru);
        }
        let out = HostQueue::<P, _>::new(context, &mut self.pass_through);
        let mut out = Sounding::new(&mut self.audition, out, left, right);
        let (performer, input) = (&mut self.performer, &self.input);
        let outcome = if bypass {
            self.guard.guarded(performer, |performer| {
                performer.bypass(&transport, &controls, frames, &mut out);
            })
        } else {
            self.guard.process(performer, &transport, &controls, input, frames, &mut out)
        };
        out.finish();
        self.pass_through.end(|event| context.try_send_event(event).is_ok());
        if bypass {
            self.pass_by(context);
        }
        if outcome == BlockOutcome::Caught {
            self.signals.faults.fetch_add(1, Ordering::Relaxed);
        }
        // Otherwise a host may put a silent plugin to sleep.
        ProcessStatus::KeepAlive
    }

    /// Takes in what comes with the block: what is heard, and what goes by if it is handed on.
    ///
    /// # Realtime
    ///
    /// Constant time for each event.
    fn come_in<P: Plugin<SysExMessage = ()>>(
        &mut self,
        context: &mut impl ProcessContext<P>,
        frames: u32,
        hands_on: bool,
    ) {
        while let Some(event) = context.next_event() {
            let event = process::within(event, frames);
            if let Some(event) = process::played(&event) {
                if let NoteInput::On { channel, .. } = event.played {
                    self.channel = channel;
                }
                self.input.push(event);
                self.pass_through.count_heard();
            }
            if !self.pass_through.take(event, hands_on) {
                self.input.lose();
            }
        }
    }

    /// Sends what comes in on to the host, as it is.
    ///
    /// # Realtime
    ///
    /// Constant time for each event.
    fn pass_by<P: Plugin<SysExMessage = ()>>(&mut self, context: &mut impl ProcessContext<P>) {
        while let Some(event) = context.next_event() {
            let played = process::played(&event);
            let taken = context.try_send_event(event).is_ok();
            if let Some(played) = played {
                self.performer.passed_by(played, taken);
            }
            if taken {
                self.pass_through.saw(&event);
            }
        }
    }

    /// [`Plugin::activate`], for whatever wraps this plugin.
    pub(crate) fn begin(&mut self, config: &BufferConfig, api: PluginApi) -> bool {
        self.offline = config.process_mode == ProcessMode::Offline;
        self.performer.activate(match api {
            PluginApi::Vst3 => OfflineFlag::Late,
            _ => OfflineFlag::Current,
        });
        self.models.follow();
        // Without a thread nothing would ever sound, and no editor need be open to say so:
        // refusing is what a host shows.
        self.worker.start().is_ok()
    }

    /// [`Plugin::editor`], for whatever wraps this plugin.
    pub(crate) fn window(
        &mut self,
        lead: Option<Box<dyn TransportControl>>,
    ) -> Option<Window<Session>> {
        let session = Session::new(
            self.monitor.take()?,
            self.models.clone(),
            self.signals.clone(),
            TakeEditor::new(self.params.clone()),
            self.wake.clone(),
            lead,
        );
        editor::window::create(self.params.clone(), session, self.wake.clone())
    }

    /// Begins anew when a state was loaded.
    ///
    /// # Realtime
    ///
    /// Compares counters; models are opened elsewhere.
    fn follow_states(&mut self) {
        let states = self.params.format.loads();
        if states != self.seen_states {
            self.seen_states = states;
            self.performer.reset();
        }
    }
}

impl ClapPlugin for Anacrusis {
    const CLAP_ID: &'static str = "anacrusis.anacrusis";
    const CLAP_DESCRIPTION: Option<&'static str> =
        Some("Plays along with the transport, one step ahead of it");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::NoteEffect, ClapFeature::Instrument];
}
