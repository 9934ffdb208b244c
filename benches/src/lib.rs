//! Speed, side by side with others, one module per benchmark and what they share.

#![allow(clippy::print_stdout)] // Standard output is what a command line is for.

pub mod candle;
pub mod clock;
pub mod engine;
pub mod instances;
pub mod latency;
pub mod network;
#[path = "../engine/peak.rs"]
pub mod peak;
pub mod peer;
pub mod python;
pub mod report;
pub mod round;
pub mod task;
pub mod train;

use std::path::Path;
use std::process::Command;

/// A call of the benchmarks' own `program`, of its command `name`, for a process of its own.
/// Candle's pools of threads would only be in the way there: what is measured has threads of its
/// own, or one.
pub fn process(program: &Path, name: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(name).envs([("RAYON_NUM_THREADS", "1"), ("CANDLE_NUM_THREADS", "1")]);
    command
}
