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

/// What `job` makes of each of `0..jobs`, in this order, on so many threads for each core. Each
/// works with a value of `start`'s, of which nothing but the time that a job takes may depend.
///
/// # Errors
/// The first of a thread's own: all stop then. And if a job panics.
pub fn map<W, T: Send>(
    jobs: usize,
    bar: &ProgressBar,
    per_core: usize,
    start: impl Fn() -> Result<W> + Sync,
    job: impl Fn(&mut W, usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(jobs));
    let work = || {
        let mut with = start()?;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= jobs {
                return Ok(());
            }
            let result = job(&mut with, index)?;
            // Pushing leaves nothing half done.
            done.lock().unwrap_or_else(|error| error.into_inner()).push((index, result));
            bar.inc(1);
        }
    };
    let work = || {
        let end = work();
        if end.is_err() {
            // Nothing is left for the others.
            next.fetch_max(jobs, Ordering::Relaxed);
        }
        end
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = (cores * per_core).min(jobs.max(1));
    let ends: Vec<thread::Result<Result<()>>> = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        // All of them, so that the scope does not panic itself.
        handles.into_iter().map(|handle| handle.join()).collect()
    });
    for end in ends {
        end.map_err(|_| anyhow!("a thread panicked"))??;
    }
    let mut done = done.into_inner().unwrap_or_else(|error| error.into_inner());
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn results_are_in_order_and_an_error_ends_all() {
        let bar = ProgressBar::hidden();
        let squares = map(50, &bar, 3, || Ok(2), |power, n| Ok(n.pow(*power))).expect("all done");
        assert_eq!(squares, (0..50).map(|n| n * n).collect::<Vec<_>>());
        let begun = AtomicUsize::new(0);
        let count = |_: &mut (), n| {
            begun.fetch_add(1, Ordering::Relaxed);
            if n == 3 { bail!("the fourth") } else { Ok(()) }
        };
        let failed = map(1_000_000, &bar, 1, || Ok(()), count);
        assert_eq!(failed.expect_err("it failed").to_string(), "the fourth");
        assert!(begun.into_inner() < 1_000_000);
        let unmade = map(2, &bar, 1, || bail!("none made"), |(): &mut (), _| Ok(()));
        assert_eq!(unmade.expect_err("it failed").to_string(), "none made");
    }
}
