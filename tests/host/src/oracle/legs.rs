//! Where each step begins, as an integral: a performance is cut into *legs*, in each of which the
//! host's play head moves evenly, at one tempo around one loop, for however many blocks. Within a leg
//! the place of a step and its sample are a closed form; only where one leg ends and another begins is
//! there anything to decide, as `jam.md`, sections 1 and 6, have it.

use super::{Begin, Moment, Silence, place};
use crate::recording::Span;

/// How far back a position may slip without being a jump.
const JITTER_BEATS: f64 = 1.0 / 64.0;

/// Positions closer than this are one: hosts round them.
const SAME_BEATS: f64 = 1e-6;

/// How exactly blocks lie on the line of their leg.
const ON_LINE_BEATS: f64 = 1e-7;

/// Loops shorter than this are none.
const SHORTEST_LOOP_BEATS: f64 = 1.0 / 64.0;

/// Stopped blocks through which playback may go on.
const HELD_BLOCKS: usize = 2;

/// A step, and the pass in which it is played.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Turn {
    step: i64,
    pass: i64,
}

/// A loop that is one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Loop {
    start: f64,
    end: f64,
}

impl Loop {
    fn of(span: &Span) -> Option<Loop> {
        let (start, end) = span.loop_beats?;
        (end - start >= SHORTEST_LOOP_BEATS).then_some(Loop { start, end })
    }

    fn length(self) -> f64 {
        self.end - self.start
    }

    fn holds(self, beats: f64) -> bool {
        (self.start - SAME_BEATS..=self.end + SAME_BEATS).contains(&beats)
    }
}

/// Blocks in a row through which the play head moves evenly, or rests.
struct Leg<'a> {
    spans: &'a [Span],
    /// The pass at its first sample.
    pass: i64,
    /// The loop, if the head comes to its end.
    wrap: Option<Loop>,
}

impl Leg<'_> {
    fn first(&self) -> &Span {
        &self.spans[0]
    }

    fn last(&self) -> &Span {
        &self.spans[self.spans.len() - 1]
    }

    fn samples(&self) -> f64 {
        (self.last().time_samples + u64::from(self.last().frames) - self.first().time_samples)
            as f64
    }

    fn steps_per_beat(&self) -> f64 {
        f64::from(self.first().steps_per_beat)
    }

    /// The first step that begins no sooner than `beats`.
    fn step_from(&self, beats: f64) -> i64 {
        (beats * self.steps_per_beat()).ceil() as i64
    }

    /// The head's pass at the first sample of a block, as far as loops have brought it there.
    fn pass_at(&self, span: &Span) -> i64 {
        let moved =
            (span.time_samples - self.first().time_samples) as f64 * self.first().beats_per_sample;
        let over = self.first().told_beats + moved - span.told_beats;
        self.pass + self.wrap.map_or(0, |wrap| (over / wrap.length()).round() as i64)
    }

    /// The turn that comes so many after the one after `last`. None where the loop holds no step.
    fn turn(&self, last: Turn, more: i64) -> Option<Turn> {
        let step = last.step + 1 + more;
        let Some(wrap) = self.wrap else { return Some(Turn { step, ..last }) };
        // Of the steps counted on, those from the loop's end on are those of later laps.
        let [begin, end] = [wrap.start, wrap.end].map(|beats| self.step_from(beats - SAME_BEATS));
        match step - end {
            ..0 => Some(Turn { step, ..last }),
            _ if end <= begin => None,
            beyond => Some(Turn {
                step: begin + beyond % (end - begin),
                pass: last.pass + 1 + beyond / (end - begin),
            }),
        }
    }

    /// Samples from the leg's first to the beginning of a turn.
    fn samples_to(&self, turn: Turn) -> f64 {
        let laps = (turn.pass - self.pass) as f64 * self.wrap.map_or(0.0, Loop::length);
        let beats = turn.step as f64 / self.steps_per_beat() + laps - self.first().told_beats;
        beats / self.first().beats_per_sample
    }

    /// The turn before the first one at the head, or no more than half a sample behind it.
    fn before_head(&self) -> Turn {
        let half_sample = (0.5 * self.first().beats_per_sample).max(SAME_BEATS);
        Turn { step: self.step_from(self.first().told_beats - half_sample) - 1, pass: self.pass }
    }

    /// The step under the head, or no more than half a sample before it.
    fn under_head(&self) -> Turn {
        let half_sample = (0.5 * self.first().beats_per_sample).max(SAME_BEATS);
        let step = (self.first().told_beats + half_sample) * self.steps_per_beat();
        Turn { step: step.floor() as i64, pass: self.pass }
    }

    /// The pass in which the span goes on where this leg ended, if it does: back by jitter at most,
    /// forward by a step at most; by as much more as another tempo makes of its last block.
    fn goes_on(&self, span: &Span) -> Option<i64> {
        let last = self.last();
        if last.steps_per_beat != span.steps_per_beat {
            return None;
        }
        let frames = f64::from(last.frames);
        let bent = frames * (span.beats_per_sample - last.beats_per_sample);
        let slips = bent.min(0.0) - JITTER_BEATS..=bent.max(0.0) + 1.0 / self.steps_per_beat();
        let pass = self.pass_at(last);
        let end = last.told_beats + frames * last.beats_per_sample;
        // A loop that was edited may have held in the last block, or not.
        let edited = Loop::of(span).filter(|new| last.told_beats < new.end + SAME_BEATS);
        [(self.wrap, Loop::of(last)), (edited, Loop::of(span))].into_iter().find_map(
            |(wrap, around)| {
                let laps = wrap.map_or(0, |wrap| {
                    (((end - wrap.end) / wrap.length()).floor() as i64 + 1).max(0)
                });
                let expected = end - laps as f64 * wrap.map_or(0.0, Loop::length);
                let slip = span.told_beats - expected;
                let mut ways = vec![(slip, pass + laps)];
                let around = around.filter(|l| l.holds(span.told_beats) && l.holds(expected));
                if let Some(around) = around {
                    ways.push((slip + around.length(), pass + laps + 1));
                    ways.push((slip - around.length(), pass + laps - 1));
                }
                ways.retain(|(_, pass)| *pass >= 0);
                let nearest = ways.into_iter().min_by(|(a, _), (b, _)| a.abs().total_cmp(&b.abs()));
                nearest.filter(|(slip, _)| slips.contains(slip)).map(|(_, pass)| pass)
            },
        )
    }
}

