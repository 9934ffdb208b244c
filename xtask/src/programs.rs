//! `cargo xtask bench` and `cargo xtask fuzz`: hand their words to programs of their own, built first.

use std::ffi::OsString;

use anyhow::Result;

use crate::workspace;

/// Measure speed, side by side with other software
///
/// The first call compiles the trainer and its benchmarks, which takes some minutes.
#[derive(clap::Args, Clone, Debug)]
#[command(disable_help_flag = true)]
pub struct Args {
    /// What is measured, and its options; `cargo xtask bench --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORDS")]
    pub words: Vec<OsString>,
}

/// `cargo xtask bench`.
///
/// # Errors
/// If the program cannot be built or started. If it fails, this process ends with its exit code.
pub fn run(args: &Args) -> Result<()> {
    become_program("xtask", ["anacrusis-benches", "bench"], &args.words)
}

/// Read millions of damaged files, takes and states and see that none does harm
#[derive(clap::Args, Clone, Debug)]
#[command(disable_help_flag = true)]
pub struct FuzzArgs {
    /// How many minutes, and options; `cargo xtask fuzz --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORDS")]
    pub words: Vec<OsString>,
}

/// `cargo xtask fuzz`.
///
/// # Errors
/// As [`run`].
pub fn fuzz(args: &FuzzArgs) -> Result<()> {
    become_program("fuzz", ["anacrusis-fuzz", "fuzz"], &args.words)
}

fn become_program(profile: &str, [package, binary]: [&str; 2], words: &[OsString]) -> Result<()> {
    let mut command = workspace::program(profile, package, binary, &[])?;
    command.args(words);
    workspace::become_process(command)
}
