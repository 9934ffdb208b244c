//! The network that is measured when no model is named, and the arithmetic of a step.

use std::collections::BTreeMap;

use anacrusis::model::checkpoint::Metadata;
use anacrusis::model::network::{self, FEEDBACK, HEAD_BIAS, LayerSpec, note_layers, time_layers};
use anacrusis::model::{Checkpoint, Config, Draw};
use anyhow::Result;

/// Keys that shall sound in a step of the pseudo-random network, about.
const NOTES: f64 = 3.0;
/// Share of sounding keys that it shall strike, about.
const STRUCK: f64 = 0.4;

/// A network of pseudo-random weights as a trainer begins with them: uniform within
/// `±1/sqrt(H)`, forget gates biased by 1, and a head biased so that at this `temperature`
/// about three notes sound. The time of a step does not depend on weights, but on notes.
///
/// # Errors
/// If the configuration is out of bounds.
pub fn pseudo_random(config: Config, temperature: f32, seed: u64) -> Result<Checkpoint> {
    let units: BTreeMap<String, usize> =
        layers(&config).map(|layer| (layer.name, layer.hidden)).collect();
    let draw = Draw { seed, pass: 0 };
    let mut tensors = BTreeMap::new();
    for (place, spec) in (0..).zip(network::tensors(&config)) {
        let layer = spec.name.rsplit_once('.').map_or("", |(layer, _)| layer);
        let hidden = units.get(layer).copied().or(config.note.last().copied()).unwrap_or(1);
        let bound = 1.0 / (hidden as f64).sqrt();
        let value = |n: usize| match spec.shape.len() {
            2 => ((2.0 * draw.uniforms(n as i64, place)[0] - 1.0) * bound) as f32,
            _ if spec.name.ends_with("bias_ih_l0") => {
                f32::from(u8::from((hidden..2 * hidden).contains(&n)))
            }
            _ => 0.0,
        };
        tensors.insert(spec.name.clone(), (0..spec.elements()).map(value).collect());
    }
    let logit = |p: f64| temperature * (p / (1.0 - p)).ln() as f32;
    let share = (NOTES / config.keys() as f64).min(0.5);
    tensors.insert(HEAD_BIAS.into(), vec![logit(share), logit(STRUCK)]);
    Ok(Checkpoint::new(config, tensors, Metadata::default())?)
}

/// Floating-point operations of a step that its matrix products ask for: two for every weight
/// and key. Analysis, features and draws come on top, uncounted.
pub fn step_flops(config: &Config) -> f64 {
    let weights: usize = layers(config).map(|l| 4 * l.hidden * (l.input + l.hidden)).sum();
    let head = network::LOGITS * config.note.last().copied().unwrap_or(0);
    // The two bits fed back are no factors, they choose columns.
    let fed_back = FEEDBACK * 4 * config.note.first().copied().unwrap_or(0);
    2.0 * ((weights + head - fed_back) * config.keys()) as f64
}

fn layers(config: &Config) -> impl Iterator<Item = LayerSpec> {
    time_layers(config).into_iter().chain(note_layers(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_the_default_network_has_the_published_arithmetic() {
        let flops = step_flops(&Config::default());
        assert!((212e6..213.3e6).contains(&flops), "model.md, section 8: {flops}");
    }

    #[test]
    fn the_network_depends_on_its_seed_alone() {
        let config = Config { time: vec![8], note: vec![6, 4], ..Config::default() };
        let of = |seed| pseudo_random(config.clone(), 0.9, seed).expect("a network");
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        let bias = of(1).tensor("time.0.bias_ih_l0").to_vec();
        assert_eq!(bias.iter().sum::<f32>(), 8.0);
        assert!(bias[8..16].iter().all(|b| *b == 1.0));
        let most = of(1).tensor("note.1.weight_hh_l0").iter().fold(0.0f32, |a, b| a.max(b.abs()));
        assert!(most <= 0.5 && most > 0.45, "{most}");
    }
}
