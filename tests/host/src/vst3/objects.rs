//! The host's own COM objects. All live on one thread and are lent to the plugin for the
//! length of a call; their room is reserved beforehand.

use crate::plugin::{Message, Note, OUTPUT_CAPACITY, Outbox};
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use vst3::Steinberg::Vst::{
    Event,
    Event_::{EventTypes, EventTypes_},
    IComponentHandler, IComponentHandlerTrait, IEventList, IEventListTrait, IParamValueQueue,
    IParamValueQueueTrait, IParameterChanges, IParameterChangesTrait, NoteOffEvent, NoteOnEvent,
    ParamID, ParamValue, PolyPressureEvent,
};
use vst3::Steinberg::{
    IBStream,
    IBStream_::{IStreamSeekMode, IStreamSeekMode_},
    IBStreamTrait, kInvalidArgument, kNotImplemented, kResultFalse, kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComWrapper};

/// Hears of edits made in the plugin's window; there is none.
pub struct Handler;

impl Class for Handler {
    type Interfaces = (IComponentHandler,);
}

impl IComponentHandlerTrait for Handler {
    unsafe fn beginEdit(&self, _: ParamID) -> tresult {
        kResultOk
    }

    unsafe fn performEdit(&self, _: ParamID, _: ParamValue) -> tresult {
        kResultOk
    }

    unsafe fn endEdit(&self, _: ParamID) -> tresult {
        kResultOk
    }

    unsafe fn restartComponent(&self, _: i32) -> tresult {
        kResultOk
    }
}

/// A list of note events, in or out.
pub struct Events {
    events: RefCell<Vec<Event>>,
    capacity: Cell<usize>,
    refused: Cell<u64>,
}

impl Default for Events {
    fn default() -> Events {
        Events {
            events: RefCell::new(Vec::with_capacity(OUTPUT_CAPACITY)),
            capacity: Cell::new(OUTPUT_CAPACITY),
            refused: Cell::new(0),
        }
    }
}

impl Events {
    /// Replaces the list by `notes`, and of `messages` by pressure on keys: all else VST3 knows as
    /// parameters alone.
    pub fn fill(&self, notes: &[Note], messages: &[Message]) {
        let mut events = self.events.borrow_mut();
        events.clear();
        for note in notes {
            // SAFETY: a C struct of numbers and a union of such, for which zero is valid.
            let mut event: Event = unsafe { std::mem::zeroed() };
            event.sampleOffset = note.offset_samples as i32;
            if note.on {
                event.r#type = EventTypes_::kNoteOnEvent as u16;
                event.__field0.noteOn = NoteOnEvent {
                    channel: i16::from(note.channel),
                    pitch: i16::from(note.key),
                    tuning: 0.0,
                    velocity: note.velocity as f32,
                    length: 0,
                    noteId: -1,
                };
            } else {
                event.r#type = EventTypes_::kNoteOffEvent as u16;
                event.__field0.noteOff = NoteOffEvent {
                    channel: i16::from(note.channel),
                    pitch: i16::from(note.key),
                    velocity: note.velocity as f32,
                    noteId: -1,
                    tuning: 0.0,
                };
            }
            events.push(event);
        }
        for message in messages {
            let [status, key, value] = message.data;
            if status & 0xf0 != 0xa0 {
                continue;
            }
            // SAFETY: as above.
            let mut event: Event = unsafe { std::mem::zeroed() };
            event.sampleOffset = message.offset_samples as i32;
            event.r#type = EventTypes_::kPolyPressureEvent as u16;
            event.__field0.polyPressure = PolyPressureEvent {
                channel: i16::from(status & 15),
                pitch: i16::from(key),
                pressure: f32::from(value) / 127.0,
                noteId: -1,
            };
            events.push(event);
        }
        events.sort_by_key(|event| event.sampleOffset);
    }

