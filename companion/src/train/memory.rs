//! What memory the machine has left, and what of it this process holds.

use sysinfo::{
    MemoryRefreshKind, Pid, Process, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System,
};

/// Bytes that may still be taken: what the system can give or what the control group of this
/// process leaves, whichever is less; `None` where the system does not tell.
pub fn available() -> Option<u64> {
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(memory).ok()?;
    let mut own = Own::new()?;
    let of_group = own.process().and_then(Process::cgroup_limits);
    // What a group holds beside its processes' own memory is files read before: it gives way.
    let of_group = of_group.map(|group| group.total_memory.saturating_sub(group.rss));
    let of_system = Some(system.available_memory()).filter(|bytes| *bytes > 0);
    of_system.into_iter().chain(of_group).min()
}

/// Memory of this process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Now.
    pub resident: u64,
    /// The most so far: by the system's account where it keeps one (Linux), else of what was
    /// seen here.
    pub peak: u64,
}

/// Looks at this process.
pub struct Own {
    system: System,
    pid: Pid,
    peak: u64,
}

impl Own {
    /// `None` where the system does not let a process look at itself.
    pub fn new() -> Option<Own> {
        let pid = sysinfo::get_current_pid().ok()?;
        let system = System::new_with_specifics(RefreshKind::nothing()).ok()?;
        Some(Own { system, pid, peak: 0 })
    }

    fn process(&mut self) -> Option<&Process> {
        let (only, what) = ([self.pid], ProcessRefreshKind::nothing().with_memory());
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&only), true, what);
        self.system.process(self.pid)
    }

    /// What it holds.
    pub fn held(&mut self) -> Option<Held> {
        let resident = self.process()?.memory();
        self.peak = self.peak.max(resident).max(peak_of_system().unwrap_or(0));
        Some(Held { resident, peak: self.peak })
    }
}

fn peak_of_system() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(1024 * line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?)
}

/// Bytes as people read them.
pub fn shown(bytes: u64) -> String {
    let megabytes = bytes as f64 * 1e-6;
    if megabytes < 9999.5 {
        format!("{megabytes:.0} MB")
    } else {
        format!("{:.1} GB", megabytes * 1e-3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_seen() {
        let mut own = Own::new().expect("this process");
        let before = own.held().expect("known");
        let taken = vec![1u8; 64 << 20];
        let with = own.held().expect("known");
        assert!(with.resident >= before.resident + (48 << 20), "{before:?} {with:?}");
        assert!(with.peak >= with.resident);
        drop(std::hint::black_box(taken));
        assert!(own.held().expect("known").peak >= with.peak, "a peak stays");
        assert!(available().is_some_and(|bytes| bytes > 16 << 20));
    }

    #[test]
    fn sizes_are_told_in_a_unit_that_fits() {
        assert_eq!(
            [0, 1_400_000, 9_999_000_000, 23_500_000_000].map(shown),
            ["0 MB", "1 MB", "9999 MB", "23.5 GB"]
        );
    }
}
