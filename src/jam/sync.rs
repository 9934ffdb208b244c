//! What the audio thread and the worker meet in: atomics, rings, threads and their sleep.
//!
//! With the feature `loom` they are stand-ins (`sync/stand_in.rs`), with which `tests/loom` runs
//! performer and worker in every order of events. Only this file knows that there are two kinds.

#[cfg(feature = "loom")]
pub mod stand_in;

#[cfg(feature = "loom")]
pub(crate) use stand_in::*;
#[cfg(not(feature = "loom"))]
pub(crate) use {
    ringbuf::traits::{Consumer, Producer},
    ringbuf::{HeapCons, HeapProd},
    std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64},
    std::thread::{JoinHandle, park_timeout, sleep},
    std::time::Instant,
};

/// The two ends of a ring of `capacity` messages.
#[cfg(not(feature = "loom"))]
pub(crate) fn ring<T>(capacity: usize) -> (HeapProd<T>, HeapCons<T>) {
    ringbuf::traits::Split::split(ringbuf::HeapRb::new(capacity))
}

/// Starts a thread.
///
/// # Errors
/// When the system has none to give.
#[cfg(not(feature = "loom"))]
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    job: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.into()).spawn(job)
}
