//! How fast one core can multiply and add, to read other speeds as shares of it.

use std::hint::black_box;

use anacrusis::model::kernel::{InstructionSet, Job, Lanes};

/// Independent sums: enough to hide the latency of one another (4 to 5 cycles, two units),
/// few enough for the registers of every instruction set.
const SUMS: usize = 10;
/// Times that every sum is added to in one measurement: a few milliseconds.
const TURNS: usize = 400_000;

/// Adds to every sum in turn, and gives what came of all: nothing can be left out.
struct Multiply {
    factor: f32,
    addend: f32,
}

impl Job for Multiply {
    type Output = f32;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> f32 {
        let (factor, addend) = (l.splat(self.factor), l.splat(self.addend));
        let mut sums = [l.splat(0.0); SUMS];
        for (n, sum) in sums.iter_mut().enumerate() {
            *sum = l.splat(n as f32);
        }
        for _ in 0..TURNS {
            for sum in &mut sums {
                *sum = l.multiply_add(*sum, factor, addend);
            }
        }
        let mut all = l.splat(0.0);
        for sum in sums {
            all = l.add(all, sum);
        }
        // The widest vector there is has sixteen lanes.
        let mut lanes = [0.0; 16];
        l.store(all, &mut lanes);
        lanes.iter().sum()
    }
}

/// Floating-point operations per second (a multiplication with its addition counts as two)
/// that this thread reached just now, in a few milliseconds of nothing else, by a clock that
/// tells seconds.
pub fn flops_per_second(set: InstructionSet, clock: fn() -> f64) -> f64 {
    let start = clock();
    black_box(set.run(black_box(Multiply { factor: 0.999, addend: 0.001 })));
    let seconds = clock() - start;
    (2 * SUMS * TURNS * set.lanes()) as f64 / seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_turn_of_every_sum_is_worked_out() {
        for set in InstructionSet::available() {
            // Without the factor each sum counts its turns: exact below 2^24.
            let counted = set.run(Multiply { factor: 1.0, addend: 1.0 });
            let lane: usize = (0..SUMS).map(|n| n + TURNS).sum();
            let expected = (lane * set.lanes()) as f32;
            assert!((counted / expected - 1.0).abs() < 1e-6, "{}: {counted}", set.name());
        }
    }
}