    /// Empties the list and makes room for `capacity` events.
    pub fn take_up_to(&self, capacity: usize) {
        self.events.borrow_mut().clear();
        self.capacity.set(capacity.min(OUTPUT_CAPACITY));
    }

    /// Hands over the notes that came in.
    pub fn drain_into(&self, out: &mut Outbox) {
        out.add_refused(self.refused.take());
        for event in self.events.borrow_mut().drain(..) {
            // A negative offset becomes one that no block holds, and is reported as such.
            let offset_samples = u32::try_from(event.sampleOffset).unwrap_or(u32::MAX);
            // SAFETY: the type says which field of the union the plugin wrote.
            let (on, pitch, channel, velocity) = unsafe {
                match EventTypes::from(event.r#type) {
                    EventTypes_::kNoteOnEvent => {
                        let note = event.__field0.noteOn;
                        (true, note.pitch, note.channel, note.velocity)
                    }
                    EventTypes_::kNoteOffEvent => {
                        let note = event.__field0.noteOff;
                        (false, note.pitch, note.channel, note.velocity)
                    }
                    EventTypes_::kPolyPressureEvent => {
                        let pressed = event.__field0.polyPressure;
                        // Within 0..=127.
                        let value = (pressed.pressure * 127.0).round() as u8;
                        let data = [0xa0 | pressed.channel as u8, pressed.pitch as u8, value];
                        out.push_message(Message { offset_samples, data });
                        continue;
                    }
                    EventTypes_::kLegacyMIDICCOutEvent => {
                        let control = event.__field0.midiCCOut;
                        let (channel, [a, b]) =
                            (control.channel as u8, [control.value as u8, control.value2 as u8]);
                        let data = match control.controlNumber {
                            number @ 0..128 => [0xb0 | channel, number, a],
                            128 => [0xd0 | channel, a, 0],
                            129 => [0xe0 | channel, a, b],
                            _ => [0xc0 | channel, a, 0],
                        };
                        out.push_message(Message { offset_samples, data });
                        continue;
                    }
                    _ => continue,
                }
            };
            out.push(Note {
                offset_samples,
                on,
                key: pitch as u8,
                channel: channel as u8,
                velocity: f64::from(velocity),
            });
        }
    }
}

impl Class for Events {
    type Interfaces = (IEventList,);
}

impl IEventListTrait for Events {
    unsafe fn getEventCount(&self) -> i32 {
        self.events.borrow().len() as i32
    }

    unsafe fn getEvent(&self, index: i32, event: *mut Event) -> tresult {
        let events = self.events.borrow();
        match usize::try_from(index).ok().and_then(|index| events.get(index)) {
            Some(found) if !event.is_null() => {
                // SAFETY: the caller gives a place for one event.
                unsafe { event.write(*found) };
                kResultOk
            }
            _ => kInvalidArgument,
        }
    }

    unsafe fn addEvent(&self, event: *mut Event) -> tresult {
        let mut events = self.events.borrow_mut();
        if event.is_null() {
            kInvalidArgument
        } else if events.len() >= self.capacity.get() {
            self.refused.set(self.refused.get() + 1);
            kResultFalse
        } else {
            // SAFETY: the caller points to one event.
            events.push(unsafe { event.read() });
            kResultOk
        }
    }
}

/// The parameter changes of a block, one point each at its first sample.
#[derive(Default)]
pub struct Changes {
    queues: RefCell<Vec<ComPtr<IParamValueQueue>>>,
}

impl Changes {
    /// Replaces the changes by `(id, normalised value)`.
    pub fn fill(&self, changes: &[(u32, f64)]) {
        let mut queues = self.queues.borrow_mut();
        queues.clear();
        for &(id, value) in changes {
            queues.extend(ComWrapper::new(Change { id, value }).to_com_ptr::<IParamValueQueue>());
        }
    }
}

impl Class for Changes {
    type Interfaces = (IParameterChanges,);
}

impl IParameterChangesTrait for Changes {
    unsafe fn getParameterCount(&self) -> i32 {
        self.queues.borrow().len() as i32
    }

