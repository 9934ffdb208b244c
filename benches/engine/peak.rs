//! The most multiply-adds that one core does, to read other speeds as shares of it. Used by
//! the benches and by `cargo xtask bench`.

use std::hint::black_box;

use anacrusis::model::kernel::{InstructionSet, Job, Lanes};
use anacrusis::model::panels::Aligned;

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
