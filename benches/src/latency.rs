//! `cargo xtask bench latency`: from a musician's onset to the chord that answers it, in a live host.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::time::Duration;

use anacrusis::jam::controls::Controls;
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Plugin, Recording, Script, perform_together};
use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::instances::{instance, until_ready};
use xtask::bundle;

/// Of the host.
const SAMPLE_RATE: f64 = 48_000.0;

/// Samples in a beat, at 120 BPM.
const BEAT: u64 = 24_000;

/// Steps in a beat on the plugin's default grid.
const STEPS_PER_BEAT: u32 = 4;

/// What the musician plays, a chord a beat: I, vi, IV, V.
const CHORDS: [[u8; 3]; 4] = [[72, 76, 79], [69, 72, 76], [65, 69, 72], [67, 71, 74]];

/// Measure how soon the plugin answers what a musician plays
///
/// A musician strikes a chord on each beat beside the built CLAP, which accompanies at its
/// defaults in a live host. Printed is the time from the musician's onset to the plugin's own in
/// the same step, as the host hears both, and the number of steps in which something else sounded
/// than in a host that waits for every chord: there the last decision came too late. Other
/// programs that run make that likelier; the last example tries it. On Linux the host's thread
/// gets a realtime priority, as the audio threads of hosts do, where the system allows it.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask bench latency
  cargo xtask bench latency --instances 1 16 --blocks 64 256 1024 --json > latency.json

Under load, on Linux, with four busy loops of a higher priority than normal (as root):
  for i in 1 2 3 4; do nice -n -10 sh -c 'while :; do :; done' & done
  cargo xtask bench latency --instances 1
  kill $(jobs -p)")]
pub struct Args {
    /// How many instances play at once
    #[arg(long, value_name = "N", num_args = 1.., default_values_t = [1, 16], value_parser = clap::value_parser!(u32).range(1..=256))]
    pub instances: Vec<u32>,
    /// Sizes of the host's blocks, in samples at 48 kHz
    #[arg(long, value_name = "N", num_args = 1.., default_values_t = [64, 256, 1024], value_parser = clap::value_parser!(u32).range(16..=4096))]
    pub blocks: Vec<u32>,
    /// How long they play, in beats at 120 BPM
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(4..=4096))]
    pub beats: u32,
    /// Play this .clap; do not build one
    #[arg(long, value_name = "FILE.clap")]
    pub plugin: Option<PathBuf>,
    /// Print JSON, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

/// What came of one size of blocks and one number of instances.
#[derive(Clone, Debug, Default, Serialize)]
struct Row {
    block_samples: u32,
    instances: u32,
    /// Onsets of the musician in whose step the plugin began something.
    answered: usize,
    /// Their times to the plugin's onset, in ms.
    p50_ms: f64,
    p99_ms: f64,
    worst_ms: f64,
    /// Steps in which anything begins, in a host that waits.
    steps: usize,
    /// Of these, those in which something else began here.
    missed_steps: usize,
    /// Notes that were never ended, or ended twice.
    unmatched: u64,
}

/// `cargo xtask bench latency`.
///
/// # Errors
/// If the plugin cannot be built or does not play.
pub fn run(args: &Args) -> Result<()> {
    let clap = match &args.plugin {
        Some(path) => path.clone(),
        None => bundle::bundle()?.clap,
    };
    let mut rows = Vec::new();
    for instances in &args.instances {
        for block in &args.blocks {
            eprintln!("{instances} instances, blocks of {block}");
            rows.push(measure(args, &clap, *instances, *block)?);
        }
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        rows.iter().for_each(|row| println!("{row}"));
    }
    Ok(())
}

fn measure(args: &Args, clap: &Path, instances: u32, block: u32) -> Result<Row> {
    let mut plugins = Vec::new();
    for _ in 0..instances {
        plugins.push(instance(clap, None)?);
    }
    until_ready(&mut plugins)?;
    let meant = play(&mut plugins[..1], args.beats, block, None)?.remove(0);
    let meant = struck(&meant);
    ensure!(!meant.is_empty(), "the plugin plays nothing beside the musician");
    let all = as_an_audio_thread(|| play(&mut plugins, args.beats, block, Some(1.0)))?;
    let mut times = Vec::new();
    let mut row = Row { block_samples: block, instances, ..Row::default() };
    for recording in &all {
        let here = struck(recording);
        row.steps += meant.len();
        row.missed_steps +=
            meant.iter().filter(|(step, keys)| here.get(step) != Some(keys)).count();
        row.unmatched += recording.notes().unmatched();
        times.extend(answers(recording));
    }
    times.sort_by(f64::total_cmp);
    row.answered = times.len();
    let at = |share: f64| times.get(((times.len() - 1) as f64 * share).round() as usize).copied();
    let told = "the plugin begins nothing where the musician does";
    ensure!(!times.is_empty(), told);
    row.p50_ms = at(0.5).context(told)?;
    row.p99_ms = at(0.99).context(told)?;
    row.worst_ms = at(1.0).context(told)?;
    Ok(row)
}

