//! Copies of files and folders that are either whole or not there.

use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::Path;

/// Puts a copy of a file or folder at `to`, replacing what is there only when the copy is
/// complete on disk.
///
/// # Errors
/// Names the path and what the system said.
pub fn install(from: &Path, to: &Path) -> Result<()> {
    let folder = parent(to);
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let install = || -> std::io::Result<()> {
        let staging = tempfile::Builder::new().prefix(".anacrusis-").tempdir_in(folder)?;
        let new = staging.path().join("new");
        copy(from, &new)?;
        // A file is replaced in one step. A folder cannot be: the old one steps aside.
        if to.is_dir() {
            let old = staging.path().join("old");
            fs::rename(to, &old)?;
            if let Err(error) = fs::rename(&new, to) {
                fs::rename(&old, to)?;
                return Err(error);
            }
        } else {
            fs::rename(&new, to)?;
        }
        sync_folder(folder)
    };
    install().with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

/// Removes a file or folder; `false` if nothing was there.
///
/// # Errors
/// Names the path and what the system said.
pub fn remove(path: &Path) -> Result<bool> {
    let Ok(kind) = fs::symlink_metadata(path) else { return Ok(false) };
    let removed = if kind.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.with_context(|| format!("cannot remove {}", path.display()))?;
    Ok(true)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if fs::metadata(from)?.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        sync_folder(to)
    } else {
        fs::copy(from, to)?;
        File::open(to)?.sync_all()
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows offers no such call; its renames are journalled.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_replaced_whole_and_leaves_no_litter() {
        let folder = tempfile::tempdir().expect("a folder");
        let from = folder.path().join("A.vst3");
        let inner = from.join("Contents").join("A.so");
        let home = folder.path().join("home");
        let to = home.join("A.vst3");
        fs::create_dir_all(inner.parent().expect("a folder")).expect("made");
        for text in ["first", "second"] {
            fs::write(&inner, text).expect("written");
            install(&from, &to).expect("installed");
            assert_eq!(fs::read_to_string(to.join("Contents/A.so")).expect("there"), text);
        }
        // What the new bundle no longer has is gone with the old one.
        fs::remove_file(&inner).expect("removed");
        install(&from, &to).expect("installed");
        assert!(!to.join("Contents/A.so").exists());
        let left = fs::read_dir(&home).expect("readable").count();
        assert_eq!(left, 1, "no staging folder left");
        assert!(remove(&to).expect("removed"));
        assert!(!remove(&to).expect("nothing to remove"));
    }

    #[test]
    fn a_file_is_replaced_and_a_missing_source_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("A.clap"), folder.path().join("home/A.clap"));
        let error = format!("{:#}", install(&from, &to).expect_err("nothing to copy"));
        assert!(error.contains("A.clap"), "{error}");
        fs::write(&from, "one").expect("written");
        install(&from, &to).expect("installed");
        fs::write(&from, "two").expect("written");
        install(&from, &to).expect("installed");
        assert_eq!(fs::read_to_string(&to).expect("there"), "two");
    }
}
