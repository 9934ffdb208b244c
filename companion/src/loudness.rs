//! The head for loudness (listener.md, section 3): fitted to a trained network, and measured.
//!
//! The head is linear, and its gradient is not to change the layers below, so it need not be trained
//! beside them: what squared error leaves best is found exactly, once they are done.

mod errors;
mod fit;
mod struck;

use std::path::PathBuf;
use std::sync::Arc;

use anacrusis::model::network::{VELOCITY_BIAS, VELOCITY_UNIT, VELOCITY_WEIGHT};
use anacrusis::model::{Checkpoint, Config, Engine, Weights};
use anyhow::{Context, Result, ensure};

pub use errors::{Count, Errors, Told};
pub use fit::Fit;
pub use struck::{Struck, has_dynamics, walk};

use crate::arrangement::Arrangement;
use crate::corpus::{self, Corpus, Piece};
use crate::players::Rule;
use crate::sequence::Sequence;
use crate::{files, model_file, parallel, program};

/// Steps that a head is fitted to: some hundred thousand notes for some fifty numbers.
const STEPS: usize = 60_000;

/// Most steps of one piece, so that many are heard.
const STEPS_OF_PIECE: usize = 1_024;

/// Give a trained model a head that tells how loud the notes are that it chooses
///
/// The model is as it was but for its head, which is fitted to those of the pieces that it was not
/// tested on, and measured on the others. Needed are files with dynamics: those in which every note has
/// the same velocity are left out.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  anacrusis loudness --model models/pop.safetensors --data data/pop-parts --output pop.safetensors
  anacrusis loudness --model m.safetensors --data my-midi/ --output m.safetensors

`anacrusis train` does the same at its end if `velocity = true` stands under [network].")]
pub struct Args {
    /// The model (.safetensors), of features 2
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// Folders (with all below them) and files that it was trained on
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub data: Vec<PathBuf>,
    /// Where the model with its head goes; may be --model itself
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// Read every file anew, not from the cache of files read before, and write none
    #[arg(long)]
    pub no_cache: bool,
}

/// `anacrusis loudness`.
///
/// # Errors
/// If the model or the data are unusable, or the file cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let checkpoint = model_file::read(&args.model)?;
    ensure!(
        checkpoint.config().hears(),
        "{} has features of version 1, which cannot tell loudness: train one of version 2 from it \
         with `{} train --from`",
        args.model.display(),
        program::called_as()
    );
    let settings = model_file::settings(&checkpoint)?;
    let options = corpus::Options::to_train(&settings, !args.no_cache);
    let corpus = Corpus::read(&args.data, &options)?;
    let (train, heldout) = corpus::split(&corpus, settings.heldout, settings.seed);
    let fitted = fit(&checkpoint, &train, settings.musician)?;
    println!("{}", measure(&fitted, &heldout, settings.musician)?);
    files::write(&args.output, &fitted.to_bytes())?;
    println!("{}: sha256 {}", args.output.display(), fitted.digest());
    Ok(())
}

/// The same network with a head fitted to `pieces`, both as music of its own and as the accompaniment
/// of a musician who is known in the step itself.
///
/// # Errors
/// If too few notes are left whose loudness is known.
pub fn fit(checkpoint: &Checkpoint, pieces: &[&Piece], rule: Rule) -> Result<Checkpoint> {
    let config = Config { velocity: true, ..checkpoint.config().clone() };
    let units = config.note.last().copied().unwrap_or_default();
    let with = |weight: Vec<f32>, bias: f32| -> Result<Checkpoint> {
        let mut tensors = checkpoint.clone().into_tensors();
        tensors.insert(VELOCITY_WEIGHT.to_owned(), weight);
        tensors.insert(VELOCITY_BIAS.to_owned(), vec![bias]);
        Ok(Checkpoint::new(config.clone(), tensors, checkpoint.meta.clone())?)
    };
    let chosen = spread(pieces);
    let fits = over(&with(vec![0.0; units], 0.0)?, &chosen, rule, || Fit::new(units), {
        |fit: &mut Fit, note: &Struck, top: &[f32], _| {
            fit.note(top, f64::from((f32::from(note.velocity) - note.level) / VELOCITY_UNIT));
        }
    })?;
    let mut all = Fit::new(units);
    fits.iter().for_each(|fit| all.add(fit));
    let dynamics = pieces.iter().filter(|piece| has_dynamics(piece)).count();
    let (weight, bias) = all.solve().with_context(|| {
        format!("no head for loudness: {dynamics} of {} pieces have dynamics", pieces.len())
    })?;
    with(weight, bias)
}

/// How far off a network's head is on `pieces`, fed what was played before.
///
/// # Errors
/// If a thread fails.
pub fn measure(checkpoint: &Checkpoint, pieces: &[&Piece], rule: Rule) -> Result<Errors> {
    let chosen = spread(pieces);
    let counts = over(checkpoint, &chosen, rule, Count::default, {
        |count: &mut Count, note: &Struck, _: &[f32], above| count.note(note, above)
    })?;
    let mut all = Count::default();
    counts.iter().for_each(|count| all.add(count));
    Ok(all.errors())
}

/// Pieces with dynamics, evenly chosen so that they have about [`STEPS`] steps.
fn spread<'a>(pieces: &[&'a Piece]) -> Vec<&'a Piece> {
    let usable: Vec<&Piece> = pieces.iter().copied().filter(|piece| has_dynamics(piece)).collect();
    let steps: usize = usable.iter().map(|piece| piece.roll.len().min(STEPS_OF_PIECE)).sum();
    let every = steps.div_ceil(STEPS).max(1);
    usable.into_iter().step_by(every).collect()
}

/// What `hear` makes of the notes of each piece, as music of its own and as accompaniment.
fn over<T: Send>(
    checkpoint: &Checkpoint,
    pieces: &[&Piece],
    rule: Rule,
    start: impl Fn() -> T + Sync,
    hear: impl Fn(&mut T, &Struck, &[f32], f32) + Sync,
) -> Result<Vec<T>> {
    let weights = Arc::new(Weights::new(checkpoint));
    let config = checkpoint.config();
    let bar = parallel::bar(pieces.len(), "pieces");
    let engine = || Ok(Engine::with(Arc::clone(&weights)));
    let done = parallel::map(pieces.len(), &bar, 1, engine, |engine, index| {
        let piece = pieces[index];
        let mut made = start();
        let steps = piece.roll.len().min(STEPS_OF_PIECE + 1);
        let solo = Sequence::window(config, &piece.roll, &piece.metres, 0, steps);
        let duet = Arrangement::of(piece, rule).piece(config, true, Some(STEPS_OF_PIECE));
        for sequence in [solo, duet] {
            walk(engine, piece, &sequence, &mut |note, top, above| {
                hear(&mut made, note, top, above)
            });
        }
        Ok(made)
    })?;
    bar.finish_and_clear();
    Ok(done)
}
