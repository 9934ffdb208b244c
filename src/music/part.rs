//! Who plays what in a piece.

use super::chord::{Chord, KeyRange};
use super::roll::PianoRoll;

/// One of the parts that a piece is played by: an instrument, a voice, a hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// What it is called; never empty if a file was read.
    pub name: String,
    /// Its notes, over the steps of the whole piece.
    pub roll: PianoRoll,
    /// Velocity (`1..=127`) of each struck key, in order of steps and of keys from low to high;
    /// empty if velocities are not known.
    pub velocities: Vec<u8>,
}

impl Part {
    /// The keys that lie in `range`.
    #[must_use]
    pub fn within(&self, range: KeyRange) -> Part {
        let struck = self.roll.chords.iter().flat_map(|chord| {
            chord.keys().filter(|key| chord.strikes(*key)).map(|key| range.contains(key))
        });
        let kept = struck.zip(&self.velocities).filter(|(inside, _)| *inside);
        Part {
            name: self.name.clone(),
            velocities: kept.map(|(_, velocity)| *velocity).collect(),
            roll: self.roll.chords.iter().map(|chord| chord.within(range)).collect(),
        }
    }

    /// What all of `parts` play together.
    pub fn together<'a>(parts: impl IntoIterator<Item = &'a Part>) -> PianoRoll {
        let mut all = PianoRoll::default();
        for part in parts {
            if all.len() < part.roll.len() {
                all.chords.resize(part.roll.len(), Chord::SILENT);
            }
            for (all, chord) in all.chords.iter_mut().zip(&part.roll.chords) {
                *all = all.union(*chord);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn velocities_stay_with_their_notes() {
        let chords = vec![
            Chord::struck_keys([40, 60]),
            Chord::from_masks(1 << 40 | 1 << 62, 1 << 62),
            Chord::struck_keys([20, 61]),
        ];
        let part = Part {
            name: "harp".to_owned(),
            roll: PianoRoll { chords },
            velocities: vec![1, 2, 3, 4, 5],
        };
        let high = part.within(KeyRange { low: 60, count: 60 });
        assert_eq!((high.roll.len(), &high.velocities), (3, &vec![2, 3, 5]));
        let low = part.within(KeyRange { low: 0, count: 60 });
        assert_eq!(low.velocities, [1, 4]);
        assert_eq!(Part::together([&low, &high.within(KeyRange { low: 0, count: 0 })]), low.roll);
    }
}
