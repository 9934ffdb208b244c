//! Inputs of which most are zero, as lists of those that are not; the product with weights,
//! and the gradient of these.

use anacrusis::model::kernel::{Job, Lanes};

use super::panels::{ACROSS, Panels};

/// A column and what stands there.
pub type Entry = (u32, f32);

/// Lists of entries, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    entries: Vec<Entry>,
    ends: Vec<usize>,
}

impl Lists {
    /// No lists; the room is kept.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.ends.clear();
    }

    /// Adds an entry to the list that is being written.
    pub fn push(&mut self, column: usize, value: f32) {
        // A layer has far fewer inputs than this holds.
        self.entries.push((column as u32, value));
    }

    /// Adds those of `values`, the columns from `first` on, that are not zero.
    pub fn push_nonzero(&mut self, first: usize, values: &[f32]) {
        /// Looked at in one go, since most are zero.
        const AT_ONCE: usize = 16;
        for (columns, values) in (first..).step_by(AT_ONCE).zip(values.chunks(AT_ONCE)) {
            if values.iter().fold(0, |bits, value| bits | value.to_bits()) == 0 {
                continue;
            }
            for (column, value) in (columns..).zip(values).filter(|(_, value)| **value != 0.0) {
                self.push(column, *value);
            }
        }
    }

    /// Ends the list that is being written.
    pub fn end(&mut self) {
        self.ends.push(self.entries.len());
    }

    /// Adds a whole list.
    pub fn add(&mut self, list: &[Entry]) {
        self.entries.extend_from_slice(list);
        self.end();
    }

    /// Number of lists.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A list.
    #[inline(always)]
    pub fn list(&self, index: usize) -> &[Entry] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.entries[start..self.ends[index]]
    }
}

/// The sparse inputs of some rows. Rows that follow one another may share some: they are a run.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Of each row those of its own.
    pub rows: Lists,
    /// Of each run those that its rows share.
    pub shared: Lists,
    /// One past the last row of each run.
    runs: Vec<usize>,
}

impl Inputs {
    /// No rows; the room is kept.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.shared.clear();
        self.runs.clear();
    }

    /// Ends the run of the rows written since the last one; all of them share `list`.
    pub fn end_run(&mut self, list: &[Entry]) {
        self.shared.add(list);
        self.runs.push(self.rows.len());
    }
}

/// `out = start + inputs @ weights`, rows of [`Panels::outputs`] numbers. The rows of `start` are
/// gone through over and over, from `first` on.
#[derive(Debug)]
pub struct Product<'a> {
    /// Left factor.
    pub inputs: &'a Inputs,
    /// Right factor.
    pub weights: &'a Panels,
    /// What the sums begin with `[P, outputs]`.
    pub start: &'a [f32],
    /// Row of `start` that the first row begins with.
    pub first: usize,
    /// Sums `[R, outputs]`.
    pub out: &'a mut [f32],
}

impl Job for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        for &(first, vectors) in self.weights.stripes() {
            match vectors {
                1 => self.stripe::<L, 1>(l, first),
                2 => self.stripe::<L, 2>(l, first),
                3 => self.stripe::<L, 3>(l, first),
                _ => self.stripe::<L, ACROSS>(l, first),
            }
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn stripe<L: Lanes, const W: usize>(&mut self, l: L, first: usize) {
        let width = W * L::COUNT;
        let (weights, outputs) = (self.weights.panel(first, width), self.weights.outputs());
        let starts = self.start.len() / outputs;
        let (mut row, mut start) = (0, self.first % starts);
        for (run, end) in self.inputs.runs.iter().enumerate() {
            let shared = [l.splat(0.0); W];
            let shared = weighted::<L, W>(l, self.inputs.shared.list(run), weights, shared);
            while row < *end {
                let begin = &self.start[start * outputs + first..][..width];
                let mut sums = shared;
                for w in 0..W {
                    sums[w] = l.add(sums[w], l.load(&begin[w * L::COUNT..]));
                }
                let sums = weighted::<L, W>(l, self.inputs.rows.list(row), weights, sums);
                let out = &mut self.out[row * outputs + first..][..width];
                for w in 0..W {
                    l.store(sums[w], &mut out[w * L::COUNT..]);
                }
                row += 1;
                start = if start + 1 == starts { 0 } else { start + 1 };
            }
        }
    }
}

/// `sums + entries @ weights`, in a stripe of the width of the sums.
#[inline(always)]
fn weighted<L: Lanes, const W: usize>(
    l: L,
    entries: &[Entry],
    weights: &[f32],
    mut sums: [L::Vector; W],
) -> [L::Vector; W] {
    let width = W * L::COUNT;
    for (column, value) in entries {
        let weights = &weights[*column as usize * width..][..width];
        let value = l.splat(*value);
        for w in 0..W {
            sums[w] = l.multiply_add(value, l.load(&weights[w * L::COUNT..]), sums[w]);
        }
    }
    sums
}

/// `to += inputs^T @ right`, and `row_sums += right`.
#[derive(Debug)]
pub struct Add<'a> {
    /// Left factors, of n rows.
    pub inputs: &'a Inputs,
    /// Right factors `[n, outputs]`.
    pub right: &'a [f32],
    /// The sum over all rows.
    pub to: &'a mut Panels,
    /// The sums over every R-th row `[R, outputs]`; empty if they are not wanted.
    pub row_sums: &'a mut [f32],
}

impl Job for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        for index in 0..self.to.stripes().len() {
            let (first, vectors) = self.to.stripes()[index];
            match vectors {
                1 => self.stripe::<L, 1>(l, first),
                2 => self.stripe::<L, 2>(l, first),
                3 => self.stripe::<L, 3>(l, first),
                _ => self.stripe::<L, ACROSS>(l, first),
            }
        }
    }
}

impl Add<'_> {
    #[inline(always)]
    fn stripe<L: Lanes, const W: usize>(&mut self, l: L, first: usize) {
        let (width, outputs) = (W * L::COUNT, self.to.outputs());
        let to = self.to.panel_mut(first, width);
        let (mut row, mut at) = (0, first);
        for (run, end) in self.inputs.runs.iter().enumerate() {
            let mut shared = [l.splat(0.0); W];
            while row < *end {
                let right = &self.right[row * outputs + first..][..width];
                let mut factors = [l.splat(0.0); W];
                for w in 0..W {
                    factors[w] = l.load(&right[w * L::COUNT..]);
                    shared[w] = l.add(shared[w], factors[w]);
                }
                if !self.row_sums.is_empty() {
                    let sums = &mut self.row_sums[at..][..width];
                    for w in 0..W {
                        let sum = l.add(l.load(&sums[w * L::COUNT..]), factors[w]);
                        l.store(sum, &mut sums[w * L::COUNT..]);
                    }
                    at += outputs;
                    at = if at < self.row_sums.len() { at } else { first };
                }
                spread::<L, W>(l, self.inputs.rows.list(row), factors, to);
                row += 1;
            }
            spread::<L, W>(l, self.inputs.shared.list(run), shared, to);
        }
    }
}

/// Adds `factors`, times the value of each entry, to its row of `to`.
#[inline(always)]
fn spread<L: Lanes, const W: usize>(
    l: L,
    entries: &[Entry],
    factors: [L::Vector; W],
    to: &mut [f32],
) {
    let width = W * L::COUNT;
    for (column, value) in entries {
        let to = &mut to[*column as usize * width..][..width];
        let value = l.splat(*value);
        for w in 0..W {
            let sum = l.multiply_add(value, factors[w], l.load(&to[w * L::COUNT..]));
            l.store(sum, &mut to[w * L::COUNT..]);
        }
    }
}
