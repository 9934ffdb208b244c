//! Where things lie in this workspace.

use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace's root, whatever the current folder is.
pub fn root() -> PathBuf {
    // Cargo sets the variable when it runs this; the built-in path serves a direct start.
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let xtask = xtask.filter(|dir| dir.ends_with("xtask"));
    let xtask = xtask.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    xtask.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// A call of cargo in the workspace's root.
pub fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// A call of cargo in the workspace's root with these words.
pub fn cargo_with(words: &[&str]) -> Command {
    let mut command = cargo();
    command.args(words);
    command
}

/// Set where everything is built for tests, in a folder of its own.
const FOR_TESTS: &str = "ANACRUSIS_FOR_TESTS";

/// Whether this process builds into the folder of the tests.
pub fn is_for_tests() -> bool {
    std::env::var_os(FOR_TESTS).is_some()
}

/// Starts this very command again, with a folder of its own to build into: what runs beside the
/// tests must not replace what they load.
///
/// # Errors
/// If cargo cannot be asked for its folder, or this program cannot be started again.
pub fn restart_for_tests() -> Result<()> {
    let target = target_dir()?.join("test");
    let mut command = Command::new(std::env::current_exe().context("xtask cannot find itself")?);
    command.args(std::env::args_os().skip(1));
    if std::env::var_os("ANACRUSIS_BUNDLES").is_none() {
        command.env("ANACRUSIS_BUNDLES", target.join("bundled"));
    }
    command.env("CARGO_TARGET_DIR", target).env(FOR_TESTS, "1");
    become_process(command)
}

/// The folder of the built plugins: `target/bundled`, wherever cargo builds; the tests' own for
/// tests.
///
/// # Errors
/// If cargo cannot be asked.
pub fn bundled() -> Result<PathBuf> {
    let target = if is_for_tests() { target_dir()? } else { root().join("target") };
    Ok(target.join("bundled"))
}

/// A call of a program of the workspace, built first, in one of its own profiles. What is compiled is
/// shown, unless the program is no older than this one, so that most likely nothing is left to compile.
///
/// # Errors
/// If cargo cannot be started, or fails: it says why on standard error.
pub fn program(profile: &str, package: &str, binary: &str, options: &[&str]) -> Result<Command> {
    let path = target_dir()?.join(profile).join(binary);
    let path = path.with_extension(std::env::consts::EXE_EXTENSION);
    let mut build = cargo();
    build.args(["build", "--profile", profile, "-p", package, "--bin", binary]).args(options);
    if is_current(&path) {
        build.arg("--quiet");
    } else {
        eprintln!("building `{binary}`, which takes some minutes the first time ...");
    }
    let status = build.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("{package} cannot be built");
    }
    Ok(Command::new(path))
}

/// Whether the program at `path` is no older than this one.
fn is_current(path: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    let this = std::env::current_exe().ok();
    match (this.as_deref().and_then(modified), modified(path)) {
        (Some(this), Some(other)) => this <= other,
        _ => false,
    }
}

/// Runs `command` in place of this process where the system can do that, so that signals reach
/// it; elsewhere waits for it and ends with its exit code.
///
/// # Errors
/// If it cannot be started.
pub fn become_process(mut command: Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    replace(&mut command).with_context(|| format!("cannot start {name}"))
}

#[cfg(unix)]
fn replace(command: &mut Command) -> std::io::Result<()> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

#[cfg(not(unix))]
fn replace(command: &mut Command) -> std::io::Result<()> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(1));
}

/// The folder that cargo builds into.
///
/// # Errors
/// If cargo cannot be asked.
pub fn target_dir() -> Result<PathBuf> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")?;
    let folder = metadata["target_directory"].as_str();
    Ok(PathBuf::from(folder.context("cargo metadata names no target_directory")?))
}
