//! One chord per step.

use super::chord::{Chord, KeyRange};

/// A piece, or a stretch of one: the chords of consecutive steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PianoRoll {
    /// `chords[s]` is what sounds in step `s` of the roll.
    pub chords: Vec<Chord>,
}

impl PianoRoll {
    /// Number of steps, S.
    pub fn len(&self) -> usize {
        self.chords.len()
    }

    /// Whether the roll has no steps.
    pub fn is_empty(&self) -> bool {
        self.chords.is_empty()
    }

    /// The roll as bytes `[S, K, 2]` of (play, articulate), the layout of model.md section 1.
    pub fn to_bits(&self, range: KeyRange) -> Vec<u8> {
        let mut bits = Vec::with_capacity(self.len() * usize::from(range.count) * 2);
        for chord in &self.chords {
            for key in range.low..range.low + range.count {
                bits.extend([u8::from(chord.plays(key)), u8::from(chord.strikes(key))]);
            }
        }
        bits
    }

    /// Reads bytes `[S, K, 2]`; `None` if the length does not fit the range, a byte is not
    /// 0 or 1, or a key is struck without playing.
    pub fn from_bits(range: KeyRange, bits: &[u8]) -> Option<PianoRoll> {
        let row = usize::from(range.count) * 2;
        if row == 0 || !bits.len().is_multiple_of(row) {
            return None;
        }
        let mut chords = Vec::with_capacity(bits.len() / row);
        for step in bits.chunks_exact(row) {
            let mut chord = Chord::SILENT;
            for (key, pair) in (range.low..).zip(step.chunks_exact(2)) {
                match pair {
                    [0, 0] => {}
                    [1, 0] => chord.hold(key),
                    [1, 1] => chord.strike(key),
                    _ => return None,
                }
            }
            chords.push(chord);
        }
        Some(PianoRoll { chords })
    }

    /// The roll shifted by `semitones`, without the keys that leave `range`.
    pub fn transposed(&self, semitones: i8, range: KeyRange) -> PianoRoll {
        let chords = self.chords.iter().map(|c| c.transposed(semitones).within(range)).collect();
        PianoRoll { chords }
    }
}

impl FromIterator<Chord> for PianoRoll {
    fn from_iter<I: IntoIterator<Item = Chord>>(chords: I) -> Self {
        PianoRoll { chords: chords.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_round_trip_and_illegal_states_are_refused() {
        let range = KeyRange { low: 60, count: 3 };
        let bits = [1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];
        let roll = PianoRoll::from_bits(range, &bits).expect("legal");
        assert_eq!(roll.to_bits(range), bits);
        assert!(PianoRoll::from_bits(range, &[0, 1, 0, 0, 0, 0]).is_none(), "(0,1)");
        assert!(PianoRoll::from_bits(range, &bits[1..]).is_none(), "length");
    }
}
