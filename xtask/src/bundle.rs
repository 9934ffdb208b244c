//! `cargo xtask bundle`: the optimised plugin in the shapes that hosts load.

use crate::{setup, workspace};
use anacrusis_companion::files;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Build the optimised .clap and .vst3 under target/bundled.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "\
Example:
  cargo xtask bundle

The plugins are target/bundled/Anacrusis.clap and target/bundled/Anacrusis.vst3, also when
CARGO_TARGET_DIR has cargo build elsewhere. `cargo xtask install` takes them to your hosts.")]
pub struct Args {}

/// Where the bundles are.
#[derive(Clone, Debug)]
pub struct Bundles {
    /// The CLAP: a file on Linux and Windows, a folder on macOS.
    pub clap: PathBuf,
    /// The VST3: a folder.
    pub vst3: PathBuf,
}

/// `cargo xtask bundle`.
///
/// # Errors
/// If a system package is missing and cannot be installed, or the build fails.
pub fn run(_: &Args) -> Result<()> {
    setup::ensure()?;
    let bundles = bundle()?;
    println!("{}\n{}", bundles.clap.display(), bundles.vst3.display());
    Ok(())
}

/// Builds and bundles the plugin.
///
/// # Errors
/// If the build fails, or what it made cannot be bundled.
pub fn bundle() -> Result<Bundles> {
    const PACKAGE: &str = "anacrusis";
    let root = workspace::root();
    let target = workspace::target_dir()?;
    let made = in_folder(&root, || {
        let args = ["--release", "--lib"].map(str::to_owned);
        nice_plug_xtask::build(&[PACKAGE.to_owned()], &args)?;
        nice_plug_xtask::bundle(&target, PACKAGE, &args, false)
    })?;
    made.context("the plugin was not bundled")?;
    let from = target.join("bundled");
    let to = workspace::bundled()?;
    let bundles = Bundles { clap: to.join("Anacrusis.clap"), vst3: to.join("Anacrusis.vst3") };
    for bundle in [&bundles.clap, &bundles.vst3] {
        let name = bundle.file_name().unwrap_or_default();
        if from != to {
            files::install(&from.join(name), bundle)?;
        }
        if !bundle.exists() {
            bail!("the plugin exports no {}", Path::new(name).display());
        }
    }
    Ok(bundles)
}

/// Runs `work` with another current folder: the bundler reads `bundler.toml` from there.
fn in_folder<R>(folder: &Path, work: impl FnOnce() -> R) -> Result<R> {
    let before = std::env::current_dir().context("the current folder is gone")?;
    std::env::set_current_dir(folder)
        .with_context(|| format!("cannot enter {}", folder.display()))?;
    let result = work();
    std::env::set_current_dir(&before)
        .with_context(|| format!("cannot return to {}", before.display()))?;
    Ok(result)
}
