//! What a training run holds beside its loop: pieces, counters, evaluations, files.

mod begin;
mod end;

use std::path::Path;
use std::rc::Rc;

use anacrusis::model::baseline::Baseline;
use anacrusis::model::checkpoint::{Checkpoint, Made, Metadata, Scores};
use anacrusis::model::loss::Nats;
use anacrusis::music::PianoRoll;
use anyhow::{Context, Result, ensure};

use super::backend::{self, Backend};
use super::heldout::{Heldout, Scored};
use super::intake;
use super::iteration::Done;
use super::parameters::Parameters;
use super::prompts;
use super::report::{Iteration, Metrics, Report};
use super::resume::{self, States};
use super::sample::Samples;
use super::schedule::Schedule;
use super::state::{Identity, State};
use super::team::{SharedWork, Team};
use super::tensorboard::Log;
use crate::arguments::{Args, Lock, Outputs};
use crate::arrangement::Arrangement;
use crate::corpus::{self, Corpus, Piece};
use crate::settings::Settings;
use crate::{files, loudness, score};

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
    /// When it ends, and by what steps.
    pub schedule: Schedule<'a>,
    team: Rc<Team>,
    /// Whether it was told to end before its end.
    interrupted: bool,
    heldout: Heldout<'a>,
    /// The same, with all that is known of them.
    heldout_pieces: Vec<&'a Piece>,
    args: &'a Args,
    settings: &'a Settings,
    identity: Identity,
    outputs: Outputs,
    /// Held by the process that writes.
    _lock: Option<Lock>,
    states: States,
    samples: Samples,
    meta: Metadata,
    report: Report,
    seconds_before: f64,
    gradient_norm: f64,
}

impl<'a> Run<'a> {
    /// Splits the corpus, fits the baselines, and makes new weights or reads old ones; with
    /// `available` bytes of memory for all processes of `team` on this machine, if that is known.
    ///
    /// # Errors
    /// If nothing is left to train on or to hold out, the memory will not do, there is nothing
    /// to resume or only a state of another run, a file cannot be written, or the processes of
    /// the team were not given the same.
    pub fn begin(
        args: &'a Args,
        settings: &'a Settings,
        corpus: &'a Corpus,
        team: &Rc<Team>,
        available: Option<u64>,
    ) -> Result<Run<'a>> {
        let (train, heldout): (Vec<&Piece>, Vec<&Piece>) = if args.valid.is_empty() {
            corpus::split(corpus, settings.heldout, settings.seed)
        } else {
            corpus.pieces.iter().partition(|piece| piece.source < args.data.len())
        };
        ensure!(
            args.valid.is_empty() || !(train.is_empty() || heldout.is_empty()),
            "{} holds no usable piece: see what was skipped, above",
            if train.is_empty() { "--data" } else { "--valid" }
        );
        ensure!(
            !train.is_empty() && !heldout.is_empty(),
            "too little music: all of it ({} usable) is one work, copies and transpositions \
             counted once; one part is to be learnt and another held out, so two works at least \
             are needed",
            match corpus.pieces.len() {
                1 => "1 piece".to_owned(),
                pieces => format!("{pieces} pieces"),
            }
        );
        ensure!(
            !settings.network.velocity || train.iter().any(|piece| loudness::has_dynamics(piece)),
            "`velocity = true`, but in each file all notes have the same velocity: use files with \
             dynamics, or leave that line out"
        );
        let part = team.part(settings)?;
        let available = available.map(|bytes| bytes / team.here() as u64);
        let memory = intake::admit(args, &part, corpus.steps(), heldout.len(), available)?;
        if team.leads() {
            eprintln!("{memory}");
        }
        let identity = Identity {
            settings: settings.clone(),
            corpus: Some(resume::corpus_digest(settings, [&train, &heldout])),
        };
        let rolls: Vec<&PianoRoll> = train.iter().map(|piece| &piece.roll).collect();
        let arranged = |piece: &&'a Piece| Arrangement::of(piece, settings.musician);
        let heldout_pieces = heldout;
        let heldout = Heldout::new(heldout_pieces.iter().map(arranged).collect());
        let outputs = args.outputs();
        let lock = team.leads().then(|| outputs.lock()).transpose()?;
        let mut states = States::of(&outputs);
        let state = if !team.leads() {
            None
        } else if args.resume {
            let (mut state, notes) = states.load(&identity)?;
            notes.iter().for_each(|note| eprintln!("{note}"));
            let progress = &mut state.progress;
            if progress.best_at.is_none() && progress.best_nats.is_some() {
                progress.best_at = Some(begin::best_at(&outputs.best, progress.iterations));
            }
            Some(state)
        } else {
            let parameters = begin::first_weights(args, settings, &rolls)?;
            outputs.clear()?;
            Some(State { parameters, ..State::default() })
        };
        let state = resume::shared(team, state, &identity)?;
        let range = settings.network.range();
        let mut meta = Metadata::default();
        if !prompts::are_the_models_own(settings) {
            let pieces: Vec<_> = train.iter().map(|piece| (&piece.roll, &piece.metres)).collect();
            meta.prompts = prompts::excerpts(&pieces, settings.prompts, &prompts::random(settings));
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
        let done = state.progress.iterations;
        let resumed = args.resume.then_some(done);
        let schedule = Schedule::begin(settings);
        let report = if team.leads() {
            let curves = args.tensorboard.as_deref().map(|folder| Log::begin(folder, resumed));
            let share = schedule.first_share(done);
            Report::begin(&outputs.metrics, curves.transpose()?, resumed, share)?
        } else {
            Report::silent()
        };
        let mut backend = backend::new(&part)?;
        if team.processes() > 1 {
            backend = Box::new(SharedWork::new(backend, Rc::clone(team)));
        }
        let mut run = Run {
            report,
            team: Rc::clone(team),
            interrupted: false,
            samples: Samples::after(&heldout.pieces()[0], settings),
            train,
            heldout,
            heldout_pieces,
            args,
            settings,
            identity,
            outputs,
            _lock: lock,
            states,
            schedule,
            seconds_before: state.progress.seconds,
            gradient_norm: 0.0,
            meta,
            state,
            backend,
        };
        run.report.settings(done, &settings.to_toml()?);
        run.introduce(part.thread_count());
        Ok(run)
    }

