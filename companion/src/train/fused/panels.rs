//! Products of rows with weights that are packed once and used at every step.

use anacrusis::model::kernel::{InstructionSet, Job, Lanes};

/// Vectors across a tile. With [`Lanes::ROWS`] rows their sums fill the registers.
pub const ACROSS: usize = 4;

/// Most rows of a tile, in any instruction set. A multiple of all of them.
pub const TILE_ROWS: usize = 6;

/// Bytes of a panel worked on at a time: with the rows beside it they fit the first cache.
const BLOCK_BYTES: usize = 36 << 10;

/// Columns of a matrix cut into stripes of up to four vectors, as even as they can be.
#[derive(Clone, Debug)]
pub struct Stripes {
    /// First column and number of vectors of each.
    stripes: Vec<(usize, usize)>,
    lanes: usize,
}

impl Stripes {
    /// Cuts `columns` columns, rounded up to whole vectors.
    pub fn new(set: InstructionSet, columns: usize) -> Stripes {
        let lanes = set.lanes();
        let vectors = columns.div_ceil(lanes);
        let count = vectors.div_ceil(ACROSS);
        let at = |index: usize| index * vectors / count.max(1);
        let stripe = |index| (lanes * at(index), at(index + 1) - at(index));
        Stripes { stripes: (0..count).map(stripe).collect(), lanes }
    }

    /// First column and number of columns of each stripe.
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.stripes.iter().map(|(first, vectors)| (*first, vectors * self.lanes))
    }

    /// As [`Stripes::iter`], with the width in vectors.
    #[inline(always)]
    pub fn vectors(&self) -> &[(usize, usize)] {
        &self.stripes
    }

    /// Columns in all, a multiple of the lanes.
    pub fn columns(&self) -> usize {
        self.stripes.last().map_or(0, |(first, vectors)| first + vectors * self.lanes)
    }
}

/// A matrix `[inputs, outputs]` in the order in which a product reads it: stripe by stripe,
/// each `[inputs, width]`.
#[derive(Clone, Debug)]
pub struct Panels {
    inputs: usize,
    stripes: Stripes,
    data: Vec<f32>,
}

impl Panels {
    /// Room for a matrix; `outputs` is rounded up to whole vectors.
    pub fn new(set: InstructionSet, inputs: usize, outputs: usize) -> Panels {
        let stripes = Stripes::new(set, outputs);
        let data = vec![0.0; inputs * stripes.columns()];
        Panels { inputs, stripes, data }
    }

    /// Takes the matrix from `element(input, output)`, asked for every output up to
    /// [`Panels::outputs`].
    pub fn fill(&mut self, element: impl Fn(usize, usize) -> f32) {
        for (first, width) in self.stripes.iter() {
            let panel = &mut self.data[first * self.inputs..][..width * self.inputs];
            for (input, row) in panel.chunks_exact_mut(width).enumerate() {
                for (output, to) in (first..).zip(row) {
                    *to = element(input, output);
                }
            }
        }
    }

    /// Calls `take(row, first column, entries)` for every row and stripe.
    pub fn each(&self, mut take: impl FnMut(usize, usize, &[f32])) {
        for (first, width) in self.stripes.iter() {
            let panel = self.panel(first, width);
            for (row, entries) in panel.chunks_exact(width).enumerate() {
                take(row, first, entries);
            }
        }
    }

    /// Sets every entry to zero.
    pub fn clear(&mut self) {
        self.data.fill(0.0);
    }

    /// Adds a matrix of the same shape.
    pub fn add(&mut self, other: &Panels) {
        self.data.iter_mut().zip(&other.data).for_each(|(a, b)| *a += b);
    }

    /// First column and number of vectors of each stripe.
    #[inline(always)]
    pub fn stripes(&self) -> &[(usize, usize)] {
        self.stripes.vectors()
    }

    /// The stripe `[inputs, width]` whose first column is `first`.
    #[inline(always)]
    pub fn panel(&self, first: usize, width: usize) -> &[f32] {
        &self.data[first * self.inputs..][..width * self.inputs]
    }

    /// As [`Panels::panel`], to be written.
    #[inline(always)]
    pub fn panel_mut(&mut self, first: usize, width: usize) -> &mut [f32] {
        &mut self.data[first * self.inputs..][..width * self.inputs]
    }

    /// Rows of the matrix.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Columns of the matrix, a multiple of the lanes.
    pub fn outputs(&self) -> usize {
        self.stripes.columns()
    }
}

/// What a product is added to.
#[derive(Clone, Copy, Debug)]
pub enum Begin<'a> {
    /// This row `[outputs]`, the same for all rows.
    With(&'a [f32]),
    /// What is there.
    Add,
    /// Nothing.
    Zero,
}

