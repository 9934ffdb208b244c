//! VST3 front, by hand on the `vst3` bindings.

mod module;
mod objects;

use crate::error::HostError;
use crate::meter::watched;
use crate::plugin::{Block, Cost, Facts, Format, MAX_FRAMES, Outbox, Parameter, Plugin};
use module::Module;
use objects::{Changes, Events, Handler, Stream};
use std::path::Path;
use std::ptr;
use std::time::Instant;
use vst3::Steinberg::Vst::kInfiniteTail;
use vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, BusDirections_, BusInfo, IAudioProcessor,
    IAudioProcessorTrait, IComponent, IComponentHandler, IComponentTrait, IEditController,
    IEditControllerTrait, IEventList, IParameterChanges, MediaTypes_, ParameterInfo,
    ParameterInfo_::ParameterFlags_, ProcessContext, ProcessContext_::StatesAndFlags_, ProcessData,
    ProcessModes_, ProcessSetup, String128, SymbolicSampleSizes_, TChar,
};
use vst3::Steinberg::{IBStream, IPluginBaseTrait, TBool, kResultOk, tresult};
use vst3::{ComPtr, ComWrapper};

/// A VST3 instance.
pub struct Vst3 {
    // Interfaces go before the module that implements them: fields drop in this order.
    processor: ComPtr<IAudioProcessor>,
    controller: ComPtr<IEditController>,
    component: ComPtr<IComponent>,
    _handler: ComWrapper<Handler>,
    input: ComWrapper<Events>,
    output: ComWrapper<Events>,
    changes: ComWrapper<Changes>,
    facts: Facts,
    parameters: Vec<Parameter>,
    channels: Vec<Vec<f32>>,
    channel_pointers: Vec<Vec<*mut f32>>,
    sample_rate: f64,
    offline: bool,
    active: bool,
    _module: Module,
}

/// `Ok` for `kResultOk`.
fn check(call: &'static str, result: tresult) -> Result<(), HostError> {
    if result == kResultOk {
        Ok(())
    } else {
        Err(HostError::call(call, format!("result {result}")))
    }
}

/// A UTF-16 string of the interface, up to its terminator.
fn wide(text: &[TChar]) -> String {
    let end = text.iter().position(|&c| c == 0).unwrap_or(text.len());
    String::from_utf16_lossy(&text[..end])
}

impl Vst3 {
    /// Loads the first audio class of a `.vst3` bundle.
    ///
    /// # Errors
    /// If it does not load or does not answer.
    pub fn open(path: &Path) -> Result<Vst3, HostError> {
        let module = Module::load(path)?;
        let (component, mut facts) = module.create_component()?;
        let cast = |what: &str| HostError::call("queryInterface", format!("no {what}"));
        let processor = component.cast().ok_or_else(|| cast("IAudioProcessor"))?;
        // A plugin may put its controller into another class; this one is asked to have both in
        // one object, as its framework makes them.
        let controller: ComPtr<IEditController> =
            component.cast().ok_or_else(|| cast("IEditController on the component"))?;
        let handler = ComWrapper::new(Handler);
        let handler_ptr = handler.to_com_ptr::<IComponentHandler>();
        // SAFETY: the component is a live COM object; the handler outlives it in `Vst3`.
        unsafe {
            check("initialize", component.initialize(ptr::null_mut()))?;
            let handler = handler_ptr.as_ref().map_or(ptr::null_mut(), |h| h.as_ptr());
            check("setComponentHandler", controller.setComponentHandler(handler))?;
        }
        read_buses(&component, &mut facts);
        let parameters = read_parameters(&controller);
        let mut channels: Vec<Vec<f32>> = Vec::new();
        let mut channel_pointers = Vec::new();
        for &count in &facts.audio_outputs {
            let port = (0..count).map(|_| vec![0.0f32; MAX_FRAMES as usize]);
            let mut port: Vec<Vec<f32>> = port.collect();
            channel_pointers.push(port.iter_mut().map(|c| c.as_mut_ptr()).collect());
            channels.extend(port);
        }
        Ok(Vst3 {
            processor,
            controller,
            component,
            _handler: handler,
            input: ComWrapper::new(Events::default()),
            output: ComWrapper::new(Events::default()),
            changes: ComWrapper::new(Changes::default()),
            facts,
            parameters,
            channels,
            channel_pointers,
            sample_rate: 48_000.0,
            offline: false,
            active: false,
            _module: module,
        })
    }

    fn setup(&mut self) -> Result<(), HostError> {
        let mut setup = ProcessSetup {
            processMode: self.process_mode(),
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            maxSamplesPerBlock: MAX_FRAMES as i32,
            sampleRate: self.sample_rate,
        };
        // SAFETY: the processor is a live COM object and `setup` lives through the call.
        unsafe { check("setupProcessing", self.processor.setupProcessing(&raw mut setup)) }
    }

    fn process_mode(&self) -> i32 {
        let mode = if self.offline { ProcessModes_::kOffline } else { ProcessModes_::kRealtime };
        mode as i32
    }
}

