//! The recurrence of a layer over hoisted products, forward and backward: on CUDA one kernel
//! and one product a step, on the CPU plain loops, which say what the kernels do.
//!
//! With z the sum of both products and the bias (gates i, f, g, o), model.md, section 3:
//! `c = f c' + i g`, `h = o tanh(c)`. Backward, with d for the gradient of the loss by what
//! follows it: `do = dh tanh(c)`, `dc += dh o (1 - tanh(c)^2)`, `di = dc g`, `df = dc c'`,
//! `dg = dc i`, then through sigmoid and tanh to `dz`; what reaches the step before is
//! `dc f` and `dz W`.

use candle_core::{Device, Result, Tensor, bail};

use super::{GATES, State, Trace};

/// Outputs `[L, R, H]` and the trace of a layer whose product with the inputs, bias included,
/// is `projected` `[L, R, 4H]`; `weight` is `[4H, H]`; from `state`, zero if `None`.
///
/// # Errors
/// If the device is neither the CPU nor CUDA, or fails.
pub fn forward(
    projected: &Tensor,
    weight: &Tensor,
    state: Option<&State>,
) -> Result<(Tensor, Trace)> {
    let (steps, rows, width) = projected.dims3()?;
    let units = width / GATES;
    let from_zero = state.is_none();
    let (hidden, gates, cells) = match projected.device() {
        Device::Cpu => {
            let numbers = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
            let state = match state {
                Some(state) => [numbers(&state.hidden)?, numbers(&state.cell)?],
                None => [vec![0.0; rows * units], vec![0.0; rows * units]],
            };
            let mut gates = numbers(projected)?;
            let [hidden, cells] = loops::forward(&mut gates, &numbers(weight)?, state, units);
            let of = |values, width| Tensor::from_vec(values, (steps, rows, width), &Device::Cpu);
            (of(hidden, units)?, of(gates, width)?, of(cells, units)?)
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(device) => super::cuda::forward(device, projected, weight, state)?,
        other => bail!("no recurrence by hand on {other:?}"),
    };
    Ok((hidden, Trace { gates, cells, from_zero }))
}

/// The gradient by z, `[L, R, 4H]`, where `arriving` `[L, R, H]` is that by the outputs.
///
/// # Errors
/// If the run did not begin from zero, or as [`forward`].
pub fn backward(trace: &Trace, weight: &Tensor, arriving: &Tensor) -> Result<Tensor> {
    if !trace.from_zero {
        bail!("a run can be differentiated only from zero state");
    }
    let (steps, rows, units) = arriving.dims3()?;
    match arriving.device() {
        Device::Cpu => {
            let numbers = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
            let (gates, cells) = (numbers(&trace.gates)?, numbers(&trace.cells)?);
            let dz = loops::backward(
                [&gates, &cells],
                &numbers(weight)?,
                &numbers(arriving)?,
                units,
                rows,
            );
            Tensor::from_vec(dz, (steps, rows, GATES * units), &Device::Cpu)
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(device) => super::cuda::backward(device, trace, weight, arriving),
        other => bail!("no recurrence by hand on {other:?}"),
    }
}

/// The CPU's.
mod loops {
    use super::GATES;

    fn sigmoid(x: f32) -> f32 {
        1.0 / (1.0 + (-x).exp())
    }

    /// Turns `gates` from z without the recurrent part into gates; outputs and cells.
    pub fn forward(
        gates: &mut [f32],
        weight: &[f32],
        [mut hidden, mut cell]: [Vec<f32>; 2],
        units: usize,
    ) -> [Vec<f32>; 2] {
        let (mut outputs, mut cells) = (vec![], vec![]);
        for gates in gates.chunks_exact_mut(GATES * hidden.len()) {
            let rows = gates.chunks_exact_mut(GATES * units);
            let states = hidden.chunks_exact_mut(units).zip(cell.chunks_exact_mut(units));
            for (z, (hidden, cell)) in rows.zip(states) {
                for (z, weight) in z.iter_mut().zip(weight.chunks_exact(units)) {
                    *z += hidden.iter().zip(weight).map(|(h, w)| h * w).sum::<f32>();
                }
                for unit in 0..units {
                    let at = |gate: usize| gate * units + unit;
                    for gate in [0, 1, 3] {
                        z[at(gate)] = sigmoid(z[at(gate)]);
                    }
                    z[at(2)] = z[at(2)].tanh();
                    cell[unit] = z[at(1)] * cell[unit] + z[at(0)] * z[at(2)];
                    hidden[unit] = z[at(3)] * cell[unit].tanh();
                }
            }
            outputs.extend_from_slice(&hidden);
            cells.extend_from_slice(&cell);
        }
        [outputs, cells]
    }

    /// The gradient by z.
    pub fn backward(
        [gates, cells]: [&[f32]; 2],
        weight: &[f32],
        arriving: &[f32],
        units: usize,
        rows: usize,
    ) -> Vec<f32> {
        let wide = rows * units;
        let mut dz = vec![0.0; gates.len()];
        let (mut dh, mut dc) = (vec![0.0f32; wide], vec![0.0f32; wide]);
        for step in (0..arriving.len() / wide).rev() {
            for row in 0..rows {
                let z = (step * rows + row) * GATES * units;
                for unit in 0..units {
                    let at = row * units + unit;
                    let [i, f, g, o] = [0, 1, 2, 3].map(|gate| gates[z + gate * units + unit]);
                    let before = step.checked_sub(1).map_or(0.0, |step| cells[step * wide + at]);
                    let tanh = cells[step * wide + at].tanh();
                    let hidden = arriving[step * wide + at] + dh[at];
                    let cell = dc[at] + hidden * o * (1.0 - tanh * tanh);
                    let by_z = [
                        cell * g * i * (1.0 - i),
                        cell * before * f * (1.0 - f),
                        cell * i * (1.0 - g * g),
                        hidden * tanh * o * (1.0 - o),
                    ];
                    for (gate, by_z) in by_z.into_iter().enumerate() {
                        dz[z + gate * units + unit] = by_z;
                    }
                    dc[at] = cell * f;
                }
                let by_z = &dz[z..z + GATES * units];
                let dh = &mut dh[row * units..(row + 1) * units];
                dh.fill(0.0);
                for (by_z, weight) in by_z.iter().zip(weight.chunks_exact(units)) {
                    dh.iter_mut().zip(weight).for_each(|(dh, w)| *dh += by_z * w);
                }
            }
        }
        dz
    }
}
