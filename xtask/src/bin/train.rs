//! The commands that need candle; `xtask` starts this binary for them.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use clap::{Parser, Subcommand};
use xtask::settings::Profile;
use xtask::train::dynamic::Learner;
use xtask::train::stepper::CandleStepper;
use xtask::trainer::launcher;
use xtask::{bench, evaluate, train, trainer, vectors};

/// The commands of `cargo xtask` that need candle.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Train(Box<trainer::Args>),
    Vectors(vectors::Args),
    Evaluate(evaluate::Args),
    #[command(hide = true)]
    BenchPeer(bench::peer::Args),
    #[command(hide = true)]
    BenchIterations(bench::train::PeerArgs),
}

fn main() -> ExitCode {
    xtask::exit_code(run(Cli::parse().command))
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Evaluate(args) => {
            let (rate, play_only) =
                (args.dynamic.unwrap_or(0.0), args.profile == Profile::Benchmark);
            evaluate::run_with(&args, &|checkpoint| Learner::new(checkpoint, rate, play_only))
        }
        Command::Train(args) if args.print_config => trainer::run(&args),
        Command::Train(args) => train::run(&args, interruptible()?.as_ref()),
        Command::Vectors(args) => {
            vectors::run_with(&args, |checkpoint| Ok(Box::new(CandleStepper::new(checkpoint)?)))
        }
        Command::BenchIterations(args) => bench::train::ours::serve(&args),
        Command::BenchPeer(args) => {
            bench::peer::serve(&args, bench::candle::VERSION, |checkpoint| {
                Ok(Box::new(bench::candle::Candle::new(checkpoint)?))
            })
        }
    }
}

/// A flag that Ctrl-C and SIGTERM set; a second one ends the process at once.
fn interruptible() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        let place = launcher::place();
        if !place.leads() {
            return;
        }
        if place.processes > 1 {
            eprintln!(
                "told to end; if that is because another process died, the state last saved is \
                 whole: the same command with --resume goes on from it"
            );
            return;
        }
        eprintln!(
            "\nending after this iteration, and saving; Ctrl-C once more ends at once and loses what \
             was done since the last evaluation"
        );
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(stop)
}
