//! The jam layer behind a scripted host, with positions worked out by hand as the oracle.

mod accompany;
mod again;
mod ahead;
mod beside;
mod conductor;
mod events;
mod groove;
mod hear;
pub mod host;
mod late;
mod loops;
mod loud;
mod metres;
mod pace;
pub mod plan;
mod preview;
mod random;
mod react;
mod rows;
mod shape;
mod take;
pub mod takes;
mod time;
pub mod work;
