//! A target and its inputs: what was read, told and found.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fastrand::Rng;

use crate::damage::damage;
use crate::targets::{Outcome, Target};

/// When a target ends.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// After this time.
    pub time: Duration,
    /// Or after so many inputs.
    pub inputs: u64,
}

/// An input that takes longer does harm.
const SLOW: Duration = Duration::from_secs(10);

/// So does one that takes more memory than this, in bytes.
const LARGE: usize = 1 << 30;

/// Most inputs that are kept to damage further, beside the good ones.
const KEPT: usize = 4096;

/// After so many inputs that did harm a target ends.
const MOST_HARM: u64 = 20;

/// What came of a target.
pub struct Report {
    target: Target,
    inputs: u64,
    good: u64,
    /// How often it was told why one is bad, numbers and quoted parts left out.
    told: BTreeMap<String, u64>,
    slowest: Duration,
    /// Bytes, above what was in use before.
    largest: usize,
    /// How many did harm.
    pub harm: u64,
    time: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { inputs, good, harm, .. } = self;
        write!(
            f,
            "{:<10} {inputs} inputs in {:.0} s: {good} good, {} bad in {} ways, {harm} did harm; \
             slowest {:.0} ms, largest {} MiB",
            self.target.name(),
            self.time.as_secs_f64(),
            inputs - good,
            self.told.len(),
            self.slowest.as_secs_f64() * 1e3,
            self.largest >> 20
        )
    }
}

/// An error without what is different each time.
fn kind(told: &str) -> String {
    let plain = told.chars().map(|c| if c.is_ascii_digit() { '#' } else { c });
    let mut kind: String = plain.take(120).collect();
    while kind.contains("##") {
        kind = kind.replace("##", "#");
    }
    // What is quoted is the input's.
    let parts: Vec<&str> = kind.split(['`', '"']).step_by(2).collect();
    parts.concat()
}

/// Reads damaged inputs until one of the limits. `most_memory` tells the most bytes that were ever
/// in use.
///
/// # Errors
/// If there is nothing to damage, or an input that did harm cannot be written.
pub fn run(
    target: Target,
    limits: Limits,
    seed: u64,
    out: &Path,
    most_memory: impl Fn() -> usize,
) -> Result<Report> {
    let mut inputs = target.seeds().with_context(|| format!("no inputs for {}", target.name()))?;
    let seeds = inputs.len();
    let mut rng = Rng::with_seed(seed);
    let mut report = Report {
        target,
        inputs: 0,
        good: 0,
        told: BTreeMap::new(),
        slowest: Duration::ZERO,
        largest: 0,
        harm: 0,
        time: Duration::ZERO,
    };
    let watch = Watch::start(target, out);
    let begun = Instant::now();
    while report.inputs < limits.inputs && begun.elapsed() < limits.time && report.harm < MOST_HARM
    {
        let bytes = match report.inputs {
            n if n < seeds as u64 => inputs[n as usize].clone(),
            _ => {
                // Half of the time one of the good ones.
                let of = if rng.bool() { seeds } else { inputs.len() };
                let (one, other) = (rng.usize(..of), rng.usize(..inputs.len()));
                damage(&mut rng, &inputs[one], &inputs[other], target.most_bytes())
            }
        };
        let before = most_memory();
        watch.begin(&bytes);
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| target.read(&bytes)));
        let time = start.elapsed();
        watch.end();
        let grown = most_memory().saturating_sub(before);
        report.inputs += 1;
        report.slowest = report.slowest.max(time);
        report.largest = report.largest.max(grown);
        let new = match outcome {
            Ok(Outcome::Good) => {
                report.good += 1;
                false
            }
            Ok(Outcome::Bad(told)) => {
                let count = report.told.entry(kind(&told)).or_default();
                *count += 1;
                *count == 1
            }
            Ok(Outcome::Wrong(told)) => {
                report.harm += 1;
                keep(target, out, &bytes, &told)?;
                false
            }
            Err(_) => {
                report.harm += 1;
                keep(target, out, &bytes, "it panicked, see above")?;
                false
            }
        };
        if time > SLOW || grown > LARGE {
            report.harm += 1;
            keep(target, out, &bytes, &format!("it took {time:?} and {} MiB", grown >> 20))?;
        }
        if new && inputs.len() < seeds + KEPT {
            inputs.push(bytes);
        }
    }
    report.time = begun.elapsed();
    Ok(report)
}

/// Writes an input that did harm, and says so.
fn keep(target: Target, out: &Path, bytes: &[u8], why: &str) -> Result<()> {
    let path = name(target, out, bytes);
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("{}: {why}: {}", target.name(), path.display());
    Ok(())
}

fn name(target: Target, out: &Path, bytes: &[u8]) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    out.join(format!("{}-{:016x}.bin", target.name(), hasher.finish()))
}

/// What is being read, and since when.
type Reading = Mutex<Option<(Instant, Vec<u8>)>>;

/// Ends the process at an input that takes for ever, after writing it down.
struct Watch(Arc<Reading>);

impl Watch {
    fn start(target: Target, out: &Path) -> Watch {
        let watch = Watch(Arc::default());
        let (current, out) = (Arc::downgrade(&watch.0), out.to_owned());
        std::thread::spawn(move || {
            while let Some(current) = current.upgrade() {
                let now = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let Some((begun, bytes)) = now
                    && begun.elapsed() > 6 * SLOW
                {
                    let _ = keep(target, &out, &bytes, "it takes for ever");
                    std::process::exit(1);
                }
                drop(current);
                std::thread::sleep(SLOW / 10);
            }
        });
        watch
    }

    fn begin(&self, bytes: &[u8]) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some((Instant::now(), bytes.to_vec()));
    }

    fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_reads_its_seeds_and_some_damage() {
        let out = tempfile::tempdir().expect("a folder");
        for target in Target::ALL {
            let limits = Limits { time: Duration::from_secs(600), inputs: 500 };
            let report = run(target, limits, 1, out.path(), || 0).expect("inputs");
            println!("{report}");
            assert_eq!((report.inputs, report.harm), (500, 0), "{}", target.name());
            assert!(report.good > 0, "{}: nothing good was read", target.name());
            assert!(!report.told.is_empty(), "{}: nothing bad was told", target.name());
        }
    }

    #[test]
    fn kinds_of_errors_leave_out_what_differs() {
        assert_eq!(kind("key `abc` at 12"), kind("key `x` at 7"));
        assert_ne!(kind("no key"), kind("no value"));
    }
}
