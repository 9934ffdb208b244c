//! The part of an active VST3 that belongs to the audio thread, whichever thread that is.

use super::check;
use super::objects::{Changes, Events};
use crate::audio::Process;
use crate::error::HostError;
use crate::meter::watched;
use crate::plugin::{Block, Cost, Facts, MAX_FRAMES, Outbox};
use std::ptr;
use std::time::Instant;
use vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, IAudioProcessor, IAudioProcessorTrait, IEventList,
    IParameterChanges, ProcessContext, ProcessContext_::StatesAndFlags_, ProcessData,
    SymbolicSampleSizes_, kInfiniteTail,
};
use vst3::{ComPtr, ComWrapper};

/// An active instance with all that a call of `process` needs.
pub struct Processor {
    processor: ComPtr<IAudioProcessor>,
    input: ComWrapper<Events>,
    output: ComWrapper<Events>,
    changes: ComWrapper<Changes>,
    /// What the pointers point to.
    _channels: Vec<Vec<f32>>,
    channel_pointers: Vec<Vec<*mut f32>>,
    process_mode: i32,
}

// SAFETY: VST3 lets one thread at a time call `process`, whichever it is. The lists are this
// object's own and lent only for the length of a call, so they are on one thread at a time, too;
// the pointers point into `_channels`.
unsafe impl Send for Processor {}

impl Processor {
    pub fn new(processor: ComPtr<IAudioProcessor>, facts: &Facts, process_mode: i32) -> Processor {
        let mut channels: Vec<Vec<f32>> = Vec::new();
        let mut channel_pointers = Vec::new();
        for &count in &facts.audio_outputs {
            let port = (0..count).map(|_| vec![0.0f32; MAX_FRAMES as usize]);
            let mut port: Vec<Vec<f32>> = port.collect();
            channel_pointers.push(port.iter_mut().map(|c| c.as_mut_ptr()).collect());
            channels.extend(port);
        }
        Processor {
            processor,
            input: ComWrapper::new(Events::default()),
            output: ComWrapper::new(Events::default()),
            changes: ComWrapper::new(Changes::default()),
            _channels: channels,
            channel_pointers,
            process_mode,
        }
    }
}

impl Process for Processor {
    fn process(&mut self, block: &Block<'_>, out: &mut Outbox) -> Result<Cost, HostError> {
        self.input.fill(block.notes, block.messages);
        self.changes.fill(block.parameters);
        self.output.take_up_to(out.capacity());
        let mut buses = [const {
            AudioBusBuffers {
                numChannels: 0,
                silenceFlags: 0,
                __field0: AudioBusBuffers__type0 { channelBuffers32: ptr::null_mut() },
            }
        }; 8];
        for (bus, pointers) in buses.iter_mut().zip(&mut self.channel_pointers) {
            bus.numChannels = pointers.len() as i32;
            bus.__field0.channelBuffers32 = pointers.as_mut_ptr();
        }
        let mut context = process_context(block);
        let input_events = self.input.to_com_ptr::<IEventList>();
        let output_events = self.output.to_com_ptr::<IEventList>();
        let changes = self.changes.to_com_ptr::<IParameterChanges>();
        let mut data = ProcessData {
            processMode: self.process_mode,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            numSamples: block.frames as i32,
            numInputs: 0,
            numOutputs: self.channel_pointers.len().min(buses.len()) as i32,
            inputs: ptr::null_mut(),
            outputs: buses.as_mut_ptr(),
            inputParameterChanges: changes.as_ref().map_or(ptr::null_mut(), |c| c.as_ptr()),
            outputParameterChanges: ptr::null_mut(),
            inputEvents: input_events.as_ref().map_or(ptr::null_mut(), |e| e.as_ptr()),
            outputEvents: output_events.as_ref().map_or(ptr::null_mut(), |e| e.as_ptr()),
            processContext: &raw mut context,
        };
        let start = Instant::now();
        // SAFETY: the processor is a live, active COM object. Everything `data` points to lives
        // until after the call; the channel buffers hold MAX_FRAMES samples each, and
        // `block.frames` is at most that.
        let (result, counts) = watched(|| unsafe { self.processor.process(&raw mut data) });
        let time = start.elapsed();
        check("process", result)?;
        self.output.drain_into(out);
        // SAFETY: the processor is a live COM object.
        let may_sleep = unsafe { self.processor.getTailSamples() } != kInfiniteTail;
        Ok(Cost { time, counts, may_sleep })
    }
}

fn process_context(block: &Block<'_>) -> ProcessContext {
    let transport = &block.transport;
    let mut state = StatesAndFlags_::kContTimeValid
        | StatesAndFlags_::kBarPositionValid
        | StatesAndFlags_::kTimeSigValid;
    let flags = [
        (transport.playing, StatesAndFlags_::kPlaying),
        (transport.tempo_bpm.is_some(), StatesAndFlags_::kTempoValid),
        (transport.position_beats.is_some(), StatesAndFlags_::kProjectTimeMusicValid),
        (transport.loop_beats.is_some(), StatesAndFlags_::kCycleActive),
        (transport.loop_beats.is_some(), StatesAndFlags_::kCycleValid),
    ];
    for (set, flag) in flags {
        state |= if set { flag } else { 0 };
    }
    let (cycle_start, cycle_end) = transport.loop_beats.unwrap_or_default();
    // SAFETY: a C struct of numbers, for which zero is a valid value.
    let mut context: ProcessContext = unsafe { std::mem::zeroed() };
    // The bindings' enums are unsigned on Unix and signed on Windows.
    #[allow(clippy::unnecessary_cast)]
    let state = state as u32;
    context.state = state;
    context.sampleRate = transport.sample_rate;
    context.projectTimeSamples = transport.time_samples as i64;
    context.continousTimeSamples = transport.time_samples as i64;
    context.projectTimeMusic = transport.position_beats.unwrap_or(0.0);
    context.barPositionMusic = transport.bar_start_beats;
    context.cycleStartMusic = cycle_start;
    context.cycleEndMusic = cycle_end;
    context.tempo = transport.tempo_bpm.unwrap_or(0.0);
    context.timeSigNumerator = i32::from(transport.time_signature.0);
    context.timeSigDenominator = i32::from(transport.time_signature.1);
    context
}
