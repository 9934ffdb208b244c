//! `anacrusis vectors`: a network's numbers for given music, to compare implementations.

mod generate;
mod tensors;

use std::path::PathBuf;

use anacrusis::model::loss::Nats;
use anacrusis::model::{Checkpoint, Config, Engine, Frame, Given, TimeState, features};
use anacrusis::music::Chord;
use anyhow::{Result, ensure};

use crate::sequence::Sequence;
use crate::{files, model_file};
use tensors::{Inputs, Outputs, Pieces, chords_to_bits};

/// Write a network's numbers for given music, to compare implementations
///
/// Networks of version 1: from `in.roll` (u8, `[B,S,K,2]`) and `in.t0` (i32, `[B]`) come
/// out.features, out.time_h, out.logits, out.loss, out.nats_step, out.play_nats_step and
/// out.art_nats_step; from `gen.prompt` (u8, `[P,K,2]`), `gen.t0` (i32, `[1]`) and `gen.uniforms`
/// (f64, `[G,K,2]`) come gen.{plain,gamma08,temp05,damped}.roll and .logits. Steps are predicted
/// from the second on, whether or not the network could predict the first.
///
/// Version 2: one piece, from `in.own` and `in.heard` (u8, `[S,K,2]`), `in.metres` (i32, `[M,3]`),
/// `in.step` (i32, `[1]`), `in.known` (u8, `[S-1]`) and `in.musician` (u8, `[1]`) come the same, and
/// out.place and out.given, and of networks with a head for loudness out.velocity; from `gen.prompt` (the plugin's), `gen.step` (i32, `[1]`), `gen.heard`
/// (u8, `[P+G,K,2]`), `gen.known` (u8, `[G]`) and `gen.uniforms` come gen.{plain,gamma08,temp05,
/// allknown,noneknown,nobody}.roll and .logits.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  anacrusis vectors --model tests/golden/tiny.ckpt.safetensors \\
      --input tests/golden/tiny.vectors.safetensors --output out.safetensors
  anacrusis vectors --model m.safetensors --input v.safetensors --output o.safetensors \\
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
    fn feed(&mut self, frame: &Frame) -> Result<()>;

    /// Runs the note stack; `decide` gets the index of a key and its logits. What it says of a
    /// given key is ignored.
    ///
    /// # Errors
    /// If the implementation fails.
    fn choose(&mut self, given: &Given, decide: Decide<'_>) -> Result<Chord>;

    /// What it computes of a sequence, teacher forced, from zero state.
    ///
    /// # Errors
    /// If the implementation fails.
    fn score(&mut self, sequence: &Sequence) -> Result<Computed>;
}

/// What a network computes of a sequence of T predictions, by key from the lowest.
#[derive(Clone, Debug, Default)]
pub struct Computed {
    /// Top of the time stack `[T, K, H]`.
    pub time_top: Vec<f32>,
    /// Logits `[T, K, 2]`.
    pub logits: Vec<f32>,
    /// Output of the head for loudness `[T, K]`; empty if the network has none.
    pub loudness: Vec<f32>,
}

/// Decides a key (index, logits): whether it plays, whether it is struck.
pub type Decide<'a> = &'a mut dyn FnMut(usize, [f32; 2]) -> (bool, bool);

/// `anacrusis vectors` with the engine.
///
/// # Errors
/// If the model or the inputs are unusable, or the outputs cannot be written.
pub fn run(args: &Args) -> Result<()> {
    run_with(args, |checkpoint| Ok(Box::new(EngineStepper::new(checkpoint))))
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
    if let Some(pieces) = inputs.pieces()? {
        predict(stepper.as_mut(), checkpoint.config(), &pieces, &mut outputs)?;
    }
    if let Some(task) = inputs.generation()? {
        generate::all(stepper.as_mut(), checkpoint.config(), &task, &mut outputs)?;
    }
    ensure!(
        !outputs.is_empty(),
        "{} holds neither what a network of version {} predicts from nor what it generates from; \
         see --help",
        args.input.display(),
        checkpoint.config().features
    );
    files::write(&args.output, &outputs.to_bytes()?)
}

