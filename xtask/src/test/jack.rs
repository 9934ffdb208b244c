//! The standalone under JACK, without hardware: a server with the dummy driver, a screen that
//! nobody sees, and `tests/jack` in them.

use super::Options;
use super::program::Program;
use super::screen::{Running, Screen};
use super::{Count, Skip, watch};
use crate::{setup, workspace};
use anyhow::{Result, bail};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::{Command, Stdio};

const SERVER: Program = Program {
    name: "jackd",
    variable: "JACKD",
    how: "install JACK (Debian, Ubuntu: jackd2) or set JACKD to where it is",
};

/// Builds the standalone and plays it.
///
/// # Errors
/// A skip if JACK, Xvfb or the headers are not there; if server or screen do not start.
pub fn run(_: &Options) -> Result<Count> {
    if !cfg!(target_os = "linux") {
        bail!(Skip("only on Linux is JACK's dummy driver started".to_owned()));
    }
    let server = SERVER.find()?;
    // First of all, so that nothing is built for nothing.
    let screen = Screen::start(1600, 1200)?;
    if let Some(missing) = setup::missing_sound() {
        bail!(Skip(format!("the standalone's build lacks {missing}")));
    }
    let tests = ["test", "--release", "--features", "standalone", "--lib", "--test", "jack"];
    let build = workspace::cargo().args(tests).arg("--no-run").status()?;
    if !build.success() {
        bail!("the standalone or its tests were not built");
    }

    let name = server_name(&workspace::root());
    let mut command = Command::new(server);
    // `-S`: no block is called done before each client has played its part, however slow; `-t`
    // says how long a client is waited for that is gone.
    command.args(["-n", &name, "--no-realtime", "-S", "-t", "5000"]);
    command.args(["-d", "dummy", "-r", "48000", "-p", "256"]);
    let _server = Running::start(command.stdout(Stdio::null()))?;

    let mut command = workspace::cargo();
    // The library's tests of that layer, which no other step builds, and all of tests/jack.
    command.args(tests).args(["--", "--nocapture", "standalone"]);
    command.env("JACK_DEFAULT_SERVER", &name).env("DISPLAY", &screen.display);
    watch(command)
}

/// A name of this folder's own. JACK counts a server that was killed until another of its name
/// starts, and starts no more after eight: one name for each run would use them up.
fn server_name(folder: &Path) -> String {
    let mut hash = DefaultHasher::new();
    folder.hash(&mut hash);
    format!("anacrusis-{:x}", hash.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_in_a_folder_has_the_same_server() {
        let name = |folder: &str| server_name(Path::new(folder));
        assert_eq!(name("/a"), name("/a"));
        assert_ne!(name("/a"), name("/b"));
    }
}
