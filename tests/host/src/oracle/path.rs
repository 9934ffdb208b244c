//! Follows the host's play head from block to block, as `jam.md` sections 1, 2 and 6 have it.

use super::{Begin, Moment, Silence, place};
use crate::recording::Span;

/// How far back a position may slip without being a jump.
const JITTER_BEATS: f64 = 1.0 / 64.0;

/// Positions closer than this are one.
const SLACK_BEATS: f64 = 1e-6;

/// Loops shorter than this are none.
const SHORTEST_LOOP_BEATS: f64 = 1.0 / 64.0;

/// Stopped blocks through which playback may go on.
const HELD_BLOCKS: u32 = 2;

/// A position on the way, and how often the way has turned back before.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    beats: f64,
    pass: u64,
}

/// A block of playback and the loop that its head ran into, if any.
#[derive(Clone, Copy, Debug)]
struct Block {
    span: Span,
    head: Head,
    wrap: Option<(f64, f64)>,
}

impl Block {
    fn steps(&self) -> f64 {
        f64::from(self.span.steps_per_beat)
    }

    fn start(&self, step: i64) -> f64 {
        step as f64 / self.steps()
    }

    fn first_from(&self, beats: f64) -> i64 {
        (beats * self.steps()).ceil() as i64
    }

    /// Half a sample, in beats: what rounds to a position.
    fn half_sample(&self) -> f64 {
        (0.5 * self.span.beats_per_sample).max(SLACK_BEATS)
    }

    /// The step after one, around the loop.
    fn after(&self, (step, pass): (i64, u64)) -> Option<(i64, u64)> {
        let next = step + 1;
        match self.wrap {
            Some((start, end)) if self.start(next) >= end - SLACK_BEATS => {
                let first = self.first_from(start - SLACK_BEATS);
                (self.start(first) < end - SLACK_BEATS).then_some((first, pass + 1))
            }
            _ => Some((next, pass)),
        }
    }

    /// Samples from the block's first to the beginning of a step.
    fn samples_to(&self, (step, pass): (i64, u64)) -> f64 {
        let laps = pass as f64 - self.head.pass as f64;
        let length = self.wrap.map_or(0.0, |(start, end)| end - start);
        (self.start(step) - self.head.beats + laps * length) / self.span.beats_per_sample
    }

    /// The head at the end of the block.
    fn end(&self) -> Head {
        let beats = self.head.beats + f64::from(self.span.frames) * self.span.beats_per_sample;
        match self.wrap {
            Some((start, end)) if beats >= end => {
                let laps = ((beats - end) / (end - start)).floor() + 1.0;
                Head { beats: beats - laps * (end - start), pass: self.head.pass + laps as u64 }
            }
            _ => Head { beats, pass: self.head.pass },
        }
    }
}

/// What is known from the blocks before.
#[derive(Default)]
pub struct Follower {
    /// The last block of playback, and how many stopped blocks came since.
    before: Option<(Block, u32)>,
    /// The step that began last.
    last: (i64, u64),
}

fn looped(span: &Span) -> Option<(f64, f64)> {
    span.loop_beats.filter(|(start, end)| end - start >= SHORTEST_LOOP_BEATS)
}

impl Follower {
    /// Adds what must happen in the next block.
    pub fn block(&mut self, span: &Span, moments: &mut Vec<Moment>) {
        let begun = span.time_samples as f64;
        let steps_per_beat = span.steps_per_beat;
        let silence = |moments: &mut Vec<Moment>| {
            moments.push(Moment { at_samples: begun, steps_per_beat, what: Silence });
        };
        if span.fresh {
            self.before = None;
            silence(moments);
        }
        if !span.playing {
            if let Some((_, stopped)) = &mut self.before {
                if *stopped == 0 {
                    silence(moments);
                }
                *stopped += 1;
            }
            self.before = self.before.filter(|(_, stopped)| *stopped <= HELD_BLOCKS);
            return;
        }
        let here = Head { beats: span.told_beats, pass: 0 };
        let going_on = self.before.and_then(|(before, _)| follow(&before, span));
        let block = match (going_on, self.before) {
            (Some(head), Some((before, _))) => self.go_on(&before, head, span),
            (None, Some((_, 0))) => {
                silence(moments);
                let head = Head { pass: self.last.1 + 1, ..here };
                let block = new_block(span, head, -SLACK_BEATS);
                let under = (head.beats + block.half_sample()) * block.steps();
                self.last = (under.floor() as i64, head.pass);
                block
            }
            _ => {
                let block = new_block(span, here, -SLACK_BEATS);
                self.last = (block.first_from(here.beats - block.half_sample()) - 1, 0);
                block
            }
        };
        while let Some(next) = block.after(self.last) {
            let samples = block.samples_to(next);
            // A tie goes down: positions are rounded by hosts, too.
            if (samples + 0.499).floor() >= f64::from(span.frames) {
                break;
            }
            let at_samples = begun + samples.max(0.0);
            let what = Begin(place(next.0, next.1));
            moments.push(Moment { at_samples, steps_per_beat, what });
            self.last = next;
        }
        self.before = Some((block, 0));
    }

    fn go_on(&mut self, before: &Block, head: Head, span: &Span) -> Block {
        let block = new_block(span, head, SLACK_BEATS);
        let other = looped(span) != looped(&before.span) || block.wrap.is_none();
        if other && self.last.1 != head.pass {
            self.last = (block.first_from(head.beats - block.half_sample()) - 1, head.pass);
        }
        block
    }
}

fn new_block(span: &Span, head: Head, slack: f64) -> Block {
    let wrap = looped(span).filter(|(_, end)| head.beats < end + slack);
    Block { span: *span, head, wrap }
}

/// The head, if the span goes on where the block before ended: back by jitter at most, forward
/// by a step at most.
fn follow(before: &Block, span: &Span) -> Option<Head> {
    if before.span.steps_per_beat != span.steps_per_beat {
        return None;
    }
    let tempo_slip =
        f64::from(before.span.frames) * (span.beats_per_sample - before.span.beats_per_sample);
    let step = 1.0 / before.steps();
    let allowed = tempo_slip.min(0.0) - JITTER_BEATS..=tempo_slip.max(0.0) + step;
    let edited =
        new_block(&Span { loop_beats: span.loop_beats, ..before.span }, before.head, SLACK_BEATS);
    [(before, looped(&before.span)), (&edited, looped(span))].into_iter().find_map(
        |(way, range)| {
            let expected = way.end();
            let mut best = (span.told_beats - expected.beats, expected.pass);
            if let Some((start, end)) = range {
                let inside = |b: f64| b >= start - SLACK_BEATS && b <= end + SLACK_BEATS;
                if inside(span.told_beats) && inside(expected.beats) {
                    for (laps, pass) in [(1.0, 1), (-1.0, -1)] {
                        let slip = span.told_beats - expected.beats + laps * (end - start);
                        let pass = expected.pass.checked_add_signed(pass);
                        if let Some(pass) = pass.filter(|_| slip.abs() < best.0.abs()) {
                            best = (slip, pass);
                        }
                    }
                }
            }
            allowed.contains(&best.0).then_some(Head { beats: span.told_beats, pass: best.1 })
        },
    )
}
