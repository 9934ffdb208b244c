//! The time stack: all keys at once, a layer after the other.

use super::Weights;
use super::weights::TimeLayer;
use crate::model::config::Config;
use crate::model::features;
use crate::model::kernel::{Job, Lanes, cell};
use crate::model::panels::{Aligned, Prefetch, Start, VECTORS, accumulate};

/// What the time stack remembers: output and cell of every layer, for every key.
/// `clone_from` between states of one engine allocates nothing.
#[derive(Debug, PartialEq)]
pub struct TimeState {
    layers: Box<[LayerState]>,
}

impl Clone for TimeState {
    fn clone(&self) -> Self {
        TimeState { layers: self.layers.clone() }
    }

    fn clone_from(&mut self, source: &Self) {
        self.layers.clone_from(&source.layers);
    }
}

/// Output `h` and cell `c` of one layer, `[K, stride]` each; beyond `hidden` a row is zero.
#[derive(Debug, PartialEq)]
struct LayerState {
    hidden: usize,
    stride: usize,
    h: Aligned,
    c: Aligned,
}

// By hand, since a derived `clone_from` would allocate.
impl Clone for LayerState {
    fn clone(&self) -> Self {
        LayerState { h: self.h.clone(), c: self.c.clone(), ..*self }
    }

    fn clone_from(&mut self, source: &Self) {
        (self.hidden, self.stride) = (source.hidden, source.stride);
        self.h.clone_from(&source.h);
        self.c.clone_from(&source.c);
    }
}

impl TimeState {
    pub(super) fn new(weights: &Weights) -> TimeState {
        let keys = weights.config().keys();
        let layer = |layer: &TimeLayer| {
            let stride = layer.panels * weights.set().lanes();
            let zeros = || Aligned::zeros(keys * stride);
            LayerState { hidden: layer.hidden, stride, h: zeros(), c: zeros() }
        };
        TimeState { layers: weights.time.iter().map(layer).collect() }
    }

    /// Output of the top layer, `u`: one row of `H` per key, low to high.
    pub fn top(&self) -> impl Iterator<Item = &[f32]> {
        let top = self.layers.iter().last().into_iter();
        top.flat_map(|layer| layer.h.chunks(layer.stride).map(|row| &row[..layer.hidden]))
    }

    /// [`TimeState::top`] as it lies in memory, and the distance between its rows.
    #[inline(always)]
    pub(super) fn top_rows(&self) -> (&[f32], usize) {
        self.layers.last().map_or((&[], 0), |layer| (&layer.h, layer.stride))
    }
}

/// The part of a time step that does not depend on the newest frame: per layer `W_hh h + b`,
/// `[panels][K][4 * lanes]`.
#[derive(Clone, Debug)]
pub struct Prepared {
    layers: Box<[Aligned]>,
}

impl Prepared {
    pub(super) fn new(weights: &Weights) -> Prepared {
        let row = weights.config().keys() * VECTORS * weights.set().lanes();
        let layer = |layer: &TimeLayer| Aligned::zeros(layer.panels * row);
        Prepared { layers: weights.time.iter().map(layer).collect() }
    }
}

/// [`super::Engine::prepare`], one layer.
pub(super) struct Prepare<'a> {
    pub weights: &'a Weights,
    pub layer: usize,
    pub from: &'a TimeState,
    pub to: &'a mut Prepared,
}

impl Job for Prepare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let layer = &self.weights.time[self.layer];
        let old = &self.from.layers[self.layer];
        let z = &mut self.to.layers[self.layer];
        let size = z.len() / layer.panels;
        for (p, z) in z.chunks_exact_mut(size).enumerate() {
            let next = match (p + 1 < layer.panels, self.weights.time.get(self.layer + 1)) {
                (true, _) => layer.recurrent.panel(p + 1),
                (false, Some(above)) => above.recurrent.panel(0),
                _ => &[],
            };
            let fixed = layer.fixed(p, size);
            accumulate(l, &old.h, old.stride, layer.recurrent.panel(p), fixed, z, next);
        }
    }
}

/// Scratch memory of [`Feed`].
#[derive(Debug)]
pub(super) struct Scratch {
    /// The features that depend on the frame and are not zero, key after key: column, value.
    live: Vec<(usize, f32)>,
    /// Where those of each key end in `live`.
    ends: Box<[usize]>,
    /// Pre-activations of one panel, `[K, 4 * lanes]`.
    z: Aligned,
}

impl Scratch {
    pub fn new(weights: &Weights) -> Scratch {
        let keys = weights.config().keys();
        Scratch {
            live: Vec::with_capacity(keys * features::frame_columns(weights.config()).len()),
            ends: vec![0; keys].into(),
            z: Aligned::zeros(keys * VECTORS * weights.set().lanes()),
        }
    }

    /// Finds the features `[K, F]` that depend on the frame and are not zero: few, since few
    /// keys sound.
    fn find_live(&mut self, config: &Config, x: &[f32]) {
        self.live.clear();
        let of_frame = features::frame_columns(config);
        for (row, end) in x.chunks_exact(features::width(config)).zip(&mut self.ends) {
            let columns = of_frame.clone().zip(&row[of_frame.clone()]);
            // Within the capacity.
            self.live.extend(columns.filter(|(_, x)| **x != 0.0).map(|(column, x)| (column, *x)));
            *end = self.live.len();
        }
    }
}

