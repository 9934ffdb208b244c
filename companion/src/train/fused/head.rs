//! The head: two logits from the top of the note stack, the loss, and the way back.

use anacrusis::model::kernel::{InstructionSet, Job, Lanes};
use anacrusis::model::loss::Nats;
use anacrusis::model::network::{HEAD_BIAS, HEAD_WEIGHT, LOGITS};

use crate::sequence::Target;
use crate::train::parameters::Parameters;

/// Weights `[2, W]` and bias of the head; or their gradient.
#[derive(Clone, Debug)]
pub struct Head {
    /// For each logit, W numbers with zeros beyond the units.
    pub weight: [Vec<f32>; LOGITS],
    /// One for each logit.
    pub bias: [f32; LOGITS],
    units: usize,
}

impl Head {
    /// Zero.
    pub fn new(set: InstructionSet, units: usize) -> Head {
        let row = || vec![0.0; units.next_multiple_of(set.lanes())];
        Head { weight: [row(), row()], bias: [0.0; LOGITS], units }
    }

    /// Units of the layer below.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Back to zero.
    pub fn clear(&mut self) {
        self.weight.iter_mut().for_each(|row| row.fill(0.0));
        self.bias = [0.0; LOGITS];
    }

    /// Adds another gradient.
    pub fn add(&mut self, other: &Head) {
        for (row, other) in self.weight.iter_mut().zip(&other.weight) {
            row.iter_mut().zip(other).for_each(|(a, b)| *a += b);
        }
        self.bias.iter_mut().zip(other.bias).for_each(|(a, b)| *a += b);
    }

    /// Takes the weights out of `parameters`.
    ///
    /// # Panics
    /// If they are missing or of another size.
    pub fn load(&mut self, parameters: &Parameters) {
        let rows = parameters[HEAD_WEIGHT].chunks_exact(self.units);
        for (to, from) in self.weight.iter_mut().zip(rows) {
            to[..self.units].copy_from_slice(from);
        }
        self.bias.copy_from_slice(&parameters[HEAD_BIAS]);
    }

    /// Writes a gradient in the layout of the checkpoint.
    pub fn unpack(&self, into: &mut Parameters) {
        let weight = self.weight.iter().flat_map(|row| &row[..self.units]).copied().collect();
        into.insert(HEAD_WEIGHT.to_owned(), weight);
        into.insert(HEAD_BIAS.to_owned(), self.bias.to_vec());
    }
}

/// Logits `[R, 2]` of rows `[R, W]`.
#[derive(Debug)]
pub struct Logits<'a> {
    /// Weights.
    pub head: &'a Head,
    /// Top of the note stack.
    pub hidden: &'a [f32],
    /// Its dropout multipliers `[R, W]`.
    pub mask: &'a [f32],
    /// Where the logits go.
    pub out: &'a mut [f32],
}

impl Job for Logits<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let [play, articulate] = &self.head.weight;
        let width = play.len();
        let rows = self.hidden.chunks_exact(width).zip(self.mask.chunks_exact(width));
        for (out, (hidden, mask)) in self.out.as_chunks_mut::<LOGITS>().0.iter_mut().zip(rows) {
            let mut sums = [l.splat(0.0); LOGITS];
            for u in (0..width).step_by(L::COUNT) {
                let input = l.mul(l.load(&hidden[u..]), l.load(&mask[u..]));
                sums[0] = l.multiply_add(input, l.load(&play[u..]), sums[0]);
                sums[1] = l.multiply_add(input, l.load(&articulate[u..]), sums[1]);
            }
            for (out, (sum, bias)) in out.iter_mut().zip(sums.into_iter().zip(self.head.bias)) {
                *out = bias + across(l, sum);
            }
        }
    }
}

/// The sum of a vector's lanes.
#[inline(always)]
fn across<L: Lanes>(l: L, vector: L::Vector) -> f32 {
    /// At least as many as any vector has.
    const MOST: usize = 16;
    let mut lanes = [0.0; MOST];
    l.store(vector, &mut lanes);
    let mut sum = 0.0;
    for lane in lanes {
        sum += lane;
    }
    sum
}

/// The gradient of the rows and of the weights from that of the logits.
#[derive(Debug)]
pub struct Back<'a> {
    /// Weights.
    pub head: &'a Head,
    /// Gradient of the logits `[R, 2]`.
    pub logits: &'a [f32],
    /// Top of the note stack `[R, W]`.
    pub hidden: &'a [f32],
    /// Its dropout multipliers `[R, W]`.
    pub mask: &'a [f32],
    /// Gradient of the rows after dropout `[R, W]`.
    pub out: &'a mut [f32],
    /// Gradient of the weights, added to.
    pub gradient: &'a mut Head,
}

impl Job for Back<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let [play, articulate] = &self.head.weight;
        let [d_play, d_articulate] = &mut self.gradient.weight;
        let width = play.len();
        let rows = self.hidden.chunks_exact(width).zip(self.mask.chunks_exact(width));
        let logits = self.logits.as_chunks::<LOGITS>().0.iter();
        for ((d, out), (hidden, mask)) in logits.zip(self.out.chunks_exact_mut(width)).zip(rows) {
            self.gradient.bias[0] += d[0];
            self.gradient.bias[1] += d[1];
            let d = [l.splat(d[0]), l.splat(d[1])];
            for u in (0..width).step_by(L::COUNT) {
                let input = l.mul(l.load(&hidden[u..]), l.load(&mask[u..]));
                let sum = l.multiply_add(d[0], input, l.load(&d_play[u..]));
                l.store(sum, &mut d_play[u..]);
                let sum = l.multiply_add(d[1], input, l.load(&d_articulate[u..]));
                l.store(sum, &mut d_articulate[u..]);
                let below = l.mul(d[0], l.load(&play[u..]));
                let below = l.multiply_add(d[1], l.load(&articulate[u..]), below);
                l.store(below, &mut out[u..]);
            }
        }
    }
}

/// Scores the logits `[R, 2]` of one key against what it did in each row, or the play bits
/// alone, and writes their gradient, times `scale`, to `slopes` (model.md, section 5). Where a
/// key is given, or its step not scored, nothing is added and the gradient is zero.
pub fn score(
    (logits, slopes): (&[f32], &mut [f32]),
    targets: &[Target],
    (key, play_only): (u8, bool),
    scale: f64,
    nats: &mut Nats,
) {
    let pairs = logits.as_chunks::<LOGITS>().0.iter().zip(slopes.as_chunks_mut::<LOGITS>().0);
    for ((logits, slopes), target) in pairs.zip(targets) {
        if !target.scores(key) {
            *slopes = [0.0; LOGITS];
            continue;
        }
        let (plays, struck) = (target.chord.plays(key), target.chord.strikes(key));
        let articulates = plays && !play_only;
        nats.add_play(logits[0], plays);
        if articulates {
            nats.add_articulate(logits[1], struck);
        }
        // The slope of the loss is the probability less the bit, where the bit counts.
        let slope =
            |z: f32, bit: bool| 1.0 / (1.0 + (-f64::from(z)).exp()) - f64::from(u8::from(bit));
        let articulate = if articulates { slope(logits[1], struck) } else { 0.0 };
        *slopes = [slope(logits[0], plays), articulate].map(|slope| (slope * scale) as f32);
    }
}
