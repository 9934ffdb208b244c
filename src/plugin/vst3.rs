//! The plugin as VST3 hosts have it: without MIDI controllers.
//!
//! VST3 hands controllers over as parameters, 130 for each of 16 channels, and hosts would list all of
//! them. So the VST3 hears notes and what belongs to them; for the pedal there is the parameter
//! *Sustain*. CLAP hands over events, and [`Anacrusis`] itself takes them all.

use std::sync::Arc;

use nih_plug::plugin::PluginState;
use nih_plug::prelude::{
    ActivateContext, AsyncExecutor, AudioIOLayout, AuxiliaryBuffers, Buffer, BufferConfig,
    MidiConfig, Params, Plugin, ProcessContext, ProcessStatus, Vst3Plugin, Vst3SubCategory,
};

use super::Anacrusis;

/// [`Anacrusis`], told of notes alone.
#[derive(Default)]
pub struct Vst3(Anacrusis);

impl Plugin for Vst3 {
    const NAME: &'static str = Anacrusis::NAME;
    const VENDOR: &'static str = Anacrusis::VENDOR;
    const URL: &'static str = Anacrusis::URL;
    const EMAIL: &'static str = Anacrusis::EMAIL;
    const VERSION: &'static str = Anacrusis::VERSION;
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = Anacrusis::AUDIO_IO_LAYOUTS;
    const MIDI_INPUT: MidiConfig = MidiConfig::Basic;
    const MIDI_OUTPUT: MidiConfig = Anacrusis::MIDI_OUTPUT;
    const SAMPLE_ACCURATE_AUTOMATION: bool = Anacrusis::SAMPLE_ACCURATE_AUTOMATION;
    const INPUT_EVENT_CAPACITY: usize = Anacrusis::INPUT_EVENT_CAPACITY;

    type Editor = <Anacrusis as Plugin>::Editor;
    type SysExMessage = <Anacrusis as Plugin>::SysExMessage;
    type BackgroundTask = <Anacrusis as Plugin>::BackgroundTask;

    fn params(&self) -> Arc<dyn Params> {
        self.0.params()
    }

    fn editor(&mut self, _executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        self.0.window(None)
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
        self.0.begin(config, context.plugin_api())
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        self.0.play(buffer, context)
    }
}

impl Vst3Plugin for Vst3 {
    const VST3_CLASS_ID: [u8; 16] = *b"AnacrusisJamSolo";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = &[Vst3SubCategory::Instrument];
}
