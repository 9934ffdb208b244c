//! `cargo xtask standalone`: the plugin as a program of its own.

use crate::{setup, workspace};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::PathBuf;

/// Build the standalone and run it, for jamming without a DAW.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask standalone                        play at 120 BPM, heard at once
  cargo xtask standalone --tempo 92 --metre 3/4
  cargo xtask standalone --list                 devices and ports
  cargo xtask standalone -- --help              all that it can be told
  cargo xtask standalone --build                only build, and print where it is

It plays through JACK or PipeWire if one runs, else through the system's own sound. On Linux
its build needs the headers of ALSA and JACK, which are installed, or the command is printed;
the plugin's own build needs neither.")]
pub struct Args {
    /// Only build it, and print where it is.
    #[arg(long)]
    pub build: bool,
    /// What the program is told.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    pub options: Vec<OsString>,
}

/// `cargo xtask standalone`.
///
/// # Errors
/// If a system package is missing and cannot be installed, or the build or the program fails.
pub fn run(args: &Args) -> Result<()> {
    setup::ensure()?;
    setup::ensure_sound()?;
    let program = build()?;
    if args.build {
        println!("{}", program.display());
        return Ok(());
    }
    let mut command = std::process::Command::new(&program);
    let status = command
        .args(&args.options)
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    if !status.success() {
        // It has said why.
        std::process::exit(status.code().unwrap_or(1));
    }
    Ok(())
}

/// Builds the program, optimised.
///
/// # Errors
/// If the build fails.
pub fn build() -> Result<PathBuf> {
    const NAME: &str = "anacrusis-standalone";
    let status = workspace::cargo()
        .args(["build", "--release", "--features", "standalone", "--bin", NAME])
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("the standalone was not built");
    }
    let name = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
    Ok(workspace::target_dir()?.join("release").join(name))
}
