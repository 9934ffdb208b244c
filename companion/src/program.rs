//! The program itself: what it is called, and how its commands end.

use std::process::ExitCode;
use std::sync::OnceLock;

/// What it is called where it is installed.
pub const NAME: &str = "anacrusis";

/// The environment variable by which another program says under which name it starts this one:
/// `cargo xtask` does, so that help and advice name the command that was typed.
pub const CALLED_AS: &str = "ANACRUSIS_CALLED_AS";

/// The exit status of a command that was told to end, as shells have it after Ctrl-C.
pub const INTERRUPTED: i32 = 130;

/// That of one whose reader has gone, as shells have it.
const NO_READER: i32 = 141;

static CALLED: OnceLock<String> = OnceLock::new();

/// The words before the name of a command, as they were typed.
pub fn called_as() -> &'static str {
    CALLED.get_or_init(|| std::env::var(CALLED_AS).unwrap_or_else(|_| NAME.to_owned()))
}

/// Says that this process has the commands under another name. Counts if it comes before anything
/// asks.
pub fn call_it(name: &str) {
    let _ = CALLED.set(name.to_owned());
}

/// A command line whose examples are as they are to be typed, with its subcommands'.
pub fn with_examples(command: clap::Command) -> clap::Command {
    with_examples_of(command, called_as())
}

fn with_examples_of(command: clap::Command, name: &str) -> clap::Command {
    command.mut_subcommands(|one| {
        let Some(after) = one.get_after_help().map(ToString::to_string) else { return one };
        let typed = [" ", "`"].iter().fold(after, |text, before| {
            text.replace(&format!("{before}{NAME} "), &format!("{before}{name} "))
        });
        one.after_help(typed)
    })
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
    fn examples_are_as_they_are_typed() {
        let help = "  anacrusis train --out anacrusis.st\n  mpirun -n 4 anacrusis train\n`anacrusis train` does";
        let command =
            || clap::Command::new("x").subcommand(clap::Command::new("train").after_help(help));
        let told = |name| {
            let command = with_examples_of(command(), name);
            let train = command.find_subcommand("train").expect("there");
            train.get_after_help().expect("there").to_string()
        };
        assert_eq!(told(NAME), help);
        assert_eq!(
            told("cargo xtask"),
            "  cargo xtask train --out anacrusis.st\n  mpirun -n 4 cargo xtask train\n`cargo xtask train` \
             does"
        );
    }

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
