//! The system's dialogs for files and folders, each on a thread of its own: an editor that waited
//! for one would stand still, and some hosts with it.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use nih_plug_egui::RepaintNotifier;
use rfd::FileDialog;

use crate::editor::window::Answer;
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

    /// Opens a dialog, unless one is open; it begins in `folder` if that is not empty.
    pub fn ask(&mut self, question: Question, folder: &str) {
        if self.open {
            return;
        }
        let mut dialog = FileDialog::new();
        if !folder.is_empty() {
            dialog = dialog.set_directory(folder);
        }
        let (to, wake) = (self.answers.0.clone(), self.wake.clone());
        let asking = move || {
            let answer = ask(question, dialog);
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
