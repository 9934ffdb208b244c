//! What memory a run is going to take, worked out before it takes any.
//!
//! All of it is arithmetic on sizes: what a pass keeps for the way back, the gradients of the
//! shares, weights with moments and their copies while saving, scoring, and the music itself.
//! What is held against measured peaks is in `tests/memory.rs`.

use anacrusis::model::features;
use anacrusis::model::network::{LOGITS, LayerSpec, note_layers, tensors, time_layers};
use anacrusis::music::Chord;
use anyhow::{Result, ensure};

use super::backend::Fused;
use super::evaluate;
use super::fused::features::Features;
use super::fused::plan::Places;
use super::memory::shown;
use crate::settings::{BackendKind, DeviceKind, Settings};

const NUMBER: usize = size_of::<f32>();

/// The program itself, what its libraries hold, and what the allocator does not give back.
const PROGRAM: usize = 8_000_000;

/// Numbers that candle's graph keeps for each unit of a row at a step, as measured: the results
/// of some thirty operations, and the gradients of four leaves.
const GRAPH: usize = 34;

/// What candle and its matrix products hold besides.
const LIBRARY: usize = 8_000_000;

/// What the driver and the libraries of a GPU hold: with CUDA 13 on an H200, runs of the default
/// size had 570 to 690 MB at their peaks, of which the rest below is 100 to 130 MB.
const GPU_LIBRARIES: usize = 560_000_000;

/// What a run takes at its peak, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// What the way up leaves behind for the way back, gradients included.
    pub batch: usize,
    /// Weights, moments, and both once more as they are being saved.
    pub weights: usize,
    /// What scoring held-out pieces keeps.
    pub scoring: usize,
    /// The music, and the program.
    pub rest: usize,
}

impl Estimate {
    /// For a corpus of `steps` steps of which `heldout` pieces are held out, in vectors of
    /// `lanes` numbers.
    pub fn of(settings: &Settings, lanes: usize, steps: usize, heldout: usize) -> Estimate {
        let scorers = settings.thread_count().min(heldout);
        let parts = match (settings.device, settings.backend) {
            (DeviceKind::Cpu, BackendKind::Fused) => fused(settings, lanes, scorers),
            (DeviceKind::Cpu, BackendKind::Candle) => candle(settings, scorers),
            _ => gpu(settings),
        };
        let [batch, weights, scoring] = parts;
        Estimate { batch, weights, scoring, rest: PROGRAM + steps * size_of::<Chord>() }
    }

    /// All of it.
    pub fn total(&self) -> usize {
        self.batch + self.weights + self.scoring + self.rest
    }
}

/// What of the machine's memory a run can have.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Bytes still free, if known.
    pub available: Option<u64>,
    /// Bytes that this process holds already.
    pub held: u64,
}

/// Says what a run is going to take.
///
/// # Errors
/// If that is more than there is, unless that is to be ignored; says what would fit.
pub fn admit(
    settings: &Settings,
    estimate: impl Fn(&Settings) -> Estimate,
    room: Room,
    ignore: bool,
) -> Result<String> {
    let own = estimate(settings);
    let most = room.available.map(|bytes| bytes.saturating_add(room.held));
    let fits =
        |settings: &Settings| most.is_none_or(|most| estimate(settings).total() as u64 <= most);
    let told = format!(
        "memory: about {} at the peak (batch {}, weights {}, scoring {}, music and program {})",
        shown(own.total() as u64),
        shown(own.batch as u64),
        shown(own.weights as u64),
        shown(own.scoring as u64),
        shown(own.rest as u64)
    );
    let Some(most) = most else { return Ok(told) };
    let told = format!("{told}; {} to be had", shown(most));
    ensure!(
        fits(settings) || ignore,
        "{told}, which is too little: {}; --ignore-memory begins all the same",
        advice(settings, fits)
    );
    Ok(told)
}

