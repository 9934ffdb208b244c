//! `cargo xtask train`: its arguments, and starting the binary `train` (feature `train`).
//!
//! Cargo is called again, because a running binary cannot be relinked and this one must not
//! contain candle.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::settings::{BackendKind, Settings, Weighting, portable};
use crate::source::{self, Source};

/// Train a network on MIDI files
///
/// Pieces are split into a part to train on and a part held out; OUT always holds the best
/// network so far by the held-out part, OUT with `.last` the newest. Ctrl-C saves and ends;
/// --resume goes on from there.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  cargo xtask train --data data/classical --out model.safetensors --minutes 60
  cargo xtask train --data data/jsb data/nottingham --out folk.safetensors \\
      --config models/classical.toml --iterations 20000 --seed 7
  cargo xtask train --data data/pop=1 data/leadsheets=0.5 --out pop.safetensors
  cargo xtask train --data data/classical --out model.safetensors --minutes 60 --resume")]
pub struct Args {
    /// Folders (with all below them) and files to train on: MIDI, or rolls as JSON. With
    /// weights, that is how often segments come from each: `a=1 b=0.5` gives two thirds from a
    /// and one from b, however many pieces they hold. Without any, all pieces count alike (see
    /// --weighting); where only some have one, the others have 1
    #[arg(long, required = true, num_args = 1.., value_name = "PATH[=WEIGHT]",
        value_parser = Source::parser())]
    pub data: Vec<Source>,
    /// Where the best checkpoint goes (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Settings as TOML; flags override them
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// End after so many iterations (in all, resumed ones included)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub iterations: Option<u64>,
    /// End after so many minutes (of this run)
    #[arg(long, value_name = "M")]
    pub minutes: Option<f64>,
    /// Go on from OUT with `.last.state`, written by an earlier run
    #[arg(long)]
    pub resume: bool,
    /// Seed of split, initial weights, segments and dropout
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Segments per batch
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,
    /// Steps (sixteenths) per segment
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,
    /// How pieces are drawn
    #[arg(long, value_name = "HOW")]
    pub weighting: Option<Weighting>,
    /// What computes: `fused` is fast, `candle` is there to compare with
    #[arg(long, value_name = "WHAT")]
    pub backend: Option<BackendKind>,
    /// Training threads; 0 is one for each core (as by default)
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Five-bar prompts of the corpus to store in the checkpoint, 0 to 16 (default 8); only
    /// done when --licence says that the corpus may be passed on
    #[arg(long, value_name = "N")]
    pub prompts: Option<usize>,
    /// Licence of corpus and weights with the attribution it asks for, told in the checkpoint
    #[arg(long, value_name = "TEXT")]
    pub licence: Option<String>,
    /// Name of the corpus, told in the checkpoint
    #[arg(long, value_name = "NAME")]
    pub corpus: Option<String>,
    /// Read every file anew, not from the cache of files read before, and write none
    #[arg(long)]
    pub no_cache: bool,
}

impl Args {
    /// Settings of the run: defaults, then the file, then flags.
    ///
    /// # Errors
    /// If the file is unusable or a value out of range.
    pub fn settings(&self) -> Result<Settings> {
        let mut settings = match &self.config {
            Some(path) => Settings::read(path)?,
            None => Settings::default(),
        };
        fn set<T: Clone>(setting: &mut T, flag: &Option<T>) {
            if let Some(value) = flag {
                *setting = value.clone();
            }
        }
        set(&mut settings.iterations, &self.iterations);
        set(&mut settings.seed, &self.seed);
        set(&mut settings.batch, &self.batch);
        set(&mut settings.steps, &self.steps);
        set(&mut settings.weighting, &self.weighting);
        set(&mut settings.backend, &self.backend);
        set(&mut settings.threads, &self.threads);
        set(&mut settings.prompts, &self.prompts);
        set(&mut settings.licence, &self.licence);
        set(&mut settings.corpus, &self.corpus);
        settings.minutes = self.minutes.or(settings.minutes);
        let weights = source::weights(&self.data);
        if !weights.is_empty() {
            settings.data_weights = weights;
        }
        let (weights, sources) = (settings.data_weights.len(), self.data.len());
        ensure!(
            weights == 0 || weights == sources,
            "data_weights has {weights} numbers, but --data names {sources} folders and files: \
             one for each, in the same order"
        );
        settings.validate()?;
        Ok(settings)
    }

