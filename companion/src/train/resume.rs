//! Going on from a saved state: which file is taken, and which run may take it.
//!
//! The last two states are kept. A run goes on from the newest that is whole, and only if it
//! is the same run: what decides the weights must be as it was. Of the settings, threads,
//! `iterations`, `minutes`, `patience`, `evaluate_every`, `evaluate_steps`, `sample_every`,
//! `sample_bars`, `prompts`, `prompts_from`, `corpus` and `licence` may change; `device`,
//! `backend`, `learning_rate`, `cooldown`, `dropout`, `weight_decay`, `transpose` and, until it is
//! over, `warmup` too, which is said, because the run then ends elsewhere than it would have. With
//! a cooldown, the end of the run (`iterations`, `minutes`) decides step sizes
//! and is told of likewise; minutes are never the same twice, so that only runs without a
//! cooldown by minutes repeat themselves to the bit.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use super::state::{Identity, State};
use super::team::Team;
use crate::arguments::Outputs;
use crate::corpus::Piece;
use crate::settings::{BackendKind, DeviceKind, Settings};

/// The two files of a run's states.
#[derive(Debug)]
pub struct States {
    /// The newest.
    pub last: PathBuf,
    /// The one before.
    pub before: PathBuf,
    /// Whether the newest is worth keeping when it is replaced.
    whole: bool,
    /// Iterations of the newest, once known.
    newest: Option<u64>,
}

impl States {
    /// The states of a run.
    pub fn of(outputs: &Outputs) -> States {
        let (last, before) = (outputs.last_state.clone(), outputs.before_state.clone());
        States { last, before, whole: true, newest: None }
    }

    /// Saves a state; what was the newest is then the one before, unless it was found damaged
    /// or is as old.
    ///
    /// # Errors
    /// If the file cannot be written; the older ones are then still there.
    pub fn save(&mut self, state: &State, identity: &Identity) -> Result<()> {
        let done = Some(state.progress.iterations);
        let keep = self.whole && self.newest != done;
        state.save(&self.last, keep.then_some(self.before.as_path()), identity)?;
        (self.whole, self.newest) = (true, done);
        Ok(())
    }

    /// Reads the newest whole state and what is to be said about it.
    ///
    /// # Errors
    /// If there is no whole one, or it is of another run. Nothing has been changed then.
    pub fn load(&mut self, identity: &Identity) -> Result<(State, Vec<String>)> {
        let mut notes = vec![];
        let (found, path) = match State::read(&self.last) {
            Ok(found) => (found, &self.last),
            Err(newest) => match State::read(&self.before) {
                Ok(found) => {
                    self.whole = false;
                    notes.push(format!(
                        "{newest:#}: going on from the state before, {} ({} iterations done)",
                        self.before.display(),
                        found.0.progress.iterations
                    ));
                    (found, &self.before)
                }
                Err(older) => bail!(
                    "nothing to resume: {newest:#}, and {older:#}; bring back a copy of one of \
                     them, or begin anew with --overwrite in place of --resume"
                ),
            },
        };
        let (state, of) = found;
        notes.extend(admit(path, &of, identity, state.progress.iterations)?);
        self.newest = Some(state.progress.iterations);
        Ok((state, notes))
    }
}

/// The state that the first process of `team` begins from, `own` there, in all of them.
///
/// # Errors
/// If this process has other settings or other music than the first.
pub fn shared(team: &Team, own: Option<State>, identity: &Identity) -> Result<State> {
    let mut bytes = own.as_ref().map_or(Ok(vec![]), |state| state.to_bytes(identity))?;
    team.tell_bytes(&mut bytes);
    if let Some(own) = own {
        return Ok(own);
    }
    let (state, of) = State::parse(&bytes).context("what the first process told")?;
    let text = |settings: &Settings| serde_json::to_string(settings);
    ensure!(
        text(&of.settings)? == text(&identity.settings)?,
        "process {} has other settings than the first: give all the same command and --config",
        team.rank()
    );
    ensure!(
        of.corpus == identity.corpus,
        "process {} finds other music under --data than the first: the same files must be on \
         every machine",
        team.rank()
    );
    Ok(state)
}

