//! The standalone in a JACK server that runs, heard by a client of our own: what leaves it, at
//! which sample, and that nothing is left sounding when it is told to quit.
//!
//! `cargo xtask test jack` starts a server without hardware and a screen nobody sees, and runs
//! this in them.

#![allow(clippy::print_stdout)] // Figures are part of what these tests are for.

mod capture;

use anacrusis::jam::controls::Controls;
use anacrusis_test_host::performer::{Front, shipped};
use anacrusis_test_host::rows::patient;
use anacrusis_test_host::{Kind, Recording, perform};
use capture::{Capture, Heard};
use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;

/// Slow, so that even a busy machine has its chords in time, and a step is no whole number of
/// samples.
const TEMPO_BPM: f64 = 77.0;
const BARS: u32 = 12;
const STEPS_PER_BEAT: u32 = 4;
const STEPS: u32 = BARS * 4 * STEPS_PER_BEAT;

/// Blocks listened to before the start.
const BLOCKS_AT_REST: u64 = 300;

#[test]
fn the_standalone_plays_in_time_and_ends_what_it_began() {
    let capture = Capture::open();
    let rate_hz = f64::from(capture.sample_rate_hz());
    let block = u64::from(capture.block_samples());
    let step_samples = rate_hz * 60.0 / TEMPO_BPM / f64::from(STEPS_PER_BEAT);

    let mut program = Program::start(capture.client_name());
    capture.wait_until("the standalone's cable is laid", |c| c.connected(), &mut program);
    let begun = capture.samples();
    let at_rest = begun + BLOCKS_AT_REST * block;
    capture.wait_until("JACK calls us", |c| c.samples() >= at_rest, &mut program);
    assert_eq!(capture.heard().len(), 0, "notes before the start: {:?}", capture.heard());

    let start = capture.samples();
    program.say("play");
    let end = start + (f64::from(STEPS) * step_samples) as u64;
    capture.wait_until("the music is played", |c| c.samples() >= end, &mut program);
    // In the middle of it: every note must be ended before the sound goes away.
    program.say("quit");
    let told = program.wait();
    let xruns = capture.xruns();
    let heard = capture.close();

    let expected = expected(rate_hz, u32::try_from(block).expect("a block of JACK's"));
    let figures = Figures::new(&heard, &expected, start, block, step_samples);
    println!("jack: {figures:?}, {xruns} xruns, step {step_samples:.2} samples");
    assert!(!told.contains("no window"), "its window did not open:\n{told}");
    assert!(figures.ons > 100, "hardly a note: {figures:?}");
    assert_eq!(figures.offs, figures.ons, "{figures:?}");
    assert_eq!(figures.unmatched, 0, "{figures:?}");
    assert!(figures.origin_off_block_samples <= 1.0, "it began within a block: {figures:?}");
    assert!(figures.worst_samples <= 1.0, "off the grid: {figures:?}\n{heard:?}");
    assert_eq!(figures.foreign, 0, "notes that the plugin does not play there: {figures:?}");
    assert!(figures.late * 2 < figures.ons, "too slow a machine to show anything: {figures:?}");
}

/// What the performer alone plays when it may take its time: the same seed, the same music.
fn expected(rate_hz: f64, block: u32) -> Recording {
    let mut alone = Front::with_model(shipped());
    let beats = f64::from(STEPS / STEPS_PER_BEAT) + 4.0;
    let script = patient(rate_hz, block).tempo(TEMPO_BPM).play().beats(beats).stop().blocks(4);
    perform(&mut alone, &script).unwrap_or_else(|error| panic!("{error}"))
}

/// What the capture shows.
#[derive(Debug, Default)]
struct Figures {
    ons: usize,
    offs: usize,
    /// Ons without off, offs without on, ons of a key that sounds.
    unmatched: usize,
    /// Onsets of chords that came late, and so sound where they were found: at the first sample
    /// of a block, at most a quarter of a step after the grid.
    late: usize,
    /// The other onsets' largest distance from the grid, which the first of them sets.
    worst_samples: f64,
    /// From the grid's beginning to the nearest of a block.
    origin_off_block_samples: f64,
    /// Onsets that the performer alone does not play at that step with that velocity.
    foreign: usize,
    /// Onsets that it plays and that were not heard: of chords that came too late to sound.
    missing: usize,
}

