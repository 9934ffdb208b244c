//! The audio thread under RealtimeSanitizer: whatever a host does, `Performer` calls nothing
//! that allocates, frees, waits for a lock or asks the system. A violation ends the process. What
//! never reaches the C library goes unseen: a lock that nobody else holds, and, since std sleeps
//! by `clock_nanosleep`, which the sanitizer does not know, sleep.
//!
//! `cargo xtask test rtsan` builds it, optimised as the plugin is, with the sanitizer that comes
//! with the toolchain. Without one its calls do nothing, and the last test says so.

mod walk;

use std::process::Command;
use std::time::Duration;

use rtsan_standalone::ScopedSanitizeRealtime;
use walk::{Seen, Walk};

/// Blocks of the walk.
const BLOCKS: u32 = 500_000;

/// Tells the child what wrong to do.
const WRONG: &str = "ANACRUSIS_WRONG";

/// Runs `work` as what may not block.
fn realtime<T>(work: impl FnOnce() -> T) -> T {
    let _scope = ScopedSanitizeRealtime::default();
    work()
}

#[test]
fn nothing_blocks_whatever_the_host_does() {
    rtsan_standalone::ensure_initialized();
    let mut walk = Walk::new(1);
    for _ in 0..BLOCKS {
        walk.block();
    }
    let Seen { onsets, refused, bypassed, passes, epochs } = walk.seen();
    let status = walk.status();
    println!("{BLOCKS} blocks, {onsets} onsets, {epochs} epochs, {bypassed} bypassed");
    // Whatever was to be tried did happen.
    for (count, what) in [
        (onsets, "onsets"),
        (refused, "events refused by the host"),
        (bypassed, "blocks bypassed"),
        (passes, "passes of a loop or after a jump"),
        (epochs, "epochs"),
        (status.missed_deadlines, "missed deadlines"),
        (status.late_chords, "late chords"),
        (status.refused_requests, "refused requests"),
        (status.lost_input, "lost input"),
        (status.dropped_notes, "dropped notes"),
    ] {
        assert!(count > 10, "{count} {what}");
    }
}

/// What the child does in a realtime scope: nothing that ends it, unless it is told to.
#[test]
fn what_the_child_does() {
    rtsan_standalone::ensure_initialized();
    let block = Box::new([1_u8; 64]);
    match std::env::var(WRONG).as_deref() {
        Ok("malloc") => drop(realtime(|| std::hint::black_box(Box::new([1_u8; 64])))),
        Ok("free") => realtime(|| drop(std::hint::black_box(block))),
        Ok("syscall") => realtime(|| std::thread::park_timeout(Duration::from_micros(1))),
        Ok("open") => drop(realtime(|| std::fs::File::open("Cargo.toml"))),
        _ => {}
    }
}

#[test]
fn what_blocks_is_caught() {
    let child = |wrong: &str| {
        let me = std::env::current_exe().expect("a program");
        let mut child = Command::new(me);
        child.args(["--exact", "what_the_child_does"]).env(WRONG, wrong);
        let output = child.output().expect("it starts");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for wrong in ["malloc", "free", "syscall", "open"] {
        let (passed, errors) = child(wrong);
        assert!(!passed, "{wrong} is not caught; was this built by `cargo xtask test rtsan`?");
        assert!(errors.contains("RealtimeSanitizer: unsafe-library-call"), "{wrong}: {errors}");
        assert!(errors.contains(wrong), "{wrong}: {errors}");
    }
    let (passed, errors) = child("nothing");
    assert!(passed, "what does nothing wrong: {errors}");
}
