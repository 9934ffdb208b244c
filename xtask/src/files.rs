//! Files that are either whole or not there: what a full disk or a kill must not spoil.

use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// Writes `bytes` to `path`: a temporary file beside it, fsync, rename, fsync of the folder.
/// Missing folders are made. What was there before survives any failure.
///
/// # Errors
/// Names the file and what the system said.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = parent(path);
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".").suffix(".tmp").tempfile_in(folder)?;
        file.write_all(bytes)?;
        share(file.as_file())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)?;
        sync_folder(folder)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

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

/// Temporary files are private; what is written for the user is as open as any other file.
#[cfg(unix)]
fn share(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn share(_: &File) -> std::io::Result<()> {
    Ok(())
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
