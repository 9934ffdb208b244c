//! Where in a block something is due: commit points and boundaries, from the host's position
//! of that very block.
//!
//! The clock also judges the host's position against what it expected, and so tells a small
//! jitter from a jump and an announced wrap from an unannounced one (jam.md, sections 1, 6).

mod due;
pub mod path;
mod sound;

use crate::jam::commitments::Commitments;
use crate::jam::controls::{Lookahead, Swing, Timing};
use crate::jam::link::Place;
use crate::jam::transport::{Reason, Transport};
use crate::music::{Grid, Metre, Rate, grid::beats_per_sample};
pub use due::{ANSWER_STEPS, Due, GRACE_STEPS, Moment};
use path::{Head, Loop, Path, locate};
use sound::Gate;

/// How far back a host's position may slip without it being a jump.
pub const JITTER_BEATS: f64 = 1.0 / 64.0;

/// Stopped blocks after which playback begins anew even where it left off.
const HELD_BLOCKS: u8 = 2;

/// Boundaries are rounded to the nearest sample. Ties are common (5512.5 samples per
/// sixteenth at 120 BPM and 44.1 kHz) and hosts round positions to some 1e-5 samples, so the
/// tie goes down by this much more than half: the same way however blocks are cut.
const NEAREST_SAMPLE: f64 = 0.5 - TIE_SAMPLES;

/// What decides a tie.
const TIE_SAMPLES: f64 = 0.001;

/// What the play head did at the beginning of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Motion {
    /// Nothing is played; the reason says why. It may yet go on where it stopped.
    Held(Reason),
    /// Nothing is played. Playback from here would begin with the place, if known.
    Parked(Reason, Option<Place>),
    /// Playback began from a stop: an anchor.
    Started,
    /// Playback goes on. Commitments from the index on, if any, are void.
    Continued(Option<i64>),
    /// Playback goes on somewhere else, or at another rate. All commitments are void.
    Jumped,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Stopped for long, or never played.
    Parked,
    /// Stopped a moment ago, for so many blocks; playback may go on.
    Held {
        blocks: u8,
    },
    Playing,
}

/// The block at hand as the host has it.
#[derive(Clone, Copy)]
struct Now {
    beats: f64,
    beats_per_sample: f64,
    looped: Option<Loop>,
}

impl Now {
    fn half_sample_beats(self) -> f64 {
        0.5 * self.beats_per_sample
    }
}

/// The clock. All of it is `Copy` data.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    state: State,
    grid: Grid,
    lookahead: Lookahead,
    /// The loop of the block at hand.
    looped: Option<Loop>,
    /// The place that began last, or one before the first.
    last: Place,
    /// Whether the quarter of a step after `last` is still to come.
    late_due: bool,
    /// How long after its step a chord sounds, seconds; 0 for at once, and then it is decided once.
    reaction_s: f64,
    /// How long after its step the chord sounds of the step that began last, if it is still to.
    sound_due: Option<Timing>,
    /// How uneven steps are, in bars of which metre.
    swing: Swing,
    metre: Metre,
    /// Where in a step notes end, as a share of it; 1 is at its end, and no moment of its own.
    gate_steps: f64,
    /// The same of the step that began last, and whether it is replayed.
    regate: Option<(f64, bool)>,
    /// How long after its step the chord sounded that sounded last.
    sounded: Timing,
    /// The gate that is still to come.
    gate: Option<Gate>,
    /// The one that it took the place of when a step began.
    gate_before: Option<Gate>,
    /// Whether the first commit point since playback began is still to come. What is committed until
    /// then was so while playback stood.
    starts: bool,
    /// The block at hand.
    path: Path,
    beats_per_sample: f64,
    beats_per_second: f64,
    frames: u32,
    offset: u32,
}

impl Default for Clock {
    fn default() -> Self {
        Clock {
            state: State::Parked,
            grid: Grid::default(),
            lookahead: Lookahead::default(),
            looped: None,
            last: Place::default(),
            late_due: false,
            reaction_s: 0.0,
            sound_due: None,
            swing: Swing::default(),
            metre: Metre::default(),
            gate_steps: 1.0,
            regate: None,
            sounded: Timing::default(),
            gate: None,
            gate_before: None,
            starts: false,
            path: Path::default(),
            beats_per_sample: 0.0,
            beats_per_second: 0.0,
            frames: 0,
            offset: 0,
        }
    }
}

