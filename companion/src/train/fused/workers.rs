//! Work shared out over threads, so that what comes out does not depend on who did what.

use std::sync::{Mutex, PoisonError};

/// Calls `work` for every item, each on some thread, with a helper that is that thread's own.
///
/// Threads take the next item when they are done with one, so a slow one holds nobody up.
pub fn for_each<T: Send, H: Send>(
    items: &mut [T],
    helpers: &mut [H],
    work: impl Fn(usize, &mut T, &mut H) + Sync,
) {
    let threads = helpers.len().min(items.len());
    if let ([helper, ..], ..=1) = (&mut *helpers, threads) {
        items.iter_mut().enumerate().for_each(|(index, item)| work(index, item, helper));
        return;
    }
    let queue = Mutex::new(items.iter_mut().enumerate());
    // A panic is handed on by the scope; whoever meets the lock after it may go on.
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = |helper: &mut H| {
        while let Some((index, item)) = next() {
            work(index, item, helper);
        }
    };
    std::thread::scope(|scope| {
        let mut helpers = helpers.iter_mut().take(threads);
        let own = helpers.next();
        for helper in helpers {
            scope.spawn(|| run(helper));
        }
        own.into_iter().for_each(run);
    });
}

/// `rows` cut into shares of about `size`, whole tiles each: first row and number.
pub fn shares(rows: usize, size: usize, tile: usize) -> Vec<(usize, usize)> {
    let tiles = rows.div_ceil(tile);
    let count = (rows + size / 2).checked_div(size).unwrap_or(1).clamp(1, tiles.max(1));
    let at = |index: usize| rows.min(tile * (index * tiles / count));
    (0..count).map(|index| (at(index), at(index + 1) - at(index))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_done_once_however_many_threads_there_are() {
        for threads in [1, 2, 5] {
            for items in [0, 1, 7] {
                let mut items = vec![0u32; items];
                let mut helpers = vec![0u32; threads];
                for_each(&mut items, &mut helpers, |index, item, helper| {
                    *item += index as u32 + 1;
                    *helper += 1;
                });
                assert!(items.iter().zip(1..).all(|(item, n)| *item == n));
                assert_eq!(helpers.iter().sum::<u32>(), items.len() as u32);
            }
        }
    }

    #[test]
    fn shares_are_whole_tiles_and_follow_one_another() {
        for (rows, count) in [(390, 8), (635, 13), (1, 1), (5, 1), (78, 2), (48, 1)] {
            let shares = shares(rows, 48, 6);
            assert_eq!(shares.len(), count, "{rows}");
            let mut next = 0;
            for (first, share) in shares {
                assert!(first == next && share > 0 && first.is_multiple_of(6), "{rows}");
                next = first + share;
            }
            assert_eq!(next, rows);
        }
    }
}
