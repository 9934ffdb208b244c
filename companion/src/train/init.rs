//! What a run begins with: initial weights (model.md, section 7).

use anacrusis::model::config::Config;
use anacrusis::model::network::{
    HEAD_BIAS, HEAD_WEIGHT, VELOCITY_BIAS, VELOCITY_WEIGHT, note_layers, time_layers,
};
use anacrusis::music::PianoRoll;

use super::parameters::Parameters;
use super::random::Random;

/// How often keys play, and playing keys are struck, in the training pieces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Density {
    /// Share of keys that play.
    pub play: f64,
    /// Share of playing keys that are struck.
    pub articulate: f64,
}

impl Density {
    /// Counts; half a hit is added so that neither share is 0 or 1.
    pub fn of<'a>(rolls: impl IntoIterator<Item = &'a PianoRoll>, keys: usize) -> Density {
        let (mut places, mut playing, mut struck) = (0usize, 0u64, 0u64);
        for chord in rolls.into_iter().flat_map(|roll| &roll.chords) {
            places += keys;
            playing += u64::from(chord.len());
            struck += u64::from(chord.struck().count_ones());
        }
        let share = |hits: u64, of: f64| (hits as f64 + 0.5) / (of + 1.0);
        Density { play: share(playing, places as f64), articulate: share(struck, playing as f64) }
    }
}

/// Initial weights: matrices uniform within `±1/sqrt(H)`, biases zero, but the forget gate's 1
/// (in `bias_ih`; `bias_hh` stays 0) and the head's the logits of the densities.
pub fn weights(config: &Config, density: Density, random: &Random) -> Parameters {
    let mut parameters = Parameters::new();
    let mut index = 0;
    let mut matrix = |elements: usize, units: usize| -> Vec<f32> {
        index += 1;
        let mut random = random.branch(index);
        let bound = 1.0 / (units as f64).sqrt();
        let value = || ((2.0 * random.uniform() - 1.0) * bound) as f32;
        std::iter::repeat_with(value).take(elements).collect()
    };
    for layer in time_layers(config).into_iter().chain(note_layers(config)) {
        let units = layer.hidden;
        let mut bias = vec![0.0; 4 * units];
        bias[units..2 * units].fill(1.0);
        parameters.insert(layer.weight_ih(), matrix(4 * units * layer.input, units));
        parameters.insert(layer.weight_hh(), matrix(4 * units * units, units));
        parameters.insert(layer.bias_ih(), bias);
        parameters.insert(layer.bias_hh(), vec![0.0; 4 * units]);
    }
    let top = config.note.last().copied().unwrap_or(1);
    let logit = |p: f64| (p / (1.0 - p)).ln() as f32;
    parameters.insert(HEAD_WEIGHT.into(), matrix(2 * top, top));
    parameters.insert(HEAD_BIAS.into(), vec![logit(density.play), logit(density.articulate)]);
    if config.velocity {
        // Fitted at the end of the run (`loudness.rs`): until then every note is as loud as the level.
        parameters.insert(VELOCITY_WEIGHT.into(), vec![0.0; top]);
        parameters.insert(VELOCITY_BIAS.into(), vec![0.0]);
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_follow_section_seven() {
        let config = Config { time: vec![16], note: vec![9], ..Config::default() };
        let density = Density { play: 0.04, articulate: 0.3 };
        let weights = weights(&config, density, &Random::new(1, 1));
        let within = |name: &str, bound: f32| {
            let values = &weights[name];
            let most = values.iter().fold(0.0f32, |a, b| a.max(b.abs()));
            assert!(most <= bound && most > 0.9 * bound, "{name}: {most}");
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            assert!(mean.abs() < 0.1 * bound, "{name}: mean {mean}");
        };
        within("time.0.weight_ih_l0", 0.25);
        within("note.0.weight_hh_l0", 1.0 / 3.0);
        assert!(weights["time.0.bias_hh_l0"].iter().all(|b| *b == 0.0));
        let bias = &weights["time.0.bias_ih_l0"];
        assert!(bias[16..32].iter().all(|b| *b == 1.0));
        assert!(bias[..16].iter().chain(&bias[32..]).all(|b| *b == 0.0));
        assert!((weights["head.bias"][0] - (0.04f32 / 0.96).ln()).abs() < 1e-6);
        assert_ne!(weights["time.0.weight_hh_l0"][..9], weights["note.0.weight_hh_l0"][..9]);
    }
}
