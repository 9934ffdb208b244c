//! The end of the window's thread.
//!
//! On X11 the window library draws on a thread of its own, and does not always wait for its end
//! when the window is closed. A host that quits or unloads the plugin right then would pull the
//! graphics driver from under it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// The longest that a host is held up.
const LIMIT: Duration = Duration::from_secs(2);

const PAUSE: Duration = Duration::from_millis(1);

/// A thread, as the system lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread(PathBuf);

impl Thread {
    /// The one that calls this; none if the system does not tell.
    pub fn current() -> Option<Thread> {
        fs::read_link("/proc/thread-self").ok().map(|link| Thread(Path::new("/proc").join(link)))
    }

    /// Waits for its end, but not for ever, and not for that of the thread that waits.
    pub fn wait(&self) {
        let begun = Instant::now();
        if Thread::current().as_ref() == Some(self) {
            return;
        }
        while self.0.exists() && begun.elapsed() < LIMIT {
            thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, mpsc};

    #[test]
    fn a_thread_is_waited_for() {
        let own = Thread::current().expect("Linux");
        let begun = Instant::now();
        own.wait();
        assert!(begun.elapsed() < LIMIT);
        let (tell, told) = mpsc::channel();
        let done = Arc::<AtomicBool>::default();
        let doing = done.clone();
        let other = thread::spawn(move || {
            tell.send(Thread::current().expect("Linux")).expect("somebody waits");
            thread::sleep(Duration::from_millis(100));
            doing.store(true, Ordering::Release);
        });
        let thread = told.recv().expect("it runs");
        assert_ne!(thread, own);
        thread.wait();
        assert!(done.load(Ordering::Acquire));
        other.join().expect("it ends");
    }
}
