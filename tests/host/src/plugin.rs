//! What both plugin formats have in common, as a host sees it.

use crate::audio::Audio;
use crate::error::HostError;
use crate::meter::Counts;
#[cfg(target_os = "linux")]
use crate::window::{Parent, Size};
use std::time::Duration;

/// Largest block that the host announces when it activates a plugin, in samples.
pub const MAX_FRAMES: u32 = 8192;

/// Most events that the host takes from one call of `process`, unless the script says less.
pub const OUTPUT_CAPACITY: usize = 16_384;

/// What is hosted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CLAP, through `clack-host`.
    Clap,
    /// VST3, through the `vst3` bindings.
    Vst3,
    /// No plugin: the performer alone, in this process.
    Performer,
}

/// The number by which hosts know a parameter of a stable id, as presets name it: nice-plug's hash.
pub fn parameter_number(id: &str) -> u32 {
    let sum = id.bytes().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    sum & !(1 << 31)
}

/// A parameter as the host sees it. Values are normalised to 0..=1 in both formats.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Stable id within the format.
    pub id: u32,
    /// Display name.
    pub name: String,
    /// Default, normalised.
    pub default: f64,
    /// Number of steps of a stepped parameter (values minus one), 0 if continuous.
    pub steps: u32,
    /// Whether the host may automate it.
    pub automatable: bool,
    /// Whether it is the host's bypass switch.
    pub bypass: bool,
    /// Whether the host hides it from its own lists.
    pub hidden: bool,
}

/// What a plugin says of itself before it is asked to play.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// CLAP id, or the VST3 class id in hexadecimal.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Vendor.
    pub vendor: String,
    /// Version.
    pub version: String,
    /// CLAP features, or VST3 sub-categories.
    pub features: Vec<String>,
    /// Number of note inputs.
    pub note_inputs: u32,
    /// Number of note outputs.
    pub note_outputs: u32,
    /// Channels of every audio input.
    pub audio_inputs: Vec<u32>,
    /// Channels of every audio output.
    pub audio_outputs: Vec<u32>,
}

/// The host's transport at the first sample of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HostTransport {
    /// Whether the play head moves.
    pub playing: bool,
    /// Tempo in quarter notes per minute; `None`: the host does not say.
    pub tempo_bpm: Option<f64>,
    /// Play head in quarter notes; `None`: the host does not say.
    pub position_beats: Option<f64>,
    /// Where the bar under the play head begins, in quarter notes.
    pub bar_start_beats: f64,
    /// Numerator and denominator.
    pub time_signature: (u16, u16),
    /// The loop, if it is active and announced: start and end in quarter notes.
    pub loop_beats: Option<(f64, f64)>,
    /// Samples since the host was started, stopped time included.
    pub time_samples: u64,
    /// Sample rate in Hz.
    pub sample_rate: f64,
}

/// A note event at a sample of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    /// Sample within the block.
    pub offset_samples: u32,
    /// Note-on, or note-off.
    pub on: bool,
    /// MIDI key number.
    pub key: u8,
    /// MIDI channel, 0..=15.
    pub channel: u8,
    /// 0..=1.
    pub velocity: f64,
}

/// A MIDI message that is no note, at a sample of a block: controllers, bend, pressure, programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Sample within the block.
    pub offset_samples: u32,
    /// Status with channel, and the data bytes; 0 where there is but one.
    pub data: [u8; 3],
}

/// Everything the host hands over for one call of `process`.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Length in samples, 0..=[`MAX_FRAMES`].
    pub frames: u32,
    /// Transport at the first sample.
    pub transport: HostTransport,
    /// Incoming notes, ordered by offset.
    pub notes: &'a [Note],
    /// Incoming messages, ordered by offset. Of those at the sample of a note, the note comes first.
    pub messages: &'a [Message],
    /// Parameter changes at the first sample: id and normalised value.
    pub parameters: &'a [(u32, f64)],
    /// Whether the host renders offline.
    pub offline: bool,
}

/// What a call of `process` cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Wall time of the call.
    pub time: Duration,
    /// What the call did on this thread that an audio thread must not; all zero unless the
    /// executable has [`count_allocations!`](crate::count_allocations).
    pub counts: Counts,
    /// Whether the plugin lets the host put it to sleep.
    pub may_sleep: bool,
}

/// Where a plugin's notes go. Its room is reserved beforehand: the host allocates nothing
/// while the plugin processes.
#[derive(Debug)]
pub struct Outbox {
    notes: Vec<Note>,
    messages: Vec<Message>,
    capacity: usize,
    refused: u64,
}

impl Default for Outbox {
    fn default() -> Outbox {
        Outbox {
            notes: Vec::with_capacity(OUTPUT_CAPACITY),
            messages: Vec::with_capacity(OUTPUT_CAPACITY),
            capacity: OUTPUT_CAPACITY,
            refused: 0,
        }
    }
}

impl Outbox {
    /// Empties it and makes room for `capacity` events, at most [`OUTPUT_CAPACITY`].
    pub fn clear(&mut self, capacity: usize) {
        self.notes.clear();
        self.messages.clear();
        self.capacity = capacity.min(OUTPUT_CAPACITY);
    }