/// What to change for a run to fit: the least of it, one setting at a time.
fn advice(settings: &Settings, fits: impl Fn(&Settings) -> bool) -> String {
    let halved = |from: usize, least: usize, with: &dyn Fn(usize) -> Settings| {
        let halves = std::iter::successors(Some(from / 2), |n| Some(n / 2));
        halves.take_while(|n| *n >= least).find(|n| fits(&with(*n)))
    };
    let steps = |steps| Settings { steps, ..settings.clone() };
    let both = |steps| Settings { steps, batch: 1, ..settings.clone() };
    let batch = halved(settings.batch, 1, &|batch| Settings { batch, ..settings.clone() });
    let ways: Vec<String> = [
        batch.map(|n| format!("--batch {n}")),
        halved(settings.steps, 16, &steps).map(|n| format!("--steps {n}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !ways.is_empty() {
        return format!("{} would fit", ways.join(" or "));
    }
    match halved(settings.steps, 16, &both) {
        Some(n) => format!("--batch 1 with --steps {n} would fit"),
        None => "no batch would fit: make the layers smaller ([network] time and note in --config)"
            .to_owned(),
    }
}

/// Predictions of a segment: one fewer than steps unless the first is predicted too.
fn predictions(settings: &Settings) -> usize {
    use anacrusis::model::config::Start;
    settings.steps - usize::from(settings.network.start == Start::None)
}

fn parameters(settings: &Settings) -> usize {
    tensors(&settings.network).iter().map(|spec| spec.elements()).sum()
}

/// Batch, weights and scoring of the backend written by hand.
fn fused(settings: &Settings, lanes: usize, scorers: usize) -> [usize; 3] {
    let config = &settings.network;
    let keys = config.keys();
    let (time, note) = (time_layers(config), note_layers(config));
    let wide = |units: usize| units.next_multiple_of(lanes);
    let gates = |layer: &LayerSpec| 4 * wide(layer.hidden);
    let track = |layers: &[LayerSpec]| -> usize {
        layers.iter().map(|layer| gates(layer) + 2 * wide(layer.hidden)).sum()
    };
    let gradient = |layers: &[LayerSpec]| -> usize {
        layers.iter().map(|layer| (layer.input + 1 + layer.hidden) * gates(layer)).sum()
    };
    // As `fused::network::Network::bytes_of_prediction` has it.
    let of_key = NUMBER * (track(&time) + wide(config.time_width())) + Features::BYTES_OF_KEY;
    let prediction = keys * of_key;
    let desk = |rows: usize| NUMBER * keys * rows * (track(&note) + LOGITS);

    let steps = predictions(settings);
    let group = Fused::group(Fused::ROOM, settings.batch, steps * prediction);
    let shares = |rows: usize| Places::new(rows).shares;
    let (by_time, by_note) = (shares(group * keys), shares(group * steps));
    let note_rows = by_note.iter().map(|(_, rows)| *rows).max().unwrap_or(0);
    let workers = settings.thread_count().min(by_note.len());
    let gradients = by_time.len() * gradient(&time) + by_note.len() * gradient(&note);
    let units = |layers: &[LayerSpec]| layers.iter().map(|layer| layer.hidden).sum::<usize>();
    let masks = group * (keys * units(&time) + steps * units(&note));
    let batch =
        group * steps * prediction + workers * desk(note_rows) + NUMBER * (gradients + masks);

    // Packed both ways; then weights and both moments, and while saving these twice more.
    let packed: usize = time.iter().chain(&note).map(|l| 2 * (l.input + l.hidden) * gates(l)).sum();
    let kept = if settings.average > 0.0 { 12 } else { 9 };
    let weights = NUMBER * (packed + kept * parameters(settings));
    let scoring = scorers * (Fused::STRETCH * prediction + desk(Fused::STRETCH));
    [batch, weights, scoring]
}

/// The same of candle's.
fn candle(settings: &Settings, scorers: usize) -> [usize; 3] {
    let config = &settings.network;
    let units = |layers: &[usize]| layers.iter().sum::<usize>();
    let (time, note) = (units(&config.time), units(&config.note));
    let of_prediction = |kept: usize| NUMBER * config.keys() * kept;
    let lines = settings.batch * predictions(settings);
    let inputs = 2 * features::width(config);
    let graph = of_prediction(GRAPH * (time + note) + inputs + 2 * config.time_width());
    let threads = settings.thread_count().min(settings.batch);
    let weights = NUMBER * parameters(settings) * (9 + 4 * threads);
    // Of a chunk features, inputs and outputs of a layer; no graph. A thread that scores finds
    // what one that trained gave back.
    let widest = config.time.iter().chain(&config.note).max().copied().unwrap_or(0);
    let chunk = evaluate::CHUNK * of_prediction(5 * widest + inputs);
    let scoring = scorers * chunk.saturating_sub(lines * graph / threads);
    [lines * graph, weights + LIBRARY, scoring]
}

/// The same where a GPU computes, of the memory of this machine alone: what is on its way
/// there, and what its libraries hold.
fn gpu(settings: &Settings) -> [usize; 3] {
    let config = &settings.network;
    let width = features::width(config);
    let features = |steps: usize| NUMBER * config.keys() * steps * (width + 8);
    let units = config.time.iter().chain(&config.note).sum::<usize>();
    let masks = NUMBER * settings.batch * units * config.keys().max(predictions(settings));
    let batch = features(settings.batch * predictions(settings)) + masks;
    let weights = NUMBER * parameters(settings) * 11;
    [batch, weights + GPU_LIBRARIES, features(evaluate::CHUNK).saturating_sub(batch)]
}
