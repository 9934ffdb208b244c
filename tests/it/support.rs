//! What several tests of the network need: pseudo-random networks, the same network in
//! double precision, the golden vectors, and engines on every path that the processor offers.

pub mod networks;
pub mod reference;
pub mod vectors;

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::{Checkpoint, Draw, Engine, Weights};
use anacrusis::music::{Chord, KeyRange};

/// How long anything is waited for: for slow machines with other work to do. Nobody measures it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `done`.
///
/// # Panics
/// With `what` did not happen, when patience is at an end.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    // What is there almost at once is not slept for.
    if (0..100).any(|_| {
        done() || {
            std::thread::yield_now();
            false
        }
    }) {
        return;
    }
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "in vain waited for: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What comes of `job`, which could go on for ever if something were wrong.
///
/// # Panics
/// With `what` does not end, when patience is at an end; and if `job` panics.
pub fn within_reason<T: Send + 'static>(what: &str, job: impl FnOnce() -> T + Send + 'static) -> T {
    let (to, from) = mpsc::channel();
    let thread = std::thread::spawn(move || to.send(job()));
    match from.recv_timeout(PATIENCE) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("does not end: {what}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let panicked = thread.join().expect_err("nothing was sent");
            std::panic::resume_unwind(panicked)
        }
    }
}

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
