//! `cargo xtask mutants`: what the tests would not notice.

use anyhow::{Result, bail};

use crate::workspace;

/// Change the code a little, place by place, and see that a test fails each time
///
/// Runs cargo-mutants (`cargo install --locked cargo-mutants`) on the core, jam, model and music, or on
/// the paths that are given. What no test notices is in target/mutants.out/missed.txt. All of the core
/// takes more than a day: give paths, or a share with --shard.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  cargo xtask mutants src/jam/clock.rs src/jam/performer
  cargo xtask mutants --shard 3/40            the fourth of forty shares of the core
  cargo xtask mutants src/music -- music      by the tests of that layer alone: minutes
  cargo xtask mutants --list src/model        what would be changed
  cargo xtask mutants companion/src/train/adam.rs

The exit status is not 0 if something was missed.")]
pub struct Args {
    /// Files and folders; without any, all of the core that matters
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    /// One share of many, counted from 0
    #[arg(long, value_name = "K/N")]
    pub shard: Option<String>,
    /// Run only tests with one of these in their names: quicker, but others might have noticed
    #[arg(last = true, value_name = "TEST")]
    pub tests: Vec<String>,
    /// List what would be changed, and change nothing
    #[arg(long)]
    pub list: bool,
}

/// What matters most in the core.
const CORE: [&str; 3] = ["src/jam", "src/model", "src/music"];

/// What matters most in the trainer.
const TRAINER: [&str; 3] =
    ["companion/src/train/adam.rs", "companion/src/train/resume.rs", "companion/src/train/run"];

/// `cargo xtask mutants`.
///
/// # Errors
/// If cargo-mutants is not installed, or a path is of neither the core nor the trainer.
pub fn run(args: &Args) -> Result<()> {
    let found = workspace::cargo_with(&["mutants", "--version"]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        bail!("cargo-mutants is not installed: cargo install --locked cargo-mutants");
    }
    let mut command = workspace::cargo_with(&["mutants", "--no-shuffle"]);
    command.arg("--output").arg(workspace::target_dir()?);
    // A change that makes a test wait for ever is noticed, too.
    command.args(["--timeout-multiplier", "4", "--minimum-test-timeout", "60"]);
    if args.list {
        command.arg("--list");
    }
    if let Some(shard) = &args.shard {
        command.args(["--shard", shard]);
    }
    let paths: Vec<&str> = match args.paths.is_empty() {
        true => CORE.to_vec(),
        false => args.paths.iter().map(String::as_str).collect(),
    };
    for path in &paths {
        let glob = if path.ends_with(".rs") { (*path).to_owned() } else { format!("{path}/**") };
        command.args(["--file", &glob]);
    }
    command.args(package(&paths)?);
    if !args.tests.is_empty() {
        command.arg("--").args(&args.tests);
    }
    workspace::become_process(command)
}

/// The package that all of `paths` are of, and how it is tested.
fn package(paths: &[&str]) -> Result<&'static [&'static str]> {
    let all = |folder: &str| paths.iter().all(|path| path.starts_with(folder));
    if all("src/") {
        return Ok(&["-p", "anacrusis", "--", "--no-default-features", "--lib", "--test", "it"]);
    }
    if all("companion/") {
        return Ok(&["-p", "anacrusis-companion", "--", "--profile", "xtask"]);
    }
    bail!("give paths of `src` or of `companion`, not of both; such as {}", TRAINER.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_is_tested_in_its_way_and_they_are_not_mixed() {
        assert!(package(&CORE).expect("the core").contains(&"it"));
        assert!(package(&TRAINER).expect("the trainer").contains(&"anacrusis-companion"));
        assert!(package(&["src/jam", "companion/src"]).is_err());
        for path in CORE.iter().chain(&TRAINER) {
            assert!(workspace::root().join(path).exists(), "{path}");
        }
    }
}
