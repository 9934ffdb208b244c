//! A small language for what a host does, in order. [`text`] reads and writes it.

pub mod text;

/// One thing the host does. Everything but the lengths takes effect at the next block's
/// first sample.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Rolls from where the play head is.
    Play,
    /// Stops where the play head is.
    Stop,
    /// Moves the play head to a beat.
    Jump(f64),
    /// Tempo in BPM; `None`: the host stops saying one.
    Tempo(Option<f64>),
    /// Time signature from the present bar on.
    TimeSignature(u16, u16),
    /// Loops from the first to the second beat. Unless `announced`, the plugin is not told
    /// and the wrap comes out of the blue.
    Loop {
        /// First beat of the loop.
        start_beats: f64,
        /// Beat at which it wraps.
        end_beats: f64,
        /// Whether the plugin is told.
        announced: bool,
    },
    /// Loops no more.
    LoopOff,
    /// Whether an announced loop may wrap inside a block. Off: the host splits the block.
    Straddle(bool),
    /// Block sizes in samples, taken in turn.
    Blocks(Vec<u32>),
    /// Processes so many beats while the tempo moves to this one, in equal parts a beat; each
    /// block has one tempo.
    Ramp {
        /// Tempo at the end in BPM.
        to_bpm: f64,
        /// How long it takes.
        beats: f64,
    },
    /// The position told is off by up to so many beats either way, each block otherwise.
    Jitter(f64),
    /// So many blocks of no samples.
    Empty(u32),
    /// Lets the time of so many blocks go by without a call of `process`.
    Skip(u32),
    /// Another sample rate in Hz: deactivates and activates.
    SampleRate(f64),
    /// Offline rendering on or off.
    Offline(bool),
    /// A note in the next block.
    Note {
        /// Sample in the block; what lies beyond it is moved to its last.
        offset_samples: u32,
        /// On or off.
        on: bool,
        /// MIDI key number.
        key: u8,
        /// MIDI channel, 0..=15.
        channel: u8,
        /// 0..=1.
        velocity: f64,
    },
    /// A MIDI message in the next block that is no note.
    Midi {
        /// As of a note.
        offset_samples: u32,
        /// Status with channel, and the data bytes.
        data: [u8; 3],
    },
    /// Sets the parameter of a name to what it reads in a text.
    Set(String, String),
    /// Switches the plugin's bypass.
    Bypass(bool),
    /// Keeps the plugin's state under a name.
    SaveState(String),
    /// Gives it back.
    LoadState(String),
    /// Clears what sounds.
    Reset,
    /// Deactivates and activates.
    Reactivate,
    /// How many events the host's queue takes in a block.
    Capacity(usize),
    /// Processes this many samples; the last block is cut to fit.
    RunSamples(u64),
    /// Processes the samples of this many beats at the present tempo, rounded.
    RunBeats(f64),
    /// Processes this many blocks.
    RunBlocks(u32),
    /// Waits before every block until it is due, at this many times real speed; `None`: as
    /// fast as it goes.
    Pace(Option<f64>),
}

/// A list of [`Action`]s with the host's first settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// Sample rate at the start in Hz.
    pub sample_rate: f64,
    /// Block size at the start in samples.
    pub block: u32,
    /// What happens, in order.
    pub actions: Vec<Action>,
}

impl Script {
    /// A host at rest at beat 0, 120 BPM, 4/4, no loop, as fast as it goes.
    #[must_use]
    pub fn new(sample_rate: f64, block: u32) -> Script {
        Script { sample_rate, block, actions: Vec::new() }
    }

    /// Adds any action.
    #[must_use]
    pub fn then(mut self, action: Action) -> Script {
        self.actions.push(action);
        self
    }

    /// [`Action::Play`].
    #[must_use]
    pub fn play(self) -> Script {
        self.then(Action::Play)
    }

    /// [`Action::Stop`].
    #[must_use]
    pub fn stop(self) -> Script {
        self.then(Action::Stop)
    }

    /// [`Action::Jump`].
    #[must_use]
    pub fn jump(self, beats: f64) -> Script {
        self.then(Action::Jump(beats))
    }

