//! The system's dialogs for files and folders, each on a thread of its own: an editor that waited
//! for one would stand still, and some hosts with it.
//!
//! A dialog cannot be closed from outside, so its thread may outlive the instance and, on systems that
//! unload code under a thread, the plugin. Linux and macOS keep a library whose thread still has
//! something to clean up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use nih_plug_egui::RepaintNotifier;
use rfd::FileDialog;

use crate::editor::window::{Answer, Parent};
use crate::editor::{Question, text};

/// Asks one question at a time.
pub struct Dialogs {
    wake: RepaintNotifier,
    answers: (Sender<Option<Answer>>, Receiver<Option<Answer>>),
    /// Whether one is open.
    open: bool,
}

impl Dialogs {
    /// Answers make the editor draw again by `wake`.
    pub fn new(wake: RepaintNotifier) -> Dialogs {
        Dialogs { wake, answers: channel(), open: false }
    }

    /// Opens a dialog above `window`, unless one is open; it begins in `folder` if that is not empty.
    pub fn ask(&mut self, question: Question, folder: &str, window: &dyn Parent) {
        if self.open {
            return;
        }
        let mut dialog = FileDialog::new().set_parent(window);
        if !folder.is_empty() {
            dialog = dialog.set_directory(folder);
        }
        self.begin(move || ask(question, dialog));
    }

    /// Has something answered on a thread of its own.
    fn begin(&mut self, asking: impl FnOnce() -> Option<Answer> + Send + 'static) {
        let (to, wake) = (self.answers.0.clone(), self.wake.clone());
        let asking = move || {
            // The dialogs of some systems panic where they miss a service: then none was given.
            let answer = catch_unwind(AssertUnwindSafe(asking)).unwrap_or_default();
            // Nobody waits for it any more if that fails: the instance is gone.
            let _ = to.send(answer);
            wake.request_repaint();
        };
        // Without a thread there is no dialog; the path can still be typed.
        self.open = thread::Builder::new().name("dialog".to_owned()).spawn(asking).is_ok();
    }

    /// The answer, once it is there. None was given if the dialog was closed.
    pub fn answer(&mut self) -> Option<Answer> {
        let answer = self.answers.1.try_recv().ok()?;
        self.open = false;
        answer
    }
}

fn ask(question: Question, dialog: FileDialog) -> Option<Answer> {
    let words = |path: PathBuf| path.to_string_lossy().into_owned();
    let [model, midi] = [("safetensors", text::MODEL_FILES), ("mid", text::MIDI_FILES)];
    match question {
        Question::Model => {
            let dialog = dialog.set_title(text::ASK_MODEL).add_filter(model.1, &[model.0]);
            dialog.pick_file().map(words).map(Answer::Model)
        }
        Question::Folder => {
            dialog.set_title(text::ASK_FOLDER).pick_folder().map(words).map(Answer::Folder)
        }
        Question::Keep(part) => {
            let dialog = dialog.set_title(text::ASK_KEEP).add_filter(midi.1, &[midi.0]);
            let path = dialog.set_file_name(text::KEEP_NAME).save_file();
            path.map(|path| Answer::Keep(path, part))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(dialogs: &mut Dialogs) -> Option<Answer> {
        for _ in 0..2_000 {
            if !dialogs.open {
                break;
            }
            if let Some(answer) = dialogs.answer() {
                return Some(answer);
            }
            thread::sleep(std::time::Duration::from_millis(1));
        }
        None
    }

    #[test]
    fn one_question_at_a_time_and_a_dialog_that_fails_is_closed() {
        let mut dialogs = Dialogs::new(RepaintNotifier::new());
        dialogs.begin(|| panic!("a test breaks the dialog"));
        assert!(dialogs.open);
        assert_eq!(answer(&mut dialogs), None);
        assert!(!dialogs.open, "another may be asked");
        let folder = Answer::Folder("/models".to_owned());
        let given = folder.clone();
        dialogs.begin(|| Some(given));
        assert_eq!(answer(&mut dialogs), Some(folder));
        assert!(!dialogs.open);
    }
}
