//! The program itself: what it is called, and how its commands end.

use std::process::ExitCode;

/// What it is called where it is installed.
pub const NAME: &str = "anacrusis";

/// The environment variable by which another program says under which name it starts this one:
/// `cargo xtask` does, so that help and advice name the command that was typed.
pub const CALLED_AS: &str = "ANACRUSIS_CALLED_AS";

/// The exit status of a command that was told to end, as shells have it after Ctrl-C.
pub const INTERRUPTED: i32 = 130;

/// That of one whose reader has gone, as shells have it.
const NO_READER: i32 = 141;

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
            eprintln!("error: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, but for those that it quotes already.
fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

/// Has the process end without a word when nobody reads what it prints any more, as after
/// `| head`: printing panics then, which would be told as a fault of the program.
pub fn end_quietly_without_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        if text.starts_with("failed printing to stdout") && text.contains("Broken pipe") {
            std::process::exit(NO_READER);
        }
        usual(panic);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_cause_that_is_quoted_is_told_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("it cannot be read ({0})")]
        struct Quoting(#[source] std::io::Error);
        let refused = || std::io::Error::other("refused");
        let error = Err::<(), _>(Quoting(refused())).context("no model").expect_err("an error");
        assert_eq!(told(&error), "no model: it cannot be read (refused)");
        let error = Err::<(), _>(refused()).context("no model").expect_err("an error");
        assert_eq!(told(&error), "no model: refused");
    }
}
