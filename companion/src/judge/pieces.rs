//! The pieces whose melodies are played in, with what people play to them.

use std::path::PathBuf;

use anacrusis::music::{Chord, KeyRange, Tonality};
use anyhow::{Result, bail, ensure};

use super::together::Melody;
use crate::corpus::{self, Corpus};
use crate::players::{Music, Part, Rule, top_voice};
use crate::settings::Settings;

/// Fewest steps in which a melody must sound: two bars of 4/4.
const FEWEST_STEPS: usize = 32;

/// A melody, and its accompaniment by people if there is one.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Name of its file.
    pub name: String,
    /// Begins at the bar line at or before its first note.
    pub melody: Melody,
    /// Its key.
    pub tonality: Tonality,
    /// As long as the melody.
    pub accompaniment: Option<Vec<Chord>>,
    /// How the musician was found.
    pub found: String,
}

/// Pieces, and why others are none.
pub struct Pieces {
    /// In the order of their files.
    pub pieces: Vec<Piece>,
    /// Files, and what is wrong with them.
    pub skipped: Vec<(PathBuf, String)>,
    /// Files of pieces that were left out, since there are enough.
    pub left_out: usize,
}

/// Which pieces are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Who the musician is.
    pub rule: Rule,
    /// Most bars of each.
    pub bars: usize,
    /// Most pieces.
    pub most: usize,
    /// Those alone that a model trained with these settings never saw.
    pub heldout: Option<&'a Settings>,
}

/// Reads pieces, spread evenly over all that folders and files hold.
///
/// # Errors
/// If a path is not there, or fewer than two pieces are usable.
pub fn read(paths: &[PathBuf], wanted: Wanted) -> Result<Pieces> {
    let Wanted { rule, bars, most, heldout } = wanted;
    let plain = || corpus::Options::for_command(true);
    let options = heldout.map_or_else(plain, |settings| corpus::Options::to_train(settings, true));
    // A melody may leave the network's keys.
    let range = KeyRange { low: 0, count: 128 };
    let corpus = Corpus::read(paths, &corpus::Options { range, ..options })?;
    let unseen: Vec<&corpus::Piece> = match heldout {
        Some(settings) => corpus::split(&corpus, settings.heldout, settings.seed).1,
        None => corpus.pieces.iter().collect(),
    };
    let mut skipped: Vec<(PathBuf, String)> =
        (corpus.skipped.iter().map(|s| (s.path.clone(), s.reason.clone()))).collect();
    let mut pieces = Vec::new();
    for piece in unseen {
        match Piece::of(piece, rule, bars) {
            Ok(piece) => pieces.push(piece),
            Err(error) => {
                skipped.push((piece.path.with_file_name(&piece.name), format!("{error:#}")))
            }
        }
    }
    let reasons = || {
        let shown = skipped.iter().take(corpus::SHOWN);
        shown.map(|(path, why)| format!("\n  {}: {why}", path.display())).collect::<String>()
    };
    ensure!(
        pieces.len() >= 2,
        "--accompany takes at least two different pieces, since accompaniments are laid over each \
         other's melodies; {} can be used, {} cannot{}",
        pieces.len(),
        skipped.len(),
        reasons()
    );
    let usable = pieces.len();
    let kept = usable.min(most);
    let mut index = 0;
    let spread: Vec<bool> =
        (0..usable).map(|n| (n + 1) * kept / usable > n * kept / usable).collect();
    pieces.retain(|_| {
        index += 1;
        spread[index - 1]
    });
    Ok(Pieces { pieces, skipped, left_out: usable - kept })
}

impl Piece {
    /// The first `bars` bars from the one in which the melody begins.
    ///
    /// # Errors
    /// If the rule finds no musician, or what they play is too little or in no key.
    pub fn of(read: &corpus::Piece, rule: Rule, bars: usize) -> Result<Piece> {
        let parts: Vec<Part> =
            (read.parts.iter()).map(|part| Part { name: &part.name, roll: &part.roll }).collect();
        let music = Music { roll: &read.roll, parts: &parts, metres: &read.metres };
        let Some(pair) = music.players(rule) else {
            bail!("there is no musician in it by that rule: try another --musician");
        };
        let melody = top_voice(&pair.musician).chords;
        let Some(first) = melody.iter().position(|chord| !chord.is_empty()) else {
            bail!("its melody has no notes");
        };
        let start = pair.metres.bar_line(first as i64);
        let mut end = start;
        for _ in 0..bars {
            end = pair.metres.next_bar_line(end);
        }
        let end = end.min(melody.len() as i64);
        // The bar that a pickup ends may begin before the piece.
        let cut = |chords: &[Chord]| -> Vec<Chord> {
            let at = |step: i64| usize::try_from(step).ok().and_then(|step| chords.get(step));
            (start..end).map(|step| at(step).copied().unwrap_or_default()).collect()
        };
        let chords = cut(&melody);
        let sounding = chords.iter().filter(|chord| !chord.is_empty()).count();
        ensure!(
            sounding >= FEWEST_STEPS,
            "its melody sounds in {sounding} of the first {} steps; it takes {FEWEST_STEPS}",
            chords.len()
        );
        let Some(tonality) = Tonality::of(&chords) else {
            bail!("its melody is in no key: all twelve notes sound equally long");
        };
        let accompaniment = cut(&pair.accompaniment.chords);
        let sounds = accompaniment.iter().any(|chord| !chord.is_empty());
        let metres = pair.metres.from_step(start);
        Ok(Piece {
            name: read.name.clone(),
            melody: Melody { chords, scale: tonality.mask(), metres },
            tonality,
            accompaniment: sounds.then_some(accompaniment),
            found: pair.found,
        })
    }
}
