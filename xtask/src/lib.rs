//! What `cargo xtask` does, one module per command, and what commands share.
//!
//! Two binaries use this library: `xtask` (everything but candle) and `train` (feature
//! `train`: the trainer and the candle reference network), which `xtask` starts by calling
//! cargo again, so that bundling the plugin never compiles a machine-learning framework.

pub mod corpus;
pub mod score;
pub mod sequence;
#[cfg(feature = "train")]
pub mod train;
pub mod trainer;
