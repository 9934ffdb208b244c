//! The program itself: what it is called, and how its commands end.

use std::process::ExitCode;

/// What it is called where it is installed.
pub const NAME: &str = "anacrusis";

/// The environment variable by which another program says under which name it starts this one:
/// `cargo xtask` does, so that help and advice name the command that was typed.
pub const CALLED_AS: &str = "ANACRUSIS_CALLED_AS";

/// The words before the name of a command, as they were typed.
pub fn called_as() -> String {
    std::env::var(CALLED_AS).unwrap_or_else(|_| NAME.to_owned())
}

/// Ends a command: an error is told in one piece, without the backtrace that only its
/// programmer could use.
pub fn exit_code(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
