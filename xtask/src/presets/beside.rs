//! What the factory presets do beside a musician who plays the same thing for bars.

use std::path::Path;

use anacrusis_test_host::musician::{Company, Pattern, company};
use anacrusis_test_host::{open, perform};
use anyhow::{Result, ensure};
use serde::Serialize;

use super::{Args, Preset, answers, begin};

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

/// Plays a preset beside everything; one that answers is left out, as nobody rests.
///
/// # Errors
/// If the plugin does not play, or a note of it does not end.
pub fn measure(clap: &Path, preset: &Preset, args: &Args) -> Result<Vec<Beside>> {
    if answers(preset) {
        eprintln!("\"{}\" waits for a rest: left out", preset.name);
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    for pattern in Pattern::ALL {
        // Who plays next to nothing plays it as softly as MIDI can say.
        let velocity = if pattern == Pattern::Sparse { 1.0 / 127.0 } else { 0.75 };
        let mut all = Company::default();
        for seed in 1..=args.seeds {
            for root in ROOTS {
                let mut plugin = open(clap)?;
                let script = begin(plugin.as_ref(), preset, seed)?.play();
                let script = pattern.play(script, root, args.bars, velocity).stop().blocks(8);
                let recording = perform(plugin.as_mut(), &script)?;
                ensure!(recording.notes().unmatched() == 0, "notes do not pair up");
                let company = company(&recording, 0.0, args.bars);
                if company.silent_bars > 0 {
                    eprintln!("  {pattern} on key {root}, seed {seed}: {company:?}");
                }
                all.onsets += company.onsets;
                all.silent_bars += company.silent_bars;
                all.longest_beats = all.longest_beats.max(company.longest_beats);
            }
        }
        let bars = args.bars as usize * args.seeds as usize * ROOTS.len();
        rows.push(Beside {
            name: preset.name.clone(),
            pattern: pattern.to_string(),
            velocity,
            bars,
            silent_bars: all.silent_bars,
            longest_beats: all.longest_beats,
            onsets_bar: all.onsets as f64 / bars as f64,
        });
    }
    Ok(rows)
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
