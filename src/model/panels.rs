//! Weight matrices packed for the product with many rows at once, and that product.
//!
//! A matrix `[k, columns]` is cut into **panels**: as many columns as make four vectors,
//! stored row after row, `[panel][k][4 * lanes]`. A tile of a few rows of `x` against one
//! panel keeps its sums in registers over all of `k`, and reads the panel from start to end.

use super::kernel::{InstructionSet, Lanes};

/// Vectors in a row of a panel; the four gates of a cell, where the matrix has gates.
pub const VECTORS: usize = 4;

/// Rows of a panel that are worked through before the next rows of `x` come: with sixteen
/// lanes 16 KiB, which stay in the first-level cache beside the sums.
const PIECE: usize = 64;

/// Numbers that begin at a cache line, so that no vector straddles two.
#[derive(Debug)]
pub struct Aligned {
    room: Box<[f32]>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// Bytes of a cache line, and of the widest vector.
    const LINE: usize = 64;

    /// `len` zeros.
    pub fn zeros(len: usize) -> Aligned {
        let room = vec![0.0f32; len + Aligned::LINE / size_of::<f32>()].into_boxed_slice();
        let start = room.as_ptr().align_offset(Aligned::LINE).min(room.len() - len);
        Aligned { room, start, len }
    }

    /// What `numbers` gives, and zeros up to a multiple of `lanes`.
    pub fn collect(numbers: impl ExactSizeIterator<Item = f32>, lanes: usize) -> Aligned {
        let mut aligned = Aligned::zeros(numbers.len().next_multiple_of(lanes));
        aligned.iter_mut().zip(numbers).for_each(|(entry, number)| *entry = number);
        aligned
    }
}

impl std::ops::Deref for Aligned {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        &self.room[self.start..self.start + self.len]
    }
}

impl std::ops::DerefMut for Aligned {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.room[self.start..self.start + self.len]
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut new = Aligned::zeros(self.len);
        new.copy_from_slice(self);
        new
    }

    /// Allocates nothing between equal lengths.
    fn clone_from(&mut self, source: &Self) {
        if self.len == source.len {
            self.copy_from_slice(source);
        } else {
            *self = source.clone();
        }
    }
}

impl PartialEq for Aligned {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

/// A packed matrix.
#[derive(Clone, Debug)]
pub struct Panels {
    data: Aligned,
    /// Numbers in a panel.
    size: usize,
}

impl Panels {
    /// Packs `count` panels of `rows` rows for `set`; `at(k, panel, vector, lane)` gives the
    /// entries.
    pub fn pack(
        set: InstructionSet,
        count: usize,
        rows: usize,
        at: impl Fn(usize, usize, usize, usize) -> f32,
    ) -> Panels {
        let lanes = set.lanes();
        let width = VECTORS * lanes;
        let mut data = Aligned::zeros(count * rows * width);
        for (n, entry) in data.iter_mut().enumerate() {
            let (row, column) = (n / width, n % width);
            *entry = at(row % rows, row / rows, column / lanes, column % lanes);
        }
        Panels { data, size: rows * width }
    }

