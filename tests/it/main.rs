//! Behaviour of the core at its boundaries, linked once.

mod audition;
mod circles;
mod jam;
mod model;
mod music;
// The framework, where it is linked, has a global allocator of its own.
#[cfg(not(feature = "plugin"))]
mod realtime;
mod support;
mod tidy;
