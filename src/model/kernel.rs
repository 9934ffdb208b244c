//! Arithmetic on a few numbers at a time, in the best instructions that the processor has.
//!
//! A computation is written once, as a [`Job`] over [`Lanes`], and compiled once for every
//! [`InstructionSet`]; which of them runs is decided at run time. The portable one is the
//! reference. All `unsafe` code of the engine and of the trainer stands in `kernel/x86.rs`.
//!
//! Each set adds in an order of its own, but always in the same one, and denormal numbers
//! count as zero within a job: one build gives the same result on every run.

mod math;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use math::{cell, exp, sigmoid, tanh};

use portable::Portable;

/// A few `f32` lanes that are worked on together, and what can be done with them.
///
/// A value of the type shows that the processor has the instructions; only
/// [`InstructionSet::run`] makes one. Every method compiles to an instruction or two.
pub trait Lanes: Copy {
    /// [`Lanes::COUNT`] numbers.
    type Vector: Copy;

    /// Numbers in a vector.
    const COUNT: usize;

    /// Rows of four vectors each that fit the registers as accumulators, with room for the
    /// factors.
    const ROWS: usize;

    /// Accumulators in a single row that fit the registers and hide the latency of one
    /// another.
    const ACCUMULATORS: usize;

    /// `x` in every lane.
    fn splat(self, x: f32) -> Self::Vector;

    /// The first numbers of `from`.
    ///
    /// # Panics
    /// If there are fewer than [`Lanes::COUNT`].
    fn load(self, from: &[f32]) -> Self::Vector;

    /// Writes `v` to the start of `to`.
    ///
    /// # Panics
    /// If there is room for fewer than [`Lanes::COUNT`].
    fn store(self, v: Self::Vector, to: &mut [f32]);

    /// `a + b`.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `a - b`.
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `a * b`.
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `a / b`.
    fn div(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// The square root.
    fn sqrt(self, a: Self::Vector) -> Self::Vector;

    /// `a * b + c`, rounded once where the instructions can.
    fn multiply_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;

    /// `a` where it is greater than `b`, else `b`: a `b` that is no number is kept.
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `a` where it is less than `b`, else `b`: a `b` that is no number is kept.
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `v` times 2 to the power of `n`, for whole numbers -126 to 127.
    fn scale(self, v: Self::Vector, n: Self::Vector) -> Self::Vector;

    /// The sum of the lanes, halves first.
    fn sum(self, v: Self::Vector) -> f32;

    /// Asks for the cache line where `at` begins to be brought near.
    fn prefetch(self, at: &[f32]);
}

/// Something to be computed, whatever the instructions.
///
/// Implement [`Job::run`] and all that it calls in hot loops with `#[inline(always)]`, and
/// without closures there: code that is not inlined is compiled for the baseline processor.
pub trait Job {
    /// What comes out.
    type Output;

    /// Computes it.
    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// Instructions that this processor was found to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InstructionSet(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl InstructionSet {
    /// What every processor has: the reference.
    pub const PORTABLE: InstructionSet = InstructionSet(Kind::Portable);

    /// All that this processor has, the best one last.
    pub fn available() -> impl DoubleEndedIterator<Item = InstructionSet> {
        let all = [
            Some(Kind::Portable),
            #[cfg(target_arch = "x86_64")]
            x86::has_avx2().then_some(Kind::Avx2),
            #[cfg(target_arch = "x86_64")]
            x86::has_avx512().then_some(Kind::Avx512),
        ];
        all.into_iter().flatten().map(InstructionSet)
    }

    /// The best that this processor has.
    pub fn best() -> InstructionSet {
        InstructionSet::available().next_back().unwrap_or(InstructionSet::PORTABLE)
    }

    /// For people: "AVX-512".
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "AVX-512",
        }
    }

    /// Numbers in a vector, [`Lanes::COUNT`].
    pub fn lanes(self) -> usize {
        self.run(Shape).0
    }

    /// Accumulators in a single row, [`Lanes::ACCUMULATORS`].
    pub fn accumulators(self) -> usize {
        self.run(Shape).1
    }

    /// Runs a job in these instructions, with denormal numbers counted as zero.
    ///
    /// # Realtime
    /// Adds a few instructions to those of the job.
    pub fn run<J: Job>(self, job: J) -> J::Output {
        #[cfg(target_arch = "x86_64")]
        let _flushed = x86::DenormalsFlushed::new();
        match self.0 {
            Kind::Portable => job.run(Portable),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => x86::run_avx2(job),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => x86::run_avx512(job),
        }
    }
}

/// What a set's registers are like.
struct Shape;

impl Job for Shape {
    type Output = (usize, usize);

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> (usize, usize) {
        (L::COUNT, L::ACCUMULATORS)
    }
}
