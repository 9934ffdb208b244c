//! What can go wrong between a host and a plugin.

use std::path::PathBuf;

/// Why a plugin could not be loaded or driven.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The file is not there.
    #[error("{path}: no such plugin; build it first (`cargo xtask bundle`)", path = .0.display())]
    Missing(PathBuf),
    /// Neither `.clap` nor `.vst3`.
    #[error("{path}: not a .clap or .vst3", path = .0.display())]
    UnknownFormat(PathBuf),
    /// The library could not be loaded, or lacks its entry point.
    #[error("{path}: {reason}", path = .path.display())]
    Load {
        /// The plugin.
        path: PathBuf,
        /// What the loader or the entry point said.
        reason: String,
    },
    /// A call into the plugin failed.
    #[error("the plugin failed in {call}: {reason}")]
    Call {
        /// The function of the plugin interface.
        call: &'static str,
        /// Result code or message.
        reason: String,
    },
    /// The screen, or a window on it, failed.
    #[error("the screen failed in {call}: {reason}")]
    Screen {
        /// What was to be done there.
        call: &'static str,
        /// What the X server or the connection said.
        reason: String,
    },
    /// A script names a parameter that the plugin does not have.
    #[error("no parameter named \"{name}\"; there are: {known}")]
    NoSuchParameter {
        /// The name asked for.
        name: String,
        /// All names, comma-separated.
        known: String,
    },
    /// A script loads a state that it never saved.
    #[error("the script loads state \"{0}\" before saving it")]
    NoSuchState(String),
}

impl HostError {
    /// A failed call, for the fronts.
    pub(crate) fn call(call: &'static str, reason: impl std::fmt::Display) -> HostError {
        HostError::Call { call, reason: reason.to_string() }
    }

    /// A failed request to the screen.
    #[cfg(target_os = "linux")]
    pub(crate) fn screen(call: &'static str, reason: impl std::fmt::Display) -> HostError {
        HostError::Screen { call, reason: reason.to_string() }
    }
}