    /// [`Action::Tempo`].
    #[must_use]
    pub fn tempo(self, bpm: f64) -> Script {
        self.then(Action::Tempo(Some(bpm)))
    }

    /// [`Action::Ramp`].
    #[must_use]
    pub fn ramp(self, to_bpm: f64, beats: f64) -> Script {
        self.then(Action::Ramp { to_bpm, beats })
    }

    /// [`Action::Loop`], announced.
    #[must_use]
    pub fn loop_beats(self, start_beats: f64, end_beats: f64) -> Script {
        self.then(Action::Loop { start_beats, end_beats, announced: true })
    }

    /// [`Action::Loop`], unannounced.
    #[must_use]
    pub fn silent_loop(self, start_beats: f64, end_beats: f64) -> Script {
        self.then(Action::Loop { start_beats, end_beats, announced: false })
    }

    /// [`Action::LoopOff`].
    #[must_use]
    pub fn loop_off(self) -> Script {
        self.then(Action::LoopOff)
    }

    /// [`Action::Blocks`].
    #[must_use]
    pub fn block_sizes(self, sizes: &[u32]) -> Script {
        self.then(Action::Blocks(sizes.to_vec()))
    }

    /// [`Action::SampleRate`].
    #[must_use]
    pub fn sample_rate(self, hz: f64) -> Script {
        self.then(Action::SampleRate(hz))
    }

    /// [`Action::Offline`].
    #[must_use]
    pub fn offline(self, offline: bool) -> Script {
        self.then(Action::Offline(offline))
    }

    /// [`Action::Note`], on, first sample, channel 0.
    #[must_use]
    pub fn note_on(self, key: u8) -> Script {
        self.note_on_at(key, 0.75)
    }

    /// [`Action::Note`], on, first sample, channel 0, with a velocity of 0 to 1.
    #[must_use]
    pub fn note_on_at(self, key: u8, velocity: f64) -> Script {
        self.then(Action::Note { offset_samples: 0, on: true, key, channel: 0, velocity })
    }

    /// [`Action::Note`], off, first sample, channel 0.
    #[must_use]
    pub fn note_off(self, key: u8) -> Script {
        self.then(Action::Note { offset_samples: 0, on: false, key, channel: 0, velocity: 0.0 })
    }

    /// [`Action::Midi`], at the first sample.
    #[must_use]
    pub fn midi(self, data: [u8; 3]) -> Script {
        self.then(Action::Midi { offset_samples: 0, data })
    }

    /// What comes in is not passed on, so that what comes out is the plugin's own.
    #[must_use]
    pub fn without_thru(self) -> Script {
        self.set("Thru", "Off")
    }

    /// Chords sound with their steps, decided once: for what is about when steps are.
    #[must_use]
    pub fn on_the_beat(self) -> Script {
        self.set("Reaction", "0.0")
    }

    /// [`Action::Set`].
    #[must_use]
    pub fn set(self, name: &str, text: &str) -> Script {
        self.then(Action::Set(name.to_owned(), text.to_owned()))
    }

    /// [`Action::SaveState`].
    #[must_use]
    pub fn save_state(self, slot: &str) -> Script {
        self.then(Action::SaveState(slot.to_owned()))
    }

    /// [`Action::LoadState`].
    #[must_use]
    pub fn load_state(self, slot: &str) -> Script {
        self.then(Action::LoadState(slot.to_owned()))
    }

    /// [`Action::Reset`].
    #[must_use]
    pub fn reset(self) -> Script {
        self.then(Action::Reset)
    }

    /// [`Action::RunSamples`].
    #[must_use]
    pub fn samples(self, samples: u64) -> Script {
        self.then(Action::RunSamples(samples))
    }

    /// [`Action::RunBeats`].
    #[must_use]
    pub fn beats(self, beats: f64) -> Script {
        self.then(Action::RunBeats(beats))
    }

    /// [`Action::RunBlocks`].
    #[must_use]
    pub fn blocks(self, blocks: u32) -> Script {
        self.then(Action::RunBlocks(blocks))
    }

    /// [`Action::Pace`]: a live host, at this many times real speed.
    #[must_use]
    pub fn live(self, speed: f64) -> Script {
        self.then(Action::Pace(Some(speed)))
    }
}
