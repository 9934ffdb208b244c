//! The corpus: every piece that a list of folders and files holds, in a fixed order.
//!
//! MIDI files are read by [`anacrusis::music::smf`], roll files (JSON) by `rolls`. A bad
//! file never stops the reading: it is skipped, with the reason. Copies of one work, transposed
//! or not, share a [`Piece::work`], so that a split never tests on what it trained on.

mod files;
mod rolls;
mod split;
mod works;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anacrusis::music::{KeyRange, PianoRoll, Step, smf};
use anyhow::{Result, bail};
use sha2::{Digest, Sha256};

pub use split::split;
use works::Likeness;

/// What to read, and what counts as a piece.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Keys that are kept; notes outside are dropped and counted.
    pub range: KeyRange,
    /// Shortest piece that is kept, in steps.
    pub min_steps: usize,
}

impl Default for Options {
    /// The 78 keys of the default network, and any piece that has a note.
    fn default() -> Self {
        Options { range: KeyRange { low: 24, count: 78 }, min_steps: 1 }
    }
}

/// One piece of music.
#[derive(Clone, Debug)]
pub struct Piece {
    /// File name; for a roll file with the sequence's place in it: `train.json#12`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The notes in range.
    pub roll: PianoRoll,
    /// SHA-256 of the roll in lower-case hex.
    pub digest: String,
    /// The same number for copies of one work, also transposed, coarsened or a little altered.
    pub work: u64,
    /// Notes outside the range.
    pub dropped_notes: u64,
    /// Where a time signature other than 2/x and 4/x ended the piece.
    pub metre_stop: Option<Step>,
}

/// A file, or a sequence of a roll file, that gave no piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file; a sequence of a roll file as `train.json#12`.
    pub path: PathBuf,
    /// Why, in words.
    pub reason: String,
}

/// Pieces, and what was passed over.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// In order of path, then of place in the file.
    pub pieces: Vec<Piece>,
    /// In the same order.
    pub skipped: Vec<Skipped>,
    /// Indices of pieces that are the same work, in groups of two and more.
    pub duplicates: Vec<Vec<usize>>,
    /// SHA-256 over the sorted digests of the pieces, in lower-case hex: the same for the same
    /// music, whatever the files are called.
    pub digest: String,
}

impl Corpus {
    /// Reads all that `data` holds: folders with everything below them, and single files.
    ///
    /// # Errors
    ///
    /// If a path of `data` does not exist, or if no piece is left; the error then lists the
    /// first reasons.
    pub fn read<P: AsRef<Path>>(data: &[P], options: &Options) -> Result<Corpus> {
        let mut reader = Reader { options, pieces: vec![], likenesses: vec![], skipped: vec![] };
        for found in files::find(data)? {
            match found {
                Ok(path) => reader.file(&path),
                Err(skipped) => reader.skipped.push(skipped),
            }
        }
        let Reader { mut pieces, likenesses, skipped, .. } = reader;
        if pieces.is_empty() {
            bail!("{}", nothing_left(data, &skipped));
        }
        let mut works: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (index, work) in works::works(&likenesses).into_iter().enumerate() {
            pieces[index].work = work;
            works.entry(work).or_default().push(index);
        }
        let mut duplicates: Vec<_> = works.into_values().filter(|same| same.len() > 1).collect();
        duplicates.sort();
        let digest = corpus_digest(&pieces);
        Ok(Corpus { pieces, skipped, duplicates, digest })
    }

    /// Steps of all pieces together.
    pub fn steps(&self) -> usize {
        self.pieces.iter().map(|piece| piece.roll.len()).sum()
    }
}

struct Reader<'a> {
    options: &'a Options,
    pieces: Vec<Piece>,
    /// Of each piece.
    likenesses: Vec<Likeness>,
    skipped: Vec<Skipped>,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path) {
        if let Err(error) = self.try_file(path) {
            self.skip(path.to_owned(), format!("{error:#}"));
        }
    }

    fn try_file(&mut self, path: &Path) -> Result<()> {
        let bytes = files::load(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if files::is_rolls(path) {
            for (index, sequence) in rolls::parse(&bytes)?.into_iter().enumerate() {
                let name = format!("{name}#{index}");
                match sequence {
                    Ok(roll) => self.piece(path, name, roll, None),
                    Err(reason) => self.skip(path.with_file_name(name), reason),
                }
            }
        } else {
            let all = KeyRange { low: 0, count: 128 };
            let smf::Imported { roll, metre_stop, .. } = smf::read(&bytes, all)?;
            self.piece(path, name, roll, metre_stop);
        }
        Ok(())
    }

    /// Takes a piece with all its keys, if something is left of it within the range.
    fn piece(&mut self, path: &Path, name: String, whole: PianoRoll, metre_stop: Option<Step>) {
        let range = self.options.range;
        let mut roll: PianoRoll = whole.chords.iter().map(|chord| chord.within(range)).collect();
        let steps = roll.chords.iter().rposition(|chord| !chord.is_empty()).map_or(0, |s| s + 1);
        roll.chords.truncate(steps);
        let strikes = |roll: &PianoRoll| -> u64 {
            roll.chords.iter().map(|chord| u64::from(chord.struck().count_ones())).sum()
        };
        let dropped_notes = strikes(&whole) - strikes(&roll);

        if steps < self.options.min_steps.max(1) {
            let reason = match (steps, metre_stop) {
                (_, Some(Step(at))) => format!(
                    "only {steps} steps before a time signature other than 2/x or 4/x at step {at}"
                ),
                (0, None) if dropped_notes > 0 => {
                    format!("all {dropped_notes} notes lie outside the network's keys")
                }
                (0, None) => "no notes".to_owned(),
                (_, None) => {
                    format!("only {steps} steps; at least {} are needed", self.options.min_steps)
                }
            };
            return self.skip(path.with_file_name(name), reason);
        }
        let digest = hex(&content(&roll));
        let path = path.to_owned();
        // Known once all pieces are.
        let work = 0;
        self.pieces.push(Piece { name, path, roll, digest, work, dropped_notes, metre_stop });
        self.likenesses.push(Likeness::of(&whole));
    }

    fn skip(&mut self, path: PathBuf, reason: String) {
        self.skipped.push(Skipped { path, reason });
    }
}

fn nothing_left<P: AsRef<Path>>(data: &[P], skipped: &[Skipped]) -> String {
    const SHOWN: usize = 8;
    let places: Vec<_> = data.iter().map(|path| path.as_ref().display().to_string()).collect();
    let mut text = format!("no usable music in {}", places.join(", "));
    if skipped.is_empty() {
        text += ": no file ends in .mid, .midi or .json";
    }
    for Skipped { path, reason } in skipped.iter().take(SHOWN) {
        text += &format!("\n  {}: {reason}", path.display());
    }
    if skipped.len() > SHOWN {
        text += &format!("\n  and {} more", skipped.len() - SHOWN);
    }
    text
}

fn content(roll: &PianoRoll) -> [u8; 32] {
    let mut hash = Sha256::new();
    for chord in &roll.chords {
        hash.update(chord.playing().to_le_bytes());
        hash.update(chord.struck().to_le_bytes());
    }
    hash.finalize().into()
}

fn corpus_digest(pieces: &[Piece]) -> String {
    let mut digests: Vec<&str> = pieces.iter().map(|piece| piece.digest.as_str()).collect();
    digests.sort_unstable();
    let mut hash = Sha256::new();
    for digest in digests {
        hash.update(digest.as_bytes());
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
