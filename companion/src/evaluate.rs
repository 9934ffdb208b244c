//! `anacrusis evaluate`: how well a model predicts music, beside the baselines.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use anacrusis::model::baseline::Baseline;
use anacrusis::model::loss::Nats;
use anacrusis::model::{Checkpoint, Config, Engine};
use anyhow::{Result, anyhow, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::arrangement::Arrangement;
use crate::corpus::{self, Corpus, Piece};
use crate::players::Rule;
use crate::score::{self, Predictor, Scored};
use crate::sequence::Sequence;
use crate::settings::{BENCHMARK_KEYS, Profile, Settings};
use crate::{loudness, model_file, program};

/// Score a model on music: nats per step, lower is better
///
/// Every piece is one sequence from zero state. Of a model that tells a musician apart, the
/// accompaniment of a musician is scored, too: known in the step itself, and known a step late; of one
/// with a head for loudness, the velocities that it tells. The baselines were fitted on the training
/// pieces and are stored in the model.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  anacrusis evaluate --model models/classical.safetensors --data test/
  anacrusis evaluate --model models/classical.safetensors --data data/classical --heldout
  anacrusis evaluate --model m.safetensors --data a.mid b.mid --json > scores.json
  anacrusis evaluate --profile benchmark --model jsb.safetensors --data jsb/valid.json
  anacrusis evaluate --model one.safetensors two.safetensors --data test/
  anacrusis evaluate --model m.safetensors --data test/ --dynamic")]
pub struct Args {
    /// The model (.safetensors); several are scored as an ensemble, by the mean of the probabilities
    /// that they give to each bit
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub model: Vec<PathBuf>,
    /// Folders (with all below them) and files to score: MIDI, or rolls as JSON
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub data: Vec<PathBuf>,
    /// Score only what was held out when the model was trained on this data
    #[arg(long)]
    pub heldout: bool,
    /// What is read and scored
    #[arg(long, value_enum, default_value_t)]
    pub profile: Profile,
    /// Who of a piece is the musician whose accompaniment is scored, too, of models that tell one
    /// apart
    #[arg(long, value_enum, default_value_t)]
    pub musician: Rule,
    /// Learn from each piece while it is scored, in steps of this size (dynamic evaluation): a few
    /// steps of music are predicted, then learnt from. Each piece begins with the weights of the
    /// file, which stays as it is
    #[arg(long, value_name = "RATE", num_args = 0..=1, default_missing_value = "5e-4")]
    #[arg(value_parser = rate)]
    pub dynamic: Option<f64>,
    /// Read every file anew, not from the cache of files read before, and write none
    #[arg(long)]
    pub no_cache: bool,
    /// Print JSON, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

/// A step size.
fn rate(text: &str) -> Result<f64, String> {
    let good = |rate: &f64| *rate > 0.0 && *rate <= 1.0;
    text.parse().ok().filter(good).ok_or_else(|| "a number above 0, at most 1".to_owned())
}

/// Nats per step over some steps.
#[derive(Clone, Debug, Serialize)]
struct Score {
    steps: u64,
    nats_step: f64,
    play_nats_step: f64,
    art_nats_step: f64,
    /// Without the first prediction of each piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    play_nats_step_from2: Option<f64>,
}

impl Score {
    /// What a profile scores.
    fn new(profile: Profile, Scored { all, first }: Scored) -> Score {
        let benchmark = profile == Profile::Benchmark;
        let nats = if benchmark { Nats { articulate: 0.0, ..all } } else { all };
        let later = Nats { play: all.play - first.play, steps: all.steps - first.steps, ..nats };
        Score {
            steps: nats.steps,
            nats_step: nats.nats_step(),
            play_nats_step: nats.play_nats_step(),
            art_nats_step: nats.art_nats_step(),
            play_nats_step_from2: benchmark.then(|| later.play_nats_step()),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct PieceScore {
    name: String,
    #[serde(flatten)]
    score: Score,
}

#[derive(Clone, Debug, Serialize)]
struct Evaluation {
    #[serde(flatten)]
    score: Score,
    /// Of the accompaniment of a musician who is known in the step itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<Score>,
    /// The same where they are known a step late.
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<Score>,
    /// How well loudness is told, by networks that have a head for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    loudness: Option<loudness::Errors>,
    baselines: BTreeMap<String, Score>,
    pieces: Vec<PieceScore>,
    digest: String,
}

/// `anacrusis evaluate`, by the engine: without `--dynamic`.
///
/// # Errors
/// If the model is unusable or no piece is left to score; says why.
pub fn run(args: &Args) -> Result<()> {
    run_with(args, &Engine::new)
}

/// Runs with predictors of a kind.
///
/// # Errors
/// As [`run`].
pub fn run_with<P: Predictor>(
    args: &Args,
    predictor: &(impl Fn(&Checkpoint) -> P + Sync),
) -> Result<()> {
    let checkpoints: Vec<Checkpoint> =
        args.model.iter().map(|path| model_file::read(path)).collect::<Result<_>>()?;
    let checkpoint = &checkpoints[0];
    let one = checkpoint.config();
    for (path, other) in args.model.iter().zip(&checkpoints) {
        let other = other.config();
        ensure!(
            (other.range(), other.scan, other.start) == (one.range(), one.scan, one.start),
            "{} and {} are no ensemble: their keys, scan and start must be the same",
            args.model[0].display(),
            path.display()
        );
    }
    let settings = args.heldout.then(|| model_file::settings(checkpoint)).transpose()?;
    let min_steps = settings.as_ref().map_or(2, Settings::min_steps);
    let range = checkpoint.config().range();
    let benchmark = args.profile == Profile::Benchmark;
    ensure!(
        !benchmark || (range.low, range.count) == BENCHMARK_KEYS,
        "--profile benchmark is for networks of 88 keys from 21, and this one has {} from {}: train \
         one with `{} train --profile benchmark`",
        range.count,
        range.low,
        program::called_as()
    );
    let min_steps = if benchmark { 1 } else { min_steps };
    let options = corpus::Options {
        range,
        min_steps,
        as_given: benchmark,
        // What was held out is known only of music that is read as it was then.
        ..match &settings {
            Some(settings) => corpus::Options::to_train(settings, !args.no_cache),
            None => corpus::Options::for_command(!args.no_cache),
        }
    };
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
    let config = checkpoint.config();
    let scores = score_all(&checkpoints, predictor, &pieces, &|piece| whole(config, piece))?;
    let mut outcome = outcome(&checkpoints, args.profile, &pieces, &scores);
    if checkpoints.iter().all(|checkpoint| checkpoint.config().hears()) {
        let [known, late] = [true, false].map(|known| {
            let accompanied =
                |piece: &Piece| Arrangement::of(piece, args.musician).piece(config, known, None);
            let mut sum = Scored::default();
            let scores = score_all(&checkpoints, predictor, &pieces, &accompanied)?;
            scores.into_iter().for_each(|scored| sum.add(scored));
            anyhow::Ok(Score::new(args.profile, sum))
        });
        (outcome.known, outcome.late) = (Some(known?), Some(late?));
    }
    if let [one] = &checkpoints[..]
        && one.config().velocity
    {
        outcome.loudness = Some(loudness::measure(one, &pieces, args.musician)?);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&outcome)?);
    } else {
        print(&outcome);
    }
    Ok(())
}

/// Scores every piece, on all cores, each core with predictors of its own.
fn score_all<P: Predictor>(
    checkpoints: &[Checkpoint],
    predictor: &(impl Fn(&Checkpoint) -> P + Sync),
    pieces: &[&Piece],
    asked: &(impl Fn(&Piece) -> Sequence + Sync),
) -> Result<Vec<Scored>> {
    let steps: usize = pieces.iter().map(|piece| piece.roll.len()).sum();
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} steps  ETA {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new((checkpoints.len() * steps) as u64).with_style(style);
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, Scored)>> {
        let mut predictors: Vec<P> = checkpoints.iter().map(predictor).collect();
        let mut done = Vec::new();
        while let Some((index, piece)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            pieces.get(index).map(|piece| (index, piece))
        } {
            let sequence = asked(piece);
            done.push((index, score::piece(&mut predictors, &sequence, &mut || bar.inc(1))?));
        }
        Ok(done)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(pieces.len());
    let mut scores = vec![Scored::default(); pieces.len()];
    let parts: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(|handle| handle.join()).collect()
    });
    bar.finish_and_clear();
    for part in parts {
        for (index, piece) in part.map_err(|_| anyhow!("a scoring thread panicked"))?? {
            scores[index] = piece;
        }
    }
    Ok(scores)
}

/// What is predicted of a piece.
fn whole(config: &Config, piece: &Piece) -> Sequence {
    Sequence::of_piece(config, &piece.roll, &piece.metres)
}

fn outcome(
    checkpoints: &[Checkpoint],
    profile: Profile,
    pieces: &[&Piece],
    scores: &[Scored],
) -> Evaluation {
    let checkpoint = &checkpoints[0];
    let sum = |all: &mut dyn Iterator<Item = Scored>| {
        let mut sum = Scored::default();
        all.for_each(|scored| sum.add(scored));
        Score::new(profile, sum)
    };
    let baseline = |baseline: &Baseline| {
        let config = checkpoint.config();
        let score = |piece: &&Piece| score::baseline(config, baseline, &whole(config, piece));
        sum(&mut pieces.iter().map(score))
    };
    let baselines = checkpoint.meta.made.iter().flat_map(|made| &made.baselines);
    let piece = |(piece, scored): (&&Piece, &Scored)| PieceScore {
        name: piece.name.clone(),
        score: Score::new(profile, *scored),
    };
    Evaluation {
        score: sum(&mut scores.iter().copied()),
        known: None,
        late: None,
        loudness: None,
        baselines: baselines.map(|(name, fitted)| (name.clone(), baseline(fitted))).collect(),
        pieces: pieces.iter().zip(scores).map(piece).collect(),
        digest: checkpoints.iter().map(Checkpoint::digest).collect::<Vec<_>>().join(" + "),
    }
}

fn print(outcome: &Evaluation) {
    let from2 = outcome.score.play_nats_step_from2.map_or("", |_| "  from step 2");
    println!("{:>10} {:>10} {:>10} {:>10}{from2}", "nats/step", "play", "articulate", "steps");
    let line = |score: &Score, name: &str| {
        let from2 =
            score.play_nats_step_from2.map_or(String::new(), |nats| format!(" {nats:12.4}"));
        println!(
            "{:10.4} {:10.4} {:10.4} {:10}{from2}  {name}",
            score.nats_step, score.play_nats_step, score.art_nats_step, score.steps
        );
    };
    for piece in &outcome.pieces {
        line(&piece.score, &piece.name);
    }
    line(&outcome.score, &format!("all {} pieces", outcome.pieces.len()));
    for (score, name) in [
        (&outcome.known, "accompanying a musician, known in the step itself"),
        (&outcome.late, "accompanying a musician, known a step late"),
    ] {
        if let Some(score) = score {
            line(score, name);
        }
    }
    for (name, baseline) in &outcome.baselines {
        line(baseline, &format!("baseline: {name}"));
    }
    if let Some(loudness) = &outcome.loudness {
        println!("{loudness}");
    }
    println!("model {}", outcome.digest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_benchmark_scores_play_bits_with_and_without_the_first_step() {
        let nats = |play, articulate, steps| Nats { play, articulate, steps };
        let scored = Scored { all: nats(50.0, 8.0, 10), first: nats(14.0, 2.0, 1) };
        let score = Score::new(Profile::Benchmark, scored);
        assert_eq!((score.nats_step, score.play_nats_step, score.art_nats_step), (5.0, 5.0, 0.0));
        assert_eq!((score.steps, score.play_nats_step_from2), (10, Some(4.0)));
        let score = Score::new(Profile::Product, scored);
        assert_eq!((score.play_nats_step, score.play_nats_step_from2), (5.0, None));
        assert!((score.nats_step - 5.8).abs() < 1e-12);
    }
}
