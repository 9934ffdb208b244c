//! **Anacrusis**: a music plugin that thinks one time-step ahead of the transport.
//!
//! > While the host plays step *n*, a worker thread has already decided step *n + 1*.
//! > The audio thread never runs the network: it plays the chord the worker has already
//! > chosen.
//!
//! Layers, each importing only from those under it:
//!
//! | layer | what it knows | thread |
//! |---|---|---|
//! | `standalone` | a program around the plugin: sound, MIDI, a transport of its own | all |
//! | `plugin` | the host: nih-plug's traits, process adapter, state | audio, main |
//! | `editor` | egui; reads snapshots, sets parameters | editor |
//! | `params` | the host-visible parameters | any |
//! | [`audition`] | a small synth for the notes sent | audio |
//! | [`jam`] | clock, link, planner, worker, player; no host types | audio + worker |
//! | [`model`] | features, network, engine, sampler, checkpoint | worker, trainer |
//! | [`music`] | grid, chord, roll, MIDI files | anywhere |
//!
//! `params`, `editor` and `plugin` exist with the cargo feature `plugin` (default). The
//! trainer, in the workspace member `companion`, shares `music` and `model`.
//! `ARCHITECTURE.md` follows one chord through these layers.
#![deny(unsafe_code)]
#![warn(clippy::print_stdout, clippy::print_stderr)]

#[cfg(all(feature = "loom", feature = "plugin"))]
compile_error!("with the feature `loom` nothing runs but tests/loom: use --no-default-features");

// The derive macros of nih-plug's continuation name their crate so.
#[cfg(feature = "plugin")]
extern crate nih_plug as nice_plug;

pub mod audition;
pub mod jam;
pub mod model;
pub mod music;

#[cfg(feature = "plugin")]
pub mod editor;
#[cfg(feature = "plugin")]
pub mod params;
#[cfg(feature = "plugin")]
pub mod plugin;
#[cfg(feature = "standalone")]
pub mod standalone;
