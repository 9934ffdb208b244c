//! A model's pieces beside pieces by people: the figures of both, and how far they overlap.

use std::path::PathBuf;

use anacrusis::model::{Checkpoint, Draw};
use anacrusis::music::{Metres, PianoRoll, STEPS_PER_BAR};
use anyhow::{Result, ensure};
use serde::Serialize;

use super::figures;
use super::overlap;
use super::texture;
use crate::corpus::{self, Corpus, Piece};
use crate::generate::{Wish, generate, stored_prompt};
use crate::model_file;
use crate::parallel;
use crate::verbatim::Library;

const BAR: usize = STEPS_PER_BAR as usize;

/// What to play, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Pieces to generate, and to read at most.
    pub pieces: usize,
    /// Temperature, density and bars; the seed counts from 1.
    pub wish: Wish,
}

/// One figure of both sets.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// Its name.
    pub name: &'static str,
    /// Mean and standard deviation of the model's pieces.
    pub model: [f64; 2],
    /// Of people's.
    pub human: [f64; 2],
    /// Overlapping area (Yang and Lerch 2020), 0 to 1; without it if a set is too small.
    pub overlap: Option<f64>,
    /// Each piece of the model's, those left out for which it has no meaning.
    pub model_pieces: Vec<f64>,
    /// Each excerpt of people's.
    pub human_pieces: Vec<f64>,
}

/// What the model's pieces have of other music, step for step.
#[derive(Clone, Debug, Serialize)]
pub struct Recited {
    /// Steps of the longest stretch of any piece, and notes that begin in it.
    pub longest: [u64; 2],
    /// Steps of each piece's longest stretch, in the mean.
    pub mean_steps: f64,
}

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Likeness {
    /// Every figure.
    pub figures: Vec<Compared>,
    /// Pieces generated.
    pub pieces: usize,
    /// Excerpts of people's music.
    pub excerpts: usize,
    /// Bars of each.
    pub bars: usize,
    /// Beside other music, if some was named: in any key that training shifts it to.
    pub recited: Option<Recited>,
    /// Digest of the model.
    pub digest: String,
}

/// A stretch of music whose first step is a bar line.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// Its notes.
    pub roll: PianoRoll,
    /// Its bar lines.
    pub metres: Metres,
}

/// People's music, and what the model learnt from if that is known.
pub struct People {
    /// One excerpt of a piece; of each of few pieces as many as lie side by side in it.
    pub excerpts: Vec<Excerpt>,
    /// The pieces that it was trained on.
    pub trained_on: Option<Vec<PianoRoll>>,
}

/// Reads people's music: of `data`, or if `heldout` of those of its pieces that were held out when
/// the model was trained. Excerpts begin at bar lines that chance chose; there are as many as
/// pieces are planned, spread over all of people's, or fewer if there is not so much music.
///
/// # Errors
/// If nothing can be read, fewer than two pieces are long enough, or the model does not tell what
/// was held out.
pub fn people(
    data: &[PathBuf],
    heldout: bool,
    checkpoint: &Checkpoint,
    plan: Plan,
) -> Result<People> {
    let (range, steps) = (checkpoint.config().range(), plan.wish.bars * BAR);
    let settings = heldout.then(|| model_file::settings(checkpoint)).transpose()?;
    // Which pieces are held out depends on how many there are, so all must be read, and as they
    // were then.
    let options = match &settings {
        Some(settings) => corpus::Options { range, ..corpus::Options::to_train(settings, true) },
        None => corpus::Options { range, min_steps: steps, ..corpus::Options::for_command(true) },
    };
    let corpus = Corpus::read(data, &options)?;
    let (trained_on, people) = match &settings {
        None => (None, corpus.pieces.iter().collect()),
        Some(settings) => {
            let (trained_on, heldout) = corpus::split(&corpus, settings.heldout, settings.seed);
            (Some(trained_on.into_iter().map(|piece| piece.roll.clone()).collect()), heldout)
        }
    };
    let long: Vec<&Piece> = people.into_iter().filter(|piece| piece.roll.len() >= steps).collect();
    ensure!(
        long.len() >= 2,
        "--data holds {} piece of {} bars or more that the model never saw, and sets are \
         compared: name more, or lower --bars",
        long.len(),
        plan.wish.bars
    );
    Ok(People { excerpts: excerpts(&long, steps, plan.pieces), trained_on })
}

