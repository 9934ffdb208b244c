//! `cargo xtask vectors`: a network's numbers for given music, to compare implementations.

mod tensors;

use std::path::PathBuf;

use anacrusis::model::config::Start;
use anacrusis::model::features::{self, FEATURES};
use anacrusis::model::loss::Nats;
use anacrusis::model::sampler::{self, Damping, Sampling};
use anacrusis::model::{Checkpoint, Config, Engine, TimeState};
use anacrusis::music::{Chord, PianoRoll, STEPS_PER_BAR};
use anyhow::{Result, ensure};

use crate::sequence::{Frame, Sequence};
use crate::{files, model_file, trainer};
use tensors::{Inputs, Outputs};

/// Write a network's numbers for given music, to compare implementations
///
/// From `in.roll` (u8, `[B,S,K,2]`) and `in.t0` (i32, `[B]`) come out.features, out.time_h,
/// out.logits, out.loss, out.nats_step, out.play_nats_step and out.art_nats_step; from
/// `gen.prompt` (u8, `[P,K,2]`), `gen.t0` (i32, `[1]`) and `gen.uniforms` (f64, `[G,K,2]`) come
/// gen.{plain,gamma08,temp05,damped}.roll and .logits. Steps are predicted from the second on,
/// whether or not the network could predict the first.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  cargo xtask vectors --model tests/golden/tiny.ckpt.safetensors \\
      --input tests/golden/tiny.vectors.safetensors --output out.safetensors
  cargo xtask vectors --model m.safetensors --input v.safetensors --output o.safetensors \\
      --with candle")]
pub struct Args {
    /// The model (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// Inputs (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// Where the outputs go (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// What computes
    #[arg(long, value_enum, default_value_t = With::Engine)]
    pub with: With,
}

/// Implementations of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum With {
    /// The engine of the plugin.
    Engine,
    /// The network of the trainer.
    Candle,
}

/// An implementation of the network, one step at a time, from zero state.
pub trait Stepper {
    /// Back to zero state.
    fn reset(&mut self);

    /// Runs the time stack over a frame.
    ///
    /// # Errors
    /// If the implementation fails.
    fn feed(&mut self, chord: Chord, step_in_bar: u8) -> Result<()>;

    /// Runs the note stack; `decide` gets the index of a key and its logits.
    ///
    /// # Errors
    /// If the implementation fails.
    fn choose(&mut self, decide: Decide<'_>) -> Result<Chord>;

    /// Top of the time stack `[T, K, H]` and logits `[T, K, 2]` of a sequence, teacher forced,
    /// from zero state.
    ///
    /// # Errors
    /// If the implementation fails.
    fn score(&mut self, sequence: &Sequence) -> Result<(Vec<f32>, Vec<f32>)>;
}

/// Decides a key (index, logits): whether it plays, whether it is struck.
pub type Decide<'a> = &'a mut dyn FnMut(usize, [f32; 2]) -> (bool, bool);

/// `cargo xtask vectors`: with the engine here, with candle in the binary `train`.
///
/// # Errors
/// If the model or the inputs are unusable, or the outputs cannot be written.
pub fn run(args: &Args) -> Result<()> {
    match args.with {
        With::Candle => trainer::relaunch(trainer::FEATURES),
        With::Engine => run_with(args, |checkpoint| Ok(Box::new(EngineStepper::new(checkpoint)))),
    }
}

/// Runs with an implementation.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    args: &Args,
    implementation: impl FnOnce(&Checkpoint) -> Result<Box<dyn Stepper>>,
) -> Result<()> {
    let checkpoint = model_file::read(&args.model)?;
    let inputs = Inputs::read(&args.input, checkpoint.config())?;
    let mut stepper = implementation(&checkpoint)?;
    let mut outputs = Outputs::default();
    if let Some((pieces, t0)) = inputs.pieces()? {
        predict(stepper.as_mut(), checkpoint.config(), &pieces, &t0, &mut outputs)?;
    }
    if let Some(task) = inputs.generation()? {
        generate(stepper.as_mut(), checkpoint.config(), &task, &mut outputs)?;
    }
    ensure!(
        !outputs.is_empty(),
        "{} holds neither in.roll and in.t0 nor gen.prompt, gen.t0 and gen.uniforms",
        args.input.display()
    );
    files::write(&args.output, &outputs.to_bytes()?)
}

/// What to generate from.
pub struct Generation {
    /// What is given.
    pub prompt: PianoRoll,
    /// Step-in-bar of its first step.
    pub t0: u8,
    /// Uniforms `[G, K, 2]`.
    pub uniforms: Vec<f64>,
}

