//! The biaxial LSTM: one stack of LSTM layers recurs along **time**, shared by all keys;
//! a second recurs along the **keys** of each step.
//!
//! A [`Frame`] (what was played and heard in one step) becomes a row of features per key
//! ([`features`]); the time stack turns them, step after step, into one vector per key
//! (`u`); the note stack then visits the keys in scan order, sees `u` of a key, what was decided
//! for the key before it and what a musician plays in the step ([`given`]), and gives two logits:
//! *plays*, and *is struck if it plays*.
//! Specified in model.md; after Johnson, "Generating Polyphonic Music Using Tied Parallel
//! Networks", EvoMUSART 2017, and his biaxial network of 2015.
//!
//! Letters of array shapes, here and in the trainer: `K` keys, `F` features, `H` units of a
//! layer, `T` steps, `B` batch.

pub mod baseline;
pub mod checkpoint;
pub mod config;
pub mod control;
pub mod density;
pub mod engine;
pub mod features;
pub mod follow;
pub mod given;
pub mod kernel;
pub mod loss;
pub mod network;
pub mod onset_tracker;
pub mod panels;
pub mod repetition;
pub mod rules;
pub mod sampler;
pub(crate) mod shared;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use config::Config;
pub use control::Control;
pub use density::Texture;
pub use engine::{Engine, Prepared, TimeState, Weights};
pub use features::Frame;
pub use follow::Follow;
pub use given::Given;
pub use rules::Rules;
pub use sampler::{Draw, Sampling};
