//! Melodies played in, as a host would hand them over.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anacrusis::jam::controls::{Controls, Mode};
use anacrusis::jam::input::{Input, InputEvent};
use anacrusis::jam::link::link;
use anacrusis::jam::performer::Performer;
use anacrusis::jam::player::{NoteEvent, NoteSink};
use anacrusis::jam::transport::Transport;
use anacrusis::jam::worker::Worker;
use anacrusis::model::Checkpoint;
use anyhow::{Result, anyhow, ensure};

use super::Melody;

/// Samples in a step, at the tempo and rate below.
const STEP_SAMPLES: u32 = 6000;
const STEP_BEATS: f64 = 0.25;
const TEMPO_BPM: f64 = 120.0;
const SAMPLE_RATE: f64 = 48_000.0;

/// Blocks in which a model that parsed must have come into service.
const PATIENCE: u32 = 20_000;

/// Nobody listens: what sounds is read from the status.
struct Nowhere;

impl NoteSink for Nowhere {
    fn try_send(&mut self, _: NoteEvent) -> bool {
        true
    }
}

/// Accompanies every melody, on all cores; the keys that sound in each step.
pub fn all(checkpoint: &Checkpoint, melodies: &[Melody], seed: u64) -> Result<Vec<Vec<u128>>> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, Vec<u128>)>> {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(melody) = melodies.get(index) else { return Ok(done) };
            done.push((index, accompany(checkpoint, melody, seed)?));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(melodies.len());
    let parts: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(|handle| handle.join()).collect()
    });
    let mut played = vec![Vec::new(); melodies.len()];
    for part in parts {
        for (index, keys) in part.map_err(|_| anyhow!("a performance panicked"))?? {
            played[index] = keys;
        }
    }
    Ok(played)
}

/// Plays one melody in from beat 0; the keys that sound in each of its steps.
fn accompany(checkpoint: &Checkpoint, melody: &Melody, seed: u64) -> Result<Vec<u128>> {
    let (audio, end, mut monitor) = link();
    let mut performer = Performer::new(audio);
    let mut worker = Worker::new(end);
    worker.start()?;
    let checkpoint = checkpoint.clone();
    worker.models().load("model", move || Ok(checkpoint));
    let mut transport = Transport {
        sample_rate: SAMPLE_RATE,
        tempo_bpm: Some(TEMPO_BPM),
        position_beats: Some(0.0),
        ..Transport::default()
    };
    let mode = Mode::Accompany;
    let controls = Controls { mode, seed, wait_for_notes: true, ..Controls::default() };
    let mut input = Input::NONE;
    // Stopped, until the first chord is there.
    for block in 0.. {
        let frames = STEP_SAMPLES;
        performer.process(&transport, &controls, &input, frames, &mut Nowhere);
        if monitor.status().coming().first().is_some_and(|shown| shown.known) {
            break;
        }
        let state = worker.models().state();
        if let Some(error) = state.error {
            return Err(anyhow!(error));
        }
        ensure!(block < PATIENCE, "the model does not come into service");
        std::thread::sleep(Duration::from_millis(1));
    }
    transport.playing = true;
    let mut held = None;
    let mut sounding = Vec::with_capacity(melody.chords.len());
    for (step, chord) in melody.chords.iter().enumerate() {
        input.clear();
        let key = chord.keys().last();
        if let Some(before) = held.filter(|_| key != held || chord.struck() != 0) {
            input.push(InputEvent::off(0, 0, before));
        }
        if let Some(key) = key.filter(|key| chord.strikes(*key)) {
            input.push(InputEvent::on(0, 0, key, 80));
        }
        held = key;
        transport.position_beats = Some(step as f64 * STEP_BEATS);
        performer.process(&transport, &controls, &input, STEP_SAMPLES, &mut Nowhere);
        let status = monitor.status();
        ensure!(status.expired_waits == 0, "a chord did not come within two seconds");
        sounding.push(status.sounding);
    }
    Ok(sounding)
}