/// Lets the musician play so many beats, at a pace or, without one, in a host that waits.
fn play(
    plugins: &mut [Box<dyn Plugin>],
    beats: u32,
    block: u32,
    pace: Option<f64>,
) -> Result<Vec<Recording>> {
    let waits = if pace.is_some() { "Off" } else { "On" };
    let mut script = Script::new(SAMPLE_RATE, block)
        .without_thru()
        .set("Wait for notes", waits)
        .set("Replay", "Never")
        // Instances were tried without it.
        .set("Reaction", &format!("{:.1}", Controls::USUAL_REACTION_MS))
        .live(1.0)
        .samples(24_000)
        .then(Action::Pace(pace))
        .jump(0.0)
        .play();
    // Notes by the block that they fall into, so that no block is cut short for them.
    let mut notes: BTreeMap<u64, Vec<Action>> = BTreeMap::new();
    for beat in 0..u64::from(beats) {
        // Chords change with the bar.
        for key in CHORDS[(beat / 4 % 4) as usize] {
            for (on, sample) in [(true, beat * BEAT), (false, beat * BEAT + BEAT / 2)] {
                let offset_samples = (sample % u64::from(block)) as u32;
                let velocity = if on { 0.75 } else { 0.0 };
                let note = Action::Note { offset_samples, on, key, channel: 0, velocity };
                notes.entry(sample / u64::from(block)).or_default().push(note);
            }
        }
    }
    let mut next = 0;
    for (at, notes) in notes {
        // The number of blocks between two beats.
        if at > next {
            script = script.blocks((at - next) as u32);
        }
        next = at;
        script = notes.into_iter().fold(script, Script::then);
    }
    Ok(perform_together(
        plugins,
        &script.blocks(BEAT.div_ceil(block.into()) as u32).stop().blocks(8),
    )?)
}

/// Calls a function that rests half a second first, in which its thread is raised to the priority
/// that hosts' audio threads have; threads that it starts before that stay as they are.
#[cfg(target_os = "linux")]
fn as_an_audio_thread<T>(function: impl FnOnce() -> T) -> T {
    use thread_priority::ThreadPriority;
    use thread_priority::unix::{
        NormalThreadSchedulePolicy, RealtimeThreadSchedulePolicy, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    /// Above that of any worker.
    const PRIORITY: u8 = 20;
    let thread = thread_native_id();
    let raising = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
        let priority = PRIORITY.try_into().map(ThreadPriority::Crossplatform);
        priority.is_ok_and(|p| set_thread_priority_and_policy(thread, p, policy).is_ok())
    });
    let result = function();
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other);
    if !matches!(raising.join(), Ok(true))
        || set_thread_priority_and_policy(thread, ThreadPriority::Min, policy).is_err()
    {
        eprintln!("the host's thread has no realtime priority: the system does not allow it");
    }
    result
}

#[cfg(not(target_os = "linux"))]
fn as_an_audio_thread<T>(function: impl FnOnce() -> T) -> T {
    function()
}

/// Keys that begin, by step.
fn struck(recording: &Recording) -> BTreeMap<i64, BTreeSet<u8>> {
    let mut steps: BTreeMap<i64, BTreeSet<u8>> = BTreeMap::new();
    for event in recording.onsets() {
        steps.entry(event.step(STEPS_PER_BEAT)).or_default().insert(event.key);
    }
    steps
}

/// From each beat to the first onset within half a step after it, in ms.
fn answers(recording: &Recording) -> impl Iterator<Item = f64> {
    let mut first: BTreeMap<i64, f64> = BTreeMap::new();
    for event in recording.onsets() {
        let beat = (event.position_beats + 1e-6).floor();
        let after = event.position_beats - beat;
        if after < 0.5 / f64::from(STEPS_PER_BEAT) {
            let ms = 1000.0 * after / event.beats_per_sample / SAMPLE_RATE;
            // Beats fit.
            first.entry(beat as i64).or_insert(ms);
        }
    }
    first.into_values()
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "blocks of {}, {} instances: {} onsets answered in their step, after {:.1} ms (p50), \
             {:.1} ms (p99), {:.1} ms (worst); {} of {} steps were not what a host that waits \
             hears; {} notes unmatched",
            self.block_samples,
            self.instances,
            self.answered,
            self.p50_ms,
            self.p99_ms,
            self.worst_ms,
            self.missed_steps,
            self.steps,
            self.unmatched,
        )
    }
}
