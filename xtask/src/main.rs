//! `cargo xtask`: thin dispatcher, one line per command. Each command lives in the library's
//! file of its name.

use clap::{Parser, Subcommand};
use xtask::trainer;

/// Build, hear, test and train Anacrusis.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Train(trainer::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Train(args) => trainer::run(&args),
    }
}
