//! A scripted host: loads the *built* plugin from disk, as a CLAP or a VST3, and drives it
//! with a transport that a [`Script`] dictates block by block.
//!
//! ```no_run
//! use anacrusis_test_host::{Script, perform, open};
//!
//! # fn main() -> Result<(), anacrusis_test_host::HostError> {
//! let mut plugin = open("target/bundled/Anacrusis.clap".as_ref())?;
//! let script = Script::new(48_000.0, 64).tempo(120.0).play().beats(16.0).stop().blocks(4);
//! let recording = perform(plugin.as_mut(), &script)?;
//! assert_eq!(recording.notes().unmatched(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! Layers, top down: [`perform()`] runs a [`Script`] on a [`Plugin`], whichever format it has,
//! and writes a [`Recording`], which the [`oracle`] judges; the fronts in [`clap`], [`vst3`] and
//! [`performer`] translate one [`Block`](plugin::Block) each. The host makes no sound: plugins get a silent input-less
//! stereo output, because hosts do and because the frame count travels with it.
//!
//! [`perform_aside`] plays on a thread of its own, as live hosts do, and `window` (Linux) shows
//! the plugin's editor meanwhile, in a window of ours.
//!
//! This crate argues its `unsafe` block by block: it loads foreign code and speaks COM.

pub mod audio;
pub mod clap;
pub mod error;
pub mod meter;
pub mod musician;
mod open;
pub mod oracle;
pub mod perform;
pub mod performer;
pub mod plugin;
pub mod random;
pub mod recording;
pub mod rows;
pub mod script;
pub mod usage;
pub mod vst3;
#[cfg(target_os = "linux")]
pub mod window;

pub use audio::perform_aside;
pub use error::HostError;
pub use open::open;
pub use perform::{perform, perform_together};
pub use plugin::{Format, Plugin};
pub use recording::{Kind, Recorded, Recording};
pub use script::Script;
