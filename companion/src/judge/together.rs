//! What an accompaniment and a melody have to do with each other.

use std::ops::AddAssign;

use anacrusis::music::harmony::{consonant, is_part_of_a_chord, pitch_classes};
use anacrusis::music::{Chord, Harmony, Metres};

use super::texture::{Share, Texture, bars};

/// A melody: at most one key in each step, and what is known of it.
#[derive(Clone, Debug)]
pub struct Melody {
    /// One chord per step; the first is step 0 of `metres`.
    pub chords: Vec<Chord>,
    /// The keys of the key that it is in.
    pub scale: u128,
    /// Where the bar lines are.
    pub metres: Metres,
}

/// Counts of an accompaniment laid over a melody, or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// Pairs of a note of the melody and one of the accompaniment in one step: the consonant ones.
    pub consonance: Share,
    /// Notes of the accompaniment, step by step, that belong to the melody's key.
    pub in_key: Share,
    /// Of the steps in which the melody sounds and two pitch classes accompany it, those in which
    /// all that sounds is part of one chord.
    pub chord: Share,
    /// Notes that sound to a step in which the melody does.
    pub sounding: Share,
    /// Pairs of a note of the melody and one of the accompaniment in one step: those in which the
    /// accompaniment's is the higher.
    pub above: Share,
    /// Onsets of the accompaniment that fall on one of the melody.
    pub together: Share,
}

impl Fit {
    /// Lays an accompaniment over a melody. What is longer is cut.
    pub fn of(melody: &Melody, accompaniment: &[Chord]) -> Fit {
        let mut fit = Fit::default();
        for (sung, chord) in melody.chords.iter().zip(accompaniment) {
            let playing = chord.playing();
            fit.in_key.add((playing & melody.scale).count_ones(), chord.len());
            let onsets = chord.struck().count_ones();
            fit.together.add(if sung.struck() != 0 { onsets } else { 0 }, onsets);
            let Some(key) = sung.keys().last() else { continue };
            let fits = chord.keys().filter(|other| consonant(key, *other)).count();
            fit.consonance.add(fits as u64, chord.len());
            fit.sounding.add(chord.len(), 1u64);
            fit.above.add(chord.keys().filter(|other| *other > key).count() as u64, chord.len());
            let classes = pitch_classes(playing);
            if classes.count_ones() >= 2 {
                let all = classes | 1 << (key % 12);
                fit.chord.add(u64::from(is_part_of_a_chord(all)), 1u64);
            }
        }
        fit
    }
}

impl AddAssign for Fit {
    fn add_assign(&mut self, other: Fit) {
        self.consonance += other.consonance;
        self.in_key += other.in_key;
        self.chord += other.chord;
        self.sounding += other.sounding;
        self.above += other.above;
        self.together += other.together;
    }
}

/// How many steps of a melody belong to the chord of their beat, as the accompaniment suggests
/// it, of those in whose beat it suggests one; and those, of all in which the melody sounds. Only
/// whole beats are looked at.
pub fn note_in_chord(melody: &Melody, accompaniment: &[Chord]) -> [Share; 2] {
    let steps = melody.chords.len().min(accompaniment.len());
    let (mut in_chord, mut counted) = (Share::default(), Share::default());
    for chord in &melody.chords[..steps] {
        counted.add(0u64, u64::from(!chord.is_empty()));
    }
    for beat in beats(&melody.metres, steps) {
        let Some(harmony) = Harmony::of(&accompaniment[beat.clone()]) else { continue };
        for key in melody.chords[beat].iter().filter_map(|chord| chord.keys().last()) {
            in_chord.add(u64::from(harmony.contains(key)), 1u64);
            counted.part += 1;
        }
    }
    [in_chord, counted]
}

/// The whole beats of so many steps.
fn beats(metres: &Metres, steps: usize) -> Vec<std::ops::Range<usize>> {
    let begins = |step: &usize| metres.position(*step as i64).in_beat == 0;
    // One more, so that the last beat ends if it is whole.
    let starts: Vec<usize> = (0..=steps).filter(begins).collect();
    starts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// All that is known of accompaniments and their melodies: sums over pieces and seeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// With their own melodies.
    pub own: Fit,
    /// The same with every other melody.
    pub exchanged: Fit,
    /// Of the melody, steps in the chord of the beat, and those that were counted.
    pub note_in_chord: [Share; 2],
    /// Of the accompaniments alone.
    pub texture: Texture,
    /// Shares in key of the first bars, summed, and how many.
    pub first_bars: (f64, u64),
}

impl Tally {
    /// Takes in an accompaniment and its own melody.
    pub fn add(&mut self, melody: &Melody, accompaniment: &[Chord]) {
        self.own += Fit::of(melody, accompaniment);
        self.texture += Texture::of(accompaniment, &melody.metres, melody.scale);
        for (sum, share) in self.note_in_chord.iter_mut().zip(note_in_chord(melody, accompaniment))
        {
            *sum += share;
        }
        if let Some(share) = first_bar_in_key(melody, accompaniment) {
            self.first_bars.0 += share;
            self.first_bars.1 += 1;
        }
    }

