//! The course of a run as event files for TensorBoard.
//!
//! Each start of a run writes a file of its own. It begins by voiding all that was told of
//! iterations that are to be done again, so that curves go on without a rewind.

pub mod event;
pub mod record;

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use prost::Message;

use crate::files;
use event::{
    Content, Dimension, Event, Image, Metadata, Plugin, SessionLog, Shape, Summary, Tensor, Value,
    What,
};

/// TensorBoard knows event files by this, and reads them in the order of what follows, which
/// should be seconds.
const PREFIX: &str = "events.out.tfevents.";
/// And we know ours by this.
const SUFFIX: &str = ".anacrusis";

/// An event file that is being written.
pub struct Log {
    file: File,
}

impl Log {
    /// Refuses a folder in which another run's curves would be mixed with this one's.
    ///
    /// # Errors
    /// If it holds events of a run, and this one neither goes on with it nor may remove it.
    pub fn check(folder: &Path, resume: bool, overwrite: bool) -> Result<()> {
        let free = resume || overwrite || ours(folder).is_empty();
        ensure!(
            free,
            "--tensorboard {} holds events of another run: give each run a folder of its own, or \
             --overwrite to lose them",
            folder.display()
        );
        Ok(())
    }

    /// Begins a file in `folder`, which is made if need be. With `resumed`, it goes on with the
    /// others there after so many iterations; else they are removed.
    ///
    /// # Errors
    /// If the file cannot be written or the others not be removed.
    pub fn begin(folder: &Path, resumed: Option<u64>) -> Result<Log> {
        std::fs::create_dir_all(folder).with_context(|| {
            format!("cannot make the folder {} of --tensorboard", folder.display())
        })?;
        let old = ours(folder);
        // After all others, whatever the clock says.
        let newest = old.last().map_or(0, |(seconds, _)| seconds + 1);
        if resumed.is_none() {
            old.iter().try_for_each(|(_, path)| files::remove(path).map(|_| ()))?;
        }
        let seconds = newest.max(now() as u64);
        let path = folder.join(format!("{PREFIX}{seconds:010}{SUFFIX}"));
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let mut log =
            Log { file: file.with_context(|| format!("cannot write {}", path.display()))? };
        // Of iterations done, none is told of again.
        let step = resumed.unwrap_or(0) + 1;
        let start = What::SessionLog(SessionLog { status: SessionLog::START });
        log.write(0, What::FileVersion("brain.Event:2".to_owned()))
            .and_then(|()| log.write(step, start))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(log)
    }

    /// Points of curves, after `step` iterations.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn numbers(&mut self, step: u64, numbers: &[(&str, f64)]) -> std::io::Result<()> {
        let value = |(tag, number): &(&str, f64)| {
            // Curves are drawn in single precision.
            Value {
                tag: (*tag).to_owned(),
                metadata: None,
                content: Some(Content::Number(*number as f32)),
            }
        };
        self.write(step, What::Summary(Summary { value: numbers.iter().map(value).collect() }))
    }

    /// A picture: the bytes of a PNG file of colours.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn picture(&mut self, step: u64, tag: &str, png: &[u8]) -> std::io::Result<()> {
        // Signature, length and name of the first chunk, then width and height.
        let number = |at: usize| {
            let bytes = png.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(0, i32::from_be_bytes)
        };
        let image = Image {
            width: number(16),
            height: number(20),
            colorspace: 3,
            encoded_image_string: png.to_vec(),
        };
        self.value(step, tag, None, Content::Image(image))
    }

    /// A text, shown letter by letter.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn text(&mut self, step: u64, tag: &str, text: &str) -> std::io::Result<()> {
        // Markdown shows what is set in as it is.
        let text: String = text.lines().map(|line| format!("    {line}\n")).collect();
        let tensor = Tensor {
            dtype: Tensor::STRING,
            tensor_shape: Some(Shape { dim: vec![Dimension { size: 1 }] }),
            string_val: vec![text.into_bytes()],
        };
        let shown_by = Metadata { plugin_data: Some(Plugin { plugin_name: "text".to_owned() }) };
        self.value(step, tag, Some(shown_by), Content::Tensor(tensor))
    }

    fn value(
        &mut self,
        step: u64,
        tag: &str,
        metadata: Option<Metadata>,
        content: Content,
    ) -> std::io::Result<()> {
        let value = Value { tag: tag.to_owned(), metadata, content: Some(content) };
        self.write(step, What::Summary(Summary { value: vec![value] }))
    }

    fn write(&mut self, step: u64, what: What) -> std::io::Result<()> {
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        let event = Event { wall_time: now(), step, what: Some(what) };
        record::write(&mut self.file, &event.encode_to_vec())
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Our event files in a folder, by the second in their name.
fn ours(folder: &Path) -> Vec<(u64, PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let seconds = name.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
            Some((seconds.parse().ok()?, entry.path()))
        })
        .collect();
    files.sort();
    files
}
