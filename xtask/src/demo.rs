//! `cargo xtask demo`: the plugin as users get it, heard and seen without a host.

use crate::{bundle, setup, synth};
use anacrusis::music::smf::{self, WriteOptions};
use anacrusis::music::{Chord, PianoRoll, STEPS_PER_BAR};
use anacrusis_companion::{files, picture};
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Kind, Recording, Script, open, perform};
use anyhow::{Context, Result, ensure};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// Steps in a beat of the grid that the demo plays on, the plugin's default.
const STEPS_PER_BEAT: u32 = 4;

/// Build the plugin, play 32 bars in it and write them as .mid, .wav and .png.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask demo
  cargo xtask demo --out d --bars 64 --tempo 96
  cargo xtask demo --out pop --model pop

The built .clap is loaded from disk by a host of our own and plays with a built-in model.
DIR/demo.mid is what it sent, DIR/demo.wav the same through its audition voice, DIR/demo.png
a piano roll: dark where a key is struck, light where it is held, eight bars to a line.")]
pub struct Args {
    /// Folder for demo.mid, demo.wav and demo.png; made if missing.
    #[arg(long, value_name = "DIR", default_value = "demo-out")]
    pub out: PathBuf,
    /// How many bars of 4/4 to play.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub bars: u32,
    /// Which of the built-in models plays.
    #[arg(long, value_enum, default_value_t)]
    pub model: Model,
    /// Tempo in quarter notes per minute, 20 to 400.
    #[arg(long, default_value_t = 120.0, value_parser = tempo)]
    pub tempo: f64,
}

/// A built-in model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Model {
    /// Songs with a voice and a piano, and chorales.
    #[default]
    Songs,
    /// Piano pieces.
    Classical,
    /// Pop songs.
    Pop,
}

impl Model {
    /// As the plugin's parameter calls it.
    fn name(self) -> &'static str {
        match self {
            Model::Songs => "Songs (built in)",
            Model::Classical => "Classical (built in)",
            Model::Pop => "Pop (built in)",
        }
    }
}

fn tempo(text: &str) -> Result<f64, String> {
    let bpm: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (20.0..=400.0).contains(&bpm) { Ok(bpm) } else { Err("not within 20 to 400".to_owned()) }
}

/// `cargo xtask demo`.
///
/// # Errors
/// If the build, the plugin or writing fails, or if nothing sounded.
pub fn run(args: &Args) -> Result<()> {
    // The folder is tried first: a build is long.
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    setup::ensure()?;
    let bundles = bundle::bundle()?;
    eprintln!("playing {} bars at {} BPM in {}", args.bars, args.tempo, bundles.clap.display());
    let recording = play(&bundles.clap, args)?;
    let steps = args.bars as usize * usize::from(STEPS_PER_BAR);
    let roll = roll_of(&recording, steps, STEPS_PER_BEAT);
    let summary = Summary::new(&recording, &roll);

    let texts = [concat!("Anacrusis ", env!("CARGO_PKG_VERSION"), ", cargo xtask demo")];
    let options = WriteOptions { tempo_bpm: args.tempo, texts: &texts, ..WriteOptions::default() };
    let written = [
        ("demo.mid", smf::write(&roll, &options)),
        ("demo.wav", synth::wav(&synth::render(&recording))?),
        ("demo.png", picture::piano_roll(&roll.chords)?),
    ];
    for (name, bytes) in &written {
        let path = args.out.join(name);
        files::write(&path, bytes)?;
        println!("{}", path.display());
    }
    println!("{summary}");
    if let Some(hint) = setup::window_hint() {
        eprintln!("note: {hint}");
    }
    ensure!(summary.notes > 0, "the plugin played no note");
    ensure!(summary.unmatched == 0, "{} notes do not pair up", summary.unmatched);
    ensure!(summary.off_grid == 0, "{} onsets are off the grid", summary.off_grid);
    Ok(())
}

/// Sample rate and block size of the demo's host.
const SAMPLE_RATE: f64 = synth::SAMPLE_RATE as f64;
const BLOCK: u32 = 256;

fn play(clap: &Path, args: &Args) -> Result<Recording> {
    let mut plugin = open(clap)?;
    let beats = f64::from(args.bars) * 4.0;
    // At rest for a moment, as in a host: the first chord is ready before play. Then as fast
    // as it goes, and so the plugin must wait for every chord.
    let script = Script::new(SAMPLE_RATE, BLOCK)
        .set("Wait for notes", "On")
        .set("Model", args.model.name())
        // Nobody plays with it: on the beat, since there is nothing to wait for.
        .set("Mode", "Solo")
        .tempo(args.tempo)
        .live(1.0)
        .samples(SAMPLE_RATE as u64 / 2)
        .then(Action::Pace(None))
        .play()
        .beats(beats)
        .stop()
        .blocks(8);
    Ok(perform(plugin.as_mut(), &script)?)
}

