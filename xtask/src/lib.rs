//! What `cargo xtask` does, one module per command, and what commands share.
//!
//! Two binaries use this library: `xtask` (everything but candle) and `train` (feature
//! `train`: the trainer and the candle reference network), which `xtask` starts by calling
//! cargo again, so that bundling the plugin never compiles a machine-learning framework.

#![allow(clippy::print_stdout)] // Standard output is what a command line is for.

pub mod arrangement;
pub mod bench;
pub mod bundle;
pub mod corpus;
pub mod demo;
pub mod evaluate;
pub mod files;
pub mod film;
pub mod generate;
pub mod inspect;
pub mod install;
pub mod judge;
pub mod loudness;
pub mod model_file;
mod parallel;
pub mod picture;
pub mod players;
pub mod presets;
pub mod score;
pub mod screenshots;
pub mod sequence;
pub mod settings;
pub mod setup;
pub mod soak;
pub mod source;
pub mod standalone;
pub mod synth;
pub mod test;
#[cfg(feature = "train")]
pub mod train;
pub mod trainer;
pub mod vectors;
pub mod verbatim;
pub mod workspace;

/// Ends a command: an error is told in one piece, without the backtrace that only its
/// programmer could use.
pub fn exit_code(outcome: anyhow::Result<()>) -> std::process::ExitCode {
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
