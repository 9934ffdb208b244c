//! The most multiply-adds that the processor does, and how near the products' tile comes.

use std::hint::black_box;

use anacrusis::model::kernel::{InstructionSet, Job, Lanes};
use anacrusis::model::panels::{Aligned, Panels, VECTORS, accumulate};

/// Sums that do not wait for one another: more than two units with a latency of four
/// cycles need, and few enough for sixteen registers.
const SUMS: usize = 12;

/// Additions and multiplications in one round of [`multiply_add`].
pub fn flop(set: InstructionSet) -> usize {
    2 * SUMS * set.lanes()
}

/// `rounds` multiply-adds into each of the sums, with nothing from memory.
pub fn multiply_add(set: InstructionSet, rounds: usize) {
    // Each tends to 1; none overflows or becomes denormal.
    let mut sums = Aligned::collect((0..SUMS * set.lanes()).map(|n| n as f32 * 1e-3), 1);
    let factors = Aligned::collect((0..set.lanes()).map(|n| 0.75 - n as f32 * 1e-3), 1);
    let terms = Aligned::collect(factors.iter().map(|factor| 1.0 - factor), 1);
    set.run(Peak { rounds, sums: &mut sums, factors: &factors, terms: &terms });
    black_box(&*sums);
}

struct Peak<'a> {
    rounds: usize,
    sums: &'a mut [f32],
    factors: &'a [f32],
    terms: &'a [f32],
}

impl Job for Peak<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (factor, term) = (l.load(self.factors), l.load(self.terms));
        let z = &mut self.sums[..SUMS * L::COUNT];
        let mut sums = [term; SUMS];
        for n in 0..SUMS {
            sums[n] = l.load(&z[n * L::COUNT..]);
        }
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = l.multiply_add(*sum, factor, term);
            }
        }
        for n in 0..SUMS {
            l.store(sums[n], &mut z[n * L::COUNT..]);
        }
    }
}

/// A product of `rows` rows with a packed matrix, as the engine runs it.
pub struct Product {
    set: InstructionSet,
    depth: usize,
    x: Aligned,
    panels: Panels,
    count: usize,
    /// What the sums of one panel begin from.
    start: Aligned,
    z: Aligned,
}

impl Product {
    /// `[rows, depth] @ [depth, columns]`, the columns up to whole panels.
    pub fn new(set: InstructionSet, rows: usize, depth: usize, columns: usize) -> Product {
        let width = VECTORS * set.lanes();
        let count = columns.div_ceil(width);
        let at = |k: usize, _: usize, vector: usize, lane: usize| {
            ((7 * k + 3 * vector + lane) % 11) as f32 * 0.01 - 0.05
        };
        Product {
            set,
            depth,
            x: Aligned::collect((0..rows * depth).map(|n| (n % 13) as f32 * 0.01 - 0.06), 1),
            panels: Panels::pack(set, count, depth, at),
            count,
            start: Aligned::zeros(rows * width),
            z: Aligned::zeros(count * rows * width),
        }
    }

    /// One tile: rows, panel and sums lie in the first-level cache.
    pub fn tile(set: InstructionSet) -> Product {
        struct Rows;
        impl Job for Rows {
            type Output = usize;

            #[inline(always)]
            fn run<L: Lanes>(self, _: L) -> usize {
                L::ROWS
            }
        }
        Product::new(set, set.run(Rows), 64, VECTORS * set.lanes())
    }

    /// Additions and multiplications of one product.
    pub fn flop(&self) -> usize {
        2 * self.z.len() * self.depth
    }

    /// The product, `rounds` times.
    pub fn run(&mut self, rounds: usize) {
        self.set.run(Run { product: self, rounds });
    }
}

struct Run<'a> {
    product: &'a mut Product,
    rounds: usize,
}

impl Job for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Product { depth, x, panels, count, start, z, .. } = self.product;
        for _ in 0..self.rounds {
            for (p, z) in z.chunks_exact_mut(start.len()).enumerate() {
                let next = if p + 1 < *count { panels.panel(p + 1) } else { &[] };
                accumulate(l, black_box(&**x), *depth, panels.panel(p), start, z, next);
            }
        }
    }
}
