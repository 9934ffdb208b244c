//! `cargo xtask test`: everything that CI runs, in one order, to the end.

mod ahead;
mod ardour;
mod hosts;
mod jack;
mod mpi;
mod program;
mod sanitizer;
pub(crate) mod screen;
mod validators;
mod window;

use crate::{bundle, setup, workspace};
use ahead::Ahead;
use anyhow::{Result, bail};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Run everything that CI runs; a failing step does not stop the ones after it.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask test
  cargo xtask test core hosts     only these steps
  cargo xtask test --list         their names
  cargo xtask test --hosts        Ardour, JACK and the formats' validators, too
  cargo xtask test clap-validator --fuzz-seconds 600

The first run compiles everything that the plugin stands on, in three ways (checked, optimised,
for the trainer), and takes its time; later runs are quick. It compiles into target/test, so that
other commands, cargo's and xtask's, can run beside it. What is not installed is skipped, and said. The last line is `N passed, N failed`, with `, N skipped` if any were; the exit code is 0
only if nothing failed.")]
pub struct Args {
    /// Steps to run; without a name all, those of --hosts only with it.
    #[arg(value_name = "STEP")]
    pub steps: Vec<String>,
    /// List the steps and run none.
    #[arg(long)]
    pub list: bool,
    /// What the steps of `--hosts` are told.
    #[command(flatten)]
    pub options: Options,
}

/// What the steps of `--hosts` can be told.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Also run the steps that need programs of others: Ardour, JACK, validators.
    #[arg(long)]
    pub hosts: bool,
    /// How long clap-validator fuzzes, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub fuzz_seconds: u32,
}

/// Passed, failed and skipped, tests or whole steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// Why a step is not run: something that it needs is not installed.
#[derive(Debug)]
pub(crate) struct Skip(String);

impl std::fmt::Display for Skip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Skip {}

/// A step: what to type after `cargo`, a function, one that says what to run, or one that runs it.
enum Work {
    Cargo(&'static [&'static str]),
    Call(fn() -> Result<()>),
    Find(fn() -> Result<Command>),
    Count(fn() -> Result<Count>),
    Host(fn(&Options) -> Result<Count>),
}

struct Step {
    name: &'static str,
    what: &'static str,
    work: Work,
    environment: &'static [(&'static str, &'static str)],
}

const fn cargo(name: &'static str, what: &'static str, args: &'static [&'static str]) -> Step {
    Step { name, what, work: Work::Cargo(args), environment: &[] }
}

