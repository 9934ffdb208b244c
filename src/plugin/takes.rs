//! What the musician does with the take: edits, and files to keep.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::editor::{Model, Part, TakeAction, text};
use crate::jam::status::Status;
use crate::jam::take::{Keep, KeepOptions, Span, TakeView, keep};
use crate::music::{Grid, Metre, Rate, Step};
use crate::params::{AnacrusisParams, file};

/// Files of one name that are looked for at most.
const MOST_FILES: u32 = 10_000;

/// The editor's hand on the take of its instance.
pub struct TakeEditor {
    params: Arc<AnacrusisParams>,
    /// Where bars lie.
    metre: Metre,
    /// What became of the last action.
    notice: Option<String>,
}

impl TakeEditor {
    /// For the take that belongs to `params`.
    pub fn new(params: Arc<AnacrusisParams>) -> TakeEditor {
        TakeEditor { params, metre: Metre::COMMON, notice: None }
    }

    /// The parameters of its instance.
    pub fn params(&self) -> Arc<AnacrusisParams> {
        self.params.clone()
    }

    /// Takes note of where bars lie now.
    pub fn look(&mut self, status: &Status) {
        self.metre = status.metre;
    }

    /// What there is to tell of the take.
    pub fn view(&self) -> TakeView {
        self.params.take.shared().view()
    }

    /// How long steps are.
    pub fn rate(&self) -> Rate {
        self.params.rate.value().into()
    }

    /// What became of the last action, if that needs words.
    pub fn notice(&self) -> Option<String> {
        self.notice.clone()
    }

    /// Does what was asked for; `model` is the one that plays.
    pub fn act(&mut self, action: TakeAction, model: &Model) {
        let take = self.params.take.shared();
        let span = |first, last| self.span(first, last);
        let done = match action {
            TakeAction::Lock(first, last) => take.with(|take| take.lock(span(first, last))),
            TakeAction::Unlock(first, last) => take.with(|take| take.unlock(span(first, last))),
            TakeAction::Again(first, last) => {
                let done = take.with(|take| take.again(span(first, last)));
                self.notice = Some(match done {
                    Ok(()) => text::again((first, last)),
                    Err(error) => error.to_string(),
                });
                return;
            }
            TakeAction::Back(from, end) => {
                let brought = take.with(|take| take.bring_back(from, end));
                self.notice = Some(match brought {
                    Ok(Some(span)) => text::brought_back(self.bars(span)),
                    Ok(None) => text::NOT_IN_TAKE.to_owned(),
                    Err(error) => error.to_string(),
                });
                return;
            }
            TakeAction::Undo => {
                take.with(|take| take.undo());
                Ok(())
            }
            TakeAction::Anew => {
                take.begin_anew();
                Ok(())
            }
            TakeAction::Keep(part) => {
                self.notice = Some(match self.keep(part, model) {
                    Ok(path) => text::kept(&path),
                    Err(why) => why,
                });
                return;
            }
        };
        self.notice = done.err().map(|error| error.to_string());
    }

    /// Writes a part of the take to a file that was chosen, in place of what was there: the dialog
    /// has asked.
    pub fn keep_as(&mut self, path: &Path, part: Part, model: &Model) {
        let path =
            if path.extension().is_some() { path.to_owned() } else { path.with_extension("mid") };
        self.notice = Some(match self.bytes(part, model) {
            None => text::NOTHING_PLAYED.to_owned(),
            Some(bytes) => match file::replace(&path, &bytes) {
                Ok(()) => text::kept(&path),
                Err(error) => text::not_kept(&error),
            },
        });
    }

    /// Writes a part of the take into the user's folder, for a drag that has begun.
    pub fn keep_to_drag(&mut self, part: Part, model: &Model) -> Option<PathBuf> {
        let kept = self.keep(part, model);
        self.notice = kept.as_ref().err().cloned();
        kept.ok()
    }

    /// The drag is over: the file stays if somebody took it, who may read it later.
    pub fn dragged(&mut self, file: &Path, given: bool) {
        self.notice = if given {
            Some(text::kept(file))
        } else {
            // What cannot be removed does no harm.
            let _ = fs::remove_file(file);
            None
        };
    }

    /// The steps of bars of the host's.
    fn span(&self, first: i64, last: i64) -> Span {
        let rate = self.rate();
        let steps = Grid { rate }.bars(first, last, self.metre);
        Span { rate, first: steps.start, end: steps.end }
    }

    /// The host's bars in which steps lie, the first and the last.
    fn bars(&self, span: Span) -> (i64, i64) {
        let grid = Grid { rate: span.rate };
        let bar = |step| grid.bar_at(grid.start_beats(step), self.metre);
        (bar(span.first), bar(Step(span.end.0 - 1)))
    }

