//! The models that there are: the embedded ones, and those of a folder, read on a thread of their
//! own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nih_plug_egui::RepaintNotifier;

use super::models;
use crate::editor::{Card, Entry, Library, text};
use crate::model::checkpoint;
use crate::model::shared::lock;
use crate::params::ModelChoice;

/// Models that are built in.
const EMBEDDED: usize = ModelChoice::EMBEDDED.len();

/// Files of a folder that are looked at.
const MOST_FILES: usize = 500;

/// Entries of a folder that are passed by in search of files.
const MOST_ENTRIES: usize = 20_000;

/// How long the end of what reads a folder is waited for. Between two files it looks whether it is still
/// wanted.
const LONGEST_END: Duration = Duration::from_millis(500);

/// The models of an editor.
pub struct Shelf {
    wake: RepaintNotifier,
    folder: String,
    found: Arc<Mutex<Found>>,
    /// The embedded models, and a file from elsewhere that was chosen.
    near: Arc<[Entry]>,
    /// Threads that may still be reading: our code must not be unloaded under them.
    readers: Vec<JoinHandle<()>>,
}

/// What is known of the folder.
#[derive(Default)]
struct Found {
    /// Which look it was: a slow answer to an earlier one is dropped.
    look: u64,
    reading: bool,
    entries: Arc<[Entry]>,
    problem: Option<String>,
}

impl Shelf {
    /// Nothing is looked at yet: most instances never open a window.
    pub fn new(wake: RepaintNotifier) -> Shelf {
        let (found, near) = (Arc::default(), Arc::default());
        Shelf { wake, folder: String::new(), found, near, readers: Vec::new() }
    }

    /// The folder that was looked at last; empty for none.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Looks at the embedded models, and at a folder anew, or at none.
    pub fn look(&mut self, folder: &str) {
        if self.near.is_empty() {
            self.near = ModelChoice::EMBEDDED.into_iter().map(entry_of).collect();
        }
        folder.clone_into(&mut self.folder);
        let mut found = lock(&self.found);
        let look = found.look + 1;
        *found = Found { look, reading: !folder.is_empty(), ..Found::default() };
        drop(found);
        if folder.is_empty() {
            return;
        }
        let (folder, found, wake) = (PathBuf::from(folder), self.found.clone(), self.wake.clone());
        let reading = move || {
            let wanted = || lock(&found).look == look;
            let (entries, problem) = match read(&folder, wanted) {
                Ok((entries, all)) => (entries, (!all).then(|| text::many_models(MOST_FILES))),
                Err(error) => (Vec::new(), Some(text::no_folder(&error))),
            };
            let mut found = lock(&found);
            if found.look == look {
                *found = Found { look, reading: false, entries: entries.into(), problem };
            }
            drop(found);
            wake.request_repaint();
        };
        self.readers.retain(|reader| !reader.is_finished());
        match thread::Builder::new().name("models".to_owned()).spawn(reading) {
            Ok(reader) => self.readers.push(reader),
            Err(error) => {
                let mut found = lock(&self.found);
                found.reading = false;
                found.problem = Some(text::no_folder(&error));
            }
        }
    }

    /// Makes sure that what is chosen is among the models, wherever it lies.
    pub fn include(&mut self, choice: &ModelChoice) {
        let ModelChoice::File(path) = choice else { return };
        let there = |entries: &[Entry]| entries.iter().any(|entry| entry.choice == *choice);
        if path.is_empty() || there(&self.near) || there(&lock(&self.found).entries) {
            return;
        }
        let embedded = self.near.iter().take(EMBEDDED).cloned();
        self.near = embedded.chain([entry(Path::new(path))]).collect();
    }

    /// The models, the embedded ones first.
    pub fn view(&self) -> Library {
        let found = lock(&self.found);
        Library {
            near: self.near.clone(),
            folder: found.entries.clone(),
            reading: found.reading,
            problem: found.problem.clone(),
        }
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        // Nobody wants what is being read any more.
        lock(&self.found).look += 1;
        let begun = Instant::now();
        let reads = |readers: &[JoinHandle<()>]| readers.iter().any(|reader| !reader.is_finished());
        while reads(&self.readers) && begun.elapsed() < LONGEST_END {
            thread::sleep(Duration::from_millis(2));
        }
        // What still reads, of a drive that does not answer, is left to itself: the host must go on.
        for reader in self.readers.drain(..).filter(JoinHandle::is_finished) {
            // It does not panic; if it did, it is over all the same.
            let _ = reader.join();
        }
    }
}

