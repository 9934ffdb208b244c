//! The arguments of `anacrusis train`, its output files, and its rank among the processes of one
//! run. Needs no cargo feature, so that whatever starts the trainer can check them.

mod flags;
pub mod launcher;
mod outputs;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

pub use flags::Flags;
pub use outputs::{Lock, Outputs};

use crate::program;
use crate::settings::{Settings, portable};
use crate::source::{self, Source};

/// Train a network on MIDI files
///
/// Pieces are split into a part to train on and a part held out, by which the network is
/// judged. For `--out my.safetensors` there are then
///
///   my.safetensors       the best network so far: open it in the plugin
///   my.last.safetensors  the newest network
///   my.last.state        where the run stands, my.before.state where it stood before
///   my.metrics.jsonl     a line of figures for each evaluation
///   my.samples/          music of the network, as .mid and .png, by iteration
///
/// Ctrl-C saves and ends (a second one ends at once). The same command with --resume goes on
/// from my.last.state or, if that is damaged, from my.before.state.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
#[command(after_help = "Examples:
  anacrusis train --data my-midi --out my.safetensors --minutes 60
  anacrusis train --data my-midi --out my.safetensors --minutes 60 --resume
  anacrusis train --data songs=1 sheets=0.5 --out mixed.safetensors --patience 2000
  anacrusis train --print-config > my.toml      then change in it what you like, and
  anacrusis train --data my-midi --out my.safetensors --config my.toml --seed 7
  anacrusis train --data my-midi --out my.safetensors --tensorboard runs/my
  anacrusis train --data my-midi --out my.safetensors --from models/songs.safetensors \
      --config models/songs.toml
  anacrusis train --data my-midi --out my.safetensors --device cuda
  mpirun -n 4 anacrusis train --data my-midi --out my.safetensors --batch 16

The sizes of the network are set in the file of --config, under [network].

