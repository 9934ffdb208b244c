//! The time stack on some of its rows: row `b K + k` is key `k` of sequence `b`.

use anacrusis::model::features::FEATURES;

use super::layer::Track;
use super::network::Network;
use super::note::NotePart;
use super::outer::Outer;
use super::plan::{Places, Plan};
use super::stack::{Ends, Run, Scratch, Source};
use crate::train::dropout::Masks;

/// Some rows of the time stack.
#[derive(Clone, Debug)]
pub struct TimePart {
    first: usize,
    /// What the way up left behind.
    pub run: Run,
    /// Gradients of the weights, one for each layer.
    pub gradients: Vec<Outer>,
}

impl TimePart {
    /// Rows from `first` on, for a run of `steps`.
    pub fn new(network: &Network, first: usize, rows: usize, steps: usize) -> TimePart {
        let mut part = TimePart { first, run: Run::default(), gradients: Vec::new() };
        network.time.reset(&mut part.run, rows, steps);
        part
    }

    /// Goes back to the beginning, with these dropout masks.
    pub fn reset(&mut self, network: &Network, masks: Option<&Masks>) {
        let (rows, steps) = (self.run.rows, self.run.steps);
        network.time.reset(&mut self.run, rows, steps);
        let layers = network.time.layers.iter().zip(&mut self.run.tracks);
        for ((layer, track), mask) in layers.zip(masks.iter().flat_map(|masks| &masks.time)) {
            track.set_mask(layer, mask, self.first);
        }
    }

    /// Goes on from the last step with a stretch of `steps`, no longer than the one before.
    pub fn go_on(&mut self, steps: usize) {
        self.run.tracks.iter_mut().for_each(|track| track.carry(self.run.steps));
        self.run.steps = steps;
    }

    /// The way up, from `features` `[T, B K, F]`.
    pub fn forward(
        &mut self,
        network: &Network,
        plan: &Plan,
        features: &[f32],
        scratch: &mut Scratch,
    ) {
        let (first, rows) = (self.first, self.run.rows);
        let ends = TimeEnds { plan, features, first, rows, notes: &[], places: &Places::default() };
        network.time.forward(&mut self.run, &ends, scratch);
    }

    /// The way back, from what the note stack handed down.
    pub fn backward(
        &mut self,
        network: &Network,
        plan: &Plan,
        features: &[f32],
        (notes, places): (&[NotePart], &Places),
        scratch: &mut Scratch,
    ) {
        if self.gradients.is_empty() {
            self.gradients = network.time.gradients();
        }
        self.gradients.iter_mut().for_each(Outer::clear);
        let (first, rows) = (self.first, self.run.rows);
        let mut ends = TimeEnds { plan, features, first, rows, notes, places };
        network.time.backward(&mut self.run, &mut ends, &mut self.gradients, scratch);
    }
}

struct TimeEnds<'a> {
    plan: &'a Plan,
    features: &'a [f32],
    first: usize,
    rows: usize,
    notes: &'a [NotePart],
    places: &'a Places,
}

impl Source for TimeEnds<'_> {
    fn input(&self, step: usize, stride: usize, out: &mut [f32]) {
        let first = step * self.plan.time_rows() + self.first;
        let rows = self.features[first * FEATURES..].chunks_exact(FEATURES).take(self.rows);
        for (to, from) in out.chunks_exact_mut(stride).zip(rows) {
            to[..FEATURES].copy_from_slice(from);
        }
    }
}

impl Ends for TimeEnds<'_> {
    fn above(&mut self, step: usize, _: &Track, out: &mut [f32]) {
        let width = out.len() / self.rows;
        for (row, to) in (self.first..).zip(out.chunks_exact_mut(width)) {
            let (line, key) = (row / self.plan.keys, row % self.plan.keys);
            let (part, place) = self.places.of(line * self.plan.steps + step);
            to.copy_from_slice(self.notes[part].below(self.plan.visit(key), place, width));
        }
    }

    fn below(&mut self, _: usize, _: &[f32]) {}
}
