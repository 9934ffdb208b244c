//! What can be counted in pieces of music.

use std::collections::{BTreeMap, BTreeSet};

use anacrusis::music::Chord;
use anacrusis::music::smf::Repairs;
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
    /// Bars of its metres, the first and the last of a piece perhaps shorter.
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
    /// Pieces by the name of a part.
    pub parts: BTreeMap<String, usize>,
    /// What was mended in their files, where anything was.
    pub repairs: Vec<Mended>,
    /// Pieces that lay beside the grid as a whole and were shifted onto it.
    pub shifted: Vec<String>,
    /// Pieces that follow no grid and were taken all the same.
    pub without_grid: Vec<String>,
    /// Bars before the first note that were left out, and in how many pieces.
    pub empty_bars: u64,
    pub with_empty_bars: usize,
}

/// One kind of repair.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Mended {
    pub what: String,
    pub count: u64,
    pub pieces: usize,
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
        let mut without_metre = 0;
        let (mut bars, mut silent_bars) = (0, 0);
        let (mut changes, mut repeated) = (0, 0);
        let mut keys = 0u128;
        let mut metres: BTreeMap<String, usize> = BTreeMap::new();
        let mut parts: BTreeMap<String, usize> = BTreeMap::new();
        let mut repairs = Repairs::default().counts().map(|(what, _)| (what, 0, 0));
        let (mut shifted, mut without_grid) = (Vec::new(), Vec::new());
        let (mut empty_bars, mut with_empty_bars) = (0, 0);
        for piece in pieces {
            let length = piece.roll.len() as i64;
            for bar in piece.metres.bars(length) {
                let chords = piece.roll.chords.get(bar.start as usize..bar.end as usize);
                bars += 1;
                silent_bars += usize::from(chords.unwrap_or_default().iter().all(Chord::is_empty));
            }
            let sounding_parts = piece.parts.iter().filter(|part| !part.velocities.is_empty());
            let names: BTreeSet<&str> = sounding_parts.map(|part| part.name.as_str()).collect();
            for name in names {
                *parts.entry(name.to_owned()).or_default() += 1;
            }
            let counts = piece.reading.repairs.counts();
            for ((_, all, in_pieces), (_, count)) in repairs.iter_mut().zip(counts) {
                *all += count;
                *in_pieces += usize::from(count > 0);
            }
            if piece.reading.fit.is_shifted() {
                shifted.push(piece.shown_path());
            }
            if !piece.reading.fit.follows_sixteenths() {
                without_grid.push(piece.shown_path());
            }
            empty_bars += piece.reading.empty_bars;
            with_empty_bars += usize::from(piece.reading.empty_bars > 0);
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
            if piece.reading.metre_told {
                let in_force = piece.metres.signatures().filter(|(from, _)| *from < length);
                let names: BTreeSet<String> =
                    in_force.map(|(_, signature)| signature.to_string()).collect();
                for name in names {
                    *metres.entry(name).or_default() += 1;
                }
            }
            without_metre += usize::from(!piece.reading.metre_told);
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
            parts,
            repairs: repairs
                .into_iter()
                .filter(|(_, count, _)| *count > 0)
                .map(|(what, count, pieces)| Mended { what: what.to_owned(), count, pieces })
                .collect(),
            shifted,
            without_grid,
            empty_bars,
            with_empty_bars,
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
}