fn predict(
    stepper: &mut dyn Stepper,
    config: &Config,
    pieces: &Pieces,
    outputs: &mut Outputs,
) -> Result<()> {
    let (keys, width) = (config.keys(), features::width(config));
    let (mut rows, mut places, mut given) = (Vec::new(), Vec::new(), Vec::new());
    let (mut tops, mut logits, mut nats) = (Vec::new(), Vec::new(), Nats::default());
    let mut loudness = Vec::new();
    for piece in &pieces.pieces {
        let mut row = vec![0f32; keys * width];
        for frame in &piece.frames {
            features::write(config, frame, &mut row);
            rows.extend_from_slice(&row);
            let position = frame.position;
            let numbers = [position.in_beat.into(), position.beat, position.beats];
            places.extend(numbers.map(i32::from));
            places.push(i32::from(position.compound));
        }
        let sequence = piece.sequence();
        let computed = stepper.score(&sequence)?;
        let rows = computed.logits.as_chunks::<2>().0.chunks(keys);
        for (target, row) in sequence.targets.iter().zip(rows) {
            for (key, logits) in (config.low..).zip(row).filter(|(key, _)| target.scores(*key)) {
                nats.add_key(*logits, target.chord.plays(key), target.chord.strikes(key));
            }
            nats.steps += 1;
            given.extend(chords_to_bits(config, &[target.given.chord]));
        }
        tops.extend(computed.time_top);
        logits.extend(computed.logits.into_iter().map(f64::from));
        loudness.extend(computed.loudness.into_iter().map(f64::from));
    }
    let steps = pieces.pieces[0].frames.len();
    // Version 2 has one piece and no axis for several.
    let batch = (!config.hears()).then_some(pieces.pieces.len());
    let shape = |rest: &[usize]| -> Vec<usize> { batch.iter().chain(rest).copied().collect() };
    outputs.f32("out.features", &shape(&[steps, keys, width]), &rows);
    if config.hears() {
        outputs.i32("out.place", &[steps, 4], &places);
        outputs.u8("out.given", &[steps - 1, keys, 2], &given);
    }
    outputs.f32("out.time_h", &shape(&[steps - 1, keys, config.time_width()]), &tops);
    outputs.f64("out.logits", &shape(&[steps - 1, keys, 2]), &logits);
    if config.velocity {
        outputs.f64("out.velocity", &shape(&[steps - 1, keys]), &loudness);
    }
    outputs.f64("out.loss", &[1], &[nats.loss(keys)]);
    outputs.f64("out.nats_step", &[1], &[nats.nats_step()]);
    outputs.f64("out.play_nats_step", &[1], &[nats.play_nats_step()]);
    outputs.f64("out.art_nats_step", &[1], &[nats.art_nats_step()]);
    Ok(())
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

    fn feed(&mut self, frame: &Frame) -> Result<()> {
        self.engine.feed(&self.now, &mut self.next, frame, &mut || true);
        std::mem::swap(&mut self.now, &mut self.next);
        Ok(())
    }

    fn choose(&mut self, given: &Given, decide: Decide<'_>) -> Result<Chord> {
        Ok(self.engine.choose(&self.now, given, decide))
    }

    fn score(&mut self, sequence: &Sequence) -> Result<Computed> {
        self.reset();
        let (low, keys) = (self.engine.config().low, self.engine.config().keys());
        let mut computed = Computed::default();
        for (frame, target) in sequence.frames.iter().zip(&sequence.targets) {
            self.feed(frame)?;
            computed.time_top.extend(self.now.top().flatten());
            let mut row = vec![[0.0; 2]; keys];
            self.choose(&target.given, &mut |index, z| {
                row[index] = z;
                let key = low + index as u8;
                (target.chord.plays(key), target.chord.strikes(key))
            })?;
            computed.logits.extend(row.into_iter().flatten());
            computed.loudness.extend((0..keys).filter_map(|index| self.engine.loudness(index)));
        }
        Ok(computed)
    }
}
