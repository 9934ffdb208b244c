//! The corpus: every piece that a list of folders and files holds, in a fixed order.
//!
//! MIDI files are read by [`anacrusis::music::smf`], roll files (JSON) by `rolls`; what was
//! read once comes from a [`Cache`] afterwards. A bad file never stops the reading: it is
//! skipped, with the reason. Copies, versions and parts of one work share a [`Piece::work`], so
//! that a split never tests on what it trained on.

mod cache;
mod files;
mod likeness;
mod names;
mod parsed;
pub mod rolls;
mod skipped;
mod split;
mod works;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anacrusis::music::smf::ReadOptions;
use anacrusis::music::{Chord, KeyRange, Metres, Part, PianoRoll};
use anyhow::{Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

pub use cache::Cache;
pub use parsed::Reading;
pub use skipped::{Reason, Skipped, explain, reasons};
pub use split::split;

use crate::players::{self, Rule};
use crate::settings::{Profile, Settings};
use likeness::Likeness;
use parsed::Parsed;

/// What to read, and what counts as a piece.
#[derive(Clone, Debug)]
pub struct Options {
    /// Keys that are kept; notes outside are dropped and counted.
    pub range: KeyRange,
    /// Shortest piece that is kept, in steps.
    pub min_steps: usize,
    /// Most steps that are kept, all pieces and all their parts together, since a corpus lies in
    /// memory: 32 bytes a step.
    pub max_steps: usize,
    /// Whether frames of roll files stay as they are given, a step each, silent ones at the end
    /// included.
    pub as_given: bool,
    /// How MIDI files are read.
    pub reading: ReadOptions,
    /// Whether pieces are kept whose notes follow no sixteenths: performances, triplets
    /// throughout.
    pub any_grid: bool,
    /// Where files that were read before are looked for.
    pub cache: Option<Cache>,
    /// Whether a bar shows how far the reading is, if stderr is a terminal.
    pub progress: bool,
}

impl Default for Options {
    /// The 78 keys of the default network, any piece that has a note and follows the grid, with
    /// its pedal; 2 GiB of chords, no cache and no bar.
    fn default() -> Self {
        Options {
            range: KeyRange { low: 24, count: 78 },
            min_steps: 1,
            max_steps: 64 << 20,
            as_given: false,
            reading: ReadOptions::default(),
            any_grid: false,
            cache: None,
            progress: false,
        }
    }
}

impl Options {
    /// What a run with these settings trains on.
    pub fn to_train(settings: &Settings, cached: bool) -> Options {
        let (range, min_steps) = (settings.network.range(), settings.min_steps());
        let as_given = settings.profile == Profile::Benchmark;
        let (reading, any_grid) = (ReadOptions { pedal: settings.pedal }, settings.any_grid);
        Options { range, min_steps, as_given, reading, any_grid, ..Options::for_command(cached) }
    }

    /// The defaults with a bar, and with the user's cache if `cached`.
    pub fn for_command(cached: bool) -> Options {
        let cache = cached.then(Cache::of_user).flatten();
        Options { cache, progress: true, ..Options::default() }
    }
}

/// One piece of music.
#[derive(Clone, Debug)]
pub struct Piece {
    /// File name; for a roll file with the sequence's place in it: `train.json#12`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Index in the list of data of the folder or file that led to it.
    pub source: usize,
    /// The notes in range.
    pub roll: PianoRoll,
    /// The same notes by who plays them: at least one part, each as long as the roll. A part may
    /// be silent, if all its notes are out of range.
    pub parts: Vec<Part>,
    /// Where its bar lines lie; 4/4 where the file tells none.
    pub metres: Metres,
    /// SHA-256 of the roll in lower-case hex.
    pub digest: String,
    /// The same number for copies of one work, also transposed, coarsened or a little altered, and
    /// for its versions, arrangements and parts.
    pub work: u64,
    /// Notes outside the range.
    pub dropped_notes: u64,
    /// What else was found in its file.
    pub reading: Reading,
}

impl Piece {
    /// Its path; of a sequence of a roll file with its place in there.
    pub fn shown_path(&self) -> String {
        self.path.with_file_name(&self.name).display().to_string()
    }

    /// What the part is called that the rule finds, if it finds one.
    pub fn lead_name(&self, rule: Rule) -> Option<String> {
        let parts: Vec<players::Part> = self
            .parts
            .iter()
            .map(|part| players::Part { name: &part.name, roll: &part.roll })
            .collect();
        let music = players::Music { roll: &self.roll, parts: &parts, metres: &self.metres };
        music.lead(rule).map(|index| self.parts[index].name.trim().to_lowercase())
    }
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
    /// Files that were not read, since the cache had them.
    pub from_cache: usize,
}

impl Corpus {
    /// Reads all that `data` holds: folders with everything below them, and single files.
    ///
    /// # Errors
    ///
    /// If a path of `data` does not exist, if there is more than [`Options::max_steps`], or if
    /// no piece is left; the error then lists the reasons.
    pub fn read<P: AsRef<Path>>(data: &[P], options: &Options) -> Result<Corpus> {
        let mut reader = Reader::new(options);
        let files = files::find(data)?;
        let bar = bar(files.len(), options.progress);
        for (source, found) in files {
            match found {
                Ok(path) => reader.file(source, &path),
                Err(skipped) => reader.skipped.push(skipped),
            }
            ensure!(
                reader.steps <= options.max_steps,
                "the data holds more than {} steps, each part of a piece counted, which would take \
                 {} MiB of memory: name fewer folders, or a part of them",
                options.max_steps,
                options.max_steps.saturating_mul(size_of::<Chord>()) >> 20
            );
            bar.inc(1);
        }
        bar.finish_and_clear();
        reader.end();
        let Reader { mut pieces, likenesses, skipped, from_cache, .. } = reader;
        if pieces.is_empty() {
            bail!("{}", nothing_left(data, &skipped));
        }
        let mut works: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (index, work) in works::works(&pieces, &likenesses).into_iter().enumerate() {
            pieces[index].work = work;
            works.entry(work).or_default().push(index);
        }
        let mut duplicates: Vec<_> = works.into_values().filter(|same| same.len() > 1).collect();
        duplicates.sort();
        let digest = corpus_digest(&pieces);
        Ok(Corpus { pieces, skipped, duplicates, digest, from_cache })
    }

    /// Steps of all pieces together.
    pub fn steps(&self) -> usize {
        self.pieces.iter().map(|piece| piece.roll.len()).sum()
    }
}

fn bar(files: usize, shown: bool) -> ProgressBar {
    if !shown {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} files  ETA {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(files as u64).with_style(style)
}

struct Reader<'a> {
    options: &'a Options,
    /// Until it cannot be written.
    cache: Option<&'a Cache>,
    pieces: Vec<Piece>,
    /// Of each piece.
    likenesses: Vec<Likeness>,
    skipped: Vec<Skipped>,
    /// Of all pieces and their parts together.
    steps: usize,
    from_cache: usize,
    /// Files that the cache now has and had not.
    cached: usize,
}

impl<'a> Reader<'a> {
    fn new(options: &'a Options) -> Reader<'a> {
        Reader {
            options,
            cache: options.cache.as_ref(),
            pieces: vec![],
            likenesses: vec![],
            skipped: vec![],
            steps: 0,
            from_cache: 0,
            cached: 0,
        }
    }

    fn file(&mut self, source: usize, path: &Path) {
        if let Err(error) = self.try_file(source, path) {
            self.skip(path.to_owned(), format!("{error:#}"), 0);
        }
    }

    fn try_file(&mut self, source: usize, path: &Path) -> Result<()> {
        let bytes = files::load(path)?;
        let is_rolls = files::is_rolls(path);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (index, sequence) in self.sequences(&bytes, is_rolls)?.into_iter().enumerate() {
            let name = if is_rolls { format!("{name}#{index}") } else { name.clone() };
            match sequence {
                Ok(parsed) => self.piece(source, path, name, parsed),
                Err(reason) => self.skip(path.with_file_name(name), reason, 0),
            }
        }
        Ok(())
    }

    /// What a file holds, from the cache if that has it: which knows only sixteenths.
    fn sequences(&mut self, bytes: &[u8], is_rolls: bool) -> Result<parsed::Sequences> {
        if is_rolls && self.options.as_given {
            return parsed::frames(bytes);
        }
        let reading = self.options.reading;
        let Some(cache) = self.cache else { return parsed::parse(bytes, is_rolls, reading) };
        let key = cache::Key::of(bytes, is_rolls, reading);
        if let Some(sequences) = cache.get(&key) {
            self.from_cache += 1;
            return Ok(sequences);
        }
        let sequences = parsed::parse(bytes, is_rolls, reading)?;
        match cache.put(&key, &sequences) {
            Ok(()) => self.cached += 1,
            Err(error) => {
                self.cache = None;
                eprintln!("going on without the cache of files read before: {error:#}");
            }
        }
        Ok(sequences)
    }

    fn end(&self) {
        if let Some(cache) = self.cache.filter(|_| self.cached > 0) {
            cache.prune();
        }
    }

    /// Takes a piece with all its keys, if something is left of it within the range.
    fn piece(&mut self, source: usize, path: &Path, name: String, parsed: Parsed) {
        let Parsed { roll: whole, parts, metres, reading } = parsed;
        let range = self.options.range;
        let mut roll: PianoRoll = whole.chords.iter().map(|chord| chord.within(range)).collect();
        let last = roll.chords.iter().rposition(|chord| !chord.is_empty());
        let steps = match last {
            Some(_) if self.options.as_given => roll.len(),
            last => last.map_or(0, |step| step + 1),
        };
        cut(&mut roll, steps);
        let strikes = |roll: &PianoRoll| -> u64 {
            roll.chords.iter().map(|chord| u64::from(chord.struck().count_ones())).sum()
        };
        let dropped_notes = strikes(&whole) - strikes(&roll);
        if let Some(reason) = self.refusal(steps, dropped_notes, &metres, reading) {
            return self.skip(path.with_file_name(name), reason, whole.len());
        }
        self.likenesses.push(Likeness::of(&whole, &parts));
        let parts: Vec<Part> = parts
            .iter()
            .map(|part| {
                let mut part = part.within(range);
                cut(&mut part.roll, steps);
                part
            })
            .collect();
        let digest = hex(&content(&roll));
        let path = path.to_owned();
        // Known once all pieces are.
        let work = 0;
        self.steps += steps * (1 + parts.len());

        self.pieces.push(Piece {
            name,
            path,
            source,
            roll,
            parts,
            metres,
            digest,
            work,
            dropped_notes,
            reading,
        });
    }

    /// Why a piece is not kept of which so many steps lie in range, if it is not.
    fn refusal(
        &self,
        steps: usize,
        dropped_notes: u64,
        metres: &Metres,
        reading: Reading,
    ) -> Option<String> {
        if steps == 0 {
            return Some(match dropped_notes {
                0 => "no notes".to_owned(),
                dropped => {
                    let KeyRange { low, count } = self.options.range;
                    let high = low + count - 1;
                    format!(
                        "all {dropped} notes lie outside the network's keys, {low} to {high}: \
                         transpose it"
                    )
                }
            });
        }
        let least = self.options.min_steps;
        if steps < least {
            let bars = match metres.bars(steps as i64).count() {
                1 => "1 bar".to_owned(),
                bars => format!("{bars} bars"),
            };
            return Some(format!(
                "only {steps} steps; at least {least} are needed: it has {bars} in {}; join it \
                 with others, or train with fewer --steps",
                metres.signature(0)
            ));
        }
        if !self.options.any_grid && !reading.fit.follows_sixteenths() {
            return Some(format!(
                "{NO_GRID}: its notes agree with the best one to {:.0}%; if it was played without \
                 a metronome, quantize it; inspect and train take it as it is with --any-grid",
                100.0 * reading.fit.length
            ));
        }
        None
    }

    fn skip(&mut self, path: PathBuf, reason: String, steps: usize) {
        self.skipped.push(Skipped { path, reason, steps });
    }
}

fn cut(roll: &mut PianoRoll, steps: usize) {
    roll.chords.truncate(steps);
    roll.chords.shrink_to_fit();
}

/// How the reason begins for which pieces are left out whose notes follow no sixteenths.
pub const NO_GRID: &str = "follows no sixteenth grid";

/// How many skipped files a message names one by one.
pub const SHOWN: usize = 8;

fn nothing_left<P: AsRef<Path>>(data: &[P], skipped: &[Skipped]) -> String {
    let places: Vec<_> = data.iter().map(|path| path.as_ref().display().to_string()).collect();
    let mut text = format!("no usable music in {}", places.join(", "));
    if skipped.is_empty() {
        return text
            + ": no file ends in .mid, .midi, .kar, .rmi or .json; name a folder of MIDI files";
    }
    text += &format!("; {} skipped:\n{}", skipped.len(), explain(skipped, SHOWN));
    text.trim_end().to_owned()
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
