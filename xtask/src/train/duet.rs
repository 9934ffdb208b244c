//! Segments with two players: a musician who is heard, and the accompaniment that is learnt
//! (listener.md, sections 4 and 5).
//!
//! What the network learns from is what people played. Three things are not: a **wrong history**,
//! in which the accompaniment before some step is another one, so that the network learns to
//! follow the musician and not itself; a **turn**, after which all of the music goes on in another
//! key; and **late hands**, musician's onsets that are not known in time.

use std::ops::Range;

use anacrusis::model::config::Start;
use anacrusis::model::{Config, Frame, Given};
use anacrusis::music::{Chord, Metres, PianoRoll};

use super::random::Random;
use crate::corpus::Piece;
use crate::players::{self, Rule};
use crate::sequence::{Sequence, Target};
use crate::settings::Duet;

/// Largest transposition of a wrong history and of a turn, in semitones.
const FARTHEST: usize = 6;

/// Keys at which a keyboard is divided between two players: a fifth around middle C.
const DIVISIONS: Range<u8> = 57..64;

/// How often a voice is the musician, and not all keys on one side, where the file does not tell.
const VOICES: f64 = 0.6;

/// Who of a piece is the musician.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody: all of it is the plugin's.
    Nobody,
    /// The part of this number.
    Part(usize),
    /// The highest key of each step.
    Top,
    /// The lowest key of each step.
    Bass,
    /// All keys from this one up.
    From(u8),
    /// All keys below this one.
    Below(u8),
}

/// A piece, as players share it out.
#[derive(Clone, Debug)]
pub struct Shared<'a> {
    /// All notes.
    pub roll: &'a PianoRoll,
    /// Where its bar lines are.
    pub metres: &'a Metres,
    /// Those parts that play anything.
    parts: Vec<&'a PianoRoll>,
    /// The musician whom the rule finds.
    lead: Who,
    /// Whether only a name tells who the musician is.
    named: bool,
}

impl<'a> Shared<'a> {
    /// A piece whose musician is found by `rule`; what the rule does not find is looked for among
    /// the voices.
    pub fn of(piece: &'a Piece, rule: Rule) -> Shared<'a> {
        let all: Vec<&PianoRoll> = piece.parts.iter().map(|part| &part.roll).collect();
        let sounds = |roll: &&PianoRoll| roll.chords.iter().any(|chord| !chord.is_empty());
        let named: Vec<players::Part> = (piece.parts.iter())
            .map(|part| players::Part { name: &part.name, roll: &part.roll })
            .collect();
        let music =
            players::Music { roll: &piece.roll, parts: &named, metres: &piece.metres };
        let lead = match music.lead(rule) {
            Some(index) => {
                // Among the parts that play, as many are before it.
                Who::Part(all[..index].iter().copied().filter(|roll| sounds(&roll)).count())
            }
            None => match rule {
                Rule::Bass => Who::Bass,
                Rule::Upper => Who::From(players::MIDDLE_C),
                Rule::Lower => Who::Below(players::MIDDLE_C),
                Rule::Auto | Rule::Named | Rule::Part | Rule::Top => Who::Top,
            },
        };
        let named = matches!(rule, Rule::Auto);
        let parts = all.into_iter().filter(sounds).collect();
        Shared { roll: &piece.roll, metres: &piece.metres, parts, lead, named }
    }

    /// A roll in which nobody is told apart.
    pub fn whole(roll: &'a PianoRoll, metres: &'a Metres) -> Shared<'a> {
        Shared { roll, metres, parts: vec![], lead: Who::Top, named: true }
    }

    /// The musician whom the rule finds.
    pub fn lead(&self) -> Who {
        self.lead
    }

    /// Draws who is the musician of a segment.
    fn draw(&self, shares: &Duet, random: &mut Random) -> Who {
        let lot = random.uniform();
        let voice = random.uniform() < VOICES;
        let division = DIVISIONS.start + random.below(DIVISIONS.len()) as u8;
        let other = random.below(self.parts.len().max(1));
        if lot < shares.nobody {
            Who::Nobody
        } else if lot >= shares.nobody + shares.others {
            match self.lead {
                Who::Top if self.named && !voice => Who::From(division),
                lead => lead,
            }
        } else if self.parts.len() > 2 && self.lead != Who::Part(other) {
            Who::Part(other)
        } else if voice {
            Who::Bass
        } else {
            Who::Below(division)
        }
    }

