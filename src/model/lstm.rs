//! One LSTM layer in plain Rust (model.md, section 3). Gate order **i, f, g, o**, as in
//! PyTorch and candle:
//!
//! ```text
//! z = W_ih x + b_ih + W_hh h + b_hh
//! i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o);  g = tanh(z_g)
//! c' = f * c + i * g;  h' = o * tanh(c')
//! ```

use super::checkpoint::Checkpoint;
use super::network::LayerSpec;

/// Weights of a layer, transposed so that products run along contiguous gate columns.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Units, H.
    pub hidden: usize,
    /// Input weights `[input, 4H]`.
    pub input: Matrix,
    /// Recurrent weights `[H, 4H]`.
    pub recurrent: Matrix,
    /// Sum of both biases `[4H]`.
    pub bias: Box<[f32]>,
}

impl Layer {
    /// Takes the layer's tensors out of a checkpoint, which holds them all by construction.
    pub fn new(spec: &LayerSpec, checkpoint: &Checkpoint) -> Layer {
        let bias_ih = checkpoint.tensor(&spec.bias_ih());
        let bias_hh = checkpoint.tensor(&spec.bias_hh());
        Layer {
            hidden: spec.hidden,
            input: Matrix::transposed(checkpoint.tensor(&spec.weight_ih()), spec.input),
            recurrent: Matrix::transposed(checkpoint.tensor(&spec.weight_hh()), spec.hidden),
            bias: bias_ih.iter().zip(bias_hh).map(|(a, b)| a + b).collect(),
        }
    }
}

/// A row-major matrix `[rows, columns]`.
#[derive(Clone, Debug)]
pub struct Matrix {
    columns: usize,
    data: Box<[f32]>,
}

impl Matrix {
    /// The transpose `[rows, outputs]` of a weight `[outputs, rows]`.
    pub fn transposed(weight: &[f32], rows: usize) -> Matrix {
        let columns = weight.len() / rows;
        let data =
            (0..rows).flat_map(|r| (0..columns).map(move |c| weight[c * rows + r])).collect();
        Matrix { columns, data }
    }

    /// Row `r`.
    pub fn row(&self, r: usize) -> &[f32] {
        &self.data[r * self.columns..][..self.columns]
    }

    /// `out += x @ self[..width]` for `x` `[R, width]` and `out` `[R, columns]`, where `width`
    /// may be smaller than the matrix's rows (the rest is then left out).
    ///
    /// Each element is summed in order of `k` from its value in `out`, so the result does
    /// not depend on how rows are grouped.
    pub fn multiply_add(&self, x: &[f32], width: usize, out: &mut [f32]) {
        /// Rows and columns of a tile; its accumulators fit the sixteen SSE registers.
        const ROWS: usize = 3;
        const COLUMNS: usize = 16;
        let columns = self.columns;
        for (x, out) in x.chunks(ROWS * width).zip(out.chunks_mut(ROWS * columns)) {
            let full = x.len() == ROWS * width;
            let mut column = 0;
            while full && column + COLUMNS <= columns {
                self.tile::<ROWS, COLUMNS>(x, width, column, out);
                column += COLUMNS;
            }
            for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(columns)) {
                let mut column = column;
                while column + COLUMNS <= columns {
                    self.tile::<1, COLUMNS>(x, width, column, out);
                    column += COLUMNS;
                }
                while column < columns {
                    self.tile::<1, 1>(x, width, column, out);
                    column += 1;
                }
            }
        }
    }

    #[inline(always)]
    fn tile<const R: usize, const C: usize>(
        &self,
        x: &[f32],
        width: usize,
        column: usize,
        out: &mut [f32],
    ) {
        let columns = self.columns;
        let mut sums = [[0.0f32; C]; R];
        for (r, sums) in sums.iter_mut().enumerate() {
            sums.copy_from_slice(&out[r * columns + column..][..C]);
        }
        for (k, row) in self.data.chunks_exact(columns).take(width).enumerate() {
            let row = &row[column..column + C];
            for (r, sums) in sums.iter_mut().enumerate() {
                let factor = x[r * width + k];
                for (sum, weight) in sums.iter_mut().zip(row) {
                    *sum += factor * weight;
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            out[r * columns + column..][..C].copy_from_slice(sums);
        }
    }
}

/// The logistic function, `1 / (1 + e^-x)`.
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The cell for one row: from pre-activations `z` `[4H]` and the old cell `c` `[H]` to the
/// new cell and output.
pub fn cell(z: &[f32], c: &[f32], c_out: &mut [f32], h_out: &mut [f32]) {
    let hidden = c.len();
    let (z_i, z) = z.split_at(hidden);
    let (z_f, z) = z.split_at(hidden);
    let (z_g, z_o) = z.split_at(hidden);
    for unit in 0..hidden {
        let new = sigmoid(z_f[unit]) * c[unit] + sigmoid(z_i[unit]) * z_g[unit].tanh();
        c_out[unit] = new;
        h_out[unit] = sigmoid(z_o[unit]) * new.tanh();
    }
}

/// The cell for one row, in place.
pub fn cell_in_place(z: &[f32], c: &mut [f32], h: &mut [f32]) {
    let hidden = c.len();
    for unit in 0..hidden {
        let new =
            sigmoid(z[hidden + unit]) * c[unit] + sigmoid(z[unit]) * z[2 * hidden + unit].tanh();
        c[unit] = new;
        h[unit] = sigmoid(z[3 * hidden + unit]) * new.tanh();
    }
}
