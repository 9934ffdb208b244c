//! The companion of the plugin: trains its models, scores and judges them, tries them out. The
//! program `anacrusis` has a command for each module that `main.rs` names; `cargo xtask train`
//! and its like are the same commands, built from this checkout.
//!
//! The trainer and the candle reference network are behind the feature `train`, so that who wants
//! the rest never compiles a machine-learning framework.

#![allow(clippy::print_stdout)] // Standard output is what a command line is for.

pub mod arguments;
pub mod arrangement;
pub mod corpus;
pub mod evaluate;
pub mod files;
pub mod generate;
pub mod inspect;
pub mod judge;
pub mod loudness;
pub mod model_file;
pub mod parallel;
pub mod picture;
pub mod players;
pub mod program;
pub mod score;
pub mod sequence;
pub mod settings;
pub mod source;
#[cfg(feature = "train")]
pub mod train;
pub mod vectors;
pub mod verbatim;
