//! Plugins from disk, by the format that their file's name tells.

use std::path::Path;

use crate::error::HostError;
use crate::plugin::Plugin;

/// Loads the first plugin of a `.clap` or `.vst3` from disk.
///
/// # Errors
/// If it is missing, of another kind, does not load or does not answer.
pub fn open(path: &Path) -> Result<Box<dyn Plugin>, HostError> {
    if !path.exists() {
        return Err(HostError::Missing(path.to_owned()));
    }
    // Systems look for a bare name where their libraries are, not here.
    let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match path.extension().and_then(|e| e.to_str()) {
        Some("clap") => Ok(Box::new(crate::clap::Clap::open(path)?)),
        Some("vst3") => Ok(Box::new(crate::vst3::Vst3::open(path)?)),
        _ => Err(HostError::UnknownFormat(path.to_owned())),
    }
}