    unsafe fn getParameterData(&self, index: i32) -> *mut IParamValueQueue {
        let queues = self.queues.borrow();
        let queue = usize::try_from(index).ok().and_then(|index| queues.get(index));
        // Lent, not given: the plugin does not own a reference.
        queue.map_or(std::ptr::null_mut(), ComPtr::as_ptr)
    }

    unsafe fn addParameterData(&self, _: *const ParamID, _: *mut i32) -> *mut IParamValueQueue {
        std::ptr::null_mut()
    }
}

struct Change {
    id: u32,
    value: f64,
}

impl Class for Change {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Change {
    unsafe fn getParameterId(&self) -> ParamID {
        self.id
    }

    unsafe fn getPointCount(&self) -> i32 {
        1
    }

    unsafe fn getPoint(&self, index: i32, offset: *mut i32, value: *mut ParamValue) -> tresult {
        if index != 0 || offset.is_null() || value.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: the caller gives places for both, checked above.
        unsafe {
            offset.write(0);
            value.write(self.value);
        }
        kResultOk
    }

    unsafe fn addPoint(&self, _: i32, _: ParamValue, _: *mut i32) -> tresult {
        kNotImplemented
    }
}

/// A state in memory.
#[derive(Default)]
pub struct Stream {
    bytes: RefCell<Vec<u8>>,
    position: Cell<usize>,
}

impl Stream {
    /// A stream that holds `bytes`, at its beginning.
    pub fn new(bytes: &[u8]) -> Stream {
        Stream { bytes: RefCell::new(bytes.to_vec()), position: Cell::new(0) }
    }

    /// What it holds.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.borrow().clone()
    }
}

impl Class for Stream {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Stream {
    unsafe fn read(&self, buffer: *mut c_void, count: i32, read: *mut i32) -> tresult {
        let bytes = self.bytes.borrow();
        let from = self.position.get().min(bytes.len());
        let length = usize::try_from(count).unwrap_or(0).min(bytes.len() - from);
        // SAFETY: the caller's buffer holds `count` bytes, of which `length` are written.
        unsafe {
            buffer.cast::<u8>().copy_from_nonoverlapping(bytes[from..].as_ptr(), length);
            if !read.is_null() {
                read.write(length as i32);
            }
        }
        self.position.set(from + length);
        kResultOk
    }

    unsafe fn write(&self, buffer: *mut c_void, count: i32, written: *mut i32) -> tresult {
        let mut bytes = self.bytes.borrow_mut();
        let length = usize::try_from(count).unwrap_or(0);
        let from = self.position.get();
        if bytes.len() < from + length {
            bytes.resize(from + length, 0);
        }
        // SAFETY: the caller's buffer holds `count` bytes; the stream has room, see above.
        unsafe {
            bytes[from..].as_mut_ptr().copy_from_nonoverlapping(buffer.cast::<u8>(), length);
            if !written.is_null() {
                written.write(length as i32);
            }
        }
        self.position.set(from + length);
        kResultOk
    }

    unsafe fn seek(&self, to: i64, mode: i32, result: *mut i64) -> tresult {
        let base = match mode as IStreamSeekMode {
            IStreamSeekMode_::kIBSeekSet => 0,
            IStreamSeekMode_::kIBSeekCur => self.position.get() as i64,
            IStreamSeekMode_::kIBSeekEnd => self.bytes.borrow().len() as i64,
            _ => return kInvalidArgument,
        };
        let Ok(position) = usize::try_from(base + to) else { return kInvalidArgument };
        self.position.set(position);
        if !result.is_null() {
            // SAFETY: the caller points to one i64 or to nothing.
            unsafe { result.write(position as i64) };
        }
        kResultOk
    }

    unsafe fn tell(&self, position: *mut i64) -> tresult {
        if position.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: the caller points to one i64.
        unsafe { position.write(self.position.get() as i64) };
        kResultOk
    }
}