    /// Panel `index`, `[k, 4 * lanes]`.
    #[inline(always)]
    pub fn panel(&self, index: usize) -> &[f32] {
        &self.data[index * self.size..][..self.size]
    }
}

/// What the sums of [`accumulate`] begin with.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// A row for each row.
    Rows(&'a [f32]),
    /// The same row for all.
    Row(&'a [f32]),
    /// What lies where the sums go.
    There,
}

/// `z = start + x @ panel` for the rows of `x`, `stride` apart, and `z` `[rows, 4 * lanes]`.
/// Meanwhile `next`, what is needed after this, is brought nearer.
///
/// Every entry is summed in the order of `k`, in pieces of 64, whatever the number of
/// rows.
///
/// # Panics
/// If `x` or `start` is too short.
#[inline(always)]
pub fn accumulate<L: Lanes>(
    l: L,
    x: &[f32],
    stride: usize,
    panel: &[f32],
    start: Start<'_>,
    z: &mut [f32],
    next: &[f32],
) {
    let width = VECTORS * L::COUNT;
    let rows = z.len() / width;
    let pieces = (panel.len() / width).div_ceil(PIECE);
    let mut ahead = Prefetch::new(next, pieces * rows.div_ceil(L::ROWS));
    for (piece, panel) in panel.chunks(PIECE * width).enumerate() {
        let x = &x[piece * PIECE..];
        let mut row = 0;
        while row < rows {
            ahead.some(l);
            let x = &x[row * stride..];
            let z = &mut z[row * width..];
            let start = match start {
                _ if piece > 0 => Start::There,
                Start::Rows(start) => Start::Rows(&start[row * width..]),
                start => start,
            };
            row += match (rows - row, L::ROWS) {
                // One of these two is left when compiled.
                (6.., 6) => tile::<L, 6>(l, x, stride, panel, start, z),
                (3.., 3) => tile::<L, 3>(l, x, stride, panel, start, z),
                (2.., _) => tile::<L, 2>(l, x, stride, panel, start, z),
                _ => tile::<L, 1>(l, x, stride, panel, start, z),
            };
        }
    }
}

/// `R` rows of [`accumulate`]; returns `R`. The sums must stay in registers: no loop here may
/// index them by anything but constants once unrolled.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "constant indices keep the sums in registers")]
fn tile<L: Lanes, const R: usize>(
    l: L,
    x: &[f32],
    stride: usize,
    panel: &[f32],
    start: Start<'_>,
    z: &mut [f32],
) -> usize {
    let width = VECTORS * L::COUNT;
    let depth = panel.len() / width;
    let mut rows: [&[f32]; R] = [&[]; R];
    for (r, row) in rows.iter_mut().enumerate() {
        *row = &x[r * stride..][..depth];
    }
    let z = &mut z[..R * width];
    let mut sums = [[l.splat(0.0); VECTORS]; R];
    for (k, weights) in panel.chunks_exact(width).enumerate() {
        // The fewer of the two kinds of factors wait in registers.
        if R < VECTORS {
            let mut factors = [l.splat(0.0); R];
            for r in 0..R {
                factors[r] = l.splat(rows[r][k]);
            }
            for v in 0..VECTORS {
                let weight = l.load(&weights[v * L::COUNT..]);
                for r in 0..R {
                    sums[r][v] = l.multiply_add(factors[r], weight, sums[r][v]);
                }
            }
        } else {
            let mut factors = [l.splat(0.0); VECTORS];
            for v in 0..VECTORS {
                factors[v] = l.load(&weights[v * L::COUNT..]);
            }
            for r in 0..R {
                let x = l.splat(rows[r][k]);
                for v in 0..VECTORS {
                    sums[r][v] = l.multiply_add(x, factors[v], sums[r][v]);
                }
            }
        }
    }
    let (start, start_stride) = match start {
        Start::Rows(start) => (start, width),
        Start::Row(start) => (start, 0),
        Start::There => {
            for r in 0..R {
                for v in 0..VECTORS {
                    let at = r * width + v * L::COUNT;
                    l.store(l.add(l.load(&z[at..]), sums[r][v]), &mut z[at..]);
                }
            }
            return R;
        }
    };
    // A loop of its own: to choose the address within one keeps the sums out of registers.
    for r in 0..R {
        for v in 0..VECTORS {
            let before = l.load(&start[r * start_stride + v * L::COUNT..]);
            l.store(l.add(before, sums[r][v]), &mut z[r * width + v * L::COUNT..]);
        }
    }
    R
}

/// Brings a stretch of memory nearer, a share at a time.
pub struct Prefetch<'a> {
    left: &'a [f32],
    share: usize,
}

impl<'a> Prefetch<'a> {
    const LINE: usize = Aligned::LINE / size_of::<f32>();

    /// Of `stretch`, in so many shares.
    #[inline(always)]
    pub fn new(stretch: &'a [f32], shares: usize) -> Prefetch<'a> {
        Prefetch { left: stretch, share: stretch.len().div_ceil(shares.max(1)) }
    }

    /// The next share.
    #[inline(always)]
    pub fn some<L: Lanes>(&mut self, l: L) {
        let (now, left) = self.left.split_at(self.share.min(self.left.len()));
        for line in now.chunks(Prefetch::LINE) {
            l.prefetch(line);
        }
        self.left = left;
    }
}

/// A matrix `[k, columns]` packed for the product with one row: in tiles of as many vectors
/// as keep their sums in registers, `[tile][k][vectors * lanes]`.
#[derive(Clone, Debug)]
pub struct Columns {
    data: Aligned,
    rows: usize,
    /// Tiles, and vectors in each.
    tiles: usize,
    vectors: usize,
    lanes: usize,
}

impl Columns {
    /// Packs a matrix for `set`; `at(k, column)` gives the entries.
    pub fn pack(
        set: InstructionSet,
        rows: usize,
        columns: usize,
        at: impl Fn(usize, usize) -> f32,
    ) -> Columns {
        let lanes = set.lanes();
        let needed = columns.div_ceil(lanes);
        let tiles = needed.div_ceil(set.accumulators());
        let vectors = needed.div_ceil(tiles);
        let width = vectors * lanes;
        let mut data = Aligned::zeros(tiles * rows * width);
        for (n, entry) in data.iter_mut().enumerate() {
            let (row, column) = (n / width, n / (rows * width) * width + n % width);
            if column < columns {
                *entry = at(row % rows, column);
            }
        }
        Columns { data, rows, tiles, vectors, lanes }
    }

    /// Columns, up to whole tiles: the length of `z` that [`Columns::accumulate`] needs.
    pub fn width(&self) -> usize {
        self.tiles * self.vectors * self.lanes
    }

    /// The packed numbers, to be brought nearer.
    pub fn entries(&self) -> &[f32] {
        &self.data
    }

