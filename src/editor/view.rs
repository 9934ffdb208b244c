//! What the editor shows: plain data, gathered before drawing.

use std::sync::Arc;

use crate::music::{Chord, Harmony, KeyRange, Tonality, class_name};
use crate::params::ModelChoice;
use crate::params::presets::Preset;

/// Everything the editor draws in one frame, parameters excepted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// The model that plays.
    pub model: Model,
    /// Whether music runs, or why not.
    pub activity: Activity,
    /// What sounded, sounds and will sound.
    pub roll: Roll,
    /// How the two threads keep up.
    pub figures: Figures,
    /// What was played so far.
    pub take: Take,
    /// The models that there are to choose from.
    pub library: Library,
    /// The user's own presets.
    pub presets: PresetShelf,
    /// Where the host is.
    pub transport: Transport,
    /// What is understood of the music.
    pub ear: MusicalContext,
    /// What a host would bring, where there is none.
    pub console: Option<Console>,
}

/// What a host would bring: a transport that the musician leads in our window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Console {
    /// Whether the play head moves.
    pub playing: bool,
    /// Quarter notes per minute, within [`Console::TEMPI`].
    pub tempo_bpm: f64,
    /// Beats in a bar, and the note value of one.
    pub signature: (u16, u16),
}

impl Console {
    /// Quarter notes per minute that it plays at.
    pub const TEMPI: std::ops::RangeInclusive<f64> = 20.0..=400.0;

    /// The metres to choose from.
    pub const METRES: [(u16, u16); 9] =
        [(2, 4), (3, 4), (4, 4), (5, 4), (5, 8), (6, 8), (7, 8), (9, 8), (12, 8)];
}

/// What a musician does with a [`Console`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Command {
    /// Play, or stop.
    Play(bool),
    /// Go to a bar, counted from 1.
    ToBar(i64),
    /// Another tempo, in quarter notes per minute.
    Tempo(f64),
    /// Another metre: beats in a bar, and the note value of one.
    Metre(u16, u16),
    /// A MIDI key is struck, or let go.
    Key(u8, bool),
}

/// Where the host is, in a musician's terms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transport {
    /// The metre, as 6 and 8; none if the host does not run.
    pub signature: Option<(u16, u16)>,
    /// The tempo in beats per minute, if the host tells one.
    pub tempo_bpm: Option<f32>,
}

/// What sounds, in a musician's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// A chord that has a name.
    Chord(Harmony),
    /// A note by itself, a MIDI key.
    Note(u8),
}

impl std::fmt::Display for Sound {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Sound::Chord(harmony) => harmony.fmt(f),
            Sound::Note(key) => f.write_str(class_name(*key)),
        }
    }
}

/// What is understood of the music.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MusicalContext {
    /// The key in which the musician plays, if it is known.
    pub key: Option<Tonality>,
    /// What the musician plays, the last within two bars.
    pub yours: Option<Sound>,
    /// What the plugin plays, likewise.
    pub own: Option<Sound>,
    /// Whether the musician was heard within two bars, or holds a key now.
    pub hears: bool,
    /// In mode *Answer*: whether it is the plugin's turn.
    pub answering: bool,
    /// Whether it is silent until the musician plays.
    pub waits: bool,
}

/// The user's own presets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PresetShelf {
    /// Presets with the names of their files.
    pub own: Arc<[(String, Preset)]>,
    /// What became of what was asked for last, or what could not be read.
    pub notice: Option<String>,
}

/// What can be done with the user's presets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresetAction {
    /// Save what is set under a name.
    Save {
        /// The name.
        name: String,
        /// Whether another one of that name gives way.
        replace: bool,
    },
    /// Delete the preset of this file.
    Delete(String),
}

/// The models that there are to choose from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Library {
    /// The embedded ones, and one from elsewhere that was chosen.
    pub near: Arc<[Entry]>,
    /// Those of the folder, by name.
    pub folder: Arc<[Entry]>,
    /// Whether the folder is being read.
    pub reading: bool,
    /// Why the folder could not be read, or how much of it was left out.
    pub problem: Option<String>,
}

impl Library {
    /// All of them, each once, the embedded ones first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        let elsewhere = |entry: &&Entry| self.folder.iter().all(|e| e.choice != entry.choice);
        self.near.iter().filter(elsewhere).chain(self.folder.iter())
    }
}

/// A model that can be chosen, by its own account.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What chooses it.
    pub choice: ModelChoice,
    /// Its name.
    pub name: String,
    /// What it was trained on, or why it cannot be used.
    pub about: Result<Card, String>,
}

/// What a model says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Card {
    /// What it was trained on; empty if it does not say.
    pub corpus: String,
    /// Licence of the weights; empty if it does not say.
    pub licence: String,
    /// Nats per step on pieces that it never saw, if it says so.
    pub heldout: Option<f64>,
    /// Units of the layers along time and along the keys.
    pub layers: [Vec<usize>; 2],
    /// Keys that it plays.
    pub keys: Option<KeyRange>,
}

/// What was played so far, and what can be done with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Take {
    /// Steps that it holds.
    pub steps: usize,
    /// Steps that were dropped for want of room.
    pub dropped: u64,
    /// Whether there is something to undo.
    pub can_undo: bool,
    /// Whether a newer version wrote the project's, so that nothing is added to it.
    pub newer: bool,
    /// The bar under the play head, counted from 1.
    pub bar: i64,
    /// Why the project's take cannot be read.
    pub problem: Option<String>,
    /// What became of what was asked for last.
    pub notice: Option<String>,
}

