//! The network against the golden vectors of `tests/golden` (see its README), and what a
//! checkpoint refuses.

mod checkpoint;
mod golden;
mod kernel;
mod paths;
