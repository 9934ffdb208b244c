//! Compiling ahead: what a later step compiles, while the tests of an earlier one keep the time of
//! a host and leave the processor idle.

use std::process::{Child, Command, Stdio};

use crate::workspace;

/// A build that runs beside the steps, at the lowest priority, so that those notice nothing of it;
/// it ends with this value, at the latest.
pub(super) struct Ahead(Child);

impl Ahead {
    /// Starts to compile what `step`, a call of `cargo test`, will run. Nothing is started where
    /// there is no `nice`: then the step compiles it itself, as it does if the build fails, and
    /// says why.
    pub(super) fn start(step: &Command) -> Option<Ahead> {
        let mut build = Command::new("nice");
        build.args(["-n", "19"]).arg(step.get_program()).args(step.get_args()).arg("--no-run");
        build.current_dir(workspace::root()).stdin(Stdio::null());
        build.stdout(Stdio::null()).stderr(Stdio::null());
        build.spawn().ok().map(Ahead)
    }

    /// Waits until it is done.
    pub(super) fn finish(mut self) {
        // A failure is told by the step itself.
        let _ = self.0.wait();
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // Both fail only if it is done.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_compiled_ahead_is_what_the_step_will_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let told = folder.path().join("told");
        let mut step = Command::new("sh");
        let script = format!("echo \"$@\" > {}.new; mv {0}.new {0}", told.display());
        step.args(["-c", &script, "cargo", "test", "--release"]);
        Ahead::start(&step).expect("nice").finish();
        assert_eq!(
            fs::read_to_string(&told).expect("what it was told"),
            "test --release --no-run\n"
        );
    }

    #[test]
    fn it_ends_with_the_steps() {
        let mut step = Command::new("sh");
        step.args(["-c", "exec sleep 600", "cargo"]);
        let ahead = Ahead::start(&step).expect("nice");
        let start = std::time::Instant::now();
        drop(ahead);
        assert!(start.elapsed() < std::time::Duration::from_secs(300));
    }
}
