//! The layer differentiated by hand, for devices where every operation is a call: what does
//! not recur is one product for all steps, and what does is a [`recurrence`].

use candle_core::{Result, Tensor};

use super::{GATES, LayerGradients, Sizes, State, Trace, append, recurrence};

/// The weights of one layer.
pub struct Weights {
    input: Tensor,
    recurrent: Tensor,
    bias: Tensor,
}

impl Weights {
    /// Of `input` `[4H, I]`, `recurrent` `[4H, H]` and `bias` `[1, 4H]`.
    pub fn new(input: Tensor, recurrent: Tensor, bias: Tensor) -> Weights {
        Weights { input, recurrent, bias }
    }

    /// Outputs `[L, R, H]`, the last state, and what is needed on the way back.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn run(
        &self,
        input: &Tensor,
        sizes: Sizes,
        state: Option<&State>,
    ) -> Result<(Tensor, State, Trace)> {
        let Sizes { steps, rows, units } = sizes;
        let projected = input.matmul(&self.input.t()?)?.broadcast_add(&self.bias)?;
        let projected = projected.reshape((steps, rows, GATES * units))?;
        let (hidden, trace) = recurrence::forward(&projected, &self.recurrent, state)?;
        let last = |tensor: &Tensor| tensor.get(steps - 1)?.copy();
        let last = State { hidden: last(&hidden)?, cell: last(&trace.cells)? };
        Ok((hidden, last, trace))
    }

    /// Differentiates a run of `input` that gave `hidden`, where `gradient` `[L, R, H]` arrives.
    ///
    /// # Errors
    /// If the run did not begin from zero or shapes do not fit.
    pub fn backward(
        &self,
        (input, hidden): (&Tensor, &Tensor),
        trace: &Trace,
        sizes: Sizes,
        gradient: &Tensor,
        of_input: bool,
    ) -> Result<(LayerGradients, Option<Tensor>)> {
        let Sizes { steps, rows, units } = sizes;
        let dz = recurrence::backward(trace, &self.recurrent, &gradient.contiguous()?)?;
        let dz = dz.reshape((steps * rows, GATES * units))?;
        let ones = Tensor::ones((1, steps * rows), dz.dtype(), dz.device())?;
        let mut gradients = LayerGradients::default();
        append(&mut gradients.bias, &ones.matmul(&dz)?)?;
        append(&mut gradients.weight_ih, &dz.t()?.matmul(input)?)?;
        match (steps - 1) * rows {
            0 => gradients.weight_hh.resize(GATES * units * units, 0.0),
            later => {
                let before = hidden.narrow(0, 0, steps - 1)?.reshape((later, units))?;
                let dw = dz.narrow(0, rows, later)?.t()?.matmul(&before)?;
                append(&mut gradients.weight_hh, &dw)?;
            }
        }
        let below = of_input.then(|| dz.matmul(&self.input)).transpose()?;
        Ok((gradients, below))
    }
}
