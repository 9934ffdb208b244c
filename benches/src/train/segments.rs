//! What both sides learn: segments of real pieces, in a file that other languages read.

use std::path::PathBuf;

use anacrusis::music::{Chord, KeyRange, PianoRoll, STEPS_PER_BAR};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::task::Masks;
use anacrusis_companion::corpus::{Corpus, Options};

/// A batch: segments of one length, each from a bar line on.
#[derive(Clone, Debug, PartialEq)]
pub struct Segments(pub Vec<PianoRoll>);

#[derive(Serialize, Deserialize)]
struct Written {
    segments: Vec<Vec<Masks>>,
}

impl Segments {
    /// Takes `count` segments of `steps` steps, spread evenly over all that the data holds;
    /// some more than once if it holds fewer.
    ///
    /// # Errors
    /// If no piece is long enough.
    pub fn read(data: &[PathBuf], range: KeyRange, count: usize, steps: usize) -> Result<Segments> {
        let options = Options { range, min_steps: steps, ..Options::default() };
        let corpus = Corpus::read(data, &options)?;
        let bar = usize::from(STEPS_PER_BAR);
        let all: Vec<&[Chord]> = corpus
            .pieces
            .iter()
            .flat_map(|piece| piece.roll.chords.windows(steps).step_by(bar))
            .collect();
        let place = |index: usize| index * all.len() / count;
        Ok(Segments((0..count).map(|n| all[place(n)].iter().copied().collect()).collect()))
    }

    /// As JSON, for other processes.
    ///
    /// # Errors
    /// If it cannot be written so.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let masks = |roll: &PianoRoll| roll.chords.iter().copied().map(Masks::from).collect();
        let segments = self.0.iter().map(masks).collect();
        Ok(serde_json::to_vec(&Written { segments })?)
    }

    /// Reads what [`Segments::to_json`] wrote.
    ///
    /// # Errors
    /// If it is something else.
    pub fn from_json(bytes: &[u8]) -> Result<Segments> {
        let written: Written = serde_json::from_slice(bytes).context("no segments")?;
        let roll = |masks: &Vec<Masks>| masks.iter().map(Masks::chord).collect();
        Ok(Segments(written.segments.iter().map(roll).collect::<Result<_>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xtask::workspace;

    #[test]
    fn segments_are_spread_over_the_data_and_survive_being_written() {
        let data = [workspace::root().join("tests/midi/chorales")];
        let range = KeyRange { low: 24, count: 78 };
        let read = |count, steps| Segments::read(&data, range, count, steps);
        let segments = read(5, 128).expect("long enough pieces");
        assert_eq!(segments.0.len(), 5);
        assert!(segments.0.iter().all(|roll| roll.len() == 128));
        let mut different: Vec<_> = segments.0.iter().map(|roll| &roll.chords).collect();
        different.dedup();
        assert_eq!(different.len(), 5);
        let json = segments.to_json().expect("json");
        assert_eq!(Segments::from_json(&json).expect("segments"), segments);
        assert!(Segments::from_json(b"{}").is_err());
        assert_eq!(read(1000, 128).expect("repeated").0.len(), 1000);
        let error = read(5, 4096).expect_err("no piece is that long").to_string();
        assert!(error.contains("4096"), "{error}");
    }
}
