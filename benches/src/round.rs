//! One round: an engine plays a task from the beginning, and is timed.

use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::{Checkpoint, Engine, Frame, Given, Prepared, Sampling, TimeState, Weights};
use anacrusis::music::Chord;
use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::clock;
use super::task::{Masks, TEMPERATURE, Task};
use anacrusis_companion::vectors::Decide;

/// An engine that can play a task.
pub trait Player {
    /// Back to zero state.
    ///
    /// # Errors
    /// If the engine fails.
    fn reset(&mut self) -> Result<()>;

    /// Does what can be done of the next step before its frame is known; maybe nothing.
    ///
    /// # Errors
    /// If the engine fails.
    fn prepare(&mut self) -> Result<()> {
        Ok(())
    }

    /// Runs the time stack over a frame.
    ///
    /// # Errors
    /// If the engine fails.
    fn feed(&mut self, frame: &Frame) -> Result<()>;

    /// Runs the note stack, with nothing given; `decide` gets the index of a key and its logits.
    ///
    /// # Errors
    /// If the engine fails.
    fn choose(&mut self, decide: Decide<'_>) -> Result<Chord>;
}

/// How long each step of a round took, in milliseconds, and what was chosen.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Round {
    /// All of the step.
    pub step_ms: Vec<f64>,
    /// What was done before the frame was known.
    #[serde(default)]
    pub prepare_ms: Vec<f64>,
    /// Features and the rest of the time stack.
    pub time_ms: Vec<f64>,
    /// The note stack, draws included.
    pub note_ms: Vec<f64>,
    /// Its loop over the keys, without the product that all keys share.
    pub loop_ms: Vec<f64>,
    /// What was chosen.
    pub chords: Vec<Masks>,
    /// For each step and key the distance of its draws from their thresholds, the smaller of
    /// those that counted. Known of our own engine alone.
    #[serde(skip)]
    pub margins: Vec<Vec<f64>>,
}

/// Plays a task: all but the prompt's last step untimed, then a step for each row of
/// uniforms, which feeds the newest frame and chooses the next.
///
/// # Errors
/// If the engine fails.
pub fn play(player: &mut dyn Player, task: &Task) -> Result<Round> {
    let sampling = Sampling { temperature: TEMPERATURE, ..Sampling::PLAIN };
    player.reset()?;
    let frame = |chord: Chord, step: usize| Frame::common_time(chord, step as i64);
    let mut chord = Chord::SILENT;
    for (step, next) in task.prompt.iter().enumerate() {
        if step > 0 {
            player.prepare()?;
            player.feed(&frame(chord, step - 1))?;
        }
        chord = *next;
    }
    let mut round = Round::default();
    for (step, uniforms) in task.uniforms.iter().enumerate() {
        let mut margins = vec![f64::INFINITY; uniforms.len()];
        let mut first: Option<f64> = None;
        let start = clock::seconds();
        player.prepare()?;
        let prepared = clock::seconds();
        player.feed(&frame(chord, task.prompt.len() + step - 1))?;
        let fed = clock::seconds();
        chord = player.choose(&mut |key, logits| {
            first.get_or_insert_with(clock::seconds);
            let chances = sampling.probabilities(logits);
            let [play, articulate] = uniforms[key].map(f64::from);
            let plays = play < chances[0];
            margins[key] = (play - chances[0]).abs();
            if plays {
                margins[key] = margins[key].min((articulate - chances[1]).abs());
            }
            (plays, plays && articulate < chances[1])
        })?;
        let end = clock::seconds();
        let ms = |from: f64, to: f64| 1e3 * (to - from);
        round.step_ms.push(ms(start, end));
        round.prepare_ms.push(ms(start, prepared));
        round.time_ms.push(ms(prepared, fed));
        round.note_ms.push(ms(fed, end));
        // The first draw comes when the first key is done: all others stand for that one.
        let keys = uniforms.len() as f64;
        let others = ms(first.unwrap_or(fed), end);
        round.loop_ms.push(if keys > 1.0 { others * keys / (keys - 1.0) } else { others });
        round.chords.push(chord.into());
        round.margins.push(margins);
    }
    Ok(round)
}

/// The plugin's engine as a player.
pub struct Ours {
    engine: Engine,
    states: [TimeState; 2],
    /// If the part of a step before its frame is to be done apart.
    prepared: Option<Prepared>,
}

impl Ours {
    /// The engine on instructions of a set; `apart` to prepare steps before their frame is
    /// known, as the plugin does.
    pub fn new(checkpoint: &Checkpoint, set: InstructionSet, apart: bool) -> Ours {
        let engine = Engine::with(Weights::pack(checkpoint, set).into());
        Ours {
            states: [engine.new_state(), engine.new_state()],
            prepared: apart.then(|| engine.new_prepared()),
            engine,
        }
    }
}

impl Player for Ours {
    fn reset(&mut self) -> Result<()> {
        self.states[0] = self.engine.new_state();
        Ok(())
    }

    fn prepare(&mut self) -> Result<()> {
        if let Some(prepared) = &mut self.prepared {
            self.engine.prepare(&self.states[0], prepared, &mut || true);
        }
        Ok(())
    }

    fn feed(&mut self, frame: &Frame) -> Result<()> {
        let [from, to] = &mut self.states;
        let go_on = &mut || true;
        match &self.prepared {
            Some(prepared) => self.engine.feed_prepared(from, prepared, to, frame, go_on),
            None => self.engine.feed(from, to, frame, go_on),
        };
        self.states.swap(0, 1);
        Ok(())
    }

    fn choose(&mut self, decide: Decide<'_>) -> Result<Chord> {
        Ok(self.engine.choose(&self.states[0], &Given::NOTHING, decide))
    }
}
