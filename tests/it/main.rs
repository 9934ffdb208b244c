//! Behaviour of the core at its boundaries, linked once.

mod model;
mod music;
mod tidy;
