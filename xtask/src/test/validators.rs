//! The validators of both formats: of the CLAP project, and of Steinberg's VST3 SDK.

use super::Count;
use super::Options;
use super::program::{Program, finish};
use crate::bundle;
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How long either may take for its tests.
const PATIENCE: Duration = Duration::from_secs(900);

/// `clap-validator validate`, then `clap-validator fuzz`.
///
/// # Errors
/// A skip if it is not there; if it cannot be run, or the fuzzer finds anything.
pub fn clap(options: &Options) -> Result<Count> {
    let program = Program {
        name: "clap-validator",
        variable: "CLAP_VALIDATOR",
        how: "build it from github.com/free-audio/clap-validator (0.4 or newer) and put it there, \
              or set CLAP_VALIDATOR to where it is",
    };
    let validator = program.find()?;
    let bundles = bundle::bundle()?;

    let mut validate = Command::new(&validator);
    validate.arg("validate").arg(&bundles.clap);
    let (status, printed) = finish(validate, PATIENCE)?;
    let count = clap_tally(&printed)
        .with_context(|| format!("no tally of clap-validator's ({status}):\n{printed}"))?;
    println!("{printed}");
    ensure!(status.success() || count.failed > 0, "clap-validator ended with {status}");

    let seconds = options.fuzz_seconds;
    let mut fuzz = Command::new(&validator);
    fuzz.arg("fuzz").arg("--duration").arg(format!("{seconds}s")).arg(&bundles.clap);
    let (status, printed) = finish(fuzz, PATIENCE + Duration::from_secs(seconds.into()))?;
    let fuzzed = status.success();
    let verdict = if fuzzed { "nothing found" } else { "FAILED" };
    println!("clap-validator fuzz, {seconds} s: {verdict} ({status})");
    if !fuzzed {
        println!("{printed}");
    }
    Ok(Count {
        passed: count.passed + u64::from(fuzzed),
        failed: count.failed + u64::from(!fuzzed),
        skipped: 0,
    })
}

/// Steinberg's validator with all its tests.
///
/// # Errors
/// A skip if it is not there; if it cannot be run.
pub fn vst3(_: &Options) -> Result<Count> {
    let program = Program {
        name: "validator",
        variable: "VST3_VALIDATOR",
        how: "build the target \"validator\" of Steinberg's VST3 SDK and put it there, or set \
              VST3_VALIDATOR to where it is",
    };
    let validator = program.find()?;
    let bundles = bundle::bundle()?;
    let mut count = Count::default();
    for extensive in [false, true] {
        let (status, printed) =
            finish(vst3_command(&validator, &bundles.vst3, extensive), PATIENCE)?;
        let tally = vst3_tally(&printed)
            .with_context(|| format!("no result of the validator's ({status}):\n{printed}"))?;
        let tests = if extensive { "extensive tests" } else { "tests" };
        if tally.failed > 0 || !status.success() {
            println!("{printed}");
        }
        println!("VST3 validator, {tests}: {} passed, {} failed", tally.passed, tally.failed);
        if !status.success() && tally.failed == 0 {
            bail!("the validator ended with {status}");
        }
        count.passed += tally.passed;
        count.failed += tally.failed;
    }
    Ok(count)
}

fn vst3_command(validator: &Path, bundle: &Path, extensive: bool) -> Command {
    let mut command = Command::new(validator);
    if extensive {
        command.arg("-e");
    }
    command.arg(bundle);
    command
}

/// From `44 tests run, 36 passed, 0 failed, 0 warnings, 8 skipped`, colours and all. A warning
/// counts as failed; what clap-validator skips, tests of extensions that we do not have, does not
/// count at all.
fn clap_tally(printed: &str) -> Option<Count> {
    let plain = without_colours(printed);
    let line = plain.lines().rev().find(|line| line.contains(" run, "))?;
    let number = |word: &str| number_before(line, word);
    Some(Count {
        passed: number("passed")?,
        failed: number("failed")? + number("warnings")?,
        skipped: 0,
    })
}

/// From `Result: 47 tests passed, 0 tests failed`.
fn vst3_tally(printed: &str) -> Option<Count> {
    let plain = without_colours(printed);
    let line = plain.lines().rev().find(|line| line.trim_start().starts_with("Result:"))?;
    Some(Count {
        passed: number_before(line, "tests passed")?,
        failed: number_before(line, "tests failed")?,
        skipped: 0,
    })
}

fn number_before(line: &str, word: &str) -> Option<u64> {
    let before = line.split(word).next().filter(|before| before.len() < line.len())?;
    before.trim_end().rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Without the escape sequences that colour a terminal.
fn without_colours(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        plain.push_str(piece.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tallies_are_read() {
        let clap = "x\n36 tests run, \u{1b}[1;32m30\u{1b}[0m passed, \u{1b}[1;31m2\u{1b}[0m failed, \
                    \u{1b}[33m1\u{1b}[0m warnings, \u{1b}[1m3\u{1b}[0m skipped\n";
        assert_eq!(clap_tally(clap), Some(Count { passed: 30, failed: 3, skipped: 0 }));
        assert_eq!(clap_tally("nothing"), None);
        let vst3 = "-----\nResult: 47 tests passed, 1 tests failed\n-----\n";
        assert_eq!(vst3_tally(vst3), Some(Count { passed: 47, failed: 1, skipped: 0 }));
        assert_eq!(vst3_tally("Result: none"), None);
    }
}
