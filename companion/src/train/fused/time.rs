//! The time stack on some of its rows: row `b K + k` is key `k` of sequence `b`.

use super::TimePart;
use super::features::Features;
use super::layer::{Gradient, Track};
use super::network::Network;
use super::note::NotePart;
use super::plan::{Places, Plan};
use super::sparse::Inputs;
use super::stack::{Ends, Run, Scratch, Source};
use crate::train::dropout::Masks;

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
            track.set_mask(layer, mask, self.first..);
        }
    }

    /// Goes on from the last step with a stretch of `steps`, no longer than the one before.
    pub fn go_on(&mut self, steps: usize) {
        self.run.tracks.iter_mut().for_each(|track| track.carry(self.run.steps));
        self.run.steps = steps;
    }

    /// The way up, from `features` `[T, B]`.
    pub fn forward(
        &mut self,
        network: &Network,
        plan: &Plan,
        features: &[Features],
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
        features: &[Features],
        (notes, places): (&[NotePart], &Places),
        scratch: &mut Scratch,
    ) {
        if self.gradients.is_empty() {
            self.gradients = network.time.gradients();
        }
        self.gradients.iter_mut().for_each(Gradient::clear);
        let (first, rows) = (self.first, self.run.rows);
        let mut ends = TimeEnds { plan, features, first, rows, notes, places };
        network.time.backward(&mut self.run, &mut ends, &mut self.gradients, scratch);
    }
}

struct TimeEnds<'a> {
    plan: &'a Plan,
    features: &'a [Features],
    first: usize,
    rows: usize,
    notes: &'a [NotePart],
    places: &'a Places,
}

impl Source for TimeEnds<'_> {
    /// All inputs are sparse.
    fn input(&self, _: usize, _: usize, _: &mut [f32]) {}

    fn sparse(&self, step: usize, to: &mut Inputs) {
        let keys = self.plan.keys;
        let (mut row, end) = (self.first, self.first + self.rows);
        while row < end {
            let line = row / keys;
            let features = &self.features[step * self.plan.lines + line];
            let last = end.min((line + 1) * keys);
            for row in row..last {
                to.rows.add(features.keys.list(row % keys));
            }
            to.end_run(features.step.list(0));
            row = last;
        }
    }

    fn first_constant(&self) -> usize {
        self.first
    }
}

impl Ends for TimeEnds<'_> {
    fn above(&mut self, step: usize, _: &Track, out: &mut [f32]) {
        let width = out.len() / self.rows;
        for (row, to) in (self.first..).zip(out.chunks_exact_mut(width)) {
            let (line, key) = (row / self.plan.keys, row % self.plan.keys);
            match self.places.of(line * self.plan.steps + step) {
                Some((part, place)) => {
                    to.copy_from_slice(self.notes[part].below(self.plan.visit(key), place, width));
                }
                None => to.fill(0.0),
            }
        }
    }

    fn below(&mut self, _: usize, _: &[f32]) {}
}
