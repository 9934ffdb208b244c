//! `cargo xtask presets`: what the factory presets sound like, in numbers.

pub mod beside;
pub mod figures;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anacrusis_test_host::musician::Pattern;
use anacrusis_test_host::plugin::parameter_number;
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Plugin, Recording, Script, open, perform};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::{bundle, demo, setup, workspace};
use figures::{Figures, key_name};

/// Measure what the factory presets play
///
/// The built .clap is loaded from disk by a host of our own, which sets the values of each preset
/// as their texts say and lets it play alone: Accompany is then Solo. A preset that answers is
/// asked for two bars and has three in which it may answer. With --beside a musician plays chords
/// held, repeated and broken, a tune, and one soft key a bar, each on C2, C3, C4 and C5.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask presets
  cargo xtask presets --bars 16 --seeds 1 --only bells
  cargo xtask presets --beside --bars 24 --seeds 8
  cargo xtask presets --json | jq '.[] | {name, onsets_step}'

A step is one of the preset's rate. sounding, onsets: keys in a step that sound, and that begin.
with onset: share of the steps in which any begins. at once: keys that sound, in the steps in which
any does. repeated: share of the steps with an onset in which the same keys sound as in the one
before. range: lowest and highest key that begins, and the middle 80 % of them. classes: pitch
classes, of twelve. silent: bars of 4/4 without a note; with --beside, without one that begins.")]
pub struct Args {
    /// How many bars of 4/4 to play each preset with each seed
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub bars: u32,
    /// Performances of each preset: with the seeds from 1 on
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub seeds: u32,
    /// Play only presets whose names contain this
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub only: String,
    /// Play beside a musician who plays one thing in all bars
    #[arg(long)]
    pub beside: bool,
    /// Play this .clap; do not build one
    #[arg(long, value_name = "FILE.clap")]
    pub plugin: Option<PathBuf>,
    /// Print JSON, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

/// A preset file, as far as a host needs it.
#[derive(Clone, Debug, Deserialize)]
pub struct Preset {
    /// What it is called.
    pub name: String,
    /// Texts of values by stable ids; what is absent stays at its default.
    pub values: BTreeMap<String, String>,
}

/// What a preset played.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// What it is called.
    pub name: String,
    /// Over all seeds.
    #[serde(flatten)]
    pub figures: Figures,
}

/// `cargo xtask presets`.
///
/// # Errors
/// If the build or the plugin fails, a preset does not read, or one plays nothing.
pub fn run(args: &Args) -> Result<()> {
    let presets = read(&workspace::root().join("presets"))?;
    let wanted = args.only.to_lowercase();
    let presets: Vec<Preset> =
        presets.into_iter().filter(|p| p.name.to_lowercase().contains(&wanted)).collect();
    ensure!(!presets.is_empty(), "no preset's name contains \"{}\"", args.only);
    let clap = match &args.plugin {
        Some(path) => path.clone(),
        None => {
            setup::ensure()?;
            bundle::bundle()?.clap
        }
    };
    let mut alone = Vec::new();
    let mut beside = Vec::new();
    for preset in presets {
        eprintln!("playing {}", preset.name);
        let told = || format!("the preset \"{}\" does not play", preset.name);
        if args.beside {
            beside.extend(beside::measure(&clap, &preset, args).with_context(told)?);
        } else {
            let figures = measure(&clap, &preset, args).with_context(told)?;
            alone.push(Measured { name: preset.name, figures });
        }
    }
    match (args.json, args.beside) {
        (true, true) => println!("{}", serde_json::to_string_pretty(&beside)?),
        (true, false) => println!("{}", serde_json::to_string_pretty(&alone)?),
        (false, true) => print(&beside::rows(&beside)),
        (false, false) => print(&rows(&alone)),
    }
    Ok(())
}

/// Whether a preset plays in the musician's rests.
fn answers(preset: &Preset) -> bool {
    preset.values.get("mode").is_some_and(|mode| mode == "Answer")
}

/// The presets of a folder, in the order of their files' names.
///
/// # Errors
/// Names the file that is none.
pub fn read(folder: &Path) -> Result<Vec<Preset>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read(path)?;
        anyhow::Ok(serde_json::from_slice(&text)?)
    };
    paths
        .iter()
        .map(|path| read(path).with_context(|| format!("cannot read {}", path.display())))
        .collect()
}

