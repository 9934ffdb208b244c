//! `cargo xtask install`: the bundles in the folders where hosts look for the user's plugins.

use crate::{bundle, setup};
use anacrusis_companion::files;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Build the plugin and copy it to your CLAP and VST3 folders.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask install
  cargo xtask install --uninstall

Folders: ~/.clap and ~/.vst3 on Linux, ~/Library/Audio/Plug-Ins/{CLAP,VST3} on macOS,
%LOCALAPPDATA%\\Programs\\Common\\{CLAP,VST3} on Windows. Nothing outside them is touched.")]
pub struct Args {
    /// Remove what an earlier install copied.
    #[arg(long)]
    pub uninstall: bool,
}

/// `cargo xtask install`.
///
/// # Errors
/// If there is no home folder, the build fails, or a copy does.
pub fn run(args: &Args) -> Result<()> {
    let folders = folders()?;
    if args.uninstall {
        for (folder, name) in [(&folders.clap, "Anacrusis.clap"), (&folders.vst3, "Anacrusis.vst3")]
        {
            let path = folder.join(name);
            if files::remove(&path)? {
                println!("removed {}", path.display());
            } else {
                println!("was not there: {}", path.display());
            }
        }
        return Ok(());
    }
    setup::ensure()?;
    let bundles = bundle::bundle()?;
    for (bundle, folder) in [(&bundles.clap, &folders.clap), (&bundles.vst3, &folders.vst3)] {
        let to = folder.join(bundle.file_name().unwrap_or_default());
        files::install(bundle, &to)?;
        println!("installed {}", to.display());
    }
    println!("Let your host scan again if it does not show Anacrusis.");
    Ok(())
}

struct Folders {
    clap: PathBuf,
    vst3: PathBuf,
}

fn folders() -> Result<Folders> {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let base = |name: &str| {
        variable(name).map(PathBuf::from).with_context(|| {
            format!(
                "the environment variable {name} is not set, so your plugin folders are unknown"
            )
        })
    };
    Ok(if cfg!(target_os = "windows") {
        in_common(&base("LOCALAPPDATA")?.join("Programs").join("Common"))
    } else if cfg!(target_os = "macos") {
        in_common(&base("HOME")?.join("Library/Audio/Plug-Ins"))
    } else {
        let home = base("HOME")?;
        Folders { clap: home.join(".clap"), vst3: home.join(".vst3") }
    })
}

fn in_common(folder: &Path) -> Folders {
    Folders { clap: folder.join("CLAP"), vst3: folder.join("VST3") }
}
