//! The layer as candle differentiates it: the oracle of the others.
//!
//! Two things keep plain autograd affordable. The product with the inputs does not depend on
//! the recurrence, so it is one matrix product outside the graph, whose per-step rows enter
//! the graph as leaves: their gradients give those of the input weights, the bias and the
//! input, again one product each. And nothing tracked is ever sliced, since the backward pass
//! of candle's `narrow` pads every slice to full size: steps and gates live in lists.

use candle_core::{Result, Tensor, Var};
use candle_nn::ops::sigmoid;

use super::{GATES, LayerGradients, Sizes, State, append};

/// The weights of one layer, one matrix per gate (i, f, g, o).
pub struct Weights {
    input: Vec<Tensor>,
    recurrent: Vec<Var>,
    bias: Vec<Tensor>,
}

/// What a tracked run left for the way back: at each step, a leaf for each gate.
pub struct Tape {
    leaves: Vec<Vec<Var>>,
}

impl Weights {
    /// Cuts `input` `[4H, I]`, `recurrent` `[4H, H]` and `bias` `[1, 4H]` by gate.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn new(input: &Tensor, recurrent: &Tensor, bias: &Tensor) -> Result<Weights> {
        let units = recurrent.dim(1)?;
        let mut weights = Weights { input: vec![], recurrent: vec![], bias: vec![] };
        for gate in 0..GATES {
            let rows = |tensor: &Tensor, dim| tensor.narrow(dim, gate * units, units);
            weights.input.push(rows(input, 0)?);
            weights.recurrent.push(Var::from_tensor(&rows(recurrent, 0)?)?);
            weights.bias.push(rows(bias, 1)?);
        }
        Ok(weights)
    }

    /// Outputs `[L, R, H]`, the last state and, with `track`, the tape.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn run(
        &self,
        input: &Tensor,
        sizes: Sizes,
        state: Option<&State>,
        track: bool,
    ) -> Result<(Tensor, State, Tape)> {
        let Sizes { steps, rows, .. } = sizes;
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
        Ok((hidden, last, Tape { leaves }))
    }

    /// Differentiates a run of `input` that gave `hidden`, where `gradient` `[L, R, H]` arrives.
    ///
    /// # Errors
    /// If the run was not tracked or shapes do not fit.
    pub fn backward(
        &self,
        (input, hidden): (&Tensor, &Tensor),
        tape: &Tape,
        sizes: Sizes,
        gradient: &Tensor,
        of_input: bool,
    ) -> Result<(LayerGradients, Option<Tensor>)> {
        // d/dx of sum(hidden * gradient) is what arrives at x when `gradient` arrives at
        // `hidden`; candle's backward sums by itself, starting from ones.
        let store = hidden.mul(gradient)?.backward()?;
        let (kind, device) = (gradient.dtype(), gradient.device());
        let zeros = Tensor::zeros((sizes.rows, sizes.units), kind, device)?;
        let mut gradients = LayerGradients::default();
        let mut input_gradient: Option<Tensor> = None;
        for gate in 0..GATES {
            // The forget gate of the first step touches nothing when the state is zero.
            let rows: Vec<&Tensor> =
                tape.leaves.iter().map(|leaf| store.get(&leaf[gate]).unwrap_or(&zeros)).collect();
            let dz = Tensor::cat(&rows, 0)?;
            let ones = Tensor::ones((1, dz.dim(0)?), kind, device)?;
            append(&mut gradients.bias, &ones.matmul(&dz)?)?;
            append(&mut gradients.weight_ih, &dz.t()?.matmul(input)?)?;
            match store.get(&self.recurrent[gate]) {
                Some(dw) => append(&mut gradients.weight_hh, dw)?,
                None => gradients.weight_hh.resize((gate + 1) * sizes.units * sizes.units, 0.0),
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
