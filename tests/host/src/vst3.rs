//! VST3 front, by hand on the `vst3` bindings.

#[cfg(target_os = "linux")]
mod editor;
mod module;
mod objects;
mod processor;

use crate::audio::{Audio, Process, Slot};
use crate::error::HostError;
use crate::plugin::{Block, Cost, Facts, Format, MAX_FRAMES, Outbox, Parameter, Plugin};
#[cfg(target_os = "linux")]
use crate::window::{Parent, Size};
use module::Module;
use objects::{Handler, Stream};
use processor::Processor;
use std::path::Path;
use std::ptr;
use vst3::Steinberg::Vst::{
    BusDirections_, BusInfo, IAudioProcessor, IAudioProcessorTrait, IComponent, IComponentHandler,
    IComponentTrait, IEditController, IEditControllerTrait, MediaTypes_, ParameterInfo,
    ParameterInfo_::ParameterFlags_, ProcessModes_, ProcessSetup, String128, SymbolicSampleSizes_,
    TChar,
};
use vst3::Steinberg::{IBStream, IPluginBaseTrait, TBool, kResultOk, tresult};
use vst3::{ComPtr, ComWrapper};

/// A VST3 instance.
pub struct Vst3 {
    // Interfaces go before the module that implements them: fields drop in this order. What is in
    // the slot goes with deactivation, whoever else may look at it.
    audio: Slot<Processor>,
    #[cfg(target_os = "linux")]
    editor: Option<editor::Editor>,
    processor: ComPtr<IAudioProcessor>,
    controller: ComPtr<IEditController>,
    component: ComPtr<IComponent>,
    _handler: ComWrapper<Handler>,
    facts: Facts,
    parameters: Vec<Parameter>,
    sample_rate: f64,
    offline: bool,
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
        Ok(Vst3 {
            audio: Slot::empty(),
            #[cfg(target_os = "linux")]
            editor: None,
            processor,
            controller,
            component,
            _handler: handler,
            facts,
            parameters,
            sample_rate: 48_000.0,
            offline: false,
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
        let processor = Processor::new(self.processor.clone(), &self.facts, self.process_mode());
        *self.audio.lock() = Some(processor);
        Ok(())
    }

    fn deactivate(&mut self) {
        if self.audio.lock().take().is_some() {
            // SAFETY: the component is a live, active COM object. Nothing is left to do if it
            // objects to being stopped.
            unsafe {
                self.processor.setProcessing(0 as TBool);
                self.component.setActive(0 as TBool);
            }
        }
    }

    fn reset(&mut self) {
        let active = self.audio.lock();
        if active.is_some() {
            // SAFETY: as above. VST3 has no other reset.
            unsafe {
                self.processor.setProcessing(0 as TBool);
                self.processor.setProcessing(1 as TBool);
            }
        }
    }

    fn set_offline(&mut self, offline: bool) -> Result<bool, HostError> {
        if offline != self.offline && self.audio.lock().is_some() {
            // The mode of a VST3 is part of its setup, which only an inactive one may get.
            self.activate(self.sample_rate, offline)?;
            return Ok(true);
        }
        self.offline = offline;
        Ok(false)
    }

    fn process(&mut self, block: &Block<'_>, out: &mut Outbox) -> Result<Cost, HostError> {
        self.audio.process(block, out)
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

    fn audio(&self) -> Option<Audio> {
        Some(Audio::new(self, self.audio.again()))
    }

    fn turn(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(editor) = &self.editor {
            editor.turn();
        }
    }

    #[cfg(target_os = "linux")]
    fn open_editor(&mut self, parent: &Parent, scale: f64) -> Result<(), HostError> {
        if self.editor.is_some() {
            return Err(HostError::call("createView", "the editor is open already"));
        }
        self.editor = Some(editor::Editor::open(&self.controller, parent, scale)?);
        Ok(())
    }

    #[cfg(target_os = "linux")]
    fn resize_editor(&mut self, size: Size) -> Result<Size, HostError> {
        let editor = self.editor.as_ref();
        editor.ok_or_else(|| HostError::call("onSize", "no editor is open"))?.resize(size)
    }

    #[cfg(target_os = "linux")]
    fn close_editor(&mut self) {
        self.editor = None;
    }
}

impl Drop for Vst3 {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        self.close_editor();
        self.deactivate();
        // SAFETY: live COM objects; `terminate` is the last call before they are released.
        unsafe {
            self.controller.setComponentHandler(ptr::null_mut());
            self.component.terminate();
        }
    }
}