    /// `z += x @ self`, the first [`Columns::width`] of `z`, for one row or two.
    ///
    /// Every entry is summed in the order of `k`, whatever the number of rows. Two rows read the
    /// matrix once.
    ///
    /// # Panics
    /// If an `x` or `z` is too short, or `l` is not what the matrix was packed for.
    #[inline(always)]
    pub fn accumulate<L: Lanes, const R: usize>(
        &self,
        l: L,
        x: [&[f32]; R],
        z: &mut [&mut [f32]; R],
    ) {
        assert_eq!(L::COUNT, self.lanes, "packed for other instructions");
        const { assert!(R == 1 || R == 2, "one row or two") };
        let width = self.vectors * L::COUNT;
        for (n, tile) in self.data.chunks_exact(self.rows * width).enumerate() {
            let rows = std::array::from_fn(|r| &x[r][..self.rows]);
            let mut sums = z.each_mut().map(|z| &mut z[n * width..][..width]);
            let sums = &mut sums;
            // The second numbers are the halves of the first: two rows have twice the sums.
            match self.vectors {
                1 => tile_of::<L, R, 1, 1, 0>(l, rows, tile, sums),
                2 => tile_of::<L, R, 2, 1, 1>(l, rows, tile, sums),
                3 => tile_of::<L, R, 3, 2, 1>(l, rows, tile, sums),
                4 => tile_of::<L, R, 4, 2, 2>(l, rows, tile, sums),
                5 => tile_of::<L, R, 5, 3, 2>(l, rows, tile, sums),
                6 => tile_of::<L, R, 6, 3, 3>(l, rows, tile, sums),
                7 => tile_of::<L, R, 7, 4, 3>(l, rows, tile, sums),
                8 => tile_of::<L, R, 8, 4, 4>(l, rows, tile, sums),
                9 => tile_of::<L, R, 9, 5, 4>(l, rows, tile, sums),
                10 => tile_of::<L, R, 10, 5, 5>(l, rows, tile, sums),
                11 => tile_of::<L, R, 11, 6, 5>(l, rows, tile, sums),
                12 => tile_of::<L, R, 12, 6, 6>(l, rows, tile, sums),
                13 => tile_of::<L, R, 13, 7, 6>(l, rows, tile, sums),
                _ => tile_of::<L, R, 14, 7, 7>(l, rows, tile, sums),
            }
        }
    }
}

/// One tile of [`Columns::accumulate`], of `V` vectors: all of them at once for a single row, the
/// first `A` and then the last `B` for two, so that the sums fit the registers.
#[inline(always)]
fn tile_of<L: Lanes, const R: usize, const V: usize, const A: usize, const B: usize>(
    l: L,
    x: [&[f32]; R],
    tile: &[f32],
    z: &mut [&mut [f32]; R],
) {
    if R == 1 {
        column::<L, V>(l, x[0], tile, z[0]);
    } else {
        columns::<L, R, A>(l, x, tile, V, 0, z);
        columns::<L, R, B>(l, x, tile, V, A, z);
    }
}

/// One row of [`tile_of`].
#[inline(always)]
fn column<L: Lanes, const V: usize>(l: L, x: &[f32], tile: &[f32], z: &mut [f32]) {
    // Checked once: checks between the stores hide whole vectors of portable lanes from the
    // compiler, which then takes them apart.
    let z = &mut z[..V * L::COUNT];
    let mut sums = [l.splat(0.0); V];
    for v in 0..V {
        sums[v] = l.load(&z[v * L::COUNT..]);
    }
    for (x, weights) in x.iter().zip(tile.chunks_exact(V * L::COUNT)) {
        let x = l.splat(*x);
        for v in 0..V {
            sums[v] = l.multiply_add(x, l.load(&weights[v * L::COUNT..]), sums[v]);
        }
    }
    for v in 0..V {
        l.store(sums[v], &mut z[v * L::COUNT..]);
    }
}

/// Of the rows of [`tile_of`] the `V` vectors from the `first` on, of `all` in a tile.
#[inline(always)]
fn columns<L: Lanes, const R: usize, const V: usize>(
    l: L,
    x: [&[f32]; R],
    tile: &[f32],
    all: usize,
    first: usize,
    z: &mut [&mut [f32]; R],
) {
    let z = z.each_mut().map(|z| &mut z[first * L::COUNT..][..V * L::COUNT]);
    let mut sums = [[l.splat(0.0); V]; R];
    for r in 0..R {
        for v in 0..V {
            sums[r][v] = l.load(&z[r][v * L::COUNT..]);
        }
    }
    for (k, weights) in tile.chunks_exact(all * L::COUNT).enumerate() {
        let weights = &weights[first * L::COUNT..][..V * L::COUNT];
        let mut factors = [l.splat(0.0); R];
        for r in 0..R {
            factors[r] = l.splat(x[r][k]);
        }
        for v in 0..V {
            let weight = l.load(&weights[v * L::COUNT..]);
            for r in 0..R {
                sums[r][v] = l.multiply_add(factors[r], weight, sums[r][v]);
            }
        }
    }
    for r in 0..R {
        for v in 0..V {
            l.store(sums[r][v], &mut z[r][v * L::COUNT..]);
        }
    }
}
