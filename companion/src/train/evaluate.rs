//! Scoring held-out pieces in candle: each piece one sequence from zero state, in chunks that
//! hand their state on, so that memory stays bounded.

use std::sync::atomic::{AtomicUsize, Ordering};

use anacrusis::model::loss::Nats;
use anyhow::{Result, anyhow};

use super::network::Network;
use super::step::loss_sums;
use crate::sequence::Sequence;

/// Steps of a chunk: 30 MB a layer of 128 units.
pub const CHUNK: usize = 256;

/// Nats of each of `pieces`, in their order, by `threads` threads of the CPU, or on a GPU by the
/// one that asks; of each only the first
/// `limit` predictions, if there is a limit.
///
/// # Errors
/// If a tensor operation fails.
pub fn evaluate(
    network: &Network,
    pieces: &[&Sequence],
    limit: Option<usize>,
    threads: usize,
) -> Result<Vec<Nats>> {
    if !network.device().is_cpu() {
        return pieces.iter().map(|sequence| piece(network, sequence, limit)).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, Nats)>> {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(sequence) = pieces.get(index) else { return Ok(done) };
            done.push((index, piece(network, sequence, limit)?));
        }
    };
    let parts: Vec<Result<Vec<(usize, Nats)>>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |handle: std::thread::ScopedJoinHandle<'_, _>| {
            handle.join().map_err(|_| anyhow!("an evaluating thread panicked"))?
        };
        handles.into_iter().map(join).collect()
    });
    let mut nats = vec![Nats::default(); pieces.len()];
    for part in parts {
        part?.into_iter().for_each(|(index, piece)| nats[index] = piece);
    }
    Ok(nats)
}

fn piece(network: &Network, sequence: &Sequence, limit: Option<usize>) -> Result<Nats> {
    let mut nats = Nats::default();
    let mut states = None;
    for chunk in sequence.stretches(limit.unwrap_or(usize::MAX), CHUNK) {
        let steps = chunk.scored() as u64;
        let pass = network.forward(&[chunk], states.as_deref(), None, false)?;
        let [play, articulate] = loss_sums(&pass)?;
        let articulate = if network.play_only { 0.0 } else { articulate.to_scalar()? };
        nats.add(Nats { play: play.to_scalar()?, articulate, steps });
        states = Some(pass.states);
    }
    Ok(nats)
}
