//! The two threads and the contract between them.
//!
//! ```text
//! host ── Transport, Controls, Input ──> Performer ── Request ──> Worker
//!                                        (audio)    <── Planned ── (thinks)
//!                                          │ NoteEvent
//!                                          v
//!                                        NoteSink
//! ```
//!
//! The audio thread owns a [`Performer`](performer::Performer) and nothing else: it looks at
//! the clock, requests the chord that is due one look-ahead from now, and plays those that
//! came. The [`Worker`](worker::Worker) owns everything that is large or slow. Between the
//! two lie a pair of rings of `Copy` messages ([`link`]) and a few atomics.
//!
//! An *epoch* is a stretch of unbroken playback; a *pass* counts how often playback has
//! wrapped or jumped since it last started from a stop.

pub mod clock;
pub mod commitments;
pub mod conductor;
pub mod controls;
pub mod groove;
pub mod hearing;
pub mod held;
pub mod input;
pub mod link;
pub mod loudness;
pub mod performer;
pub mod planner;
pub mod player;
mod priority;
pub mod room;
pub mod status;
pub mod sync;
pub mod take;
pub mod thru;
pub mod touch;
pub mod transport;
pub mod turns;
pub mod worker;

/// Where `index`, which may be negative, lies in a ring of `len`, which is not 0.
fn slot(index: i64, len: usize) -> usize {
    // Below `len`, so the cast keeps every bit.
    index.rem_euclid(len as i64) as usize
}
