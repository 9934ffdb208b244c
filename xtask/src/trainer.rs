//! Starting the binary `train` (feature `train`): cargo is called again, because the running
//! binary cannot be relinked and must not contain candle.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

/// Train a network on MIDI files.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {}

/// `cargo xtask train`: hands the command line, already checked, to the binary `train`.
///
/// # Errors
/// If cargo cannot be started. If the trainer fails, this process ends with its exit code.
pub fn run(_args: &Args) -> Result<()> {
    relaunch()
}

/// Runs this process's own command line in the binary `train` and ends with its exit code.
///
/// # Errors
/// If cargo cannot be started.
pub fn relaunch() -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--profile", "xtask", "-p", "xtask"])
        .args(["--bin", "train", "--features", "train", "--manifest-path"])
        .arg(manifest)
        .arg("--")
        .args(std::env::args_os().skip(1))
        .status()
        .context("cannot start cargo for the trainer")?;
    std::process::exit(status.code().unwrap_or(1));
}
