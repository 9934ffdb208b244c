//! The jam layer behind a scripted host, with positions worked out by hand as the oracle.

mod events;
pub mod host;
mod late;
mod loops;
mod plan;
mod random;
mod time;
mod work;
