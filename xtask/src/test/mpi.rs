//! The companion's tests, with MPI compiled in where it is or can be installed, and those of training
//! by several processes.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Skip;
use crate::{setup, workspace};

/// The package that trains.
const COMPANION: &str = "anacrusis-companion";

/// Everything of the companion but what needs several processes, and of what stands on it. With MPI
/// compiled in if it is there, so that the step after this one compiles nothing again.
pub fn companion() -> Result<Command> {
    let features = match setup::ensure_mpi() {
        Ok(()) => "mpi",
        Err(error) => {
            println!("companion: without MPI: {error:#}");
            "train"
        }
    };
    let mut command = tests(features);
    command.args(["-p", "anacrusis-benches", "-p", "xtask"]);
    Ok(command)
}

/// The tests of several processes; those between network namespaces too, where they can be made.
///
/// # Errors
/// If MPI is not there and cannot be installed.
pub fn processes() -> Result<Command> {
    setup::ensure_mpi().map_err(|error| Skip(format!("{error:#}")))?;
    let mut command = tests("mpi");
    command.args(["--test", "mpi", "--", "--nocapture", "--test-threads=1"]);
    if setup::ensure_namespaces().is_ok() && namespaces() {
        command.arg("--include-ignored");
    } else {
        println!("mpi: not between two machines: network namespaces need root and iproute2");
    }
    Ok(command)
}

fn tests(features: &str) -> Command {
    let mut command = workspace::cargo_with(&["test", "--profile", "xtask"]);
    command.args(["-p", COMPANION, "--features", &format!("{COMPANION}/{features}")]);
    command
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
