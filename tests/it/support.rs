//! What several tests of the network need: pseudo-random networks, the same network in
//! double precision, the golden vectors, and engines on every path that the processor offers.

pub mod networks;
pub mod reference;
pub mod vectors;

use std::sync::Arc;

use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::{Checkpoint, Draw, Engine, Weights};
use anacrusis::music::{Chord, KeyRange};

/// An engine for each set of instructions of this processor.
pub fn engines(checkpoint: &Checkpoint) -> impl Iterator<Item = (InstructionSet, Engine)> {
    InstructionSet::available()
        .map(|set| (set, Engine::with(Arc::new(Weights::pack(checkpoint, set)))))
}

/// A chord in which each key plays with probability `density`, half of them struck.
pub fn chord(draw: Draw, step: i64, range: KeyRange, density: f64) -> Chord {
    let mut chord = Chord::SILENT;
    for key in range.low..range.low + range.count {
        match draw.uniforms(step, key) {
            [plays, _] if plays >= density => {}
            [_, struck] if struck < 0.5 => chord.strike(key),
            _ => chord.hold(key),
        }
    }
    chord
}
