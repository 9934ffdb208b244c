//! Music of a network in training, for ears and eyes: the same prompt and the same draws each
//! time, so that what differs is what was learnt.

use anacrusis::model::Checkpoint;
use anacrusis::music::{PianoRoll, STEPS_PER_BAR, smf};
use anyhow::{Context, Result};

use crate::generate::{Wish, generate};
use crate::settings::Settings;
use crate::trainer::Outputs;
use crate::{files, picture};

/// Bars of a held-out piece from which the network goes on.
const PROMPT_BARS: usize = 4;

/// Writes samples.
pub struct Samples {
    prompt: PianoRoll,
    wish: Wish,
}

impl Samples {
    /// Samples that go on from the beginning of `piece`.
    pub fn after(piece: &PianoRoll, settings: &Settings) -> Samples {
        let steps = PROMPT_BARS * usize::from(STEPS_PER_BAR);
        let prompt = piece.chords.iter().take(steps).copied().collect();
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
        let options = smf::WriteOptions { texts: &[&made], ..smf::WriteOptions::default() };
        files::write(&outputs.sample(iteration, "mid"), &smf::write(&roll, &options))?;
        files::write(&outputs.sample(iteration, "png"), &picture)?;
        Ok(picture)
    }
}