/// The chords of a performance that began at beat 0, `length` steps long. A note that ends within
/// a step sounds in it.
pub(crate) fn roll_of(recording: &Recording, length: usize, steps_per_beat: u32) -> PianoRoll {
    let mut chords = vec![Chord::SILENT; length];
    let mut began: HashMap<(u8, u8), usize> = HashMap::new();
    let mut end = |began: &mut HashMap<(u8, u8), usize>, note: (u8, u8), step: usize| {
        if let Some(from) = began.remove(&note) {
            for chord in chords.iter_mut().take(step).skip(from + 1) {
                chord.hold(note.1);
            }
            if let Some(chord) = chords.get_mut(from) {
                chord.strike(note.1);
            }
        }
    };
    for event in &recording.events {
        let step = match event.kind {
            Kind::On => event.step(steps_per_beat),
            // What ends at a boundary ends some sample beside it.
            Kind::Off => (event.position_beats * f64::from(steps_per_beat) - 0.01).ceil() as i64,
        };
        let step = usize::try_from(step).unwrap_or(0);
        let note = (event.channel, event.key);
        end(&mut began, note, step);
        if event.kind == Kind::On {
            began.insert(note, step);
        }
    }
    for note in began.keys().copied().collect::<Vec<_>>() {
        end(&mut began, note, length);
    }
    PianoRoll { chords }
}

/// What the demo prints of its music.
struct Summary {
    notes: u64,
    unmatched: u64,
    off_grid: u64,
    worst_samples: f64,
    onsets_per_step: f64,
    distinct_chords: usize,
    silent_bars: usize,
    bars: usize,
    range: Option<(u8, u8)>,
}

impl Summary {
    fn new(recording: &Recording, roll: &PianoRoll) -> Summary {
        let pairing = recording.notes();
        let keys = || recording.onsets().map(|event| event.key);
        let off = recording.onsets().filter(|e| e.off_grid_samples(STEPS_PER_BEAT) > 1.0);
        let chords: HashSet<u128> =
            roll.chords.iter().map(Chord::playing).filter(|&keys| keys != 0).collect();
        let bars = roll.chords.chunks(usize::from(STEPS_PER_BAR));
        Summary {
            notes: pairing.onsets,
            unmatched: pairing.unmatched(),
            off_grid: off.count() as u64,
            worst_samples: recording.worst_off_grid_samples(STEPS_PER_BEAT),
            onsets_per_step: pairing.onsets as f64 / roll.chords.len() as f64,
            distinct_chords: chords.len(),
            silent_bars: bars.clone().filter(|bar| bar.iter().all(Chord::is_empty)).count(),
            bars: bars.count(),
            range: keys().min().zip(keys().max()),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "notes                 {}", self.notes)?;
        writeln!(f, "unmatched notes       {}", self.unmatched)?;
        writeln!(
            f,
            "onsets off the 1/16   {} (furthest {:.2} samples)",
            self.off_grid, self.worst_samples
        )?;
        writeln!(f, "onsets per step       {:.2}", self.onsets_per_step)?;
        writeln!(f, "distinct chords       {}", self.distinct_chords)?;
        writeln!(f, "silent bars           {} of {}", self.silent_bars, self.bars)?;
        match self.range {
            Some((low, high)) => write!(f, "range                 keys {low} to {high}"),
            None => write!(f, "range                 none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anacrusis_test_host::Recorded;

    fn event(step: f64, kind: Kind, key: u8) -> Recorded {
        Recorded {
            time_samples: (step * 6000.0) as u64,
            position_beats: step / 4.0,
            beats_per_sample: 2.0 / SAMPLE_RATE,
            playing: true,
            pass: 0,
            kind,
            key,
            channel: 0,
            velocity: 0.5,
        }
    }

    #[test]
    fn a_recording_becomes_the_roll_that_was_played() {
        let recording = Recording {
            events: vec![
                event(0.0, Kind::On, 60),
                event(2.0, Kind::Off, 60),
                event(2.0, Kind::On, 60),
                event(3.0, Kind::Off, 60),
                event(14.0, Kind::On, 64),
            ],
            ..Recording::default()
        };
        let roll = roll_of(&recording, 16, STEPS_PER_BEAT);
        assert_eq!(roll.len(), 16);
        let mut held = Chord::SILENT;
        held.hold(60);
        let struck = Chord::struck_keys([60]);
        assert_eq!(&roll.chords[..4], [struck, held, struck, Chord::SILENT]);
        assert!(roll.chords[14].strikes(64));
        assert!(roll.chords[15].plays(64) && !roll.chords[15].strikes(64), "held to the end");

        let summary = Summary::new(&recording, &roll);
        assert_eq!((summary.notes, summary.unmatched, summary.off_grid), (3, 1, 0));
        assert_eq!((summary.distinct_chords, summary.silent_bars), (2, 0));
        assert_eq!(summary.range, Some((60, 64)));
    }

    #[test]
    fn an_onset_off_the_grid_is_counted() {
        let recording =
            Recording { events: vec![event(1.01, Kind::On, 60)], ..Recording::default() };
        let summary = Summary::new(&recording, &roll_of(&recording, 16, STEPS_PER_BEAT));
        assert_eq!(summary.off_grid, 1);
        assert!((summary.worst_samples - 60.0).abs() < 1e-6);
    }
}
