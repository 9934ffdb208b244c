//! What a training run holds beside its loop: pieces, counters, evaluations, files.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anacrusis::model::baseline::Baseline;
use anacrusis::model::checkpoint::{Checkpoint, Made, Metadata, Scores};
use anacrusis::model::loss::Nats;
use anacrusis::music::PianoRoll;
use anyhow::{Context, Result, ensure};

use super::backend::{self, Backend, Parameters};
use super::init;
use super::purpose;
use super::random::Random;
use super::report::{Metrics, Report};
use super::resume::{self, States};
use super::state::{Identity, State, beside};
use crate::corpus::{self, Corpus, Piece};
use crate::settings::Settings;
use crate::trainer::Args;
use crate::{files, model_file, score};

/// Weight of the newest loss in the running mean: a memory of some fifty iterations.
const LOSS_MEMORY: f64 = 0.02;

/// A training run.
pub struct Run<'a> {
    /// Pieces to train on.
    pub train: Vec<&'a Piece>,
    /// Weights, optimiser, counters.
    pub state: State,
    /// What computes.
    pub backend: Box<dyn Backend>,
    heldout: Vec<&'a PianoRoll>,
    settings: &'a Settings,
    identity: Identity,
    files: Files,
    meta: Metadata,
    report: Report,
    begun: Instant,
    seconds_before: f64,
    gradient_norm: f64,
}

struct Files {
    best: PathBuf,
    last: PathBuf,
    states: States,
}

/// Reads the corpus and says what was skipped and why.
///
/// # Errors
/// If no usable piece is left; lists why.
pub fn read(args: &Args, settings: &Settings) -> Result<Corpus> {
    let options = corpus::Options::to_train(settings, !args.no_cache);
    let corpus = Corpus::read(&args.data, &options)?;
    eprint!("{}", corpus::explain(&corpus.skipped, corpus::SHOWN));
    let dropped: u64 = corpus.pieces.iter().map(|piece| piece.dropped_notes).sum();
    eprintln!(
        "{} pieces, {} steps; {} files skipped (`cargo xtask inspect --data` tells more); \
         {dropped} notes outside the network's keys dropped",
        corpus.pieces.len(),
        corpus.steps(),
        corpus.skipped.len()
    );
    Ok(corpus)
}