A resumed run goes on as it was begun: give the same --data, --config and flags again. More
--iterations, --minutes or --patience extend it; threads, evaluations and samples may change;
device, learning rate, warm-up, cooldown and dropout too, which is said, since the run then
ends elsewhere.")]
pub struct Args {
    /// Folders (with all below them) and files to train on: MIDI, or rolls as JSON. With
    /// weights, that is how often segments come from each: `a=1 b=0.5` gives two thirds from a
    /// and one from b, however many pieces they hold. Without any, all pieces count alike (see
    /// --weighting); where only some have one, the others have 1
    #[arg(long, required_unless_present = "print_config", num_args = 1..,
        value_name = "PATH[=WEIGHT]", value_parser = Source::parser())]
    pub data: Vec<Source>,
    /// Folders and files to hold out in place of a part of --data, on which nothing is trained
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub valid: Vec<PathBuf>,
    /// Where the best network goes (.safetensors)
    #[arg(long, value_name = "FILE", required_unless_present = "print_config")]
    pub out: Option<PathBuf>,
    /// Settings as TOML; flags override them
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Begin with the weights of this network, which must be of the same sizes. One of version 1 of
    /// the features becomes one of version 2 that plays as it did and can learn to listen
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Go on with the run whose state lies beside OUT
    #[arg(long, conflicts_with = "overwrite")]
    pub resume: bool,
    /// Begin anew even if there is something under the name of OUT already, and lose that
    #[arg(long)]
    pub overwrite: bool,
    /// Write the course of the run for TensorBoard to this folder, one of its own for each run
    /// (`tensorboard --logdir DIR` shows it); to be given again with --resume
    #[arg(long, value_name = "DIR")]
    pub tensorboard: Option<PathBuf>,
    /// Begin even if the memory will not do
    #[arg(long)]
    pub ignore_memory: bool,
    /// Read every file anew, not from the cache of files read before, and write none
    #[arg(long)]
    pub no_cache: bool,
    /// Print the settings as this command line gives them, every one with what it is, as TOML
    /// for --config; train nothing
    #[arg(long)]
    pub print_config: bool,
    /// Settings given one by one.
    #[command(flatten)]
    pub flags: Flags,
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
        self.flags.apply(&mut settings);
        settings.fit_network_to_profile();
        let weights = source::weights(&self.data);
        if !weights.is_empty() {
            settings.data_weights = weights;
        }
        let (weights, sources) = (settings.data_weights.len(), self.data.len());
        ensure!(
            weights == 0 || sources == 0 || weights == sources,
            "data_weights has {weights} numbers, but --data names {sources} folders and files: \
             one for each, in the same order"
        );
        settings.validate()?;
        Ok(settings)
    }

    /// Prints the settings as TOML for `--config`.
    ///
    /// # Errors
    /// As [`Args::settings`].
    pub fn print_config(&self) -> Result<()> {
        print!("{}", self.settings()?.to_toml()?);
        Ok(())
    }

    /// OUT; empty if nothing is to be trained.
    fn out(&self) -> &Path {
        self.out.as_deref().unwrap_or(Path::new(""))
    }

    /// Where the run writes.
    pub fn outputs(&self) -> Outputs {
        Outputs::of(self.out())
    }

    /// Finds out what can be found out before any music is read: settings, and whether all
    /// paths can be used.
    ///
    /// # Errors
    /// Says what is wrong, and what to do.
    pub fn check(&self) -> Result<Settings> {
        let settings = self.settings()?;
        let data = self.data.iter().map(|source| ("--data", &source.path));
        for (flag, path) in data.chain(self.valid.iter().map(|path| ("--valid", path))) {
            ensure!(
                path.exists(),
                "{flag} {}: there is no such file or folder: check the path",
                path.display()
            );
        }
        if let (Some(from), false) = (&self.from, self.resume) {
            ensure!(
                from.exists(),
                "--from {}: there is no such file: check the path",
                from.display()
            );
        }
        if launcher::place().leads() {
            self.outputs().check(self.resume, self.overwrite)?;
        }
        Ok(settings)
    }

    /// The command line as it may be told to others, without paths of this machine.
    pub fn portable_command(&self) -> String {
        self.words(program::NAME, &portable).join(" ")
    }

    /// The command line that goes on with this run, on this machine.
    pub fn resume_command(&self) -> String {
        let mut words = self.words(program::called_as(), &|path, _| path.display().to_string());
        if let Some(folder) = &self.tensorboard {
            words.push(format!("--tensorboard {}", quoted(&folder.display().to_string())));
        }
        let switches = [("--ignore-memory", self.ignore_memory), ("--no-cache", self.no_cache)];
        words.extend(switches.iter().filter(|(_, on)| *on).map(|(word, _)| (*word).to_owned()));
        words.push("--resume".to_owned());
        words.join(" ")
    }

    /// What decides the weights. `shown` tells of a path about so many of its last parts.
    fn words(&self, program: &str, shown: &dyn Fn(&Path, usize) -> String) -> Vec<String> {
        let mut words = vec![format!("{program} train --data")];
        words.extend(self.data.iter().map(|source| {
            let weight = source.weight.map_or(String::new(), |weight| format!("={weight}"));
            quoted(&(shown(&source.path, 2) + &weight))
        }));
        if !self.valid.is_empty() {
            words.push("--valid".to_owned());
            words.extend(self.valid.iter().map(|path| quoted(&shown(path, 2))));
        }
        words.push(format!("--out {}", quoted(&shown(self.out(), 1))));
        if let Some(path) = &self.from {
            words.push(format!("--from {}", quoted(&shown(path, 2))));
        }
        if let Some(path) = &self.config {
            words.push(format!("--config {}", quoted(&shown(path, 2))));
        }
        words.extend(self.flags.words());
        words
    }
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
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

    fn parse(words: &[&str]) -> Args {
        Cli::parse_from(["train"].iter().chain(words)).args
    }

    #[test]
    fn flags_override_settings_and_the_command_can_be_told() {
        let licence = "CC BY-SA 3.0 DE, Someone's";
        let words = ["--data", "/home/me/data/classical", "jsb=0.5", "--out", "/tmp/m.safetensors"];
        let flags = ["--seed", "3", "--batch", "9", "--weighting", "length", "--licence", licence];
        let own = ["--tensorboard", "/home/me/my runs", "--no-cache", "--overwrite"];
        let args = parse(&[&words[..], &flags, &own].concat());
        let settings = args.settings().expect("good settings");
        assert_eq!((settings.seed, settings.batch, settings.steps), (3, 9, 128));
        assert_eq!(settings.data_weights, [1.0, 0.5]);
        let told =
            "--seed 3 --batch 9 --weighting length --licence 'CC BY-SA 3.0 DE, Someone'\\''s'";
        assert_eq!(
            args.portable_command(),
            format!("anacrusis train --data data/classical jsb=0.5 --out m.safetensors {told}")
        );
        assert_eq!(
            args.resume_command(),
            format!(
                "anacrusis train --data /home/me/data/classical jsb=0.5 --out /tmp/m.safetensors \
                 {told} --tensorboard '/home/me/my runs' --no-cache --resume"
            )
        );
    }

    #[test]
    fn data_and_out_are_needed_to_train_and_not_to_print() {
        for words in [vec![], vec!["--data", "a"], vec!["--out", "b"]] {
            let words = std::iter::once("train").chain(words);
            assert!(Cli::try_parse_from(words).is_err());
        }
        let args = parse(&["--print-config", "--dropout", "0.25"]);
        let printed = args.settings().and_then(|settings| settings.to_toml()).expect("TOML");
        let mut expected = Settings { dropout: 0.25, ..Settings::default() };
        assert_eq!(Settings::parse(&printed).expect("good settings"), expected);
        expected.dropout = 0.5;
        assert_eq!(expected, Settings::default());
    }
}
