//! `cargo xtask bench train`: an iteration of training here and in PyTorch, side by side.

pub mod ours;
pub mod report;
pub mod segments;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anacrusis::model::{Checkpoint, Config};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use self::report::{Figures, Report, Run};
use self::segments::Segments;
use super::peer::Peer;
use super::{network, python};
use xtask::workspace;

/// Time an iteration of training here and in PyTorch, on the same threads
///
/// An iteration is the gradient of a batch with dropout, clipping and a step of Adam. Both
/// begin with the same weights and learn the same segments, each in a process of its own, in
/// rounds that take turns; before the rounds both tell loss and norm of the gradient without
/// dropout, which must agree. PyTorch is installed on first use, below cargo's target folder;
/// if it cannot be had, that is said and our own figures are told alone.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  cargo xtask bench train
  cargo xtask bench train --threads 1,2,4 --rounds 20 --json > training.json
  cargo xtask bench train --data my-midi --batch 16 --network 300,300/100,50
  cargo xtask bench train --only-ours --features 2

The table has medians over the rounds of the time that went by, the fastest round, the
processor time of all threads together (which others on a busy machine do not lengthen), and
on Linux the most memory each process took, with what of it was there before the work. The
first run installs PyTorch (200 MB from its makers' index; where only PyPI can be reached, on
Linux, 2.6 GB) and builds the trainer. The exit status is not 0 if the two did not compute
the same.")]
pub struct Args {
    /// Numbers of threads to measure, one after the other
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,2", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Vec<u16>,
    /// Rounds that are counted, after one that is not
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
    /// Segments of the batch
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub batch: u32,
    /// Steps of a segment
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(2..=4096))]
    pub steps: u32,
    /// Units of the layers: those over time, a slash, those over the keys
    #[arg(long, value_name = "SIZES", default_value = "300,300/100,50", value_parser = sizes)]
    pub network: Config,
    /// Version of the features; in 2, of which PyTorch's side knows nothing, the top voice of
    /// every other segment is a musician's
    #[arg(long, value_name = "V", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=2))]
    pub features: u32,
    /// Folders and files with the music, instead of a few chorales
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub data: Vec<PathBuf>,
    /// Seed of the pseudo-random weights
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Leave PyTorch out
    #[arg(long)]
    pub only_ours: bool,
    /// Print JSON, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

/// What a peer of this benchmark is given on its command line.
#[derive(clap::Args, Clone, Debug)]
pub struct PeerArgs {
    /// The network (.safetensors)
    pub checkpoint: PathBuf,
    /// The segments (.json)
    pub segments: PathBuf,
    /// Threads to compute with
    pub threads: usize,
}

/// What a peer tells before the rounds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Beginning {
    /// Loss of the batch without dropout (model.md, section 5).
    pub loss: f64,
    /// Norm of its gradient over all tensors that are trained.
    pub norm: f64,
    /// Most memory that the process had taken before it read anything, in bytes.
    pub idle_bytes: Option<u64>,
}

/// What a peer tells of an iteration.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Iteration {
    /// Seconds that went by.
    pub seconds: f64,
    /// Seconds that the process computed, all its threads together.
    pub cpu_seconds: f64,
    /// Loss with dropout.
    pub loss: f64,
    /// Most memory that the process has taken so far, in bytes.
    pub peak_bytes: Option<u64>,
}

fn sizes(text: &str) -> Result<Config, String> {
    let list = |text: &str| -> Option<Vec<usize>> {
        text.split(',').map(|units| units.trim().parse().ok()).collect()
    };
    let both = text.split_once('/').and_then(|(time, note)| Some((list(time)?, list(note)?)));
    let (time, note) = both.ok_or("such as 300,300/100,50")?;
    let config = Config { time, note, ..Config::default() };
    config.validate().map_err(|error| error.to_string())?;
    Ok(config)
}

/// `cargo xtask bench train`.
///
/// # Errors
/// If the data is unusable, the trainer fails, or PyTorch did not compute the same.
pub fn run(args: &Args) -> Result<()> {
    let program = std::env::current_exe()?;
    let report = measure(args, &|| crate::process(&program, "iterations"))?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{}", report.table());
    }
    report.check()
}

