//! A model's pieces beside pieces by people: the figures of both, and how far they overlap.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use anacrusis::model::{Checkpoint, Draw};
use anacrusis::music::{PianoRoll, STEPS_PER_BAR};
use anyhow::{Result, anyhow, ensure};
use serde::Serialize;

use super::figures;
use super::overlap;
use crate::corpus::{self, Corpus};
use crate::generate::{Wish, generate, stored_prompt};
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

/// Reads people's music: one excerpt of a piece, from a bar line that chance chose; of so many
/// pieces at most, spread over all there are.
///
/// # Errors
/// If nothing can be read, or fewer than two pieces are long enough.
pub fn excerpts(data: &[PathBuf], checkpoint: &Checkpoint, plan: Plan) -> Result<Vec<PianoRoll>> {
    let (range, steps) = (checkpoint.config().range(), plan.wish.bars * BAR);
    let options = corpus::Options { range, min_steps: steps, ..corpus::Options::for_command(true) };
    let corpus = Corpus::read(data, &options)?;
    ensure!(
        corpus.pieces.len() >= 2,
        "--data holds one piece of {} bars or more, and sets are compared: name more, or lower \
         --bars",
        plan.wish.bars
    );
    let count = plan.pieces.min(corpus.pieces.len());
    let excerpt = |index: usize| -> PianoRoll {
        let roll = &corpus.pieces[index * corpus.pieces.len() / count].roll;
        let starts = (roll.len() - steps) / BAR + 1;
        let lot = Draw { seed: 0xE4, pass: 0 }.uniforms(index as i64, 0)[0];
        let start = BAR * ((lot * starts as f64) as usize).min(starts - 1);
        roll.chords[start..start + steps].iter().copied().collect()
    };
    Ok((0..count).map(excerpt).collect())
}

/// The model's pieces, on all cores.
///
/// # Errors
/// If a thread fails.
pub fn played(checkpoint: &Checkpoint, plan: Plan) -> Result<Vec<PianoRoll>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= plan.pieces {
                return done;
            }
            let seed = index as u64 + 1;
            let wish = Wish { seed, ..plan.wish };
            done.push((index, generate(checkpoint, &stored_prompt(checkpoint, seed), &wish)));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(plan.pieces);
    let parts: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(|handle| handle.join()).collect()
    });
    let mut all = Vec::new();
    for part in parts {
        all.extend(part.map_err(|_| anyhow!("a playing thread panicked"))?);
    }
    all.sort_by_key(|(index, _)| *index);
    Ok(all.into_iter().map(|(_, roll)| roll).collect())
}

/// Compares the model's pieces with people's, and with what it may have learnt by heart.
pub fn compare(
    checkpoint: &Checkpoint,
    (made, human): (&[PianoRoll], &[PianoRoll]),
    against: Option<&Library>,
) -> Likeness {
    let all = |rolls: &[PianoRoll]| -> Vec<[f64; figures::COUNT]> {
        rolls.iter().map(figures::of).collect()
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
        bars: made.first().map_or(0, |roll| roll.len() / BAR),
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

fn recited(checkpoint: &Checkpoint, made: &[PianoRoll], library: &Library) -> Recited {
    // As training shifts a corpus unless told otherwise.
    let [low, high] = crate::settings::Settings::default().transpose;
    let range = checkpoint.config().range();
    let longest = |roll: &PianoRoll| library.longest(roll, -high..=-low, range);
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
        "{} pieces by the model, {} by people, {} bars each; model {}",
        likeness.pieces, likeness.excerpts, likeness.bars, likeness.digest
    );
    if let Some(Recited { longest: [steps, onsets], mean_steps }) = likeness.recited {
        println!(
            "longest stretch shared with --against: {steps} steps with {onsets} onsets, \
             {mean_steps:.1} steps in the mean of the pieces"
        );
    }
}