impl Clock {
    /// Takes the host's word for a block of `frames` samples, which must not be zero, and says what
    /// becomes of what is `committed`.
    ///
    /// # Realtime
    /// Arithmetic on at most a dozen places.
    pub fn begin(
        &mut self,
        transport: &Transport,
        rate: Rate,
        lookahead: Lookahead,
        frames: u32,
        committed: &Commitments,
    ) -> Motion {
        let reason = transport.reason();
        let grid = Grid { rate };
        let now = Now {
            beats: transport.position().unwrap_or(0.0),
            beats_per_sample: transport
                .tempo_bpm
                .map_or(0.0, |tempo_bpm| beats_per_sample(tempo_bpm, transport.sample_rate)),
            looped: Loop::new(transport.loop_beats),
        };
        self.offset = 0;
        if reason != Reason::Playing {
            return self.stop(reason, transport.position().is_some(), now, grid);
        }
        let going_on = match self.state {
            State::Playing | State::Held { .. } if grid == self.grid => self.follow(now),
            _ => None,
        };
        let motion = match (going_on, self.state) {
            (Some(head), _) => self.go_on(head, now, lookahead, committed),
            (None, State::Playing) => self.jump(now, grid),
            (None, _) => self.start(now, grid),
        };
        self.state = State::Playing;
        self.lookahead = lookahead;
        self.looped = now.looped;
        self.beats_per_sample = now.beats_per_sample;
        self.beats_per_second = now.beats_per_sample * transport.sample_rate;
        self.frames = frames;
        motion
    }

    /// Index of the step that begins nearest to a sample of the block, of what is due before
    /// which everything was taken; half way between two counts for the later. None if the play
    /// head does not move.
    ///
    /// # Realtime
    /// Constant time.
    pub fn nearest(&self, offset_samples: u32) -> Option<i64> {
        if self.state != State::Playing {
            return None;
        }
        let here = f64::from(offset_samples) * self.beats_per_sample;
        // Steps lie where they sound, but for the reaction: who swings plays there, too.
        let since = here - self.path.distance(self.last) - self.swing_beats(self.last);
        let next = self.path.after(self.last);
        let until = next
            .map_or(f64::INFINITY, |next| self.path.distance(next) + self.swing_beats(next) - here);
        // The slack decides ties the same way however blocks are cut.
        let slack = TIE_SAMPLES * self.beats_per_sample;
        Some(self.last.index + i64::from(until - slack <= since))
    }

    /// The step that is [`Clock::nearest`] to a sample of the block, and how much later than it begins
    /// that sample is, microseconds; negative if it is earlier. None if the play head does not move.
    ///
    /// # Realtime
    /// Constant time.
    pub fn lateness(&self, offset_samples: u32) -> Option<(Place, f64)> {
        let index = self.nearest(offset_samples)?;
        let next = self.path.after(self.last).filter(|_| index > self.last.index);
        let place = next.unwrap_or(self.last);
        let here = f64::from(offset_samples) * self.beats_per_sample;
        // In a loop without a step nothing is near.
        let step_beats = self.path.step_beats();
        let late = (here - self.path.distance(place)).clamp(-step_beats, step_beats);
        Some((place, 1e6 * late / self.beats_per_second))
    }

    /// Samples from the block's first sample to the beginning of `place`; negative if past.
    ///
    /// # Realtime
    /// Constant time.
    pub fn samples_until(&self, place: Place) -> f64 {
        self.path.distance(place) / self.beats_per_sample
    }

    /// Whether a chord for the place that began last may begin at the block's first sample.
    ///
    /// # Realtime
    /// Constant time.
    pub fn in_time_for_last(&self) -> bool {
        self.state == State::Playing
            && self.late_due
            && self.nearest_sample(self.late_beats()) > 0.0
    }

