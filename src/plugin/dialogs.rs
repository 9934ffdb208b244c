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
        self.ask_by(
            question,
            |asked| {
                let dialog = FileDialog::new().set_parent(window);
                move || asked.show(dialog)
            },
            folder,
        );
    }

    /// The same by any means: `prepare` is called here, what it returns on the dialog's thread.
    fn ask_by<S: FnOnce() -> Option<PathBuf> + Send + 'static>(
        &mut self,
        question: Question,
        prepare: impl FnOnce(Asked) -> S,
        folder: &str,
    ) {
        if self.open {
            return;
        }
        let show = prepare(Asked::by(question, folder));
        self.begin(move || show().map(|path| answer_to(question, path)));
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

/// What a dialog is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    title: &'static str,
    /// What is chosen from, and how the names of such files end; folders without.
    files: Option<(&'static str, &'static str)>,
    /// The name that is proposed where a file is to be written.
    proposed: Option<&'static str>,
    /// Where it begins; where the system likes if that is empty.
    folder: String,
}

impl Asked {
    fn by(question: Question, folder: &str) -> Asked {
        let (title, files, proposed) = match question {
            Question::Model => (text::ASK_MODEL, Some((text::MODEL_FILES, "safetensors")), None),
            Question::Folder => (text::ASK_FOLDER, None, None),
            Question::Keep(_) => {
                (text::ASK_KEEP, Some((text::MIDI_FILES, "mid")), Some(text::KEEP_NAME))
            }
        };
        Asked { title, files, proposed, folder: folder.to_owned() }
    }

    /// Shows it, until it is closed.
    fn show(self, dialog: FileDialog) -> Option<PathBuf> {
        let mut dialog = dialog.set_title(self.title);
        if !self.folder.is_empty() {
            dialog = dialog.set_directory(self.folder);
        }
        if let Some((name, ending)) = self.files {
            dialog = dialog.add_filter(name, &[ending]);
        }
        match (self.proposed, self.files) {
            (Some(name), _) => dialog.set_file_name(name).save_file(),
            (None, Some(_)) => dialog.pick_file(),
            (None, None) => dialog.pick_folder(),
        }
    }
}

/// What a path that was chosen is the answer to.
fn answer_to(question: Question, path: PathBuf) -> Answer {
    let words = |path: PathBuf| path.to_string_lossy().into_owned();
    match question {
        Question::Model => Answer::Model(words(path)),
        Question::Folder => Answer::Folder(words(path)),
        Question::Keep(part) => Answer::Keep(path, part),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::editor::Part;

    /// Waits until the dialog is closed; what it was answered with.
    fn answer(dialogs: &mut Dialogs) -> Option<Answer> {
        let begun = Instant::now();
        while dialogs.open {
            if let Some(answer) = dialogs.answer() {
                return Some(answer);
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "it is open for ever");
            thread::sleep(Duration::from_millis(1));
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

    #[test]
    fn while_a_dialog_is_open_no_other_is() {
        let mut dialogs = Dialogs::new(RepaintNotifier::new());
        let (close, closed) = channel::<()>();
        let wait = move |_: Asked| move || closed.recv().ok().map(|()| PathBuf::from("/a"));
        dialogs.ask_by(Question::Folder, wait, "");
        let mut asked = 0;
        for _ in 0..3 {
            let other = |_: Asked| {
                asked += 1;
                || None
            };
            dialogs.ask_by(Question::Model, other, "");
            assert_eq!(dialogs.answer(), None, "nobody has chosen");
        }
        assert_eq!(asked, 0);
        close.send(()).expect("it waits");
        assert_eq!(answer(&mut dialogs), Some(Answer::Folder("/a".to_owned())));
        // One that is closed without a choice gives no answer, and then another may be asked.
        dialogs.ask_by(Question::Model, |_| || None, "");
        assert_eq!(answer(&mut dialogs), None);
        dialogs.ask_by(Question::Model, |_| || Some(PathBuf::from("/b")), "");
        assert_eq!(answer(&mut dialogs), Some(Answer::Model("/b".to_owned())));
    }

    #[test]
    fn each_question_has_its_own_dialog_and_its_own_answer() {
        let path = PathBuf::from("/music/take.mid");
        let words = "/music/take.mid".to_owned();
        let keep = Question::Keep(Part::All);
        for (question, title, files, proposed, expected) in [
            (
                Question::Model,
                text::ASK_MODEL,
                Some((text::MODEL_FILES, "safetensors")),
                None,
                Answer::Model(words.clone()),
            ),
            (Question::Folder, text::ASK_FOLDER, None, None, Answer::Folder(words)),
            (
                keep,
                text::ASK_KEEP,
                Some((text::MIDI_FILES, "mid")),
                Some(text::KEEP_NAME),
                Answer::Keep(path.clone(), Part::All),
            ),
        ] {
            let mut dialogs = Dialogs::new(RepaintNotifier::new());
            let (mut asked, chosen) = (None, path.clone());
            let prepare = |what: Asked| {
                asked = Some(what);
                move || Some(chosen)
            };
            dialogs.ask_by(question, prepare, "/music");
            let folder = "/music".to_owned();
            assert_eq!(asked, Some(Asked { title, files, proposed, folder }));
            assert_eq!(answer(&mut dialogs), Some(expected));
        }
    }
}
