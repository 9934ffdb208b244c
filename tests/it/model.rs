//! The network against the golden vectors of `tests/golden` (see its README) and against
//! double precision on every path, what an engine promises, and what a checkpoint refuses.

mod checkpoint;
mod density;
mod draws;
mod engine;
mod golden;
mod kernel;
mod listener;
mod paths;
mod rules;
