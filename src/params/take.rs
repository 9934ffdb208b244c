//! The take in the saved state: its bytes as text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nih_plug::params::persist::PersistentField;

use crate::jam::take::SharedTake;

/// The take that an instance's worker keeps, as a part of the project.
#[derive(Clone, Debug, Default)]
pub struct TakeField(SharedTake);

impl TakeField {
    /// The take.
    pub fn shared(&self) -> SharedTake {
        self.0.clone()
    }
}

impl PersistentField<'_, String> for TakeField {
    fn set(&self, text: String) {
        // What is no base64 is no take either, and is told as such when it is read.
        self.0.load(STANDARD.decode(&text).unwrap_or(text.into_bytes()));
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&String) -> R,
    {
        f(&STANDARD.encode(self.0.save()))
    }
}
