//! Music as numbers: what a step, a chord and a roll are, and how they come from and go
//! to Standard MIDI Files.
//!
//! A [`Step`] is one slot of the grid (a sixteenth by default). A [`Chord`] is what sounds
//! during one step, rests included. A [`PianoRoll`] is one chord per step. A *key* is a
//! MIDI key number, `0..=127`; a *note* is a key with a beginning and an end.

pub mod chord;
pub mod grid;
pub mod harmony;
pub mod key_heard;
pub mod metre;
pub mod part;
pub mod roll;
pub mod scale;
pub mod smf;

pub use chord::{Chord, KeyRange, Keys};
pub use grid::{Grid, Metre, Rate, STEPS_PER_BAR, Step, Stress};
pub use harmony::{Harmony, Tonality, class_name};
pub use key_heard::{KeyEstimate, KeyHeard};
pub use metre::{BarPosition, Metres, Signature};
pub use part::Part;
pub use roll::PianoRoll;
pub use scale::Scale;
