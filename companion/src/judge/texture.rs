//! What an accompaniment, or a piece, is made of: rhythm, thickness, bars that come back. Every
//! figure is a share of two counts, so that counts of many pieces can be added up first.

use std::collections::BTreeSet;
use std::ops::AddAssign;

use anacrusis::music::{Chord, Keys, Metres};

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many.
    pub part: u64,
    /// Of how many.
    pub all: u64,
}

impl Share {
    /// Counts `all` more, `part` of them.
    pub fn add(&mut self, part: impl Into<u64>, all: impl Into<u64>) {
        self.part += part.into();
        self.all += all.into();
    }

    /// The share; NaN of none.
    pub fn value(self) -> f64 {
        self.part as f64 / self.all as f64
    }
}

impl AddAssign for Share {
    fn add_assign(&mut self, other: Share) {
        self.add(other.part, other.all);
    }
}

/// Keys below this one are mud when they lie close: C3.
const LOW: u8 = 48;

/// The widest third, in semitones.
const THIRD: u8 = 4;

/// Keys that are struck together in a block.
const BLOCK: u32 = 4;

/// How much of two bars must be the same for one to be the other again.
const SAME: f64 = 0.7;

/// How far back a bar that returns may lie.
const BACK: std::ops::RangeInclusive<usize> = 4..=8;

/// Counts of one roll or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Texture {
    /// Steps in which a note begins, of all steps.
    pub onset_steps: Share,
    /// Steps that keys sound, to notes that begin: their mean length in steps.
    pub note_length: Share,
    /// Of the steps in which a note begins, those in which two keys sound below C3 that are a
    /// third or less apart.
    pub mud: Share,
    /// Of the steps in which a note begins, those in which four or more do.
    pub block_onsets: Share,
    /// Notes that are one step long, of all.
    pub sixteenths: Share,
    /// Of the bars in which a note begins and before which there are four others, those that are
    /// for seven tenths the same as one of the bars 4 to 8 before: what begins in both over what
    /// begins in either, by step and key.
    pub returns: Share,
    /// Of the bars in which anything sounds, those in which more than a quarter of that is outside
    /// the key.
    pub out_of_key: Share,
}

impl Texture {
    /// Counts of `chords`, the first of which is step 0 of `metres`. `scale` has the keys of the
    /// key that the music is in.
    pub fn of(chords: &[Chord], metres: &Metres, scale: u128) -> Texture {
        let mut texture = Texture::default();
        for chord in chords {
            let begin = chord.struck().count_ones();
            texture.onset_steps.add(u64::from(begin > 0), 1u64);
            texture.note_length.add(chord.len(), begin);
            if begin > 0 {
                texture.mud.add(u64::from(is_mud(chord.playing())), 1u64);
                texture.block_onsets.add(u64::from(begin >= BLOCK), 1u64);
            }
        }
        for (step, chord) in chords.iter().enumerate() {
            let next = chords.get(step + 1).copied().unwrap_or_default();
            let goes_on = next.playing() & !next.struck();
            texture.sixteenths.add((chord.struck() & !goes_on).count_ones(), 0u64);
            texture.sixteenths.add(0u64, chord.struck().count_ones());
        }
        let bars = bars(metres, chords.len());
        for bar in bars.iter().map(|bar| &chords[bar.clone()]) {
            let outside: u32 = bar.iter().map(|c| (c.playing() & !scale).count_ones()).sum();
            let sounding: u32 = bar.iter().map(Chord::len).sum();
            if sounding > 0 {
                texture.out_of_key.add(u64::from(4 * outside > sounding), 1u64);
            }
        }
        let onsets: Vec<BTreeSet<(usize, u8)>> =
            bars.iter().map(|bar| onsets(&chords[bar.clone()])).collect();
        for (index, bar) in onsets.iter().enumerate() {
            if index < *BACK.start() || bar.is_empty() {
                continue;
            }
            let earlier = &onsets[index.saturating_sub(*BACK.end())..=index - BACK.start()];
            let again = earlier.iter().any(|earlier| is_same(bar, earlier));
            texture.returns.add(u64::from(again), 1u64);
        }
        texture
    }
}

