//! One LSTM layer in candle: the gradient's oracle and the trainer's inner loop.
//!
//! The cell is model.md, section 3, written in candle tensors and differentiated by candle.
//! Two things keep plain autograd affordable. The product with the inputs does not depend on
//! the recurrence, so it is one matrix product outside the graph, whose per-step rows enter
//! the graph as leaves: their gradients give those of the input weights, the bias and the
//! input, again one product each. And nothing tracked is ever sliced, since the backward pass
//! of candle's `narrow` pads every slice to full size: steps and gates live in lists.
//!
//! Letters: L steps along the recurrent axis, R rows (independent sequences), I inputs,
//! H units.

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::ops::sigmoid;

/// Gates in the order of the rows of a weight matrix.
const GATES: usize = 4;

/// The weights of one layer, one matrix per gate (i, f, g, o).
pub struct Layer {
    input: Vec<Tensor>,
    recurrent: Vec<Var>,
    bias: Vec<Tensor>,
    units: usize,
}

/// Hidden state and cell of every row, each `[R, H]`.
#[derive(Clone)]
pub struct State {
    hidden: Tensor,
    cell: Tensor,
}

/// What a layer did with one input: its output, and the graph behind it if it was tracked.
pub struct Run {
    input: Tensor,
    leaves: Vec<Vec<Var>>,
    rows: usize,
    /// Outputs `[L, R, H]`.
    pub hidden: Tensor,
    /// State after the last step, outside the graph.
    pub last: State,
}

/// Gradients of a layer's tensors, flat, in the layout of the checkpoint.
pub struct LayerGradients {
    /// `[4H, I]`
    pub weight_ih: Vec<f32>,
    /// `[4H, H]`
    pub weight_hh: Vec<f32>,
    /// `[4H]`, the same for both biases.
    pub bias: Vec<f32>,
}

impl Layer {
    /// Builds a layer of `units` from the four tensors of a checkpoint.
    ///
    /// # Errors
    /// If the lengths do not fit one another.
    pub fn new(
        units: usize,
        weight_ih: &[f32],
        weight_hh: &[f32],
        biases: [&[f32]; 2],
    ) -> Result<Layer> {
        let inputs = weight_ih.len() / (GATES * units);
        let device = &Device::Cpu;
        let sum: Vec<f32> = biases[0].iter().zip(biases[1]).map(|(a, b)| a + b).collect();
        let mut layer = Layer { input: vec![], recurrent: vec![], bias: vec![], units };
        for gate in 0..GATES {
            let rows = gate * units..(gate + 1) * units;
            let of = |width: usize| rows.start * width..rows.end * width;
            let input = Tensor::from_slice(&weight_ih[of(inputs)], (units, inputs), device)?;
            let recurrent = Tensor::from_slice(&weight_hh[of(units)], (units, units), device)?;
            layer.input.push(input);
            layer.recurrent.push(Var::from_tensor(&recurrent)?);
            layer.bias.push(Tensor::from_slice(&sum[rows], (1, units), device)?);
        }
        Ok(layer)
    }

    /// Runs the layer over `input` `[L * R, I]`, step by step, from `state` (zero if `None`).
    /// With `track`, the run can be differentiated; `input` must then be outside any graph.
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
        let rows = input.dim(0)? / steps;
        let mut projected = Vec::with_capacity(GATES);
        let mut weights = Vec::with_capacity(GATES);
        for gate in 0..GATES {
            let product = input.matmul(&self.input[gate].t()?)?;
            projected.push(product.broadcast_add(&self.bias[gate])?);
            let weight = self.recurrent[gate].as_tensor();
            weights.push(if track { weight.t()? } else { weight.detach().t()? });
        }
        let mut leaves = Vec::new();
        let mut outputs = Vec::with_capacity(steps);
        let mut state = state.cloned();
        for step in 0..steps {
            let mut z = Vec::with_capacity(GATES);
            let mut leaf = Vec::new();
            for gate in 0..GATES {
                let mut sum = projected[gate].narrow(0, step * rows, rows)?;
                if track {
                    let var = Var::from_tensor(&sum)?;
                    sum = var.as_tensor().clone();
                    leaf.push(var);
                }
                if let Some(state) = &state {
                    sum = (sum + state.hidden.matmul(&weights[gate])?)?;
                }
                z.push(sum);
            }
            let (input, candidate, output) = (sigmoid(&z[0])?, tanh(&z[2])?, sigmoid(&z[3])?);
            let mut cell = (input * candidate)?;
            if let Some(state) = &state {
                cell = (cell + (sigmoid(&z[1])? * &state.cell)?)?;
            }
            let hidden = (output * tanh(&cell)?)?;
            outputs.push(hidden.clone());
            state = Some(State { hidden, cell });
            if track {
                leaves.push(leaf);
            }
        }
        let hidden = Tensor::stack(&outputs, 0)?;
        let last = match state {
            Some(state) => State { hidden: state.hidden.detach(), cell: state.cell.detach() },
            None => candle_core::bail!("a layer needs at least one step"),
        };
        Ok(Run { input, leaves, rows, hidden, last })
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
        // d/dx of sum(hidden * gradient) is what arrives at x when `gradient` arrives at
        // `hidden`; candle's backward sums by itself, starting from ones.
        let store = run.hidden.mul(gradient)?.backward()?;
        let zeros = Tensor::zeros((run.rows, self.units), gradient.dtype(), &Device::Cpu)?;
        let mut gradients = LayerGradients { weight_ih: vec![], weight_hh: vec![], bias: vec![] };
        let mut input_gradient: Option<Tensor> = None;
        for gate in 0..GATES {
            // The forget gate of the first step touches nothing when the state is zero.
            let rows: Vec<&Tensor> =
                run.leaves.iter().map(|leaf| store.get(&leaf[gate]).unwrap_or(&zeros)).collect();
            let dz = Tensor::cat(&rows, 0)?;
            let ones = Tensor::ones((1, dz.dim(0)?), dz.dtype(), &Device::Cpu)?;
            append(&mut gradients.bias, &ones.matmul(&dz)?)?;
            append(&mut gradients.weight_ih, &dz.t()?.matmul(&run.input)?)?;
            match store.get(&self.recurrent[gate]) {
                Some(dw) => append(&mut gradients.weight_hh, dw)?,
                None => gradients.weight_hh.resize((gate + 1) * self.units * self.units, 0.0),
            }
            if of_input {
                let part = dz.matmul(&self.input[gate])?;
                input_gradient = Some(match input_gradient {
                    Some(sum) => (sum + part)?,
                    None => part,
                });
            }
        }
        Ok((gradients, input_gradient))
    }
}

/// `2 sigmoid(2x) - 1`: three times as fast as the C library's, which candle uses.
fn tanh(x: &Tensor) -> Result<Tensor> {
    sigmoid(&x.affine(2.0, 0.0)?)?.affine(2.0, -1.0)
}

fn append(values: &mut Vec<f32>, tensor: &Tensor) -> Result<()> {
    values.extend(tensor.flatten_all()?.to_vec1::<f32>()?);
    Ok(())
}
