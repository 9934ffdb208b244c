//! People's accompaniments as a history: what a network makes of one that is wrong, and how well
//! it tells whose accompaniment it hears.

use anacrusis::model::Frame;
use anacrusis::model::loss::Nats;
use anacrusis::music::Chord;

use super::network::Network;
use super::pieces::Piece;
use super::simulate::{Reaction, Score, SimulationOptions, perform};
use super::together::Fit;

/// Each step of an accompaniment decided as if `history`, another piece's accompaniment, had been
/// played up to it.
pub fn wrong<N: Network>(
    network: &mut N,
    manner: &SimulationOptions,
    (piece, history): (&Piece, &[Chord]),
    seed: u64,
) -> Fit {
    let steps = piece.melody.chords.len().min(history.len());
    let chords = &piece.melody.chords[..steps];
    let score = Score::new(network, manner.reaction, chords, &piece.melody.metres);
    Fit::of(&piece.melody, &perform(network, manner, (&score, Some(history)), seed))
}

/// How surprising an accompaniment is under its own melody, and under another: nats of both over
/// the same keys, those that are nobody's but the accompaniment's under either, and steps. The
/// network's own distribution, unguided.
pub fn exchanged<N: Network>(
    network: &mut N,
    reaction: Reaction,
    (piece, accompaniment): (&Piece, &[Chord]),
    other: &[Chord],
) -> [Nats; 2] {
    let steps = piece.melody.chords.len().min(other.len());
    let metres = &piece.melody.metres;
    let scores = [&piece.melody.chords[..steps], &other[..steps]]
        .map(|melody| Score::new(network, reaction, melody, metres));
    let taken = |step: usize| {
        let keys = |score: &Score| score.heard[step].union(score.given[step].chord).playing();
        keys(&scores[0]) | keys(&scores[1])
    };
    let taken: Vec<u128> = (0..steps).map(taken).collect();
    scores.each_ref().map(|score| surprise(network, score, accompaniment, &taken))
}

fn surprise<N: Network>(
    network: &mut N,
    score: &Score,
    accompaniment: &[Chord],
    taken: &[u128],
) -> Nats {
    let range = network.range();
    let mut nats = Nats::default();
    let (mut state, _) = network.begin(1, score.metres.position(-1), true);
    for (step, taken) in taken.iter().enumerate() {
        let heard = score.heard[step];
        let own = accompaniment[step].without(heard.playing()).within(range);
        network.choose(&state, None, &score.given[step], &mut |index, [logits, _]| {
            // The range lies within 0..128.
            let key = range.low + index as u8;
            let (plays, struck) = (own.plays(key), own.strikes(key));
            if taken >> key & 1 == 0 {
                nats.add_key(logits, plays, struck);
            }
            (plays, struck)
        });
        nats.steps += 1;
        let position = score.metres.position(step as i64);
        network.feed(&mut state, &Frame { own, heard, musician: true, position, start: false });
    }
    nats
}
