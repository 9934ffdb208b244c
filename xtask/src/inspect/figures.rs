//! What can be counted in pieces of music.

use std::collections::BTreeMap;

use anacrusis::music::{Chord, STEPS_PER_BAR};
use serde::Serialize;

use crate::corpus::Piece;

/// Counts over all steps of some pieces.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Figures {
    pub steps: usize,
    /// Keys that sound in a step.
    pub polyphony: Polyphony,
    /// Notes that begin, by step.
    pub onsets_per_step: f64,
    /// Share of the steps at which a note begins.
    pub steps_with_onset: f64,
    /// Share of the steps at which no key sounds.
    pub silent_steps: f64,
    /// Bars of sixteen steps, the last of a piece perhaps shorter.
    pub bars: usize,
    /// Of these, bars in which nothing sounds.
    pub silent_bars: usize,
    /// Of the steps at which a note begins, but the first of a piece: the share at which the
    /// same keys sound as at the one before.
    pub repeated_chords: f64,
    /// Lowest and highest key that sounds, as MIDI numbers.
    pub lowest_key: Option<u8>,
    pub highest_key: Option<u8>,
    /// Notes outside the keys of the network.
    pub dropped_notes: u64,
    /// Pieces by time signature; a piece with several counts for each of them.
    pub metres: BTreeMap<String, usize>,
    /// Pieces whose file tells none.
    pub without_metre: usize,
    /// Pieces that end early, where a metre that is not read begins.
    pub cut_at_metre: usize,
}

/// How many keys sound in a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Polyphony {
    pub mean: f64,
    pub median: usize,
    pub percentile_95: usize,
    pub max: usize,
}

impl Figures {
    pub(super) fn of<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> Figures {
        // Steps by the number of keys that sound.
        let mut sounding = [0usize; 129];
        let (mut onsets, mut steps_with_onset, mut dropped_notes) = (0, 0, 0);
        let (mut without_metre, mut cut_at_metre) = (0, 0);
        let (mut bars, mut silent_bars) = (0, 0);
        let (mut changes, mut repeated) = (0, 0);
        let mut keys = 0u128;
        let mut metres: BTreeMap<String, usize> = BTreeMap::new();
        for piece in pieces {
            for bar in piece.roll.chords.chunks(usize::from(STEPS_PER_BAR)) {
                bars += 1;
                silent_bars += usize::from(bar.iter().all(Chord::is_empty));
            }
            let struck = piece.roll.chords.iter().filter(|chord| chord.struck() != 0);
            for (before, after) in struck.clone().zip(struck.skip(1)) {
                changes += 1;
                repeated += usize::from(before.playing() == after.playing());
            }
            for chord in &piece.roll.chords {
                let struck = chord.struck().count_ones() as usize;
                sounding[chord.playing().count_ones() as usize] += 1;
                onsets += struck;
                steps_with_onset += usize::from(struck > 0);
                keys |= chord.playing();
            }
            for metre in &piece.metres {
                *metres.entry(metre_name(*metre)).or_default() += 1;
            }
            without_metre += usize::from(piece.metres.is_empty());
            cut_at_metre += usize::from(piece.metre_stop.is_some());
            dropped_notes += piece.dropped_notes;
        }
        let steps: usize = sounding.iter().sum();
        let share = |count: usize| count as f64 / steps.max(1) as f64;
        let notes = sounding.iter().enumerate().map(|(keys, steps)| keys * steps).sum();
        Figures {
            steps,
            polyphony: Polyphony {
                mean: share(notes),
                median: percentile(&sounding, 50),
                percentile_95: percentile(&sounding, 95),
                max: sounding.iter().rposition(|steps| *steps > 0).unwrap_or(0),
            },
            onsets_per_step: share(onsets),
            steps_with_onset: share(steps_with_onset),
            silent_steps: share(sounding[0]),
            bars,
            silent_bars,
            repeated_chords: repeated as f64 / changes.max(1) as f64,
            // Below 128.
            lowest_key: (keys != 0).then(|| keys.trailing_zeros() as u8),
            highest_key: (keys != 0).then(|| 127 - keys.leading_zeros() as u8),
            dropped_notes,
            metres,
            without_metre,
            cut_at_metre,
        }
    }
}

/// The lowest number that at least `percent` of all steps do not exceed, given the steps by
/// number.
fn percentile(counts: &[usize], percent: usize) -> usize {
    let all: usize = counts.iter().sum();
    let mut below = 0;
    counts
        .iter()
        .position(|steps| {
            below += steps;
            below * 100 >= all * percent
        })
        .unwrap_or(0)
}

fn metre_name((beats, power): (u8, u8)) -> String {
    match 1u32.checked_shl(power.into()) {
        Some(note) => format!("{beats}/{note}"),
        None => format!("{beats}/2^{power}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_ordered_steps() {
        // 0 0 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 7: nineteen of twenty do not exceed 1.
        assert_eq!(percentile(&[2, 17, 0, 0, 0, 0, 0, 1], 95), 1);
        assert_eq!(percentile(&[2, 16, 0, 0, 0, 0, 0, 2], 95), 7);
        assert_eq!(percentile(&[3, 3], 50), 0);
        assert_eq!(percentile(&[3, 4], 50), 1);
        assert_eq!(percentile(&[0, 0], 50), 0);
    }

    #[test]
    fn metres_are_told_as_they_are_written() {
        assert_eq!(metre_name((6, 3)), "6/8");
        assert_eq!(metre_name((0, 255)), "0/2^255");
    }
}
