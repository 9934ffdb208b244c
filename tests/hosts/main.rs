//! The bundles that users load, in a scripted host: loaded from disk as CLAP and as VST3,
//! driven with the same transport, judged by the host's own arithmetic.
//!
//! Needs `cargo xtask bundle` before. Links no plugin framework, and the core only to write a
//! network to a file.
//! Run with `--nocapture --test-threads=1` to see the figures.

#![allow(clippy::print_stdout)] // Figures are part of what these tests are for.

mod facts;
mod groove;
mod hand;
mod identity;
mod live;
mod loud;
mod many;
mod offline;
mod random;
mod react;
mod rows;
mod state;
mod support;
mod transport;

#[path = "../it/support/networks.rs"]
mod networks;

// Counts what the optimised plugin allocates inside `process`, in all of these tests.
anacrusis_test_host::count_allocations!();
