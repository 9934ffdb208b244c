//! `cargo xtask evaluate`: how well a model predicts music, beside the baselines.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use anacrusis::model::baseline::Baseline;
use anacrusis::model::loss::Nats;
use anacrusis::model::{Checkpoint, Engine};
use anyhow::{Context, Result, anyhow, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::corpus::{self, Corpus, Piece};
use crate::settings::Settings;
use crate::{model_file, score};

/// Score a model on music: nats per step, lower is better
///
/// Every piece is one sequence from zero state. The baselines were fitted on the training
/// pieces and are stored in the model.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  cargo xtask evaluate --model models/classical.safetensors --data test/
  cargo xtask evaluate --model models/classical.safetensors --data data/classical --heldout
  cargo xtask evaluate --model m.safetensors --data a.mid b.mid --json > scores.json")]
pub struct Args {
    /// The model (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// Folders (with all below them) and files to score: MIDI, or rolls as JSON
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub data: Vec<PathBuf>,
    /// Score only what was held out when the model was trained on this data
    #[arg(long)]
    pub heldout: bool,
    /// Read every file anew, not from the cache of files read before, and write none
    #[arg(long)]
    pub no_cache: bool,
    /// Print JSON, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

/// Nats per step over some steps.
#[derive(Clone, Debug, Serialize)]
struct Score {
    steps: u64,
    nats_step: f64,
    play_nats_step: f64,
    art_nats_step: f64,
}

impl From<Nats> for Score {
    fn from(nats: Nats) -> Score {
        Score {
            steps: nats.steps,
            nats_step: nats.nats_step(),
            play_nats_step: nats.play_nats_step(),
            art_nats_step: nats.art_nats_step(),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct BaselineScore {
    nats_step: f64,
    play_nats_step: f64,
}

#[derive(Clone, Debug, Serialize)]
struct PieceScore {
    name: String,
    #[serde(flatten)]
    score: Score,
}

#[derive(Clone, Debug, Serialize)]
struct Outcome {
    #[serde(flatten)]
    score: Score,
    baselines: BTreeMap<String, BaselineScore>,
    pieces: Vec<PieceScore>,
    digest: String,
}

/// `cargo xtask evaluate`.
///
/// # Errors
/// If the model is unusable or no piece is left to score; says why.
pub fn run(args: &Args) -> Result<()> {
    let checkpoint = model_file::read(&args.model)?;
    let settings = training_settings(&checkpoint, args.heldout)?;
    let min_steps = settings.as_ref().map_or(2, |settings| settings.steps);
    let range = checkpoint.config().range();
    let options =
        corpus::Options { range, min_steps, ..corpus::Options::for_command(!args.no_cache) };
    let corpus = Corpus::read(&args.data, &options)?;
    if !corpus.skipped.is_empty() {
        let told = corpus::explain(&corpus.skipped, corpus::SHOWN);
        eprint!("{} skipped:\n{told}", corpus.skipped.len());
    }
    let pieces: Vec<&Piece> = match settings {
        None => corpus.pieces.iter().collect(),
        Some(settings) => corpus::split(&corpus, settings.heldout, settings.seed).1,
    };
    ensure!(!pieces.is_empty(), "none of the {} pieces was held out", corpus.pieces.len());
    let nats = score_all(&checkpoint, &pieces)?;
    let outcome = outcome(&checkpoint, &pieces, &nats);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&outcome)?);
    } else {
        print(&outcome);
    }
    Ok(())
}

/// The settings that the model was trained with, if what was held out is asked for.
fn training_settings(checkpoint: &Checkpoint, heldout: bool) -> Result<Option<Settings>> {
    if !heldout {
        return Ok(None);
    }
    let made = checkpoint.meta.made.as_ref();
    let settings = made.and_then(|made| serde_json::from_value(made.settings.clone()).ok());
    settings.map(Some).context("--heldout: the model does not say what was held out")
}

/// Scores every piece, on all cores, each core with an engine of its own.
fn score_all(checkpoint: &Checkpoint, pieces: &[&Piece]) -> Result<Vec<Nats>> {
    let steps: usize = pieces.iter().map(|piece| piece.roll.len()).sum();
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} steps  ETA {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(steps as u64).with_style(style);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut engine = Engine::new(checkpoint);
        let mut done = Vec::new();
        while let Some((index, piece)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            pieces.get(index).map(|piece| (index, piece))
        } {
            done.push((index, score::piece(&mut engine, &piece.roll, &mut || bar.inc(1))));
        }
        done
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(pieces.len());
    let mut nats = vec![Nats::default(); pieces.len()];
    let parts: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(|handle| handle.join()).collect()
    });
    bar.finish_and_clear();
    for part in parts {
        for (index, piece) in part.map_err(|_| anyhow!("a scoring thread panicked"))? {
            nats[index] = piece;
        }
    }
    Ok(nats)
}

fn outcome(checkpoint: &Checkpoint, pieces: &[&Piece], nats: &[Nats]) -> Outcome {
    let sum = |all: &mut dyn Iterator<Item = Nats>| {
        let mut sum = Nats::default();
        all.for_each(|nats| sum.add(nats));
        sum
    };
    let baseline = |baseline: &Baseline| {
        let score = |piece: &&Piece| score::baseline(checkpoint.config(), baseline, &piece.roll);
        let nats = sum(&mut pieces.iter().map(score));
        BaselineScore { nats_step: nats.nats_step(), play_nats_step: nats.play_nats_step() }
    };
    let baselines = checkpoint.meta.made.iter().flat_map(|made| &made.baselines);
    Outcome {
        score: sum(&mut nats.iter().copied()).into(),
        baselines: baselines.map(|(name, fitted)| (name.clone(), baseline(fitted))).collect(),
        pieces: pieces
            .iter()
            .zip(nats)
            .map(|(piece, nats)| PieceScore { name: piece.name.clone(), score: (*nats).into() })
            .collect(),
        digest: checkpoint.digest().to_owned(),
    }
}

fn print(outcome: &Outcome) {
    println!("{:>10} {:>10} {:>10} {:>10}", "nats/step", "play", "articulate", "steps");
    let line = |score: &Score, name: &str| {
        println!(
            "{:10.4} {:10.4} {:10.4} {:10}  {name}",
            score.nats_step, score.play_nats_step, score.art_nats_step, score.steps
        );
    };
    for piece in &outcome.pieces {
        line(&piece.score, &piece.name);
    }
    line(&outcome.score, &format!("all {} pieces", outcome.pieces.len()));
    for (name, baseline) in &outcome.baselines {
        let articulate = baseline.nats_step - baseline.play_nats_step;
        println!(
            "{:10.4} {:10.4} {articulate:10.4} {:10}  baseline: {name}",
            baseline.nats_step, baseline.play_nats_step, outcome.score.steps
        );
    }
    println!("model {}", outcome.digest);
}
