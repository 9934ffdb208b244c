//! `anacrusis inspect`: what a model is and how it was made, or what music is and what
//! training would make of it.

mod data;
mod figures;
mod model;
mod reading;
mod shared;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ArgGroup;

use crate::source::Source;

/// Tell what a model is and how it was made, or what a folder of music holds
///
/// With --data: how much of the music is read, pieces, works (copies, parts and arrangements of
/// one count once), metres, parts, what had to be mended, how many notes sound, what was skipped
/// and why, and what training would hold out.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  anacrusis inspect --model models/classical.safetensors
  anacrusis inspect --model models/classical.safetensors --json | jq .made.command
  anacrusis inspect --data my-midi --verbose
  anacrusis inspect --data data/pop data/leadsheets --config models/pop.toml --json
  anacrusis inspect --data generated.mid --against data/classical")]
#[command(group(ArgGroup::new("what").args(["model", "data"]).required(true)))]
pub struct Args {
    /// The model (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Folders (with all below them) and files of music: MIDI, or rolls as JSON. Weights, as
    /// `train` takes them, are allowed and change nothing here
    #[arg(long, num_args = 1.., value_name = "PATH[=WEIGHT]", value_parser = Source::parser())]
    pub data: Vec<Source>,
    /// Other music, such as that a model learnt from: tells the longest stretch of --data that
    /// stands in it step for step, as it is and in any key
    #[arg(long, num_args = 1.., value_name = "PATH", requires = "data")]
    pub against: Vec<PathBuf>,
    /// Settings of the training that the music is for, as TOML
    #[arg(long, value_name = "FILE", requires = "data")]
    pub config: Option<PathBuf>,
    /// Seed of the split
    #[arg(long, value_name = "S", requires = "data")]
    pub seed: Option<u64>,
    /// Take music whose notes follow no sixteenths, too
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true",
        requires = "data")]
    pub any_grid: Option<bool>,
    /// Whether the sustain pedal lengthens notes
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true",
        requires = "data")]
    pub pedal: Option<bool>,
    /// Name every skipped file, every copy and every piece held out
    #[arg(long, requires = "data")]
    pub verbose: bool,
    /// Read every file anew, not from the cache of files read before, and write none
    #[arg(long, requires = "data")]
    pub no_cache: bool,
    /// Print JSON, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

/// `anacrusis inspect`.
///
/// # Errors
/// If the model or all of the music is unusable; says why.
pub fn run(args: &Args) -> Result<()> {
    match &args.model {
        Some(path) if args.data.is_empty() => model::run(path, args.json),
        None if !args.data.is_empty() => data::run(args),
        _ => bail!("name a model (--model FILE) or music (--data PATH), one of them"),
    }
}
