//! Music of a network in training, for ears and eyes: the same prompt and the same draws each
//! time, so that what differs is what was learnt.

use anacrusis::model::Checkpoint;
use anacrusis::music::{Chord, PianoRoll, smf};
use anyhow::{Context, Result};

use crate::arguments::Outputs;
use crate::arrangement::Arrangement;
use crate::generate::{Prompt, Wish, generate};
use crate::settings::Settings;
use crate::{files, picture};

/// Bars of a held-out piece from which the network goes on.
const PROMPT_BARS: usize = 4;

/// Writes samples.
pub struct Samples {
    prompt: Prompt,
    wish: Wish,
}

impl Samples {
    /// Samples that go on from the beginning of `piece`.
    pub fn after(piece: &Arrangement<'_>, settings: &Settings) -> Samples {
        let metres = piece.metres;
        // Up to the first bar line or, if the piece begins on one, from there.
        let end = (0..PROMPT_BARS).fold(0, |step, _| metres.next_bar_line(step));
        let mut roll: PianoRoll = piece.roll.chords.iter().take(end as usize).copied().collect();
        roll.chords.resize(end as usize, Chord::SILENT);
        let prompt = Prompt { roll, metres: metres.clone() };
        let wish = Wish { bars: settings.sample_bars, seed: settings.seed, ..Wish::default() };
        Samples { prompt, wish }
    }

    /// Plays the network in the plugin's engine and writes what it plays, without the prompt;
    /// returns the picture.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(
        &self,
        network: &Checkpoint,
        iteration: u64,
        outputs: &Outputs,
    ) -> Result<Vec<u8>> {
        let roll = generate(network, &self.prompt, &self.wish);
        let picture = picture::piano_roll(&roll.chords)?;
        let folder = &outputs.samples;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let made = format!("Anacrusis {}, iteration {iteration}", env!("CARGO_PKG_VERSION"));
        let metres = self.prompt.metres.from_step(self.prompt.roll.len() as i64);
        let options = smf::WriteOptions {
            texts: &[&made],
            metres: Some(&metres),
            ..smf::WriteOptions::default()
        };
        files::write(&outputs.sample(iteration, "mid"), &smf::write(&roll, &options))?;
        files::write(&outputs.sample(iteration, "png"), &picture)?;
        Ok(picture)
    }
}
