//! The priority of the thread that thinks: above what merely computes, below whatever plays sound.
//!
//! On a machine full of work a thread of ordinary priority is late again and again. The lowest
//! realtime priority is enough: hosts' audio threads have higher ones. The thread sleeps most of the
//! time, and where the system does not allow it (on Linux without a limit for realtime priorities),
//! all goes on as before.

use thread_priority::ThreadPriority;

/// Raises the priority of the thread that calls. Whether the system allowed it.
pub(crate) fn raise() -> bool {
    #[cfg(unix)]
    {
        use thread_priority::unix::{
            RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };
        let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
        set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy).is_ok()
    }
    #[cfg(not(unix))]
    {
        // Above normal, and below the classes that are meant for sound.
        let value = 60_u8.try_into();
        value.is_ok_and(|value| {
            let priority = ThreadPriority::Crossplatform(value);
            thread_priority::set_current_thread_priority(priority).is_ok()
        })
    }
}

/// Gives the thread that calls the ordinary priority, which a thread that was started by a raised one
/// does not have.
pub(crate) fn ordinary() {
    #[cfg(unix)]
    {
        use thread_priority::unix::{
            NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };
        let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other);
        // Nobody is refused less than what they have.
        let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
    }
}
