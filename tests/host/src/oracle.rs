//! What must come out of a performance, from the contract alone: where each step begins, where
//! silence falls, and, if the chord of each place is known, every note.
//!
//! Positions are analytic: the integral of the host's tempo over stretches in which its play head moves
//! evenly, in real numbers, however many blocks they were cut into. Nothing is taken from the clock that
//! is judged, which goes from block to block.

mod legs;

use crate::recording::{Kind, Recorded, Recording, Span};
use anacrusis::jam::link::Place;
use anacrusis::music::{Chord, Keys, Step};
use std::collections::HashSet;

/// Half a sample, and what a host's fixed-point position rounds away.
pub const CONSTANT_TEMPO_SAMPLES: f64 = 0.501;

/// The contract where tempo or loop bend time.
pub const ANY_TEMPO_SAMPLES: f64 = 1.001;

/// How long after its place a note may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grace {
    /// Not at all.
    None,
    /// A quarter of a step: chords may be late.
    Late,
    /// A quarter of a step for the reaction, another one for chords that are late, and a block, in
    /// which a decision may be awaited.
    Reacting,
}

impl Grace {
    /// The longest time in steps, where a step has so many samples and a block at most `block`.
    fn steps(self, step_samples: f64, block: u32) -> f64 {
        match self {
            Grace::None => 0.0,
            Grace::Late => 0.25,
            Grace::Reacting => 0.5 + f64::from(block) / step_samples,
        }
    }
}

/// What happens at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// A place begins. Its index is not told.
    Begin(Place),
    /// Everything that sounds ends.
    Silence,
}

/// Something that the music must do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// When, in samples since the performance began.
    pub at_samples: f64,
    /// Steps in a beat there.
    pub steps_per_beat: u32,
    /// What happens.
    pub what: What,
}

/// What a performance was found to be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Steps that began.
    pub steps: u64,
    /// Note-ons.
    pub onsets: u64,
    /// Greatest distance of an onset from its place, in samples.
    pub worst_onset_samples: f64,
}

impl std::ops::AddAssign for Verdict {
    fn add_assign(&mut self, other: Verdict) {
        self.steps += other.steps;
        self.onsets += other.onsets;
        self.worst_onset_samples = self.worst_onset_samples.max(other.worst_onset_samples);
    }
}

/// Everything that must happen in the blocks of `recording`, in order.
pub fn moments(recording: &Recording) -> Vec<Moment> {
    let spans: Vec<Span> = recording.spans.iter().filter(|span| span.frames > 0).copied().collect();
    legs::moments(&spans)
}

/// Holds a performance, in which no chord was late, to every note that it must have.
///
/// # Errors
/// The first thing that is wrong, in words.
pub fn exact(
    recording: &Recording,
    answer: impl Fn(Place) -> Chord,
    tolerance_samples: f64,
) -> Result<Verdict, String> {
    let mut events = recording.events.iter();
    let mut sounding = 0_u128;
    let mut verdict = Verdict::default();
    for moment in moments(recording) {
        let (ends, begins) = match moment.what {
            Silence => (std::mem::take(&mut sounding), 0),
            Begin(place) => {
                verdict.steps += 1;
                let chord = answer(place);
                let ends = sounding & (!chord.playing() | chord.struck());
                let begins = chord.playing() & !(sounding & !ends);
                sounding = chord.playing();
                (ends, begins)
            }
        };
        for (kind, mut keys) in [(Kind::Off, ends), (Kind::On, begins)] {
            for _ in Keys(keys) {
                let event = events.next().ok_or_else(|| {
                    format!("lost: {kind:?} of {} at {moment:?}, and nothing after", list(keys))
                })?;
                let off = (event.time_samples as f64 - moment.at_samples).abs();
                if event.kind != kind || keys & 1 << event.key == 0 || off > tolerance_samples {
                    return Err(format!(
                        "{event:?} where {kind:?} of {} must come: {moment:?}",
                        list(keys)
                    ));
                }
                keys &= !(1 << event.key);
                if kind == Kind::On {
                    verdict.onsets += 1;
                    verdict.worst_onset_samples = verdict.worst_onset_samples.max(off);
                }
            }
        }
    }
    match events.next() {
        Some(event) => Err(format!("{event:?} where nothing must come")),
        None => Ok(verdict),
    }
}

