//! The trainer: the loop, whole, on one screen, and under it the parts of it.
//!
//! A corpus is split by work; segments are drawn ([`batch`]), with a musician in most of them ([`duet`]), differentiated ([`backend`])
//! by hand ([`fused`]) or by candle ([`step`], [`network`]) and followed ([`adam`]); the
//! weights are judged by pieces that they never saw, heard ([`sample`]), and saved. Everything
//! random is drawn by place from the seed ([`random`]), so a resumed run goes on as if it had
//! not stopped ([`resume`]). What it takes is told beforehand ([`estimate`]), how it fares all
//! along ([`report`], [`tensorboard`]). Several processes may share it ([`team`]). What is trained
//! may go on learning from what it is scored on ([`dynamic`]), and a run may begin from what was
//! trained before ([`warm`]).

pub mod adam;
pub mod backend;
pub mod batch;
pub mod dropout;
pub mod duet;
pub mod dynamic;
pub mod estimate;
pub mod evaluate;
pub mod fused;
pub mod heldout;
pub mod init;
pub mod intake;
pub mod iteration;
pub mod layer;
pub mod memory;
pub mod network;
pub mod parameters;
pub mod prompts;
pub mod random;
pub mod report;
pub mod resume;
pub mod run;
pub mod sample;
pub mod schedule;
pub mod state;
pub mod step;
pub mod stepper;
pub mod team;
pub mod tensorboard;
pub mod warm;

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::arguments::Args;
use crate::arrangement::Arrangement;
use crate::corpus::Piece;
use iteration::{Rules, iterate};
use random::Random;
use run::Run;
use state::State;
use team::Team;

/// Purposes of random numbers: no two share a stream.
mod purpose {
    pub const WEIGHTS: u64 = 1;
    pub const SEGMENTS: u64 = 2;
    pub const DROPOUT: u64 = 3;
    pub const PROMPTS: u64 = 4;
}

/// How a run ended, other than by an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Iterations, minutes or patience were up.
    Done,
    /// It was told to end before that; all is saved, and `--resume` goes on.
    Interrupted,
}

/// Trains until iterations, minutes or patience are up, or `stop` is set; saves and returns.
///
/// # Errors
/// If the data has no usable piece, a setting is out of range, the memory will not do, a file
/// would be lost or cannot be written, or training diverges. What was saved before stays.
pub fn run(args: &Args, stop: &AtomicBool) -> Result<Ended> {
    run_within(args, stop, memory::available)
}

/// [`run()`], with `available` telling the bytes of memory left, if it can, before it begins.
///
/// # Errors
/// As there.
pub fn run_within(
    args: &Args,
    stop: &AtomicBool,
    available: impl FnOnce() -> Option<u64>,
) -> Result<Ended> {
    let team = Rc::new(Team::join()?);
    let outcome = run_in(&team, args, stop, available);
    if let (Err(error), 2..) = (&outcome, team.processes()) {
        // The others would wait for this one for ever.
        eprintln!("error in process {} of {}: {error:#}", team.rank() + 1, team.processes());
        team.abandon();
    }
    outcome
}

fn run_in(
    team: &Rc<Team>,
    args: &Args,
    stop: &AtomicBool,
    available: impl FnOnce() -> Option<u64>,
) -> Result<Ended> {
    let settings = args.check()?;
    if let (Some(folder), true) = (&args.tensorboard, team.leads()) {
        tensorboard::Log::check(folder, args.resume, args.overwrite)?;
    }
    let corpus = intake::read(args, &settings, team.leads())?;
    let mut run = Run::begin(args, &settings, &corpus, team, available())?;
    let train: Vec<&Piece> = run.train.clone();
    let pieces =
        train.iter().map(|piece| (piece.source, Arrangement::of(piece, settings.musician)));
    let segments =
        batch::Segments::new(&settings, pieces, Random::new(settings.seed, purpose::SEGMENTS))?;
    let dropout = Random::new(settings.seed, purpose::DROPOUT);

    while run.goes_on(stop.load(Ordering::Relaxed)) {
        let begun = Instant::now();
        let iteration = run.state.progress.iterations;
        let batch = segments.draw(iteration, settings.batch);
        let random = dropout.branch(iteration);
        let learning_rate = run.learning_rate();
        let rules = Rules::of(&settings, learning_rate);
        let State { parameters, adam, .. } = &mut run.state;
        let (backend, network) = (&mut *run.backend, &settings.network);
        let done = iterate(backend, network, parameters, adam, &batch, &random, rules)
            .with_context(|| format!("in iteration {iteration}"))?;
        run.state.average(settings.average);
        run.after_step(done, learning_rate, begun.elapsed().as_secs_f64());
        run.sample();
        run.judge()?;
    }
    run.end()
}
