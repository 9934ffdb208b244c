//! Jobs on all cores, with the same result on any number of them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr, if that is a terminal, which tells how much of `jobs` is done and what is left.
pub fn bar(jobs: usize, what: &str) -> ProgressBar {
    let template = format!("{{bar:30}} {{pos}}/{{len}} {what}  ETA {{eta}}");
    let style =
        ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(jobs as u64).with_style(style)
}

/// What `job` makes of each of `0..jobs`, in this order. Each thread works with a value of
/// `start`'s, of which nothing but the time that a job takes may depend.
///
/// # Errors
/// If a job panics.
pub fn map<W, T: Send>(
    jobs: usize,
    bar: &ProgressBar,
    start: impl Fn() -> W + Sync,
    job: impl Fn(&mut W, usize) -> T + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(jobs));
    let work = || {
        let mut with = start();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= jobs {
                return;
            }
            let result = job(&mut with, index);
            // Pushing leaves nothing half done.
            done.lock().unwrap_or_else(|error| error.into_inner()).push((index, result));
            bar.inc(1);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(jobs.max(1));
    thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        // All of them, so that the scope does not panic itself.
        let ends: Vec<_> = handles.into_iter().map(|handle| handle.join()).collect();
        ends.into_iter().collect::<Result<Vec<()>, _>>()
    })
    .map_err(|_| anyhow!("a thread panicked"))?;
    let mut done = done.into_inner().unwrap_or_else(|error| error.into_inner());
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}
