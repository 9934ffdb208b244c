//! Writing files so that a crash, a kill or a full disk leaves the old one in place.

use std::io::Write;
use std::path::Path;

use anacrusis::model::Checkpoint;
use anacrusis::model::checkpoint::MAX_FILE_BYTES;
use anyhow::{Context, Result, ensure};

/// Replaces `path` by a file of these bytes: written whole to a temporary file in the same
/// folder, forced to disk, then renamed, then the folder forced to disk.
///
/// # Errors
/// If any of that fails; what was at `path` before is then still there.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let attempt = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().suffix(".part").tempfile_in(folder)?;
        #[cfg(unix)]
        {
            // A temporary file is private; the finished one is as other new files are.
            use std::os::unix::fs::PermissionsExt;
            file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        }
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        #[cfg(unix)]
        std::fs::File::open(folder)?.sync_all()?;
        Ok(())
    };
    attempt().with_context(|| {
        let kept = if path.exists() { "; the file that was there is kept" } else { "" };
        format!("cannot write {} ({} bytes){kept}", path.display(), bytes.len())
    })
}

/// Reads and checks a checkpoint.
///
/// # Errors
/// If the file cannot be read, is too large or is no valid checkpoint: says why.
pub fn checkpoint(path: &Path) -> Result<Checkpoint> {
    let size = std::fs::metadata(path)
        .with_context(|| format!("cannot open the model {}", path.display()))?
        .len();
    ensure!(
        size <= MAX_FILE_BYTES as u64,
        "{} has {size} bytes; a model has at most {MAX_FILE_BYTES}",
        path.display()
    );
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Checkpoint::parse(&bytes).with_context(|| format!("{} is not a usable model", path.display()))
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
        assert_eq!(std::fs::read(&path).expect("readable"), b"new");

        // A folder in the way: the rename at the end fails, after everything was written.
        let blocked = folder.path().join("blocked");
        std::fs::create_dir(&blocked).expect("a folder");
        std::fs::write(blocked.join("inside"), b"kept").expect("a file");
        let error = format!("{:#}", write(&blocked, b"x").expect_err("a folder is in the way"));
        assert!(error.contains("blocked") && error.contains("kept"), "{error}");
        assert_eq!(std::fs::read(blocked.join("inside")).expect("kept"), b"kept");

        assert!(write(&folder.path().join("absent/model"), b"x").is_err());
        let mut names: Vec<_> = std::fs::read_dir(folder.path())
            .expect("readable")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["blocked", "model"], "no temporary file left");
    }
}