    /// What the musician plays in a step.
    fn heard(&self, who: Who, step: usize) -> Chord {
        let chord = self.roll.chords[step];
        let side = |mask: u128| Chord::from_masks(chord.playing() & mask, chord.struck());
        let voice = |choose: fn(Chord) -> Option<u8>| {
            let before = step.checked_sub(1).and_then(|before| choose(self.roll.chords[before]));
            let mut note = Chord::SILENT;
            if let Some(key) = choose(chord) {
                note.decide(key, true, chord.strikes(key) || before != Some(key));
            }
            note
        };
        match who {
            Who::Nobody => Chord::SILENT,
            Who::Part(index) => {
                let part = self.parts.get(index);
                part.and_then(|roll| roll.chords.get(step)).copied().unwrap_or_default()
            }
            Who::Top => voice(|chord| chord.keys().last()),
            Who::Bass => voice(|chord| chord.keys().next()),
            Who::From(key) => side(u128::MAX.checked_shl(key.into()).unwrap_or(0)),
            Who::Below(key) => side(!u128::MAX.checked_shl(key.into()).unwrap_or(0)),
        }
    }

    /// Two players over `steps`, transposed by `semitones`, in the network's keys.
    fn played(&self, who: Who, steps: Range<usize>, semitones: i8, config: &Config) -> Vec<Both> {
        let shift = |chord: Chord| chord.transposed(semitones).within(config.range());
        let both = |step: usize| {
            let heard = shift(self.heard(who, step));
            Both { own: shift(self.roll.chords[step]).without(heard.playing()), heard }
        };
        steps.map(both).collect()
    }

    /// The whole piece, or its first `limit` predictions, with the musician whom the rule finds:
    /// known in the step itself or, if not `known`, a step late.
    pub fn piece(&self, config: &Config, known: bool, limit: Option<usize>) -> Sequence {
        let steps = self.roll.len().min(limit.map_or(usize::MAX, |limit| limit + 1));
        let played = self.played(self.lead, 0..steps, 0, config);
        let segment = Segment { shared: self, config, start: 0, musician: true };
        segment.sequence(&played, &played, |step| {
            let before = step.checked_sub(1).map_or(Chord::SILENT, |before| played[before].heard);
            if known { Given::known(played[step].heard) } else { Given::held(before) }
        })
    }
}

/// What sounds in a step, by who plays it; no key is in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Both {
    own: Chord,
    heard: Chord,
}

impl Both {
    fn playing(self) -> u128 {
        self.own.playing() | self.heard.playing()
    }

    fn transposed(self, semitones: i8, config: &Config) -> Both {
        let shift = |chord: Chord| chord.transposed(semitones).within(config.range());
        Both { own: shift(self.own), heard: shift(self.heard) }
    }
}

/// A stretch of a piece that becomes questions and answers.
struct Segment<'a> {
    shared: &'a Shared<'a>,
    config: &'a Config,
    /// The step of the piece that the stretch begins with.
    start: usize,
    musician: bool,
}

impl Segment<'_> {
    /// What is asked after each frame of `history`: the steps of `targets`, of which `given` is
    /// given, each by its number in the stretch. Where the first step is predicted, it is so from
    /// silence: of a stretch within a piece its step before is not known.
    fn sequence(
        &self,
        history: &[Both],
        targets: &[Both],
        given: impl Fn(usize) -> Given,
    ) -> Sequence {
        let metres = self.shared.metres;
        let position = |step: i64| metres.position(self.start as i64 + step);
        let mut sequence = Sequence::default();
        for (step, target) in targets.iter().enumerate() {
            let frame = match step.checked_sub(1) {
                Some(before) => Frame {
                    own: history[before].own,
                    heard: history[before].heard,
                    musician: self.musician,
                    position: position(before as i64),
                    start: false,
                },
                None if self.config.start == Start::Flag && self.start == 0 => {
                    Frame::before_first(position(-1), self.musician)
                }
                None => continue,
            };
            sequence.frames.push(frame);
            let target = Target { chord: target.own, given: given(step), unscored: false };
            sequence.targets.push(target);
        }
        sequence
    }
}

