//! Another process that plays rounds: started, spoken to line by line, ended.
//!
//! It is given a checkpoint and a task, says `{"ready": VERSION}` once it has read them, and
//! then answers each line with a [`Round`] as one line of JSON, until its input ends.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use anacrusis::model::Checkpoint;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::round::{Player, Round, play};
use super::task::Task;
use anacrusis_companion::model_file;

/// A peer that says nothing for so long is ended and skipped.
const PATIENCE: Duration = Duration::from_secs(180);

/// What a peer is given on its command line.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The network (.safetensors)
    pub checkpoint: PathBuf,
    /// The task (.json)
    pub task: PathBuf,
}

#[derive(Deserialize)]
struct Ready {
    ready: String,
}

/// A peer at work.
pub struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<std::io::Result<String>>,
    errors: File,
    /// What the peer says of itself.
    pub version: String,
}

impl Peer {
    /// Starts a peer and waits until it is ready.
    ///
    /// # Errors
    /// If it cannot be started, ends, or does not get ready in time; with its last words.
    pub fn start(mut command: Command) -> Result<Peer> {
        let errors = tempfile::tempfile().context("no temporary file")?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone()?)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("a peer without output")?;
        // It never holds more than the answer asked for.
        let (send, lines) = sync_channel(1);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        let mut peer = Peer { child, input, lines, errors, version: String::new() };
        let hello = peer.line()?;
        let ready: Ready =
            serde_json::from_str(&hello).with_context(|| format!("it said {hello:?}"))?;
        peer.version = ready.ready;
        Ok(peer)
    }

    /// Lets it play a round.
    ///
    /// # Errors
    /// If it ends, takes too long or answers something else.
    pub fn round(&mut self, steps: usize) -> Result<Round> {
        let round: Round = self.ask("round").context("it did not answer a round")?;
        let lengths = [round.step_ms.len(), round.time_ms.len(), round.note_ms.len()];
        ensure!(
            round.chords.len() == steps && lengths == [steps; 3],
            "it played {} steps, not {steps}",
            round.chords.len()
        );
        Ok(round)
    }

    /// Sends it a line and reads its answer.
    ///
    /// # Errors
    /// If it ends, takes too long or answers something else.
    pub fn ask<T: DeserializeOwned>(&mut self, line: &str) -> Result<T> {
        let input = self.input.as_mut().context("its input is closed")?;
        let asked = writeln!(input, "{line}").and_then(|()| input.flush());
        let answer = self.line()?;
        asked.context("cannot write to it")?;
        Ok(serde_json::from_str(&answer)?)
    }

    fn line(&mut self) -> Result<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line.context("cannot read from it"),
            Err(RecvTimeoutError::Timeout) => bail!("no answer in {} s", PATIENCE.as_secs()),
            Err(RecvTimeoutError::Disconnected) => bail!("it ended: {}", self.last_words()),
        }
    }

    /// The last line of its error output that is not blank.
    fn last_words(&mut self) -> String {
        let mut text = Vec::new();
        let read = self.errors.rewind().and_then(|()| self.errors.read_to_end(&mut text));
        let text = String::from_utf8_lossy(&text);
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        match (read, last) {
            (Ok(_), Some(line)) => line.trim().to_owned(),
            _ => "without a word".to_owned(),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The end of its input ends a peer; one that hangs is killed. A process that has
        // ended already is no error.
        drop(self.input.take());
        for _ in 0..20 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is a peer: plays with the engine that `make` gives, as told on standard input.
///
/// # Errors
/// If checkpoint or task are unusable, or the engine fails.
pub fn serve(
    args: &Args,
    version: &str,
    make: impl FnOnce(&Checkpoint) -> Result<Box<dyn Player>>,
) -> Result<()> {
    let checkpoint = model_file::read(&args.checkpoint)?;
    let task = read_task(&args.task)?;
    let mut player = make(&checkpoint)?;
    println!("{}", serde_json::json!({ "ready": version }));
    for line in std::io::stdin().lines() {
        line?;
        println!("{}", serde_json::to_string(&play(player.as_mut(), &task)?)?);
    }
    Ok(())
}

fn read_task(path: &Path) -> Result<Task> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Task::from_json(&bytes).with_context(|| format!("{}", path.display()))
}
