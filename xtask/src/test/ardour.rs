//! Ardour plays the VST3 and records what it sends (`tests/hosts/ardour/record.lua`); our own
//! host plays the same project, and the notes must be the same.

use super::Options;
use super::program::{Program, finish, read_lossy};
use super::{Count, Skip};
use crate::{bundle, workspace};
use anacrusis_test_host::plugin::Facts;
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Kind, Recording, Script, open, perform};
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const ARDOUR: Program = Program {
    name: "ardour7-lua",
    variable: "ARDOUR_LUA",
    how: "install Ardour 7 (Debian 12: the package ardour) or set ARDOUR_LUA to its ardourN-lua",
};

/// No step and no beat of it is a whole number of samples, nor a block of one.
const TEMPO_BPM: f64 = 133.0;
const BARS: u32 = 32;
const PRESET: &str = "as-here";
const STEPS_PER_BEAT: u32 = 4;

/// How Ardour divides a beat.
const TICKS_PER_BEAT: f64 = 1920.0;

/// Ardour tells plugins the time in whole ticks, and writes notes down in whole ticks.
const TOLERANCE_TICKS: i64 = 2;

/// Another one than a new plugin has: Ardour must have read the state.
const SEED: &str = "7";

/// Scanning, and playing a minute of music on a busy machine.
const PATIENCE: Duration = Duration::from_secs(900);

/// A note, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Note {
    begin: i64,
    key: u8,
    channel: u8,
    velocity: u8,
    /// Where it ends, or the music does.
    end: i64,
}

/// Records in Ardour, plays the same here, and compares.
///
/// # Errors
/// A skip if Ardour is not there; if it does not play to the end, or other notes.
pub fn run(_: &Options) -> Result<Count> {
    let ardour = ARDOUR.find()?;
    let scanner = scanner(&ardour)?;
    let bundles = bundle::bundle()?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let (facts, recording) = played(&bundles.vst3)?;
    let state = recording.states.get(PRESET).context("no state was saved")?;
    write_preset(folder.path(), &facts, state)?;

    let plugins = bundles.vst3.parent().context("the bundle lies nowhere")?;
    // A user's own settings and other plugins stay out of it.
    let at_home = |mut command: Command| {
        command.env("HOME", folder.path()).env("VST3_PATH", plugins);
        for variable in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
            command.env_remove(variable);
        }
        command
    };
    // Ardour's scripts know only what was found before: that is the scanner's work.
    let mut scan = Command::new(&scanner.program);
    scan.args(["-f", "-v"]).arg(&bundles.vst3).env("LD_LIBRARY_PATH", &scanner.folder);
    let (status, printed) = finish(at_home(scan), PATIENCE)?;
    ensure!(status.success(), "Ardour's scanner ended with {status}:\n{printed}");

    let mut record = Command::new(ardour);
    record
        .arg(workspace::root().join("tests/hosts/ardour/record.lua"))
        .arg(folder.path().join("session"))
        .args([&TEMPO_BPM.to_string(), &BARS.to_string(), PRESET]);
    let (status, printed) = finish(at_home(record), PATIENCE)?;
    ensure!(
        status.success() && printed.lines().any(|line| line == "done"),
        "Ardour ended with {status}:\n{printed}"
    );
    let theirs = recorded(&printed)?;
    let comparison = Comparison::new(&notes(&recording), &theirs);
    println!(
        "ardour: {} notes recorded, {} in our own host, {} differences; furthest apart {} ticks \
         where they begin, {} where they end ({TICKS_PER_BEAT} in a beat), {BARS} bars at \
         {TEMPO_BPM} BPM",
        comparison.theirs,
        comparison.ours,
        comparison.differences.len(),
        comparison.worst_begin_ticks,
        comparison.worst_end_ticks,
    );
    ensure!(comparison.ours > 0, "no note was played");
    ensure!(
        comparison.differences.is_empty(),
        "{} differences:\n  {}",
        comparison.differences.len(),
        comparison.differences.join("\n  ")
    );
    Ok(Count { passed: 1, ..Count::default() })
}

/// Ardour's program that looks into plugins.
struct Scanner {
    program: PathBuf,
    /// Where its libraries are.
    folder: PathBuf,
}

