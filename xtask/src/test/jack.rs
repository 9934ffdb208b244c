//! The standalone under JACK, without hardware: a server with the dummy driver, a screen that
//! nobody sees, and `tests/jack` in them.

use super::hosts::{Options, Program};
use super::{Count, Skip, watch};
use crate::{setup, workspace};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const SERVER: Program = Program {
    name: "jackd",
    variable: "JACKD",
    how: "install JACK (Debian, Ubuntu: jackd2) or set JACKD to where it is",
};

const SCREEN: Program = Program {
    name: "Xvfb",
    variable: "XVFB",
    how: "install it (Debian, Ubuntu: xvfb) or set XVFB to where it is",
};

/// Builds the standalone and plays it.
///
/// # Errors
/// A skip if JACK, Xvfb or the headers are not there; if server or screen do not start.
pub fn run(_: &Options) -> Result<Count> {
    if !cfg!(target_os = "linux") {
        bail!(Skip("only on Linux is JACK's dummy driver started".to_owned()));
    }
    let (server, screen) = (SERVER.find()?, SCREEN.find()?);
    if let Some(missing) = setup::missing_sound() {
        bail!(Skip(format!("the standalone's build lacks {missing}")));
    }
    let tests = ["test", "--release", "--features", "standalone", "--lib", "--test", "jack"];
    let build = workspace::cargo().args(tests).arg("--no-run").status()?;
    if !build.success() {
        bail!("the standalone or its tests were not built");
    }

    let name = format!("anacrusis-{}", std::process::id());
    let mut command = Command::new(server);
    // `-S`: no block is called done before each client has played its part, however slow; `-t`
    // says how long a client is waited for that is gone.
    command.args(["-n", &name, "--no-realtime", "-S", "-t", "5000"]);
    command.args(["-d", "dummy", "-r", "48000", "-p", "256"]);
    let _server = Running::start(command.stdout(Stdio::null()))?;
    let mut command = Command::new(screen);
    command.args(["-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"]);
    let mut screen = Running::start(command.stdout(Stdio::piped()))?;
    let display = screen.first_line().context("Xvfb told no display")?;

    let mut command = workspace::cargo();
    // The library's tests of that layer, which no other step builds, and all of tests/jack.
    command.args(tests).args(["--", "--nocapture", "standalone"]);
    command.env("JACK_DEFAULT_SERVER", &name).env("DISPLAY", format!(":{display}"));
    watch(command)
}

/// A program that is ended when this is dropped.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Result<Running> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stderr(Stdio::null());
        Ok(Running(command.spawn().with_context(|| format!("cannot start {name}"))?))
    }

    /// Waits for a line, or for the program's end.
    fn first_line(&mut self) -> Option<String> {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut()?).read_line(&mut line).ok()?;
        let line = line.trim();
        (!line.is_empty()).then(|| line.to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
