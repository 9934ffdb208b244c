//! A piece for two: who of it can be the musician, and what is then asked of the network that
//! accompanies them (listener.md, sections 3 and 4).

use std::ops::Range;

use anacrusis::model::config::Start;
use anacrusis::model::{Config, Frame, Given};
use anacrusis::music::{Chord, Metres, PianoRoll};

use crate::corpus::Piece;
use crate::players::{self, Rule};
use crate::sequence::{Sequence, Target};

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

/// A piece, and who of it can be the musician.
#[derive(Clone, Debug)]
pub struct Arrangement<'a> {
    /// All notes.
    pub roll: &'a PianoRoll,
    /// Where its bar lines are.
    pub metres: &'a Metres,
    /// Those parts that play anything.
    pub parts: Vec<&'a PianoRoll>,
    /// The musician whom the rule finds.
    lead: Who,
    /// Whether the rule takes the top voice for want of a name.
    pub unnamed: bool,
}

impl<'a> Arrangement<'a> {
    /// A piece whose musician is found by `rule`; what the rule does not find is looked for among
    /// the voices.
    pub fn of(piece: &'a Piece, rule: Rule) -> Arrangement<'a> {
        let all: Vec<&PianoRoll> = piece.parts.iter().map(|part| &part.roll).collect();
        let sounds = |roll: &&PianoRoll| roll.chords.iter().any(|chord| !chord.is_empty());
        let named: Vec<players::Part> = (piece.parts.iter())
            .map(|part| players::Part { name: &part.name, roll: &part.roll })
            .collect();
        let music = players::Music { roll: &piece.roll, parts: &named, metres: &piece.metres };
        let lead = match music.lead(rule) {
            Some(index) => {
                // Among the parts that play, as many are before it.
                Who::Part(all[..index].iter().copied().filter(|roll| sounds(roll)).count())
            }
            None => match rule {
                Rule::Bass => Who::Bass,
                Rule::Upper => Who::From(players::MIDDLE_C),
                Rule::Lower => Who::Below(players::MIDDLE_C),
                Rule::Auto | Rule::Chords | Rule::Named | Rule::Part | Rule::Top => Who::Top,
            },
        };
        let unnamed = matches!(rule, Rule::Auto | Rule::Chords) && lead == Who::Top;
        let parts = all.into_iter().filter(sounds).collect();
        Arrangement { roll: &piece.roll, metres: &piece.metres, parts, lead, unnamed }
    }

    /// A roll in which nobody is told apart.
    pub fn whole(roll: &'a PianoRoll, metres: &'a Metres) -> Arrangement<'a> {
        Arrangement { roll, metres, parts: vec![], lead: Who::Top, unnamed: true }
    }

    /// The musician whom the rule finds.
    pub fn lead(&self) -> Who {
        self.lead
    }

    /// What the musician plays in a step.
    fn heard(&self, who: Who, step: usize) -> Chord {
        let chord = self.roll.chords[step];
        let side = |mask: u128| Chord::from_masks(chord.playing() & mask, chord.struck());
        let voice =
            |choose: fn(&Chord) -> Option<u8>| players::note_of_voice(self.roll, step, choose);
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

    /// Two players over `steps`, transposed by `semitones`, in the network's keys. As in the
    /// plugin, a key that the musician takes is lost to the accompaniment until it is struck anew.
    pub fn played(
        &self,
        who: Who,
        steps: Range<usize>,
        semitones: i8,
        config: &Config,
    ) -> Vec<Both> {
        let shift = |chord: Chord| chord.transposed(semitones).within(config.range());
        let both = |step: usize| {
            let heard = shift(self.heard(who, step));
            Both { own: shift(self.roll.chords[step]).without(heard.playing()), heard }
        };
        let mut played: Vec<Both> = steps.map(both).collect();
        lose_keys(&mut played);
        played
    }

    /// The whole piece, or its first `limit` predictions, with the musician whom the rule finds:
    /// known in the step itself or, if not `known`, a step late.
    pub fn piece(&self, config: &Config, known: bool, limit: Option<usize>) -> Sequence {
        let steps = self.roll.len().min(limit.map_or(usize::MAX, |limit| limit + 1));
        let played = self.played(self.lead, 0..steps, 0, config);
        let stretch = Stretch { piece: self, config, start: 0 };
        stretch.sequence(&played, &played, |step| {
            let before = step.checked_sub(1).map_or(Chord::SILENT, |before| played[before].heard);
            if known { Given::known(played[step].heard) } else { Given::held(before) }
        })
    }
}

/// What sounds in a step, by who plays it; no key is in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Both {
    /// What the plugin plays.
    pub own: Chord,
    /// What the musician plays.
    pub heard: Chord,
}

impl Both {
    /// The same shifted by `semitones`, without the keys that leave the network's range.
    #[must_use]
    pub fn transposed(self, semitones: i8, config: &Config) -> Both {
        let shift = |chord: Chord| chord.transposed(semitones).within(config.range());
        Both { own: shift(self.own), heard: shift(self.heard) }
    }
}

/// Ends the accompaniment's notes where the musician takes their keys: what would sound on after
/// the musician let go of the key stays silent until it is struck.
pub fn lose_keys(played: &mut [Both]) {
    let mut lost = 0;
    for both in played {
        lost |= both.heard.playing();
        let silent = both.own.playing() & lost & !both.own.struck();
        both.own = both.own.without(silent);
        lost &= !both.own.playing();
    }
}

/// A stretch of a piece that becomes questions and answers.
pub struct Stretch<'a> {
    /// The piece.
    pub piece: &'a Arrangement<'a>,
    /// Of the network.
    pub config: &'a Config,
    /// The step of the piece that the stretch begins with.
    pub start: usize,
}

impl Stretch<'_> {
    /// What is asked after each frame of `history`: the steps of `targets`, of which `given` is
    /// given, each by its number in the stretch. Where the first step is predicted, it is so from
    /// silence: of a stretch within a piece its step before is not known.
    pub fn sequence(
        &self,
        history: &[Both],
        targets: &[Both],
        given: impl Fn(usize) -> Given,
    ) -> Sequence {
        let metres = self.piece.metres;
        let position = |step: i64| metres.position(self.start as i64 + step);
        let mut sequence = Sequence::default();
        for (step, target) in targets.iter().enumerate() {
            let frame = match step.checked_sub(1) {
                Some(before) => Frame {
                    own: history[before].own,
                    heard: history[before].heard,
                    musician: true,
                    position: position(before as i64),
                    start: false,
                },
                None if self.config.start == Start::Flag && self.start == 0 => {
                    Frame::before_first(position(-1), true)
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
