//! What is due in a block, and when: commit points, second decisions, boundaries, sounds, gates.

use super::{Clock, Gate, State};
use crate::jam::commitments::{Commitment, Commitments};
use crate::jam::controls::Timing;
use crate::jam::link::Place;

/// How late a chord may come and still sound, as a share of a step.
pub const GRACE_STEPS: f64 = 0.25;

/// How long after a chord's commit point the gate of the step before it falls at the earliest,
/// in steps: what the network has to answer in.
pub const ANSWER_STEPS: f64 = 0.125;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The chord of the place is decided from what is known now.
    Commit,
    /// The chord of the place is decided once more, from what is known now.
    Listen,
    /// The place begins; with a reaction, its chord sounds later.
    Boundary,
    /// The chord of the place sounds, which began before.
    Sound,
    /// A quarter of a step after the place began: a chord may not begin any more.
    Late,
    /// Notes of the place that the next one does not hold on end.
    Gate,
}

/// Something that is due in the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Sample in the block, below its length.
    pub offset_samples: u32,
    /// What is due.
    pub due: Due,
    /// The place that it is about.
    pub place: Place,
}

impl Clock {
    /// The next thing due in the block, in order of time, if so much is `committed`. It stays due
    /// until [`Clock::take`] is called and, of a commitment, until the table has it that it was done.
    ///
    /// # Realtime
    /// Constant time.
    pub fn next_moment(&self, committed: &Commitments) -> Option<Moment> {
        if self.state != State::Playing {
            return None;
        }
        let lookahead_beats = self.lookahead.steps() * self.path.step_beats();
        let newest = self.ahead(committed).next_back().unwrap_or(self.last);
        let next = self.path.after(newest).filter(|_| committed.has_room());
        let candidates = [
            self.late_due.then(|| (Due::Late, self.last, self.late_beats())),
            self.listen_beats(committed).map(|(place, beats)| (Due::Listen, place, beats)),
            self.sound_due.map(|timing| {
                (Due::Sound, self.last, self.path.distance(self.last) + self.sound_beats(timing))
            }),
            self.ahead(committed)
                .next()
                .map(|place| (Due::Boundary, place, self.path.distance(place))),
            next.map(|place| (Due::Commit, place, self.path.distance(place) - lookahead_beats)),
            self.gate_beats().map(|(place, beats)| (Due::Gate, place, beats)),
        ];
        let mut best: Option<(f64, Due, Place)> = None;
        for (due, place, beats) in candidates.into_iter().flatten() {
            let sample = self.nearest_sample(beats);
            // Strictly earlier: of things due at one sample, the list above is the order.
            if best.is_none_or(|(earliest, ..)| sample < earliest) {
                best = Some((sample, due, place));
            }
        }
        let (sample, due, place) = best?;
        if sample >= f64::from(self.frames) {
            return None;
        }
        // Within 0..frames, and never before the moment before it.
        let offset_samples = self.offset.max(sample as u32);
        Some(Moment { offset_samples, due, place })
    }

    /// What was next is being done.
    ///
    /// # Realtime
    /// Constant time.
    pub fn take(&mut self, moment: Moment) {
        match moment.due {
            Due::Late => self.late_due = false,
            Due::Listen => {}
            Due::Boundary => {
                self.last = moment.place;
                self.late_due = true;
                (self.regate, self.gate_before) = (None, self.gate);
                let timing =
                    Timing { reaction_us: (1e6 * self.reaction_s) as u32, ..Timing::default() };
                self.sound_due = (self.reaction_s > 0.0).then_some(timing);
                if self.sound_due.is_none() {
                    self.sounded = timing;
                    self.gate = Some(self.gate_of(self.last, timing));
                }
            }
            Due::Sound => {
                let after = self.sound_due.take().unwrap_or_default();
                self.sounded = after;
                self.gate = Some(self.gate_of(moment.place, after));
            }
            Due::Commit => self.starts = false,
            Due::Gate => self.gate = None,
        }
        self.offset = moment.offset_samples;
    }

    pub(super) fn late_beats(&self) -> f64 {
        let sounds = self.sound_beats(self.sound_due.unwrap_or(self.sounded));
        self.path.distance(self.last) + sounds + GRACE_STEPS * self.path.step_beats()
    }

    /// The place whose second decision is to be asked for next, and when.
    fn listen_beats(&self, committed: &Commitments) -> Option<(Place, f64)> {
        if self.reaction_s <= 0.0 {
            return None;
        }
        let begun = self.sound_due.map(|delay| (self.last, self.sound_beats(delay)));
        let after = |place| self.delay_beats(self.reaction_s) + self.swing_beats(place);
        let next = self.ahead(committed).next().map(|place| (place, after(place)));
        let awaits = |place| committed.get(place).is_some_and(Commitment::awaits_second);
        let (place, sounds) =
            [begun, next].into_iter().flatten().find(|(place, _)| awaits(*place))?;
        let after = sounds - Timing::LISTEN_S * self.beats_per_second;
        let earliest = -Timing::LONGEST_REACTION_STEPS * self.path.step_beats();
        Some((place, self.path.distance(place) + after.max(earliest)))
    }

    /// Where the gate of the last place is, if it lies before the next sounds. Not before the
    /// next chord is decided and the network had time to answer.
    fn gate_beats(&self) -> Option<(Place, f64)> {
        let Gate { place, after, steps, replayed } = self.gate?;
        let steps = Some(steps.unwrap_or(self.gate_steps)).filter(|steps| *steps < 1.0)?;
        let next = self.path.after(place)?;
        let step_beats = self.path.step_beats();
        let begins = self.path.distance(next);
        let sounded = self.path.distance(place) + self.sound_beats(after);
        let gate = sounded + steps * step_beats;
        if replayed {
            return Some((place, gate));
        }
        // The next chord lies beside its step as this one does, but for the swing.
        let beside = f64::from(after.groove_us) / 1e6 * self.beats_per_second;
        let late = self.delay_beats(self.reaction_s) + self.swing_beats(next) + beside;
        let answered = begins - (self.lookahead.steps() - ANSWER_STEPS) * step_beats;
        let gate = gate.max(answered);
        (gate < begins + late.max(0.0)).then_some((place, gate))
    }

    /// The places whose commit points have passed and that have not begun, the next first.
    pub(super) fn ahead(&self, committed: &Commitments) -> impl DoubleEndedIterator<Item = Place> {
        let passed = !self.starts;
        committed.coming().filter(move |_| passed).map(Commitment::place)
    }

    /// Seconds from the block's first sample until the next second decision is to be asked for; none
    /// if none will.
    ///
    /// # Realtime
    /// Constant time.
    pub fn until_listening_s(&self, committed: &Commitments) -> Option<f64> {
        let beats = self.listen_beats(committed).map(|(_, beats)| beats)?;
        (self.state == State::Playing).then_some(beats / self.beats_per_second)
    }
}
