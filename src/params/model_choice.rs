//! What is saved beside the parameters: the path of a user's model, and the state's format.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use nih_plug::params::persist::PersistentField;

use crate::model::shared::lock;

/// Which model to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelChoice {
    /// The embedded default: songs with a voice and a piano, and chorales.
    Songs,
    /// Embedded: piano pieces.
    Classical,
    /// Embedded: pop songs.
    Pop,
    /// The user's own file; the path as typed, possibly empty.
    File(String),
}

/// Longest path kept, in bytes: above what any system opens, below what bloats a project.
const PATH_BYTES_MAX: usize = 4096;

/// The path of the user's own model file, shared by host, editor and loader.
///
/// A counter tells that the choice of model may have changed, so that no thread has to
/// look at the text to find out.
#[derive(Clone, Debug, Default)]
pub struct ModelPath {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    path: Mutex<String>,
    changes: AtomicU64,
}

impl ModelPath {
    /// The path; empty if none was ever given. Locks: never on the audio thread.
    pub fn get(&self) -> String {
        lock(&self.inner.path).clone()
    }

    /// Replaces the path, cut to 4096 bytes, and counts a change. Locks likewise.
    pub fn replace(&self, mut path: String) {
        let mut end = path.len().min(PATH_BYTES_MAX);
        while !path.is_char_boundary(end) {
            end -= 1;
        }
        path.truncate(end);
        *lock(&self.inner.path) = path;
        self.touch();
    }

    /// Counts a change of the choice of model.
    ///
    /// # Realtime
    ///
    /// One atomic addition.
    pub fn touch(&self) {
        self.inner.changes.fetch_add(1, Ordering::Release);
    }

    /// How often the choice of model may have changed so far.
    ///
    /// # Realtime
    ///
    /// One atomic load.
    pub fn changes(&self) -> u64 {
        self.inner.changes.load(Ordering::Acquire)
    }
}

impl ModelChoice {
    /// The models that are part of the plugin, the default first.
    pub const EMBEDDED: [ModelChoice; 3] =
        [ModelChoice::Songs, ModelChoice::Classical, ModelChoice::Pop];
}

impl PersistentField<'_, String> for ModelPath {
    fn set(&self, new_value: String) {
        self.replace(new_value);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&String) -> R,
    {
        f(&lock(&self.inner.path))
    }
}

/// Layout of the saved state. Saved always as [`StateFormat::CURRENT`]; loading remembers
/// what the project said, so that the editor can tell of a newer one.
#[derive(Debug)]
pub struct StateFormat {
    loaded: AtomicU32,
    loads: AtomicU64,
}

impl StateFormat {
    /// The layout that this build writes.
    pub const CURRENT: u32 = 1;

    /// Whether the state loaded last was written by a newer build.
    pub fn is_newer(&self) -> bool {
        self.loaded.load(Ordering::Relaxed) > Self::CURRENT
    }

    /// How many states were loaded so far.
    ///
    /// # Realtime
    ///
    /// One atomic load.
    pub fn loads(&self) -> u64 {
        self.loads.load(Ordering::Acquire)
    }
}

impl Default for StateFormat {
    fn default() -> Self {
        Self { loaded: AtomicU32::new(Self::CURRENT), loads: AtomicU64::new(0) }
    }
}

impl PersistentField<'_, u32> for StateFormat {
    fn set(&self, new_value: u32) {
        self.loaded.store(new_value, Ordering::Relaxed);
        self.loads.fetch_add(1, Ordering::Release);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&u32) -> R,
    {
        f(&Self::CURRENT)
    }
}
