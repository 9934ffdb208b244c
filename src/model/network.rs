//! Every tensor of a network, its name and its shape, in one table (model.md, section 9).
//! Checkpoint, engine and trainer all read it from here.

use super::config::Config;
use super::features;
use super::given::GIVEN;

/// Bits fed back to the note stack from the key visited before: play, articulate.
pub const FEEDBACK: usize = 2;
/// Logits of the head: play, articulate.
pub const LOGITS: usize = 2;

/// One LSTM layer. Gates are stacked in the order i, f, g, o, `H` rows each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSpec {
    /// `time.0`, `note.1`…: the prefix of its tensors' names.
    pub name: String,
    /// Width of its input.
    pub input: usize,
    /// Units, H.
    pub hidden: usize,
}

impl LayerSpec {
    /// Name of the input weights `[4H, input]`.
    pub fn weight_ih(&self) -> String {
        format!("{}.weight_ih_l0", self.name)
    }

    /// Name of the recurrent weights `[4H, H]`.
    pub fn weight_hh(&self) -> String {
        format!("{}.weight_hh_l0", self.name)
    }

    /// Name of the input bias `[4H]`.
    pub fn bias_ih(&self) -> String {
        format!("{}.bias_ih_l0", self.name)
    }

    /// Name of the recurrent bias `[4H]`, added to the input bias.
    pub fn bias_hh(&self) -> String {
        format!("{}.bias_hh_l0", self.name)
    }
}

/// Name of the head's weights `[2, H]` on the note stack's top layer.
pub const HEAD_WEIGHT: &str = "head.weight";
/// Name of the head's bias `[2]`.
pub const HEAD_BIAS: &str = "head.bias";

/// Name of the loudness head's weights `[1, H]`.
pub const VELOCITY_WEIGHT: &str = "velocity.weight";
/// Name of the loudness head's bias `[1]`.
pub const VELOCITY_BIAS: &str = "velocity.bias";
/// MIDI velocities that one of what the loudness head tells stands for.
pub const VELOCITY_UNIT: f32 = 32.0;

/// A tensor that a checkpoint must hold, all f32.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// Name, as in PyTorch's state dict and candle's `VarBuilder`.
    pub name: String,
    /// Shape, row-major.
    pub shape: Vec<usize>,
}

impl TensorSpec {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Layers of the time stack, bottom first.
pub fn time_layers(config: &Config) -> Vec<LayerSpec> {
    stack("time", features::width(config), &config.time)
}

/// Layers of the note stack, bottom first. The input of the first is the time stack's top
/// followed by the two bits fed back and, from version 2 of the features on, by what is given.
pub fn note_layers(config: &Config) -> Vec<LayerSpec> {
    stack("note", config.time_width() + FEEDBACK + given_width(config), &config.note)
}

/// Numbers per key that tell the note stack what is given.
pub fn given_width(config: &Config) -> usize {
    if config.hears() { GIVEN } else { 0 }
}

fn stack(stack: &str, mut input: usize, sizes: &[usize]) -> Vec<LayerSpec> {
    let mut layers = Vec::with_capacity(sizes.len());
    for (index, &hidden) in sizes.iter().enumerate() {
        layers.push(LayerSpec { name: format!("{stack}.{index}"), input, hidden });
        input = hidden;
    }
    layers
}

/// The table: every tensor of a network of this configuration, in a fixed order.
pub fn tensors(config: &Config) -> Vec<TensorSpec> {
    let mut table = Vec::new();
    for layer in time_layers(config).into_iter().chain(note_layers(config)) {
        let gates = 4 * layer.hidden;
        table.push(TensorSpec { name: layer.weight_ih(), shape: vec![gates, layer.input] });
        table.push(TensorSpec { name: layer.weight_hh(), shape: vec![gates, layer.hidden] });
        table.push(TensorSpec { name: layer.bias_ih(), shape: vec![gates] });
        table.push(TensorSpec { name: layer.bias_hh(), shape: vec![gates] });
    }
    let top = config.note.last().copied().unwrap_or(0);
    table.push(TensorSpec { name: HEAD_WEIGHT.into(), shape: vec![LOGITS, top] });
    table.push(TensorSpec { name: HEAD_BIAS.into(), shape: vec![LOGITS] });
    if config.velocity {
        table.push(TensorSpec { name: VELOCITY_WEIGHT.into(), shape: vec![1, top] });
        table.push(TensorSpec { name: VELOCITY_BIAS.into(), shape: vec![1] });
    }
    table
}

/// Number of trainable numbers, both biases counted.
pub fn parameters(config: &Config) -> usize {
    tensors(config).iter().map(TensorSpec::elements).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_network_has_the_published_size() {
        assert_eq!(parameters(&Config::default()), 1_372_902, "model.md, section 8");
        let names: Vec<_> = tensors(&Config::default()).into_iter().map(|t| t.name).collect();
        assert_eq!(names.len(), 18);
        assert!(names.contains(&"note.0.weight_ih_l0".into()));
    }
}
