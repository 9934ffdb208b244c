//! Which model the music of a project was made with, as saved in it.

use std::sync::{Arc, Mutex};

use nih_plug::params::persist::PersistentField;

use super::ModelChoice;
use crate::model::shared::lock;

/// Longest text that is taken from a state, in bytes: a digest and the longest path.
const BYTES_MAX: usize = 8192;

/// The choice of model, and the digest of what was opened for it. A project that is opened where the
/// file is missing, or another by the same name, can then say so.
#[derive(Clone, Debug, Default)]
pub struct MadeWith(Arc<Mutex<String>>);

/// What stands in a project: the digest, a space, the choice.
fn text(choice: &ModelChoice, digest: &str) -> String {
    format!("{digest} {}", name(choice))
}

fn name(choice: &ModelChoice) -> &str {
    match choice {
        ModelChoice::Songs => "songs",
        ModelChoice::Classical => "classical",
        ModelChoice::Pop => "pop",
        ModelChoice::File(path) => path,
    }
}

impl MadeWith {
    /// The model of `choice` was opened. It is what music is made with from now on, unless the project
    /// was made with another one of this choice: that stays on record until [`MadeWith::forget`].
    pub fn opened(&self, choice: &ModelChoice, digest: &str) {
        let mut saved = lock(&self.0);
        if saved.split_once(' ').is_none_or(|(_, of)| of != name(choice)) {
            *saved = text(choice, digest);
        }
    }

    /// Whether the project was made with another model of this choice than the one of `digest`.
    pub fn is_other(&self, choice: &ModelChoice, digest: &str) -> bool {
        let saved = lock(&self.0);
        saved.split_once(' ').is_some_and(|(made, of)| of == name(choice) && made != digest)
    }

    /// The musician goes on with whatever is opened.
    pub fn forget(&self) {
        lock(&self.0).clear();
    }
}

impl PersistentField<'_, String> for MadeWith {
    fn set(&self, text: String) {
        let sane = Some(text).filter(|text| text.len() <= BYTES_MAX).unwrap_or_default();
        *lock(&self.0) = sane;
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&String) -> R,
    {
        f(&lock(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_project_was_made_with_stays_until_another_choice_or_until_it_is_forgotten() {
        let made = MadeWith::default();
        let file = ModelChoice::File("/a b/c.safetensors".to_owned());
        assert!(!made.is_other(&file, "11"), "of old projects nothing is known");
        made.opened(&file, "11");
        assert!(!made.is_other(&file, "11"));
        // The same path, another file: on this machine, say.
        made.opened(&file, "22");
        assert!(made.is_other(&file, "22") && !made.is_other(&file, "11"));
        assert!(!made.is_other(&ModelChoice::Pop, "33"), "that is a change of mind");
        made.forget();
        made.opened(&file, "22");
        assert!(!made.is_other(&file, "22"));
        made.opened(&ModelChoice::Pop, "33");
        let saved = made.map(String::clone);
        let again = MadeWith::default();
        again.set(saved);
        assert!(!again.is_other(&ModelChoice::Pop, "33") && again.is_other(&ModelChoice::Pop, "4"));
        again.set("x".repeat(BYTES_MAX + 1));
        assert!(!again.is_other(&ModelChoice::Pop, "4"), "too long is nothing");
    }
}
