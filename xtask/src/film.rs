//! `cargo xtask film`: the plugin as users see and hear it, as a short film.

#[cfg(target_os = "linux")]
mod shoot;

use anyhow::Result;
use std::path::PathBuf;

/// Film the built plugin's editor while it accompanies a melody, with the sound that it makes
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask film
  cargo xtask film --out docs/film.mp4

The built .clap is loaded from disk by a host of our own, in a window on a screen that nobody sees
(Xvfb), and plays in real time with a melody that is played in. What is heard is that melody and what
the plugin plays with it, through its audition voice. ffmpeg makes the file. Linux only.")]
pub struct Args {
    /// The film, an .mp4
    #[arg(long, value_name = "FILE", default_value = "film.mp4")]
    pub out: PathBuf,
    /// Film on the screen that DISPLAY names, with the bundles as they are
    #[arg(long)]
    pub here: bool,
}

/// `cargo xtask film`.
///
/// # Errors
/// If this is not Linux, there is no screen or no ffmpeg, or the plugin or writing fails.
pub fn run(args: &Args) -> Result<()> {
    #[cfg(target_os = "linux")]
    return shoot::run(args);
    #[cfg(not(target_os = "linux"))]
    anyhow::bail!("films are made on Linux only, not with {args:?}")
}
