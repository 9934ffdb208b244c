//! The processes of one run: this one alone, or those that MPI started, on one machine or many.
//!
//! Every process does the same: draws the same batch, computes its share of it, adds its gradient
//! to the others' (one all-reduce an iteration), and follows the sum. So all hold the same weights
//! without telling each other. The first, which leads, alone reads the clock, speaks and writes.
//! Losses and weights are those of one process with the same batch but for rounding, since sums
//! are taken in another order.

#[cfg_attr(not(feature = "mpi"), path = "team/none.rs")]
mod mpi;
mod shared;

use anyhow::{Result, ensure};
use sha2::{Digest, Sha256};

use super::parameters::Parameters;
use crate::arguments::launcher::{self, Place};
use crate::settings::Settings;
use mpi::World;
pub use shared::SharedWork;

/// The processes of a run, seen from one of them.
pub struct Team {
    world: Option<World>,
    place: Place,
}

impl Team {
    /// A run of this process alone.
    pub const ALONE: Team = Team { world: None, place: Place::ALONE };

    /// The team that a launcher started, or this process alone. Waits until all have come so far.
    ///
    /// # Errors
    /// If a launcher started several but this program is built without MPI, or MPI cannot be
    /// begun, or knows of another number of processes.
    pub fn join() -> Result<Team> {
        let told = launcher::place();
        if told.processes < 2 {
            return Ok(Team::ALONE);
        }
        let world = World::begin()?;
        let (rank, processes) = (world.rank(), world.processes());
        ensure!(
            processes == told.processes,
            "{} processes were started, but MPI knows of {processes}: the launcher belongs to \
             another MPI than the one this program was built with; start it with that one's \
             mpirun, or under Slurm with srun --mpi=pmix",
            told.processes
        );
        Ok(Team { world: Some(world), place: Place { rank, ..told } })
    }

    /// Number of this process, from 0.
    pub fn rank(&self) -> usize {
        self.place.rank
    }

    /// How many there are.
    pub fn processes(&self) -> usize {
        self.place.processes
    }

    /// Whether this is the one that speaks and writes.
    pub fn leads(&self) -> bool {
        self.place.leads()
    }

    /// What this process does of a run with `settings`: its share of the batch, with its share of
    /// the machine's cores if threads are not set.
    ///
    /// # Errors
    /// If there are more processes than segments in a batch.
    pub fn part(&self, settings: &Settings) -> Result<Settings> {
        let Place { processes, here, .. } = self.place;
        ensure!(
            settings.batch >= processes,
            "{processes} processes cannot share a batch of {}: start at most as many, or give \
             --batch {processes} or more",
            settings.batch
        );
        let threads = match settings.threads {
            0 => settings.thread_count().div_ceil(here),
            threads => threads,
        };
        Ok(Settings { batch: settings.batch.div_ceil(processes), threads, ..settings.clone() })
    }

    /// Processes of it on this machine.
    pub fn here(&self) -> usize {
        self.place.here
    }

    /// Puts into each place of `values` the sum over all processes: with any MPI in use the same
    /// bits in all of them, which the standard advises and does not promise ([`Team::agree`]).
    pub fn add(&self, values: &mut [f32]) {
        if let Some(world) = &self.world {
            world.add(values);
        }
    }

    /// The same in double precision.
    pub fn add_precisely(&self, values: &mut [f64]) {
        if let Some(world) = &self.world {
            world.add_precisely(values);
        }
    }

    /// What the first process has in `values`, to all.
    pub fn tell(&self, values: &mut [f64]) {
        if let Some(world) = &self.world {
            world.tell(values);
        }
    }

    /// Whether this process holds the same weights as the first.
    ///
    /// # Errors
    /// If not, which would otherwise be a run that learns less and less.
    pub fn agree(&self, weights: &Parameters) -> Result<()> {
        let mut hash = Sha256::new();
        for value in weights.values().flatten() {
            hash.update(value.to_le_bytes());
        }
        // As many bits as a double holds exactly.
        let own = hash.finalize()[..6].iter().fold(0.0, |sum, byte| 256.0 * sum + f64::from(*byte));
        let mut told = [own];
        self.tell(&mut told);
        ensure!(
            told[0] == own,
            "process {} has other weights than the first, after the same sums: give all machines \
             the same program and kind of processor, and go on with --resume",
            self.rank()
        );
        Ok(())
    }

    /// What the first process has in `bytes`, however much, to all.
    pub fn tell_bytes(&self, bytes: &mut Vec<u8>) {
        let mut length = [bytes.len() as f64];
        self.tell(&mut length);
        // Lengths far below 2^53.
        bytes.resize(length[0] as usize, 0);
        if let Some(world) = &self.world {
            world.tell_bytes(bytes);
        }
    }

    /// Ends every process at once: for one that cannot go on, for which the others would wait
    /// for ever. Returns if there are no others.
    pub fn abandon(&self) {
        if let Some(world) = &self.world {
            world.abandon();
        }
    }
}

impl Drop for Team {
    /// MPI waits for all before it ends, and a process that panicked must not be waited for.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.abandon();
        }
    }
}
