//! The trainer.

pub mod layer;
pub mod network;
pub mod random;
pub mod step;
