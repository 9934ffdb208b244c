//! What several tests of the network need: pseudo-random networks, the same network in
//! double precision, and engines on every path that the processor offers.

pub mod networks;
pub mod reference;

use std::sync::Arc;

use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::{Checkpoint, Engine, Weights};

/// An engine for each set of instructions of this processor.
pub fn engines(checkpoint: &Checkpoint) -> impl Iterator<Item = (InstructionSet, Engine)> {
    InstructionSet::available()
        .map(|set| (set, Engine::with(Arc::new(Weights::pack(checkpoint, set)))))
}