/// [`super::Engine::feed_prepared`], one layer; without what is prepared, all of the step.
pub(super) struct Feed<'a> {
    pub weights: &'a Weights,
    pub layer: usize,
    /// Features `[K, F]`.
    pub x: &'a [f32],
    pub from: &'a TimeState,
    pub prepared: Option<&'a Prepared>,
    pub to: &'a mut TimeState,
    pub scratch: &'a mut Scratch,
}

impl Job for Feed<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let layer = &self.weights.time[self.layer];
        let above = self.weights.time.get(self.layer + 1);
        let old = &self.from.layers[self.layer];
        let (below, new) = self.to.layers.split_at_mut(self.layer);
        let (below, new) = (below.last(), &mut new[0]);
        let scratch = self.scratch;
        if below.is_none() {
            scratch.find_live(self.weights.config(), self.x);
        }
        let size = scratch.z.len();
        // What the next layer begins with is brought nearer meanwhile.
        let ahead = above.filter(|_| below.is_none()).map_or(&[][..], |above| above.input.panel(0));
        let mut ahead = Prefetch::new(ahead, layer.panels);
        for p in 0..layer.panels {
            let panel = layer.input.panel(p);
            let start = match self.prepared {
                Some(prepared) => Start::Rows(&prepared.layers[self.layer][p * size..][..size]),
                None => {
                    let (fixed, z) = (layer.fixed(p, size), &mut scratch.z);
                    accumulate(l, &old.h, old.stride, layer.recurrent.panel(p), fixed, z, panel);
                    Start::There
                }
            };
            match below {
                None => {
                    ahead.some(l);
                    let (live, ends) = (&scratch.live, &scratch.ends);
                    let columns = features::step_columns(self.weights.config());
                    let step = (columns.start, &self.x[columns]);
                    first_input(l, step, live, ends, panel, start, &mut scratch.z);
                }
                Some(below) => {
                    let next = match (p + 1 < layer.panels, self.prepared, above) {
                        (true, Some(_), _) => layer.input.panel(p + 1),
                        (true, None, _) => layer.recurrent.panel(p + 1),
                        (false, Some(_), Some(above)) => above.input.panel(0),
                        (false, None, Some(above)) => above.recurrent.panel(0),
                        (false, _, None) => self.weights.projection.panel(0),
                    };
                    accumulate(l, &below.h, below.stride, panel, start, &mut scratch.z, next);
                }
            }
            cells(l, &scratch.z, p * L::COUNT, old, new);
        }
    }
}

/// `z = start + x @ panel` for the features that depend on frame and step, most of them
/// zero and those of the step (the first column, and all of them) the same for all keys.
#[inline(always)]
fn first_input<L: Lanes>(
    l: L,
    (first_column, of_step): (usize, &[f32]),
    live: &[(usize, f32)],
    ends: &[usize],
    panel: &[f32],
    start: Start<'_>,
    z: &mut [f32],
) {
    let width = VECTORS * L::COUNT;
    let zero = l.splat(0.0);
    let mut step = [zero; VECTORS];
    for (column, x) in (first_column..).zip(of_step).filter(|(_, x)| **x != 0.0) {
        step = scaled_row(l, panel, column, *x, step);
    }
    let mut first = 0;
    for (row, (z, end)) in z.chunks_exact_mut(width).zip(ends).enumerate() {
        let mut sums = [zero; VECTORS];
        {
            let start = match start {
                Start::Rows(start) => &start[row * width..],
                Start::Row(start) => start,
                Start::There => &*z,
            };
            for v in 0..VECTORS {
                sums[v] = l.add(l.load(&start[v * L::COUNT..]), step[v]);
            }
        }
        for (column, x) in &live[first..*end] {
            sums = scaled_row(l, panel, *column, *x, sums);
        }
        for v in 0..VECTORS {
            l.store(sums[v], &mut z[v * L::COUNT..]);
        }
        first = *end;
    }
}

/// `sums + x * row` of a panel.
#[inline(always)]
fn scaled_row<L: Lanes>(
    l: L,
    panel: &[f32],
    row: usize,
    x: f32,
    sums: [L::Vector; VECTORS],
) -> [L::Vector; VECTORS] {
    let weights = &panel[row * VECTORS * L::COUNT..][..VECTORS * L::COUNT];
    let x = l.splat(x);
    let mut sums = sums;
    for v in 0..VECTORS {
        sums[v] = l.multiply_add(x, l.load(&weights[v * L::COUNT..]), sums[v]);
    }
    sums
}

/// The cells of the units from `unit` on, one vector of them for every key. Apart from the
/// products, whose sums would else be spilled from registers.
#[inline(always)]
fn cells<L: Lanes>(l: L, z: &[f32], unit: usize, old: &LayerState, new: &mut LayerState) {
    let stride = old.stride;
    let rows = z.chunks_exact(VECTORS * L::COUNT).zip(old.c.chunks_exact(stride));
    let out = new.c.chunks_exact_mut(stride).zip(new.h.chunks_exact_mut(stride));
    for ((z, c), (c_out, h_out)) in rows.zip(out) {
        let gates = [
            l.load(z),
            l.load(&z[L::COUNT..]),
            l.load(&z[2 * L::COUNT..]),
            l.load(&z[3 * L::COUNT..]),
        ];
        let (c, h) = cell(l, gates, l.load(&c[unit..]));
        l.store(c, &mut c_out[unit..]);
        l.store(h, &mut h_out[unit..]);
    }
}