/// Sample rate and block size of the host; large blocks go quicker.
const SAMPLE_RATE: f64 = 48_000.0;
const BLOCK: u32 = 512;

fn measure(clap: &Path, preset: &Preset, args: &Args) -> Result<Figures> {
    let mut figures = figures::Counts::default();
    for seed in 1..=args.seeds {
        let mut plugin = open(clap)?;
        let recording = play(plugin.as_mut(), preset, seed, args.bars)?;
        ensure!(recording.notes().unmatched() == 0, "notes do not pair up");
        let steps_per_beat = recording.spans.last().map_or(4, |span| span.steps_per_beat);
        let steps = args.bars as usize * 4 * steps_per_beat as usize;
        let roll = demo::roll_of(&recording, steps, steps_per_beat);
        let notes = recording.onsets().map(|event| (event.key, event.velocity));
        figures.add(&roll, 4 * steps_per_beat as usize, notes);
    }
    figures.finish().context("it plays no note")
}

fn play(plugin: &mut dyn Plugin, preset: &Preset, seed: u32, bars: u32) -> Result<Recording> {
    let mut script = begin(plugin, preset, seed)?.play();
    if answers(preset) {
        // A bar to see that the musician rests, and two to answer.
        for _ in 0..bars.div_ceil(5) {
            script = Pattern::Tune.play(script, 60, 2, 0.75).beats(12.0);
        }
    } else {
        script = script.beats(f64::from(bars) * 4.0);
    }
    Ok(perform(plugin, &script.stop().blocks(8))?)
}

/// As `demo` does: at rest until model and first chord are there, then without a pace.
fn begin(plugin: &dyn Plugin, preset: &Preset, seed: u32) -> Result<Script> {
    let mut script = Script::new(SAMPLE_RATE, BLOCK).without_thru().set("Wait for notes", "On");
    script = script.set("Seed", &seed.to_string());
    for (id, text) in &preset.values {
        let number = parameter_number(id);
        let known = plugin.parameters().iter().find(|parameter| parameter.id == number);
        let known = known.with_context(|| format!("the plugin has no parameter \"{id}\""))?;
        script = script.set(&known.name, text);
    }
    Ok(script.live(1.0).samples(SAMPLE_RATE as u64 / 2).then(Action::Pace(None)))
}

/// Head and cells of the table of what presets play alone.
fn rows(all: &[Measured]) -> Vec<Vec<String>> {
    const HEAD: [&str; 11] = [
        "preset",
        "sounding",
        "onsets",
        "with onset",
        "at once",
        "repeated",
        "range",
        "middle 80 %",
        "classes",
        "silent",
        "velocity",
    ];
    let mut rows: Vec<Vec<String>> = vec![HEAD.map(str::to_owned).to_vec(), Vec::new()];
    rows.extend(all.iter().map(|Measured { name, figures: f }| {
        vec![
            name.clone(),
            format!("{:.2}", f.sounding_step),
            format!("{:.2}", f.onsets_step),
            format!("{:.0} %", 100.0 * f.steps_with_onset),
            format!("{:.2}", f.polyphony),
            format!("{:.0} %", 100.0 * f.repeated_chords),
            format!("{} to {}", key_name(f.lowest_key), key_name(f.highest_key)),
            format!("{} to {}", key_name(f.middle_low), key_name(f.middle_high)),
            f.pitch_classes.to_string(),
            format!("{} of {}", f.silent_bars, f.bars),
            format!("{:.0}", f.velocity),
        ]
    }));
    rows
}

/// A table in Markdown.
fn print(rows: &[Vec<String>]) {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in rows {
        let cells: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(column, width)| match row.get(column) {
                Some(cell) if column == 0 => format!("{cell:<width$}"),
                Some(cell) => format!("{cell:>width$}"),
                None if column == 0 => "-".repeat(*width),
                None => format!("{}:", "-".repeat(width - 1)),
            })
            .collect();
        println!("| {} |", cells.join(" | "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_of_the_workspace_are_read_in_order() {
        let presets = read(&workspace::root().join("presets")).expect("presets");
        assert_eq!(presets.len(), 11);
        assert_eq!(presets[0].name, "Default");
        assert!(presets[0].values.is_empty());
        let error = read(&workspace::root().join("no such folder")).expect_err("missing");
        assert!(error.to_string().contains("no such folder"));
    }
}
