//! The user's own files: where they lie, and how they are written, whole or not at all.
//!
//! All of this asks the system: never on the audio thread.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The folder for what a user sets, as the system wants it: `anacrusis` in the folder for
/// configuration. It may not exist yet. `None` where the system names no such folder.
pub fn folder() -> Option<PathBuf> {
    Some(dirs::config_dir()?.join("anacrusis"))
}

/// Writes a file, in place of what was there, by way of one beside it: nobody ever finds half of
/// one, and if it fails what was there is still there. Makes the folder if it is missing.
///
/// # Errors
/// What the system says.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // One of its own for each writer, in this process or another.
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let write = WRITES.fetch_add(1, Ordering::Relaxed);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
    name.push(format!(".{}-{write}.part", std::process::id()));
    let beside = path.with_file_name(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let written = fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What is left of it is nobody's; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new").join("take.mid");
        replace(&path, b"one").expect("written");
        replace(&path, b"two").expect("written");
        assert_eq!(fs::read(&path).expect("there"), b"two");
        assert!(replace(&path.join("below a file"), b"three").is_err());
        assert_eq!(fs::read_dir(folder.path().join("new")).expect("a folder").count(), 1);
    }
}
