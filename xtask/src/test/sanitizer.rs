//! RealtimeSanitizer, as it comes with the Rust toolchain: its runtime is linked into the tests
//! that need it, and nothing is downloaded.

use super::Skip;
use crate::workspace;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The tests of the audio thread under the sanitizer, optimised as the plugin is.
///
/// # Errors
/// [`Skip`] if the toolchain has none for this machine; if the compiler cannot be asked where its
/// libraries are.
pub(super) fn command() -> Result<Command> {
    let libraries = libraries()?;
    let Some(runtime) = runtime(&libraries) else {
        bail!(Skip(format!("no RealtimeSanitizer in {}", libraries.display())));
    };
    let args = ["test", "--release", "--no-default-features", "--test", "rtsan"];
    println!("$ RTSAN_ENABLE=1 RTSAN_LIB_PATH={} cargo {}", runtime.display(), args.join(" "));
    let mut command = workspace::cargo();
    command.args(args).env("RTSAN_ENABLE", "1").env("RTSAN_LIB_PATH", runtime);
    Ok(command)
}

/// Where the toolchain keeps the libraries for this machine.
fn libraries() -> Result<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir"])
        .current_dir(workspace::root())
        .output()
        .context("cannot start rustc")?;
    if !output.status.success() {
        bail!("rustc names no library folder: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// The sanitizer's runtime among the libraries of a toolchain. Its name begins with that of the
/// toolchain's channel and is an archive on Linux, a dynamic library on Apple's systems.
fn runtime(libraries: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(libraries).ok()?.flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = files.filter(|path| is_runtime(path)).collect();
    found.sort();
    found.into_iter().next()
}

fn is_runtime(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let library = [OsStr::new("a"), OsStr::new("dylib")];
    name.starts_with("librustc")
        && name.contains("_rt.rtsan")
        && path.extension().is_some_and(|extension| library.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_is_told_from_other_libraries() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| {
            let path = folder.path().join(name);
            fs::write(&path, "").expect("a file");
            path
        };
        for other in ["librustc-stable_rt.tsan.a", "librustc-stable_rt.rtsan.txt", "libstd.rlib"] {
            file(other);
        }
        assert_eq!(runtime(folder.path()), None);
        let archive = file("librustc-stable_rt.rtsan.a");
        assert_eq!(runtime(folder.path()), Some(archive));
        assert_eq!(runtime(&folder.path().join("nowhere")), None);
    }
}
