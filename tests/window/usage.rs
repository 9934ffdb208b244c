//! What this process holds and has used, by the system's own books.

use std::fs;
use std::time::Duration;

/// A look at the books.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub resident_bytes: u64,
    pub threads: u64,
    pub files: u64,
    /// Processor time of all threads.
    pub processor: Duration,
}

impl Usage {
    pub fn now() -> Usage {
        let status = fs::read_to_string("/proc/self/status").expect("Linux");
        let field = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a field");
            line.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
        };
        let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
        // Behind the name, which may hold anything, the 12th and 13th field.
        let fields = stat.rsplit_once(')').expect("a name").1.split_whitespace().skip(11).take(2);
        let ticks: u64 = fields.map(|n| n.parse::<u64>().expect("a number")).sum();
        Usage {
            resident_bytes: 1024 * field("VmRSS:"),
            threads: field("Threads:"),
            files: fs::read_dir("/proc/self/fd").expect("Linux").count() as u64,
            // A hundred ticks a second on every Linux that is run on.
            processor: Duration::from_millis(10 * ticks),
        }
    }
}
