//! Gradients of weights: sums of outer products over many rows.

use anacrusis::model::kernel::{InstructionSet, Job, Lanes};

use super::panels::{ACROSS, Stripes, TILE_ROWS};

/// A sum `[rows, columns]` of outer products, in tiles: stripe by stripe, six rows by six,
/// each tile `[6, width]`.
#[derive(Clone, Debug)]
pub struct Outer {
    rows: usize,
    stripes: Stripes,
    sums: Vec<f32>,
}

impl Outer {
    /// Zero; `columns` is rounded up to whole vectors.
    pub fn new(set: InstructionSet, rows: usize, columns: usize) -> Outer {
        let stripes = Stripes::new(set, columns);
        let sums = vec![0.0; rows.next_multiple_of(TILE_ROWS) * stripes.columns()];
        Outer { rows, stripes, sums }
    }

    /// Back to zero.
    pub fn clear(&mut self) {
        self.sums.fill(0.0);
    }

    /// Adds another sum of the same shape.
    pub fn add(&mut self, other: &Outer) {
        self.sums.iter_mut().zip(&other.sums).for_each(|(a, b)| *a += b);
    }

    /// Numbers from one row of left factors to the next, see [`Add`].
    pub fn left_stride(&self) -> usize {
        self.rows.next_multiple_of(TILE_ROWS)
    }

    /// Calls `take(row, first column, sums)` for every row and stripe.
    pub fn each(&self, mut take: impl FnMut(usize, usize, &[f32])) {
        let rows = self.left_stride();
        for (first, width) in self.stripes.iter() {
            let stripe = &self.sums[first * rows..][..width * rows];
            for (row, sums) in stripe.chunks_exact(width).take(self.rows).enumerate() {
                take(row, first, sums);
            }
        }
    }
}

/// Room for factors in the order in which they are read.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    left: Vec<f32>,
    right: Vec<f32>,
}

/// `to += left^T @ right` over `n` rows: `left` is `[n, to.left_stride()]` with zeros beyond
/// the rows of `to`, `right` is `[n, columns]`.
#[derive(Debug)]
pub struct Add<'a> {
    /// Left factors.
    pub left: &'a [f32],
    /// Right factors.
    pub right: &'a [f32],
    /// The sum.
    pub to: &'a mut Outer,
    /// Room to work in.
    pub packed: &'a mut Packed,
}

impl Job for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (stride, columns) = (self.to.left_stride(), self.to.stripes.columns());
        let depth = self.left.len() / stride;
        self.packed.left.resize(self.left.len(), 0.0);
        self.packed.right.resize(depth * ACROSS * L::COUNT, 0.0);
        for (n, row) in self.left.chunks_exact(stride).enumerate() {
            for (tile, from) in row.as_chunks::<TILE_ROWS>().0.iter().enumerate() {
                let at = (tile * depth + n) * TILE_ROWS;
                self.packed.left[at..at + TILE_ROWS].copy_from_slice(from);
            }
        }
        for &(first, vectors) in self.to.stripes.vectors() {
            let width = vectors * L::COUNT;
            let right = &mut self.packed.right[..depth * width];
            for (to, row) in right.chunks_exact_mut(width).zip(self.right.chunks_exact(columns)) {
                for w in 0..vectors {
                    let from = l.load(&row[first + w * L::COUNT..]);
                    l.store(from, &mut to[w * L::COUNT..]);
                }
            }
            let sums = &mut self.to.sums[first * stride..][..width * stride];
            let left = &self.packed.left;
            match vectors {
                1 => stripe::<L, 1>(l, left, right, depth, sums),
                2 => stripe::<L, 2>(l, left, right, depth, sums),
                3 => stripe::<L, 3>(l, left, right, depth, sums),
                _ => stripe::<L, ACROSS>(l, left, right, depth, sums),
            }
        }
    }
}

#[inline(always)]
fn stripe<L: Lanes, const W: usize>(
    l: L,
    left: &[f32],
    right: &[f32],
    depth: usize,
    sums: &mut [f32],
) {
    let lefts = left.chunks_exact(depth * TILE_ROWS);
    for (left, sums) in lefts.zip(sums.chunks_exact_mut(TILE_ROWS * W * L::COUNT)) {
        if L::ROWS >= TILE_ROWS {
            tile::<L, TILE_ROWS, W>(l, left, right, 0, sums);
        } else {
            tile::<L, 3, W>(l, left, right, 0, sums);
            tile::<L, 3, W>(l, left, right, 3, sums);
        }
    }
}

/// Rows `from .. from + R` of a tile.
// Indices that the compiler can count out keep the sums in registers.
#[allow(clippy::needless_range_loop)]
#[inline(always)]
fn tile<L: Lanes, const R: usize, const W: usize>(
    l: L,
    left: &[f32],
    right: &[f32],
    from: usize,
    sums: &mut [f32],
) {
    let out = &mut sums[from * W * L::COUNT..][..R * W * L::COUNT];
    // Read last, but wanted then at once.
    for r in 0..R {
        for w in 0..W {
            l.prefetch(&out[(r * W + w) * L::COUNT..]);
        }
    }
    let mut sums = [[l.splat(0.0); W]; R];
    let lefts = left.as_chunks::<TILE_ROWS>().0;
    for (column, row) in lefts.iter().zip(right.chunks_exact(W * L::COUNT)) {
        // Factors first, then one vector after the other: that takes the fewest registers.
        let mut factors = [l.splat(0.0); R];
        for r in 0..R {
            factors[r] = l.splat(column[from + r]);
        }
        for w in 0..W {
            let vector = l.load(&row[w * L::COUNT..]);
            for r in 0..R {
                sums[r][w] = l.multiply_add(factors[r], vector, sums[r][w]);
            }
        }
    }
    for r in 0..R {
        for w in 0..W {
            let at = (r * W + w) * L::COUNT;
            let sum = l.add(l.load(&out[at..]), sums[r][w]);
            l.store(sum, &mut out[at..]);
        }
    }
}
