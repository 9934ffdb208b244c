//! What a newer build saved in a project and this one does not know.

use std::sync::{Arc, PoisonError, RwLock};

use nih_plug::params::persist::PersistentField;

/// Kept as it came, so that a project which is opened and saved by an older build loses nothing of
/// the newer one's. `plugin::state` fills it and reads it.
#[derive(Clone, Debug, Default)]
pub struct FromNewer(Arc<RwLock<String>>);

impl FromNewer {
    /// The longest that is kept, in bytes.
    pub const BYTES_MAX: usize = 1 << 20;
}

impl PersistentField<'_, String> for FromNewer {
    fn set(&self, text: String) {
        let kept = Some(text).filter(|text| text.len() <= Self::BYTES_MAX).unwrap_or_default();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&String) -> R,
    {
        f(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
