//! What steps are timed with.

/// Seconds from some moment on that this process has computed, all its threads together: on a
/// machine with nothing else to do the time that went by, and on a busy one not the time of
/// others, which would count against whoever is slower. The Python peers use the same clock.
#[cfg(unix)]
pub fn seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

/// Seconds from some moment on: the processor's own time is too coarse here.
#[cfg(not(unix))]
pub fn seconds() -> f64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64()
}
