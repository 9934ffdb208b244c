//! Programs of others: where they are, and running them to their end.

use super::Skip;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// A program to look for.
pub struct Program {
    /// What it is called on the path.
    pub name: &'static str,
    /// The environment variable that says where it is instead.
    pub variable: &'static str,
    /// How to get it.
    pub how: &'static str,
}

impl Program {
    /// Where it is.
    ///
    /// # Errors
    /// [`Skip`] if it is nowhere; if the variable names no file.
    pub fn find(&self) -> Result<PathBuf> {
        if let Some(named) = std::env::var_os(self.variable).filter(|value| !value.is_empty()) {
            let named = PathBuf::from(named);
            if !named.is_file() {
                bail!("{} is {}, which is no file", self.variable, named.display());
            }
            return Ok(named);
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        match in_folders(&path, self.name) {
            Some(found) => Ok(found),
            None => bail!(Skip(format!("{} is not on the path: {}", self.name, self.how))),
        }
    }
}

/// The first file of that name in the folders of a `PATH`.
fn in_folders(path: &OsStr, name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(path).map(|folder| folder.join(&name)).find(|file| file.is_file())
}

/// Runs a program to its end, but not for ever: what it prints, and how it ended.
///
/// # Errors
/// If it cannot be started, or goes on for longer than `limit`.
pub fn finish(mut command: Command, limit: Duration) -> Result<(ExitStatus, String)> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let log = folder.path().join("log");
    let name = command.get_program().to_string_lossy().into_owned();
    // To a file, since a pipe that nobody reads would stop it.
    let output = File::create(&log).context("no temporary file")?;
    let mut child = command
        .stdin(std::process::Stdio::null())
        .stdout(output.try_clone().context("no temporary file")?)
        .stderr(output)
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if begun.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let printed = read_lossy(&log)?;
    match status {
        Some(status) => Ok((status, printed)),
        None => bail!("{name} did not end within {} s:\n{printed}", limit.as_secs()),
    }
}

/// A file's text, whatever bytes it holds.
///
/// # Errors
/// If it cannot be read.
pub fn read_lossy(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_or_its_absence_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(format!("host{}", std::env::consts::EXE_SUFFIX));
        std::fs::write(&file, "").unwrap();
        let path = std::env::join_paths([Path::new("nowhere"), folder.path()]).unwrap();
        assert_eq!(in_folders(&path, "host"), Some(file));
        assert_eq!(in_folders(&path, "another"), None);

        let program = Program {
            name: "no-such-program-of-anybody",
            variable: "NO_SUCH_VARIABLE_OF_ANYBODY",
            how: "install it",
        };
        let error = program.find().unwrap_err();
        assert!(error.is::<Skip>() && error.to_string().contains("install it"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_goes_on_is_ended() {
        let mut echo = Command::new("sh");
        echo.args(["-c", "echo told; exit 3"]);
        let (status, printed) = finish(echo, Duration::from_secs(60)).unwrap();
        assert_eq!((status.code(), printed.as_str()), (Some(3), "told\n"));

        let mut sleep = Command::new("sh");
        sleep.args(["-c", "echo begun; exec sleep 600"]);
        let error = finish(sleep, Duration::from_secs(1)).unwrap_err().to_string();
        assert!(error.contains("within 1 s") && error.contains("begun"), "{error}");
    }
}
