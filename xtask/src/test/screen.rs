//! A screen that nobody sees, for whatever needs a window; and programs that run beside us.

use super::Skip;
use super::program::Program;
use crate::setup;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const SCREEN: Program = Program {
    name: "Xvfb",
    variable: "XVFB",
    how: "install it (Debian, Ubuntu: xvfb) or set XVFB to where it is",
};

/// A screen, there until this is dropped.
pub struct Screen {
    _server: Running,
    /// What `DISPLAY` must say for it.
    pub display: String,
    /// Where programs on it keep what a user sets.
    settings: tempfile::TempDir,
}

impl Screen {
    /// Starts a screen with 24 bits a pixel under a number that is free.
    ///
    /// # Errors
    /// A [`Skip`] if there is no program for it; if it does not start.
    pub fn start(width: u32, height: u32) -> Result<Screen> {
        if !cfg!(target_os = "linux") {
            bail!(Skip("only on Linux is there a screen that nobody sees".to_owned()));
        }
        let mut command = Command::new(SCREEN.find()?);
        let size = format!("{width}x{height}x24");
        // Without `-noreset` it begins anew whenever the last window is gone, and turns away whoever
        // comes meanwhile.
        command.args(["-displayfd", "1", "-screen", "0", &size, "-nolisten", "tcp", "-noreset"]);
        let mut server = Running::start(command.stdout(Stdio::piped()))?;
        let number = server.first_line().context("Xvfb told no display")?;
        let settings = tempfile::tempdir().context("no folder for settings")?;
        Ok(Screen { _server: server, display: format!(":{number}"), settings })
    }

    /// Has a program use the screen, and settings that are nobody's: what a window keeps when it
    /// closes is not to become the user's own.
    pub fn lend(&self, command: &mut Command) {
        command.env("DISPLAY", &self.display).env("XDG_CONFIG_HOME", self.settings.path());
    }

    /// The same, and with all that draws a plugin's window on it; installs what is missing where
    /// it can.
    ///
    /// # Errors
    /// A [`Skip`] if something is not there and cannot be installed; if it does not start.
    pub fn start_for_windows(width: u32, height: u32) -> Result<Screen> {
        let own = std::env::var_os(SCREEN.variable).is_some_and(|value| !value.is_empty());
        setup::ensure_screen(own).map_err(|error| Skip(format!("{error:#}")))?;
        Screen::start(width, height)
    }
}

/// A program that is ended when this is dropped.
pub struct Running(Child);

impl Running {
    /// Starts it, without input, and with its complaints thrown away.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Result<Running> {
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