/// In the order in which failures are cheapest to learn of.
const STEPS: &[Step] = &[
    Step {
        name: "setup",
        what: "system packages",
        work: Work::Call(setup::ensure),
        environment: &[],
    },
    cargo("format", "every file as rustfmt writes it", &["fmt", "--all", "--check"]),
    Step {
        name: "isolation",
        what: "the plugin links no machine-learning framework",
        work: Work::Call(isolation),
        environment: &[],
    },
    cargo(
        "core",
        "music, model, jam, house rules",
        &["test", "--no-default-features", "--lib", "--test", "it"],
    ),
    cargo(
        "loom",
        "audio thread and worker in every order of events",
        &["test", "--no-default-features", "--features", "loom", "--test", "loom"],
    ),
    cargo("host", "the scripted host", &["test", "-p", "anacrusis-test-host"]),
    Step {
        name: "rtsan",
        what: "nothing blocks on the audio thread, optimised as it ships",
        work: Work::Find(sanitizer::command),
        environment: &[],
    },
    Step {
        name: "bundle",
        what: "the optimised .clap and .vst3",
        work: Work::Call(|| bundle::bundle().map(|_| ())),
        environment: &[],
    },
    // One at a time: a live host competes with nobody.
    cargo(
        "hosts",
        "the bundles in a scripted host",
        &[
            "test",
            "--no-default-features",
            "--test",
            "hosts",
            "--",
            "--nocapture",
            "--test-threads=1",
        ],
    ),
    Step {
        name: "window",
        what: "the bundles' editor in a host's window",
        work: Work::Count(window::run),
        environment: &[],
    },
    // With the fuzzer's own tests, which need the same build of the framework.
    cargo(
        "editor",
        "plugin and editor, drawn without a screen; some damaged inputs",
        &[
            "test",
            "--release",
            "-p",
            "anacrusis",
            "-p",
            "anacrusis-fuzz",
            "--features",
            "anacrusis/editor-tests",
            "--lib",
            "--test",
            "editor",
            "--bin",
            "fuzz",
        ],
    ),
    Step {
        name: "companion",
        what: "trainer, commands, candle against the engine",
        work: Work::Find(mpi::companion),
        environment: &[],
    },
    Step {
        name: "mpi",
        what: "training by several processes, on one machine and two",
        work: Work::Find(mpi::processes),
        environment: &[],
    },
    cargo(
        "clippy",
        "no warning in any target",
        &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
    ),
    cargo(
        "portable",
        "the core without the framework",
        &["clippy", "--no-default-features", "--lib", "--", "-D", "warnings"],
    ),
    cargo(
        "stand-ins",
        "the core as loom runs it",
        &[
            "clippy",
            "--no-default-features",
            "--features",
            "loom",
            "--lib",
            "--test",
            "loom",
            "--",
            "-D",
            "warnings",
        ],
    ),
    Step {
        name: "docs",
        what: "no broken link, nothing public without words",
        work: Work::Cargo(&["doc", "--workspace", "--no-deps"]),
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
];

/// The step whose tests keep the time of a host, and the one that is compiled meanwhile.
const AHEAD: [&str; 2] = ["hosts", "companion"];

/// `cargo xtask test`.
///
/// # Errors
/// If a name is not a step, or any step failed.
pub fn run(args: &Args) -> Result<()> {
    if args.list {
        for step in steps() {
            println!("{:<14} {}", step.name, step.what);
        }
        return Ok(());
    }
    let names: Vec<&str> = steps().map(|step| step.name).collect();
    if let Some(unknown) = args.steps.iter().find(|name| !names.contains(&name.as_str())) {
        bail!("there is no step \"{unknown}\"; there are: {}", names.join(", "));
    }
    if !workspace::is_for_tests() {
        return workspace::restart_for_tests();
    }
    let wanted = |step: &&Step| {
        let usual = args.options.hosts || !matches!(step.work, Work::Host(_));
        (args.steps.is_empty() && usual) || args.steps.iter().any(|name| name == step.name)
    };
    let all: Vec<&Step> = steps().filter(wanted).collect();
    let mut rows = Vec::new();
    let mut ahead = None;
    for &step in &all {
        println!("\n== {}: {}", step.name, step.what);
        let start = Instant::now();
        let [while_this, that] = AHEAD;
        if step.name == while_this && all.iter().any(|step| step.name == that) {
            ahead = mpi::companion().ok().and_then(|tests| Ahead::start(&tests));
        }
        if step.name == that
            && let Some(ahead) = ahead.take()
        {
            ahead.finish();
        }
        let count = step.run(&args.options);
        rows.push((step, count, start.elapsed()));
    }
    drop(ahead);
    let total = report(&rows);
    println!("{}", total.line());
    if total.failed > 0 {
        std::process::exit(1);
    }
    Ok(())
}

/// All there are: the usual ones, then those that need programs of others.
fn steps() -> impl Iterator<Item = &'static Step> {
    STEPS.iter().chain(hosts::STEPS)
}

fn report(rows: &[(&Step, Count, Duration)]) -> Count {
    let mut total = Count::default();
    println!();
    for (step, count, time) in rows {
        let verdict = match count {
            Count { failed: 1.., .. } => "FAILED",
            Count { passed: 0, .. } => "skip  ",
            _ => "ok    ",
        };
        let seconds = time.as_secs_f64();
        println!(
            "{verdict} {:<14} {seconds:>7.1} s  {:>4} passed {:>3} failed   {}",
            step.name, count.passed, count.failed, step.what
        );
        total.passed += count.passed;
        total.failed += count.failed;
        total.skipped += count.skipped;
    }
    total
}

impl Count {
    const PASSED: Count = Count { passed: 1, failed: 0, skipped: 0 };
    const FAILED: Count = Count { passed: 0, failed: 1, skipped: 0 };
    const SKIPPED: Count = Count { passed: 0, failed: 0, skipped: 1 };

    /// This, or one that passed if it is `single`, a step without tests of its own, and did not fail.
    fn or_passed(self, single: bool) -> Count {
        if single && self == Count::default() { Count::PASSED } else { self }
    }

