//! Scales: which of the twelve pitch classes a key has.

/// A set of pitch classes above a tonic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// All twelve.
    #[default]
    Chromatic,
    /// Major, or Ionian.
    Major,
    /// Natural minor, or Aeolian.
    NaturalMinor,
    /// Minor with a raised seventh.
    HarmonicMinor,
    /// Minor with a raised sixth and seventh, up and down alike.
    MelodicMinor,
    /// Minor with a raised sixth.
    Dorian,
    /// Minor with a lowered second.
    Phrygian,
    /// Major with a raised fourth.
    Lydian,
    /// Major with a lowered seventh.
    Mixolydian,
    /// Minor with a lowered second and fifth.
    Locrian,
    /// Major without fourth and seventh.
    MajorPentatonic,
    /// Minor without second and sixth.
    MinorPentatonic,
    /// Minor pentatonic with a diminished fifth added.
    Blues,
    /// Six whole tones.
    WholeTone,
}

impl Scale {
    /// Every scale.
    pub const ALL: [Scale; 14] = [
        Scale::Chromatic,
        Scale::Major,
        Scale::NaturalMinor,
        Scale::HarmonicMinor,
        Scale::MelodicMinor,
        Scale::Dorian,
        Scale::Phrygian,
        Scale::Lydian,
        Scale::Mixolydian,
        Scale::Locrian,
        Scale::MajorPentatonic,
        Scale::MinorPentatonic,
        Scale::Blues,
        Scale::WholeTone,
    ];

    /// Its pitch classes in semitones above the tonic, ascending.
    pub const fn semitones(self) -> &'static [u8] {
        match self {
            Scale::Chromatic => &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
            Scale::Major => &[0, 2, 4, 5, 7, 9, 11],
            Scale::NaturalMinor => &[0, 2, 3, 5, 7, 8, 10],
            Scale::HarmonicMinor => &[0, 2, 3, 5, 7, 8, 11],
            Scale::MelodicMinor => &[0, 2, 3, 5, 7, 9, 11],
            Scale::Dorian => &[0, 2, 3, 5, 7, 9, 10],
            Scale::Phrygian => &[0, 1, 3, 5, 7, 8, 10],
            Scale::Lydian => &[0, 2, 4, 6, 7, 9, 11],
            Scale::Mixolydian => &[0, 2, 4, 5, 7, 9, 10],
            Scale::Locrian => &[0, 1, 3, 5, 6, 8, 10],
            Scale::MajorPentatonic => &[0, 2, 4, 7, 9],
            Scale::MinorPentatonic => &[0, 3, 5, 7, 10],
            Scale::Blues => &[0, 3, 5, 6, 7, 10],
            Scale::WholeTone => &[0, 2, 4, 6, 8, 10],
        }
    }

    /// Mask of the MIDI keys that belong to it over the pitch class `tonic`, 0 for C.
    pub fn mask(self, tonic: u8) -> u128 {
        // Bit 0 of every octave, 0 to 120.
        const OCTAVES: u128 = {
            let mut mask = 0;
            let mut key = 0;
            while key < 128 {
                mask |= 1 << key;
                key += 12;
            }
            mask
        };
        let classes = self.semitones().iter().map(|above| (above + tonic % 12) % 12);
        classes.fold(0, |mask, class| mask | OCTAVES << class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_holds_the_same_classes_in_every_octave() {
        for scale in Scale::ALL {
            for tonic in 0..12_u8 {
                let mask = scale.mask(tonic);
                for key in 0..128_u8 {
                    let above = (key + 12 - tonic) % 12;
                    let belongs = scale.semitones().contains(&above);
                    assert_eq!(mask >> key & 1 == 1, belongs, "{scale:?} on {tonic}, key {key}");
                }
            }
        }
        assert_eq!(Scale::Chromatic.mask(7), u128::MAX);
    }

    #[test]
    fn modes_are_one_scale_from_other_tonics() {
        let modes = [
            (Scale::Dorian, 2),
            (Scale::Phrygian, 4),
            (Scale::Lydian, 5),
            (Scale::Mixolydian, 7),
            (Scale::NaturalMinor, 9),
            (Scale::Locrian, 11),
        ];
        for (mode, tonic) in modes {
            assert_eq!(mode.mask(tonic), Scale::Major.mask(0), "{mode:?}");
        }
        assert_eq!(Scale::MinorPentatonic.mask(9), Scale::MajorPentatonic.mask(0));
    }
}
