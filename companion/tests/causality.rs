//! No network sees what it is to predict: neither the steps that follow, nor in a step the key it is
//! asked about, nor those visited after it.

use std::path::{Path, PathBuf};

use anacrusis::model::checkpoint::{Checkpoint, Metadata};
use anacrusis::model::config::{Config, Scan, Start};
use anacrusis::model::network::tensors;
use anacrusis::model::{Draw, Engine};
use anacrusis::music::{Chord, Metres, PianoRoll};
use anacrusis_companion::score;
use anacrusis_companion::sequence::Sequence;

const STEPS: usize = 7;

fn uniform(seed: u64, at: usize, key: usize) -> f64 {
    Draw { seed, pass: 0 }.uniforms(at as i64, key as u8)[0]
}

/// A small network of random weights, large enough that nothing is lost in rounding.
fn random(config: Config, seed: u64) -> Checkpoint {
    let weights = tensors(&config).into_iter().enumerate().map(|(index, spec)| {
        let value = |at: usize| (uniform(seed + index as u64, at / 100, at % 100) - 0.5) as f32;
        (spec.name.clone(), (0..spec.elements()).map(|at| 1.5 * value(at)).collect())
    });
    let weights = weights.collect();
    Checkpoint::new(config, weights, Metadata::default()).expect("weights of the right shapes")
}

fn networks() -> Vec<(String, Checkpoint)> {
    let mut all = vec![];
    for (scan, start) in
        [(Scan::Up, Start::Flag), (Scan::Down, Start::Flag), (Scan::Up, Start::None)]
    {
        let (time, note) = (vec![6, 5], vec![4, 3]);
        let config = Config { low: 21, notes: 88, time, note, scan, start, ..Config::default() };
        all.push((format!("{scan:?}, {start:?}"), random(config, 7)));
    }
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let listed = |folder: PathBuf| {
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
    };
    let files = listed(models.clone()).chain(listed(models.join("benchmark")));
    for path in files.filter(|path| path.extension().is_some_and(|e| e == "safetensors")) {
        let checkpoint = anacrusis_companion::model_file::read(&path).expect("a model");
        all.push((path.display().to_string(), checkpoint));
    }
    assert!(all.len() >= 5, "the shipped models, too");
    all
}

/// About four keys in each step, some of them held.
fn music(config: &Config) -> PianoRoll {
    let mut before = Chord::SILENT;
    let next = |step: usize| {
        let mut chord = Chord::SILENT;
        for key in config.low..config.low + config.notes {
            let lot = uniform(3, step, usize::from(key));
            let stays = before.plays(key) && lot < 0.6;
            let plays = stays || lot < 4.0 / f64::from(config.notes);
            chord.decide(key, plays, plays && !stays);
        }
        before = chord;
        chord
    };
    (0..STEPS).map(next).collect()
}

fn logits(checkpoint: &Checkpoint, roll: &PianoRoll) -> Vec<f64> {
    let mut engine = Engine::new(checkpoint);
    let sequence = Sequence::of_piece(checkpoint.config(), roll, &Metres::default());
    score::logits(&mut engine, &sequence)
}

#[test]
fn what_is_predicted_is_not_seen() {
    for (name, checkpoint) in networks() {
        let config = checkpoint.config();
        let (low, keys) = (config.low, config.keys());
        let first = usize::from(config.start == Start::None);
        let roll = music(config);
        let plain = logits(&checkpoint, &roll);
        assert_eq!(plain.len(), (STEPS - first) * keys * 2);
        for (step, place) in [(first, keys / 2), (3, 10), (3, keys - 5), (STEPS - 1, keys / 3)] {
            let key = low + place as u8;
            let mut other = roll.clone();
            let chord = other.chords[step];
            let struck = chord.struck() & !(1 << key) | !chord.playing() & 1 << key;
            other.chords[step] = Chord::from_masks(chord.playing() ^ 1 << key, struck);
            let changed = logits(&checkpoint, &other);
            // Places in the order of the scan: what is visited up to the key itself may know
            // nothing of it.
            let visited = |n: usize| if config.scan == Scan::Up { n } else { keys - 1 - n };
            let mut later = 0;
            for (index, (a, b)) in plain.iter().zip(&changed).enumerate() {
                let (t, n) = (index / (2 * keys) + first, index / 2 % keys);
                let before = t < step || (t == step && visited(n) <= visited(place));
                assert!(!before || a == b, "{name}: step {t} key {n} knows of {step}, {place}");
                later += usize::from(!before && a != b);
            }
            assert!(later > 0, "{name}: {step}, {place} matters to what follows");
        }
    }
}