fn predict(
    stepper: &mut dyn Stepper,
    config: &Config,
    pieces: &[PianoRoll],
    t0: &[u8],
    outputs: &mut Outputs,
) -> Result<()> {
    let (batch, keys, steps) = (pieces.len(), config.keys(), pieces[0].len());
    let plain = Config { start: Start::None, ..config.clone() };
    let mut rows = vec![0f32; batch * steps * keys * FEATURES];
    let (mut tops, mut logits, mut nats) = (Vec::new(), Vec::new(), Nats::default());
    for ((roll, t0), rows) in
        pieces.iter().zip(t0).zip(rows.chunks_exact_mut(steps * keys * FEATURES))
    {
        for (step, out) in rows.chunks_exact_mut(keys * FEATURES).enumerate() {
            features::write(config, roll.chords[step], step_in_bar(*t0, step), out);
        }
        let sequence = Sequence::of_piece(&plain, roll, *t0);
        let (top, z) = stepper.score(&sequence)?;
        for (target, row) in sequence.targets.iter().zip(z.as_chunks::<2>().0.chunks(keys)) {
            for (key, logits) in (config.low..).zip(row) {
                nats.add_key(*logits, target.plays(key), target.strikes(key));
            }
            nats.steps += 1;
        }
        tops.extend(top);
        logits.extend(z.into_iter().map(f64::from));
    }
    outputs.f32("out.features", &[batch, steps, keys, FEATURES], &rows);
    outputs.f32("out.time_h", &[batch, steps - 1, keys, config.time_width()], &tops);
    outputs.f64("out.logits", &[batch, steps - 1, keys, 2], &logits);
    outputs.f64("out.loss", &[1], &[nats.loss(keys)]);
    outputs.f64("out.nats_step", &[1], &[nats.nats_step()]);
    outputs.f64("out.play_nats_step", &[1], &[nats.play_nats_step()]);
    outputs.f64("out.art_nats_step", &[1], &[nats.art_nats_step()]);
    Ok(())
}

fn generate(
    stepper: &mut dyn Stepper,
    config: &Config,
    task: &Generation,
    outputs: &mut Outputs,
) -> Result<()> {
    let plain = Sampling::PLAIN;
    let runs = [
        ("plain", plain, false),
        ("gamma08", Sampling { gamma: 0.8, ..plain }, false),
        ("temp05", Sampling { temperature: 0.5, ..plain }, false),
        ("damped", plain, true),
    ];
    let keys = config.keys();
    for (name, sampling, damped) in runs {
        stepper.reset();
        for (step, chord) in task.prompt.chords.iter().enumerate() {
            stepper.feed(*chord, step_in_bar(task.t0, step))?;
        }
        let mut damping = Damping::default();
        let (mut roll, mut all) = (PianoRoll::default(), Vec::new());
        for uniforms in task.uniforms.as_chunks::<2>().0.chunks(keys) {
            let gamma = if damped { damping.gamma() as f32 } else { sampling.gamma };
            let sampling = Sampling { gamma, ..sampling };
            let mut row = vec![[0.0; 2]; keys];
            let chord = stepper.choose(&mut |index, logits| {
                row[index] = logits;
                sampler::decide(&sampling, logits, uniforms[index])
            })?;
            stepper.feed(chord, step_in_bar(task.t0, task.prompt.len() + roll.len()))?;
            damping.after_step(chord.len());
            roll.chords.push(chord);
            all.extend(row.into_iter().flatten());
        }
        let shape = [roll.len(), keys, 2];
        outputs.u8(&format!("gen.{name}.roll"), &shape, &roll.to_bits(config.range()));
        outputs.f32(&format!("gen.{name}.logits"), &shape, &all);
    }
    Ok(())
}

fn step_in_bar(t0: u8, step: usize) -> u8 {
    ((usize::from(t0) + step) % usize::from(STEPS_PER_BAR)) as u8
}

/// The engine as an implementation.
struct EngineStepper {
    engine: Engine,
    now: TimeState,
    next: TimeState,
}

impl EngineStepper {
    fn new(checkpoint: &Checkpoint) -> EngineStepper {
        let engine = Engine::new(checkpoint);
        EngineStepper { now: engine.new_state(), next: engine.new_state(), engine }
    }
}

impl Stepper for EngineStepper {
    fn reset(&mut self) {
        self.now = self.engine.new_state();
    }

    fn feed(&mut self, chord: Chord, step_in_bar: u8) -> Result<()> {
        self.engine.feed(&self.now, &mut self.next, chord, step_in_bar, &mut || true);
        std::mem::swap(&mut self.now, &mut self.next);
        Ok(())
    }

    fn choose(&mut self, decide: Decide<'_>) -> Result<Chord> {
        Ok(self.engine.choose(&self.now, decide))
    }

    fn score(&mut self, sequence: &Sequence) -> Result<(Vec<f32>, Vec<f32>)> {
        self.reset();
        let low = self.engine.config().low;
        let (mut tops, mut logits) = (Vec::new(), Vec::new());
        for (frame, target) in sequence.frames.iter().zip(&sequence.targets) {
            if let Frame::Step { chord, step_in_bar } = *frame {
                self.feed(chord, step_in_bar)?;
            }
            tops.extend(self.now.top().flatten());
            let mut row = vec![[0.0; 2]; self.engine.config().keys()];
            self.choose(&mut |index, z| {
                row[index] = z;
                let key = low + index as u8;
                (target.plays(key), target.strikes(key))
            })?;
            logits.extend(row.into_iter().flatten());
        }
        Ok((tops, logits))
    }
}