/// Measures what `args` ask for, our side by the command that `ours` gives; progress goes to
/// standard error.
///
/// # Errors
/// If the data is unusable or our own process fails.
pub fn measure(args: &Args, ours: &dyn Fn() -> Command) -> Result<Report> {
    let data = match args.data.is_empty() {
        true => vec![workspace::root().join("tests/midi/chorales")],
        false => args.data.clone(),
    };
    let network = Config { features: args.features, ..args.network.clone() };
    let (batch, steps) = (args.batch as usize, args.steps as usize);
    let segments = Segments::read(&data, network.range(), batch, steps)?;
    let checkpoint = network::pseudo_random(network, 1.0, args.seed)?;
    let python = match (args.only_ours, args.features) {
        (true, _) => Err("not asked for".to_owned()),
        (false, 2..) => Err("it knows features of version 1 alone".to_owned()),
        _ => python::TORCH.ready().map_err(|error| format!("{error:#}")),
    };
    let files = Files::write(&checkpoint, &segments)?;
    let mut threads = BTreeMap::new();
    for &count in &args.threads {
        let theirs = || python.as_deref().map(torch).map_err(Clone::clone);
        let figures = side_by_side(args, &files, usize::from(count), ours, theirs())
            .with_context(|| format!("with --threads {count}"))?;
        threads.insert(count, figures);
    }
    Ok(Report {
        threads,
        batch: args.batch,
        steps: args.steps,
        keys: args.network.keys(),
        network: [args.network.time.clone(), args.network.note.clone()],
        rounds: args.rounds,
        instruction_set: anacrusis::model::kernel::InstructionSet::best().name(),
    })
}

/// PyTorch's side. The pools have as many threads as its command line says.
fn torch(python: &Path) -> Command {
    python::script(python, "train_with_torch.py")
}

/// What both sides are given.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn write(checkpoint: &Checkpoint, segments: &Segments) -> Result<Files> {
        let files = Files { folder: tempfile::tempdir().context("no temporary folder")? };
        let [network, batch] = files.paths();
        std::fs::write(network, checkpoint.to_bytes()).context("cannot write the network")?;
        std::fs::write(batch, segments.to_json()?).context("cannot write the segments")?;
        Ok(files)
    }

    fn paths(&self) -> [PathBuf; 2] {
        ["network.safetensors", "segments.json"].map(|name| self.folder.path().join(name))
    }
}

/// One side: its process, and what it told.
struct Side {
    peer: Peer,
    run: Run,
}

impl Side {
    fn start(mut command: Command, files: &Files, threads: usize) -> Result<Side> {
        command.args(files.paths()).arg(threads.to_string());
        for pool in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
            command.env(pool, threads.to_string());
        }
        let mut peer = Peer::start(command)?;
        let beginning = peer.ask("begin").context("it did not tell its loss")?;
        let version = peer.version.clone();
        let mut side = Side { peer, run: Run { version, beginning, iterations: Vec::new() } };
        // The first iteration takes what memory is kept from then on.
        side.round()?;
        side.run.iterations.clear();
        Ok(side)
    }

    fn round(&mut self) -> Result<()> {
        let iteration: Iteration = self.peer.ask("round").context("it did not tell its time")?;
        ensure!(iteration.loss.is_finite(), "its loss is {}", iteration.loss);
        self.run.iterations.push(iteration);
        Ok(())
    }
}

/// The rounds with one number of threads. Each side's process is there for them alone, so
/// that its memory is theirs.
fn side_by_side(
    args: &Args,
    files: &Files,
    threads: usize,
    ours: &dyn Fn() -> Command,
    theirs: Result<Command, String>,
) -> Result<Figures> {
    eprintln!("threads: {threads}, rounds: {} ...", args.rounds);
    let mut ours = Side::start(ours(), files, threads).context("our trainer")?;
    let mut theirs = theirs.and_then(|command| {
        Side::start(command, files, threads).map_err(|error| format!("{error:#}"))
    });
    for round in 0..args.rounds {
        // Who goes first alternates: neither always follows the other's heat.
        let ours_first = round % 2 == 0;
        if ours_first {
            ours.round()?;
        }
        if let Ok(side) = &mut theirs
            && let Err(error) = side.round()
        {
            theirs = Err(format!("{error:#}"));
        }
        if !ours_first {
            ours.round()?;
        }
    }
    Ok(Figures::of(&ours.run, theirs.as_ref().map(|side| &side.run).map_err(String::as_str)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_sizes_are_two_lists() {
        let config = sizes("300, 200/100").expect("sizes");
        assert_eq!((config.time, config.note), (vec![300, 200], vec![100]));
        for wrong in ["300", "300/", "/100", "300/x", "0/10", "3,,4/5", "1000000/2"] {
            assert!(sizes(wrong).is_err(), "{wrong}");
        }
    }
}