/// The model that plays, by its own account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// Name, or empty while none is ready.
    pub name: String,
    /// Hexadecimal SHA-256 of the file, in full.
    pub digest: String,
    /// What it was trained on; empty if the file does not say.
    pub corpus: String,
    /// Licence of the weights; empty if the file does not say.
    pub licence: String,
    /// The processor's instructions that it runs on, such as "AVX2".
    pub instructions: &'static str,
    /// Whether another one is being opened.
    pub loading: bool,
    /// What went wrong with the model asked for, while another plays on.
    pub problem: Option<String>,
}

/// Whether music runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Activity {
    /// The transport rolls and chords sound.
    Playing,
    /// The host is stopped: nothing is wrong.
    #[default]
    Stopped,
    /// Silent although the host may roll; in words, with what to do about it.
    Silent(String),
}

/// The steps around now. Past steps stand in the order in which they were played, whatever
/// the song position was.
#[derive(Clone, Debug, PartialEq)]
pub struct Roll {
    /// The keys that the model plays.
    pub keys: KeyRange,
    /// Steps played before the sounding one, oldest first.
    pub past: Vec<Column>,
    /// The sounding step, if the transport rolls.
    pub now: Option<Column>,
    /// Steps decided but not yet sounding, soonest first.
    pub ahead: Vec<Column>,
    /// Those that follow, as they would be if the musician rested; none if that is not known.
    pub preview: Vec<Column>,
    /// Steps in a bar; 0 if that is not known.
    pub bar_steps: u16,
    /// Mask of the MIDI keys that the musician holds.
    pub held: u128,
    /// Beats in a bar, those of a compound metre counted by three; 0 if that is not known.
    pub beats: u16,
    /// The number of the step before the now-line: grows by one with each step.
    pub played: u64,
    /// The number of the take's entry that comes next: as [`Roll::played`], but for what was replayed,
    /// which the take does not hold twice.
    pub entries: u64,
    /// Share of the sounding step that has passed, 0 to 1.
    pub phase: f32,
}

impl Default for Roll {
    fn default() -> Self {
        Self {
            keys: KeyRange { low: 24, count: 78 },
            past: Vec::new(),
            now: None,
            ahead: Vec::new(),
            preview: Vec::new(),
            bar_steps: 0,
            held: 0,
            beats: 0,
            played: 0,
            entries: 0,
            phase: 0.0,
        }
    }
}

/// One step of the roll.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Column {
    /// What was generated.
    pub chord: Chord,
    /// What the musician played.
    pub heard: Chord,
    /// Velocity of what was generated and began in the step, 1 to 127; 0 if it is not known.
    pub velocity: u8,
    /// The same of what the musician struck.
    pub heard_velocity: u8,
    /// The bar, counted from 1.
    pub bar: i64,
    /// The line at which the step begins.
    pub line: Line,
    /// Whether the bar is locked.
    pub locked: bool,
    /// Whether the step lies in the host's loop.
    pub looped: bool,
    /// Whether the chord came too late to sound.
    pub missed: bool,
    /// Whether the chord will be decided once more in its step.
    pub tentative: bool,
}

/// The grid line at the beginning of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// Inside a beat.
    #[default]
    Step,
    /// A beat.
    Beat,
    /// A bar line.
    Bar,
}

/// How the two threads keep up with the music.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Chords that came too late since playback began.
    pub missed: u64,
    /// Time in milliseconds from asking for the newest chord to having it, if there was one.
    pub chord_ms: Option<f32>,
    /// How busy the worker was with that chord, what it thought ahead included, as a share of
    /// a step's length at the host's tempo; 1 is all of it.
    pub busy_share: Option<f32>,
    /// Least time in milliseconds between asking for a chord and its sounding.
    pub shortest_lead_ms: Option<f32>,
    /// Whether that lead does not cover one inference.
    pub lead_too_short: bool,
    /// Internal errors that the worker went on after.
    pub faults: u64,
    /// Whether the system gave the worker a raised priority.
    pub raised: bool,
}

/// What the user asked for in one frame, parameters excepted: those go through the host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Actions {
    /// End every note.
    pub panic: bool,
    /// Let this model play; a file is opened anew.
    pub choose: Option<ModelChoice>,
    /// Ask for a file or a folder.
    pub ask: Option<Question>,
    /// Do this with the user's presets.
    pub preset: Option<PresetAction>,
    /// Look for models in this folder.
    pub look: Option<String>,
    /// Do this with the take.
    pub take: Option<TakeAction>,
    /// Let this part of the take be dragged out of the window.
    pub drag: Option<Part>,
    /// What was done with the console, in that order.
    pub commands: Vec<Command>,
}

/// What a dialog of the system's asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Which file to open as the model.
    Model,
    /// In which folder to look for models.
    Folder,
    /// Where to write this part of the take.
    Keep(Part),
}

/// What can be done with a take. Bars are counted from 1, both ends belong to what is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeAction {
    /// Replay these bars, whatever else is generated.
    Lock(i64, i64),
    /// No longer do so.
    Unlock(i64, i64),
    /// Play these bars anew.
    Again(i64, i64),
    /// Replay a performance: the steps of these numbers ([`Roll::entries`]), from the first to the one
    /// before the second.
    Back(u64, u64),
    /// Take back the last of these.
    Undo,
    /// Let go of what a newer version wrote.
    Anew,
    /// Write a part of the take as a MIDI file.
    Keep(Part),
}

/// What of a take is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it, in played order.
    All,
    /// Its last so many bars, in played order.
    Last(usize),
    /// Steps by their numbers ([`Roll::entries`]), from the first to the one before the second.
    Entries(u64, u64),
    /// What was played last in these bars of the song, counted from 1, both ends included.
    Bars(i64, i64),
}
