//! `cargo xtask test --hosts`: programs of others that load what we ship.
//!
//! None of them is needed to build or to test Anacrusis: what is not installed is skipped, with
//! what to do about it.

use super::{Count, Options, Step, Work, ardour, jack, validators};
use anyhow::Result;

const fn host(name: &'static str, what: &'static str, work: fn(&Options) -> Result<Count>) -> Step {
    Step { name, what, work: Work::Host(work), environment: &[] }
}

/// Run with `--hosts`, or by name.
pub const STEPS: &[Step] = &[
    host("clap-validator", "clap-validator's tests, then its fuzzer", validators::clap),
    host("vst3-validator", "Steinberg's validator", validators::vst3),
    host("ardour", "Ardour records what the VST3 plays: ours, note for note", ardour::run),
    host("jack", "the standalone in a JACK server, heard from outside", jack::run),
];