    /// Writes a part of the take into the user's folder, or says why not.
    fn keep(&self, part: Part, model: &Model) -> Result<PathBuf, String> {
        let bytes = self.bytes(part, model).ok_or(text::NOTHING_PLAYED)?;
        let folder = folder().ok_or_else(|| text::not_kept(&text::NO_HOME))?;
        write_new(&folder, &bytes).map_err(|error| text::not_kept(&error))
    }

    /// The take as a MIDI file; none if nothing of it is to be kept.
    fn bytes(&self, part: Part, model: &Model) -> Option<Vec<u8>> {
        let what = match part {
            Part::All | Part::Last(_) => Keep::All,
            Part::Entries(from, end) => Keep::Entries(from, end),
            Part::Bars(first, last) => Keep::Song(self.span(first, last)),
        };
        let controls = self.params.controls();
        let mut texts = vec![format!("Model: {} ({})", model.name, model.digest)];
        texts.extend(model.problem.clone());
        texts.extend(self.params.describe());
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let options = KeepOptions {
            what,
            channel: controls.channel,
            velocity: controls.velocity,
            texts: &texts,
        };
        let take = self.params.take.shared();
        let take = match part {
            // As it was heard: with the bars that were replayed.
            Part::Last(bars) => take.heard_last(bars),
            Part::All | Part::Entries(..) | Part::Bars(..) => take.with(|take| take.clone()),
        };
        keep(&take, &options)
    }
}

/// Where files are kept: in the user's music, whatever the system calls it, or at home if there is
/// no such folder.
fn folder() -> Option<PathBuf> {
    let music = dirs::audio_dir().filter(|music| music.is_dir());
    Some(music.or_else(dirs::home_dir)?.join("Anacrusis"))
}

/// Writes a file of a name that there is none of yet.
fn write_new(folder: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    for number in 1..MOST_FILES {
        let path = folder.join(format!("take-{number:04}.mid"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(bytes)?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is full", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jam::take::Played;
    use crate::music::Chord;

    fn takes() -> TakeEditor {
        let takes = TakeEditor::new(Arc::default());
        let played = |step| Played {
            pass: 0,
            step: Step(step),
            rate: Rate::Sixteenth,
            // Below 16, so the cast keeps every bit.
            step_in_bar: (step % 16) as u16,
            tempo_bpm: 90.0,
            transpose: 0,
            chord: Chord::struck_keys([60]),
            heard: Chord::SILENT,
            sounded: true,
            touch: None,
            heard_velocity: 0,
            heard_late_us: 0,
        };
        let take = takes.params.take.shared();
        take.with(|take| (0..64).for_each(|step| take.record(played(step))));
        takes
    }

    #[test]
    fn bars_are_those_of_the_host() {
        let mut takes = takes();
        let mut status = Status::default();
        status.metre = Metre::new(0.0, 3, 4);
        takes.look(&status);
        takes.act(TakeAction::Lock(2, 3), &Model::default());
        let take = takes.params.take.shared();
        let locked = |step| take.with(|take| take.is_locked(Rate::Sixteenth, Step(step)));
        assert_eq!([11, 12, 35, 36].map(locked), [false, true, true, false]);
        takes.act(TakeAction::Unlock(3, 3), &Model::default());
        assert_eq!([23, 24].map(locked), [true, false]);
        takes.act(TakeAction::Undo, &Model::default());
        takes.act(TakeAction::Again(1, 1), &Model::default());
        let there = |step| take.with(|take| take.at(Rate::Sixteenth, Step(step)).is_some());
        assert_eq!([0, 11, 12].map(there), [false, false, true]);
        assert!(
            takes.view().can_undo && takes.notice().is_some_and(|words| words.contains("anew"))
        );
        (0..2000).for_each(|_| takes.act(TakeAction::Lock(1, 1), &Model::default()));
        assert!(takes.notice().is_some_and(|words| words.contains("undo some")));
    }

    #[test]
    fn a_performance_that_is_brought_back_is_told_by_its_bars() {
        let mut takes = takes();
        takes.act(TakeAction::Back(16, 48), &Model::default());
        assert!(takes.notice().is_some_and(|words| words.starts_with("Bars 2 to 3 locked")));
        takes.act(TakeAction::Back(64, 80), &Model::default());
        assert_eq!(takes.notice().as_deref(), Some(text::NOT_IN_TAKE));
    }

    #[test]
    fn files_are_new_each_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = folder.path().join("not there yet");
        let one = write_new(&inside, b"one").expect("written");
        let two = write_new(&inside, b"two").expect("written");
        assert_eq!(one.file_name().and_then(|name| name.to_str()), Some("take-0001.mid"));
        assert_ne!(one, two);
        assert_eq!(fs::read(&one).expect("there"), b"one");
        assert!(write_new(&one, b"three").is_err(), "a file is no folder");
    }
}
