//! `anacrusis generate`: music from a model, as a MIDI file for human ears.

use std::path::{Path, PathBuf};

use anacrusis::model::checkpoint::{Checkpoint, PROMPT_STEPS, chosen_prompt};
use anacrusis::model::config::Start;
use anacrusis::model::density::Amount;
use anacrusis::model::sampler;
use anacrusis::model::{Control, Draw, Engine, Frame, Given, Rules, Sampling, Texture, TimeState};
use anacrusis::music::{Chord, Metres, PianoRoll, STEPS_PER_BAR, smf};
use anyhow::{Context, Result, ensure};

use crate::arguments::quoted;
use crate::{files, model_file, program};

/// Write music of a model to a MIDI file
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  anacrusis generate --model models/classical.safetensors --bars 32 --seed 7 --out a.mid
  anacrusis generate --model m.safetensors --bars 16 --seed 1 --out b.mid --prompt mine.mid \\
      --temperature 1.0 --density 1.3

Without --prompt the model goes on from four bars stored in it (which ones, the seed says), or
from silence if it holds none. The file has the new bars only, in the metre in which the prompt
ends. The same model, seed and options
give the same file.")]
pub struct Args {
    /// The model (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// Bars to write: of 4/4, or as the prompt's last
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub bars: u32,
    /// Seed of the random choices
    #[arg(long, value_name = "S")]
    pub seed: u64,
    /// Where the music goes
    #[arg(long, value_name = "FILE.mid")]
    pub out: PathBuf,
    /// Music to go on from, in any metre; the new bars follow its last bar line
    #[arg(long, value_name = "FILE.mid")]
    pub prompt: Option<PathBuf>,
    /// Below 1 safer, above 1 wilder; 0.05 to 5
    #[arg(long, value_name = "T", default_value_t = Wish::default().temperature, value_parser = |s: &str| within(s, 0.05, 5.0))]
    pub temperature: f32,
    /// Probabilities below this count as 0, those above one minus this as 1; 0 to 0.49
    #[arg(long, value_name = "P", default_value_t = Wish::default().truncation, value_parser = |s: &str| within(s, 0.0, 0.49))]
    pub truncation: f32,
    /// 1 as the model was trained, 2 more notes, 0.5 fewer; 0.1 to 10
    #[arg(long, value_name = "D", default_value_t = Wish::default().density, value_parser = |s: &str| within(s, 0.1, 10.0))]
    pub density: f32,
}

/// A number of a flag, if it lies within bounds; they are told if not.
///
/// # Errors
/// If it does not, or is no number.
pub fn within(text: &str, low: f32, high: f32) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (low..=high).contains(&value) { Ok(value) } else { Err(format!("{low} to {high}")) }
}

/// `anacrusis generate`.
///
/// # Errors
/// If the model or the prompt is unusable or the file cannot be written.
pub fn run(args: &Args) -> Result<()> {
    let checkpoint = model_file::read(&args.model)?;
    let prompt = match &args.prompt {
        Some(path) => read_prompt(path, &checkpoint)?,
        None => stored_prompt(&checkpoint, args.seed),
    };
    let wish = Wish {
        bars: args.bars as usize,
        seed: args.seed,
        temperature: args.temperature,
        truncation: args.truncation,
        density: args.density,
    };
    let roll = generate(&checkpoint, &prompt, &wish);
    let made = format!(
        "Anacrusis {}, model {}, seed {}, temperature {}, density {}",
        env!("CARGO_PKG_VERSION"),
        checkpoint.digest(),
        args.seed,
        args.temperature,
        args.density
    );
    let metres = prompt.metres.from_step(prompt.roll.len() as i64);
    let options = smf::WriteOptions {
        texts: &[&made],
        metres: Some(&metres),
        ..smf::WriteOptions::default()
    };
    files::write(&args.out, &smf::write(&roll, &options))?;
    let onsets: u32 = roll.chords.iter().map(|chord| chord.struck().count_ones()).sum();
    println!("{}: {} bars, {onsets} onsets", args.out.display(), args.bars);
    Ok(())
}

/// A command that lets a model be heard.
pub fn command(model: &Path) -> String {
    let [model, out] =
        [model, &model.with_extension("mid")].map(|path| quoted(&path.to_string_lossy()));
    let program = program::called_as();
    format!("{program} generate --model {model} --bars 16 --seed 1 --out {out}")
}

/// Music to go on from.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    /// Its notes, up to a bar line.
    pub roll: PianoRoll,
    /// Where its bar lines are, and those after it.
    pub metres: Metres,
}

impl Prompt {
    /// Music in 4/4 from a bar line on.
    pub fn in_four(roll: PianoRoll) -> Prompt {
        Prompt { roll, metres: Metres::default() }
    }
}

