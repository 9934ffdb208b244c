//! What a run tells: a progress bar on a terminal, plain lines otherwise, and a line of JSON
//! for every evaluation.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use crate::files;

/// Seconds between plain lines.
const EVERY: Duration = Duration::from_secs(30);

/// One line of the metrics file.
#[derive(Clone, Debug, Serialize)]
pub struct Metrics {
    /// Iterations done.
    pub iteration: u64,
    /// Seconds trained, evaluations included.
    pub seconds: f64,
    /// Step size in force.
    pub learning_rate: f64,
    /// Running mean of the training loss (seed scale, dropout on).
    pub train_loss: f64,
    /// Norm of the last gradient before clipping.
    pub gradient_norm: f64,
    /// Share of all iterations in which the gradient was clipped.
    pub clipped: f64,
    /// Held-out steps looked at.
    pub heldout_steps: u64,
    /// Held-out nats per step.
    pub nats_step: f64,
    /// Of these the play bits.
    pub play_nats_step: f64,
    /// Of these the articulation bits.
    pub art_nats_step: f64,
    /// Whether this is the best so far.
    pub best: bool,
}

/// The voice of a run. All of it goes to stderr but the metrics.
pub struct Report {
    bar: Option<ProgressBar>,
    metrics: File,
    heldout: String,
    begun: Instant,
    begun_at: f64,
    spoke: Instant,
}

impl Report {
    /// Opens the metrics file, going on with an old one after `resumed` iterations if that is
    /// given, and begins at `share` (0..1) of the run.
    ///
    /// # Errors
    /// If the metrics file cannot be opened or shortened.
    pub fn begin(metrics: &Path, resumed: Option<u64>, share: f64) -> Result<Report> {
        if let Some(iteration) = resumed.filter(|_| metrics.exists()) {
            shorten(metrics, iteration)?;
        }
        let mut options = OpenOptions::new();
        let options = match resumed {
            Some(_) => options.append(true),
            None => options.write(true).truncate(true),
        };
        let metrics = options
            .create(true)
            .open(metrics)
            .with_context(|| format!("cannot write the metrics to {}", metrics.display()))?;
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}");
            ProgressBar::new(10_000).with_style(style.unwrap_or(ProgressStyle::default_bar()))
        });
        let now = Instant::now();
        let heldout = "-".to_owned();
        Ok(Report { bar, metrics, heldout, begun: now, begun_at: share, spoke: now })
    }

    /// Says something that stays on the screen.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    /// After an iteration, at `share` (0..1) of the run.
    pub fn iteration(&mut self, iteration: u64, loss: f64, share: f64) {
        let done = (share - self.begun_at).max(1e-9);
        let left = self.begun.elapsed().as_secs_f64() * (1.0 - share).max(0.0) / done;
        let text = format!(
            "iteration {iteration}  loss {loss:.5}  held-out {} nats/step  ETA {}",
            self.heldout,
            hours(left)
        );
        match &self.bar {
            Some(bar) => {
                bar.set_message(text);
                // A share of ten thousand fits.
                bar.set_position((share.clamp(0.0, 1.0) * 10_000.0) as u64);
            }
            None if self.spoke.elapsed() >= EVERY => {
                self.spoke = Instant::now();
                eprintln!("{text}");
            }
            None => {}
        }
    }

    /// After an evaluation.
    ///
    /// # Errors
    /// If the metrics file cannot be written.
    pub fn evaluation(&mut self, metrics: &Metrics) -> Result<()> {
        self.heldout = format!("{:.3}", metrics.nats_step);
        self.say(&format!(
            "{}  iteration {}: loss {:.5}, held-out {:.4} nats/step (play {:.4}, articulate {:.4}){}",
            hours(metrics.seconds),
            metrics.iteration,
            metrics.train_loss,
            metrics.nats_step,
            metrics.play_nats_step,
            metrics.art_nats_step,
            if metrics.best { ", best" } else { "" }
        ));
        let line = serde_json::to_string(metrics)? + "\n";
        self.metrics.write_all(line.as_bytes()).context("cannot write the metrics")
    }

    /// Ends the bar.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Cuts off what a metrics file says of iterations that will be done again, and a last line
/// that was not written to its end.
fn shorten(path: &Path, iteration: u64) -> Result<()> {
    #[derive(Deserialize)]
    struct Line {
        iteration: u64,
    }
    let old = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the metrics in {}", path.display()))?;
    let kept = |line: &&str| {
        let whole = line.ends_with('\n');
        whole && serde_json::from_str(line).is_ok_and(|line: Line| line.iteration <= iteration)
    };
    let new: String = old.split_inclusive('\n').filter(kept).collect();
    if new == old { Ok(()) } else { files::write(path, new.as_bytes()) }
}

fn hours(seconds: f64) -> String {
    // Saturates far beyond any run.
    let seconds = seconds as u64;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
