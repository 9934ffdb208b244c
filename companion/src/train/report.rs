//! What a run tells: a progress bar on a terminal, plain lines otherwise, a line of JSON for
//! every evaluation, and curves for TensorBoard.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use super::memory::{Held, Own, shown};
use super::tensorboard::Log;
use crate::files;

/// Between plain lines.
const EVERY: Duration = Duration::from_secs(30);

/// Between looks at the memory.
const LOOK: Duration = Duration::from_millis(500);

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
    /// Held-out nats per step of the accompaniment of a musician who is known in the step itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_nats_step: Option<f64>,
    /// The same where they are known a step late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_nats_step: Option<f64>,
    /// Whether this is the best so far.
    pub best: bool,
    /// Segments trained on in a second, since the last evaluation and without it.
    pub segments_per_second: f64,
    /// Bytes of memory held, where the system tells.
    pub memory_bytes: Option<u64>,
    /// The most so far.
    pub memory_peak_bytes: Option<u64>,
}

/// What an iteration tells.
#[derive(Clone, Copy, Debug)]
pub struct Iteration {
    /// How many are done.
    pub number: u64,
    /// Its own loss (seed scale, dropout on).
    pub loss: f64,
    /// Running mean of that.
    pub mean_loss: f64,
    /// Norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Step size that followed it.
    pub learning_rate: f64,
    /// Segments in it.
    pub segments: usize,
    /// Seconds that it took.
    pub seconds: f64,
    /// How much of the run is over, 0 to 1.
    pub share: f64,
}

/// The voice of a run. All of it goes to stderr but metrics and curves.
pub struct Report {
    bar: Option<ProgressBar>,
    /// None says nothing at all.
    metrics: Option<File>,
    curves: Option<Log>,
    heldout: String,
    begun: Instant,
    begun_at: f64,
    spoke: Instant,
    pace: Pace,
    memory: Memory,
}

impl Report {
    /// Opens the metrics file, going on with an old one after `resumed` iterations if that is
    /// given, and begins at `share` (0..1) of the run.
    ///
    /// # Errors
    /// If the metrics file cannot be opened or shortened.
    pub fn begin(
        metrics: &Path,
        curves: Option<Log>,
        resumed: Option<u64>,
        share: f64,
    ) -> Result<Report> {
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
        Ok(Report::of(Some(metrics), curves, share))
    }

    /// The voice of a process that does not lead: it says and writes nothing.
    pub fn silent() -> Report {
        Report::of(None, None, 0.0)
    }

    fn of(metrics: Option<File>, curves: Option<Log>, share: f64) -> Report {
        let terminal = metrics.is_some() && std::io::stderr().is_terminal();
        let bar = terminal.then(|| {
            let style =
                ProgressStyle::with_template("{bar:40} {percent:>3}%  {prefix}\n{wide_msg}");
            ProgressBar::new(10_000).with_style(style.unwrap_or(ProgressStyle::default_bar()))
        });
        let now = Instant::now();
        Report {
            bar,
            metrics,
            curves,
            heldout: "-".to_owned(),
            begun: now,
            begun_at: share,
            spoke: now,
            pace: Pace::default(),
            memory: Memory::new(),
        }
    }

