//! What the factory presets do beside a musician who plays the same thing for bars.

use std::path::Path;

use anacrusis_test_host::musician::{Company, Pattern, company};
use anacrusis_test_host::{open, perform};
use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use super::{Args, Preset, answers, begin};
use anacrusis_companion::judge::through::was_in_time;
use anacrusis_companion::parallel;

/// Lowest keys of what the musician plays: C2, C3, C4 and C5.
const ROOTS: [u8; 4] = [36, 48, 60, 72];

/// What a preset did beside one pattern, over all octaves and seeds.
#[derive(Clone, Debug, Serialize)]
pub struct Beside {
    /// Its name.
    pub name: String,
    /// What the musician played.
    pub pattern: String,
    /// Velocity of the musician's keys, 0 to 1.
    pub velocity: f64,
    /// Bars played.
    pub bars: usize,
    /// Bars without an onset.
    pub silent_bars: usize,
    /// Its longest note in beats.
    pub longest_beats: f64,
    /// Onsets in a bar.
    pub onsets_bar: f64,
}

/// Performances for each core: the host waits for the plugin, and the plugin for the model to load.
const PER_CORE: usize = 2;

/// How often a performance is begun in which a chord came too late, on a machine that is busy.
const TRIES: usize = 4;

/// Plays a preset beside everything; one that answers is left out, as nobody rests.
///
/// # Errors
/// If the plugin does not play or leaves chords out, or a note of it does not end.
pub fn measure(clap: &Path, preset: &Preset, args: &Args) -> Result<Vec<Beside>> {
    if answers(preset) {
        eprintln!("\"{}\" waits for a rest: left out", preset.name);
        return Ok(Vec::new());
    }
    let seeds = args.seeds as usize;
    let each = ROOTS.len() * seeds;
    let bar = parallel::bar(Pattern::ALL.len() * each, "performances");
    let job = |(): &mut (), job: usize| {
        let (pattern, root) = (Pattern::ALL[job / each], ROOTS[job % ROOTS.len()]);
        let seed = (job / ROOTS.len() % seeds) as u32 + 1;
        let company = perform_one(clap, preset, args.bars, (pattern, root, seed))?;
        if company.silent_bars > 0 {
            bar.suspend(|| eprintln!("  {pattern} on key {root}, seed {seed}: {company:?}"));
        }
        Ok(company)
    };
    let all = parallel::map(Pattern::ALL.len() * each, &bar, PER_CORE, || Ok(()), job)?;
    bar.finish_and_clear();
    let rows = Pattern::ALL.iter().zip(all.chunks(each)).map(|(pattern, companies)| {
        let bars = args.bars as usize * companies.len();
        let onsets: usize = companies.iter().map(|company| company.onsets).sum();
        Beside {
            name: preset.name.clone(),
            pattern: pattern.to_string(),
            velocity: velocity(*pattern),
            bars,
            silent_bars: companies.iter().map(|company| company.silent_bars).sum(),
            longest_beats: companies.iter().map(|c| c.longest_beats).fold(0.0, f64::max),
            onsets_bar: onsets as f64 / bars as f64,
        }
    });
    Ok(rows.collect())
}

/// How hard the musician strikes, 0 to 1: who plays next to nothing plays it as softly as MIDI can say.
fn velocity(pattern: Pattern) -> f64 {
    if pattern == Pattern::Sparse { 1.0 / 127.0 } else { 0.75 }
}

/// What comes of one pattern on one key with one seed, every chord of it in time.
fn perform_one(
    clap: &Path,
    preset: &Preset,
    bars: u32,
    (pattern, root, seed): (Pattern, u8, u32),
) -> Result<Company> {
    for _ in 0..TRIES {
        let mut plugin = open(clap)?;
        let script = begin(plugin.as_ref(), preset, seed)?.play();
        let script = pattern.play(script, root, bars, velocity(pattern)).stop().blocks(8);
        let recording = perform(plugin.as_mut(), &script)?;
        ensure!(recording.notes().unmatched() == 0, "notes do not pair up");
        let a_beat = recording.spans.last().context("nothing was played")?.steps_per_beat;
        if was_in_time(plugin.as_mut(), bars as usize * 4 * a_beat as usize)? {
            return Ok(company(&recording, 0.0, bars));
        }
    }
    bail!("the plugin leaves chords out though it may wait 2 s for each: this machine is too busy")
}

/// Head and cells of a table.
pub fn rows(all: &[Beside]) -> Vec<Vec<String>> {
    let head = ["preset", "musician", "silent bars", "longest note", "onsets a bar"];
    let mut rows = vec![head.map(str::to_owned).to_vec(), Vec::new()];
    rows.extend(all.iter().map(|row| {
        vec![
            row.name.clone(),
            row.pattern.clone(),
            format!("{} of {}", row.silent_bars, row.bars),
            format!("{:.1} beats", row.longest_beats),
            format!("{:.1}", row.onsets_bar),
        ]
    }));
    rows
}