    /// The last line of all.
    fn line(self) -> String {
        let Count { passed, failed, skipped } = self;
        match skipped {
            0 => format!("{passed} passed, {failed} failed"),
            _ => format!("{passed} passed, {failed} failed, {skipped} skipped"),
        }
    }
}

impl Step {
    fn run(&self, options: &Options) -> Count {
        let result = match self.work {
            Work::Host(function) => function(options),
            Work::Call(function) => function().map(|()| Count::PASSED),
            Work::Cargo(args) => {
                println!("$ cargo {}", args.join(" "));
                let mut command = workspace::cargo();
                command.args(args).envs(self.environment.iter().copied());
                let has_tests = args.first() == Some(&"test");
                watch(command).map(|count| count.or_passed(!has_tests))
            }
            Work::Find(find) => find().and_then(watch),
            Work::Count(function) => function(),
        };
        match result {
            Ok(count) if count == Count::default() => {
                println!("{}: it ran no test, where there should be some", self.name);
                Count::FAILED
            }
            Ok(count) => count,
            Err(error) if error.is::<Skip>() => {
                println!("{}: skipped: {error:#}", self.name);
                Count::SKIPPED
            }
            Err(error) => {
                println!("{}: {error:#}", self.name);
                Count::FAILED
            }
        }
    }
}

/// Runs a command, shows what it prints and adds up the results of its tests.
fn watch(mut command: Command) -> Result<Count> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut count = Count::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            let (passed, failed) = results(&line).unwrap_or_default();
            count.passed += passed;
            count.failed += failed;
        }
    }
    let status = child.wait()?;
    // It did not compile, or ended otherwise than by a failed test.
    if !status.success() && count.failed == 0 {
        count.failed = 1;
    }
    Ok(count)
}

/// The numbers in a line such as `test result: ok. 12 passed; 0 failed; 1 ignored; …`.
fn results(line: &str) -> Option<(u64, u64)> {
    let rest = line.strip_prefix("test result: ")?;
    let number = |word: &str| {
        let before = rest.split(word).next()?.trim_end();
        before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    Some((number("passed")?, number("failed")?))
}

/// The plugin's dependencies, at any depth and on any platform, hold no candle.
fn isolation() -> Result<()> {
    let output = workspace::cargo()
        .args(["tree", "-p", "anacrusis", "-e", "normal,build", "--target", "all"])
        .args(["--prefix", "none", "--format", "{p}"])
        .output()?;
    if !output.status.success() {
        bail!("cargo tree failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let tree = String::from_utf8_lossy(&output.stdout);
    if let Some(found) = tree.lines().find(|line| line.starts_with("candle")) {
        bail!("the plugin depends on {found}; candle belongs in the companion alone");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_the_line_that_has_them() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered";
        assert_eq!(results(line), Some((12, 3)));
        assert_eq!(results("test music::grid ... ok"), None);
        assert_eq!(results("test result: ok."), None);
    }

    #[test]
    fn the_last_line_tells_of_what_was_skipped_and_of_nothing_else() {
        assert_eq!(Count::PASSED.line(), "1 passed, 0 failed");
        assert_eq!(Count { skipped: 2, ..Count::FAILED }.line(), "0 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn every_step_has_a_name_of_its_own() {
        let mut names: Vec<&str> = steps().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), steps().count());
        assert!(AHEAD.iter().all(|name| names.contains(name)));
    }

    #[test]
    fn a_step_that_ran_none_of_its_tests_has_failed() {
        let options = Options { hosts: false, fuzz_seconds: 1 };
        let none = Step {
            name: "x",
            what: "",
            work: Work::Find(|| Ok(workspace::cargo_with(&["--version"]))),
            environment: &[],
        };
        assert_eq!(none.run(&options), Count::FAILED);
        assert_eq!(cargo("x", "", &["--version"]).run(&options), Count::PASSED);
    }

    #[test]
    fn what_is_skipped_is_neither_passed_nor_failed_and_is_told() {
        let missing = |_: &Options| bail!(Skip("not installed".to_owned()));
        let step = Step { name: "x", what: "", work: Work::Host(missing), environment: &[] };
        let options = Options { hosts: true, fuzz_seconds: 1 };
        assert_eq!(step.run(&options), Count::SKIPPED);
    }
}
