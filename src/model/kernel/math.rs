//! What an LSTM needs of analysis, in lanes.

use super::Lanes;

/// `x` held within `±bound`; what is no number stays so.
#[inline(always)]
fn clamp<L: Lanes>(l: L, x: L::Vector, bound: f32) -> L::Vector {
    l.min(l.splat(bound), l.max(l.splat(-bound), x))
}

/// `e^x`, within 2 units in the last place; beyond ±87 as at ±87.
#[inline(always)]
pub fn exp<L: Lanes>(l: L, x: L::Vector) -> L::Vector {
    exp_within(l, clamp(l, x, 87.0))
}

/// `e^x` for `|x| <= 87`: `2^n * e^r` with `|r| <= ln 2 / 2`; polynomial of Moshier's Cephes
/// library, `expf`.
#[inline(always)]
fn exp_within<L: Lanes>(l: L, x: L::Vector) -> L::Vector {
    // Of this magnitude floats are whole numbers, so that adding it rounds.
    const WHOLE: f32 = 12_582_912.0;
    // ln 2 in two parts, the first with few bits so that its products are exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    const POLYNOMIAL: [f32; 6] =
        [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
    let scaled = l.multiply_add(x, l.splat(std::f32::consts::LOG2_E), l.splat(WHOLE));
    let n = l.sub(scaled, l.splat(WHOLE));
    let r = l.multiply_add(n, l.splat(-LN_2_HIGH), x);
    let r = l.multiply_add(n, l.splat(-LN_2_LOW), r);
    let mut p = l.splat(POLYNOMIAL[0]);
    p = l.multiply_add(p, r, l.splat(POLYNOMIAL[1]));
    p = l.multiply_add(p, r, l.splat(POLYNOMIAL[2]));
    p = l.multiply_add(p, r, l.splat(POLYNOMIAL[3]));
    p = l.multiply_add(p, r, l.splat(POLYNOMIAL[4]));
    p = l.multiply_add(p, r, l.splat(POLYNOMIAL[5]));
    p = l.multiply_add(p, l.mul(r, r), l.add(r, l.splat(1.0)));
    l.scale(p, n)
}

/// The logistic function, `1 / (1 + e^-x)`.
#[inline(always)]
pub fn sigmoid<L: Lanes>(l: L, x: L::Vector) -> L::Vector {
    let one = l.splat(1.0);
    l.div(one, l.add(one, exp(l, l.sub(l.splat(0.0), x))))
}

/// The hyperbolic tangent, `1 - 2 / (1 + e^2x)`, within 2e-7.
#[inline(always)]
pub fn tanh<L: Lanes>(l: L, x: L::Vector) -> L::Vector {
    let one = l.splat(1.0);
    let e = exp(l, l.add(x, x));
    l.sub(one, l.div(l.splat(2.0), l.add(one, e)))
}

/// `e^(scale * x)` with the argument held within ±28: three such factors do not overflow, and
/// sigmoid and tanh are 0 or 1 to the last bit of a sum there.
#[inline(always)]
fn bounded_exp<L: Lanes>(l: L, x: L::Vector, scale: f32) -> L::Vector {
    exp_within(l, clamp(l, l.mul(x, l.splat(scale)), 28.0))
}

/// The LSTM cell (model.md, section 3): from the pre-activations of the gates i, f, g, o and
/// the old cell to `(c', h')`. The quotients of sigmoid and tanh are brought over common
/// denominators, which leaves two divisions of seven.
#[inline(always)]
pub fn cell<L: Lanes>(l: L, z: [L::Vector; 4], c: L::Vector) -> (L::Vector, L::Vector) {
    let one = l.splat(1.0);
    // sigmoid(x) = 1 / (1 + e^-x); tanh(x) = (e^2x - 1) / (e^2x + 1).
    let i = l.add(one, bounded_exp(l, z[0], -1.0));
    let f = l.add(one, bounded_exp(l, z[1], -1.0));
    let g = bounded_exp(l, z[2], 2.0);
    let o = l.add(one, bounded_exp(l, z[3], -1.0));
    let ig = l.mul(i, l.add(g, one));
    let numerator = l.multiply_add(c, ig, l.mul(f, l.sub(g, one)));
    let c = l.div(numerator, l.mul(ig, f));
    let t = bounded_exp(l, c, 2.0);
    let h = l.div(l.sub(t, one), l.mul(o, l.add(t, one)));
    (c, h)
}
