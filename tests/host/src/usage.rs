//! What this process uses of the machine, by its own books. Linux only; elsewhere unknown.

use std::fs;
use std::time::Duration;

/// A look at the books.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Resident memory in bytes.
    pub resident_bytes: u64,
    /// Processor time of all threads.
    pub processor: Duration,
    /// That of the threads that think.
    pub workers: Duration,
}

impl Usage {
    /// Resident memory of this process, where it can be known.
    pub fn resident_bytes() -> Option<u64> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u64 = resident.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    }

    /// The present state of this process, where it can be known.
    pub fn now() -> Option<Usage> {
        let resident_bytes = Usage::resident_bytes()?;
        let mut workers = Duration::ZERO;
        for task in fs::read_dir("/proc/self/task").ok()?.flatten() {
            let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            if name.trim() == "anacrusis" {
                let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
                let nanos = text.split(' ').next().and_then(|n| n.parse().ok());
                workers += Duration::from_nanos(nanos.unwrap_or(0));
            }
        }
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // Behind the name, which may hold anything, the 12th and 13th field.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<u64>().ok());
        // A hundred ticks a second on every Linux that is run on.
        let processor = Duration::from_millis(10 * (ticks(11)? + ticks(12)?));
        Some(Usage { resident_bytes, processor, workers })
    }
}
