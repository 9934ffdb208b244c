//! `cargo xtask bench engine`: a step of the network in several engines, side by side.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::{Checkpoint, Config};
use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use super::peer::Peer;
use super::report::{self, Report, Theirs, Times, Told};
use super::round::{self, Player, Round, play};
use super::task::{TEMPERATURE, Task};
use super::{clock, network, peak, python};
use anacrusis_companion::model_file;

/// Time a step of the network here and in other engines, one thread each
///
/// Every engine gets the same weights, prompt and random numbers and generates freely from
/// them, in rounds that take turns. The table has medians in milliseconds: a whole step, its
/// time stack, its note stack, and of that the loop over the keys. Without --model the network
/// is the default one with pseudo-random weights that play about three notes. Python engines
/// are installed on first use, below cargo's target folder; one that cannot be had is skipped
/// and said why.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  cargo xtask bench engine
  cargo xtask bench engine --model models/classical.safetensors --json > speed.json
  cargo xtask bench engine --only ours,onnxruntime --rounds 40
  cargo xtask bench engine --only ours --instructions avx2

The first run installs ONNX Runtime (50 MB) and PyTorch (200 MB from its makers' index; where
only PyPI can be reached, on Linux, 2.6 GB), and builds the trainer for candle. The exit status
is not 0 if an engine chose other notes than ours for another reason than rounding.")]
pub struct Args {
    /// The network (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Steps of a round
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub steps: u32,
    /// Rounds that are counted, after one that is not
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
    /// Seed of the random numbers, and of the pseudo-random weights
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Engines that take part, all by default; ours always does
    #[arg(long, value_enum, value_name = "ENGINE", value_delimiter = ',', num_args = 1..)]
    pub only: Vec<Name>,
    /// Instructions of our engine: portable, avx2 or avx-512; by default the best
    #[arg(long, value_name = "SET", value_parser = instructions)]
    pub instructions: Option<InstructionSet>,
    /// Print JSON, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

/// Engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Name {
    /// The plugin's.
    Ours,
    /// ONNX Runtime, the note stack a `Scan`.
    Onnxruntime,
    /// candle's LSTM layers.
    Candle,
    /// PyTorch on the CPU, eager.
    Pytorch,
    /// PyTorch on the CPU, compiled by TorchScript.
    Torchscript,
}

impl Name {
    /// Those beside ours, in the order in which they take turns.
    pub const OTHERS: [Name; 4] =
        [Name::Onnxruntime, Name::Candle, Name::Pytorch, Name::Torchscript];

    /// As typed and as told in JSON.
    pub fn text(self) -> &'static str {
        match self {
            Name::Ours => "ours",
            Name::Onnxruntime => "onnxruntime",
            Name::Candle => "candle",
            Name::Pytorch => "pytorch",
            Name::Torchscript => "torchscript",
        }
    }

    /// Starts the process that plays it, after installing or building what it needs.
    fn start(self, checkpoint: &Path, task: &Path) -> Result<Peer> {
        let mut command = match self {
            Name::Ours => anyhow::bail!("our engine is no peer"),
            Name::Candle => crate::process(&std::env::current_exe()?, "peer"),
            Name::Onnxruntime => {
                python::script(&python::ONNX_RUNTIME.ready()?, "with_onnxruntime.py")
            }
            Name::Pytorch | Name::Torchscript => {
                python::script(&python::TORCH.ready()?, "with_torch.py")
            }
        };
        command.arg(checkpoint).arg(task);
        if self == Name::Torchscript {
            command.arg("script");
        }
        Peer::start(command)
    }
}

fn instructions(text: &str) -> Result<InstructionSet, String> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let names: Vec<&str> = InstructionSet::available().map(InstructionSet::name).collect();
    InstructionSet::available()
        .find(|set| plain(set.name()) == plain(text))
        .ok_or_else(|| format!("this processor has {}", names.join(", ")))
}

/// One that takes part, or took part until it failed.
struct Other {
    name: Name,
    peer: Result<Peer>,
    rounds: Vec<Round>,
}

/// `cargo xtask bench engine`.
///
/// # Errors
/// If the model is unusable, or an engine chose other notes for another reason than rounding.
pub fn run(args: &Args) -> Result<()> {
    let report = measure(args)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{}", report.table());
    }
    for (name, told) in &report.engines {
        if let Told::Theirs(Theirs { difference: Some(difference), .. }) = told {
            ensure!(difference.rounding, "{name} did not play the same network: {difference}");
        }
    }
    Ok(())
}