    /// Says something that stays on the screen.
    pub fn say(&self, text: &str) {
        match &self.bar {
            _ if self.metrics.is_none() => {}
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    /// After an iteration.
    pub fn iteration(&mut self, done: Iteration) {
        self.pace.add(done.segments, done.seconds);
        let rate = done.segments as f64 / done.seconds.max(1e-9);
        let part = (done.share - self.begun_at).max(1e-9);
        let left = self.begun.elapsed().as_secs_f64() * (1.0 - done.share).max(0.0) / part;
        self.curve(|log| {
            let numbers = [
                ("train/loss", done.loss),
                ("train/gradient_norm", done.gradient_norm),
                ("train/learning_rate", done.learning_rate),
                ("train/segments_per_second", rate),
            ];
            log.numbers(done.number, &numbers)
        });
        let due = self.bar.is_some() || self.spoke.elapsed() >= EVERY;
        if !due || self.metrics.is_none() {
            return;
        }
        let (rate, memory) = (self.pace.mean(), self.memory.held(LOOK));
        let text = figures(done.number, done.mean_loss, &self.heldout, rate, memory);
        let eta = format!("ETA {}", hours(left));
        match &self.bar {
            Some(bar) => {
                bar.set_prefix(eta);
                bar.set_message(text);
                // A share of ten thousand fits.
                bar.set_position((done.share.clamp(0.0, 1.0) * 10_000.0) as u64);
            }
            None => {
                self.spoke = Instant::now();
                eprintln!("{text}  {eta}");
            }
        }
    }

    /// After an evaluation; adds what is known here.
    ///
    /// # Errors
    /// If the metrics file cannot be written.
    pub fn evaluation(&mut self, mut metrics: Metrics) -> Result<()> {
        if self.metrics.is_none() {
            return Ok(());
        }
        metrics.segments_per_second = self.pace.mean();
        let memory = self.memory.held(Duration::ZERO);
        metrics.memory_bytes = memory.map(|held| held.resident);
        metrics.memory_peak_bytes = memory.map(|held| held.peak);
        self.heldout = format!("{:.3}", metrics.nats_step);
        let duet = metrics.known_nats_step.zip(metrics.late_nats_step);
        let duet = duet.map_or(String::new(), |(known, late)| {
            format!(", for a musician {known:.4} (a step late {late:.4})")
        });
        self.say(&format!(
            "{}  iteration {}: loss {:.5}, held-out {:.4} nats/step (play {:.4}, articulate {:.4}){duet}{}",
            hours(metrics.seconds),
            metrics.iteration,
            metrics.train_loss,
            metrics.nats_step,
            metrics.play_nats_step,
            metrics.art_nats_step,
            if metrics.best { ", best so far" } else { "" }
        ));
        self.curve(|log| {
            let numbers = [
                ("heldout/nats_per_step", metrics.nats_step),
                ("heldout/play_nats_per_step", metrics.play_nats_step),
                ("heldout/articulate_nats_per_step", metrics.art_nats_step),
            ];
            log.numbers(metrics.iteration, &numbers)
        });
        let line = serde_json::to_string(&metrics)? + "\n";
        if let Some(file) = &mut self.metrics {
            file.write_all(line.as_bytes()).context("cannot write the metrics")?;
        }
        self.pace = Pace::default();
        Ok(())
    }

    /// After a sample of which `png` is the picture.
    pub fn sample(&mut self, iteration: u64, png: &[u8]) {
        self.curve(|log| log.picture(iteration, "sample", png));
    }

    /// The settings, as text, before the iteration that follows `done` ones.
    pub fn settings(&mut self, done: u64, text: &str) {
        // The step that a resumed run voids.
        self.curve(|log| log.text(done + 1, "settings", text));
    }

    /// Adds to the curves; if that fails, does so no more.
    fn curve(&mut self, add: impl FnOnce(&mut Log) -> std::io::Result<()>) {
        if let Some(Err(error)) = self.curves.as_mut().map(add) {
            self.curves = None;
            self.say(&format!("cannot write for TensorBoard: {error}; going on without"));
        }
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

/// Segments over time, without what comes between iterations.
#[derive(Default)]
struct Pace {
    segments: usize,
    seconds: f64,
}

impl Pace {
    fn add(&mut self, segments: usize, seconds: f64) {
        self.segments += segments;
        self.seconds += seconds;
    }

    fn mean(&self) -> f64 {
        self.segments as f64 / self.seconds.max(1e-9)
    }
}

/// Memory of this process, looked at now and then.
struct Memory {
    own: Option<Own>,
    seen: Option<(Instant, Held)>,
}

impl Memory {
    fn new() -> Memory {
        Memory { own: Own::new(), seen: None }
    }

    /// What was held at most `age` ago.
    fn held(&mut self, age: Duration) -> Option<Held> {
        if let Some((at, held)) = self.seen
            && at.elapsed() < age
        {
            return Some(held);
        }
        let held = self.own.as_mut()?.held()?;
        self.seen = Some((Instant::now(), held));
        Some(held)
    }
}

/// The line of progress.
fn figures(
    iteration: u64,
    loss: f64,
    heldout: &str,
    segments_per_second: f64,
    memory: Option<Held>,
) -> String {
    let memory = memory.map_or(String::new(), |held| {
        format!("  {} (peak {})", shown(held.resident), shown(held.peak))
    });
    format!(
        "iteration {iteration}  loss {loss:.5}  held-out {heldout}  {segments_per_second:.1} \
         segments/s{memory}"
    )
}

fn hours(seconds: f64) -> String {
    // Saturates far beyond any run.
    let seconds = seconds as u64;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_progress_tells_all() {
        let memory = Held { resident: 612_000_000, peak: 733_000_000 };
        let text = figures(12_345, 0.012_34, "5.123", 8.07, Some(memory));
        let told =
            "iteration 12345  loss 0.01234  held-out 5.123  8.1 segments/s  612 MB (peak 733 MB)";
        assert_eq!(text, told);
        assert!(figures(1, 0.5, "-", 0.0, None).ends_with("0.0 segments/s"));
    }
}
