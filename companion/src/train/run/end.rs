//! How a run ends: saved, or judged and told of as well.

use anacrusis::model::Checkpoint;
use anacrusis::music::PianoRoll;
use anyhow::{Context, Result};

use super::Run;
use crate::train::state::Progress;
use crate::train::{Ended, prompts};
use crate::{generate, loudness, model_file};

impl Run<'_> {
    /// Saves; unless interrupted, scores the best weights on all held-out steps and writes
    /// the figures into their checkpoint.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn end(mut self) -> Result<Ended> {
        let interrupted = self.interrupted;
        let Progress { iterations, judged_at, best_nats, .. } = self.state.progress;
        // States of before did not tell.
        let judged = judged_at
            .map_or(iterations.is_multiple_of(self.settings.evaluate_every), |at| at == iterations);
        if !(judged || interrupted) {
            self.evaluate()?;
        }
        self.save()?;
        if interrupted {
            if best_nats.is_none() {
                // Not judged, or the run would know more when it goes on than if left alone.
                self.write(&self.outputs.best, &self.checkpoint(self.state.best())?)?;
            }
            self.report.end();
            self.report.say(&format!(
                "stopped after {iterations} iterations; all is saved in {}. To go on:\n  {}",
                self.states.last.display(),
                self.args.resume_command()
            ));
            return Ok(Ended::Interrupted);
        }
        self.tell_why();
        self.report.say("scoring the best network on all held-out steps");
        let best = self.best()?;
        let names = self.state.parameters.keys();
        let weights = names.map(|name| (name.clone(), best.tensor(name).to_vec())).collect();
        let scored = self.score(Some(&weights), None)?;
        let nats = scored.solo;
        if let Some(made) = &best.meta.made {
            let whole = self.meta.made.get_or_insert_default();
            (whole.iterations, whole.train_loss) = (made.iterations, made.train_loss);
        }
        if !self.team.leads() {
            return Ok(Ended::Done);
        }
        self.remember_scores(scored);
        let mut best = Checkpoint::new(self.settings.network.clone(), weights, self.meta.clone())?;
        let mut loudness = None;
        if self.settings.network.velocity {
            self.report.say("fitting the head for loudness");
            let (rule, heldout) = (self.settings.musician, &self.heldout_pieces);
            match loudness::fit(&best, &self.train, rule) {
                Ok(fitted) => {
                    best = fitted;
                    loudness = Some(loudness::measure(&best, heldout, rule)?);
                }
                // The network is good without.
                Err(error) => self.report.say(&format!("{error:#}")),
            }
        }
        if prompts::are_the_models_own(self.settings) && self.settings.prompts > 0 {
            self.report.say("having the network play the prompts that playback will begin from");
            let train: Vec<_> =
                self.train.iter().map(|piece| (&piece.roll, &piece.metres)).collect();
            let heldout: Vec<&PianoRoll> =
                self.heldout.pieces().iter().map(|piece| piece.roll).collect();
            self.meta.prompts = prompts::by_model(&best, &train, &heldout, self.settings);
            let (made, wanted) = (self.meta.prompts.len(), self.settings.prompts);
            self.report.say(&match made {
                0 => "no prompts made, so playback will begin from silence: what the network plays \
                      is no music yet, or it is that of the corpus; train it longer"
                    .to_owned(),
                made if made < wanted => format!(
                    "{made} of {wanted} prompts made: what else the network played was too thin, or \
                     too much like the corpus"
                ),
                made => format!("{made} prompts made"),
            });
            // With its prompts it is another file, of another digest.
            let weights = best.into_tensors();
            best = Checkpoint::new(self.settings.network.clone(), weights, self.meta.clone())?;
        }
        self.write(&self.outputs.best, &best)?;
        self.report.end();
        eprintln!(
            "{}: held-out {:.4} nats/step (play {:.4}, articulate {:.4}) over {} steps, sha256 {}",
            self.outputs.best.display(),
            nats.nats_step(),
            nats.play_nats_step(),
            nats.art_nats_step(),
            nats.steps,
            best.digest()
        );
        if let Some([known, late]) = scored.duet {
            eprintln!(
                "accompanying a musician: held-out {:.4} nats/step if they are known in the step \
                 itself, {:.4} if they are known a step late",
                known.nats_step(),
                late.nats_step()
            );
        }
        if let Some(loudness) = loudness {
            eprintln!("{loudness}");
        }
        eprintln!(
            "open it in the plugin's editor, or hear it:\n  {}",
            generate::command(&self.outputs.best)
        );
        Ok(Ended::Done)
    }

    /// The best network so far, which the first process has in a file, in all of them.
    fn best(&self) -> Result<Checkpoint> {
        let mut bytes = vec![];
        if self.team.leads() {
            let best = model_file::read(&self.outputs.best).context("the best network so far")?;
            bytes = best.to_bytes();
        }
        self.team.tell_bytes(&mut bytes);
        Ok(Checkpoint::parse(&bytes)?)
    }

    /// Says what ended the run.
    fn tell_why(&self) {
        let Progress { iterations, best_nats, best_at, .. } = self.state.progress;
        if let (true, Some(nats), Some(at)) = (self.out_of_patience(), best_nats, best_at) {
            self.report.say(&format!(
                "ending after {iterations} iterations: the best held-out score, {nats:.4}, is {} \
                 iterations old; --resume with more --patience goes on",
                iterations - at
            ));
        } else {
            self.report.say(&format!(
                "done after {iterations} iterations; --resume with more --iterations (or --minutes) \
                 goes on"
            ));
        }
    }
}
