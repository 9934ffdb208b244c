//! What `cargo xtask bench` runs: one line per benchmark.

use std::process::ExitCode;

use anacrusis_benches::{candle, engine, instances, latency, peer, train};
use anacrusis_companion::program;
use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measure speed, side by side with other software
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Engine(engine::Args),
    Instances(instances::Args),
    Latency(latency::Args),
    Train(train::Args),
    /// The side of candle in `engine`, as a process of its own.
    #[command(hide = true)]
    Peer(peer::Args),
    /// Our own side in `train`, as a process of its own.
    #[command(hide = true)]
    Iterations(train::PeerArgs),
}

fn main() -> ExitCode {
    program::end_quietly_without_reader();
    program::exit_code(run(&Cli::parse().command))
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Engine(args) => engine::run(args),
        Command::Instances(args) => instances::run(args),
        Command::Latency(args) => latency::run(args),
        Command::Train(args) => train::run(args),
        Command::Peer(args) => peer::serve(args, candle::VERSION, |checkpoint| {
            Ok(Box::new(candle::Candle::new(checkpoint)?))
        }),
        Command::Iterations(args) => train::ours::serve(args),
    }
}