/// `out = begin + rows @ panels`: `rows` are `[R, inputs]`, one every `stride` numbers, and
/// `out` is `[R, outputs]`.
///
/// Every sum goes through the inputs in their order, so that it does not depend on how rows
/// are grouped.
#[derive(Debug)]
pub struct Product<'a> {
    /// Left factor.
    pub rows: &'a [f32],
    /// From a row to the next, at least the inputs.
    pub stride: usize,
    /// Right factor.
    pub panels: &'a Panels,
    /// What the sums begin with.
    pub begin: Begin<'a>,
    /// Sums.
    pub out: &'a mut [f32],
}

impl Job for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let inputs = self.panels.inputs;
        let outputs = self.panels.outputs();
        let deepest = BLOCK_BYTES / (size_of::<f32>() * ACROSS * L::COUNT);
        let blocks = inputs.div_ceil(deepest).max(1);
        for block in 0..blocks {
            let depth = block * inputs / blocks..(block + 1) * inputs / blocks;
            let begin = if block == 0 { self.begin } else { Begin::Add };
            for &(first, vectors) in self.panels.stripes.vectors() {
                let width = vectors * L::COUNT;
                let weights = &self.panels.data[first * inputs + depth.start * width..];
                let stripe = Stripe {
                    rows: self.rows,
                    stride: self.stride,
                    depth: (depth.start, depth.len()),
                    weights: &weights[..depth.len() * width],
                    begin,
                    outputs,
                    first,
                };
                match vectors {
                    1 => stripe.run::<L, 1>(l, self.out),
                    2 => stripe.run::<L, 2>(l, self.out),
                    3 => stripe.run::<L, 3>(l, self.out),
                    _ => stripe.run::<L, ACROSS>(l, self.out),
                }
            }
        }
    }
}

/// Some of the inputs and some of the outputs of a product.
struct Stripe<'a> {
    rows: &'a [f32],
    stride: usize,
    /// First input and how many.
    depth: (usize, usize),
    weights: &'a [f32],
    begin: Begin<'a>,
    outputs: usize,
    first: usize,
}

impl Stripe<'_> {
    #[inline(always)]
    fn run<L: Lanes, const W: usize>(&self, l: L, out: &mut [f32]) {
        let rows = out.len() / self.outputs;
        let mut row = 0;
        while row < rows {
            let left = rows - row;
            if left >= TILE_ROWS && L::ROWS >= TILE_ROWS {
                self.tile::<L, TILE_ROWS, W>(l, row, out);
                row += TILE_ROWS;
            } else if left >= 3 {
                self.tile::<L, 3, W>(l, row, out);
                row += 3;
            } else {
                self.tile::<L, 1, W>(l, row, out);
                row += 1;
            }
        }
    }

    #[expect(clippy::needless_range_loop, reason = "it counts through several rows at once")]
    #[inline(always)]
    fn tile<L: Lanes, const R: usize, const W: usize>(&self, l: L, row: usize, out: &mut [f32]) {
        let (start, depth) = self.depth;
        let mut from: [&[f32]; R] = [&[]; R];
        let mut sums = [[l.splat(0.0); W]; R];
        for r in 0..R {
            from[r] = &self.rows[(row + r) * self.stride + start..][..depth];
            let begin = match self.begin {
                Begin::With(begin) => &begin[self.first..][..W * L::COUNT],
                Begin::Add => &out[(row + r) * self.outputs + self.first..][..W * L::COUNT],
                Begin::Zero => continue,
            };
            for w in 0..W {
                sums[r][w] = l.load(&begin[w * L::COUNT..]);
            }
        }
        // Cut off row by row: of a zip of chunks the compiler works out the length anew for each
        // row, which takes as many instructions as the products.
        let mut weights = self.weights;
        for k in 0..depth {
            let Some((vectors, rest)) = weights.split_at_checked(W * L::COUNT) else { break };
            weights = rest;
            // Factors first, then one vector after the other: that takes the fewest registers.
            let mut factors = [l.splat(0.0); R];
            for r in 0..R {
                factors[r] = l.splat(from[r][k]);
            }
            for w in 0..W {
                let vector = l.load(&vectors[w * L::COUNT..]);
                for r in 0..R {
                    sums[r][w] = l.multiply_add(factors[r], vector, sums[r][w]);
                }
            }
        }
        for r in 0..R {
            let out = &mut out[(row + r) * self.outputs + self.first..][..W * L::COUNT];
            for w in 0..W {
                l.store(sums[r][w], &mut out[w * L::COUNT..]);
            }
        }
    }
}
