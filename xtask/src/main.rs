//! `cargo xtask`: thin dispatcher, one line per command. Each command lives in the library's
//! file of its name.

use clap::{Parser, Subcommand};
use xtask::{bundle, demo, install, test, trainer};

/// Build, hear, test and train Anacrusis.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Args),
    Test(test::Args),
    Bundle(bundle::Args),
    Install(install::Args),
    Train(trainer::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Bundle(args) => bundle::run(&args),
        Command::Install(args) => install::run(&args),
        Command::Train(args) => trainer::run(&args),
    }
}
