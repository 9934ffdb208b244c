//! Standard MIDI File to [`PianoRoll`](super::PianoRoll) and back (model.md, section 1).
//!
//! **Reading** takes all tracks and channels but channel 10 (drums) and lays every onset and
//! every end on the nearest sixteenth, in integers, so that any number of ticks per quarter works.
//! What the specification leaves open is settled so:
//!
//! - *Notes.* Onsets and ends of one key pair up first in, first out, within their track and
//!   channel. A key sounds as long as any of its notes does, in any track, and is struck at every
//!   onset: an onset inside a sounding note strikes the key again, and the key sounds to the later
//!   of the two ends. A note that ends in the step of its onset lasts one step. Where a key has
//!   more onsets than ends, what is left over ends at the key's last end before the next onset; a
//!   note after which its key has no end lasts as long as its track.
//! - *Controllers.* *All notes off* (123) and *all sound off* (120) end the notes of their
//!   channel. The pedal (64, down from 64 on) lengthens notes to its release or to the next onset
//!   of the key, unless [`ReadOptions`] say otherwise.
//! - *Metres.* All are read. Of several signatures at one tick the last one holds; one that lies
//!   beside the grid goes to the nearest step. `1/4` or `1/8` throughout, or at tick 0 beside
//!   another, stands for none. Impossible ones are passed over. A pickup comes as a short bar, in
//!   its own signature or cut short by the next one; see [`Metres`](super::Metres).
//! - *Beginning and end.* Bars before that of the first note are left out. The roll ends with
//!   the last note in range; the last bar is not filled up.
//! - *Shift.* Where all onsets lie beside the grid by the same, that is taken away before anything
//!   is rounded; [`GridFit`] tells it, and whether there is a grid at all.
//! - *Parts.* Each track with notes is a [part](super::Part) by its name. If one track has all of
//!   them, as in format 0, each channel is one, named by its sound.
//! - Events after a track's end are ignored, as are chunks of unknown type.
//!
//! **Read as players read**, and counted in [`Repairs`]: RIFF containers (RMID), velocities and
//! controller values above 127 (clamped), running status across a meta event, tracks that are cut
//! off or damaged (left out, if another has notes).
//!
//! **Hostile files** cost time and memory in proportion to their own size: no length that
//! a file declares is believed before the bytes behind it are seen, and counts and the
//! length of the roll are checked before it is built. Every event is delimited here; only meta
//! events are then handed to `midly`, which by itself reads past damage in silence and, on some
//! headers, overflows.
//!
//! **Writing** gives a file at [`TICKS_PER_BEAT`], of format 0 for one roll and of format 1 for
//! several parts; the same bytes for the same notes.

mod chunks;
mod events;
mod fit;
mod gather;
mod notes;
mod parts;
mod read;
mod repairs;
mod signatures;
mod write;

pub use fit::GridFit;
pub use read::{Imported, MAX_NOTES, MAX_STEPS, ReadOptions, read, read_with};
pub use repairs::Repairs;
pub use write::{
    Beside, BesideOf, ChannelOf, Part, TICKS_PER_BEAT, TempoChange, VelocityOf, WriteOptions,
    write, write_parts,
};

/// Why a file is not a Standard MIDI File that can be laid on the grid.
///
/// Tracks are counted from 1, bytes from the beginning of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SmfError {
    /// There is nothing in it.
    #[error("this is not a Standard MIDI File: the file is empty")]
    Empty,
    /// The first four bytes are not `MThd`, nor are those in a RIFF container.
    #[error("this is not a Standard MIDI File: it does not begin with \"MThd\"")]
    NotMidi,
    /// The header is cut off, or declares a size it cannot have.
    #[error("the header is damaged: it must hold at least 6 bytes, and the file must hold them")]
    Header,
    /// A format other than 0, 1 and 2.
    #[error("MIDI file format {0} does not exist; export it as format 0 or 1")]
    UnknownFormat(u16),
    /// Format 2: several songs or patterns in one file.
    #[error("format 2 (independent patterns) has no common time; export it as format 0 or 1")]
    Patterns,
    /// Time in frames per second: nothing says where the beats are.
    #[error("time is counted in SMPTE frames, not in beats; export it with ticks per quarter")]
    Smpte,
    /// Zero ticks per quarter note.
    #[error("a quarter note is declared to last 0 ticks, so nothing has a length")]
    ZeroDivision,
    /// There is no track chunk.
    #[error("the file has no tracks")]
    NoTracks,
    /// More track chunks than a header can declare.
    #[error("the file has more than {} tracks", u16::MAX)]
    TooManyTracks,
    /// A track is longer than the file.
    #[error("track {track} is cut off: it declares {declared} bytes, {present} are left")]
    TrackCut {
        /// Which track.
        track: usize,
        /// Bytes that its chunk declares.
        declared: u32,
        /// Bytes from its beginning to the end of the file.
        present: usize,
    },
    /// An event cannot be read.
    #[error("track {track} is damaged at byte {byte}: {problem}")]
    Event {
        /// Which track.
        track: usize,
        /// Where the event begins.
        byte: usize,
        /// What is wrong with it.
        problem: EventProblem,
    },
    /// More notes than any music; they would not fit in memory.
    #[error("the file holds more than {MAX_NOTES} notes")]
    TooManyNotes,
    /// The last note ends too late; the roll would not fit in memory.
    #[error("the music lasts {steps} sixteenths, more than the {MAX_STEPS} that are read")]
    TooLong {
        /// Length in steps, as far as it was followed.
        steps: u64,
    },
}

/// What is wrong with an event of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventProblem {
    /// A variable-length number goes on after four bytes.
    #[error("a time or length is written in more than four bytes")]
    LongNumber,
    /// The track ends inside an event, or a text or SysEx says it is longer than the track.
    #[error("the track ends in the middle of an event")]
    Cut,
    /// A data byte comes first where no running status is in force.
    #[error("an event has no status byte, and none is in force from the event before")]
    NoStatus,
    /// A data byte of a channel message has its top bit set.
    #[error("a note or controller value is above 127")]
    DataRange,
    /// 0xF1..=0xF6 or 0xF8..=0xFE, which only live MIDI has.
    #[error("a live-only system message stands in a file")]
    SystemMessage,
}