    /// The place that began last, or one before the first.
    pub fn last(&self) -> Place {
        self.last
    }

    /// Forgets where playback was: what comes next begins from a stop.
    ///
    /// # Realtime
    /// Constant time.
    pub fn reset(&mut self) {
        self.state = State::Parked;
        self.forget();
    }

    fn stop(&mut self, reason: Reason, known: bool, now: Now, grid: Grid) -> Motion {
        let blocks = match self.state {
            State::Parked => HELD_BLOCKS,
            State::Held { blocks } => blocks,
            State::Playing => 0,
        };
        if blocks < HELD_BLOCKS {
            self.state = State::Held { blocks: blocks + 1 };
            return Motion::Held(reason);
        }
        self.reset();
        let path = Path::new(grid, Head { beats: now.beats, pass: 0 }, now.looped, false);
        let first = path.after(path.before_head(-1, now.half_sample_beats()));
        Motion::Parked(reason, first.filter(|_| known))
    }

    fn start(&mut self, now: Now, grid: Grid) -> Motion {
        self.reset();
        self.starts = true;
        self.grid = grid;
        self.path = Path::new(grid, Head { beats: now.beats, pass: 0 }, now.looped, false);
        self.last = self.path.before_head(-1, now.half_sample_beats());
        Motion::Started
    }

    fn jump(&mut self, now: Now, grid: Grid) -> Motion {
        self.grid = grid;
        let head = Head { beats: now.beats, pass: self.last.pass + 1 };
        self.path = Path::new(grid, head, now.looped, false);
        self.last = self.path.under_head(self.last.index, now.half_sample_beats());
        self.forget();
        Motion::Jumped
    }

    fn go_on(
        &mut self,
        head: Head,
        now: Now,
        lookahead: Lookahead,
        committed: &Commitments,
    ) -> Motion {
        self.path = Path::new(self.grid, head, now.looped, true);
        let other_loop = now.looped != self.looped || !self.path.wraps();
        if other_loop && self.last.pass != head.pass {
            // How far the last place lies behind was measured around a loop that is gone.
            self.last = self.path.before_head(self.last.index, now.half_sample_beats());
            self.forget();
        }
        // What is not yet due under a shorter look-ahead is void.
        let reach = match lookahead < self.lookahead {
            true => lookahead.steps() * self.path.step_beats() + now.half_sample_beats(),
            false => f64::INFINITY,
        };
        // And so is what was committed for another path than the one before us.
        let mut before = self.last;
        let mut holds = |place: &Place| {
            let follows = self.path.after(before) == Some(*place);
            before = *place;
            follows && self.path.distance(*place) <= reach
        };
        let void = self.ahead(committed).find(|place| !holds(place)).map(|place| place.index);
        Motion::Continued(void)
    }

    /// Where the head is if the host's position is an expected one: back by jitter at most,
    /// forward by one step at most. A tempo that changed within the last block widens what is
    /// expected, and a loop that was edited may or may not have held in it.
    fn follow(&self, now: Now) -> Option<Head> {
        let frames = f64::from(self.frames);
        let tempo_slip = frames * (now.beats_per_sample - self.beats_per_sample);
        let slip_beats =
            tempo_slip.min(0.0) - JITTER_BEATS..=tempo_slip.max(0.0) + self.grid.beats_per_step();
        let begun = self.path.head();
        let edited = Path::new(self.grid, begun, now.looped, true);
        [(self.path, self.looped), (edited, now.looped)].into_iter().find_map(|(path, looped)| {
            let expected = path.advance(frames * self.beats_per_sample);
            let (head, slip) = locate(now.beats, expected, looped);
            slip_beats.contains(&slip).then_some(head)
        })
    }

    /// Nothing of the step that began last is due any more.
    fn forget(&mut self) {
        self.late_due = false;
        self.sound_due = None;
        (self.gate, self.gate_before) = (None, None);
    }

    /// The sample nearest to a place so many beats away, the first for what is past.
    fn nearest_sample(&self, beats: f64) -> f64 {
        (beats / self.beats_per_sample + NEAREST_SAMPLE).floor().max(0.0)
    }
}