    /// Accompaniments of the pieces, those that there are: each with its own melody and with every
    /// other.
    pub fn of(melodies: &[&Melody], accompaniments: &[Option<&[Chord]>]) -> Tally {
        let mut tally = Tally::default();
        for (n, melody) in melodies.iter().enumerate() {
            for (m, accompaniment) in accompaniments.iter().enumerate() {
                match accompaniment {
                    Some(accompaniment) if n == m => tally.add(melody, accompaniment),
                    Some(accompaniment) => tally.exchanged += Fit::of(melody, accompaniment),
                    None => {}
                }
            }
        }
        tally
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.own += other.own;
        self.exchanged += other.exchanged;
        for (sum, share) in self.note_in_chord.iter_mut().zip(other.note_in_chord) {
            *sum += share;
        }
        self.texture += other.texture;
        self.first_bars.0 += other.first_bars.0;
        self.first_bars.1 += other.first_bars.1;
    }
}

/// Share in key of the first whole bar from the melody's first note on; 0 if nothing begins in it.
/// None if there is no such bar.
pub fn first_bar_in_key(melody: &Melody, accompaniment: &[Chord]) -> Option<f64> {
    let first = melody.chords.iter().position(|chord| !chord.is_empty())?;
    let bars = bars(&melody.metres, melody.chords.len().min(accompaniment.len()));
    let bar = bars.into_iter().find(|bar| bar.start >= first)?;
    let mut in_key = Share::default();
    let mut begins = false;
    for chord in &accompaniment[bar] {
        in_key.add((chord.playing() & melody.scale).count_ones(), chord.len());
        begins |= chord.struck() != 0;
    }
    Some(if begins { in_key.value() } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A melody in C major, C, in four steps: C5 struck and held, then a rest, then C5 again.
    fn melody() -> Melody {
        let c5 = Chord::struck_keys([72]);
        Melody {
            chords: vec![c5, Chord::from_masks(1 << 72, 0), Chord::SILENT, c5],
            scale: anacrusis::music::Scale::Major.mask(0),
            metres: Metres::default(),
        }
    }

    #[test]
    fn pairs_and_notes_are_counted_by_hand() {
        let chords = |keys: &[&[u8]]| -> Vec<Chord> {
            keys.iter().map(|keys| Chord::struck_keys(keys.iter().copied())).collect()
        };
        // A third and a tritone below; a second above; notes while the melody rests.
        let fit = Fit::of(&melody(), &chords(&[&[68, 66], &[74], &[60], &[], &[61]]));
        assert_eq!(fit.consonance, Share { part: 1, all: 3 });
        assert_eq!(fit.in_key, Share { part: 2, all: 4 });
        assert_eq!(fit.sounding, Share { part: 3, all: 3 });
        assert_eq!(fit.above, Share { part: 1, all: 3 });
        assert_eq!(fit.together, Share { part: 2, all: 4 });
        assert_eq!(fit.chord, Share { part: 1, all: 1 }, "C, F sharp and A flat: a seventh");
        let fit = Fit::of(&melody(), &chords(&[&[52, 55], &[52, 53, 54]]));
        assert_eq!(fit.chord, Share { part: 1, all: 2 });
    }

    #[test]
    fn notes_are_in_the_chord_of_their_beat_or_not_counted() {
        let mut accompaniment = vec![Chord::struck_keys([48, 52, 55]); 4];
        assert_eq!(
            note_in_chord(&melody(), &accompaniment),
            [Share { part: 3, all: 3 }, Share { part: 3, all: 3 }]
        );
        accompaniment.fill(Chord::struck_keys([50, 53, 57]));
        assert_eq!(note_in_chord(&melody(), &accompaniment)[0], Share { part: 0, all: 3 });
        accompaniment.fill(Chord::struck_keys([50]));
        assert_eq!(note_in_chord(&melody(), &accompaniment)[1], Share { part: 0, all: 3 });
        accompaniment.pop();
        let [in_chord, counted] = note_in_chord(&melody(), &accompaniment);
        assert_eq!((in_chord.all, counted.all), (0, 2), "no whole beat");
    }

    #[test]
    fn the_first_bar_is_the_first_whole_one() {
        let mut melody = melody();
        melody.chords = [vec![Chord::SILENT; 12], melody.chords, vec![Chord::SILENT; 32]].concat();
        let mut accompaniment = vec![Chord::SILENT; 48];
        accompaniment[12] = Chord::struck_keys([61]);
        assert_eq!(first_bar_in_key(&melody, &accompaniment), Some(0.0), "nothing begins in it");
        accompaniment[16] = Chord::struck_keys([60, 61]);
        assert_eq!(first_bar_in_key(&melody, &accompaniment), Some(0.5));
        assert_eq!(first_bar_in_key(&melody, &accompaniment[..16]), None);
    }
}
