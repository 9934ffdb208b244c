//! What sounds in one step.

/// The keys `low .. low + count` that a network sees, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Lowest MIDI key.
    pub low: u8,
    /// Number of keys; `low + count <= 128`.
    pub count: u8,
}

impl KeyRange {
    /// Whether `key` lies in the range.
    pub fn contains(self, key: u8) -> bool {
        key >= self.low && u16::from(key) < u16::from(self.low) + u16::from(self.count)
    }

    /// The keys of the range as a bit mask.
    pub fn mask(self) -> u128 {
        match self.count {
            0 => 0,
            128.. => u128::MAX,
            n => ((1u128 << n) - 1) << self.low,
        }
    }

    /// `key`, by as many octaves up or down as bring it into the range; none if the range is
    /// so short that it has no such key.
    pub fn fold(self, key: i16) -> Option<u8> {
        let (low, end) = (i16::from(self.low), i16::from(self.low) + i16::from(self.count));
        let octaves = if key < low {
            (low - key + 11) / 12
        } else if key >= end {
            -((key - end) / 12 + 1)
        } else {
            0
        };
        u8::try_from(key + 12 * octaves).ok().filter(|key| self.contains(*key))
    }
}

/// What sounds during one step: every playing key, and which of them are struck.
///
/// The four states of a key as `(play, articulate)` bits (model.md, section 1): struck now is
/// (1,1), held over from before is (1,0), silent is (0,0); (0,1) cannot be expressed, since
/// a struck key always plays. Two bit masks over MIDI keys, so a chord is `Copy` and
/// crosses threads without a destructor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Chord {
    playing: u128,
    struck: u128,
}

impl Chord {
    /// A rest: nothing sounds.
    pub const SILENT: Chord = Chord { playing: 0, struck: 0 };

    /// A chord of masks over MIDI keys; bits of `struck` outside `playing` are dropped.
    pub const fn from_masks(playing: u128, struck: u128) -> Chord {
        Chord { playing, struck: struck & playing }
    }

    /// A chord in which every one of `keys` is struck.
    pub fn struck_keys(keys: impl IntoIterator<Item = u8>) -> Chord {
        let mut chord = Chord::SILENT;
        keys.into_iter().for_each(|key| chord.strike(key));
        chord
    }

    /// Makes `key` (below 128) begin in this step.
    pub fn strike(&mut self, key: u8) {
        self.playing |= bit(key);
        self.struck |= bit(key);
    }

    /// Makes `key` (below 128) sound on from the step before; a struck key stays struck.
    pub fn hold(&mut self, key: u8) {
        self.playing |= bit(key);
    }

    /// Makes `key` (below 128), silent so far, what was decided: whether it plays, and if so
    /// whether it is struck.
    pub fn decide(&mut self, key: u8, plays: bool, struck: bool) {
        match (plays, struck) {
            (true, true) => self.strike(key),
            (true, false) => self.hold(key),
            (false, _) => {}
        }
    }

    /// Makes `key` silent.
    pub fn silence(&mut self, key: u8) {
        self.playing &= !bit(key);
        self.struck &= !bit(key);
    }

    /// Whether `key` sounds, struck or held.
    pub fn plays(&self, key: u8) -> bool {
        self.playing & bit(key) != 0
    }

    /// Whether `key` begins in this step.
    pub fn strikes(&self, key: u8) -> bool {
        self.struck & bit(key) != 0
    }

    /// Mask of all sounding keys.
    pub const fn playing(&self) -> u128 {
        self.playing
    }

    /// Mask of the keys that begin in this step; a subset of [`Chord::playing`].
    pub const fn struck(&self) -> u128 {
        self.struck
    }

    /// Mask of the keys that begin after a step in which those of the mask `sounding` sounded: what is
    /// struck, and what is new.
    pub const fn begun(&self, sounding: u128) -> u128 {
        self.struck | self.playing & !sounding
    }

    /// How many keys sound.
    pub const fn len(&self) -> u32 {
        self.playing.count_ones()
    }