    /// How many events it takes.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Counts events that a front refused on its behalf.
    pub(crate) fn add_refused(&mut self, events: u64) {
        self.refused += events;
    }

    /// Takes an event, or refuses it (`false`) if the queue is full.
    pub fn push(&mut self, note: Note) -> bool {
        let room = self.has_room();
        if room {
            self.notes.push(note);
        }
        room
    }

    /// The same for a message.
    pub fn push_message(&mut self, message: Message) -> bool {
        let room = self.has_room();
        if room {
            self.messages.push(message);
        }
        room
    }

    fn has_room(&mut self) -> bool {
        let room = self.notes.len() + self.messages.len() < self.capacity;
        self.refused += u64::from(!room);
        room
    }

    /// What messages were taken since [`Outbox::clear`], in the order they came.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// What was taken since [`Outbox::clear`], in the order it came.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Events refused so far.
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

/// A loaded plugin instance. The thread that opened it is its main thread and, during
/// [`Plugin::process`], its audio thread.
pub trait Plugin {
    /// Its format.
    fn format(&self) -> Format;

    /// What it says of itself.
    fn facts(&self) -> &Facts;

    /// Its parameters, in its order.
    fn parameters(&self) -> &[Parameter];

    /// Current value of a parameter, normalised.
    fn value(&mut self, id: u32) -> Option<f64>;

    /// The normalised value that the plugin reads in a text, such as "0.9" or "On".
    fn parse(&mut self, id: u32, text: &str) -> Option<f64>;

    /// How the plugin writes a normalised value.
    fn display(&mut self, id: u32, value: f64) -> Option<String>;

    /// Makes it ready to process blocks of up to [`MAX_FRAMES`]. Deactivates it first if it
    /// was active.
    ///
    /// # Errors
    /// What the plugin answers.
    fn activate(&mut self, sample_rate: f64, offline: bool) -> Result<(), HostError>;

    /// Takes it out of processing; harmless if it was not active.
    fn deactivate(&mut self);

    /// Clears what sounds, between two blocks, as a host does after an edit.
    fn reset(&mut self);

    /// Tells an active plugin whether the host renders offline, as hosts of its format do;
    /// returns whether it was activated anew for that.
    ///
    /// # Errors
    /// What the plugin answers.
    fn set_offline(&mut self, offline: bool) -> Result<bool, HostError>;

    /// Processes one block; `out` holds its notes.
    ///
    /// # Errors
    /// If the plugin is not active or answers with an error.
    fn process(&mut self, block: &Block<'_>, out: &mut Outbox) -> Result<Cost, HostError>;

    /// Its state, as a project file would keep it.
    ///
    /// # Errors
    /// What the plugin answers.
    fn save_state(&mut self) -> Result<Vec<u8>, HostError>;

    /// Gives a state back, also while it is active.
    ///
    /// # Errors
    /// If the plugin refuses it.
    fn load_state(&mut self, state: &[u8]) -> Result<(), HostError>;

    /// Its audio, for a thread of its own; `None` if it has none to give away. It can be driven
    /// as long as the plugin is active.
    fn audio(&self) -> Option<Audio> {
        None
    }

    /// One turn of the host's main loop: grants what the plugin asked of the main thread. While
    /// an editor is open, hosts do so many times a second.
    fn turn(&mut self) {}

    /// Opens the editor in a window of the host's, which takes the editor's size. `scale` is that
    /// of the screen: 1 for 96 dots an inch.
    ///
    /// # Errors
    /// If there is no editor, it is open already, or it does not open.
    #[cfg(target_os = "linux")]
    fn open_editor(&mut self, _parent: &Parent, _scale: f64) -> Result<(), HostError> {
        Err(HostError::call("open_editor", "it has none"))
    }

    /// Makes the editor and its parent as large as `size`, or as the editor has it instead.
    ///
    /// # Errors
    /// If no editor is open, or it refuses.
    #[cfg(target_os = "linux")]
    fn resize_editor(&mut self, _size: Size) -> Result<Size, HostError> {
        Err(HostError::call("resize_editor", "it has none"))
    }

    /// Closes the editor; harmless if none is open.
    #[cfg(target_os = "linux")]
    fn close_editor(&mut self) {}
}

impl dyn Plugin + '_ {
    /// The parameter of a display name, whatever its case.
    ///
    /// # Errors
    /// [`HostError::NoSuchParameter`].
    pub fn parameter(&self, name: &str) -> Result<&Parameter, HostError> {
        let found = self.parameters().iter().find(|p| p.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| HostError::NoSuchParameter {
            name: name.to_owned(),
            known: self.parameters().iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_the_numbers_of_the_framework() {
        assert_eq!(parameter_number("a"), 97);
        assert_eq!(parameter_number("key"), (107 * 31 + 101) * 31 + 121);
        // Beyond 31 bits, of which the highest is the host's.
        assert!(parameter_number("temperature") < 1 << 31);
    }
}
