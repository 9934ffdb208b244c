//! The note stack: one key after the other, each hearing what was decided for the one before.

use super::weights::NoteLayer;
use super::{TimeState, Weights};
use crate::model::given::{COUNTS, Given, KNOWN, by_class};
use crate::model::kernel::{Job, Lanes, cell};
use crate::model::network::LOGITS;
use crate::model::panels::{Aligned, Start, VECTORS, accumulate};
use crate::music::Chord;

/// Scratch memory of [`NoteStack`].
#[derive(Debug)]
pub(super) struct Scratch {
    /// The first layer's pre-activations from the time stack, `[panels][K][4 * lanes]`.
    projection: Aligned,
    /// Output and cell of every layer, for the key in hand; whole vectors.
    state: Box<[(Aligned, Aligned)]>,
    /// What the first layer adds for what is given, by pitch class, `[12][4H]`; empty in networks
    /// that are given nothing.
    by_class: Box<[Aligned]>,
    /// Pre-activations of one layer, and room to read a whole vector at the last unit.
    z: Aligned,
    /// The top layer's output for each key, `[K][H]`; empty in networks that tell no loudness.
    tops: Box<[f32]>,
}

impl Scratch {
    pub fn new(weights: &Weights) -> Scratch {
        let lanes = weights.set().lanes();
        let projection = weights.projection_panels * VECTORS * lanes;
        let padded = |layer: &NoteLayer| layer.hidden.next_multiple_of(lanes);
        let widest = weights.note.iter().map(|layer| layer.recurrent.width()).max();
        let zeros = |layer| (Aligned::zeros(padded(layer)), Aligned::zeros(padded(layer)));
        Scratch {
            projection: Aligned::zeros(weights.config().keys() * projection),
            state: weights.note.iter().map(zeros).collect(),
            by_class: weights.given.iter().take(12).cloned().collect(),
            z: Aligned::zeros(widest.unwrap_or(0).max(projection) + lanes),
            tops: {
                let units = weights.loudness.as_ref().map_or(0, |(weight, _)| weight.len());
                vec![0.0; weights.config().keys() * units].into()
            },
        }
    }

    /// The top layer's output for the key of this index in the last scan, `[H]`; `None` in networks
    /// that tell no loudness.
    pub fn top(&self, weights: &Weights, index: usize) -> Option<&[f32]> {
        let units = weights.loudness.as_ref()?.0.len();
        self.tops.get(index * units..(index + 1) * units)
    }
}

/// [`super::Engine::choose`].
pub(super) struct NoteStack<'a> {
    pub weights: &'a Weights,
    pub state: &'a TimeState,
    pub given: Given,
    pub scratch: &'a mut Scratch,
    pub decide: &'a mut dyn FnMut(usize, [f32; LOGITS]) -> (bool, bool),
}

impl Job for NoteStack<'_> {
    type Output = Chord;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> Chord {
        let (weights, scratch) = (self.weights, self.scratch);
        let config = weights.config();
        let keys = config.keys();
        let given = Given { chord: self.given.chord.within(config.range()), ..self.given };
        begin(l, weights, self.state, &given, scratch);
        let nothing = given == Given::NOTHING;
        let mut chord = Chord::SILENT;
        let mut before = (false, false);
        for visit in 0..keys {
            let index = config.scan.key(visit, keys);
            // The range lies within 0..128, so the sum fits.
            let midi = config.low + index as u8;
            let told = (!nothing).then_some((&given, midi));
            let [logits] = key(l, weights, [&mut *scratch], index, [before], [told]);
            let (plays, struck) = (self.decide)(index, logits);
            if given.chord.plays(midi) {
                before = (true, given.chord.strikes(midi));
                continue;
            }
            before = (plays, plays && struck);
            chord.decide(midi, plays, struck);
        }
        chord
    }
}

/// [`super::Engine::choose_guided`].
pub(super) struct Guided<'a> {
    pub weights: &'a Weights,
    /// State and scratch memory of the one who hears the musician, and of the one who does not.
    pub rows: [(&'a TimeState, &'a mut Scratch); 2],
    pub given: Given,
    pub decide: &'a mut dyn FnMut(usize, [[f32; LOGITS]; 2]) -> (bool, bool),
}

