//! Generating, with random numbers that are handed in.

use anacrusis::model::sampler::{self, Damping, Sampling};
use anacrusis::model::{Config, Frame, Given};
use anacrusis::music::Chord;
use anyhow::Result;

use super::Stepper;
use super::tensors::{Generation, Outputs, chords_to_bits};

/// One way to generate.
#[derive(Clone, Copy)]
struct Run {
    name: &'static str,
    sampling: Sampling,
    /// Whether gamma follows what was chosen.
    damped: bool,
    /// What is known throughout, instead of what the task says.
    known: Option<bool>,
    /// Whether nobody is there, instead of the musician.
    nobody: bool,
}

/// Generates in all ways of a network's version.
///
/// # Errors
/// If the implementation fails.
pub fn all(
    stepper: &mut dyn Stepper,
    config: &Config,
    task: &Generation,
    outputs: &mut Outputs,
) -> Result<()> {
    let sampling = Sampling::PLAIN;
    let plain = Run { name: "plain", sampling, damped: false, known: None, nobody: false };
    let gamma = Sampling { gamma: 0.8, ..sampling };
    let cold = Sampling { temperature: 0.5, ..sampling };
    let mut runs = vec![
        plain,
        Run { name: "gamma08", sampling: gamma, ..plain },
        Run { name: "temp05", sampling: cold, ..plain },
    ];
    if config.hears() {
        runs.push(Run { name: "allknown", known: Some(true), ..plain });
        runs.push(Run { name: "noneknown", known: Some(false), ..plain });
        runs.push(Run { name: "nobody", known: Some(false), nobody: true, ..plain });
    } else {
        runs.push(Run { name: "damped", damped: true, ..plain });
    }
    let keys = config.keys();
    for run in runs {
        let (chords, logits) = generate(stepper, keys, task, run)?;
        let (name, shape) = (run.name, [chords.len(), keys, 2]);
        outputs.u8(&format!("gen.{name}.roll"), &shape, &chords_to_bits(config, &chords));
        outputs.f32(&format!("gen.{name}.logits"), &shape, &logits);
    }
    Ok(())
}

/// What is chosen in each new step, and the logits `[G, K, 2]`.
fn generate(
    stepper: &mut dyn Stepper,
    keys: usize,
    task: &Generation,
    run: Run,
) -> Result<(Vec<Chord>, Vec<f32>)> {
    let musician = task.musician && !run.nobody;
    let heard = |step: usize| if run.nobody { Chord::SILENT } else { task.heard[step] };
    let frame = |own: Chord, step: usize| {
        let position = task.metres.position(step as i64);
        Frame { own, heard: heard(step), musician, position, start: false }
    };
    stepper.reset();
    for (step, own) in task.prompt.iter().enumerate() {
        stepper.feed(&frame(*own, step))?;
    }
    let mut damping = Damping::default();
    let (mut chords, mut all) = (Vec::new(), Vec::new());
    for (index, uniforms) in task.uniforms.as_chunks::<2>().0.chunks(keys).enumerate() {
        let step = task.prompt.len() + index;
        let given = match run.known.unwrap_or(task.known[index]) {
            true => Given::known(heard(step)),
            false => Given::held(heard(step - 1)),
        };
        let gamma = if run.damped { damping.gamma() as f32 } else { run.sampling.gamma };
        let sampling = Sampling { gamma, ..run.sampling };
        let mut row = vec![[0.0; 2]; keys];
        let chord = stepper.choose(&given, &mut |key, logits| {
            row[key] = logits;
            sampler::decide(&sampling, logits, uniforms[key])
        })?;
        stepper.feed(&frame(chord, step))?;
        damping.after_step(chord.len());
        chords.push(chord);
        all.extend(row.into_iter().flatten());
    }
    Ok((chords, all))
}
