//! Reading a model named on the command line.

use std::path::Path;

use anacrusis::model::Checkpoint;
use anacrusis::model::checkpoint::MAX_FILE_BYTES;
use anyhow::{Context, Result};

use crate::files;
use crate::settings::Settings;

/// The settings that a model was trained with, by which its corpus was split.
///
/// # Errors
/// If the model does not tell.
pub fn settings(checkpoint: &Checkpoint) -> Result<Settings> {
    let made = checkpoint.meta.made.as_ref();
    let settings = made.and_then(|made| serde_json::from_value(made.settings.clone()).ok());
    settings.context("--heldout: the model does not say what was held out")
}

/// Reads and checks a checkpoint.
///
/// # Errors
/// If the file cannot be read, is too large or is no valid checkpoint: says why.
pub fn read(path: &Path) -> Result<Checkpoint> {
    let bytes = files::read(path, MAX_FILE_BYTES as u64)
        .with_context(|| format!("cannot open the model {}", path.display()))?;
    Checkpoint::parse(&bytes).with_context(|| format!("{} is not a usable model", path.display()))
}
