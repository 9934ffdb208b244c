//! How much of some music stands step for step in other music: whether a model learnt to
//! play or to recite.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use anacrusis::music::{Chord, KeyRange, PianoRoll};

/// Stands for a chord that the library does not hold, and for the end of a roll.
const NOWHERE: u32 = u32::MAX;

/// Music to look in.
#[derive(Clone, Debug, Default)]
pub struct Library {
    numbers: HashMap<Chord, u32>,
    /// The chords of all rolls by number, each roll followed by [`NOWHERE`].
    steps: Vec<u32>,
    /// Where each chord stands in them, by its number.
    places: Vec<Vec<u32>>,
    /// Where each roll begins.
    starts: Vec<usize>,
}

/// A stretch of music that stands in a library too: every key of every step is struck, held
/// or silent alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SharedStretch {
    /// Its length; it begins and ends with sound.
    pub steps: usize,
    /// Notes that begin in it.
    pub onsets: u32,
    /// Its first step in the music asked about.
    pub at: usize,
    /// The roll of the library that holds it, and its first step there.
    pub found: (usize, usize),
    /// By how many semitones the music asked about was shifted to be found.
    pub semitones: i8,
}

impl Library {
    /// A library of `rolls`, numbered in their order.
    pub fn new<'a>(rolls: impl IntoIterator<Item = &'a PianoRoll>) -> Library {
        let mut library = Library::default();
        for roll in rolls {
            library.starts.push(library.steps.len());
            for chord in &roll.chords {
                // A corpus has fewer steps than u32 has numbers.
                let next = library.numbers.len() as u32;
                let number = *library.numbers.entry(*chord).or_insert(next);
                library.places.resize(library.numbers.len(), vec![]);
                library.places[number as usize].push(library.steps.len() as u32);
                library.steps.push(number);
            }
            library.steps.push(NOWHERE);
        }
        library
    }

    /// The longest stretch of `roll` that stands in the library when shifted by one of
    /// `semitones`; keys outside `range` are left out on the way. Of equally long ones that
    /// with the most onsets. Takes, at worst, `roll.len()` times the size of the library.
    pub fn longest(
        &self,
        roll: &PianoRoll,
        semitones: RangeInclusive<i8>,
        range: KeyRange,
    ) -> SharedStretch {
        let mut best = SharedStretch::default();
        for shift in semitones {
            let found = self.longest_as_is(&roll.transposed(shift, range));
            if (found.steps, found.onsets) > (best.steps, best.onsets) {
                best = SharedStretch { semitones: shift, ..found };
            }
        }
        best
    }

    fn longest_as_is(&self, roll: &PianoRoll) -> SharedStretch {
        let mut best = SharedStretch::default();
        let number = |chord: &Chord| self.numbers.get(chord).copied().unwrap_or(NOWHERE - 1);
        let asked: Vec<u32> = roll.chords.iter().map(number).collect();
        let sounding = roll.chords.iter().enumerate().filter(|(_, chord)| !chord.is_empty());
        for (at, _) in sounding {
            let places = self.places.get(asked[at] as usize).map_or(&[][..], Vec::as_slice);
            for place in places.iter().map(|place| *place as usize) {
                // No shorter one than the best is worth a look.
                let far = best.steps.saturating_sub(1);
                if asked.get(at + far) != self.steps.get(place + far) {
                    continue;
                }
                let pairs = asked[at..].iter().zip(&self.steps[place..]);
                let same = pairs.take_while(|(a, b)| a == b).count();
                let chords = &roll.chords[at..at + same];
                let steps = chords.iter().rposition(|chord| !chord.is_empty()).map_or(0, |n| n + 1);
                let onsets = onsets(&chords[..steps]);
                if (steps, onsets) > (best.steps, best.onsets) {
                    let found = self.locate(place);
                    best = SharedStretch { steps, onsets, at, found, semitones: 0 };
                }
            }
        }
        best
    }

    fn locate(&self, place: usize) -> (usize, usize) {
        let roll = self.starts.partition_point(|start| *start <= place).saturating_sub(1);
        (roll, place - self.starts.get(roll).copied().unwrap_or(0))
    }
}

fn onsets(chords: &[Chord]) -> u32 {
    chords.iter().map(|chord| chord.struck().count_ones()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RANGE: KeyRange = KeyRange { low: 24, count: 78 };

    fn melody(keys: &[u8]) -> PianoRoll {
        let note = |key: &u8| if *key == 0 { Chord::SILENT } else { Chord::struck_keys([*key]) };
        keys.iter().map(note).collect()
    }

    #[test]
    fn the_longest_stretch_is_found_where_it_stands() {
        let library = Library::new(&[melody(&[60, 62, 64]), melody(&[50, 62, 64, 65, 0, 67, 70])]);
        let asked = melody(&[62, 64, 65, 0, 67, 71]);
        let shared = library.longest(&asked, 0..=0, RANGE);
        let expected = SharedStretch { steps: 5, onsets: 4, at: 0, found: (1, 1), semitones: 0 };
        assert_eq!(shared, expected);
        let higher = asked.transposed(3, RANGE);
        assert_eq!(library.longest(&higher, 0..=0, RANGE).steps, 1);
        let shared = library.longest(&higher, -5..=6, RANGE);
        assert_eq!(shared, SharedStretch { semitones: -3, ..expected });
    }

    #[test]
    fn silence_alone_is_nothing_shared_and_a_held_key_is_not_a_struck_one() {
        let library = Library::new(&[melody(&[60, 0, 0, 0, 0])]);
        assert_eq!(library.longest(&melody(&[0, 0, 0]), 0..=0, RANGE), SharedStretch::default());
        assert_eq!(library.longest(&melody(&[60, 0, 0]), 0..=0, RANGE).steps, 1, "ends in sound");
        let mut held = Chord::SILENT;
        held.hold(60);
        let held = [held].into_iter().collect();
        assert_eq!(library.longest(&held, 0..=0, RANGE).steps, 0);
        assert_eq!(Library::default().longest(&held, 0..=0, RANGE).steps, 0);
    }

    proptest! {
        /// Against every pair of places, one by one; no stretch leads from one roll to the next.
        #[test]
        fn agrees_with_trying_every_place(
            rolls in prop::collection::vec(prop::collection::vec(0u8..3, 0..12), 0..4),
            asked in prop::collection::vec(0u8..3, 0..14),
        ) {
            let key = |k: &u8| if *k == 0 { 0 } else { 60 + k };
            let of = |keys: &Vec<u8>| melody(&keys.iter().map(key).collect::<Vec<_>>());
            let rolls: Vec<PianoRoll> = rolls.iter().map(of).collect();
            let asked = of(&asked);
            let mut most = 0;
            for roll in &rolls {
                for a in 0..asked.len() {
                    for b in 0..roll.len() {
                        let pairs = asked.chords[a..].iter().zip(&roll.chords[b..]);
                        let same = pairs.take_while(|(x, y)| x == y).count();
                        let sound = asked.chords[a..a + same].iter().rposition(|c| !c.is_empty());
                        if !asked.chords[a].is_empty() {
                            most = most.max(sound.map_or(0, |last| last + 1));
                        }
                    }
                }
            }
            let shared = Library::new(&rolls).longest(&asked, 0..=0, RANGE);
            prop_assert_eq!(shared.steps, most);
            if shared.steps > 0 {
                let (roll, step) = shared.found;
                let there = &rolls[roll].chords[step..step + shared.steps];
                prop_assert_eq!(&asked.chords[shared.at..shared.at + shared.steps], there);
            }
        }
    }
}