/// Digest, in lower-case hex, of pieces in their order: of what is trained on and what is held
/// out, and of the source of each if sources have weights.
pub fn corpus_digest(settings: &Settings, sides: [&[&Piece]; 2]) -> String {
    let mut hash = Sha256::new();
    for pieces in sides {
        hash.update((pieces.len() as u64).to_le_bytes());
        for piece in pieces {
            let source = if settings.data_weights.is_empty() { 0 } else { piece.source as u64 };
            hash.update(source.to_le_bytes());
            hash.update(piece.digest.as_bytes());
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Refuses a state of another run; tells of what changes on purpose, `done` iterations into it.
fn admit(path: &Path, of: &Identity, wanted: &Identity, done: u64) -> Result<Vec<String>> {
    let path = path.display();
    // Both through JSON, which may round numbers in their last bit.
    let new: Settings = serde_json::from_str(&serde_json::to_string(&wanted.settings)?)?;
    let old = &of.settings;
    ensure!(
        old.network == new.network,
        "{path} is of another network than the settings ask for: give the [network] that it was \
         begun with, or another --out, or begin anew with --overwrite in place of --resume"
    );
    let text = |value: &dyn std::fmt::Debug| format!("{value:?}").to_lowercase();
    let fixed = [
        ("--profile", text(&old.profile), text(&new.profile)),
        ("align", text(&old.align), text(&new.align)),
        ("average", text(&old.average), text(&new.average)),
        ("--seed", text(&old.seed), text(&new.seed)),
        ("heldout", text(&old.heldout), text(&new.heldout)),
        ("weights of --data", text(&old.data_weights), text(&new.data_weights)),
        ("--batch", text(&old.batch), text(&new.batch)),
        ("--steps", text(&old.steps), text(&new.steps)),
        ("clip", text(&old.clip), text(&new.clip)),
        ("--weighting", text(&old.weighting), text(&new.weighting)),
        ("--musician", text(&old.musician), text(&new.musician)),
        ("shares of the musician", text(&old.duet()), text(&new.duet())),
    ];
    let other: Vec<String> = fixed
        .iter()
        .filter(|(_, old, new)| old != new)
        .map(|(name, old, new)| format!("{name} {old} (now {new})"))
        .collect();
    ensure!(
        other.is_empty(),
        "{path} was begun with {}: a run goes on as it was begun; set these back, or give another \
         --out, or begin anew with --overwrite in place of --resume",
        other.join(", ")
    );
    let mut notes = vec![];
    match &of.corpus {
        None => notes.push(format!(
            "{path} does not tell what music it was trained on: make sure that --data names the \
             same"
        )),
        digest => ensure!(
            *digest == wanted.corpus,
            "{path} was trained on other music than --data now holds, or on the same in another \
             order: pieces held out would mix with those trained on; bring the files back, or \
             give another --out, or begin anew with --overwrite in place of --resume"
        ),
    }
    let mut told = vec![
        ("learning_rate", text(&old.learning_rate), text(&new.learning_rate)),
        ("cooldown", text(&old.cooldown), text(&new.cooldown)),
        ("weight_decay", text(&old.weight_decay), text(&new.weight_decay)),
        ("dropout", text(&old.dropout), text(&new.dropout)),
        ("transpose", text(&old.transpose), text(&new.transpose)),
        ("--device", text(&old.device), text(&new.device)),
        ("--backend", text(&old.backend), text(&new.backend)),
    ];
    if done < old.warmup.max(new.warmup) {
        told.push(("warmup", text(&old.warmup), text(&new.warmup)));
    }
    if old.cooldown > 0.0 && new.cooldown > 0.0 {
        told.push(("iterations", text(&old.iterations), text(&new.iterations)));
        told.push(("minutes", text(&old.minutes), text(&new.minutes)));
    }
    if new.backend == BackendKind::Candle && new.device == DeviceKind::Cpu {
        told.push(("threads", text(&old.threads), text(&new.threads)));
    }
    let told = told.iter().filter(|(_, old, new)| old != new);
    notes.extend(told.map(|(name, old, new)| {
        format!(
            "going on with {name} {new} instead of {old}: the network will be another one than that \
             of a run without this change"
        )
    }));
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::players::Rule;
    use crate::settings::{Profile, Weighting};

    fn identity(change: impl FnOnce(&mut Settings)) -> Identity {
        let mut settings = Settings { cooldown: 0.5, warmup: 100, ..Settings::default() };
        change(&mut settings);
        Identity { settings, corpus: Some("music".to_owned()) }
    }

    fn admitted(done: u64, change: impl FnOnce(&mut Settings)) -> Result<Vec<String>> {
        admit(Path::new("m.last.state"), &identity(|_| {}), &identity(change), done)
    }

    #[test]
    fn what_decides_the_weights_must_be_as_it_was() {
        type Change = fn(&mut Settings);
        let changes: [(&str, Change); 14] = [
            ("[network]", |s| s.network.time = vec![7]),
            ("--profile", |s| s.profile = Profile::Benchmark),
            ("align", |s| s.align += 1),
            ("average", |s| s.average = 0.5),
            ("--seed", |s| s.seed += 1),
            ("heldout", |s| s.heldout /= 2.0),
            ("weights of --data", |s| s.data_weights = vec![1.0, 2.0]),
            ("--batch", |s| s.batch += 1),
            ("--steps", |s| s.steps += 1),
            ("clip", |s| s.clip *= 2.0),
            ("--weighting", |s| s.weighting = Weighting::Length),
            ("--musician", |s| s.musician = Rule::Top),
            ("shares of the musician", |s| s.nobody = 0.9),
            ("shares of the musician", |s| s.late_hands = 0.9),
        ];
        for (name, change) in changes {
            let told = format!("{:#}", admitted(7, change).expect_err(name));
            assert!(told.contains(name) && told.contains("m.last.state"), "{name}: {told}");
        }
        let mut other = identity(|_| {});
        other.corpus = Some("other music".to_owned());
        let told = admit(Path::new("m.last.state"), &identity(|_| {}), &other, 7);
        assert!(format!("{:#}", told.expect_err("other music")).contains("other music"));
    }

    #[test]
    fn what_may_change_is_told_if_the_network_will_be_another_one_for_it() {
        assert!(admitted(7, |_| {}).expect("the same").is_empty());
        type Change = fn(&mut Settings);
        let quiet: [Change; 5] = [
            |s| s.threads = 3,
            |s| s.patience += 1,
            |s| s.evaluate_every += 1,
            |s| s.sample_every += 1,
            |s| s.licence = "CC0".to_owned(),
        ];
        for change in quiet {
            assert!(admitted(7, change).expect("it may change").is_empty());
        }
        let told: [(&str, Change); 7] = [
            ("learning_rate", |s| s.learning_rate /= 2.0),
            ("cooldown", |s| s.cooldown = 0.25),
            ("weight_decay", |s| s.weight_decay = 0.5),
            ("dropout", |s| s.dropout = 0.25),
            ("transpose", |s| s.transpose = [0, 0]),
            ("warmup", |s| s.warmup += 1),
            ("iterations", |s| s.iterations += 1),
        ];
        for (name, change) in told {
            let notes = admitted(7, change).expect("it may change");
            assert!(notes.len() == 1 && notes[0].contains(name), "{name}: {notes:?}");
        }
        // The warm-up is over, and what has no cooldown does not depend on its end.
        assert!(admitted(101, |s| s.warmup -= 1).expect("it may change").is_empty());
        let constant = |change: Change| {
            let [was, is] = [|_: &mut Settings| {}, change].map(|change| {
                identity(|s| {
                    s.cooldown = 0.0;
                    change(s);
                })
            });
            admit(Path::new("m.last.state"), &was, &is, 7).expect("it may change")
        };
        assert!(constant(|s| s.iterations += 1).is_empty());
        // A state of the first format does not tell of its music.
        let first = Identity { corpus: None, ..identity(|_| {}) };
        let notes = admit(Path::new("m.last.state"), &first, &identity(|_| {}), 7).expect("read");
        assert!(notes[0].contains("--data"), "{notes:?}");
    }
}
