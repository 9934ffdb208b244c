//! What is held out, and how well it is predicted: as a whole, and as the accompaniment of a
//! musician, who is known in the step itself or a step late.

use anacrusis::model::Config;
use anacrusis::model::loss::Nats;
use anyhow::Result;

use super::backend::Backend;
use super::parameters::Parameters;
use crate::arrangement::Arrangement;
use crate::sequence::Sequence;

/// Pieces that are held out.
#[derive(Clone, Debug)]
pub struct Heldout<'a> {
    pieces: Vec<Arrangement<'a>>,
}

/// Nats of what was held out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scored {
    /// Of all music, nobody told apart.
    pub solo: Nats,
    /// Of the accompaniment of a musician who is known in the step itself, and of one who is known
    /// a step late; only of networks that tell one apart.
    pub duet: Option<[Nats; 2]>,
}

impl Scored {
    /// The figure that networks are chosen by: nats per step, all of music and its accompaniments
    /// counting alike.
    pub fn nats_step(&self) -> f64 {
        match &self.duet {
            None => self.solo.nats_step(),
            Some([known, late]) => {
                0.5 * self.solo.nats_step() + 0.25 * (known.nats_step() + late.nats_step())
            }
        }
    }
}

impl<'a> Heldout<'a> {
    /// These pieces.
    pub fn new(pieces: Vec<Arrangement<'a>>) -> Heldout<'a> {
        Heldout { pieces }
    }

    /// The pieces.
    pub fn pieces(&self) -> &[Arrangement<'a>] {
        &self.pieces
    }

    /// Steps of all pieces together.
    pub fn steps(&self) -> usize {
        self.pieces.iter().map(|piece| piece.roll.len()).sum()
    }

    /// The first `limit` predictions of each piece, or all.
    pub fn solo(&self, config: &Config, limit: Option<usize>) -> Vec<Sequence> {
        let whole = |piece: &Arrangement<'_>| {
            let steps = limit.map_or(usize::MAX, |limit| limit + 1).min(piece.roll.len());
            Sequence::window(config, piece.roll, piece.metres, 0, steps)
        };
        self.pieces.iter().map(whole).collect()
    }

    /// Scores the first `limit` predictions of each piece, or all.
    ///
    /// # Errors
    /// As [`Backend::nats`].
    pub fn score(
        &self,
        config: &Config,
        backend: &mut dyn Backend,
        parameters: &Parameters,
        limit: Option<usize>,
    ) -> Result<Scored> {
        let mut sum = |sequences: Vec<Sequence>| -> Result<Nats> {
            let sequences: Vec<&Sequence> = sequences.iter().collect();
            let mut sum = Nats::default();
            backend.nats(parameters, &sequences, limit)?.into_iter().for_each(|n| sum.add(n));
            Ok(sum)
        };
        let solo = sum(self.solo(config, limit))?;
        let mut duet = |known: bool| {
            sum(self.pieces.iter().map(|piece| piece.piece(config, known, limit)).collect())
        };
        let duet = if config.hears() { Some([duet(true)?, duet(false)?]) } else { None };
        Ok(Scored { solo, duet })
    }
}
