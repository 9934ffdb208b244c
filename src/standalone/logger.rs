//! The framework's messages, without those untrue here.

use std::io::{self, Write};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::SubscriberInitExt;

/// It wants Ctrl-C for itself, which we have so that notes end first; and it names options
/// that ours stand for.
const SUPPRESSED_MESSAGES: [&str; 2] = ["close signal callback", "Use the '--midi-"];

/// Sends the framework's messages to the terminal. False if somebody else does already.
pub fn start() -> bool {
    fmt()
        .with_max_level(LevelFilter::INFO)
        .with_target(false)
        .without_time()
        .with_ansi(false)
        .with_writer(|| Sieve)
        .finish()
        .try_init()
        .is_ok()
}

/// Writes whole lines, but for [`SUPPRESSED_MESSAGES`] ones.
struct Sieve;

impl Write for Sieve {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if !SUPPRESSED_MESSAGES.iter().any(|untrue| text.contains(untrue)) {
            io::stderr().write_all(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
