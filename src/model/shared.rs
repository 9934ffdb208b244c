//! What several threads or instances of one process have in common. Everything here locks: never on
//! the audio thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Locks, also after a panic of who held the lock: nothing panics half-way through a change of what
/// is locked here, so the data is whole.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Values in use in this process by what they are made from: each is there once for all who use it,
/// and freed with its last user.
#[derive(Debug)]
pub(crate) struct Registry<K, T>(Mutex<Vec<(K, Weak<T>)>>);

impl<K: PartialEq, T> Registry<K, T> {
    /// Nothing is in use yet.
    pub const fn new() -> Registry<K, T> {
        Registry(Mutex::new(Vec::new()))
    }

    /// The value of `key`, made by `make` if nobody uses it. Locked for as long as the search takes,
    /// and not while a value is made.
    pub fn get(&self, key: K, make: impl FnOnce() -> T) -> Arc<T> {
        let find = || {
            let mut used = lock(&self.0);
            used.retain(|(_, value)| value.strong_count() > 0);
            let found = used.iter().find(|(k, _)| *k == key).and_then(|(_, value)| value.upgrade());
            found.ok_or(used)
        };
        if let Ok(found) = find() {
            return found;
        }
        let made = Arc::new(make());
        match find() {
            // Somebody was faster.
            Ok(found) => found,
            Err(mut used) => {
                used.push((key, Arc::downgrade(&made)));
                made
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_for_all_who_use_it_and_freed_with_the_last() {
        let registry = Registry::new();
        let one = registry.get("a", || 1);
        assert!(Arc::ptr_eq(&one, &registry.get("a", || 2)));
        assert_eq!(*registry.get("b", || 3), 3, "of another key");
        let freed = Arc::downgrade(&one);
        drop(one);
        assert!(freed.upgrade().is_none());
        assert_eq!(*registry.get("a", || 4), 4, "made anew");
    }

    #[test]
    fn of_two_who_make_a_value_at_once_the_first_is_right() {
        let registry = Registry::new();
        let mut first = None;
        let second = registry.get("a", || {
            first = Some(registry.get("a", || 1));
            2
        });
        assert!(first.is_some_and(|first| Arc::ptr_eq(&first, &second)));
    }

    #[test]
    fn after_a_panic_the_data_is_there() {
        let mutex = Mutex::new(1);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _held = lock(&mutex);
            panic!("while it is locked");
        }));
        assert!(panicked.is_err() && mutex.is_poisoned());
        assert_eq!(*lock(&mutex), 1);
    }
}