/// Whether a block lies on the line that the one before it and the first of a leg lie on.
fn is_on_line(first: &Span, before: &Span, span: &Span) -> bool {
    let rests = |span: &Span| Span {
        position_beats: 0.0,
        told_beats: 0.0,
        time_samples: 0,
        frames: 0,
        pass: 0,
        ..*span
    };
    let follows = before.time_samples + u64::from(before.frames) == span.time_samples;
    if span.fresh || !follows || rests(&Span { fresh: false, ..*first }) != rests(span) {
        return false;
    }
    if !span.playing {
        return true;
    }
    let moved = (span.time_samples - first.time_samples) as f64 * first.beats_per_sample;
    let off = first.told_beats + moved - span.told_beats;
    // Around the loop as often as may be, but not backwards.
    let off = match Loop::of(first) {
        Some(around) if first.told_beats < around.end && off > 0.5 * around.length() => {
            off - (off / around.length()).round() * around.length()
        }
        _ => off,
    };
    off.abs() < ON_LINE_BEATS
}

/// Everything that must happen in `spans`, none of which is of no samples.
pub fn moments(spans: &[Span]) -> Vec<Moment> {
    let mut moments = Vec::new();
    // The leg that played last, the turn that began last, and how many blocks rested since.
    let mut before: Option<(Leg, Turn, usize)> = None;
    let mut from = 0;
    while let Some(first) = spans.get(from) {
        let more = spans[from..].windows(2).take_while(|two| is_on_line(first, &two[0], &two[1]));
        let leg = &spans[from..=from + more.count()];
        from += leg.len();
        let mut silence = || {
            let (at_samples, steps_per_beat) = (first.time_samples as f64, first.steps_per_beat);
            moments.push(Moment { at_samples, steps_per_beat, what: Silence });
        };
        if first.fresh {
            before = None;
            silence();
        }
        if !first.playing {
            if let Some((_, _, rested)) = &mut before {
                if *rested == 0 {
                    silence();
                }
                *rested += leg.len();
            }
            before = before.filter(|(_, _, rested)| *rested <= HELD_BLOCKS);
            continue;
        }
        let at = |pass, slack| Leg {
            spans: leg,
            pass,
            wrap: Loop::of(first).filter(|around| first.told_beats < around.end + slack),
        };
        let going_on = before.as_ref().and_then(|(way, _, _)| way.goes_on(first));
        let (leg, last) = match (going_on, &before) {
            (Some(pass), Some((way, last, _))) => {
                let leg = at(pass, SAME_BEATS);
                // How far the last turn lies behind is not known around a loop that is gone.
                let other = Loop::of(first) != Loop::of(way.last()) || leg.wrap.is_none();
                let last = if other && last.pass != pass { leg.before_head() } else { *last };
                (leg, last)
            }
            (None, Some((_, last, 0))) => {
                silence();
                let leg = at(last.pass + 1, -SAME_BEATS);
                let last = leg.under_head();
                (leg, last)
            }
            _ => {
                let leg = at(0, -SAME_BEATS);
                let last = leg.before_head();
                (leg, last)
            }
        };
        let mut turns = 0;
        while let Some(turn) = leg.turn(last, turns) {
            let samples = leg.samples_to(turn);
            // A tie goes down: positions are rounded by hosts, too.
            if (samples + 0.499).floor() >= leg.samples() {
                break;
            }
            moments.push(Moment {
                at_samples: first.time_samples as f64 + samples.max(0.0),
                steps_per_beat: first.steps_per_beat,
                // No pass is negative.
                what: Begin(place(turn.step, turn.pass as u64)),
            });
            turns += 1;
        }
        let last = if turns > 0 { leg.turn(last, turns - 1).unwrap_or(last) } else { last };
        before = Some((leg, last, 0));
    }
    moments
}
