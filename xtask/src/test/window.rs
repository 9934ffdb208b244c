//! The built plugin's editor in a host's window: a screen that nobody sees, and `tests/window` in
//! it.

use super::screen::Screen;
use super::{Count, watch};
use crate::workspace;
use anyhow::Result;

/// Runs the tests on a screen of their own.
///
/// # Errors
/// A skip if the screen, or what draws on it, is not there and cannot be installed.
pub fn run() -> Result<Count> {
    let screen = Screen::start_for_windows(1600, 1200)?;
    let mut command = workspace::cargo();
    command.args(["test", "--no-default-features", "--test", "window"]);
    // One at a time: they look at all that this process holds.
    command.args(["--", "--nocapture", "--test-threads=1"]);
    // With one pool the allocator gives back what is free, and growth can be told from its stock.
    command.env("MALLOC_ARENA_MAX", "1");
    screen.lend(&mut command);
    watch(command)
}
