//! `cargo xtask fuzz`: damages good inputs in every way and has them read.

mod damage;
mod run;
mod targets;

use std::alloc::System;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anacrusis_companion::program;
use anyhow::{Result, ensure};
use cap::Cap;
use clap::Parser;

use run::Limits;
use targets::Target;

/// Tells what an input takes. Not in the profile of checks and tests, where the framework brings an
/// allocator of its own.
#[cfg_attr(not(debug_assertions), global_allocator)]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// Read millions of damaged inputs and see that none does harm
///
/// Files of the tests, models, presets, and takes and states of our own are damaged: bits, numbers,
/// lengths, words, parts put in, left out, doubled, mixed. What is read must be told as good or bad; a
/// panic, an overflow, an input that takes longer than ten seconds or more than a gigabyte is a fault.
/// Such an input is written to the folder of --out, and the exit status is not 0.
#[derive(Parser)]
#[command(name = "cargo xtask fuzz", bin_name = "cargo xtask fuzz", version)]
#[command(after_help = "Examples:
  cargo xtask fuzz 10                             all targets in turn, ten minutes in all
  cargo xtask fuzz 60 --only midi take
  cargo xtask fuzz 600 --inputs 10000000 --seed 7
  cargo xtask fuzz 1 --only midi --input target/fuzz/midi-1f.bin      one input again")]
struct Cli {
    /// How long, in minutes, all targets together
    #[arg(value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=10_080))]
    minutes: u32,
    /// Only these targets
    #[arg(long, value_enum, num_args = 1.., value_name = "TARGET")]
    only: Vec<Target>,
    /// End a target after so many inputs
    #[arg(long, value_name = "N", default_value_t = u64::MAX)]
    inputs: u64,
    /// The same seed damages in the same way
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Read only this file, as it is
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Where inputs that do harm go
    #[arg(long, value_name = "DIR", default_value = "target/fuzz")]
    out: PathBuf,
}

fn main() -> ExitCode {
    program::end_quietly_without_reader();
    program::exit_code(fuzz(&Cli::parse()))
}

fn fuzz(cli: &Cli) -> Result<()> {
    let targets = if cli.only.is_empty() { Target::ALL.to_vec() } else { cli.only.clone() };
    if let Some(path) = &cli.input {
        let bytes = std::fs::read(path)?;
        for target in targets {
            println!("{}: {}", target.name(), target.read(&bytes));
        }
        return Ok(());
    }
    let limits = Limits {
        time: Duration::from_secs(60 * u64::from(cli.minutes)) / targets.len() as u32,
        inputs: cli.inputs,
    };
    let mut harm = 0;
    for target in targets {
        let report = run::run(target, limits, cli.seed, &cli.out, || HEAP.max_allocated())?;
        println!("{report}");
        harm += report.harm;
    }
    ensure!(harm == 0, "{harm} inputs did harm; they are in {}", cli.out.display());
    Ok(())
}
