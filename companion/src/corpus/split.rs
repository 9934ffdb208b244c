//! Which pieces are trained on, and which are held out.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::{Corpus, Piece};

/// Splits a corpus by work into what is trained on and what is held out, each in the order
/// of the corpus.
///
/// Whether a work is held out depends on `seed` and its own notes alone, so adding files
/// moves none of those that were there. `heldout_share` (0 to 1) is the chance of a work,
/// so small corpora may miss it; from two works on each side gets at least one.
pub fn split(corpus: &Corpus, heldout_share: f64, seed: u64) -> (Vec<&Piece>, Vec<&Piece>) {
    // Works by the number that decides them, lowest first.
    let lots: BTreeMap<(u64, u64), u64> = corpus
        .pieces
        .iter()
        .map(|piece| ((lot(piece.work, seed), piece.work), piece.work))
        .collect();
    let share = if heldout_share.is_nan() { 0.0 } else { heldout_share.clamp(0.0, 1.0) };
    let drawn = lots.keys().filter(|(lot, _)| (*lot as f64) < share * 2f64.powi(64)).count();
    let heldout_count = match lots.len() {
        0 | 1 => 0,
        works => drawn.clamp(1, works - 1),
    };
    let heldout: BTreeSet<u64> = lots.into_values().take(heldout_count).collect();
    corpus.pieces.iter().partition(|piece| !heldout.contains(&piece.work))
}

/// A uniform number for a work.
fn lot(work: u64, seed: u64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(work.to_le_bytes());
    let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = hash.finalize().into();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
