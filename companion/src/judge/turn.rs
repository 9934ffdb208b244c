//! Whether an accompaniment follows its melody into another key, and rests when the melody does.

use std::ops::{AddAssign, Range};

use anacrusis::music::{Chord, Metres, Tonality};

use super::pieces::Piece;
use super::texture::{Share, bars};
use super::together::{Fit, Melody};

/// Bars that are looked at after a turn.
pub const BARS_AFTER: usize = 8;

/// Bars that are looked at before and after the musician stops.
pub const BARS_OF_REST: usize = 4;

/// How near to the plain share in key a good bar comes.
const GOOD: f64 = 0.95;

/// The bar line nearest to the middle, the earlier of two, but not the beginning. The second half
/// of a piece of one bar is empty.
pub fn half(metres: &Metres, steps: usize) -> usize {
    let middle = (steps / 2) as i64;
    let (before, after) = (metres.bar_line(middle), metres.next_bar_line(middle));
    let near = if 2 * middle <= before + after && before > 0 { before } else { after };
    // Not negative.
    (near as usize).min(steps)
}

/// The melody with all from step `from` on moved by a tritone: up or, where that would leave
/// `highest`, down.
pub fn turned(piece: &Piece, from: usize, highest: u8) -> Melody {
    let top = piece.melody.chords[from..].iter().filter_map(|chord| chord.keys().last()).max();
    let tritone = if top.unwrap_or(0) + 6 > highest { -6 } else { 6 };
    let mut chords = piece.melody.chords.clone();
    chords[from..].iter_mut().for_each(|chord| *chord = chord.transposed(tritone));
    let Tonality { tonic, minor } = piece.tonality;
    let tonality = Tonality { tonic: (tonic + 6) % 12, minor };
    Melody { chords, scale: tonality.mask(), metres: piece.melody.metres.clone() }
}

/// How an accompaniment goes with its melody bar by bar, over pieces and seeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct After {
    /// Of each bar.
    pub bars: [Fit; BARS_AFTER],
}

impl After {
    /// Takes in the bars from step `from` on.
    pub fn add(&mut self, melody: &Melody, accompaniment: &[Chord], from: usize) {
        let mut start = from;
        for bar in &mut self.bars {
            let end = melody.metres.next_bar_line(start as i64) as usize;
            let range = start.min(melody.chords.len())..end.min(melody.chords.len());
            let heard = accompaniment.get(range.start..).unwrap_or_default();
            let part = Melody { chords: melody.chords[range].to_vec(), ..melody.clone() };
            *bar += Fit::of(&part, heard);
            start = end;
        }
    }

    /// Share in key of each bar; NaN where nothing sounds.
    pub fn in_key(&self) -> [f64; BARS_AFTER] {
        self.bars.map(|bar| bar.in_key.value())
    }

    /// Consonance of each bar.
    pub fn consonance(&self) -> [f64; BARS_AFTER] {
        self.bars.map(|bar| bar.consonance.value())
    }

    /// The number, from 1, of the first bar that is nearly as much in key as all bars of `plain`
    /// together.
    pub fn bars_to_recover(&self, plain: &After) -> Option<usize> {
        let mut all = Share::default();
        plain.bars.iter().for_each(|bar| all += bar.in_key);
        let good = |share: &f64| *share >= GOOD * all.value();
        self.in_key().iter().position(good).map(|bar| bar + 1)
    }
}

impl AddAssign for After {
    fn add_assign(&mut self, other: After) {
        self.bars.iter_mut().zip(other.bars).for_each(|(sum, bar)| *sum += bar);
    }
}

/// Onsets of an accompaniment around the place where its musician stops: onsets to bars.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rest {
    /// In the last bars with the musician.
    pub before: Share,
    /// In each of the first bars without.
    pub after: [Share; BARS_OF_REST],
}

impl Rest {
    /// Counts the onsets of an accompaniment whose musician stops at step `at`.
    pub fn of(accompaniment: &[Chord], metres: &Metres, at: usize) -> Rest {
        let onsets = |bar: &Range<usize>| -> u64 {
            let chords = accompaniment.get(bar.clone()).unwrap_or_default();
            chords.iter().map(|chord| u64::from(chord.struck().count_ones())).sum()
        };
        let mut rest = Rest::default();
        let last = bars(metres, at);
        for bar in last.iter().rev().take(BARS_OF_REST) {
            rest.before.add(onsets(bar), 1u64);
        }
        let mut start = at;
        for after in &mut rest.after {
            let end = metres.next_bar_line(start as i64) as usize;
            after.add(onsets(&(start..end)), 1u64);
            start = end;
        }
        rest
    }

    /// Steps of [`BARS_OF_REST`] bars from step `at` on, and those before.
    pub fn end(metres: &Metres, at: usize) -> usize {
        (0..BARS_OF_REST).fold(at, |at, _| metres.next_bar_line(at as i64) as usize)
    }
}

impl AddAssign for Rest {
    fn add_assign(&mut self, other: Rest) {
        self.before += other.before;
        self.after.iter_mut().zip(other.after).for_each(|(sum, bar)| *sum += bar);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_is_a_bar_line_near_the_middle() {
        let metres = Metres::default();
        for (steps, line) in [(256, 128), (240, 112), (250, 128), (20, 16), (8, 8)] {
            assert_eq!(half(&metres, steps), line, "{steps}");
        }
    }

    #[test]
    fn onsets_are_counted_on_both_sides() {
        let mut chords = vec![Chord::SILENT; 16 * 12];
        for step in [0, 70, 96, 97, 130] {
            chords[step].strike(60);
        }
        let rest = Rest::of(&chords, &Metres::default(), 96);
        assert_eq!(rest.before, Share { part: 1, all: 4 });
        assert_eq!(rest.after.map(|bar| bar.part), [2, 0, 1, 0]);
        assert_eq!(Rest::end(&Metres::default(), 96), 160);
    }

    #[test]
    fn a_turn_is_over_when_a_bar_is_nearly_as_good_as_before() {
        let bars = |shares: [u64; BARS_AFTER]| After {
            bars: shares.map(|part| Fit { in_key: Share { part, all: 100 }, ..Fit::default() }),
        };
        let plain = bars([100; BARS_AFTER]);
        assert_eq!(bars([50, 94, 95, 90, 0, 0, 0, 0]).bars_to_recover(&plain), Some(3));
        assert_eq!(bars([94; BARS_AFTER]).bars_to_recover(&plain), None);
    }
}