/// Draws a segment of `shared`, from step `start` on, of `steps` steps (less, if the piece ends),
/// transposed by `semitones`; `another` gives the piece whose accompaniment may stand in for the
/// history, and where in it.
pub fn segment<'a>(
    config: &Config,
    shares: &Duet,
    (shared, start, steps): (&Shared<'_>, usize, usize),
    semitones: i8,
    mut random: Random,
    another: impl FnOnce(&mut Random) -> (&'a Shared<'a>, usize),
) -> Sequence {
    let who = shared.draw(shares, &mut random);
    let end = (start + steps).min(shared.roll.len());
    if who == Who::Nobody {
        let whole = Sequence::window(config, shared.roll, shared.metres, start, end - start);
        return whole.transposed(semitones, config.range());
    }
    let mut played = shared.played(who, start..end, semitones, config);
    let length = played.len();
    let mut history = played.clone();
    let known = random.uniform() < shares.known;
    let lot = random.uniform();
    // From the eighth to the fifth eighth of the segment.
    let from = (length / 8 + random.below(length / 2 + 1)).clamp(1, length.max(2) - 1);
    let far = [-1, 1][random.below(2)] * (1 + random.below(FARTHEST)) as i8;
    let own = random.below(2) == 0;
    let mut scored_from = 0;
    let there = played.iter().any(|both| !both.heard.is_empty());
    if there && lot < shares.wrong_history {
        let mut wrong: Vec<Chord> = if own {
            let shift = |both: &Both| both.transposed(far, config).own;
            played[..from].iter().map(shift).collect()
        } else {
            let (other, at) = another(&mut random);
            let end = (at + from).min(other.roll.len());
            let played = other.played(other.lead, at..end, semitones, config);
            played.iter().map(|both| both.own).collect()
        };
        wrong.resize(from, Chord::SILENT);
        for (both, wrong) in history.iter_mut().zip(wrong) {
            both.own = wrong.without(both.heard.playing());
        }
        scored_from = from;
    } else if there && lot < shares.wrong_history + shares.turns {
        for both in &mut played[from..] {
            *both = both.transposed(far, config);
        }
        history.clone_from(&played);
    }
    // What sounds and did not sound before begins.
    if let (Some(now), Some(before)) = (played.get(from).copied(), history.get(from - 1)) {
        let begins = |chord: Chord| {
            let new = chord.playing() & !before.playing();
            Chord::from_masks(chord.playing(), chord.struck() | new)
        };
        played[from] = Both { own: begins(now.own), heard: begins(now.heard) };
        history[from] = played[from];
    }
    let given: Vec<Given> = (0..length)
        .map(|step| {
            let before = step.checked_sub(1).map_or(Chord::SILENT, |before| played[before].heard);
            match known {
                true => late_hands(before, played[step].heard, shares.late_hands, &mut random),
                false => Given::held(before),
            }
        })
        .collect();
    let segment = Segment { shared, config, start, musician: true };
    let mut sequence = segment.sequence(&history, &played, |step| given[step]);
    let first = length - sequence.len();
    for target in sequence.targets.iter_mut().take(scored_from.saturating_sub(first)) {
        target.unscored = true;
    }
    sequence
}

/// What is known of a step in time, of hands that are late in each onset with probability `late`:
/// a key that is struck too late is known as it was before, and then keys let go with it are not
/// known to be so yet.
fn late_hands(before: Chord, now: Chord, late: f64, random: &mut Random) -> Given {
    let mut given = now;
    let mut any = false;
    for key in now.keys().filter(|key| now.strikes(*key)) {
        if random.uniform() < late {
            any = true;
            given.silence(key);
            given.decide(key, before.plays(key), false);
        }
    }
    if any {
        let let_go = before.playing() & !now.playing();
        given = given.union(Chord::from_masks(let_go, 0));
    }
    Given::known(given)
}

#[cfg(test)]
mod tests;