/// Beside the libraries that the script `ardourN-lua` names.
fn scanner(ardour: &Path) -> Result<Scanner> {
    let script = read_lossy(ardour)?;
    let folder = script.lines().find_map(|line| line.strip_prefix("export ARDOUR_DLL_PATH="));
    let Some(folder) = folder.map(|folder| PathBuf::from(folder.trim_matches('"'))) else {
        bail!("{} does not say where Ardour's libraries are", ardour.display());
    };
    let program = folder.join("ardour-vst3-scanner");
    if !program.is_file() {
        bail!(Skip(format!("Ardour without VST3: there is no {}", program.display())));
    }
    Ok(Scanner { program, folder })
}

/// What our own host hears of the bundle, and the plugin's state as it then was.
fn played(vst3: &Path) -> Result<(Facts, Recording)> {
    let mut plugin = open(vst3)?;
    let script = Script::new(48_000.0, 512)
        .set("Wait for notes", "On")
        .set("Seed", SEED)
        .tempo(TEMPO_BPM)
        .live(1.0)
        .samples(24_000)
        .save_state(PRESET)
        .then(Action::Pace(None))
        .play()
        .beats(f64::from(BARS) * 4.0 + 8.0)
        .stop()
        .blocks(8);
    let recording = perform(plugin.as_mut(), &script)?;
    Ok((plugin.facts().clone(), recording))
}

/// Writes a component's state where VST3 hosts look for a user's presets, in their format:
/// header, class, where the list is; the state; the list of what there is.
fn write_preset(home: &Path, facts: &Facts, state: &[u8]) -> Result<()> {
    const HEADER: usize = 48;
    let mut preset = Vec::with_capacity(HEADER + state.len() + 28);
    preset.extend_from_slice(b"VST3");
    preset.extend_from_slice(&1_i32.to_le_bytes());
    preset.extend_from_slice(facts.id.to_uppercase().as_bytes());
    preset.extend_from_slice(&((HEADER + state.len()) as i64).to_le_bytes());
    ensure!(preset.len() == HEADER, "{} is no class of VST3", facts.id);
    preset.extend_from_slice(state);
    preset.extend_from_slice(b"List");
    preset.extend_from_slice(&1_i32.to_le_bytes());
    preset.extend_from_slice(b"Comp");
    preset.extend_from_slice(&(HEADER as i64).to_le_bytes());
    preset.extend_from_slice(&(state.len() as i64).to_le_bytes());
    let folder = home.join(".vst3/presets").join(&facts.vendor).join(&facts.name);
    std::fs::create_dir_all(&folder).context("no folder for presets")?;
    let file = folder.join(format!("{PRESET}.vstpreset"));
    std::fs::write(&file, preset).with_context(|| format!("cannot write {}", file.display()))
}

fn notes(recording: &Recording) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for event in &recording.events {
        let tick = (event.position_beats * TICKS_PER_BEAT).round() as i64;
        let (key, channel) = (event.key, event.channel);
        match event.kind {
            Kind::On => {
                let velocity = (event.velocity * 127.0).round() as u8;
                notes.push(Note { begin: tick, key, channel, velocity, end: i64::MAX });
            }
            Kind::Off => {
                let sounding =
                    notes.iter_mut().rev().find(|n| n.key == key && n.channel == channel);
                if let Some(note) = sounding.filter(|note| note.end == i64::MAX) {
                    note.end = tick;
                }
            }
        }
    }
    cut(notes)
}

/// The lines `note BEATS:TICKS BEATS:TICKS CHANNEL KEY VELOCITY` of the script.
fn recorded(printed: &str) -> Result<Vec<Note>> {
    let lines = printed.lines().filter_map(|line| line.strip_prefix("note "));
    let read = |line: &str| -> Option<Note> {
        let words: Vec<&str> = line.split(' ').collect();
        let &[begin, length, channel, key, velocity] = words.as_slice() else { return None };
        let begin = ticks(begin)?;
        Some(Note {
            begin,
            end: begin + ticks(length)?,
            channel: channel.parse().ok()?,
            key: key.parse().ok()?,
            velocity: velocity.parse().ok()?,
        })
    };
    let notes = lines.map(|line| read(line).with_context(|| format!("not a note: {line}")));
    Ok(cut(notes.collect::<Result<_>>()?))
}

