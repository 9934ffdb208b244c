//! One LSTM layer: its weights in the orders in which they are read, what a run over a
//! sequence leaves behind, and the gradient of its weights.

use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::network::LayerSpec;

use super::outer::Outer;
use super::panels::Panels;
use crate::train::backend::Parameters;

/// Gates of a cell: i, f, g, o.
const GATES: usize = 4;

/// Weights of a layer. W is the number of units rounded up to whole vectors.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Names and sizes of its tensors.
    pub spec: LayerSpec,
    /// W.
    pub width: usize,
    /// Sum of both biases `[4W]`.
    pub bias: Vec<f32>,
    /// Input weights `[input, 4W]`.
    pub input: Panels,
    /// Recurrent weights `[H, 4W]`.
    pub recurrent: Panels,
    /// Input weights the other way `[4W, inputs that pass a gradient on]`.
    pub input_back: Panels,
    /// Recurrent weights the other way `[4W, W]`.
    pub recurrent_back: Panels,
}

impl Layer {
    /// A layer without weights yet. Of its inputs the first `passed_on` get a gradient.
    pub fn new(set: InstructionSet, spec: LayerSpec, passed_on: usize) -> Layer {
        let width = spec.hidden.next_multiple_of(set.lanes());
        let gates = GATES * width;
        Layer {
            width,
            bias: vec![0.0; gates],
            input: Panels::new(set, spec.input, gates),
            recurrent: Panels::new(set, spec.hidden, gates),
            input_back: Panels::new(set, gates, passed_on),
            recurrent_back: Panels::new(set, gates, spec.hidden),
            spec,
        }
    }

    /// Numbers in a row of gates, 4W.
    pub fn gates(&self) -> usize {
        GATES * self.width
    }

    /// The row of a weight matrix behind a column of gates, if it is not one of those added.
    fn row(&self, column: usize) -> Option<usize> {
        let (gate, unit) = (column / self.width, column % self.width);
        (unit < self.spec.hidden).then_some(gate * self.spec.hidden + unit)
    }

    /// Takes its weights out of `parameters`.
    ///
    /// # Panics
    /// If they are missing or of other sizes.
    pub fn load(&mut self, parameters: &Parameters) {
        let rows: Vec<Option<usize>> = (0..self.gates()).map(|c| self.row(c)).collect();
        let (inputs, units) = (self.spec.input, self.spec.hidden);
        let [ih, hh] = [&parameters[&self.spec.weight_ih()], &parameters[&self.spec.weight_hh()]];
        let [bias_ih, bias_hh] =
            [&parameters[&self.spec.bias_ih()], &parameters[&self.spec.bias_hh()]];
        for (to, row) in self.bias.iter_mut().zip(&rows) {
            *to = row.map_or(0.0, |row| bias_ih[row] + bias_hh[row]);
        }
        let of = |row: Option<usize>, column: usize, weights: &[f32], columns: usize| match row {
            Some(row) if column < columns => weights[row * columns + column],
            _ => 0.0,
        };
        self.input.fill(|input, gate| of(rows[gate], input, ih, inputs));
        self.recurrent.fill(|unit, gate| of(rows[gate], unit, hh, units));
        self.input_back.fill(|gate, input| of(rows[gate], input, ih, inputs));
        self.recurrent_back.fill(|gate, unit| of(rows[gate], unit, hh, units));
    }

    /// Zero gradients: rows of the sum are the inputs, one for the bias, and the units.
    pub fn gradient(&self, set: InstructionSet) -> Outer {
        Outer::new(set, self.spec.input + 1 + self.spec.hidden, self.gates())
    }

    /// Writes a gradient in the layout of the checkpoint, the two biases alike.
    pub fn unpack(&self, gradient: &Outer, into: &mut Parameters) {
        let (inputs, units) = (self.spec.input, self.spec.hidden);
        let mut weight_ih = vec![0.0; GATES * units * inputs];
        let mut weight_hh = vec![0.0; GATES * units * units];
        let mut bias = vec![0.0; GATES * units];
        gradient.each(|row, first, sums| {
            for (column, sum) in (first..).zip(sums) {
                let Some(gate) = self.row(column) else { continue };
                if row < inputs {
                    weight_ih[gate * inputs + row] = *sum;
                } else if row == inputs {
                    bias[gate] = *sum;
                } else {
                    weight_hh[gate * units + row - inputs - 1] = *sum;
                }
            }
        });
        into.insert(self.spec.weight_ih(), weight_ih);
        into.insert(self.spec.weight_hh(), weight_hh);
        into.insert(self.spec.bias_ih(), bias.clone());
        into.insert(self.spec.bias_hh(), bias);
    }
}

/// What a run of R rows over L steps leaves behind in one layer. The state before the first
/// step stands in front, so that the one after step `l` is number `l + 1`.
#[derive(Clone, Debug, Default)]
pub struct Track {
    /// Gates `[L, R, 4W]`; after the way back the gradient of the pre-activations.
    pub gates: Vec<f32>,
    /// Cells `[L + 1, R, W]`.
    pub cells: Vec<f32>,
    /// Outputs `[L + 1, R, W]`.
    pub hidden: Vec<f32>,
    /// Dropout multipliers of the output `[R, W]`, the same at every step.
    pub mask: Vec<f32>,
}

impl Track {
    /// Makes room, sets the state in front to zero and the mask to one.
    pub fn reset(&mut self, layer: &Layer, rows: usize, steps: usize) {
        let state = rows * layer.width;
        self.gates.resize(steps * rows * layer.gates(), 0.0);
        self.cells.resize((steps + 1) * state, 0.0);
        self.hidden.resize((steps + 1) * state, 0.0);
        self.cells[..state].fill(0.0);
        self.hidden[..state].fill(0.0);
        self.mask.clear();
        self.mask.resize(state, 1.0);
    }

    /// Sets the mask of rows from `first` on out of `values` `[all rows, H]`.
    pub fn set_mask(&mut self, layer: &Layer, values: &[f32], first: usize) {
        let units = layer.spec.hidden;
        let rows = values[first * units..].chunks_exact(units);
        for (to, from) in self.mask.chunks_exact_mut(layer.width).zip(rows) {
            to[..units].copy_from_slice(from);
        }
    }

    /// Outputs of a step `[R, W]`, before dropout.
    pub fn output(&self, step: usize) -> &[f32] {
        let state = self.mask.len();
        &self.hidden[(step + 1) * state..][..state]
    }

    /// Makes the state after `steps` steps the one in front.
    pub fn carry(&mut self, steps: usize) {
        let state = self.mask.len();
        self.cells.copy_within(steps * state..(steps + 1) * state, 0);
        self.hidden.copy_within(steps * state..(steps + 1) * state, 0);
    }
}
