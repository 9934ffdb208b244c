//! One LSTM layer: its weights in the orders in which they are read, what a run over a
//! sequence leaves behind, and the gradient of its weights.

use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::network::LayerSpec;

use super::outer::Outer;
use super::panels::Panels;
use super::sparse::Lists;
use crate::train::parameters::Parameters;

/// Gates of a cell: i, f, g, o.
const GATES: usize = 4;

/// Weights of a layer. W is the number of units rounded up to whole vectors.
///
/// Of the inputs the first are dense and pass a gradient on; the others are sparse, and end
/// here. Sparse inputs of some columns may be constant, each row having its own.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Names and sizes of its tensors.
    pub spec: LayerSpec,
    /// W.
    pub width: usize,
    /// The dense inputs, D.
    pub dense: usize,
    /// Constant sparse inputs of P kinds of rows; none if there are none.
    pub constant: Lists,
    /// What the gates begin with `[P, 4W]`, or `[4W]` without constant inputs: the sum of both
    /// biases, and what constant inputs add.
    pub start: Vec<f32>,
    /// Weights of the dense inputs `[D, 4W]`.
    pub input: Panels,
    /// Weights of the sparse inputs `[input - D, 4W]`.
    pub sparse: Panels,
    /// Recurrent weights `[H, 4W]`.
    pub recurrent: Panels,
    /// Weights of the dense inputs the other way `[4W, D]`.
    pub input_back: Panels,
    /// Recurrent weights the other way `[4W, W]`.
    pub recurrent_back: Panels,
}

/// The gradient of a layer's weights.
#[derive(Clone, Debug)]
pub struct Gradient {
    /// Rows are the dense inputs, one for the bias, and the units.
    pub dense: Outer,
    /// Rows are the sparse inputs.
    pub sparse: Panels,
}

impl Gradient {
    /// Back to zero.
    pub fn clear(&mut self) {
        self.dense.clear();
        self.sparse.clear();
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Gradient) {
        self.dense.add(&other.dense);
        self.sparse.add(&other.sparse);
    }
}

impl Layer {
    /// A layer without weights yet, the first `dense` of its inputs dense.
    pub fn new(set: InstructionSet, spec: LayerSpec, dense: usize, constant: Lists) -> Layer {
        let width = spec.hidden.next_multiple_of(set.lanes());
        let gates = GATES * width;
        Layer {
            width,
            dense,
            start: vec![0.0; gates * constant.len().max(1)],
            constant,
            input: Panels::new(set, dense, gates),
            sparse: Panels::new(set, spec.input - dense, gates),
            recurrent: Panels::new(set, spec.hidden, gates),
            input_back: Panels::new(set, gates, dense),
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
        let of = |row: Option<usize>, column: usize, weights: &[f32], columns: usize| match row {
            Some(row) if column < columns => weights[row * columns + column],
            _ => 0.0,
        };
        let dense = self.dense;
        for (index, start) in self.start.chunks_exact_mut(rows.len()).enumerate() {
            for (to, row) in start.iter_mut().zip(&rows) {
                *to = row.map_or(0.0, |row| bias_ih[row] + bias_hh[row]);
            }
            if self.constant.is_empty() {
                continue;
            }
            for (column, value) in self.constant.list(index) {
                for (to, row) in start.iter_mut().zip(&rows) {
                    *to += value * of(*row, dense + *column as usize, ih, inputs);
                }
            }
        }
        self.input.fill(|input, gate| of(rows[gate], input, ih, inputs));
        self.sparse.fill(|input, gate| of(rows[gate], dense + input, ih, inputs));
        self.recurrent.fill(|unit, gate| of(rows[gate], unit, hh, units));
        self.input_back.fill(|gate, input| of(rows[gate], input, ih, inputs));
        self.recurrent_back.fill(|gate, unit| of(rows[gate], unit, hh, units));
    }

    /// A gradient of zero.
    pub fn gradient(&self, set: InstructionSet) -> Gradient {
        Gradient {
            dense: Outer::new(set, self.dense + 1 + self.spec.hidden, self.gates()),
            sparse: Panels::new(set, self.spec.input - self.dense, self.gates()),
        }
    }

    /// Writes a gradient in the layout of the checkpoint, the two biases alike.
    pub fn unpack(&self, gradient: &Gradient, into: &mut Parameters) {
        let (inputs, dense, units) = (self.spec.input, self.dense, self.spec.hidden);
        let mut weight_ih = vec![0.0; GATES * units * inputs];
        let mut weight_hh = vec![0.0; GATES * units * units];
        let mut bias = vec![0.0; GATES * units];
        gradient.dense.each(|row, first, sums| {
            for (column, sum) in (first..).zip(sums) {
                let Some(gate) = self.row(column) else { continue };
                if row < dense {
                    weight_ih[gate * inputs + row] = *sum;
                } else if row == dense {
                    bias[gate] = *sum;
                } else {
                    weight_hh[gate * units + row - dense - 1] = *sum;
                }
            }
        });
        gradient.sparse.each(|row, first, sums| {
            for (column, sum) in (first..).zip(sums) {
                if let Some(gate) = self.row(column) {
                    weight_ih[gate * inputs + dense + row] = *sum;
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

    /// Sets the mask to that of some `rows` out of `values` `[all rows, H]`.
    pub fn set_mask(
        &mut self,
        layer: &Layer,
        values: &[f32],
        rows: impl IntoIterator<Item = usize>,
    ) {
        let units = layer.spec.hidden;
        for (to, row) in self.mask.chunks_exact_mut(layer.width).zip(rows) {
            to[..units].copy_from_slice(&values[row * units..][..units]);
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
