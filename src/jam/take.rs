//! The take: what was played, kept (jam.md, section 7).
//!
//! A log in played order, with an index from a step of the song to what was played there
//! last, and a list of what the musician did to it since: bars locked, bars to be played
//! again. Nothing that was played is ever altered by that, so everything can be undone.
//!
//! A take belongs to the worker and to the threads of host and editor ([`SharedTake`]); the
//! audio thread never sees it, and only tells what became of each step.

mod edits;
mod keep;
mod locks;
mod pack;
mod recall;
mod shared;

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::jam::touch::Touch;
use crate::music::{Chord, Rate, Step};
pub use edits::{Edit, Span, TooManyEdits};
pub use keep::{Keep, KeepOptions, keep};
pub use locks::Locks;
pub use pack::{PackError, pack, unpack};
pub use recall::Recall;
pub use shared::{Change, SharedTake, ShownStep, TAIL, TakeView};

/// Bytes that a take may have in a project, before it is compressed further. Written as text
/// there, four thirds of it: 4 MiB.
pub const MOST_BYTES: usize = 3 << 20;

/// Steps that a take may have: two hours and a quarter of sixteenths at 120 BPM, in 12 MiB.
pub const MOST_STEPS: usize = 1 << 16;

/// One step as it was played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Played {
    /// How often playback had wrapped or jumped since it began.
    pub pass: u64,
    /// The step of the song, in steps of `rate`.
    pub step: Step,
    /// How long the step was.
    pub rate: Rate,
    /// Steps since the bar line; in what versions before 5 wrote, modulo 16.
    pub step_in_bar: u16,
    /// The tempo in which it was played.
    pub tempo_bpm: f32,
    /// Semitones from the network's keys to those that sounded.
    pub transpose: i8,
    /// What was decided, in the network's keys.
    pub chord: Chord,
    /// What the musician played, in the network's keys.
    pub heard: Chord,
    /// Whether the chord was there in time.
    pub sounded: bool,
    /// How its notes were struck, if that is known.
    pub touch: Option<Touch>,
    /// The mean velocity of what the musician struck in it, 1 to 127; 0 if nothing, or if that is not
    /// known.
    pub heard_velocity: u8,
    /// How much later than the step that was, in the mean, microseconds; 0 if that is not known.
    pub heard_late_us: i32,
}

impl Played {
    /// What the network hears of the step: what was decided and what was played.
    pub fn frame(&self) -> Chord {
        self.chord.union(self.heard)
    }

    /// Whether `next` comes next in the song and was played on from here.
    fn is_followed_by(&self, next: &Played) -> bool {
        (self.pass, self.rate, self.step.next()) == (next.pass, next.rate, next.step)
    }

    /// The same where the network's keys lie `transpose` semitones below those that sound: it sounds
    /// as it did.
    pub fn at_transposition(&self, transpose: i8) -> Played {
        let by = self.transpose.saturating_sub(transpose);
        let [chord, heard] = [self.chord, self.heard].map(|chord| chord.transposed(by));
        Played { transpose, chord, heard, ..*self }
    }
}

/// An entry of the log.
#[derive(Clone, Copy, Debug)]
struct Entry {
    played: Played,
    /// The number of the entry for the same step before this one.
    earlier: Option<u64>,
    /// Bytes that it takes when it is packed.
    bytes: u16,
}

/// Where a step is looked up.
type Key = (u8, Step);

fn key(rate: Rate, step: Step) -> Key {
    (rate.steps_per_beat(), step)
}

/// What was played, and what is to become of it.
#[derive(Clone, Debug, Default)]
pub struct Take {
    log: VecDeque<Entry>,
    /// The number of the first entry in the log: how many were dropped.
    first: u64,
    latest: HashMap<Key, u64>,
    edits: Vec<Edit>,
    /// Numbers the draws of bars that are played again.
    draws: u32,
    bytes: usize,
    /// Counts changes, so that what was made of the take can be kept until the next.
    changes: u64,
    /// Counts edits among them.
    edited: u64,
}

impl PartialEq for Take {
    /// Whether both hold the same, whatever was dropped before.
    fn eq(&self, other: &Take) -> bool {
        let edits = |take: &Take| -> Vec<Edit> {
            take.edits.iter().map(|edit| edit.counted_from(take.first)).collect()
        };
        self.draws == other.draws && edits(self) == edits(other) && self.played().eq(other.played())
    }
}

