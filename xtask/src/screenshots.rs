//! `cargo xtask screenshots`: the editor as users see it, in a host's window, on a screen that
//! nobody sees.

#[cfg(target_os = "linux")]
mod scenes;
#[cfg(target_os = "linux")]
mod shoot;

use anyhow::Result;
use std::path::PathBuf;

/// Take pictures of the built plugin's editor while it plays with a musician
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask screenshots
  cargo xtask screenshots --out pictures editor-clap editor-vst3
  cargo xtask screenshots --list

The built .clap and .vst3 are loaded from disk by a host of our own, in a window on a screen that
nobody sees (Xvfb), and play at 120 BPM with a melody that is played in. Linux only.")]
pub struct Args {
    /// Scenes to take; without a name all
    #[arg(value_name = "SCENE")]
    pub scenes: Vec<String>,
    /// Folder for the .png files; made if missing
    #[arg(long, value_name = "DIR", default_value = "screenshots-out")]
    pub out: PathBuf,
    /// List the scenes and take none
    #[arg(long)]
    pub list: bool,
    /// Take them on the screen that DISPLAY names, with the bundles as they are
    #[arg(long)]
    pub here: bool,
}

/// `cargo xtask screenshots`.
///
/// # Errors
/// If this is not Linux, there is no screen, the plugin or writing fails, or a picture shows
/// nothing.
pub fn run(args: &Args) -> Result<()> {
    #[cfg(target_os = "linux")]
    return shoot::run(args);
    #[cfg(not(target_os = "linux"))]
    anyhow::bail!("screenshots are taken on Linux only, not with {args:?}")
}
