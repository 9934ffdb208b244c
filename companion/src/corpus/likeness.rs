//! What a piece is recognised by, whatever it is called.
//!
//! Two things are compared, both in semitones from the lowest key, so that a work is found again
//! at another pitch: what sounds on each quarter, and what sounds on top on each eighth. Strikes
//! and what lies between are left out, so that a work is also found in a coarser roll, and in one
//! that cannot tell a held note from a repeated one.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use anacrusis::music::{Chord, Keys, Part, PianoRoll};
use sha2::{Digest, Sha256};

const STEPS_PER_QUARTER: usize = 4;

const STEPS_PER_EIGHTH: usize = 2;

/// Length of the passages by which altered copies are found: two bars.
const PASSAGE_QUARTERS: usize = 8;

/// Length of passages of a line: two bars.
const PASSAGE_EIGHTHS: usize = 16;

/// How often a line moves in a passage that counts: less is in everything.
const PASSAGE_MOVES: usize = 5;

/// Fewest passages of a line that proves something: fewer are a figure that recurs.
const LINE_PASSAGES: usize = 12;

/// What a piece is recognised by.
pub(super) struct Likeness {
    /// Hash of the whole piece between its first and last sounding quarter.
    pub whole: u64,
    /// Hashes of passages of chords, each once.
    pub chords: BTreeSet<u64>,
    /// Of its top line: of what sounds on top of all, and of the top of the part above, which may
    /// rest while others go on.
    pub lines: Vec<BTreeSet<u64>>,
}

impl Likeness {
    /// Of a roll with all its keys, before any range cuts notes off, and the parts that play it.
    pub(super) fn of(roll: &PianoRoll, parts: &[Part]) -> Likeness {
        let mut quarters: Vec<u128> =
            roll.chords.iter().step_by(STEPS_PER_QUARTER).map(Chord::playing).collect();
        let end = quarters.iter().rposition(|keys| *keys != 0).map_or(0, |last| last + 1);
        quarters.truncate(end);
        quarters.drain(..quarters.iter().position(|keys| *keys != 0).unwrap_or(0));

        let mut hash = Sha256::new();
        for keys in from_lowest(&quarters) {
            hash.update(keys.to_le_bytes());
        }
        let passages = quarters
            .windows(PASSAGE_QUARTERS)
            // A chord that is held, or silence, is in everything.
            .filter(|passage| passage.iter().any(|keys| Some(keys) != passage.first()));
        let above = match parts {
            [] | [_] => None,
            several => several.iter().max_by_key(|part| times_on_top(part, roll)),
        };
        let rolls = [Some(roll), above.map(|part| &part.roll)];
        let lines = rolls.into_iter().flatten().map(line_passages);
        Likeness {
            whole: first_u64(&hash.finalize()),
            chords: passages.map(|passage| hashed(from_lowest(passage))).collect(),
            lines: lines.filter(|line| line.len() >= LINE_PASSAGES).collect(),
        }
    }
}

/// Steps at which a part has the highest key of all.
fn times_on_top(part: &Part, roll: &PianoRoll) -> usize {
    let both = part.roll.chords.iter().zip(&roll.chords);
    both.filter(|(part, all)| !part.is_empty() && top(part) == top(all)).count()
}

/// The highest key; -1 if none sounds.
fn top(chord: &Chord) -> i16 {
    127 - chord.playing().leading_zeros() as i16
}

/// Hashes of the passages of the highest keys in which there is movement and no rest.
fn line_passages(roll: &PianoRoll) -> BTreeSet<u64> {
    let eighths: Vec<i16> = roll.chords.iter().step_by(STEPS_PER_EIGHTH).map(top).collect();
    let passages = eighths.windows(PASSAGE_EIGHTHS).filter(|passage| {
        let moves = passage.iter().zip(passage.iter().skip(1)).filter(|(a, b)| a != b).count();
        moves >= PASSAGE_MOVES && passage.iter().all(|key| *key >= 0)
    });
    passages
        .map(|passage| {
            let lowest = passage.iter().min().copied().unwrap_or(0);
            hashed(passage.iter().map(|key| key - lowest))
        })
        .collect()
}

fn from_lowest(quarters: &[u128]) -> impl Iterator<Item = u128> {
    let lowest = Keys(quarters.iter().fold(0, |all, keys| all | keys)).next().unwrap_or(0);
    quarters.iter().map(move |keys| keys >> lowest)
}

fn hashed(numbers: impl Iterator<Item = impl Hash>) -> u64 {
    let mut hash = DefaultHasher::new();
    numbers.for_each(|number| number.hash(&mut hash));
    hash.finish()
}

fn first_u64(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}
