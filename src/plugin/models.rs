//! The embedded model, the user's own file, and which of them plays.
//!
//! Files are read, checked and turned into engines on the worker's thread. The model in
//! service plays on until the new one is ready; what is wrong with a file is told in the
//! editor.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::editor::Model;
use crate::jam::worker::Worker;
use crate::model::checkpoint::{Checkpoint, CheckpointError, MAX_FILE_BYTES};
use crate::model::engine::Engine;
use crate::music::KeyRange;
use crate::params::{AnacrusisParams, ModelChoice};

/// The default model's checkpoint file.
pub static CLASSICAL: &[u8] = include_bytes!("../../models/classical.safetensors");
/// What the default model is called.
pub const CLASSICAL_NAME: &str = "Classical";

/// The thinking thread of an instance.
pub type Brain = Worker<Engine>;

/// Why a model could not be opened, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The own file was chosen, but none was named.
    #[error("no model file is named: enter the path of a .safetensors file below")]
    NoPath,
    /// The path depends on a working directory that nobody knows in a host.
    #[error("\"{0}\" is not a whole path: begin at the root of the file system")]
    Relative(String),
    /// The path leads to a folder, a pipe or a device.
    #[error("\"{0}\" is not a file")]
    NotAFile(String),
    /// The system refused.
    #[error("\"{path}\" cannot be read: {source}")]
    Read {
        /// The path as typed.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The content is no model.
    #[error("\"{path}\" is no usable model: {source}")]
    Checkpoint {
        /// The path as typed.
        path: String,
        /// What is wrong with it.
        source: CheckpointError,
    },
}

/// Reads and checks the model of `choice`.
///
/// # Errors
///
/// [`OpenError`] says what is wrong with a user's file. The embedded one is checked by tests.
pub fn open(choice: &ModelChoice) -> Result<Checkpoint, OpenError> {
    let (bytes, path) = match choice {
        ModelChoice::Classical => (CLASSICAL.to_vec(), CLASSICAL_NAME.to_owned()),
        ModelChoice::File(path) => (read(path)?, path.clone()),
    };
    Checkpoint::parse(&bytes).map_err(|source| OpenError::Checkpoint { path, source })
}

fn read(path: &str) -> Result<Vec<u8>, OpenError> {
    if path.is_empty() {
        return Err(OpenError::NoPath);
    }
    if !Path::new(path).is_absolute() {
        return Err(OpenError::Relative(path.to_owned()));
    }
    let failed = |source| OpenError::Read { path: path.to_owned(), source };
    // Opening a pipe would wait for its writer for ever.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(OpenError::NotAFile(path.to_owned()));
    }
    let mut bytes = Vec::new();
    // One byte over the limit, so that the checkpoint's own check can tell.
    let limit = MAX_FILE_BYTES as u64 + 1;
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(failed)?;
    Ok(bytes)
}

fn name(choice: &ModelChoice) -> String {
    match choice {
        ModelChoice::Classical => CLASSICAL_NAME.to_owned(),
        ModelChoice::File(path) => {
            let stem = Path::new(path).file_stem().unwrap_or_default();
            stem.to_string_lossy().into_owned()
        }
    }
}

/// What plays, and the way to change it; shared by host, editor and worker.
pub struct Models {
    params: Arc<AnacrusisParams>,
    asked: Mutex<Asked>,
    known: Arc<Mutex<Vec<Known>>>,
}

/// What was asked for last.
#[derive(Default)]
struct Asked {
    /// By the parameters.
    followed: Option<ModelChoice>,
    /// Of the worker.
    requested: Option<ModelChoice>,
}

/// What is told of a model that was opened.
#[derive(Clone)]
struct Known {
    digest: String,
    corpus: String,
    licence: String,
    keys: KeyRange,
}

impl Models {
    /// For an instance with these parameters and this worker. Opens nothing yet.
    pub fn new(params: Arc<AnacrusisParams>, _brain: &Brain) -> Models {
        Models { params, asked: Mutex::default(), known: Arc::default() }
    }

    /// Opens the model that the parameters choose, if they changed their choice.
    pub fn follow(&self) {
        let choice = self.params.model_choice();
        let mut asked = lock(&self.asked);
        if asked.followed.as_ref() == Some(&choice) {
            return;
        }
        asked.followed = Some(choice.clone());
        if asked.requested.as_ref() != Some(&choice) {
            self.request(&mut asked, choice);
        }
    }

    /// Opens the user's file at `path`, also if it was opened before: it may have changed.
    pub fn open(&self, path: String) {
        self.request(&mut lock(&self.asked), ModelChoice::File(path));
    }

    fn request(&self, asked: &mut Asked, choice: ModelChoice) {
        asked.requested = Some(choice);
    }

    /// The model in service as the editor shows it, and the keys that it plays.
    pub fn view(&self) -> (Model, KeyRange) {
        (Model::default(), KeyRange { low: 24, count: 78 })
    }
}

/// No code panics while it holds these locks; if some did, the data would still be whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