impl Figures {
    fn new(
        heard: &[Heard],
        expected: &Recording,
        start: u64,
        block: u64,
        step_samples: f64,
    ) -> Figures {
        let mut figures = Figures::default();
        let mut sounding: HashMap<(u8, u8), bool> = HashMap::new();
        for event in heard {
            let sounds = sounding.entry((event.channel, event.key)).or_default();
            figures.unmatched += usize::from(*sounds == event.on);
            *sounds = event.on;
            *(if event.on { &mut figures.ons } else { &mut figures.offs }) += 1;
        }
        figures.unmatched += sounding.values().filter(|sounds| **sounds).count();

        let note = |step: i64, key, channel, velocity| (step, key, channel, velocity);
        let music: HashSet<_> = expected
            .music(STEPS_PER_BEAT)
            .into_iter()
            .filter(|event| event.1 == Kind::On)
            .map(|(step, _, key, channel, velocity)| note(step, key, channel, velocity))
            .collect();
        let onsets: Vec<&Heard> = heard.iter().filter(|event| event.on).collect();
        let first_step = music.iter().map(|note| note.0).min().unwrap_or(0);
        let Some(first) = onsets.first() else { return figures };
        // Beside a musician, who may come, chords sound a reaction after their steps.
        let rate_hz = step_samples * TEMPO_BPM * f64::from(STEPS_PER_BEAT) / 60.0;
        let reaction_samples = f64::from(Controls::USUAL_REACTION_MS) / 1e3 * rate_hz;
        let first_samples = first.time_samples as f64 - reaction_samples;
        let origin = first_samples - first_step as f64 * step_samples;
        assert!(origin >= start as f64 - 1.0, "music from before the start");
        let blocks = origin / block as f64;
        figures.origin_off_block_samples = (blocks - blocks.round()).abs() * block as f64;

        let mut played = HashSet::new();
        for onset in onsets {
            let sounds = onset.time_samples as f64 - reaction_samples;
            let steps = (sounds - origin) / step_samples;
            let off_samples = (steps - steps.round()).abs() * step_samples;
            let late = off_samples > 1.0
                && onset.time_samples % block == 0
                && steps - steps.floor() <= 0.25;
            let step = if late { steps.floor() } else { steps.round() } as i64;
            if late {
                figures.late += 1;
            } else {
                figures.worst_samples = figures.worst_samples.max(off_samples);
            }
            played.insert(note(step, onset.key, onset.channel, onset.velocity));
        }
        let last = played.iter().map(|note| note.0).max().unwrap_or(0);
        figures.foreign = played.difference(&music).count();
        figures.missing =
            music.iter().filter(|note| note.0 < last && !played.contains(note)).count();
        figures
    }
}

/// The standalone while it runs.
struct Program {
    child: Child,
    stdin: ChildStdin,
    told: Option<JoinHandle<String>>,
}

impl Program {
    fn start(listener: &str) -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_anacrusis-standalone"))
            .args(["--backend", "jack", "--stopped", "--tempo"])
            .arg(TEMPO_BPM.to_string())
            .args(["--midi-out", listener])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the standalone starts");
        let stdin = child.stdin.take().expect("its input");
        let mut stderr = child.stderr.take().expect("what it tells");
        let told = std::thread::spawn(move || {
            let mut text = Vec::new();
            // What there is, even if it ends in the middle.
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Program { child, stdin, told: Some(told) }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("it listens to its terminal");
    }

    /// Ends it if it has not ended, and gives what it told.
    fn stop(&mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.told.take().and_then(|told| told.join().ok()).unwrap_or_default()
    }

    /// Waits for its end, which must be a good one; what it told.
    fn wait(mut self) -> String {
        let status = self.child.wait().expect("it can be waited for");
        let told = self.stop();
        assert!(status.success(), "{status}:\n{told}");
        told
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stop();
    }
}
