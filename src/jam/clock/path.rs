//! The path of the play head: which steps come next, through loop wraps, and how far away.

use crate::jam::link::Place;
use crate::music::{Grid, Step};

/// Positions closer than this are one: hosts round to 32 bits of fraction or to ticks.
const SLACK_BEATS: f64 = 1e-6;

/// Loops shorter than this are taken for none.
const SHORTEST_LOOP_BEATS: f64 = 1.0 / 64.0;

/// An announced loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loop {
    /// First beat.
    pub start: f64,
    /// The beat that is replaced by the first.
    pub end: f64,
}

impl Loop {
    /// The host's loop, if it is one.
    pub fn new(beats: Option<(f64, f64)>) -> Option<Loop> {
        let (start, end) = beats?;
        let sane = start.abs() < 1e9 && end.abs() < 1e9 && end - start >= SHORTEST_LOOP_BEATS;
        sane.then_some(Loop { start, end })
    }

    /// Length in beats; positive.
    pub fn length(self) -> f64 {
        self.end - self.start
    }
}

/// The play head: a position and the pass that it is in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Head {
    /// Position in beats.
    pub beats: f64,
    /// How often playback has wrapped or jumped before.
    pub pass: u64,
}

/// What lies before the play head of one block.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path {
    grid: Grid,
    head: Head,
    /// The loop, if the head will come to its end.
    wrap: Option<Loop>,
}

impl Path {
    /// The path from `head`. A head at the end of the loop still wraps if it is `under_way`;
    /// playback that begins there goes on behind the loop.
    pub fn new(grid: Grid, head: Head, looped: Option<Loop>, under_way: bool) -> Path {
        let slack = if under_way { SLACK_BEATS } else { -SLACK_BEATS };
        Path { grid, head, wrap: looped.filter(|l| head.beats < l.end + slack) }
    }

    /// The head that the path begins at.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Whether the head will come to the end of a loop.
    pub fn wraps(&self) -> bool {
        self.wrap.is_some()
    }

    /// Length of a step in beats.
    pub fn step_beats(&self) -> f64 {
        self.grid.beats_per_step()
    }

    /// The place whose successor is the first step that begins no more than `within_beats`
    /// before the head.
    pub fn before_head(&self, index: i64, within_beats: f64) -> Place {
        let first = self.grid.step_from(self.head.beats - within_beats.max(SLACK_BEATS));
        Place { index, pass: self.head.pass, step: Step(first.0.saturating_sub(1)) }
    }

    /// The place under the head: the step that has begun, were it only now.
    pub fn under_head(&self, index: i64, within_beats: f64) -> Place {
        let step = self.grid.step_at(self.head.beats + within_beats.max(SLACK_BEATS));
        Place { index, pass: self.head.pass, step }
    }

    /// The place that follows `place`; none if no step begins in the loop.
    pub fn after(&self, place: Place) -> Option<Place> {
        let step = place.step.next();
        let index = place.index + 1;
        if let Some(looped) = self.wrap
            && self.grid.start_beats(step) >= looped.end - SLACK_BEATS
        {
            let first = self.grid.step_from(looped.start - SLACK_BEATS);
            let inside = self.grid.start_beats(first) < looped.end - SLACK_BEATS;
            return inside.then_some(Place { index, pass: place.pass + 1, step: first });
        }
        Some(Place { index, step, ..place })
    }

    /// Beats along the path from the head to the beginning of `place`; negative if the head
    /// has passed it.
    pub fn distance(&self, place: Place) -> f64 {
        let ahead = self.grid.start_beats(place.step) - self.head.beats;
        // Passes are counted one by one, so the difference is small.
        let laps = place.pass.wrapping_sub(self.head.pass) as i64 as f64;
        ahead + laps * self.wrap.map_or(0.0, Loop::length)
    }

    /// Where the head will be `beats` later, through every wrap.
    pub fn advance(&self, beats: f64) -> Head {
        let mut head = Head { beats: self.head.beats + beats, ..self.head };
        if let Some(looped) = self.wrap
            && head.beats >= looped.end
        {
            let laps = ((head.beats - looped.end) / looped.length()).floor() + 1.0;
            head.beats -= laps * looped.length();
            head.pass += laps as u64;
        }
        head
    }
}

/// The head at the host's position `beats`, given where it was `expected`, and how far along
/// the path it is from there (negative is back). With a loop, both sides of the wrap are tried
/// and the nearer one is taken.
pub fn locate(beats: f64, expected: Head, looped: Option<Loop>) -> (Head, f64) {
    let mut best = (Head { beats, ..expected }, beats - expected.beats);
    if let Some(looped) = looped {
        let inside = |b: f64| b >= looped.start - SLACK_BEATS && b <= looped.end + SLACK_BEATS;
        if inside(beats) && inside(expected.beats) {
            let wrapped = best.1 + looped.length();
            if wrapped.abs() < best.1.abs() {
                best = (Head { beats, pass: expected.pass + 1 }, wrapped);
            }
            let unwrapped = beats - expected.beats - looped.length();
            if unwrapped.abs() < best.1.abs() && expected.pass > 0 {
                best = (Head { beats, pass: expected.pass - 1 }, unwrapped);
            }
        }
    }
    best
}