    fn introduce(&self, threads: usize) {
        if self.settings.network.hears() {
            self.report.say(&begin::musicians(&self.train, self.settings));
        }
        if self.team.processes() > 1 {
            self.report.say(&format!(
                "{} processes, {threads} threads in this one, share each batch of {}",
                self.team.processes(),
                self.settings.batch
            ));
        }
        let steps: usize = self.train.iter().map(|piece| piece.roll.len()).sum();
        self.report.say(&format!(
            "training on {} pieces ({steps} steps), holding out {} ({} steps)",
            self.train.len(),
            self.heldout.pieces().len(),
            self.heldout.steps()
        ));
        for (name, baseline) in self.meta.made.iter().flat_map(|made| &made.baselines) {
            let mut nats = Nats::default();
            for piece in self.heldout.solo(&self.settings.network, None) {
                nats.add(score::baseline(&self.settings.network, baseline, &piece).all);
            }
            self.report.say(&format!(
                "baseline {name}: held-out {:.4} nats/step (play {:.4})",
                nats.nats_step(),
                nats.play_nats_step()
            ));
        }
    }

    /// Whether another iteration follows, where `stop` tells that the run is to end before its
    /// end; all processes find the same.
    pub fn goes_on(&mut self, stop: bool) -> bool {
        self.interrupted = self.schedule.look(&self.team, stop);
        let over = self.schedule.share(self.state.progress.iterations) >= 1.0;
        !(self.interrupted || over || self.out_of_patience())
    }

    /// Whether the last evaluation was the last one that might have been better.
    fn out_of_patience(&self) -> bool {
        let progress = &self.state.progress;
        let since_best = progress.best_at.map_or(0, |best| progress.iterations - best);
        let judged = progress.judged_at == Some(progress.iterations);
        self.settings.patience > 0 && judged && since_best >= self.settings.patience
    }

    /// Step size for the next update.
    pub fn learning_rate(&self) -> f64 {
        self.schedule.learning_rate(self.state.progress.iterations)
    }

    /// Counts an update that was made at a step size of `learning_rate` and took `seconds`, and
    /// tells of it.
    pub fn after_step(&mut self, done: Done, learning_rate: f64, seconds: f64) {
        self.schedule.look(&self.team, false);
        let progress = &mut self.state.progress;
        progress.train_loss = match progress.iterations {
            0 => done.loss,
            _ => progress.train_loss + LOSS_MEMORY * (done.loss - progress.train_loss),
        };
        progress.iterations += 1;
        progress.clipped += u64::from(done.norm > self.settings.clip);
        progress.seconds = self.seconds_before + self.schedule.seconds();
        self.gradient_norm = done.norm;
        self.report.iteration(Iteration {
            number: progress.iterations,
            loss: done.loss,
            mean_loss: progress.train_loss,
            gradient_norm: done.norm,
            learning_rate,
            segments: self.settings.batch,
            seconds,
            share: self.schedule.share(progress.iterations),
        });
    }

