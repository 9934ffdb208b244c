//! `cargo xtask bench instances`: what many instances cost a live host.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use anacrusis::model::Config;
use anacrusis_test_host::rows::patient;
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Kind, Plugin, Recording, Script, open, perform_together};
use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::network;
use super::task::TEMPERATURE;
use anacrusis_test_host::usage::Usage;
use xtask::bundle;

/// Steps in a beat on the plugin's default grid.
const STEPS_PER_BEAT: u32 = 4;

/// Attempts to see every instance play; each waits half a second.
const ATTEMPTS: u32 = 100;

/// Measure what many instances of the plugin cost a live host
///
/// So many instances of the built CLAP play at once, on one thread of a host whose blocks come
/// when they are due: first with the network that is shipped, then with a pseudo-random one of
/// the default size. Told are the steps and onsets that were missed or late, the processor time
/// and the memory. It says nothing on a busy machine. Linux only.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Examples:
  cargo xtask bench instances
  cargo xtask bench instances --instances 16 --beats 64 --json > instances.json")]
pub struct Args {
    /// How many instances
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub instances: u32,
    /// How long they play, in beats at 120 BPM
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(4..=4096))]
    pub beats: u32,
    /// Print JSON, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

/// What one network came to.
#[derive(Clone, Debug, Serialize)]
struct Row {
    network: &'static str,
    instances: u32,
    steps_with_onsets: usize,
    missed_steps: usize,
    late_onsets: usize,
    /// Shares of one core.
    processor_share: f64,
    workers_share: f64,
    first_instance_bytes: u64,
    other_instance_bytes: u64,
}

/// `cargo xtask bench instances`.
///
/// # Errors
/// If the plugin cannot be built or does not play, or the system keeps no books.
pub fn run(args: &Args) -> Result<()> {
    Usage::now().context("what a process uses is known on Linux only")?;
    let clap = bundle::bundle()?.clap;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("default.safetensors");
    let checkpoint = network::pseudo_random(Config::default(), TEMPERATURE, 1)?;
    std::fs::write(&path, checkpoint.to_bytes())?;
    let mut rows = Vec::new();
    for (name, file) in [("shipped", None), ("default size", Some(path.as_path()))] {
        eprintln!("{} instances, network: {name}", args.instances);
        rows.push(measure(args, &clap, name, file)?);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        rows.iter().for_each(|row| println!("{row}"));
    }
    Ok(())
}

fn measure(args: &Args, clap: &Path, name: &'static str, file: Option<&Path>) -> Result<Row> {
    let usage = || Usage::now().context("the books are gone");
    let beats = f64::from(args.beats);
    let nothing = usage()?;
    let mut plugins = vec![instance(clap, file)?];
    until_ready(&mut plugins)?;
    let script = patient(48_000.0, 512).play().beats(beats).stop().blocks(4);
    let meant = perform_together(&mut plugins, &script)?.remove(0).music(STEPS_PER_BEAT);
    let with_one = usage()?;
    for _ in 1..args.instances {
        plugins.push(instance(clap, file)?);
    }
    until_ready(&mut plugins)?;
    let with_all = usage()?;
    let live = Script::new(48_000.0, 512)
        .set("Wait for notes", "Off")
        .live(1.0)
        .samples(48_000)
        .play()
        .beats(beats)
        .stop()
        .blocks(4);
    let (begun, before) = (Instant::now(), usage()?);
    let all = perform_together(&mut plugins, &live)?;
    let (after, seconds) = (usage()?, begun.elapsed().as_secs_f64());
    let share = |now: Duration, then: Duration| (now - then).as_secs_f64() / seconds;
    let others = u64::from(args.instances - 1).max(1);
    let mut row = Row {
        network: name,
        instances: args.instances,
        steps_with_onsets: 0,
        missed_steps: 0,
        late_onsets: 0,
        processor_share: share(after.processor, before.processor),
        workers_share: share(after.workers, before.workers),
        first_instance_bytes: with_one.resident_bytes.saturating_sub(nothing.resident_bytes),
        other_instance_bytes: with_all.resident_bytes.saturating_sub(with_one.resident_bytes)
            / others,
    };
    let onsets = meant.iter().filter(|note| note.1 == Kind::On);
    let steps: HashSet<i64> = onsets.map(|note| note.0).collect();
    for recording in &all {
        let sounded: HashSet<i64> = recording.onsets().map(|e| e.step(STEPS_PER_BEAT)).collect();
        let late = recording.onsets().filter(|e| e.off_grid_samples(STEPS_PER_BEAT) > 1.0);
        row.steps_with_onsets += steps.len();
        row.missed_steps += steps.difference(&sounded).count();
        row.late_onsets += late.count();
    }
    Ok(row)
}

/// An instance that plays the file, or the shipped network.
pub(super) fn instance(clap: &Path, file: Option<&Path>) -> Result<Box<dyn Plugin>> {
    let mut plugin = open(clap)?;
    if let Some(path) = file {
        let state = state_with_file(plugin.as_mut(), path)?;
        plugin.load_state(&state)?;
    }
    Ok(plugin)
}

/// A state in which the model is the user's own file at `path`.
fn state_with_file(plugin: &mut dyn Plugin, path: &Path) -> Result<Vec<u8>> {
    let state = plugin.save_state()?;
    // The format's wrapper writes the length of the text first.
    let text = state.get(8..).context("the state is too short")?;
    let mut json: serde_json::Value = serde_json::from_slice(text)?;
    json["params"]["model"] = serde_json::json!({ "string": "file" });
    json["fields"]["model-path"] = serde_json::json!(serde_json::json!(path).to_string());
    let text = serde_json::to_vec(&json)?;
    Ok([(text.len() as u64).to_le_bytes().to_vec(), text].concat())
}

/// Plays until every instance has its model; how long that takes depends on the machine.
pub(super) fn until_ready(plugins: &mut [Box<dyn Plugin>]) -> Result<()> {
    let resting = Script::new(48_000.0, 512).live(1.0).samples(24_000).then(Action::Pace(None));
    let playing = patient(48_000.0, 512).play().beats(4.0).stop().blocks(4);
    for _ in 0..ATTEMPTS {
        perform_together(plugins, &resting)?;
        let plays = |recording: &Recording| recording.onsets().count() > 0;
        if perform_together(plugins, &playing)?.iter().all(plays) {
            return Ok(());
        }
    }
    bail!("some instances do not play after {ATTEMPTS} attempts")
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        write!(
            f,
            "{}: {} instances at 120 BPM, {} steps with onsets, {} of them missed, {} onsets late; \
             {:.1} % of one core, {:.1} % by workers; {:.1} MiB for the first instance, {:.2} MiB \
             for each of the others",
            self.network,
            self.instances,
            self.steps_with_onsets,
            self.missed_steps,
            self.late_onsets,
            100.0 * self.processor_share,
            100.0 * self.workers_share,
            mib(self.first_instance_bytes),
            mib(self.other_instance_bytes),
        )
    }
}
