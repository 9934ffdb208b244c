//! Four lanes in plain Rust, which every compiler turns into vectors of its own.

use super::Lanes;

/// The reference.
#[derive(Clone, Copy)]
pub struct Portable;

const COUNT: usize = 4;

/// `f` of each pair of lanes.
#[inline(always)]
fn zip(a: [f32; COUNT], b: [f32; COUNT], f: impl Fn(f32, f32) -> f32) -> [f32; COUNT] {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

impl Lanes for Portable {
    type Vector = [f32; COUNT];

    const COUNT: usize = COUNT;
    // Twelve accumulators of sixteen registers, as SSE and others have them.
    const ROWS: usize = 3;
    const ACCUMULATORS: usize = 12;

    #[inline(always)]
    fn splat(self, x: f32) -> Self::Vector {
        [x; COUNT]
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::Vector {
        [from[0], from[1], from[2], from[3]]
    }

    #[inline(always)]
    fn store(self, v: Self::Vector, to: &mut [f32]) {
        to[..COUNT].copy_from_slice(&v);
    }

    #[inline(always)]
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        zip(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        zip(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        zip(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn sqrt(self, a: Self::Vector) -> Self::Vector {
        [a[0].sqrt(), a[1].sqrt(), a[2].sqrt(), a[3].sqrt()]
    }

    #[inline(always)]
    fn multiply_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
        // Not `mul_add`: without the instruction it is a call into a library.
        self.add(self.mul(a, b), c)
    }

    #[inline(always)]
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        zip(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        zip(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn scale(self, v: Self::Vector, n: Self::Vector) -> Self::Vector {
        // The exponent of a float; within i32 by contract, else saturated.
        self.mul(v, n.map(|n| f32::from_bits(((n as i32 + 127) as u32) << 23)))
    }

    #[inline(always)]
    fn sum(self, v: Self::Vector) -> f32 {
        (v[0] + v[2]) + (v[1] + v[3])
    }

    #[inline(always)]
    fn prefetch(self, _: &[f32]) {}
}
