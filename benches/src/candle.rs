//! candle as a peer: its own LSTM layers over the checkpoint's tensors, on one thread.

use std::collections::HashMap;

use anacrusis::model::config::Config;
use anacrusis::model::network::{self, FEEDBACK, HEAD_BIAS, HEAD_WEIGHT, LayerSpec};
use anacrusis::model::{Checkpoint, Frame, features};
use anacrusis::music::Chord;
use anyhow::{Context, Result};
use candle_core::{D, DType, Device, Tensor};
use candle_nn::ops::sigmoid;
use candle_nn::{LSTM, LSTMConfig, RNN, VarBuilder, rnn::LSTMState};

use super::round::Player;
use anacrusis_companion::vectors::Decide;

/// For people; the manifest has the version.
pub const VERSION: &str = "0.11";

/// The network, as someone would write it who has candle and wants it fast: layers are
/// `candle_nn::LSTM`, but for the note stack's first one, of which the part that depends on no
/// key before is one product over all keys.
pub struct Candle {
    config: Config,
    time: Vec<LSTM>,
    /// The first note layer: weights `[I, 4H]` from the time stack, from the two bits and its
    /// own output; bias `[1, 4H]`.
    from_time: Tensor,
    from_keys: Tensor,
    bias: Tensor,
    note: Vec<LSTM>,
    head: Tensor,
    head_bias: Tensor,
    states: Vec<LSTMState>,
}

impl Candle {
    /// The network of a checkpoint.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn new(checkpoint: &Checkpoint) -> Result<Candle> {
        let config = checkpoint.config().clone();
        let tensor = |spec: &network::TensorSpec| {
            let values = checkpoint.tensor(&spec.name);
            Ok((spec.name.clone(), Tensor::from_slice(values, &*spec.shape, &Device::Cpu)?))
        };
        let tensors: HashMap<String, Tensor> =
            network::tensors(&config).iter().map(tensor).collect::<Result<_>>()?;
        let source = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
        let layer = |spec: &LayerSpec| {
            LSTM::new(spec.input, spec.hidden, LSTMConfig::default(), source.pp(&spec.name))
        };
        let layers = |specs: &[LayerSpec]| specs.iter().map(layer).collect::<Result<_, _>>();
        let (time, note) = (network::time_layers(&config), network::note_layers(&config));
        let (first, above) = note.split_first().context("no note layer")?;
        let width = config.time_width();
        let input = &tensors[&first.weight_ih()];
        // Nothing is ever given here.
        let bits = input.narrow(1, width, FEEDBACK)?;
        let keys = Tensor::cat(&[&bits, &tensors[&first.weight_hh()]], 1)?;
        let bias = (&tensors[&first.bias_ih()] + &tensors[&first.bias_hh()])?;
        Ok(Candle {
            time: layers(&time)?,
            from_time: input.narrow(1, 0, width)?.t()?.contiguous()?,
            from_keys: keys.t()?.contiguous()?,
            bias: bias.unsqueeze(0)?,
            note: layers(above)?,
            head: tensors[HEAD_WEIGHT].t()?.contiguous()?,
            head_bias: tensors[HEAD_BIAS].unsqueeze(0)?,
            states: Vec::new(),
            config,
        })
    }
}

impl Player for Candle {
    fn reset(&mut self) -> Result<()> {
        let keys = self.config.keys();
        let zero = |layer: &LSTM| layer.zero_state(keys);
        self.states = self.time.iter().map(zero).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn feed(&mut self, frame: &Frame) -> Result<()> {
        let (keys, width) = (self.config.keys(), features::width(&self.config));
        let mut rows = vec![0f32; keys * width];
        features::write(&self.config, frame, &mut rows);
        let mut x = Tensor::from_vec(rows, (keys, width), &Device::Cpu)?;
        for (layer, state) in self.time.iter().zip(&mut self.states) {
            *state = layer.step(&x, state)?;
            x = state.h().clone();
        }
        Ok(())
    }

    fn choose(&mut self, decide: Decide<'_>) -> Result<Chord> {
        let top = self.states.last().context("a step must be fed first")?.h();
        let projection = top.matmul(&self.from_time)?.broadcast_add(&self.bias)?;
        let units = self.config.note[0];
        let mut hidden = Tensor::zeros((1, units), DType::F32, &Device::Cpu)?;
        let mut cell = hidden.clone();
        let zero = |layer: &LSTM| layer.zero_state(1);
        let mut states: Vec<LSTMState> = self.note.iter().map(zero).collect::<Result<_, _>>()?;
        let (mut chord, mut before) = (Chord::SILENT, [0f32; 2]);
        let keys = self.config.keys();
        for visit in 0..keys {
            let index = self.config.scan.key(visit, keys);
            let known = Tensor::cat(&[&Tensor::new(&[before], &Device::Cpu)?, &hidden], 1)?;
            let z = (projection.narrow(0, index, 1)? + known.matmul(&self.from_keys)?)?;
            let gates = z.chunk(4, D::Minus1)?;
            let kept = (sigmoid(&gates[1])? * &cell)?;
            cell = (kept + (sigmoid(&gates[0])? * gates[2].tanh()?)?)?;
            hidden = (sigmoid(&gates[3])? * cell.tanh()?)?;
            let mut top = hidden.clone();
            for (layer, state) in self.note.iter().zip(&mut states) {
                *state = layer.step(&top, state)?;
                top = state.h().clone();
            }
            let logits = (top.matmul(&self.head)? + &self.head_bias)?.flatten_all()?;
            let logits = logits.to_vec1::<f32>()?;
            let (plays, struck) = decide(index, [logits[0], logits[1]]);
            before = [plays, plays && struck].map(|bit| f32::from(u8::from(bit)));
            let key = self.config.low + index as u8;
            chord.decide(key, plays, struck);
        }
        Ok(chord)
    }
}
