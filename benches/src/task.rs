//! What every engine has to play: the same prompt, the same random numbers.

use anacrusis::model::{Checkpoint, Draw};
use anacrusis::music::{Chord, STEPS_PER_BAR};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Divides the logits: the plugin's default, without its truncation, so that every engine has
/// the same few operations to do between two keys.
pub const TEMPERATURE: f32 = 0.9;

/// A prompt of one bar, beginning on a bar line, and random numbers for the steps after it.
/// Each engine generates freely: what it chooses is what it is fed next.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The bar before the first step to be generated.
    pub prompt: Vec<Chord>,
    /// Uniforms in `[0, 1)` for (play, articulate), by step and by key from the lowest. All
    /// engines compare these very numbers: they are the same in single precision.
    pub uniforms: Vec<Vec<[f32; 2]>>,
}

/// A chord as text: hexadecimal masks over the keys of MIDI that play and that are struck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Masks(String, String);

#[derive(Serialize, Deserialize)]
struct Written {
    temperature: f32,
    prompt: Vec<Masks>,
    uniforms: Vec<Vec<[f32; 2]>>,
}

impl From<Chord> for Masks {
    fn from(chord: Chord) -> Masks {
        Masks(format!("{:x}", chord.playing()), format!("{:x}", chord.struck()))
    }
}

impl Masks {
    /// The chord.
    ///
    /// # Errors
    /// If the text is no mask.
    pub fn chord(&self) -> Result<Chord> {
        let mask = |text| u128::from_str_radix(text, 16).with_context(|| format!("mask {text:?}"));
        Ok(Chord::from_masks(mask(&self.0)?, mask(&self.1)?))
    }
}

impl Task {
    /// A task for a network: its first stored prompt, or a plain cadence if it has none.
    pub fn new(checkpoint: &Checkpoint, steps: usize, seed: u64) -> Task {
        let (config, bar) = (checkpoint.config(), usize::from(STEPS_PER_BAR));
        let draw = Draw { seed, pass: 0 };
        let uniforms = |step: usize, key: u8| {
            // Rounded down to 24 bits: exact in single precision, and still below 1.
            let scale = f64::from(1u32 << 24);
            draw.uniforms(step as i64, key).map(|u| ((u * scale).floor() / scale) as f32)
        };
        let keys = config.low..config.low + config.notes;
        Task {
            prompt: match checkpoint.meta.prompts.first() {
                Some(prompt) => prompt.chords[..bar].to_vec(),
                None => cadence().map(|chord| chord.within(config.range())).collect(),
            },
            uniforms: (bar..bar + steps)
                .map(|step| keys.clone().map(|key| uniforms(step, key)).collect())
                .collect(),
        }
    }

    /// As JSON, for other processes.
    ///
    /// # Errors
    /// If it cannot be written so.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let written = Written {
            temperature: TEMPERATURE,
            prompt: self.prompt.iter().copied().map(Masks::from).collect(),
            uniforms: self.uniforms.clone(),
        };
        Ok(serde_json::to_vec(&written)?)
    }

    /// Reads what [`Task::to_json`] wrote.
    ///
    /// # Errors
    /// If it is something else.
    pub fn from_json(bytes: &[u8]) -> Result<Task> {
        let written: Written = serde_json::from_slice(bytes).context("not a task")?;
        let prompt = written.prompt.iter().map(Masks::chord).collect::<Result<_>>()?;
        Ok(Task { prompt, uniforms: written.uniforms })
    }
}

/// Four chords of four sixteenths in C major, struck and held.
fn cadence() -> impl Iterator<Item = Chord> {
    [[48, 64, 67, 72], [53, 65, 69, 72], [43, 62, 67, 71], [48, 60, 64, 67]].into_iter().flat_map(
        |keys| {
            let struck = Chord::struck_keys(keys);
            let held = Chord::from_masks(struck.playing(), 0);
            [struck, held, held, held]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network;
    use anacrusis::model::Config;

    #[test]
    fn a_task_survives_being_written() {
        let config = Config { time: vec![3], note: vec![2], ..Config::default() };
        let checkpoint = network::pseudo_random(config, TEMPERATURE, 1).expect("a network");
        let task = Task::new(&checkpoint, 5, 3);
        assert_eq!((task.prompt.len(), task.uniforms.len()), (16, 5));
        assert!(task.uniforms.iter().all(|step| step.len() == 78));
        assert_eq!(Task::from_json(&task.to_json().expect("json")).expect("a task"), task);
        assert!(Task::from_json(b"{}").is_err());
    }
}