    /// The command line as it may be told to others, without paths of this machine.
    pub fn portable_command(&self) -> String {
        let mut words = vec!["cargo xtask train --data".to_owned()];
        words.extend(self.data.iter().map(|source| {
            let weight = source.weight.map_or(String::new(), |weight| format!("={weight}"));
            quoted(&(portable(&source.path, 2) + &weight))
        }));
        words.push(format!("--out {}", quoted(&portable(&self.out, 1))));
        if let Some(path) = &self.config {
            words.push(format!("--config {}", quoted(&portable(path, 2))));
        }
        let flags = [
            ("iterations", self.iterations.map(|v| v.to_string())),
            ("minutes", self.minutes.map(|v| v.to_string())),
            ("seed", self.seed.map(|v| v.to_string())),
            ("batch", self.batch.map(|v| v.to_string())),
            ("steps", self.steps.map(|v| v.to_string())),
            ("weighting", self.weighting.map(|v| format!("{v:?}").to_lowercase())),
            ("backend", self.backend.map(|v| format!("{v:?}").to_lowercase())),
            ("threads", self.threads.map(|v| v.to_string())),
            ("prompts", self.prompts.map(|v| v.to_string())),
            ("licence", self.licence.as_deref().map(quoted)),
            ("corpus", self.corpus.as_deref().map(quoted)),
        ];
        for (name, value) in flags {
            words.extend(value.map(|value| format!("--{name} {value}")));
        }
        words.join(" ")
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// `cargo xtask train`: checks the command line and hands it to the binary `train`.
///
/// # Errors
/// If a setting is out of range or cargo cannot be started. If the trainer fails, this
/// process ends with its exit code.
pub fn run(args: &Args) -> Result<()> {
    args.settings()?;
    for Source { path, .. } in &args.data {
        ensure!(path.exists(), "--data {}: there is no such file or folder", path.display());
    }
    relaunch()
}

/// Runs this process's own command line in the binary `train`, in place of this process
/// where the system can do that, so that signals reach the trainer.
///
/// # Errors
/// If cargo cannot be started.
pub fn relaunch() -> Result<()> {
    let mut command = command();
    command.args(std::env::args_os().skip(1));
    replace_process(command).context("cannot start cargo for the trainer")
}

/// A call of the binary `train`, built if need be, to which its arguments are to be added.
pub fn command() -> Command {
    let mut command = cargo("run");
    command.arg("--");
    // The trainer has threads of its own; candle's pools would only get in the way.
    for pool in ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS"] {
        if std::env::var_os(pool).is_none() {
            command.env(pool, "1");
        }
    }
    command
}

/// Builds the binary `train`.
///
/// # Errors
/// If cargo cannot be started or fails; it says why on standard error.
pub fn build() -> Result<()> {
    let status = cargo("build").status().context("cannot start cargo for the trainer")?;
    ensure!(status.success(), "the trainer cannot be built");
    Ok(())
}

fn cargo(what: &str) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let mut command = Command::new(cargo);
    command
        .args([what, "--quiet", "--profile", "xtask", "-p", "xtask"])
        .args(["--bin", "train", "--features", "train", "--manifest-path"])
        .arg(manifest);
    command
}

#[cfg(unix)]
fn replace_process(mut command: Command) -> std::io::Result<()> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

#[cfg(not(unix))]
fn replace_process(mut command: Command) -> std::io::Result<()> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn flags_override_settings_and_the_command_can_be_told() {
        let cli = Cli::parse_from([
            "train",
            "--data",
            "/home/me/data/classical",
            "jsb=0.5",
            "--out",
            "/tmp/m.safetensors",
            "--seed",
            "3",
            "--batch",
            "9",
            "--licence",
            "CC BY-SA 3.0 DE, Someone's",
        ]);
        let settings = cli.args.settings().expect("good settings");
        assert_eq!((settings.seed, settings.batch, settings.steps), (3, 9, 128));
        assert_eq!(settings.data_weights, [1.0, 0.5]);
        assert_eq!(
            cli.args.portable_command(),
            "cargo xtask train --data data/classical jsb=0.5 --out m.safetensors --seed 3 --batch 9 \
             --licence 'CC BY-SA 3.0 DE, Someone'\\''s'"
        );
    }
}