/// Measures what `args` ask for; progress goes to standard error.
///
/// # Errors
/// If the model is unusable or our own engine's rounds differ.
pub fn measure(args: &Args) -> Result<Report> {
    let checkpoint = match &args.model {
        Some(path) => model_file::read(path)?,
        None => network::pseudo_random(Config::default(), TEMPERATURE, args.seed)?,
    };
    let steps = args.steps as usize;
    let task = Task::new(&checkpoint, steps, args.seed);
    let set = args.instructions.unwrap_or_else(InstructionSet::best);
    let mut others = start(args, &checkpoint, &task)?;
    let mut whole = round::Ours::new(&checkpoint, set, false);
    let mut prepared = round::Ours::new(&checkpoint, set, true);
    let (mut ours, mut apart, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..=args.rounds {
        for other in others.iter_mut().filter(|other| other.peer.is_ok()) {
            ours.push(play(&mut whole, &task)?);
            if let Ok(peer) = &mut other.peer {
                match peer.round(steps) {
                    Ok(round) => other.rounds.push(round),
                    Err(error) => other.peer = Err(error),
                }
            }
        }
        ours.push(play(&mut whole, &task)?);
        apart.push(play(&mut prepared, &task)?);
        peaks.push(peak_now(set));
        if number == 0 {
            // The first round warms caches and what engines compile when first used.
            ours.clear();
            apart.clear();
            peaks.clear();
            others.iter_mut().for_each(|other| other.rounds.clear());
        }
    }
    let same = |round: &Round| round.chords == ours[0].chords;
    ensure!(ours.iter().chain(&apart).all(same), "our own engine's rounds differ: a bug in it");
    let told_ours = report::Ours::of(&ours, &apart);
    let engines = tell(others, &told_ours, &ours[0], checkpoint.config())?;
    let (peak, flops) = (report::median(peaks), network::step_flops(checkpoint.config()));
    let notes: u32 =
        ours[0].chords.iter().map(|chord| Ok(chord.chord()?.len())).sum::<Result<u32>>()?;
    Ok(Report {
        engines,
        fma_peak_share: flops / (told_ours.times.ms * 1e-3) / peak,
        fma_peak_gflops: peak * 1e-9,
        step_mflop: flops * 1e-6,
        instruction_set: set.name(),
        model: checkpoint.digest().to_owned(),
        steps,
        rounds: args.rounds as usize,
        notes_per_step: f64::from(notes) / steps as f64,
    })
}

/// Starts all that take part, each on checkpoint and task from a folder that they have read
/// when this returns.
fn start(args: &Args, checkpoint: &Checkpoint, task: &Task) -> Result<Vec<Other>> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let paths = ["network.safetensors", "task.json"].map(|name| folder.path().join(name));
    std::fs::write(&paths[0], checkpoint.to_bytes()).context("cannot write the network")?;
    std::fs::write(&paths[1], task.to_json()?).context("cannot write the task")?;
    let one = |name: Name| {
        let wanted = args.only.is_empty() || args.only.contains(&name);
        let peer = match wanted {
            true => name.start(&paths[0], &paths[1]),
            false => Err(anyhow::anyhow!("not asked for")),
        };
        Other { name, peer, rounds: Vec::new() }
    };
    Ok(Name::OTHERS.into_iter().map(one).collect())
}

fn tell(
    others: Vec<Other>,
    ours: &report::Ours,
    our_round: &Round,
    config: &Config,
) -> Result<BTreeMap<&'static str, Told>> {
    let mut engines = BTreeMap::from([(Name::Ours.text(), Told::Ours(*ours))]);
    let times: &Times = &ours.times;
    for other in others {
        let told = match &other.peer {
            Err(error) => Told::Skipped { skipped: format!("{error:#}") },
            Ok(peer) => {
                let rounds = &other.rounds;
                Told::Theirs(Theirs::of(rounds, times, our_round, config, &peer.version)?)
            }
        };
        engines.insert(other.name.text(), told);
    }
    Ok(engines)
}

/// The chords that a player and our engine choose, to be compared.
///
/// # Errors
/// If either fails.
pub fn compare(
    player: &mut dyn Player,
    checkpoint: &Checkpoint,
    task: &Task,
) -> Result<Option<report::Difference>> {
    let mut ours = round::Ours::new(checkpoint, InstructionSet::best(), false);
    report::differs(&play(player, task)?, &play(&mut ours, task)?, checkpoint.config())
}

/// Floating-point operations per second (a multiplication with its addition counts as two)
/// that this thread reached just now, in a few milliseconds of nothing else.
fn peak_now(set: InstructionSet) -> f64 {
    const ROUNDS: usize = 400_000;
    let start = clock::seconds();
    peak::multiply_add(set, ROUNDS);
    (peak::flop(set) * ROUNDS) as f64 / (clock::seconds() - start)
}