impl Take {
    /// Adds a step. The oldest bars go when there is no room.
    pub fn record(&mut self, played: Played) {
        let number = self.end();
        let earlier = self.latest.insert(key(played.rate, played.step), number);
        let bytes = pack::size(self.log.back().map(|entry| &entry.played), &played);
        self.log.push_back(Entry { played, earlier, bytes });
        self.bytes += usize::from(bytes);
        self.changes += 1;
        if self.log.len() > MOST_STEPS || self.bytes > MOST_BYTES {
            self.drop_bar();
        }
    }

    /// What was played at a step last, unless it is to be played again.
    pub fn at(&self, rate: Rate, step: Step) -> Option<&Played> {
        self.at_before(rate, step, u64::MAX)
    }

    /// As [`Take::at`], of what was played before the entry `end`.
    pub fn at_before(&self, rate: Rate, step: Step, end: u64) -> Option<&Played> {
        let mut number = self.latest.get(&key(rate, step)).copied();
        while let Some((n, entry)) = number.and_then(|n| self.entry(n).map(|entry| (n, entry))) {
            if n < end && !self.edits.iter().any(|edit| edit.hides(rate, step, n)) {
                return Some(&entry.played);
            }
            number = entry.earlier;
        }
        None
    }

    /// The number that the next entry gets.
    pub fn end(&self) -> u64 {
        self.first + self.log.len() as u64
    }

    /// Up to `most` steps of the take that lie right before `step`, in the order of the song:
    /// what playback from there goes on from.
    pub fn before(&self, rate: Rate, step: Step, most: usize) -> Vec<Played> {
        let steps = (1..=most as i64).map(|back| Step(step.0.saturating_sub(back)));
        let mut found: Vec<Played> = steps.map_while(|step| self.at(rate, step).copied()).collect();
        found.reverse();
        found
    }

    /// Everything that was played, in that order.
    pub fn played(&self) -> impl DoubleEndedIterator<Item = &Played> {
        self.log.iter().map(|entry| &entry.played)
    }

    /// The last `most` steps that were played, in that order.
    pub fn tail(&self, most: usize) -> impl DoubleEndedIterator<Item = &Played> {
        self.log.range(self.log.len().saturating_sub(most)..).map(|entry| &entry.played)
    }

    /// Up to `most` steps from the entry `number` on, which is not before the first.
    fn played_from(&self, number: u64, most: usize) -> impl Iterator<Item = &Played> {
        // Within the log, which memory holds.
        let skipped = number.saturating_sub(self.first) as usize;
        self.log.iter().skip(skipped).take(most).map(|entry| &entry.played)
    }

    /// How many steps it holds.
    pub fn len(&self) -> usize {
        self.log.len()
    }

    /// Whether nothing was played.
    pub fn is_empty(&self) -> bool {
        self.log.is_empty()
    }

    /// How many steps were dropped for want of room.
    pub fn dropped(&self) -> u64 {
        self.first
    }

    /// Counts what was played and done to it.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Counts what was done to it.
    pub fn edited(&self) -> u64 {
        self.edited
    }

    /// Has the take replayed within `span`, whatever else is generated.
    ///
    /// # Errors
    /// If more was done than a take remembers.
    pub fn lock(&mut self, span: Span) -> Result<(), TooManyEdits> {
        self.edit(Edit::Lock(span))
    }

    /// Takes back locks within `span`.
    ///
    /// # Errors
    /// As [`Take::lock`].
    pub fn unlock(&mut self, span: Span) -> Result<(), TooManyEdits> {
        self.edit(Edit::Unlock(span))
    }

    /// Has `span` played anew, from other random numbers.
    ///
    /// # Errors
    /// As [`Take::lock`].
    pub fn again(&mut self, span: Span) -> Result<(), TooManyEdits> {
        let since = self.end();
        // After four thousand million draws the first comes again.
        let draw = self.draws.wrapping_add(1).max(1);
        self.edit(Edit::Again { span, since, draw })?;
        self.draws = draw;
        Ok(())
    }

