//! The cell of an LSTM (model.md, section 3) forwards and backwards, many rows at a time.
//!
//! Rows hold the gates i, f, g, o one after the other, each as wide as the units rounded up
//! to whole vectors. The units that this adds have weights of zero, and stay at zero.

use anacrusis::model::kernel::{Job, Lanes, sigmoid, tanh};

/// From pre-activations to gates, in place, and on to the new cell and output.
#[derive(Debug)]
pub struct Forward<'a> {
    /// `[R, 4W]`: pre-activations, then gates.
    pub gates: &'a mut [f32],
    /// Old cell `[R, W]`.
    pub old: &'a [f32],
    /// New cell `[R, W]`.
    pub new: &'a mut [f32],
    /// Output `[R, W]`.
    pub hidden: &'a mut [f32],
    /// W.
    pub width: usize,
}

impl Job for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let width = self.width;
        let rows = self.gates.chunks_exact_mut(4 * width).zip(self.old.chunks_exact(width));
        let out = self.new.chunks_exact_mut(width).zip(self.hidden.chunks_exact_mut(width));
        for ((gates, old), (new, hidden)) in rows.zip(out) {
            let (i, f, g, o) = quarters(gates, width);
            for u in (0..width).step_by(L::COUNT) {
                let input = sigmoid(l, l.load(&i[u..]));
                let forget = sigmoid(l, l.load(&f[u..]));
                let candidate = tanh(l, l.load(&g[u..]));
                let output = sigmoid(l, l.load(&o[u..]));
                let kept = l.mul(forget, l.load(&old[u..]));
                let cell = l.multiply_add(input, candidate, kept);
                l.store(input, &mut i[u..]);
                l.store(forget, &mut f[u..]);
                l.store(candidate, &mut g[u..]);
                l.store(output, &mut o[u..]);
                l.store(cell, &mut new[u..]);
                l.store(l.mul(output, tanh(l, cell)), &mut hidden[u..]);
            }
        }
    }
}

/// From the gradient of the output to that of the pre-activations, in place of the gates, and
/// to that of the old cell, in place of the new cell's.
#[derive(Debug)]
pub struct Backward<'a> {
    /// `[R, 4W]`: gates, then the gradient of the pre-activations.
    pub gates: &'a mut [f32],
    /// Old cell `[R, W]`.
    pub old: &'a [f32],
    /// New cell `[R, W]`.
    pub new: &'a [f32],
    /// Gradient of the output from above `[R, W]`.
    pub above: &'a [f32],
    /// Gradient of the output from the step after `[R, W]`.
    pub after: &'a [f32],
    /// `[R, W]`: gradient of the new cell from the step after, then of the old cell.
    pub cell: &'a mut [f32],
    /// W.
    pub width: usize,
}

impl Job for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (width, one) = (self.width, l.splat(1.0));
        let rows = self.gates.chunks_exact_mut(4 * width).zip(self.cell.chunks_exact_mut(width));
        let cells = self.old.chunks_exact(width).zip(self.new.chunks_exact(width));
        let hidden = self.above.chunks_exact(width).zip(self.after.chunks_exact(width));
        for (((gates, cell), (old, new)), (above, after)) in rows.zip(cells).zip(hidden) {
            let (i, f, g, o) = quarters(gates, width);
            for u in (0..width).step_by(L::COUNT) {
                let input = l.load(&i[u..]);
                let forget = l.load(&f[u..]);
                let candidate = l.load(&g[u..]);
                let output = l.load(&o[u..]);
                let squashed = tanh(l, l.load(&new[u..]));
                let d_hidden = l.add(l.load(&above[u..]), l.load(&after[u..]));
                // h = o tanh(c): d_c += d_h o (1 - tanh(c)^2), d_o = d_h tanh(c).
                let slope = l.sub(one, l.mul(squashed, squashed));
                let through = l.mul(l.mul(d_hidden, output), slope);
                let d_cell = l.add(l.load(&cell[u..]), through);
                let d_output = l.mul(d_hidden, squashed);
                // c = f c_old + i g; a sigmoid s has the slope s (1 - s).
                let d_input = l.mul(d_cell, candidate);
                let d_forget = l.mul(d_cell, l.load(&old[u..]));
                let d_candidate = l.mul(d_cell, input);
                let rise = l.sub(one, l.mul(candidate, candidate));
                l.store(l.mul(d_cell, forget), &mut cell[u..]);
                l.store(l.mul(d_input, l.mul(input, l.sub(one, input))), &mut i[u..]);
                l.store(l.mul(d_forget, l.mul(forget, l.sub(one, forget))), &mut f[u..]);
                l.store(l.mul(d_candidate, rise), &mut g[u..]);
                l.store(l.mul(d_output, l.mul(output, l.sub(one, output))), &mut o[u..]);
            }
        }
    }
}

/// The gates of a row.
#[inline(always)]
fn quarters(gates: &mut [f32], width: usize) -> (&mut [f32], &mut [f32], &mut [f32], &mut [f32]) {
    let (i, rest) = gates.split_at_mut(width);
    let (f, rest) = rest.split_at_mut(width);
    let (g, o) = rest.split_at_mut(width);
    (i, f, g, o)
}
