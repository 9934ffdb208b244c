//! A stack of layers over a sequence, forwards and backwards, for a few rows at a time.
//!
//! Rows do not know of one another, so each share of them goes through all steps by itself:
//! all layers of a step, then the next step. What one product leaves is still in the cache
//! when the next one wants it.

use std::ops::Range;

use anacrusis::model::kernel::InstructionSet;

use super::cell;
use super::layer::{Gradient, Layer, Track};
use super::outer::{self, Packed};
use super::panels::{Begin, Panels, Product};
use super::sparse::{self, Inputs};

/// Rows whose weight gradients are summed in one go: many, so that the sums are fetched
/// seldom, but no more than the cache holds.
const SUMMED_ROWS: usize = 384;

/// Layers, bottom first.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Instructions to compute in.
    pub set: InstructionSet,
    /// The layers.
    pub layers: Vec<Layer>,
}

/// A run of some rows over some steps.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Rows, R.
    pub rows: usize,
    /// Steps along the recurrent axis, L.
    pub steps: usize,
    /// What it leaves behind in each layer.
    pub tracks: Vec<Track>,
}

/// Room to work in, for one thread.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    input: Vec<f32>,
    sparse: Inputs,
    left: Vec<f32>,
    packed: Packed,
    row_sums: Vec<f32>,
    above: Vec<f32>,
    below: Vec<f32>,
    after: Vec<Vec<f32>>,
    cells: Vec<Vec<f32>>,
}

/// Where the rows of a stack come from.
pub trait Source {
    /// Writes the dense inputs of the lowest layer at `step`, a row every `stride` numbers.
    fn input(&self, step: usize, stride: usize, out: &mut [f32]);

    /// Adds the rows of its sparse inputs at `step`, without the constant ones, in whole runs.
    fn sparse(&self, step: usize, to: &mut Inputs);

    /// Of which kind the first row's constant inputs are; those of the next rows follow.
    fn first_constant(&self) -> usize {
        0
    }
}

/// And where their gradients come from and go.
pub trait Ends: Source {
    /// Writes the gradient of what goes up at `step`, `[R, W]`; `top` is the top layer.
    fn above(&mut self, step: usize, top: &Track, out: &mut [f32]);

    /// Takes the gradient of the lowest layer's dense inputs at `step`, `[R, D]`.
    fn below(&mut self, step: usize, gradient: &[f32]);
}

impl Stack {
    /// Makes room for a run of `rows` over `steps`, from a state of zero, without dropout.
    pub fn reset(&self, run: &mut Run, rows: usize, steps: usize) {
        (run.rows, run.steps) = (rows, steps);
        run.tracks.resize_with(self.layers.len(), Track::default);
        for (layer, track) in self.layers.iter().zip(&mut run.tracks) {
            track.reset(layer, rows, steps);
        }
    }

    /// Zero gradients, one for each layer.
    pub fn gradients(&self) -> Vec<Gradient> {
        self.layers.iter().map(|layer| layer.gradient(self.set)).collect()
    }

    /// The way up and along, from the states in front.
    pub fn forward(&self, run: &mut Run, source: &impl Source, scratch: &mut Scratch) {
        for step in 0..run.steps {
            for (index, layer) in self.layers.iter().enumerate() {
                let stride = layer.dense;
                let input = sized(&mut scratch.input, run.rows * stride);
                self.input(index, run, step, stride, source, input);
                let track = &mut run.tracks[index];
                let (gates, state) = (run.rows * layer.gates(), run.rows * layer.width);
                let gates = &mut track.gates[step * gates..][..gates];
                let (old_hidden, hidden) = around(&mut track.hidden, step, state);
                let (old, new) = around(&mut track.cells, step, state);
                let mut begin = Begin::With(&layer.start);
                if index == 0 {
                    let inputs = &mut scratch.sparse;
                    inputs.clear();
                    source.sparse(step, inputs);
                    let (start, first) = (&layer.start, source.first_constant());
                    let (weights, out) = (&layer.sparse, &mut *gates);
                    self.set.run(sparse::Product { inputs, weights, start, first, out });
                    begin = Begin::Add;
                }
                if layer.dense > 0 {
                    self.product(input, stride, &layer.input, begin, gates);
                }
                self.product(old_hidden, layer.width, &layer.recurrent, Begin::Add, gates);
                self.set.run(cell::Forward { gates, old, new, hidden, width: layer.width });
            }
        }
    }

    /// The way back after [`Stack::forward`]; adds to `gradients` those of the weights.
    pub fn backward(
        &self,
        run: &mut Run,
        ends: &mut impl Ends,
        gradients: &mut [Gradient],
        scratch: &mut Scratch,
    ) {
        let constant = self.layers.first().filter(|layer| !layer.constant.is_empty());
        let row_sums = constant.map_or(0, |layer| run.rows * layer.gates());
        scratch.row_sums.clear();
        scratch.row_sums.resize(row_sums, 0.0);
        scratch.after.resize(self.layers.len(), Vec::new());
        scratch.cells.resize(self.layers.len(), Vec::new());
        for (index, layer) in self.layers.iter().enumerate() {
            sized(&mut scratch.after[index], run.rows * layer.width).fill(0.0);
            sized(&mut scratch.cells[index], run.rows * layer.width).fill(0.0);
        }
        let chunk = (SUMMED_ROWS / run.rows.max(1)).max(1);
        for step in (0..run.steps).rev() {
            for index in (0..self.layers.len()).rev() {
                self.back_step(index, run, step, ends, scratch);
            }
            if step % chunk == 0 {
                let steps = step..run.steps.min(step + chunk);
                for (index, gradient) in gradients.iter_mut().enumerate() {
                    self.sum(index, run, steps.clone(), ends, gradient, scratch);
                }
            }
        }
        if let (Some(layer), [lowest, ..]) = (constant, gradients) {
            let inputs = &mut scratch.sparse;
            inputs.clear();
            for row in ends.first_constant()..ends.first_constant() + run.rows {
                inputs.rows.add(layer.constant.list(row % layer.constant.len()));
            }
            inputs.end_run(&[]);
            let (right, to) = (&scratch.row_sums, &mut lowest.sparse);
            self.set.run(sparse::Add { inputs, right, to, row_sums: &mut [] });
        }
    }

