//! What `cargo xtask` does, one module per command, and what commands share.
//!
//! The commands that train, judge and try out models are the companion's, called from here
//! (`companion`).

#![allow(clippy::print_stdout)] // Standard output is what a command line is for.

pub mod bundle;
pub mod companion;
pub mod demo;
pub mod film;
pub mod install;
pub mod mutants;
pub mod presets;
pub mod programs;
pub mod screenshots;
pub mod setup;
pub mod soak;
pub mod standalone;
pub mod synth;
pub mod test;
pub mod workspace;