impl Job for Guided<'_> {
    type Output = Chord;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> Chord {
        let weights = self.weights;
        let config = weights.config();
        let keys = config.keys();
        let given = Given { chord: self.given.chord.within(config.range()), ..self.given };
        let [(state, scratch), (unheard, second)] = self.rows;
        begin(l, weights, state, &given, scratch);
        begin(l, weights, unheard, &Given::NOTHING, second);
        let nothing = given == Given::NOTHING;
        let mut chord = Chord::SILENT;
        // What the key before was fed as, to each.
        let mut before = [(false, false); 2];
        for visit in 0..keys {
            let index = config.scan.key(visit, keys);
            // The range lies within 0..128, so the sum fits.
            let midi = config.low + index as u8;
            let told = (!nothing).then_some((&given, midi));
            let rows = [&mut *scratch, &mut *second];
            let logits = key(l, weights, rows, index, before, [told, None]);
            let (plays, struck) = (self.decide)(index, logits);
            if given.chord.plays(midi) {
                before = [(true, given.chord.strikes(midi)), (false, false)];
                continue;
            }
            before = [(plays, plays && struck); 2];
            chord.decide(midi, plays, struck);
        }
        chord
    }
}

/// Makes the scratch memory ready for a scan: what the keys share, and layers at zero.
#[inline(always)]
fn begin<L: Lanes>(
    l: L,
    weights: &Weights,
    state: &TimeState,
    given: &Given,
    scratch: &mut Scratch,
) {
    project(l, weights, state, &mut scratch.projection);
    for (h, c) in &mut scratch.state {
        h.fill(0.0);
        c.fill(0.0);
    }
    if *given != Given::NOTHING {
        counts(l, weights, given, &mut scratch.by_class);
    }
}

/// The product that the keys can share: what the first layer makes of the time stack's
/// output, biases included.
#[inline(always)]
fn project<L: Lanes>(l: L, weights: &Weights, state: &TimeState, out: &mut [f32]) {
    let (u, stride) = state.top_rows();
    let width = VECTORS * L::COUNT;
    let size = out.len() / weights.projection_panels;
    let panels = out.chunks_exact_mut(size).zip(weights.projection_bias.chunks_exact(width));
    for (p, (z, bias)) in panels.enumerate() {
        let next = match p + 1 < weights.projection_panels {
            true => weights.projection.panel(p + 1),
            false => weights.note[0].recurrent.entries(),
        };
        accumulate(l, u, stride, weights.projection.panel(p), Start::Row(bias), z, next);
    }
}

/// What the first layer adds for the counts of what is given and for whether it is known: the
/// same for all keys of a pitch class.
#[inline(always)]
fn counts<L: Lanes>(l: L, weights: &Weights, given: &Given, out: &mut [Aligned]) {
    let counts = by_class(given.chord);
    for (class, out) in out.iter_mut().enumerate() {
        if given.known {
            out.copy_from_slice(&weights.given[KNOWN]);
        } else {
            out.fill(0.0);
        }
        for interval in 0..12 {
            let count = counts[(class + interval) % 12];
            if count != 0.0 {
                add_scaled(l, count, &weights.given[COUNTS + interval], out);
            }
        }
    }
}

