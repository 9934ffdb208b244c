//! Training by several processes: compiled and run where MPI is or can be installed.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Skip;
use crate::{setup, workspace};

/// The tests of it; those between network namespaces too, where they can be made.
///
/// # Errors
/// If MPI is not there and cannot be installed.
pub fn command() -> Result<Command> {
    setup::ensure_mpi().map_err(|error| Skip(format!("{error:#}")))?;
    let mut command = workspace::cargo();
    command.args(["test", "--profile", "xtask", "-p", "xtask", "--features", "mpi"]);
    command.args(["--test", "mpi", "--", "--nocapture", "--test-threads=1"]);
    if namespaces() {
        command.arg("--include-ignored");
    } else {
        println!("mpi: not between two machines: network namespaces need root and iproute2");
    }
    Ok(command)
}

/// Whether network namespaces can be made.
fn namespaces() -> bool {
    let name = format!("anacrusis-try-{}", std::process::id());
    let ip = |words: &[&str]| {
        let output = Command::new("ip").args(["netns"]).args(words).arg(&name).output();
        output.is_ok_and(|output| output.status.success())
    };
    Path::new("/proc/self/ns/net").exists() && ip(&["add"]) && ip(&["del"])
}