/// The models of a folder by name, and whether that is all of them: as far as they are `wanted`.
fn read(folder: &Path, wanted: impl Fn() -> bool) -> io::Result<(Vec<Entry>, bool)> {
    if !folder.is_absolute() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text::WHOLE_PATH));
    }
    let mut paths = Vec::new();
    let mut seen = 0;
    for file in fs::read_dir(folder)? {
        seen += 1;
        if seen > MOST_ENTRIES || !wanted() {
            break;
        }
        let path = file?.path();
        // Opening a pipe would wait for its writer for ever.
        let is_model = path.extension().is_some_and(|ending| ending == "safetensors");
        if is_model && fs::metadata(&path).is_ok_and(|about| about.is_file()) {
            paths.push(path);
        }
    }
    paths.sort();
    let all = paths.len() <= MOST_FILES && seen <= MOST_ENTRIES;
    let paths = paths.iter().take(MOST_FILES).take_while(|_| wanted());
    Ok((paths.map(|path| entry(path)).collect(), all))
}

fn entry(path: &Path) -> Entry {
    entry_of(ModelChoice::File(path.to_string_lossy().into_owned()))
}

fn entry_of(choice: ModelChoice) -> Entry {
    Entry {
        name: models::choice_name(&choice),
        about: models::card(&choice).map_err(|error| error.to_string()),
        choice,
    }
}

impl From<checkpoint::Card> for Card {
    fn from(card: checkpoint::Card) -> Card {
        let keys = card.config.range();
        let made = card.made.unwrap_or_default();
        Card {
            corpus: made.corpus,
            licence: made.licence,
            heldout: made.heldout.map(|scores| scores.nats_step),
            layers: [card.config.time, card.config.note],
            keys: Some(keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(shelf: &Shelf) -> Library {
        let begun = Instant::now();
        while shelf.view().reading {
            assert!(begun.elapsed() < Duration::from_secs(60), "it never ends");
            thread::sleep(Duration::from_millis(2));
        }
        shelf.view()
    }

    #[test]
    fn a_folder_shows_its_models_and_says_what_is_wrong_with_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let classical = include_bytes!("../../models/classical.safetensors");
        fs::write(path("b.safetensors"), classical).expect("written");
        fs::write(path("a.safetensors"), "no model").expect("written");
        fs::write(path("c.txt"), "other").expect("written");
        fs::create_dir(path("d.safetensors")).expect("a folder");
        let mut shelf = Shelf::new(RepaintNotifier::new());
        assert_eq!(shelf.view().entries().count(), 0, "no window is open");
        shelf.look("");
        assert_eq!(shelf.view().entries().count(), EMBEDDED);
        shelf.look(&folder.path().to_string_lossy());
        let library = settled(&shelf);
        let names: Vec<&str> = library.entries().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["Songs", "Classical", "Pop", "a", "b"]);
        assert!(library.folder[0].about.is_err());
        let card = library.folder[1].about.as_ref().expect("a model");
        assert!(!card.corpus.is_empty() && card.heldout.is_some());
        assert_eq!(library.problem, None);
        (0..50).for_each(|_| shelf.look(&folder.path().to_string_lossy()));
        assert_eq!(settled(&shelf).folder.len(), 2, "the last look counts");
        shelf.look("");
        assert_eq!(shelf.view().entries().count(), EMBEDDED);
    }

    #[test]
    fn a_drive_that_does_not_answer_holds_nobody_up() {
        let (answer, drive) = std::sync::mpsc::channel::<()>();
        let mut shelf = Shelf::new(RepaintNotifier::new());
        shelf.readers.push(thread::spawn(move || {
            // Until the test is over: who waits for this waits for ever.
            let _ = drive.recv();
        }));
        drop(shelf);
        drop(answer);
    }

    #[test]
    fn a_folder_that_is_none_is_told_of_and_a_file_from_elsewhere_is_listed() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("missing").to_string_lossy().into_owned();
        let mut shelf = Shelf::new(RepaintNotifier::new());
        for folder in [missing.as_str(), "models"] {
            shelf.look(folder);
            assert!(settled(&shelf).problem.is_some(), "{folder}");
        }
        let chosen = ModelChoice::File(missing);
        shelf.include(&chosen);
        shelf.include(&ModelChoice::Pop);
        let library = shelf.view();
        let last = library.entries().nth(EMBEDDED).expect("the one from elsewhere");
        assert!(last.choice == chosen && last.about.is_err());
        shelf.include(&ModelChoice::File("/other".to_owned()));
        assert_eq!(shelf.view().entries().count(), EMBEDDED + 1, "one at a time");
    }
}
