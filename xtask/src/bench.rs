//! `cargo xtask bench`: speed, side by side with others.

pub mod clock;
pub mod engine;
pub mod instances;
pub mod latency;
pub mod network;
#[path = "../../benches/engine/peak.rs"]
pub mod peak;
pub mod peer;
pub mod python;
pub mod report;
pub mod round;
pub mod task;
pub mod train;
pub mod usage;

#[cfg(feature = "train")]
pub mod candle;

use anyhow::Result;

/// Measure speed, side by side with other software
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// What is measured.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be measured.
#[derive(clap::Subcommand, Clone, Debug)]
#[allow(missing_docs, reason = "clap would show it in place of what the arguments' types say")]
pub enum Command {
    Engine(engine::Args),
    Instances(instances::Args),
    Latency(latency::Args),
    Train(train::Args),
}

/// `cargo xtask bench`.
///
/// # Errors
/// As the command chosen.
pub fn run(args: &Args) -> Result<()> {
    match &args.command {
        Command::Engine(args) => engine::run(args),
        Command::Instances(args) => instances::run(args),
        Command::Latency(args) => latency::run(args),
        Command::Train(args) => train::run(args),
    }
}
