//! `cargo xtask soak`: hours of music in minutes, to see what only time shows.

use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use anacrusis_test_host::oracle::{self, ANY_TEMPO_SAMPLES, Verdict};
use anacrusis_test_host::performer::{Front, tangle};
use anacrusis_test_host::random::{Wildness, stream};
use anacrusis_test_host::{Recording, Script, perform};
use anyhow::{Context, Result, anyhow, ensure};
use serde::Serialize;

use anacrusis_companion::model_file;
use anacrusis_test_host::usage::Usage;

/// Growth of the heap above which the run has failed: a leak of ten bytes a step is more in a day.
/// What is counted is what the program asked for and has not given back; how much of the rest the
/// allocator keeps from the system is its own affair, and told beside it.
const MOST_GROWTH_BYTES: u64 = 8 << 20;

/// Shares of the run in which memory is compared. What single scripts need on top comes and
/// goes, so the least of each counts; and at the beginning things are made.
const EARLY: std::ops::Range<f64> = 0.05..0.15;
const LAST: std::ops::Range<f64> = 0.9..f64::INFINITY;

/// Play for hours at the greatest speed, with random transport, and hold every note to the oracle
///
/// One performer lives through all of it: jumps, loops, ramps, resets, other rates, states. It
/// waits for its chords, which without --model are made up in no time; then every single note is
/// known before. The exit status is not 0 if a note was stuck, doubled, lost, early or wrong, a
/// chord was missed, or memory grew.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  cargo xtask soak
  cargo xtask soak --hours 1 --model models/classical.safetensors
  cargo xtask soak --hours 0.1 --seed 7 --json

A day without a model takes a few minutes, an hour with the shipped model about as long. A
script that fails is printed; saved as a file in tests/scripts, it is replayed by the tests.")]
pub struct Args {
    /// Hours of music
    #[arg(long, value_name = "H", default_value_t = 24.0, value_parser = hours)]
    pub hours: f64,
    /// Play with this network (.safetensors) and not with made-up chords
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Seed of the random scripts
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Print JSON, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

fn hours(text: &str) -> Result<f64, String> {
    let hours: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if hours > 0.0 && hours <= 10_000.0 {
        Ok(hours)
    } else {
        Err("not within 0 to 10000".to_owned())
    }
}

/// What the run came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Hours of music played.
    pub hours: f64,
    /// Wall time.
    pub seconds: f64,
    /// Scripts played.
    pub scripts: u64,
    /// Steps that began.
    pub steps: u64,
    /// Note-ons.
    pub onsets: u64,
    /// Notes that were stuck, doubled or without a beginning.
    pub unmatched: u64,
    /// Greatest distance of an onset from its place, samples.
    pub worst_onset_samples: f64,
    /// Chords that did not come in time.
    pub missed_deadlines: u64,
    /// Least heap in use in an early and in the last tenth, bytes.
    pub heap_bytes: Option<[u64; 2]>,
    /// Least resident memory likewise; where it is known.
    pub resident_bytes: Option<[u64; 2]>,
}

/// `cargo xtask soak`; `heap_bytes` tells how much of the heap is in use.
///
/// # Errors
/// If the model cannot be read, or the performance was not flawless.
pub fn run(args: &Args, heap_bytes: impl Fn() -> u64) -> Result<()> {
    let report = soak(args, heap_bytes)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{report}");
    }
    ensure!(report.unmatched == 0, "{} notes do not pair up", report.unmatched);
    ensure!(report.missed_deadlines == 0, "{} chords were missed", report.missed_deadlines);
    if let Some([before, after]) = report.heap_bytes {
        let grown = after.saturating_sub(before);
        ensure!(grown <= MOST_GROWTH_BYTES, "memory grew by {:.1} MiB", mib(grown));
    }
    Ok(())
}

fn soak(args: &Args, heap_bytes: impl Fn() -> u64) -> Result<Report> {
    let (mut front, wildness) = match &args.model {
        Some(path) => (Front::with_model(model_file::read(path)?), Wildness::Calm),
        None => (Front::with_mock(tangle), Wildness::All),
    };
    let begun = Instant::now();
    let mut report = Report::default();
    let (mut played_s, mut told) = (0.0, 0);
    for script in stream(wildness, args.seed) {
        let recording = perform(&mut front, &script)?;
        let verdict = judge(&recording, args.model.is_some())
            .map_err(|error| anyhow!("{error}"))
            .with_context(|| {
            format!("after {:.2} hours, in this script:\n{script}", played_s / 3600.0)
        })?;
        played_s += seconds(&script, &recording);
        report.scripts += 1;
        report.steps += verdict.steps;
        report.onsets += verdict.onsets;
        report.worst_onset_samples = report.worst_onset_samples.max(verdict.worst_onset_samples);
        report.unmatched += recording.notes().unmatched();
        let share = played_s / 3600.0 / args.hours;
        let memory = [
            (&mut report.heap_bytes, Some(heap_bytes())),
            (&mut report.resident_bytes, Usage::resident_bytes()),
        ];
        for (known, now) in memory {
            let Some(now) = now else { continue };
            let [early, last] = known.get_or_insert([u64::MAX; 2]);
            for (least, part) in [(early, EARLY), (last, LAST)] {
                *least = if part.contains(&share) { now.min(*least) } else { *least };
            }
        }
        if (share * 10.0) as u32 > told {
            told = (share * 10.0) as u32;
            eprintln!(
                "{:.2} hours, {} steps, {:.0} s",
                played_s / 3600.0,
                report.steps,
                begun.elapsed().as_secs_f64()
            );
        }
        if share >= 1.0 {
            break;
        }
    }
    // A run of few scripts may have none in a tenth.
    for known in [&mut report.heap_bytes, &mut report.resident_bytes] {
        *known = known.filter(|least| !least.contains(&u64::MAX));
    }
    report.hours = played_s / 3600.0;
    report.seconds = begun.elapsed().as_secs_f64();
    report.missed_deadlines = front.status().missed_deadlines;
    Ok(report)
}

fn judge(recording: &Recording, with_model: bool) -> Result<Verdict, String> {
    if with_model {
        oracle::sane(recording, None, ANY_TEMPO_SAMPLES, oracle::Grace::None)
    } else {
        oracle::exact(recording, tangle, ANY_TEMPO_SAMPLES)
    }
}

/// Seconds of playback.
fn seconds(script: &Script, recording: &Recording) -> f64 {
    let playing = recording.spans.iter().filter(|span| span.playing);
    // Rates change within a script by a factor of two at most; what is counted is hours.
    playing.map(|span| f64::from(span.frames)).sum::<f64>() / script.sample_rate
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "music              {:.2} hours in {:.0} s", self.hours, self.seconds)?;
        writeln!(f, "scripts            {}", self.scripts)?;
        writeln!(f, "steps              {}", self.steps)?;
        writeln!(f, "onsets             {}", self.onsets)?;
        writeln!(f, "unmatched notes    {}", self.unmatched)?;
        writeln!(f, "worst onset        {:.3} samples off", self.worst_onset_samples)?;
        writeln!(f, "missed deadlines   {}", self.missed_deadlines)?;
        let known = |least: Option<[u64; 2]>| match least {
            Some([before, after]) => format!("{:.1} MiB, then {:.1} MiB", mib(before), mib(after)),
            None => "not known: too short a run, or no Linux".to_owned(),
        };
        writeln!(f, "heap in use        {}", known(self.heap_bytes))?;
        write!(f, "resident memory    {}", known(self.resident_bytes))
    }
}
