//! What stands before a run: music that can be read, and memory that will do.

use std::path::{Path, PathBuf};

use anacrusis::model::kernel::InstructionSet;
use anyhow::Result;

use super::estimate::{self, Estimate, Room};
use super::memory::Own;
use crate::arguments::Args;
use crate::corpus::{self, Corpus};
use crate::program;
use crate::settings::Settings;

/// Reads the corpus, what is held out after what is trained on, and, if it is to `say` so, tells
/// what was skipped and why.
///
/// # Errors
/// If no usable piece is left; lists why.
pub fn read(args: &Args, settings: &Settings, say: bool) -> Result<Corpus> {
    let options = corpus::Options::to_train(settings, !args.no_cache);
    let data = args.data.iter().map(|source| source.path.as_path());
    let all: Vec<&Path> = data.chain(args.valid.iter().map(PathBuf::as_path)).collect();
    let corpus = Corpus::read(&all, &options)?;
    if !say {
        return Ok(corpus);
    }
    eprint!("{}", corpus::explain(&corpus.skipped, corpus::SHOWN));
    let dropped: u64 = corpus.pieces.iter().map(|piece| piece.dropped_notes).sum();
    eprintln!(
        "{} pieces, {} steps; {} files skipped (`{} inspect --data` tells more); \
         {dropped} notes outside the network's keys dropped",
        corpus.pieces.len(),
        corpus.steps(),
        corpus.skipped.len(),
        program::called_as()
    );
    Ok(corpus)
}

/// What memory a run will take, in words.
///
/// # Errors
/// If that is more than there is; says what would fit.
pub fn admit(
    args: &Args,
    settings: &Settings,
    steps: usize,
    heldout: usize,
    available: Option<u64>,
) -> Result<String> {
    let lanes = InstructionSet::best().lanes();
    let estimate = |settings: &Settings| Estimate::of(settings, lanes, steps, heldout);
    let held = Own::new().and_then(|mut own| own.held()).map_or(0, |held| held.resident);
    estimate::admit(settings, estimate, Room { available, held }, args.ignore_memory)
}