/// Holds a performance, whose chords are not known or may have been late, to what is true of
/// all: a note begins with its place, or later as `grace` allows, not twice in it, and, where the chord of the place is known, only if it is of it; silence is silence.
///
/// # Errors
/// The first thing that is wrong, in words.
pub fn sane(
    recording: &Recording,
    answer: Option<&dyn Fn(Place) -> Chord>,
    tolerance_samples: f64,
    grace: Grace,
) -> Result<Verdict, String> {
    let moments = moments(recording);
    let block = recording.spans.iter().map(|span| span.frames).max().unwrap_or(0);
    let begins = moments.iter().filter(|moment| matches!(moment.what, Begin(_)));
    let mut verdict = Verdict { steps: begins.count() as u64, ..Verdict::default() };
    let mut begun = HashSet::new();
    let mut sounding: HashSet<(u8, u8)> = HashSet::new();
    let mut next = 0;
    // What ends must end before anything begins and before time goes on.
    let mut silent_from: Option<&Moment> = None;
    for event in &recording.events {
        let at = event.time_samples as f64;
        while let Some(moment) = moments.get(next)
            && moment.at_samples
                <= at + if moment.what == Silence { 0.5 } else { tolerance_samples }
        {
            let passed = moment.at_samples.min(at);
            if let Some(silence) = silent_from.take_if(|s| s.at_samples + 0.5 < passed) {
                all_ended(&sounding, silence)?;
            }
            silent_from = if moment.what == Silence { Some(moment) } else { silent_from };
            next += 1;
        }
        let over = |s: &mut &Moment| event.kind == Kind::On || s.at_samples + 0.5 < at;
        if let Some(silence) = silent_from.take_if(over) {
            all_ended(&sounding, silence)?;
        }
        let note = (event.channel, event.key);
        if event.kind == Kind::Off {
            if !sounding.remove(&note) {
                return Err(format!("stray: {event:?} ends nothing"));
            }
            continue;
        }
        if !sounding.insert(note) {
            return Err(format!("{event:?} sounds already"));
        }
        // The last place that has begun for certain, and those that may have begun just now;
        // two steps begin at one sample, where a host has skipped time.
        let past = &moments[..next];
        // A decision is awaited while loops shorter than that begin their places anew.
        let per_sample =
            event.beats_per_sample * past.last().map_or(0, |m| m.steps_per_beat) as f64;
        let awaited = match grace {
            Grace::Reacting if per_sample > 0.0 => {
                grace.steps(1.0 / per_sample, block) / per_sample
            }
            _ => 0.0,
        };
        let settled = past.iter().rposition(|m| m.at_samples < at - tolerance_samples - awaited);
        let silence = past.iter().rposition(|m| m.what == Silence);
        let from = settled.unwrap_or(0).max(silence.unwrap_or(0));
        let places = past[from.min(next)..].iter().rev();
        let fit = |m: &&Moment| fits(event, m, answer, tolerance_samples, (grace, block));
        let Some(moment) = places
            .filter(fit)
            .find(|moment| begun.insert((event.key, std::ptr::from_ref::<Moment>(moment))))
        else {
            let last = next.checked_sub(1).and_then(|last| moments.get(last));
            return Err(format!(
                "{event:?} is early, late, wrong or doubled: the last was {last:?}"
            ));
        };
        verdict.onsets += 1;
        let off = (at - moment.at_samples).abs();
        if off <= tolerance_samples {
            verdict.worst_onset_samples = verdict.worst_onset_samples.max(off);
        }
    }
    let silences = moments.iter().skip(next).filter(|m| m.what == Silence);
    silent_from.into_iter().chain(silences).try_for_each(|s| all_ended(&sounding, s))?;
    Ok(verdict)
}

/// Whether a note may begin with a place.
fn fits(
    event: &Recorded,
    moment: &Moment,
    answer: Option<&dyn Fn(Place) -> Chord>,
    tolerance_samples: f64,
    (grace, block): (Grace, u32),
) -> bool {
    let Begin(place) = moment.what else { return false };
    let off = event.time_samples as f64 - moment.at_samples;
    // In samples, for around a loop; as the head moves, for the tempo may change.
    let steps_per_beat = f64::from(moment.steps_per_beat);
    let per_sample = event.beats_per_sample * steps_per_beat;
    let moved = event.position_beats * steps_per_beat - place.step.0 as f64;
    let longest = 0.0..=grace.steps(1.0 / per_sample, block) + per_sample;
    let in_grace =
        grace != Grace::None && (longest.contains(&moved) || longest.contains(&(off * per_sample)));
    (off.abs() <= tolerance_samples || in_grace)
        && answer.is_none_or(|answer| answer(place).plays(event.key))
}

fn all_ended(sounding: &HashSet<(u8, u8)>, silence: &Moment) -> Result<(), String> {
    if sounding.is_empty() {
        return Ok(());
    }
    Err(format!("stuck: {sounding:?} sound on through {silence:?}"))
}

fn list(keys: u128) -> String {
    Keys(keys).map(|key| key.to_string()).collect::<Vec<_>>().join(" ")
}

use What::{Begin, Silence};

/// The place of a step, for answers that look at step and pass alone.
pub(crate) fn place(step: i64, pass: u64) -> Place {
    Place { index: 0, pass, step: Step(step) }
}

/// Whether two recordings hold the same events at the same samples.
///
/// # Errors
/// The first difference, in words.
pub fn same(one: &Recording, other: &Recording) -> Result<(), String> {
    let plain = |e: &Recorded| (e.time_samples, e.kind, e.key, e.channel);
    let differ = one.events.iter().zip(&other.events).find(|(a, b)| plain(a) != plain(b));
    match differ {
        Some((a, b)) => Err(format!("{a:?} against {b:?}")),
        None if one.events.len() != other.events.len() => {
            Err(format!("{} events against {}", one.events.len(), other.events.len()))
        }
        None => Ok(()),
    }
}
