//! `cargo xtask`: thin dispatcher, one line per command. Each command lives in the library's file of
//! its name; those of the companion in its library or in `companion`, `bench` and `fuzz` in `programs`.

use std::alloc::System;
use std::process::ExitCode;

use anacrusis_companion::{
    arguments, evaluate, generate, inspect, judge, loudness, program, vectors,
};
use cap::Cap;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use xtask::{
    bundle, companion, demo, film, install, mutants, presets, programs, screenshots, soak,
    standalone, test,
};

/// Counts what is in use; no limit. Not in the profile of checks and tests, where the framework
/// brings an allocator of its own, if cargo takes it along: there it counts nothing.
#[cfg_attr(not(debug_assertions), global_allocator)]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

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
    Presets(presets::Args),
    Test(test::Args),
    Soak(soak::Args),
    Bundle(bundle::Args),
    Install(install::Args),
    Standalone(standalone::Args),
    Screenshots(screenshots::Args),
    Film(film::Args),
    Train(Box<arguments::Args>),
    Evaluate(evaluate::Args),
    Generate(generate::Args),
    Inspect(inspect::Args),
    Judge(judge::Args),
    Loudness(loudness::Args),
    Vectors(vectors::Args),
    Bench(programs::Args),
    Fuzz(programs::FuzzArgs),
    Mutants(mutants::Args),
}

fn main() -> ExitCode {
    program::end_quietly_without_reader();
    program::call_it(companion::CALLED_AS);
    let matches = program::with_examples(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    program::exit_code(run(cli.command))
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => demo::run(&args),
        Command::Presets(args) => presets::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Soak(args) => soak::run(&args, || HEAP.allocated() as u64),
        Command::Bundle(args) => bundle::run(&args),
        Command::Install(args) => install::run(&args),
        Command::Standalone(args) => standalone::run(&args),
        Command::Screenshots(args) => screenshots::run(&args),
        Command::Film(args) => film::run(&args),
        Command::Train(args) => companion::train(&args),
        Command::Evaluate(args) => companion::evaluate(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Judge(args) => judge::run(&args),
        Command::Loudness(args) => loudness::run(&args),
        Command::Vectors(args) => companion::vectors(&args),
        Command::Bench(args) => programs::run(&args),
        Command::Fuzz(args) => programs::fuzz(&args),
        Command::Mutants(args) => mutants::run(&args),
    }
}