    /// Writes a sample, if one is due. If that fails, says so and goes on.
    pub fn sample(&mut self) {
        let (iteration, every) = (self.state.progress.iterations, self.settings.sample_every);
        if every == 0 || !iteration.is_multiple_of(every) || !self.team.leads() {
            return;
        }
        let written = self
            .checkpoint(&self.state.parameters)
            .and_then(|network| self.samples.write(&network, iteration, &self.outputs));
        match written {
            Ok(picture) => self.report.sample(iteration, &picture),
            Err(error) => self.report.say(&format!("no sample this time: {error:#}")),
        }
    }

    /// Scores the weights and saves, if that is due.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn judge(&mut self) -> Result<()> {
        if self.state.progress.iterations.is_multiple_of(self.settings.evaluate_every) {
            self.evaluate()?;
            self.save()?;
        }
        Ok(())
    }

    /// Scores the weights on part of the held-out steps, and keeps them if they are the best.
    ///
    /// # Errors
    /// If a file cannot be written.
    fn evaluate(&mut self) -> Result<()> {
        self.team.agree(&self.state.parameters)?;
        let limit = (self.settings.evaluate_steps / self.heldout.pieces().len()).max(16);
        let scored = self.score(None, Some(limit))?;
        let nats = scored.solo;
        let best = self.state.progress.best_nats.is_none_or(|best| scored.nats_step() < best);
        let progress = &self.state.progress;
        let metrics = Metrics {
            iteration: progress.iterations,
            seconds: self.seconds_before + self.schedule.seconds(),
            learning_rate: self.learning_rate(),
            train_loss: progress.train_loss,
            gradient_norm: self.gradient_norm,
            clipped: progress.clipped as f64 / progress.iterations.max(1) as f64,
            heldout_steps: nats.steps,
            nats_step: nats.nats_step(),
            play_nats_step: nats.play_nats_step(),
            art_nats_step: nats.art_nats_step(),
            known_nats_step: scored.duet.map(|[known, _]| known.nats_step()),
            late_nats_step: scored.duet.map(|[_, late]| late.nats_step()),
            best,
            segments_per_second: 0.0,
            memory_bytes: None,
            memory_peak_bytes: None,
        };
        self.report.evaluation(metrics)?;
        self.remember(scored);
        let progress = &mut self.state.progress;
        progress.judged_at = Some(progress.iterations);
        if best {
            progress.best_nats = Some(scored.nats_step());
            progress.best_at = Some(progress.iterations);
            self.write(&self.outputs.best, &self.checkpoint(self.state.best())?)?;
        }
        Ok(())
    }

    /// Writes the newest weights, and all that is needed to go on from them.
    ///
    /// # Errors
    /// If a file cannot be written; what was saved before is then still there.
    fn save(&mut self) -> Result<()> {
        if !self.team.leads() {
            return Ok(());
        }
        self.states.save(&self.state, &self.identity)?;
        self.write(&self.outputs.last, &self.checkpoint(self.state.best())?)
    }

    /// Writes a checkpoint, if this process leads.
    fn write(&self, path: &Path, checkpoint: &Checkpoint) -> Result<()> {
        match self.team.leads() {
            true => files::write(path, &checkpoint.to_bytes()),
            false => Ok(()),
        }
    }

    fn scores(&self, nats: Nats) -> Scores {
        Scores {
            pieces: self.heldout.pieces().len() as u64,
            steps: nats.steps,
            nats_step: nats.nats_step(),
            play_nats_step: nats.play_nats_step(),
            art_nats_step: nats.art_nats_step(),
        }
    }

    /// Scores weights, the best so far unless others are given, on what is held out.
    fn score(&mut self, weights: Option<&Parameters>, limit: Option<usize>) -> Result<Scored> {
        let weights = weights.unwrap_or_else(|| self.state.best());
        self.heldout.score(&self.settings.network, &mut *self.backend, weights, limit)
    }

    fn remember(&mut self, scored: Scored) {
        let progress = &self.state.progress;
        let (iterations, train_loss) = (progress.iterations, progress.train_loss);
        let made = self.meta.made.get_or_insert_default();
        (made.iterations, made.train_loss) = (iterations, train_loss);
        self.remember_scores(scored);
    }

    fn remember_scores(&mut self, scored: Scored) {
        let solo = self.scores(scored.solo);
        let duet = scored.duet.map(|duet| duet.map(|nats| self.scores(nats)));
        let made = self.meta.made.get_or_insert_default();
        made.heldout = Some(solo);
        (made.heldout_known, made.heldout_late) = match duet {
            Some([known, late]) => (Some(known), Some(late)),
            None => (None, None),
        };
    }

    fn checkpoint(&self, parameters: &Parameters) -> Result<Checkpoint> {
        let checkpoint =
            Checkpoint::new(self.settings.network.clone(), parameters.clone(), self.meta.clone());
        checkpoint.context("the weights are not usable: training diverged; lower learning_rate")
    }
}