fn read_buses(component: &ComPtr<IComponent>, facts: &mut Facts) {
    let audio = MediaTypes_::kAudio as i32;
    let event = MediaTypes_::kEvent as i32;
    let directions = [BusDirections_::kInput as i32, BusDirections_::kOutput as i32];
    // SAFETY: the component is a live, initialised COM object; `info` is written whole before
    // it is read, and all its bit patterns are valid integers.
    unsafe {
        facts.note_inputs = component.getBusCount(event, directions[0]).max(0) as u32;
        facts.note_outputs = component.getBusCount(event, directions[1]).max(0) as u32;
        for (direction, list) in
            directions.into_iter().zip([&mut facts.audio_inputs, &mut facts.audio_outputs])
        {
            for index in 0..component.getBusCount(audio, direction) {
                let mut info: BusInfo = std::mem::zeroed();
                component.getBusInfo(audio, direction, index, &raw mut info);
                list.push(info.channelCount.max(0) as u32);
                component.activateBus(audio, direction, index, 1);
            }
            component.activateBus(event, direction, 0, 1);
        }
    }
}

fn read_parameters(controller: &ComPtr<IEditController>) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    // SAFETY: the controller is a live, initialised COM object; `info` is read only after the
    // plugin filled it.
    unsafe {
        for index in 0..controller.getParameterCount() {
            let mut info: ParameterInfo = std::mem::zeroed();
            if controller.getParameterInfo(index, &raw mut info) != kResultOk {
                continue;
            }
            let has = |flag: i32| info.flags & flag != 0;
            parameters.push(Parameter {
                id: info.id,
                name: wide(&info.title),
                default: info.defaultNormalizedValue,
                steps: info.stepCount.max(0) as u32,
                automatable: has(ParameterFlags_::kCanAutomate),
                bypass: has(ParameterFlags_::kIsBypass),
                hidden: has(ParameterFlags_::kIsHidden),
            });
        }
    }
    parameters
}

impl Plugin for Vst3 {
    fn format(&self) -> Format {
        Format::Vst3
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn value(&mut self, id: u32) -> Option<f64> {
        self.parameters.iter().find(|p| p.id == id)?;
        // SAFETY: the controller is a live COM object.
        Some(unsafe { self.controller.getParamNormalized(id) })
    }

    fn parse(&mut self, id: u32, text: &str) -> Option<f64> {
        let mut text: Vec<TChar> = text.encode_utf16().chain([0]).collect();
        let mut value = 0.0;
        // SAFETY: `text` ends in a zero and `value` is writable, both through the call.
        let result =
            unsafe { self.controller.getParamValueByString(id, text.as_mut_ptr(), &raw mut value) };
        (result == kResultOk).then_some(value)
    }

    fn display(&mut self, id: u32, value: f64) -> Option<String> {
        let mut text: String128 = [0; 128];
        // SAFETY: `text` is a writable String128.
        let result = unsafe { self.controller.getParamStringByValue(id, value, &raw mut text) };
        (result == kResultOk).then(|| wide(&text))
    }

    fn activate(&mut self, sample_rate: f64, offline: bool) -> Result<(), HostError> {
        self.deactivate();
        self.sample_rate = sample_rate;
        self.offline = offline;
        self.setup()?;
        // SAFETY: the component is a live COM object, set up and inactive.
        unsafe {
            check("setActive", self.component.setActive(1 as TBool))?;
            check("setProcessing", self.processor.setProcessing(1 as TBool))?;
        }
        self.active = true;
        Ok(())
    }

    fn deactivate(&mut self) {
        if std::mem::take(&mut self.active) {
            // SAFETY: the component is a live, active COM object. Nothing is left to do if it
            // objects to being stopped.
            unsafe {
                self.processor.setProcessing(0 as TBool);
                self.component.setActive(0 as TBool);
            }
        }
    }

    fn reset(&mut self) {
        if self.active {
            // SAFETY: as above. VST3 has no other reset.
            unsafe {
                self.processor.setProcessing(0 as TBool);
                self.processor.setProcessing(1 as TBool);
            }
        }
    }

    fn set_offline(&mut self, offline: bool) -> Result<bool, HostError> {
        if offline != self.offline && self.active {
            // The mode of a VST3 is part of its setup, which only an inactive one may get.
            self.activate(self.sample_rate, offline)?;
            return Ok(true);
        }
        self.offline = offline;
        Ok(false)
    }

    fn process(&mut self, block: &Block<'_>, out: &mut Outbox) -> Result<Cost, HostError> {
        if !self.active {
            return Err(HostError::call("process", "the plugin is not active"));
        }
        self.input.fill(block.notes);
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
            processMode: self.process_mode(),
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

    fn save_state(&mut self) -> Result<Vec<u8>, HostError> {
        let stream = ComWrapper::new(Stream::default());
        let pointer = stream.to_com_ptr::<IBStream>();
        let raw = pointer.as_ref().map_or(ptr::null_mut(), |s| s.as_ptr());
        // SAFETY: the component is a live COM object; the stream outlives the call.
        unsafe { check("getState", self.component.getState(raw))? };
        Ok(stream.bytes())
    }

    fn load_state(&mut self, state: &[u8]) -> Result<(), HostError> {
        let stream = ComWrapper::new(Stream::new(state));
        let pointer = stream.to_com_ptr::<IBStream>();
        let raw = pointer.as_ref().map_or(ptr::null_mut(), |s| s.as_ptr());
        // SAFETY: as in `save_state`.
        unsafe { check("setState", self.component.setState(raw)) }
    }
}

impl Drop for Vst3 {
    fn drop(&mut self) {
        self.deactivate();
        // SAFETY: live COM objects; `terminate` is the last call before they are released.
        unsafe {
            self.controller.setComponentHandler(ptr::null_mut());
            self.component.terminate();
        }
        self.channel_pointers.clear();
        self.channels.clear();
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
