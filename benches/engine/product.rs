//! A product as the engine runs it: how near its tile comes to the peak.

use std::hint::black_box;

use anacrusis::model::kernel::{InstructionSet, Job, Lanes};
use anacrusis::model::panels::{Aligned, Panels, Start, VECTORS, accumulate};

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
                let start = Start::Rows(start);
                accumulate(l, black_box(&**x), *depth, panels.panel(p), start, z, next);
            }
        }
    }
}