impl AddAssign for Texture {
    fn add_assign(&mut self, other: Texture) {
        self.onset_steps += other.onset_steps;
        self.note_length += other.note_length;
        self.mud += other.mud;
        self.block_onsets += other.block_onsets;
        self.sixteenths += other.sixteenths;
        self.returns += other.returns;
        self.out_of_key += other.out_of_key;
    }
}

/// The bars of so many steps.
pub fn bars(metres: &Metres, steps: usize) -> Vec<std::ops::Range<usize>> {
    // Not negative, and no more than fit into memory as chords.
    metres.bars(steps as i64).map(|bar| bar.start as usize..bar.end as usize).collect()
}

fn is_mud(playing: u128) -> bool {
    let low = || Keys(playing & ((1 << LOW) - 1));
    low().zip(low().skip(1)).any(|(below, above)| above - below <= THIRD)
}

fn onsets(bar: &[Chord]) -> BTreeSet<(usize, u8)> {
    let of_step = |(step, chord): (usize, &Chord)| Keys(chord.struck()).map(move |key| (step, key));
    bar.iter().enumerate().flat_map(of_step).collect()
}

fn is_same(bar: &BTreeSet<(usize, u8)>, earlier: &BTreeSet<(usize, u8)>) -> bool {
    let both = bar.intersection(earlier).count();
    let either = bar.len() + earlier.len() - both;
    !earlier.is_empty() && both as f64 >= SAME * either as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence(bars: usize) -> Vec<Chord> {
        vec![Chord::SILENT; 16 * bars]
    }

    #[test]
    fn rhythm_is_counted_by_hand() {
        let mut chords = silence(1);
        chords[0] = Chord::struck_keys([40, 44, 60, 64]);
        chords[1] = Chord::from_masks(1 << 60, 0);
        chords[4] = Chord::struck_keys([40, 45]);
        chords[5] = Chord::struck_keys([40]);
        let texture = Texture::of(&chords, &Metres::default(), u128::MAX);
        assert_eq!(texture.onset_steps, Share { part: 3, all: 16 });
        assert_eq!(texture.note_length, Share { part: 8, all: 7 });
        assert_eq!(texture.mud, Share { part: 1, all: 3 });
        assert_eq!(texture.block_onsets, Share { part: 1, all: 3 });
        assert_eq!(texture.sixteenths, Share { part: 6, all: 7 });
        assert_eq!(texture.out_of_key, Share { part: 0, all: 1 });
        assert_eq!(texture.returns, Share { part: 0, all: 0 });
    }

    #[test]
    fn a_bar_returns_after_four_to_eight_others() {
        let with = |places: &[(usize, &[(usize, u8)])]| {
            let mut chords = silence(11);
            for (bar, notes) in places {
                notes.iter().for_each(|(step, key)| chords[16 * bar + step].strike(*key));
            }
            Texture::of(&chords, &Metres::default(), u128::MAX).returns
        };
        let figure: &[(usize, u8)] = &[(0, 60), (4, 64), (8, 67)];
        assert_eq!(with(&[(0, figure), (4, figure)]), Share { part: 1, all: 1 });
        assert_eq!(with(&[(0, figure), (8, figure)]), Share { part: 1, all: 1 });
        assert_eq!(with(&[(0, figure), (9, figure)]), Share { part: 0, all: 1 });
        assert_eq!(with(&[(2, figure), (5, figure)]), Share { part: 0, all: 1 });
        let nearly = &[(0, 60), (4, 64), (8, 67), (12, 60)];
        assert_eq!(with(&[(0, figure), (4, nearly)]).part, 1, "three of four");
        assert_eq!(with(&[(0, figure), (4, &nearly[1..])]).part, 0, "two of four");
    }

    #[test]
    fn bars_are_those_of_the_metre() {
        let metres = Metres::of(anacrusis::music::Signature::new(3, 4).expect("a metre"));
        let mut chords = vec![Chord::SILENT; 60];
        for bar in [0, 4] {
            chords[12 * bar + 2].strike(60);
            chords[12 * bar + 2].strike(61);
        }
        let texture = Texture::of(&chords, &metres, !(1 << 61));
        assert_eq!(texture.returns, Share { part: 1, all: 1 });
        assert_eq!(texture.out_of_key, Share { part: 2, all: 2 });
    }
}
