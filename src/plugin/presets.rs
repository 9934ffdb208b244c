//! The user's own presets, as the editor lists and saves them.

use std::path::PathBuf;
use std::sync::Arc;

use crate::editor::{PresetAction, PresetShelf, text};
use crate::params::AnacrusisParams;
use crate::params::presets::Preset;
use crate::params::presets::store::{Store, StoreError, user_folder};

/// The folder of the user's presets, and what is known of it.
pub struct Presets {
    params: Arc<AnacrusisParams>,
    store: Option<Store>,
    shelf: PresetShelf,
}

impl Presets {
    /// In the user's own folder; nothing is read yet.
    pub fn new(params: Arc<AnacrusisParams>) -> Presets {
        Presets::in_folder(params, user_folder())
    }

    fn in_folder(params: Arc<AnacrusisParams>, folder: Option<PathBuf>) -> Presets {
        Presets { params, store: folder.map(Store::new), shelf: PresetShelf::default() }
    }

    /// What there is.
    pub fn view(&self) -> PresetShelf {
        self.shelf.clone()
    }

    /// Reads the folder: when a window opens, and after each change.
    pub fn read(&mut self) {
        let Some(store) = &self.store else { return };
        match store.list() {
            Ok(listing) => {
                self.shelf.own = listing.presets.into();
                self.shelf.notice = match listing.unreadable.as_slice() {
                    [] => None,
                    [(name, why), rest @ ..] => Some(text::no_preset(name, why, rest.len())),
                };
            }
            Err(error) => self.shelf.notice = Some(error.to_string()),
        }
    }

    /// Does what was asked for, and says what became of it.
    pub fn act(&mut self, action: PresetAction) {
        let done = match action {
            PresetAction::Save { name, replace } => self.save(&name, replace),
            PresetAction::Delete(file) => self.delete(&file),
        };
        self.read();
        match done {
            Ok(words) => self.shelf.notice = Some(words),
            Err(error) => self.shelf.notice = Some(text::not_kept(&error)),
        }
    }

    fn save(&self, name: &str, replace: bool) -> Result<String, StoreError> {
        if Preset::factory().iter().any(|preset| preset.name() == name) {
            return Err(StoreError::Exists(name.to_owned()));
        }
        let preset = Preset::of(&self.params, name)?;
        let store = self.store()?;
        store.save(&preset, replace)?;
        Ok(text::saved_preset(name, store.folder()))
    }

    fn delete(&self, file: &str) -> Result<String, StoreError> {
        self.store()?.delete(file)?;
        Ok(text::DELETED.to_owned())
    }

    fn store(&self) -> Result<&Store, StoreError> {
        let none = || std::io::Error::new(std::io::ErrorKind::NotFound, text::NO_HOME);
        self.store.as_ref().ok_or_else(|| none().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn save(name: &str, replace: bool) -> PresetAction {
        PresetAction::Save { name: name.to_owned(), replace }
    }

    #[test]
    fn presets_are_saved_listed_replaced_and_deleted() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut presets = Presets::in_folder(Arc::default(), Some(folder.path().join("new")));
        presets.read();
        assert!(presets.view().own.is_empty() && presets.view().notice.is_none());
        presets.act(save("Mine", false));
        assert_eq!(presets.view().own.len(), 1);
        assert!(presets.view().notice.is_some_and(|words| words.contains("Mine")));
        presets.act(save("Mine", false));
        assert!(presets.view().notice.is_some_and(|words| words.contains("already")));
        presets.act(save("Mine", true));
        assert_eq!(presets.view().own.len(), 1);
        let first = Preset::factory().first().expect("one").name();
        presets.act(save(first, true));
        assert_eq!(presets.view().own.len(), 1, "the factory's names are its own");
        let file = presets.view().own[0].0.clone();
        presets.act(PresetAction::Delete(file));
        assert!(presets.view().own.is_empty());
    }

    #[test]
    fn what_cannot_be_read_or_kept_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("bad.json"), "{").expect("written");
        let mut presets = Presets::in_folder(Arc::default(), Some(folder.path().to_owned()));
        presets.read();
        assert!(presets.view().notice.is_some_and(|words| words.contains("bad.json")));
        let mut homeless = Presets::in_folder(Arc::default(), None);
        homeless.read();
        homeless.act(save("Mine", false));
        assert!(homeless.view().notice.is_some_and(|words| words.contains("home")));
    }
}
