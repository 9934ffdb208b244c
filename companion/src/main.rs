//! `anacrusis`: thin dispatcher, one line per command. Each command lives in the library's file
//! of its name.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anacrusis_companion::arguments::{self, launcher};
use anacrusis_companion::settings::Profile;
use anacrusis_companion::train::Ended;
use anacrusis_companion::train::dynamic::Learner;
use anacrusis_companion::train::stepper::CandleStepper;
use anacrusis_companion::vectors::With;
use anacrusis_companion::{evaluate, generate, inspect, judge, loudness, program, train, vectors};
use anyhow::Context;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Train, judge and try out models for Anacrusis.
#[derive(Parser)]
#[command(name = program::NAME, version)]
#[command(after_help = "Examples:
  anacrusis inspect --data my-midi                    what the trainer would make of a folder
  anacrusis train --data my-midi --out my.safetensors --minutes 60
  anacrusis generate --model my.safetensors --bars 32 --seed 1 --out a.mid
  anacrusis judge --model my.safetensors --accompany unseen-midi

Each command has a --help with examples of its own.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Train(Box<arguments::Args>),
    Evaluate(evaluate::Args),
    Generate(generate::Args),
    Inspect(inspect::Args),
    Judge(judge::Args),
    Loudness(loudness::Args),
    Vectors(vectors::Args),
}

fn main() -> ExitCode {
    program::end_quietly_without_reader();
    // The name that was typed, in help and usage.
    let command = program::with_examples(Cli::command());
    let called = command.bin_name(program::called_as()).get_matches();
    let cli = Cli::from_arg_matches(&called).unwrap_or_else(|error| error.exit());
    program::exit_code(run(cli.command))
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Train(args) if args.print_config => args.print_config(),
        Command::Train(args) => match train::run(&args, interruptible()?.as_ref())? {
            Ended::Done => Ok(()),
            Ended::Interrupted => std::process::exit(program::INTERRUPTED),
        },
        Command::Evaluate(args) => match args.dynamic {
            None => evaluate::run(&args),
            Some(rate) => {
                let play_only = args.profile == Profile::Benchmark;
                evaluate::run_with(&args, &|checkpoint| Learner::new(checkpoint, rate, play_only))
            }
        },
        Command::Generate(args) => generate::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Judge(args) => judge::run(&args),
        Command::Loudness(args) => loudness::run(&args),
        Command::Vectors(args) => match args.with {
            With::Engine => vectors::run(&args),
            With::Candle => {
                vectors::run_with(&args, |checkpoint| Ok(Box::new(CandleStepper::new(checkpoint)?)))
            }
        },
    }
}

/// A flag that Ctrl-C and SIGTERM set; a second one ends the process at once.
fn interruptible() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(program::INTERRUPTED);
        }
        let place = launcher::place();
        if !place.leads() {
            return;
        }
        if place.processes > 1 {
            eprintln!(
                "asked to stop; if another process died, the last saved state is intact: run the \
                 same command with --resume to continue from it"
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
