//! Segments with two players: a musician who is heard, and the accompaniment that is learnt
//! (listener.md, sections 4 and 5).
//!
//! What the network learns from is what people played. Three things are not: a **wrong history**,
//! in which the accompaniment before some step is another one or none at all, so that the network
//! learns to follow the musician and not itself, and to play where it has been silent; a **turn**, after which all of the music goes on in another
//! key; and **late hands**, musician's onsets that are not known in time.

use std::ops::Range;

use anacrusis::model::{Config, Given};
use anacrusis::music::Chord;

use super::random::Random;
use crate::arrangement::{Arrangement, Both, Stretch, Who, lose_keys};
use crate::sequence::Sequence;
use crate::settings::Duet;

/// Largest transposition of a wrong history and of a turn, in semitones.
const FARTHEST: usize = 6;

/// Keys at which a keyboard is divided between two players: a fifth around middle C.
const DIVISIONS: Range<u8> = 57..64;

/// How often a voice is the musician, and not all keys on one side, where the file does not tell.
const VOICES: f64 = 0.6;

/// Draws who is the musician of a segment.
fn draw(piece: &Arrangement<'_>, shares: &Duet, random: &mut Random) -> Who {
    let lot = random.uniform();
    let voice = random.uniform() < VOICES;
    let division = DIVISIONS.start + random.below(DIVISIONS.len()) as u8;
    let other = random.below(piece.parts.len().max(1));
    if lot < shares.nobody {
        Who::Nobody
    } else if lot >= shares.nobody + shares.others {
        match piece.lead() {
            _ if piece.unnamed && !voice => Who::From(division),
            lead => lead,
        }
    } else if piece.parts.len() > 2 && piece.lead() != Who::Part(other) {
        // Of two, the one who accompanies is never the musician: networks that had learnt the melody
        // to it, too, fell silent under chords and went less with the melodies that they accompany.
        Who::Part(other)
    } else if voice {
        Who::Bass
    } else {
        Who::Below(division)
    }
}

/// Draws a segment of `piece`, from step `start` on, of `steps` steps (less, if the piece ends),
/// transposed by `semitones`; `another` gives the piece whose accompaniment may stand in for the
/// history, and where in it.
pub fn segment<'a>(
    config: &Config,
    shares: &Duet,
    (piece, start, steps): (&Arrangement<'_>, usize, usize),
    semitones: i8,
    mut random: Random,
    another: impl FnOnce(&mut Random) -> (&'a Arrangement<'a>, usize),
) -> Sequence {
    let who = draw(piece, shares, &mut random);
    let end = (start + steps).min(piece.roll.len());
    let mut played = piece.played(who, start..end, semitones, config);
    // Who is accompanied by nobody is no musician to learn from.
    if who == Who::Nobody || played.iter().all(|both| both.own.is_empty()) {
        let whole = Sequence::window(config, piece.roll, piece.metres, start, end - start);
        return whole.transposed(semitones, config.range());
    }
    let length = played.len();
    let mut history = played.clone();
    let known = random.uniform() < shares.known;
    let lot = random.uniform();
    // From the eighth to the fifth eighth of the segment.
    let from = (length / 8 + random.below(length / 2 + 1)).clamp(1, length.max(2) - 1);
    let far = [-1, 1][random.below(2)] * (1 + random.below(FARTHEST)) as i8;
    let instead = random.below(3);
    let mut scored_from = 0;
    let there = played.iter().any(|both| !both.heard.is_empty());
    if there && lot < shares.wrong_history {
        let mut wrong: Vec<Chord> = match instead {
            0 => vec![],
            1 => played[..from].iter().map(|both| both.transposed(far, config).own).collect(),
            _ => {
                let (other, at) = another(&mut random);
                let end = (at + from).min(other.roll.len());
                let played = other.played(other.lead(), at..end, semitones, config);
                played.iter().map(|both| both.own).collect()
            }
        };
        wrong.resize(from, Chord::SILENT);
        for (both, wrong) in history.iter_mut().zip(wrong) {
            both.own = wrong.without(both.heard.playing());
        }
        lose_keys(&mut history[..from]);
        scored_from = from;
    } else if there && lot < shares.wrong_history + shares.turns {
        for both in &mut played[from..] {
            *both = both.transposed(far, config);
        }
        history.clone_from(&played);
    }
    // What either plays and did not play before begins.
    if let (Some(now), Some(before)) = (played.get(from).copied(), history.get(from - 1)) {
        let begins = |chord: Chord, before: Chord| {
            let new = chord.playing() & !before.playing();
            Chord::from_masks(chord.playing(), chord.struck() | new)
        };
        played[from] =
            Both { own: begins(now.own, before.own), heard: begins(now.heard, before.heard) };
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
    let stretch = Stretch { piece, config, start };
    let mut sequence = stretch.sequence(&history, &played, |step| given[step]);
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