    /// Has what was played from the entry `from` to the one before `end` replayed where it was played,
    /// whatever was played there since. Of entries that lie apart in the song, that is the stretch of the
    /// last one: what is returned, or none if nothing of it is left.
    ///
    /// # Errors
    /// As [`Take::lock`].
    pub fn bring_back(&mut self, from: u64, end: u64) -> Result<Option<Span>, TooManyEdits> {
        let most = usize::try_from(end.saturating_sub(from.max(self.first))).unwrap_or(0);
        let entries: Vec<&Played> = self.played_from(from.max(self.first), most).collect();
        let Some(last) = entries.last() else { return Ok(None) };
        let rate = last.rate;
        let of_rate = entries.iter().filter(|played| played.rate == rate);
        let steps: BTreeSet<Step> = of_rate.map(|played| played.step).collect();
        let (mut first, mut after) = (last.step, last.step.next());
        while let Some(before) = first.0.checked_sub(1).map(Step).filter(|s| steps.contains(s)) {
            first = before;
        }
        while steps.contains(&after) {
            after = after.next();
        }
        let span = Span { rate, first, end: after };
        self.edit(Edit::Back { span, from: end, to: self.end() })?;
        Ok(Some(span))
    }

    /// Takes the last of these edits back; false if there is none. What was played in
    /// bars that were played again is not shown any more.
    pub fn undo(&mut self) -> bool {
        let Some(at) = self.edits.iter().rposition(Edit::can_be_undone) else { return false };
        let now = self.end();
        match self.edits[at].undone(now) {
            Some(instead) => self.edits[at] = instead,
            None => drop(self.edits.remove(at)),
        }
        self.changes += 1;
        self.edited += 1;
        true
    }

    /// Whether [`Take::undo`] would do something.
    pub fn can_undo(&self) -> bool {
        self.edits.iter().any(Edit::can_be_undone)
    }

    /// Whether the take is replayed at a step.
    pub fn is_locked(&self, rate: Rate, step: Step) -> bool {
        locks::is_locked(&self.edits, rate, step)
    }

    /// The number of the draw that a step is chosen by: 0, or another where it is to be played
    /// again.
    pub fn draw(&self, rate: Rate, step: Step) -> u32 {
        let draw = self.edits.iter().rev().find_map(|edit| match edit {
            Edit::Again { span, draw, .. } if span.contains(rate, step) => Some(*draw),
            _ => None,
        });
        draw.unwrap_or(0)
    }

    /// What was done to it and not taken back, oldest first.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    fn edit(&mut self, edit: Edit) -> Result<(), TooManyEdits> {
        if self.edits.len() >= edits::MOST {
            return Err(TooManyEdits);
        }
        self.edits.push(edit);
        self.changes += 1;
        self.edited += 1;
        Ok(())
    }

    fn entry(&self, number: u64) -> Option<&Entry> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.log.get(index)
    }

    /// Drops the oldest bar, and enough more of them that the next steps have room.
    fn drop_bar(&mut self) {
        let roomy = |take: &Take| {
            take.log.len() <= MOST_STEPS - MOST_STEPS / 64
                && take.bytes <= MOST_BYTES - MOST_BYTES / 64
        };
        // In a loop within a bar nothing lies on a bar line: there it is where playback went back.
        let opens_bar = |take: &Take, before: &Played| {
            take.log.front().is_none_or(|Entry { played, .. }| {
                played.step_in_bar == 0 || !before.is_followed_by(played)
            })
        };
        while let Some(entry) = self.log.pop_front() {
            self.bytes -= usize::from(entry.bytes);
            let key = key(entry.played.rate, entry.played.step);
            if self.latest.get(&key) == Some(&self.first) {
                self.latest.remove(&key);
            }
            self.first += 1;
            if roomy(self) && opens_bar(self, &entry.played) {
                break;
            }
        }
        let first = self.first;
        self.edits.retain(|edit| edit.matters(first));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A project may say that of a take, and nobody draws as often.
    #[test]
    fn the_last_draw_is_followed_by_the_first() {
        let mut take = Take { draws: u32::MAX, ..Take::default() };
        let span = Span { rate: Rate::default(), first: Step(0), end: Step(16) };
        take.again(span).expect("one change");
        assert_eq!(take.draw(span.rate, Step(3)), 1);
    }
}