/// `count` excerpts of `steps` steps, or fewer: each piece that is drawn from is cut into as many
/// stretches of one length as it gives excerpts, and one begins at a bar line in each.
fn excerpts(pieces: &[&Piece], steps: usize, count: usize) -> Vec<Excerpt> {
    let mut all = Vec::new();
    let mut cut = |piece: &Piece, parts: usize| {
        let Piece { roll, metres, .. } = piece;
        let bars = texture::bars(metres, roll.len());
        for part in 0..parts {
            let [from, to] = [part, part + 1].map(|part| roll.len() * part / parts);
            let starts: Vec<usize> = (bars.iter().map(|bar| bar.start))
                .filter(|start| *start >= from && start + steps <= to)
                .collect();
            let lot = Draw { seed: 0xE4, pass: 0 }.uniforms(all.len() as i64, 0)[0];
            let index = (lot * starts.len() as f64) as usize;
            let Some(&start) = starts.get(index) else { continue };
            let chords = &roll.chords[start..start + steps];
            let metres = metres.from_step(start as i64);
            all.push(Excerpt { roll: chords.iter().copied().collect(), metres });
        }
    };
    if count <= pieces.len() {
        (0..count).for_each(|index| cut(pieces[index * pieces.len() / count], 1));
        return all;
    }
    // A bar more for each part than it needs, since excerpts begin at bar lines.
    let room = |piece: &Piece| (piece.roll.len() / (steps + BAR)).max(1);
    // As evenly as lengths allow.
    let mut parts = vec![1; pieces.len()];
    let mut left = count - pieces.len();
    while left > 0 {
        let before = left;
        for (parts, piece) in parts.iter_mut().zip(pieces) {
            let more = left > 0 && *parts < room(piece);
            *parts += usize::from(more);
            left -= usize::from(more);
        }
        if left == before {
            break;
        }
    }
    pieces.iter().zip(parts).for_each(|(piece, parts)| cut(piece, parts));
    all
}

/// The model's pieces, on all cores.
///
/// # Errors
/// If a thread panics.
pub fn played(checkpoint: &Checkpoint, plan: Plan) -> Result<Vec<Excerpt>> {
    let play = |index: usize| {
        let seed = index as u64 + 1;
        let wish = Wish { seed, ..plan.wish };
        let roll = generate(checkpoint, &stored_prompt(checkpoint, seed), &wish);
        Excerpt { roll, metres: Metres::default() }
    };
    let bar = parallel::bar(plan.pieces, "pieces");
    let played = parallel::map(plan.pieces, &bar, 1, || Ok(()), |(), index| Ok(play(index)));
    bar.finish_and_clear();
    played
}

/// Compares the model's pieces with people's, and with what it may have learnt by heart.
pub fn compare(
    checkpoint: &Checkpoint,
    (made, human): (&[Excerpt], &[Excerpt]),
    against: Option<&Library>,
) -> Likeness {
    let all = |pieces: &[Excerpt]| -> Vec<[f64; figures::COUNT]> {
        pieces.iter().map(|piece| figures::of(&piece.roll, &piece.metres)).collect()
    };
    let (of_model, of_human) = (all(made), all(human));
    let column = |rows: &[[f64; figures::COUNT]], index: usize| -> Vec<f64> {
        rows.iter().map(|row| row[index]).filter(|value| value.is_finite()).collect()
    };
    let compared = |(index, name): (usize, &'static str)| {
        let (model_pieces, human_pieces) = (column(&of_model, index), column(&of_human, index));
        Compared {
            name,
            model: spread(&model_pieces),
            human: spread(&human_pieces),
            overlap: overlap::area(&human_pieces, &model_pieces),
            model_pieces,
            human_pieces,
        }
    };
    Likeness {
        figures: figures::NAMES.into_iter().enumerate().map(compared).collect(),
        pieces: made.len(),
        excerpts: human.len(),
        bars: made.first().map_or(0, |piece| piece.roll.len() / BAR),
        recited: against.map(|library| recited(checkpoint, made, library)),
        digest: checkpoint.digest().to_owned(),
    }
}

/// Mean and standard deviation.
fn spread(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    [mean, (squares / (n - 1.0).max(1.0)).sqrt()]
}

fn recited(checkpoint: &Checkpoint, made: &[Excerpt], library: &Library) -> Recited {
    // As training shifts a corpus unless told otherwise.
    let [low, high] = crate::settings::Settings::default().transpose;
    let range = checkpoint.config().range();
    let longest = |piece: &Excerpt| library.longest(&piece.roll, -high..=-low, range);
    let all: Vec<_> = made.iter().map(longest).collect();
    let best = all.iter().map(|s| [s.steps as u64, u64::from(s.onsets)]).max();
    let steps: usize = all.iter().map(|shared| shared.steps).sum();
    Recited { longest: best.unwrap_or_default(), mean_steps: steps as f64 / made.len() as f64 }
}

/// Prints the table.
pub fn print(likeness: &Likeness) {
    println!("{:<20} {:>8} {:>8} {:>8} {:>8} {:>8}", "", "model", "+-", "people", "+-", "overlap");
    for figure in &likeness.figures {
        let [model, model_spread] = figure.model;
        let [human, human_spread] = figure.human;
        let overlap = figure.overlap.map_or("-".to_owned(), |area| format!("{area:.2}"));
        println!(
            "{:<20} {model:8.3} {model_spread:8.3} {human:8.3} {human_spread:8.3} {overlap:>8}",
            figure.name
        );
    }
    println!(
        "{} pieces by the model, {} excerpts by people, {} bars each; model {}",
        likeness.pieces, likeness.excerpts, likeness.bars, likeness.digest
    );
    if let Some(Recited { longest: [steps, onsets], mean_steps }) = likeness.recited {
        println!(
            "longest stretch shared with what was trained on: {steps} steps with {onsets} onsets, \
             {mean_steps:.1} steps in the mean of the pieces"
        );
    }
}