/// All layers and the head for one key, whose MIDI number stands beside what is given: its
/// logits, for one listener or two, who read the weights once.
#[inline(always)]
fn key<L: Lanes, const R: usize>(
    l: L,
    weights: &Weights,
    mut scratch: [&mut Scratch; R],
    index: usize,
    before: [(bool, bool); R],
    given: [Option<(&Given, u8)>; R],
) -> [[f32; LOGITS]; R] {
    for r in 0..R {
        first(l, weights, scratch[r], index, before[r], given[r]);
    }
    for (n, layer) in weights.note.iter().enumerate() {
        if let (Some(below), Some(input)) = (n.checked_sub(1), &layer.input) {
            for scratch in &mut scratch {
                scratch.z[..layer.bias.len()].copy_from_slice(&layer.bias);
            }
            let mut z =
                scratch.each_mut().map(|scratch| (&*scratch.state[below].0, &mut *scratch.z));
            let x = z.each_ref().map(|(x, _)| *x);
            input.accumulate(l, x, &mut z.each_mut().map(|(_, z)| &mut **z));
        }
        let mut z = scratch.each_mut().map(|scratch| (&*scratch.state[n].0, &mut *scratch.z));
        let h = z.each_ref().map(|(h, _)| *h);
        layer.recurrent.accumulate(l, h, &mut z.each_mut().map(|(_, z)| &mut **z));
        for scratch in &mut scratch {
            cells(l, layer, scratch, n);
        }
    }
    let mut logits = [weights.head_bias; R];
    for r in 0..R {
        let top = scratch[r].state.last().map_or(&[][..], |(h, _)| h);
        for (logit, column) in logits[r].iter_mut().zip(&weights.head) {
            *logit += dot(l, top, column);
        }
    }
    if let Some((weight, _)) = &weights.loudness {
        let units = weight.len();
        let Scratch { state, tops, .. } = &mut *scratch[0];
        if let Some((top, _)) = state.last() {
            tops[index * units..][..units].copy_from_slice(&top[..units]);
        }
    }
    logits
}

/// What the first layer is fed for a key, but for its own output at the key before.
#[inline(always)]
fn first<L: Lanes>(
    l: L,
    weights: &Weights,
    scratch: &mut Scratch,
    index: usize,
    before: (bool, bool),
    given: Option<(&Given, u8)>,
) {
    let width = VECTORS * L::COUNT;
    let size = scratch.projection.len() / weights.projection_panels;
    let z = &mut scratch.z;
    for (p, z) in z.chunks_exact_mut(width).take(weights.projection_panels).enumerate() {
        z.copy_from_slice(&scratch.projection[p * size + index * width..][..width]);
    }
    for (fed_back, column) in [before.0, before.1].into_iter().zip(&weights.feedback) {
        if fed_back {
            add(l, column, z);
        }
    }
    if let Some((given, midi)) = given {
        add(l, &scratch.by_class[usize::from(midi % 12)], z);
        let bits = [given.chord.plays(midi), given.chord.strikes(midi)];
        for (bit, column) in bits.into_iter().zip(&weights.given) {
            if bit {
                add(l, column, z);
            }
        }
    }
}

/// Output and cell of layer `n` from its pre-activations.
#[inline(always)]
fn cells<L: Lanes>(l: L, layer: &NoteLayer, scratch: &mut Scratch, n: usize) {
    let (z, (h, c)) = (&scratch.z, &mut scratch.state[n]);
    for unit in (0..layer.hidden).step_by(L::COUNT) {
        // Beyond the last unit these read the next gate, and what comes of it is never
        // used: the products stop at the last unit, and the head's weights are zero.
        let gates = [
            l.load(&z[unit..]),
            l.load(&z[layer.hidden + unit..]),
            l.load(&z[2 * layer.hidden + unit..]),
            l.load(&z[3 * layer.hidden + unit..]),
        ];
        let (new_c, new_h) = cell(l, gates, l.load(&c[unit..]));
        l.store(new_c, &mut c[unit..]);
        l.store(new_h, &mut h[unit..]);
    }
}

/// `z += column`.
#[inline(always)]
fn add<L: Lanes>(l: L, column: &[f32], z: &mut [f32]) {
    for (z, column) in z.chunks_exact_mut(L::COUNT).zip(column.chunks_exact(L::COUNT)) {
        l.store(l.add(l.load(z), l.load(column)), z);
    }
}

/// `z += factor * column`.
#[inline(always)]
fn add_scaled<L: Lanes>(l: L, factor: f32, column: &[f32], z: &mut [f32]) {
    let factor = l.splat(factor);
    for (z, column) in z.chunks_exact_mut(L::COUNT).zip(column.chunks_exact(L::COUNT)) {
        l.store(l.multiply_add(factor, l.load(column), l.load(z)), z);
    }
}

/// The scalar product.
#[inline(always)]
fn dot<L: Lanes>(l: L, a: &[f32], b: &[f32]) -> f32 {
    let mut sums = l.splat(0.0);
    for (a, b) in a.chunks_exact(L::COUNT).zip(b.chunks_exact(L::COUNT)) {
        sums = l.multiply_add(l.load(a), l.load(b), sums);
    }
    l.sum(sums)
}
