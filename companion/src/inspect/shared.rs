//! What music has in common with other music, step for step.

use std::fmt;

use anyhow::Result;
use serde::Serialize;

use super::Args;
use crate::corpus::{self, Corpus, Piece};
use crate::settings::Settings;
use crate::verbatim::{self, Library};

/// The longest stretches of `--data` that stand in `--against`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Overlap {
    /// In the key that it is written in.
    same_key: Stretch,
    /// Shifted by any of the semitones that training shifts by.
    any_key: Stretch,
}

/// One stretch of a piece, and where it stands.
#[derive(Clone, Debug, Default, Serialize)]
struct Stretch {
    steps: usize,
    onsets: u32,
    semitones: i8,
    /// The piece and its step.
    piece: String,
    at: usize,
    /// The piece of `--against` and its step.
    found_in: String,
    found_at: usize,
}

/// Looks for them, if `--against` asks for it.
///
/// # Errors
/// If what `--against` names holds no usable music.
pub(super) fn find(args: &Args, settings: &Settings, corpus: &Corpus) -> Result<Option<Overlap>> {
    if args.against.is_empty() {
        return Ok(None);
    }
    let options = corpus::Options {
        range: settings.network.range(),
        ..corpus::Options::for_command(!args.no_cache)
    };
    let against = Corpus::read(&args.against, &options)?;
    let library = Library::new(against.pieces.iter().map(|piece| &piece.roll));
    // Training shifted the other music; here the music asked about is shifted back.
    let [low, high] = settings.transpose.map(|semitones| -semitones);
    let mut shared = Overlap { same_key: Stretch::default(), any_key: Stretch::default() };
    for piece in &corpus.pieces {
        let range = settings.network.range();
        let keep = |stretch: &mut Stretch, found: verbatim::SharedStretch| {
            if (found.steps, found.onsets) > (stretch.steps, stretch.onsets) {
                *stretch = Stretch::new(piece, found, &against);
            }
        };
        keep(&mut shared.same_key, library.longest(&piece.roll, 0..=0, range));
        keep(&mut shared.any_key, library.longest(&piece.roll, high..=low, range));
    }
    Ok(Some(shared))
}

impl Stretch {
    fn new(piece: &Piece, found: verbatim::SharedStretch, against: &Corpus) -> Stretch {
        let (index, found_at) = found.found;
        Stretch {
            steps: found.steps,
            onsets: found.onsets,
            semitones: found.semitones,
            piece: piece.shown_path(),
            at: found.at,
            found_in: against.pieces.get(index).map(Piece::shown_path).unwrap_or_default(),
            found_at,
        }
    }
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let any = format!("in any key, shifted by {}", self.any_key.semitones);
        for (stretch, how) in [(&self.same_key, "in its own key"), (&self.any_key, any.as_str())] {
            if stretch.steps == 0 {
                writeln!(f, "shared      not one sounding step, {how}")?;
                continue;
            }
            writeln!(
                f,
                "shared      {} steps with {} onsets, {how}: {} from step {} stands in {} from \
                 step {}",
                stretch.steps,
                stretch.onsets,
                stretch.piece,
                stretch.at,
                stretch.found_in,
                stretch.found_at
            )?;
        }
        Ok(())
    }
}
