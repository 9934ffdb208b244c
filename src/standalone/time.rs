//! The framework's process context, with another transport in it.

use nih_plug::context::process::SendEventError;
use nih_plug::prelude::{
    NoteEvent, Plugin, PluginApi, PluginNoteEvent, ProcessContext, Transport as HostTransport,
};

use ringbuf::HeapCons;
use ringbuf::traits::Consumer;

use super::Standalone;
use crate::jam::transport::Transport;
use crate::plugin::Anacrusis;

type Task = <Anacrusis as Plugin>::BackgroundTask;

/// Hands everything on to the framework's context but the question what time it is, and plays what
/// the computer's keys play.
pub struct OwnTime<'a, C> {
    context: &'a mut C,
    transport: HostTransport,
    keys: &'a mut HeapCons<NoteEvent<()>>,
}

impl<'a, C: ProcessContext<Standalone>> OwnTime<'a, C> {
    /// `context`, at the time that `transport` tells; what `keys` holds is played at once.
    ///
    /// # Realtime
    /// Copies numbers.
    pub fn new(
        context: &'a mut C,
        transport: &Transport,
        keys: &'a mut HeapCons<NoteEvent<()>>,
    ) -> Self {
        let mut host = HostTransport::new(transport.sample_rate as f32);
        host.playing = transport.playing;
        host.tempo = transport.tempo_bpm;
        host.pos_beats = transport.position_beats;
        host.bar_start_pos_beats = transport.bar_start_beats;
        host.time_sig_numerator = transport.time_signature.map(|(beats, _)| beats);
        host.time_sig_denominator = transport.time_signature.map(|(_, value)| value);
        OwnTime { context, transport: host, keys }
    }
}

impl<C: ProcessContext<Standalone>> ProcessContext<Anacrusis> for OwnTime<'_, C> {
    fn plugin_api(&self) -> PluginApi {
        self.context.plugin_api()
    }

    fn execute_background(&self, task: Task) {
        self.context.execute_background(task);
    }

    fn execute_gui(&self, task: Task) {
        self.context.execute_gui(task);
    }

    fn transport(&self) -> &HostTransport {
        &self.transport
    }

    fn next_event(&mut self) -> Option<PluginNoteEvent<Anacrusis>> {
        // Those come first: theirs is the first sample.
        self.keys.try_pop().or_else(|| self.context.next_event())
    }

    fn try_send_event(
        &mut self,
        event: PluginNoteEvent<Anacrusis>,
    ) -> Result<(), (PluginNoteEvent<Anacrusis>, SendEventError)> {
        self.context.try_send_event(event)
    }

    fn set_latency_samples(&self, samples: u32) {
        self.context.set_latency_samples(samples);
    }

    fn request_restart(&self) {
        self.context.request_restart();
    }

    fn set_current_voice_capacity(&self, capacity: u32) {
        self.context.set_current_voice_capacity(capacity);
    }
}