    /// Whether nothing sounds.
    pub const fn is_empty(&self) -> bool {
        self.playing == 0
    }

    /// The sounding keys from low to high.
    pub fn keys(&self) -> Keys {
        Keys(self.playing)
    }

    /// The chord without the keys of a mask.
    pub const fn without(self, keys: u128) -> Chord {
        Chord { playing: self.playing & !keys, struck: self.struck & !keys }
    }

    /// What sounds in either; struck where either is.
    pub const fn union(self, other: Chord) -> Chord {
        Chord { playing: self.playing | other.playing, struck: self.struck | other.struck }
    }

    /// The part of the chord inside `range`.
    pub fn within(self, range: KeyRange) -> Chord {
        Chord { playing: self.playing & range.mask(), struck: self.struck & range.mask() }
    }

    /// The chord shifted by `semitones`; keys that leave 0..=127 are dropped.
    pub fn transposed(self, semitones: i8) -> Chord {
        let shift = u32::from(semitones.unsigned_abs());
        if shift >= 128 {
            return Chord::SILENT;
        }
        let by = |mask: u128| if semitones >= 0 { mask << shift } else { mask >> shift };
        Chord { playing: by(self.playing), struck: by(self.struck) }
    }

    /// The chord shifted by `semitones`; keys that would leave `range` go into it by octaves,
    /// so nothing is lost if it spans one.
    pub fn folded(self, semitones: i8, range: KeyRange) -> Chord {
        let mut chord = Chord::SILENT;
        for key in self.keys() {
            if let Some(folded) = range.fold(i16::from(key) + i16::from(semitones)) {
                chord.decide(folded, true, self.strikes(key));
            }
        }
        chord
    }
}

const fn bit(key: u8) -> u128 {
    1u128 << (key & 127)
}

/// Iterator over the keys of a mask, low to high. Allocates nothing.
#[derive(Clone, Copy, Debug)]
pub struct Keys(pub u128);

impl Iterator for Keys {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.0 == 0 {
            return None;
        }
        // At most 127, so the cast keeps every bit.
        let key = self.0.trailing_zeros() as u8;
        self.0 &= self.0 - 1;
        Some(key)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n = self.0.count_ones() as usize;
        (n, Some(n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_struck_key_always_plays() {
        let chord = Chord::from_masks(0b10, 0b11);
        assert!(chord.strikes(1) && !chord.strikes(0) && !chord.plays(0));
    }

    #[test]
    fn a_range_masks_exactly_its_keys() {
        let range = KeyRange { low: 24, count: 78 };
        for key in 0..128 {
            assert_eq!(range.contains(key), range.mask() >> key & 1 == 1, "key {key}");
        }
        assert_eq!(KeyRange { low: 0, count: 128 }.mask(), u128::MAX);
    }

    #[test]
    fn what_leaves_a_range_is_folded_into_it_by_octaves() {
        let range = KeyRange { low: 24, count: 78 };
        for key in -100..250_i16 {
            let folded = range.fold(key).expect("it spans an octave");
            assert!(range.contains(folded));
            assert_eq!((i16::from(folded) - key) % 12, 0);
            assert!(i16::from(folded) == key || !(24..102).contains(&key));
        }
        assert_eq!((range.fold(23), range.fold(102)), (Some(35), Some(90)));
        assert_eq!(KeyRange { low: 60, count: 2 }.fold(70), None);
        let mut chord = Chord::struck_keys([23, 60]);
        chord.hold(127);
        let folded = chord.folded(1, range);
        assert_eq!(folded.keys().collect::<Vec<_>>(), [24, 61, 92]);
        assert!(folded.strikes(24) && folded.strikes(61) && !folded.strikes(92));
    }

    #[test]
    fn transposing_drops_what_leaves_the_keyboard() {
        let chord = Chord::struck_keys([0, 60, 127]);
        assert_eq!(chord.transposed(1).keys().collect::<Vec<_>>(), [1, 61]);
        assert_eq!(chord.transposed(-1).keys().collect::<Vec<_>>(), [59, 126]);
    }
}
