//! The user's own presets: a folder of `.json` files.
//!
//! All of this reads and writes files: never on the audio thread.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{MAX_FILE_BYTES, Preset, PresetError};
use crate::params::file;

/// Most files that are listed.
pub const FILES_MAX: usize = 1000;

/// Longest name of a file without its ending, in bytes: with the ending of a temporary file,
/// below what any file system takes.
const STEM_BYTES_MAX: usize = 160;

/// The folder for the user's presets, as the system wants it: `anacrusis/presets` in the folder
/// for configuration. It may not exist yet. `None` where the system names no such folder.
///
/// Reads the environment: never on the audio thread.
pub fn user_folder() -> Option<PathBuf> {
    Some(file::folder()?.join("presets"))
}

/// Why the folder or a file in it could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is such a file already.
    #[error("there is a preset {0} already; choose another name, or replace it")]
    Exists(String),
    /// A name with folders in it, or one of another kind of file.
    #[error("\"{0}\" is not the name of a preset file")]
    NotAPresetFile(String),
    /// A pipe, a folder or a device.
    #[error("it is not a file; move it elsewhere")]
    NotAFile,
    /// The system refused.
    #[error("the system says: {0}; check the folder and its permissions")]
    System(#[from] io::Error),
    /// The content is no preset.
    #[error(transparent)]
    Preset(#[from] PresetError),
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Listing {
    /// Presets with the names of their files, in the order of these.
    pub presets: Vec<(String, Preset)>,
    /// Files that are none, with the reason.
    pub unreadable: Vec<(String, StoreError)>,
    /// Files beyond [`FILES_MAX`], which were not looked at.
    pub left_out: usize,
}

/// A folder of presets.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The presets in `folder`, which need not exist yet.
    pub fn new(folder: PathBuf) -> Store {
        Store { folder }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads every `.json` file of the folder, [`FILES_MAX`] at most and
    /// [`MAX_FILE_BYTES`] of each. What cannot be read is told, and the others are listed.
    ///
    /// # Errors
    ///
    /// If there is such a folder, but it cannot be read.
    pub fn list(&self) -> Result<Listing, StoreError> {
        let mut listing = Listing::default();
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listing),
            entries => entries?,
        };
        let mut names = BTreeSet::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if is_preset_file(&name) {
                names.insert(name);
            }
            if names.len() > FILES_MAX {
                names.pop_last();
                listing.left_out += 1;
            }
        }
        for name in names {
            match self.load(&name) {
                Ok(preset) => listing.presets.push((name, preset)),
                Err(error) => listing.unreadable.push((name, error)),
            }
        }
        Ok(listing)
    }

    /// Reads one file of the folder.
    ///
    /// # Errors
    ///
    /// If it is missing, unreadable or no preset.
    pub fn load(&self, file_name: &str) -> Result<Preset, StoreError> {
        let path = self.path(file_name)?;
        // Opening a pipe would wait for its writer for ever.
        if !fs::metadata(&path)?.is_file() {
            return Err(StoreError::NotAFile);
        }
        let mut bytes = Vec::new();
        // One byte over the limit, so that the parser can tell.
        File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(Preset::parse(&bytes)?)
    }

    /// Writes a preset to a file named after it and returns the file's name. The folder is made
    /// if it is missing. The file is whole or as it was before: it is written beside its name,
    /// forced to the disk and renamed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] if there is such a file, unless `replace`; or if the system
    /// refuses, and then what was there is still there.
    pub fn save(&self, preset: &Preset, replace: bool) -> Result<String, StoreError> {
        let name = format!("{}.json", stem(preset.name()));
        let path = self.folder.join(&name);
        fs::create_dir_all(&self.folder)?;
        if !replace {
            // The name is ours from here on, whoever else saves at this moment.
            reserve(&path).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => StoreError::Exists(name.clone()),
                _ => error.into(),
            })?;
        }
        if let Err(error) = file::replace(&path, preset.write().as_bytes()) {
            if !replace {
                // An empty file would be listed as no preset.
                let _ = fs::remove_file(&path);
            }
            return Err(error.into());
        }
        Ok(name)
    }

    /// Deletes a file of the folder.
    ///
    /// # Errors
    ///
    /// If the name is not that of a preset file, or the system refuses.
    pub fn delete(&self, file_name: &str) -> Result<(), StoreError> {
        Ok(fs::remove_file(self.path(file_name)?)?)
    }

    fn path(&self, file_name: &str) -> Result<PathBuf, StoreError> {
        let plain = Path::new(file_name).file_name().is_some_and(|name| name == file_name);
        if !plain || !is_preset_file(file_name) || file_name.contains(['/', '\\']) {
            return Err(StoreError::NotAPresetFile(file_name.to_owned()));
        }
        Ok(self.folder.join(file_name))
    }
}

/// Makes an empty file where there is none.
fn reserve(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path).map(drop)
}

fn is_preset_file(name: &str) -> bool {
    let ending = Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    ending && !name.starts_with('.')
}

/// The name of a file for a preset: letters, digits, spaces and a few signs stay, everything else
/// becomes a hyphen, and names that some system keeps for devices get one more.
fn stem(name: &str) -> String {
    const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
    let kept = |c: char| c.is_alphanumeric() || " -_+&'()#,".contains(c);
    let mut stem = String::new();
    for c in name.chars().map(|c| if kept(c) { c } else { '-' }) {
        if stem.len() + c.len_utf8() > STEM_BYTES_MAX {
            break;
        }
        stem.push(c);
    }
    let mut stem = stem.trim().to_owned();
    let lower = stem.to_ascii_lowercase();
    let port = lower.len() == 4 && (lower.starts_with("com") || lower.starts_with("lpt"));
    if stem.is_empty() || port || DEVICES.contains(&lower.as_str()) {
        stem.push('-');
    }
    stem
}

#[cfg(test)]
mod tests;
