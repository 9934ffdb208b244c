//! Who accompanies the melodies: a network by itself, or whatever else plays a chord a step.

use anacrusis::model::loss::Nats;
use anacrusis::music::{Chord, Metres};
use anyhow::Result;

use super::hands::displaced;
use super::history;
use super::network::Network;
use super::pieces::Piece;
use super::simulate::{Performance, Score, SimulationOptions, perform};
use super::together::Fit;

/// Plays to melodies. What it plays depends on what it is given alone, and on nothing before.
pub trait Accompanist {
    /// How many of them keep a core busy.
    const PER_CORE: usize = 1;

    /// The highest key that a turned melody shall have.
    fn highest(&self) -> u8;

    /// What it plays to each of `melodies`, one chord a step and without the keys that the melody
    /// has. The melodies are alike before step `alike`.
    ///
    /// # Errors
    /// If it cannot play.
    fn play<const COUNT: usize>(
        &mut self,
        melodies: [&[Chord]; COUNT],
        alike: usize,
        metres: &Metres,
        seed: u64,
    ) -> Result<[Vec<Chord>; COUNT]>;

    /// What it plays to hands that are early and late. How much they are depends on `seed` and the
    /// number of the piece.
    ///
    /// # Errors
    /// If it cannot play.
    fn play_to_hands(
        &mut self,
        melody: &[Chord],
        metres: &Metres,
        seed: u64,
        piece: u64,
    ) -> Result<Vec<Chord>>;

    /// What it decides after `history`, another piece's accompaniment, in place of its own; if it
    /// can be told what it played.
    fn after_wrong_history(
        &mut self,
        _piece: &Piece,
        _history: &[Chord],
        _seed: u64,
    ) -> Option<Fit> {
        None
    }

    /// How surprising the piece's accompaniment by people is to it under its own melody, and under
    /// `other`; if it tells how probable notes are, and there is such an accompaniment.
    fn surprise(&mut self, _piece: &Piece, _other: &[Chord]) -> Option<[Nats; 2]> {
        None
    }
}

/// A network and nothing around it.
pub struct Alone<N> {
    /// The network.
    pub network: N,
    /// How it plays.
    pub manner: SimulationOptions,
}

impl<N: Network> Accompanist for Alone<N> {
    fn highest(&self) -> u8 {
        let range = self.network.range();
        range.low + (range.count - 1)
    }

    fn play<const COUNT: usize>(
        &mut self,
        melodies: [&[Chord]; COUNT],
        alike: usize,
        metres: &Metres,
        seed: u64,
    ) -> Result<[Vec<Chord>; COUNT]> {
        let Alone { network, manner } = self;
        let mut begun: Option<Performance<N::State>> = None;
        Ok(melodies.map(|melody| {
            let score = Score::new(network, manner.reaction, melody, metres);
            // The same up to there: played once.
            let begun = begun.get_or_insert_with(|| {
                let mut begun = Performance::begin(network, manner, &score, seed);
                begun.play(network, manner, (&score, None), alike);
                begun
            });
            let mut performance = begun.clone();
            performance.play(network, manner, (&score, None), usize::MAX);
            performance.played
        }))
    }

    fn play_to_hands(
        &mut self,
        melody: &[Chord],
        metres: &Metres,
        seed: u64,
        piece: u64,
    ) -> Result<Vec<Chord>> {
        let Alone { network, manner } = self;
        let score = Score::new(network, manner.reaction, melody, metres);
        let late = displaced(&score, seed, piece);
        Ok(perform(network, manner, (&late, None), seed))
    }

    fn after_wrong_history(&mut self, piece: &Piece, history: &[Chord], seed: u64) -> Option<Fit> {
        Some(history::wrong(&mut self.network, &self.manner, (piece, history), seed))
    }

    fn surprise(&mut self, piece: &Piece, other: &[Chord]) -> Option<[Nats; 2]> {
        let accompaniment = piece.accompaniment.as_deref()?;
        let reaction = self.manner.reaction;
        Some(history::exchanged(&mut self.network, reaction, (piece, accompaniment), other))
    }
}
