//! `cargo xtask bench`: hands its words to the benchmarks' own program, built first.

use std::ffi::OsString;

use anyhow::Result;

use crate::workspace;

/// Measure speed, side by side with other software
///
/// The first call compiles the trainer and its benchmarks, which takes some minutes.
#[derive(clap::Args, Clone, Debug)]
#[command(disable_help_flag = true)]
pub struct Args {
    /// What is measured, and its options; `cargo xtask bench --help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORDS")]
    pub words: Vec<OsString>,
}

/// `cargo xtask bench`.
///
/// # Errors
/// If the program cannot be built or started. If it fails, this process ends with its exit code.
pub fn run(args: &Args) -> Result<()> {
    let mut command = workspace::program("anacrusis-benches", "bench", &[])?;
    command.args(&args.words);
    workspace::become_process(command)
}
