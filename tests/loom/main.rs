//! Performer and worker in every order of events, as far as `loom` reaches: their own code on
//! stand-ins for atomics, rings, threads and time (`jam/sync/stand_in.rs`), whose rings hold a
//! single message.
//!
//! `cargo xtask test loom` runs it.

mod live;
mod network;
mod stage;
mod waits;
mod wrong;