fn read_prompt(path: &Path, checkpoint: &Checkpoint) -> Result<Prompt> {
    const MOST: u64 = 16 << 20;
    let bytes = files::read(path, MOST)
        .with_context(|| format!("cannot open the prompt {}", path.display()))?;
    let mut imported = smf::read(&bytes, checkpoint.config().range())
        .with_context(|| format!("{} is not a usable MIDI file", path.display()))?;
    ensure!(
        imported.roll.chords.iter().any(|chord| !chord.is_empty()),
        "{} has no notes within the model's keys ({} outside them)",
        path.display(),
        imported.dropped_notes
    );
    let metres = imported.metres;
    // What follows begins on a bar line.
    let end = imported.roll.len() as i64;
    let line = if metres.bar_line(end) == end { end } else { metres.next_bar_line(end) };
    // A bar has at most 4096 steps.
    imported.roll.chords.resize(line as usize, Chord::SILENT);
    let signature = metres.signature(line);
    ensure!(
        checkpoint.config().hears() || i64::from(STEPS_PER_BAR) % signature.bar_steps() == 0,
        "{} ends in {signature}, and the model knows nothing but bars of 4/4 and 2/4: take a model of \
         version 2 of the features (`{} inspect --model` tells), or another prompt",
        path.display(),
        program::called_as()
    );
    Ok(Prompt { roll: imported.roll, metres })
}

/// Four bars of the stored prompt that the plugin takes for this seed, so that what follows begins on a bar line.
pub fn stored_prompt(checkpoint: &Checkpoint, seed: u64) -> Prompt {
    let prompts = &checkpoint.meta.prompts;
    let Some(prompt) = prompts.get(chosen_prompt(seed, prompts.len())) else {
        return Prompt::default();
    };
    let bars = PROMPT_STEPS - usize::from(STEPS_PER_BAR);
    Prompt::in_four(prompt.chords[..bars].iter().copied().collect())
}

/// What music is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Bars, in the metre in which the prompt ends.
    pub bars: usize,
    /// Seed of the random choices.
    pub seed: u64,
    /// As [`Args::temperature`].
    pub temperature: f32,
    /// As [`Args::truncation`].
    pub truncation: f32,
    /// As [`Args::density`].
    pub density: f32,
}

impl Default for Wish {
    /// No bars; seed 0; the rest as the plugin has it.
    fn default() -> Wish {
        let Sampling { temperature, truncation, .. } = Sampling::default();
        Wish { bars: 0, seed: 0, temperature, truncation, density: 1.0 }
    }
}

/// The bars asked for, after `prompt` (silence if it is empty), by model.md, section 8, with
/// the density control and the truncation of the plugin.
pub fn generate(checkpoint: &Checkpoint, prompt: &Prompt, wish: &Wish) -> PianoRoll {
    let mut engine = Engine::new(checkpoint);
    let mut states = [engine.new_state(), engine.new_state()];
    let mut control = Control::default();
    let texture = Texture::learnt(&checkpoint.meta, checkpoint.config().range());
    let asked = texture.asked(&Rules::default(), wish.density);
    let Prompt { roll: prompt, metres } = prompt;
    let feed = |engine: &mut Engine, states: &mut [TimeState; 2], frame: Frame| {
        let [from, to] = states;
        engine.feed(from, to, &frame, &mut || true);
        states.swap(0, 1);
    };
    for (step, chord) in (0..).zip(&prompt.chords) {
        feed(&mut engine, &mut states, Frame::solo(*chord, metres.position(step)));
    }
    if prompt.is_empty() {
        let silence = Frame::solo(Chord::SILENT, metres.position(-1));
        let frame = match engine.config().start {
            Start::Flag => Frame::before_first(silence.position, false),
            Start::None => silence,
        };
        feed(&mut engine, &mut states, frame);
    }
    let draw = Draw { seed: wish.seed, pass: 0 };
    let low = engine.config().low;
    let begin = prompt.len() as i64;
    let end = (0..wish.bars).fold(begin, |step, _| metres.next_bar_line(step));
    let Wish { temperature, truncation, .. } = *wish;
    let plain = Sampling { temperature, truncation, ..Sampling::default() };
    let mut before = prompt.chords.last().copied().unwrap_or_default();
    let mut roll = PianoRoll::default();
    for step in begin..end {
        let bias = control.bias(wish.density, metres.position(step), false);
        let chord = engine.choose(&states[0], &Given::NOTHING, &mut |index, logits| {
            let key = low + index as u8;
            let sampling = bias.apply(plain, key, before.plays(key));
            sampler::decide(&sampling, logits, draw.uniforms(step, key))
        });
        control.after_step((chord, Chord::SILENT), false, Amount::of(chord, before), asked);
        before = chord;
        roll.chords.push(chord);
        feed(&mut engine, &mut states, Frame::solo(chord, metres.position(step)));
    }
    roll
}
