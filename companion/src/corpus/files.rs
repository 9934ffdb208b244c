//! Finding and loading files, whatever the folders hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use walkdir::WalkDir;

use super::Skipped;
use crate::files;

/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// A file, or why a place gives none, and the index in `data` by which it was reached.
pub(super) type Found = (usize, Result<PathBuf, Skipped>);

/// Every file of `data` in order of path; those that a folder does not let us see, or that
/// were named but are of no kind we read, as skipped. A file that is reached twice counts
/// once, for the first that leads to it.
pub(super) fn find<P: AsRef<Path>>(data: &[P]) -> Result<Vec<Found>> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (source, start) in data.iter().enumerate() {
        let start = start.as_ref();
        let kind = fs::metadata(start)
            .with_context(|| format!("cannot read {}: check the path", start.display()))?;
        if !kind.is_dir() && !is_music(start) {
            let reason =
                "not a MIDI file (.mid, .midi, .kar, .rmi) or a roll file (.json)".to_owned();
            found.push((source, Err(Skipped { path: start.to_owned(), reason, steps: 0 })));
            continue;
        }
        // Links are followed; walkdir reports loops as errors.
        for entry in WalkDir::new(start).follow_links(true) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() || !is_music(entry.path()) => {}
                Ok(entry) => {
                    let path = entry.into_path();
                    let canonical = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
                    if seen.insert(canonical) {
                        found.push((source, Ok(path)));
                    }
                }
                Err(error) => {
                    let path = error.path().unwrap_or(start).to_owned();
                    found
                        .push((source, Err(Skipped { path, reason: error.to_string(), steps: 0 })));
                }
            }
        }
    }
    found.sort_by(|(_, a), (_, b)| path_of(a).cmp(path_of(b)));
    Ok(found)
}

fn path_of(found: &Result<PathBuf, Skipped>) -> &Path {
    match found {
        Ok(path) => path,
        Err(skipped) => &skipped.path,
    }
}

/// Whether a file is JSON by its name.
pub(super) fn is_rolls(path: &Path) -> bool {
    has_extension(path, &["json"])
}

fn is_music(path: &Path) -> bool {
    has_extension(path, &["mid", "midi", "kar", "rmi", "json"])
}

fn has_extension(path: &Path, of: &[&str]) -> bool {
    path.extension().is_some_and(|found| of.iter().any(|one| found.eq_ignore_ascii_case(one)))
}

/// The bytes of a file.
///
/// # Errors
///
/// As [`files::read`] of at most [`MAX_BYTES`].
pub(super) fn load(path: &Path) -> Result<Vec<u8>> {
    files::read(path, MAX_BYTES)
}
