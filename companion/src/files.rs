//! Reading and writing files. What is written is either whole or as it was before: a crash, a kill
//! or a full disk leaves the old file or folder in place.

use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// What the name of a file ends in while it is written.
const UNFINISHED: &str = ".part";

/// The bytes of a file, `most` of them at most.
///
/// # Errors
/// If it cannot be read, is no regular file (reading a pipe or a device may never end), or is
/// larger. Does not name the file.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let found = fs::metadata(path)?;
    ensure!(found.is_file(), "it is not a regular file");
    let fits = |bytes: u64| {
        ensure!(
            bytes <= most,
            "it is larger than the {} MiB that are read",
            most.div_ceil(1 << 20)
        );
        Ok(())
    };
    fits(found.len())?;
    // Measured again on what arrives: a file can grow while it is read.
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    fits(bytes.len() as u64)?;
    Ok(bytes)
}

/// Replaces `path` by a file of these bytes: written whole to a temporary file in the same
/// folder, forced to disk, then renamed, then the folder forced to disk. A link stays one: the
/// file that it leads to is replaced.
///
/// # Errors
/// If any of that fails, or something other than a file is at `path`, such as a device; what was
/// at `path` before is then still there.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, None, bytes)
}

/// As [`write()`]; but what was at `path` goes to `older`, once the new bytes are on the disk.
/// A kill between the two renames leaves it there, and nothing at `path`.
///
/// # Errors
/// If any of that fails; what was at `path` before is then still there or at `older`.
pub fn replace(path: &Path, older: Option<&Path>, bytes: &[u8]) -> Result<()> {
    let path = &followed(path);
    let folder = parent(path);
    let attempt = || -> std::io::Result<()> {
        if let Ok(there) = fs::metadata(path)
            && !there.is_file()
        {
            return Err(std::io::Error::other("what is there is not a regular file"));
        }
        let prefix = unfinished(path);
        let mut file =
            tempfile::Builder::new().prefix(&prefix).suffix(UNFINISHED).tempfile_in(folder)?;
        #[cfg(unix)]
        {
            // A temporary file is private; the finished one is as other new files are.
            use std::os::unix::fs::PermissionsExt;
            file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
        }
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        if let Some(older) = older.filter(|_| path.is_file()) {
            fs::rename(path, older)?;
        }
        file.persist(path)?;
        sync_folder(folder)
    };
    attempt().with_context(|| {
        let kept = if path.exists() { "; what was there is kept" } else { "" };
        format!("cannot write {} ({} bytes){kept}", path.display(), bytes.len())
    })
}

/// Where a link leads, if `path` is one, even to where nothing is yet.
fn followed(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(target) => path = parent(&path).join(target),
            Err(_) => break,
        }
    }
    path
}

/// How the names of files begin that become `path` when they are whole.
fn unfinished(path: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    prefix
}

/// Removes what a process that was killed while it wrote `path` left beside it. Nobody else may be
/// writing `path`.
pub fn remove_unfinished(path: &Path) {
    let path = followed(path);
    let prefix = unfinished(&path);
    for entry in fs::read_dir(parent(&path)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if name.starts_with(prefix.as_encoded_bytes()) && name.ends_with(UNFINISHED.as_bytes()) {
            // It is litter: what cannot be removed is in nobody's way.
            let _ = fs::remove_file(entry.path());
        }
    }
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
    fn a_failed_write_keeps_the_old_file_and_leaves_no_litter() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model");
        write(&path, b"old").expect("written");
        write(&path, b"new").expect("replaced");
        assert_eq!(fs::read(&path).expect("readable"), b"new");

        // A folder in the way: the rename at the end fails, after everything was written.
        let blocked = folder.path().join("blocked");
        fs::create_dir(&blocked).expect("a folder");
        fs::write(blocked.join("inside"), b"kept").expect("a file");
        let error = format!("{:#}", write(&blocked, b"x").expect_err("a folder is in the way"));
        assert!(error.contains("blocked") && error.contains("kept"), "{error}");
        assert_eq!(fs::read(blocked.join("inside")).expect("kept"), b"kept");

        assert!(write(&folder.path().join("absent/model"), b"x").is_err());
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .expect("readable")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["blocked", "model"], "no temporary file left");
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_devices_devices() {
        let folder = tempfile::tempdir().expect("a folder");
        let [file, link, dangling] = ["file", "link", "dangling"].map(|n| folder.path().join(n));
        fs::write(&file, "old").expect("written");
        std::os::unix::fs::symlink("file", &link).expect("linked");
        std::os::unix::fs::symlink("new", &dangling).expect("linked");
        write(&link, b"through the link").expect("written");
        write(&dangling, b"made").expect("written");
        assert!(link.is_symlink() && dangling.is_symlink());
        assert_eq!(fs::read_to_string(&file).expect("there"), "through the link");
        assert_eq!(fs::read_to_string(folder.path().join("new")).expect("there"), "made");
        // As `--out /dev/full`: a device must not be replaced by a file.
        let device = folder.path().join("device");
        std::os::unix::fs::symlink("/dev/null", &device).expect("linked");
        let error = format!("{:#}", write(&device, b"x").expect_err("a device"));
        assert!(error.contains("not a regular file"), "{error}");
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("m.state");
        for name in [".m.state.Ab3.part", ".m.states.x.part", ".m.state.x", "m.state.part"] {
            fs::write(folder.path().join(name), "").expect("written");
        }
        write(&path, b"whole").expect("written");
        remove_unfinished(&path);
        let entries = fs::read_dir(folder.path()).expect("readable").flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        names.sort();
        assert_eq!(names, [".m.state.x", ".m.states.x.part", "m.state", "m.state.part"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_has_no_end_is_not_read() {
        let told = |path: &str, most| format!("{:#}", read(Path::new(path), most).expect_err("no"));
        assert!(told("/dev/zero", 1 << 20).contains("not a regular file"));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, [0; 11]).expect("written");
        assert_eq!(read(&path, 11).expect("it fits").len(), 11);
        assert!(told(path.to_str().expect("UTF-8"), 10).contains("larger than"));
    }

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