fn ticks(text: &str) -> Option<i64> {
    let (beats, ticks) = text.split_once(':')?;
    Some(beats.parse::<i64>().ok()? * TICKS_PER_BEAT as i64 + ticks.parse::<i64>().ok()?)
}

/// The music of [`BARS`]: what sounds on ends there, since neither host stops at that sample.
fn cut(notes: Vec<Note>) -> Vec<Note> {
    let last = i64::from(BARS) * 4 * TICKS_PER_BEAT as i64;
    let begins = |note: &Note| note.begin < last - TOLERANCE_TICKS;
    let ends = |note: Note| Note { end: note.end.min(last), ..note };
    notes.into_iter().filter(begins).map(ends).collect()
}

/// Two performances of one project.
#[derive(Debug, Default)]
struct Comparison {
    ours: usize,
    theirs: usize,
    /// The largest distances of notes that are one, in ticks.
    worst_begin_ticks: i64,
    worst_end_ticks: i64,
    differences: Vec<String>,
}

impl Comparison {
    /// Pairs notes by step, key, channel and velocity.
    fn new(ours: &[Note], theirs: &[Note]) -> Comparison {
        let mut comparison =
            Comparison { ours: ours.len(), theirs: theirs.len(), ..Comparison::default() };
        let step = |note: &Note| {
            (note.begin as f64 / TICKS_PER_BEAT * f64::from(STEPS_PER_BEAT)).round() as i64
        };
        let what = |note: &Note| (step(note), note.key, note.channel, note.velocity);
        let mut left: Vec<&Note> = theirs.iter().collect();
        for note in ours {
            let Some(at) = left.iter().position(|other| what(other) == what(note)) else {
                comparison.differences.push(format!("step {}: only here {note:?}", step(note)));
                continue;
            };
            let other = left.swap_remove(at);
            let begin = (other.begin - note.begin).abs();
            let end = (other.end - note.end).abs();
            comparison.worst_begin_ticks = comparison.worst_begin_ticks.max(begin);
            comparison.worst_end_ticks = comparison.worst_end_ticks.max(end);
            if begin > TOLERANCE_TICKS || end > TOLERANCE_TICKS {
                comparison.differences.push(format!("step {}: {note:?}, {other:?}", step(note)));
            }
        }
        for note in left {
            comparison.differences.push(format!("step {}: only there {note:?}", step(note)));
        }
        comparison
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: Note = Note { begin: 960, key: 60, channel: 0, velocity: 90, end: 1440 };

    #[test]
    fn what_the_script_prints_is_read() {
        let printed = "x\nnote 0:960 0:480 0 60 90\nxruns 0\ndone\n";
        assert_eq!(recorded(printed).unwrap(), [NOTE]);
        assert!(recorded("note 0:960 0 60 90\n").is_err());
        // Beyond the last bar, and across its end.
        let printed = "note 128:0 1:0 0 60 90\nnote 127:0 9:0 0 61 90\n";
        let notes = recorded(printed).unwrap();
        assert_eq!((notes.len(), notes[0].key, notes[0].end), (1, 61, 128 * 1920));
    }

    #[test]
    fn every_difference_is_told() {
        let differences = |other: Note| Comparison::new(&[NOTE], &[other]).differences.len();
        assert_eq!(differences(NOTE), 0);
        assert_eq!(differences(Note { begin: 961, end: 1438, ..NOTE }), 0);
        assert_eq!(differences(Note { begin: 963, ..NOTE }), 1);
        assert_eq!(differences(Note { end: 1443, ..NOTE }), 1);
        for other in [
            Note { key: 61, ..NOTE },
            Note { channel: 1, ..NOTE },
            Note { velocity: 91, ..NOTE },
            Note { begin: 1440, end: 1920, ..NOTE },
        ] {
            assert_eq!(differences(other), 2, "one too many and one missing: {other:?}");
        }
        assert_eq!(Comparison::new(&[NOTE], &[]).differences.len(), 1);
        assert_eq!(Comparison::new(&[], &[NOTE]).differences.len(), 1);
    }
}