    /// One step back in one layer.
    fn back_step(
        &self,
        index: usize,
        run: &mut Run,
        step: usize,
        ends: &mut impl Ends,
        scratch: &mut Scratch,
    ) {
        let layer = &self.layers[index];
        let (gates, state) = (run.rows * layer.gates(), run.rows * layer.width);
        let above = sized(&mut scratch.above, state);
        if index + 1 == self.layers.len() {
            ends.above(step, &run.tracks[index], above);
        } else {
            above.copy_from_slice(&scratch.below[..state]);
        }
        let track = &mut run.tracks[index];
        above.iter_mut().zip(&track.mask).for_each(|(gradient, mask)| *gradient *= mask);
        let gates = &mut track.gates[step * gates..][..gates];
        let (old, new) = around(&mut track.cells, step, state);
        let after = &mut scratch.after[index][..state];
        let cell = &mut scratch.cells[index][..state];
        let width = layer.width;
        self.set.run(cell::Backward { gates, old, new, above, after, cell, width });
        if step > 0 {
            self.product(gates, layer.gates(), &layer.recurrent_back, Begin::Zero, after);
        }
        let below = sized(&mut scratch.below, run.rows * layer.input_back.outputs());
        if !below.is_empty() {
            self.product(gates, layer.gates(), &layer.input_back, Begin::Zero, below);
        }
        if index == 0 {
            ends.below(step, below);
        }
    }

    /// Adds the gradient of a layer's weights over some steps.
    fn sum(
        &self,
        index: usize,
        run: &Run,
        steps: Range<usize>,
        source: &impl Source,
        gradient: &mut Gradient,
        scratch: &mut Scratch,
    ) {
        let (layer, track) = (&self.layers[index], &run.tracks[index]);
        let (inputs, units) = (layer.dense, layer.spec.hidden);
        let stride = gradient.dense.left_stride();
        let left = sized(&mut scratch.left, steps.len() * run.rows * stride);
        for (step, left) in steps.clone().zip(left.chunks_exact_mut(run.rows * stride)) {
            self.input(index, run, step, stride, source, left);
            let hidden = track.hidden[step * run.rows * layer.width..].chunks_exact(layer.width);
            for (to, hidden) in left.chunks_exact_mut(stride).zip(hidden) {
                to[inputs] = 1.0;
                to[inputs + 1..][..units].copy_from_slice(&hidden[..units]);
                to[inputs + 1 + units..].fill(0.0);
            }
        }
        let gates = run.rows * layer.gates();
        let right = &track.gates[steps.start * gates..steps.end * gates];
        let (to, packed) = (&mut gradient.dense, &mut scratch.packed);
        self.set.run(outer::Add { left, right, to, packed });
        if index == 0 {
            let inputs = &mut scratch.sparse;
            inputs.clear();
            steps.for_each(|step| source.sparse(step, inputs));
            let (to, row_sums) = (&mut gradient.sparse, &mut scratch.row_sums[..]);
            self.set.run(sparse::Add { inputs, right, to, row_sums });
        }
    }

    /// Writes the dense inputs of layer `index` at a step, a row every `stride` numbers.
    fn input(
        &self,
        index: usize,
        run: &Run,
        step: usize,
        stride: usize,
        source: &impl Source,
        out: &mut [f32],
    ) {
        if stride == 0 {
            return;
        }
        let Some(lower) = index.checked_sub(1) else { return source.input(step, stride, out) };
        let (layer, track) = (&self.layers[lower], &run.tracks[lower]);
        let hidden = track.output(step).chunks_exact(layer.width);
        let rows = hidden.zip(track.mask.chunks_exact(layer.width));
        for (to, (hidden, mask)) in out.chunks_exact_mut(stride).zip(rows) {
            let both = hidden.iter().zip(mask);
            to[..layer.spec.hidden].iter_mut().zip(both).for_each(|(to, (h, m))| *to = h * m);
        }
    }

    fn product(
        &self,
        rows: &[f32],
        stride: usize,
        panels: &Panels,
        begin: Begin<'_>,
        out: &mut [f32],
    ) {
        self.set.run(Product { rows, stride, panels, begin, out });
    }
}

/// The states `[R, W]` before and after a step.
fn around(states: &mut [f32], step: usize, state: usize) -> (&[f32], &mut [f32]) {
    let (before, after) = states.split_at_mut((step + 1) * state);
    (&before[step * state..], &mut after[..state])
}

/// The first `length` numbers of a buffer that grows when it must.
fn sized(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}
