//! Which pieces are the same work: copies, versions, arrangements and parts of one tune.
//!
//! The notes decide, with no regard to names, where much of two pieces is the same. Where names
//! say that two are of one tune, less of the same will do, since two players of a tune may have
//! little in common; and nothing is asked where names say that they are parts of it, since a
//! melody and its chords have nothing in common at all.

use std::collections::{BTreeMap, BTreeSet};

use anacrusis::music::PianoRoll;

use super::Piece;
use super::likeness::Likeness;
use super::names::Name;

/// A passage that stands in more pieces than this is a commonplace, and proves nothing.
const MAX_PIECES_PER_PASSAGE: usize = 16;

/// Share of the passages of the shorter of two pieces that stand in the other if they are one
/// work.
const SAME: f64 = 0.5;

/// The same where both have the name of one tune.
const SAME_BY_NAME: f64 = 0.15;

/// Share of the onsets of a piece that another has, too, if it is a part of that.
const CONTAINED: f64 = 0.8;

/// Onsets at its beginning by which a part is looked for in the whole.
const ONSETS: usize = 128;

/// Largest group of one name of which each is compared with each.
const MAX_NAMESAKES: usize = 64;

/// The work of each piece: the same number for those that are the same work.
///
/// The number comes from the notes alone, so it stays when other works are added.
pub(super) fn works(pieces: &[Piece], likenesses: &[Likeness]) -> Vec<u64> {
    let mut groups = Groups((0..pieces.len()).collect());
    let mut first_with: BTreeMap<u64, usize> = BTreeMap::new();
    let mut chords = SharedPassages::default();
    let mut lines = SharedPassages::default();
    for (index, likeness) in likenesses.iter().enumerate() {
        let same = *first_with.entry(likeness.whole).or_insert(index);
        // Else its passages are listed already.
        if same == index {
            chords.add(index, &likeness.chords);
            likeness.lines.iter().for_each(|line| lines.add(index, line));
        }
        groups.join(same, index);
    }
    let (chords, lines) = (chords.shares(), lines.shares());
    for ((a, b), share) in chords.iter().chain(&lines) {
        if *share >= SAME {
            groups.join(*a, *b);
        }
    }

    let mut namesakes: BTreeMap<String, Vec<(usize, Name)>> = BTreeMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        // Sequences of roll files have a place in the file in place of a name.
        if piece.path.file_name().is_some_and(|name| name.to_string_lossy() == piece.name) {
            let name = Name::of(&piece.path);
            namesakes.entry(name.tune.clone()).or_default().push((index, name));
        }
    }
    for group in namesakes.values() {
        for (place, (a, name)) in group.iter().enumerate() {
            for (b, other) in group.iter().skip(place + 1) {
                let share =
                    |of: &BTreeMap<(usize, usize), f64>| of.get(&(*a, *b)).copied().unwrap_or(0.0);
                let (one, two) = (&pieces[*a].roll, &pieces[*b].roll);
                let few = group.len() <= MAX_NAMESAKES;
                let same = (name.is_part_beside(other) && alike_in_length(one, two))
                    || (name.speaks && share(&chords).max(share(&lines)) >= SAME_BY_NAME)
                    || (name.speaks && few && name.is_elsewhere(other) && is_contained(one, two));
                if same {
                    groups.join(*a, *b);
                }
            }
        }
    }

    let mut number: BTreeMap<usize, u64> = BTreeMap::new();
    for (index, likeness) in likenesses.iter().enumerate() {
        let least = number.entry(groups.root(index)).or_insert(likeness.whole);
        *least = likeness.whole.min(*least);
    }
    (0..pieces.len()).map(|index| number[&groups.root(index)]).collect()
}

/// Whether two may be parts of one tune: neither is more than twice as long as the other.
fn alike_in_length(a: &PianoRoll, b: &PianoRoll) -> bool {
    2 * a.len().min(b.len()) >= a.len().max(b.len())
}

/// Whether the notes of one of two pieces are among those of the other, perhaps some steps later
/// throughout.
fn is_contained(a: &PianoRoll, b: &PianoRoll) -> bool {
    let (small, large) = if onsets(a).count() <= onsets(b).count() { (a, b) } else { (b, a) };
    let first: Vec<(usize, u8)> = onsets(small).take(ONSETS).collect();
    let mut by_key: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
    for (step, key) in onsets(large) {
        by_key.entry(key).or_default().push(step);
    }
    let mut by_delay: BTreeMap<isize, usize> = BTreeMap::new();
    for (step, key) in &first {
        for other in by_key.get(key).into_iter().flatten() {
            *by_delay.entry(*other as isize - *step as isize).or_default() += 1;
        }
    }
    let most = by_delay.values().max().copied().unwrap_or(0);
    first.len() >= 8 && most as f64 >= CONTAINED * first.len() as f64
}

/// Step and key of each note of a piece.
fn onsets(roll: &PianoRoll) -> impl Iterator<Item = (usize, u8)> + '_ {
    roll.chords.iter().enumerate().flat_map(|(step, chord)| {
        chord.keys().filter(|key| chord.strikes(*key)).map(move |key| (step, key))
    })
}

/// Sets of passages, each of a piece, and which passages they share.
#[derive(Default)]
struct SharedPassages {
    /// The piece and the size of each set.
    sets: Vec<(usize, usize)>,
    with_passage: BTreeMap<u64, Vec<usize>>,
}

impl SharedPassages {
    fn add(&mut self, piece: usize, passages: &BTreeSet<u64>) {
        let set = self.sets.len();
        self.sets.push((piece, passages.len()));
        for passage in passages {
            self.with_passage.entry(*passage).or_default().push(set);
        }
    }

    /// Of pairs of pieces, the lower first, which share of the smaller of two sets stands in the
    /// other; the largest, if they have several.
    fn shares(&self) -> BTreeMap<(usize, usize), f64> {
        let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for sets in self.with_passage.values() {
            let pieces: BTreeSet<usize> = sets.iter().map(|set| self.sets[*set].0).collect();
            if pieces.len() > MAX_PIECES_PER_PASSAGE {
                continue;
            }
            for (place, a) in sets.iter().enumerate() {
                for b in sets.iter().skip(place + 1) {
                    *counts.entry((*a, *b)).or_default() += 1;
                }
            }
        }
        let mut shares: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        for ((a, b), count) in counts {
            let ((one, size), (two, other_size)) = (self.sets[a], self.sets[b]);
            if one != two {
                let share = count as f64 / size.min(other_size).max(1) as f64;
                let most = shares.entry((one.min(two), one.max(two))).or_default();
                *most = most.max(share);
            }
        }
        shares
    }
}

/// A forest: each piece's entry is one of the same work, roots their own.
struct Groups(Vec<usize>);

impl Groups {
    /// The representative of `index`; shortens the way to it.
    fn root(&mut self, mut index: usize) -> usize {
        while self.0[index] != index {
            self.0[index] = self.0[self.0[index]];
            index = self.0[index];
        }
        index
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}
