//! One LSTM layer in candle: the gradient's oracle and the trainer's inner loop on a GPU.
//!
//! The cell is model.md, section 3. It is there twice: as candle differentiates it
//! ([`traced`]), and differentiated by hand ([`by_hand`]), with one kernel and one product for
//! each step of the recurrence ([`recurrence`]).
//!
//! Letters: L steps along the recurrent axis, R rows (independent sequences), I inputs,
//! H units.

pub mod by_hand;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod recurrence;
pub mod traced;

use candle_core::{Device, Result, Tensor};

/// Gates in the order of the rows of a weight matrix.
pub const GATES: usize = 4;

/// How a layer is differentiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By candle.
    Traced,
    /// By hand. On the CPU in plain loops, which are there to be compared with.
    ByHand,
}

impl Way {
    /// The faster one on `device`.
    pub fn on(device: &Device) -> Way {
        if device.is_cuda() { Way::ByHand } else { Way::Traced }
    }
}

/// What the way back needs of the way there.
pub struct Trace {
    /// Gates after sigmoid and tanh, `[L, R, 4H]`.
    pub gates: Tensor,
    /// Cells `[L, R, H]`.
    pub cells: Tensor,
    /// Whether the first state was zero.
    pub from_zero: bool,
}

/// Sizes of a run.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// L
    pub steps: usize,
    /// R
    pub rows: usize,
    /// H
    pub units: usize,
}

/// The weights of one layer.
pub struct Layer {
    weights: Weights,
    units: usize,
}

enum Weights {
    Traced(traced::Weights),
    ByHand(by_hand::Weights),
}

enum Tape {
    Traced(traced::Tape),
    ByHand(Trace),
}

/// Hidden state and cell of every row, each `[R, H]`.
#[derive(Clone)]
pub struct State {
    /// Hidden state.
    pub hidden: Tensor,
    /// Cell.
    pub cell: Tensor,
}

/// What a layer did with one input: its output, and what is needed to differentiate it.
pub struct Run {
    input: Tensor,
    tape: Tape,
    sizes: Sizes,
    /// Outputs `[L, R, H]`.
    pub hidden: Tensor,
    /// State after the last step, outside any graph.
    pub last: State,
}

/// Gradients of a layer's tensors, flat, in the layout of the checkpoint.
#[derive(Default)]
pub struct LayerGradients {
    /// `[4H, I]`
    pub weight_ih: Vec<f32>,
    /// `[4H, H]`
    pub weight_hh: Vec<f32>,
    /// `[4H]`, the same for both biases.
    pub bias: Vec<f32>,
}

impl Layer {
    /// Builds a layer of `units` on `device` from the four tensors of a checkpoint.
    ///
    /// # Errors
    /// If the lengths do not fit one another.
    pub fn new(
        units: usize,
        weights: [&[f32]; 2],
        biases: [&[f32]; 2],
        (device, way): (&Device, Way),
    ) -> Result<Layer> {
        let matrix = |values: &[f32]| {
            Tensor::from_slice(values, (GATES * units, values.len() / (GATES * units)), device)
        };
        let (input, recurrent) = (matrix(weights[0])?, matrix(weights[1])?);
        let sum: Vec<f32> = biases[0].iter().zip(biases[1]).map(|(a, b)| a + b).collect();
        let bias = Tensor::from_vec(sum, (1, GATES * units), device)?;
        let weights = match way {
            Way::Traced => Weights::Traced(traced::Weights::new(&input, &recurrent, &bias)?),
            Way::ByHand => Weights::ByHand(by_hand::Weights::new(input, recurrent, bias)),
        };
        Ok(Layer { weights, units })
    }

    /// Runs the layer over `input` `[L * R, I]`, step by step, from `state` (zero if `None`).
    /// With `track`, the run can be differentiated; `input` must then be outside any graph,
    /// and the layer begin from zero.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn run(
        &self,
        input: Tensor,
        steps: usize,
        state: Option<&State>,
        track: bool,
    ) -> Result<Run> {
        let sizes = Sizes { steps, rows: input.dim(0)? / steps, units: self.units };
        let (hidden, last, tape) = match &self.weights {
            Weights::Traced(weights) => {
                let (hidden, last, tape) = weights.run(&input, sizes, state, track)?;
                (hidden, last, Tape::Traced(tape))
            }
            Weights::ByHand(weights) => {
                let (hidden, last, trace) = weights.run(&input, sizes, state)?;
                (hidden, last, Tape::ByHand(trace))
            }
        };
        Ok(Run { input, tape, sizes, hidden, last })
    }

    /// Differentiates a tracked run. `gradient` `[L, R, H]` is that of the outputs. Returns
    /// the gradients of the weights and, if wanted, of the input `[L * R, I]`.
    ///
    /// # Errors
    /// If the run was not tracked or shapes do not fit.
    pub fn backward(
        &self,
        run: Run,
        gradient: &Tensor,
        of_input: bool,
    ) -> Result<(LayerGradients, Option<Tensor>)> {
        let Run { input, tape, sizes, hidden, .. } = run;
        let music = (&input, &hidden);
        match (&self.weights, &tape) {
            (Weights::Traced(weights), Tape::Traced(tape)) => {
                weights.backward(music, tape, sizes, gradient, of_input)
            }
            (Weights::ByHand(weights), Tape::ByHand(trace)) => {
                weights.backward(music, trace, sizes, gradient, of_input)
            }
            _ => candle_core::bail!("the run of another layer"),
        }
    }
}

fn append(values: &mut Vec<f32>, tensor: &Tensor) -> Result<()> {
    values.extend(tensor.flatten_all()?.to_vec1::<f32>()?);
    Ok(())
}
