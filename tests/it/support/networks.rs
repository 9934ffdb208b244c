//! Networks and music without training.

use std::collections::BTreeMap;

use anacrusis::model::checkpoint::Metadata;
use anacrusis::model::sampler::Draw;
use anacrusis::model::{Checkpoint, Config, network};

/// A network whose weights and biases lie within `±2 / sqrt(H)`, twice the range of fresh
/// ones, so that gates open and close.
pub fn random(config: Config, seed: u64) -> Checkpoint {
    let draw = Draw { seed, pass: 0 };
    let layers = network::time_layers(&config).into_iter().chain(network::note_layers(&config));
    let units: BTreeMap<String, usize> = layers.map(|l| (l.name, l.hidden)).collect();
    let mut tensors = BTreeMap::new();
    for (index, spec) in (0..).zip(network::tensors(&config)) {
        let layer = spec.name.rsplit_once('.').map_or("", |(layer, _)| layer);
        let hidden = units.get(layer).or(config.note.last()).copied().unwrap_or(1);
        let bound = 2.0 / (hidden as f64).sqrt();
        let value = |n: usize| ((2.0 * draw.uniforms(n as i64, index)[0] - 1.0) * bound) as f32;
        tensors.insert(spec.name.clone(), (0..spec.elements()).map(value).collect());
    }
    Checkpoint::new(config, tensors, Metadata::default()).expect("a valid network")
}