impl<'a> Run<'a> {
    /// Splits the corpus, fits the baselines, and makes new weights or reads old ones.
    ///
    /// # Errors
    /// If nothing is left to train on or to hold out, there is nothing to resume or only a
    /// state of another run, or the folder of OUT cannot be written.
    pub fn begin(args: &Args, settings: &'a Settings, corpus: &'a Corpus) -> Result<Run<'a>> {
        let (train, heldout) = corpus::split(corpus, settings.heldout, settings.seed);
        ensure!(
            !train.is_empty() && !heldout.is_empty(),
            "{} piece is too few: one side of the split is empty; two works at least are needed",
            corpus.pieces.len()
        );
        let identity = Identity {
            settings: settings.clone(),
            corpus: Some(resume::corpus_digest(settings, [&train, &heldout])),
        };
        let rolls: Vec<&PianoRoll> = train.iter().map(|piece| &piece.roll).collect();
        let heldout: Vec<&PianoRoll> = heldout.iter().map(|piece| &piece.roll).collect();
        let mut files = Files {
            best: args.out.clone(),
            last: beside(&args.out, "last.safetensors"),
            states: States::beside(&args.out),
        };
        let state = if args.resume {
            let (state, notes) = files.states.load(&identity)?;
            notes.iter().for_each(|note| eprintln!("{note}"));
            state
        } else {
            let density = init::Density::of(rolls.iter().copied(), settings.network.keys());
            let random = Random::new(settings.seed, purpose::WEIGHTS);
            let parameters = init::weights(&settings.network, density, &random);
            State { parameters, ..State::default() }
        };
        let range = settings.network.range();
        let mut meta = Metadata::default();
        if settings.prompts > 0 && settings.licence.is_empty() {
            eprintln!("no prompts are stored: --licence does not say that the corpus is free");
        } else {
            let random = Random::new(settings.seed, purpose::PROMPTS);
            meta.prompts = init::prompts(&rolls, settings.prompts, &random);
        }
        meta.made = Some(Made {
            command: args.portable_command(),
            version: env!("CARGO_PKG_VERSION").into(),
            corpus: settings.corpus.clone(),
            licence: settings.licence.clone(),
            corpus_digest: corpus.digest.clone(),
            seed: settings.seed,
            baselines: Baseline::fit(range, rolls.iter().copied()),
            settings: serde_json::to_value(settings)?,
            ..Made::default()
        });
        let share = state.progress.iterations as f64 / settings.iterations as f64;
        let share = if settings.minutes.is_some() { 0.0 } else { share };
        let done = state.progress.iterations;
        let metrics = beside(&args.out, "metrics.jsonl");
        let run = Run {
            train,
            heldout,
            settings,
            identity,
            files,
            report: Report::begin(&metrics, args.resume.then_some(done), share)?,
            begun: Instant::now(),
            seconds_before: state.progress.seconds,
            gradient_norm: 0.0,
            meta,
            state,
            backend: backend::new(settings),
        };
        run.introduce();
        Ok(run)
    }

    fn introduce(&self) {
        let steps: usize = self.train.iter().map(|piece| piece.roll.len()).sum();
        let heldout: usize = self.heldout.iter().map(|roll| roll.len()).sum();
        self.report.say(&format!(
            "training on {} pieces ({steps} steps), holding out {} ({heldout} steps)",
            self.train.len(),
            self.heldout.len()
        ));
        for (name, baseline) in self.meta.made.iter().flat_map(|made| &made.baselines) {
            let mut nats = Nats::default();
            for roll in &self.heldout {
                nats.add(score::baseline(&self.settings.network, baseline, roll));
            }
            self.report.say(&format!(
                "baseline {name}: held-out {:.4} nats/step (play {:.4})",
                nats.nats_step(),
                nats.play_nats_step()
            ));
        }
    }

    /// How much of the run is over, 0 to 1, by iterations or minutes, whichever is nearer.
    pub fn share(&self) -> f64 {
        let by_count = self.state.progress.iterations as f64 / self.settings.iterations as f64;
        let minutes = self.begun.elapsed().as_secs_f64() / 60.0;
        self.settings.minutes.map_or(by_count, |limit| by_count.max(minutes / limit)).min(1.0)
    }

    /// Step size for the next update: constant, then falling in a line over the cooldown.
    pub fn learning_rate(&self) -> f64 {
        const LOWEST: f64 = 0.05;
        let cooldown = self.settings.cooldown;
        let into = (self.share() - (1.0 - cooldown)).max(0.0);
        let fallen = if cooldown > 0.0 { (into / cooldown).min(1.0) } else { 0.0 };
        self.settings.learning_rate * (1.0 - (1.0 - LOWEST) * fallen)
    }

    /// Counts an update that was made, and tells of it.
    pub fn after_step(&mut self, loss: f64, norm: f64, clipped: bool) {
        let progress = &mut self.state.progress;
        progress.train_loss = match progress.iterations {
            0 => loss,
            _ => progress.train_loss + LOSS_MEMORY * (loss - progress.train_loss),
        };
        progress.iterations += 1;
        progress.clipped += u64::from(clipped);
        progress.seconds = self.seconds_before + self.begun.elapsed().as_secs_f64();
        self.gradient_norm = norm;
        let (iterations, loss) = (progress.iterations, progress.train_loss);
        let share = self.share();
        self.report.iteration(iterations, loss, share);
    }

    /// Scores the weights on part of the held-out steps, and keeps them if they are the best.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn evaluate(&mut self) -> Result<()> {
        let limit = (self.settings.evaluate_steps / self.heldout.len()).max(16);
        let pieces = self.backend.nats(&self.state.parameters, &self.heldout, Some(limit))?;
        let nats = sum(pieces);
        let best = self.state.progress.best_nats.is_none_or(|best| nats.nats_step() < best);
        let progress = &self.state.progress;
        let metrics = Metrics {
            iteration: progress.iterations,
            seconds: self.seconds_before + self.begun.elapsed().as_secs_f64(),
            learning_rate: self.learning_rate(),
            train_loss: progress.train_loss,
            gradient_norm: self.gradient_norm,
            clipped: progress.clipped as f64 / progress.iterations.max(1) as f64,
            heldout_steps: nats.steps,
            nats_step: nats.nats_step(),
            play_nats_step: nats.play_nats_step(),
            art_nats_step: nats.art_nats_step(),
            best,
        };
        self.report.evaluation(&metrics)?;
        self.remember(nats);
        if best {
            self.state.progress.best_nats = Some(nats.nats_step());
            write(&self.files.best, &self.checkpoint(&self.state.parameters)?)?;
        }
        Ok(())
    }

    /// Writes the newest weights, and all that is needed to go on from them.
    ///
    /// # Errors
    /// If a file cannot be written; what was saved before is then still there.
    pub fn save(&mut self) -> Result<()> {
        self.files.states.save(&self.state, &self.identity)?;
        write(&self.files.last, &self.checkpoint(&self.state.parameters)?)
    }

    /// Saves; unless interrupted, scores the best weights on all held-out steps and writes
    /// the figures into their checkpoint.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn end(mut self, interrupted: bool) -> Result<()> {
        let judged = self.state.progress.iterations.is_multiple_of(self.settings.evaluate_every);
        if !(judged || interrupted) {
            self.evaluate()?;
        }
        self.save()?;
        if interrupted {
            if self.state.progress.best_nats.is_none() {
                // Not judged, or the run would know more when it goes on than if left alone.
                write(&self.files.best, &self.checkpoint(&self.state.parameters)?)?;
            }
            self.report.end();
            eprintln!("stopped; {} is saved: --resume goes on", self.files.states.last.display());
            return Ok(());
        }
        self.report.say("scoring the best network on all held-out steps");
        let best = model_file::read(&self.files.best).context("the best network so far")?;
        let names = self.state.parameters.keys();
        let weights = names.map(|name| (name.clone(), best.tensor(name).to_vec())).collect();
        let nats = sum(self.backend.nats(&weights, &self.heldout, None)?);
        if let Some(made) = &best.meta.made {
            let whole = self.meta.made.get_or_insert_default();
            (whole.iterations, whole.train_loss) = (made.iterations, made.train_loss);
        }
        let scores = self.scores(nats);
        if let Some(made) = &mut self.meta.made {
            made.heldout = Some(scores);
        }
        let best = Checkpoint::new(self.settings.network.clone(), weights, self.meta.clone())?;
        write(&self.files.best, &best)?;
        self.report.end();
        eprintln!(
            "{}: held-out {:.4} nats/step (play {:.4}, articulate {:.4}) over {} steps, sha256 {}",
            self.files.best.display(),
            nats.nats_step(),
            nats.play_nats_step(),
            nats.art_nats_step(),
            nats.steps,
            best.digest()
        );
        Ok(())
    }

    fn scores(&self, nats: Nats) -> Scores {
        Scores {
            pieces: self.heldout.len() as u64,
            steps: nats.steps,
            nats_step: nats.nats_step(),
            play_nats_step: nats.play_nats_step(),
            art_nats_step: nats.art_nats_step(),
        }
    }

    fn remember(&mut self, nats: Nats) {
        let scores = self.scores(nats);
        let made = self.meta.made.get_or_insert_default();
        made.iterations = self.state.progress.iterations;
        made.train_loss = self.state.progress.train_loss;
        made.heldout = Some(scores);
    }

    fn checkpoint(&self, parameters: &Parameters) -> Result<Checkpoint> {
        let checkpoint =
            Checkpoint::new(self.settings.network.clone(), parameters.clone(), self.meta.clone());
        checkpoint.context("the weights are not usable: training diverged; lower learning_rate")
    }
}

fn sum(pieces: Vec<Nats>) -> Nats {
    let mut sum = Nats::default();
    pieces.into_iter().for_each(|nats| sum.add(nats));
    sum
}

fn write(path: &Path, checkpoint: &Checkpoint) -> Result<()> {
    files::write(path, &checkpoint.to_bytes())
}
