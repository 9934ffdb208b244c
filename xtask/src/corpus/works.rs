//! Which pieces are the same work.
//!
//! What is compared is what sounds on each quarter, counted in semitones from the lowest
//! key: strikes and what lies between quarters are left out, so that a work is found again
//! at another pitch, in a coarser roll, and in one that cannot tell a held note from a
//! repeated one.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use anacrusis::music::{Keys, PianoRoll};
use sha2::{Digest, Sha256};

const STEPS_PER_QUARTER: usize = 4;

/// Length of the passages by which altered copies are found: two bars.
const PASSAGE_QUARTERS: usize = 8;

/// A passage that stands in more pieces than this is a commonplace, and proves nothing.
const MAX_PIECES_PER_PASSAGE: usize = 16;

/// What a piece is recognised by.
pub(super) struct Likeness {
    /// Hash of the whole piece between its first and last sounding quarter.
    whole: u64,
    /// Hashes of its passages, at any transposition, each once.
    passages: BTreeSet<u64>,
}

impl Likeness {
    /// Of a roll with all its keys, before any range cuts notes off.
    pub(super) fn of(roll: &PianoRoll) -> Likeness {
        let mut quarters: Vec<u128> =
            roll.chords.iter().step_by(STEPS_PER_QUARTER).map(|chord| chord.playing()).collect();
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
            .filter(|passage| passage.iter().any(|keys| Some(keys) != passage.first()))
            .map(|passage| {
                let mut hash = DefaultHasher::new();
                from_lowest(passage).for_each(|keys| keys.hash(&mut hash));
                hash.finish()
            })
            .collect();
        Likeness { whole: first_u64(&hash.finalize()), passages }
    }
}

fn from_lowest(quarters: &[u128]) -> impl Iterator<Item = u128> {
    let lowest = Keys(quarters.iter().fold(0, |all, keys| all | keys)).next().unwrap_or(0);
    quarters.iter().map(move |keys| keys >> lowest)
}

fn first_u64(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The work of each piece: the same number for those that are equal as a whole, or where
/// half of the passages of the shorter one stand in the other as well.
///
/// The number comes from the notes alone, so it stays when other works are added.
pub(super) fn works(pieces: &[Likeness]) -> Vec<u64> {
    let mut group: Vec<usize> = (0..pieces.len()).collect();
    let mut first_with: BTreeMap<u64, usize> = BTreeMap::new();
    let mut with_passage: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        let same = *first_with.entry(piece.whole).or_insert(index);
        if same != index {
            // Its passages are listed already.
            join(&mut group, same, index);
            continue;
        }
        for passage in &piece.passages {
            with_passage.entry(*passage).or_default().push(index);
        }
    }
    let mut shared: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for those in with_passage.values().filter(|those| those.len() <= MAX_PIECES_PER_PASSAGE) {
        for (i, a) in those.iter().enumerate() {
            for b in those.iter().skip(i + 1) {
                *shared.entry((*a, *b)).or_default() += 1;
            }
        }
    }
    for ((a, b), count) in shared {
        if 2 * count >= pieces[a].passages.len().min(pieces[b].passages.len()) {
            join(&mut group, a, b);
        }
    }
    let mut number: BTreeMap<usize, u64> = BTreeMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        let least = number.entry(root(&mut group, index)).or_insert(piece.whole);
        *least = piece.whole.min(*least);
    }
    (0..pieces.len()).map(|index| number[&root(&mut group, index)]).collect()
}

/// The representative of `index` in the forest `group`; shortens the way to it.
fn root(group: &mut [usize], mut index: usize) -> usize {
    while group[index] != index {
        group[index] = group[group[index]];
        index = group[index];
    }
    index
}

fn join(group: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(group, a), root(group, b));
    group[a.max(b)] = a.min(b);
}
