//! A team over MPI, by the crate `mpi` on any MPI library that `mpicc` builds for.

use anyhow::{Context, Result};
use mpi::Threading;
use mpi::collective::SystemOperation;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};

/// All processes.
pub struct World {
    world: SimpleCommunicator,
    // Ends MPI when it goes.
    _universe: Universe,
}

impl World {
    /// Begins MPI, which waits for all of them.
    pub fn begin() -> Result<World> {
        // Other threads compute, and leave MPI alone.
        let (universe, _) =
            mpi::initialize_with_threading(Threading::Funneled).context("MPI is begun already")?;
        Ok(World { world: universe.world(), _universe: universe })
    }

    pub fn rank(&self) -> usize {
        usize::try_from(self.world.rank()).unwrap_or(0)
    }

    pub fn processes(&self) -> usize {
        usize::try_from(self.world.size()).unwrap_or(1)
    }

    pub fn add(&self, values: &mut [f32]) {
        let own = values.to_vec();
        self.world.all_reduce_into(&own[..], values, SystemOperation::sum());
    }

    pub fn add_precisely(&self, values: &mut [f64]) {
        let own = values.to_vec();
        self.world.all_reduce_into(&own[..], values, SystemOperation::sum());
    }

    pub fn tell(&self, values: &mut [f64]) {
        self.world.process_at_rank(0).broadcast_into(values);
    }

    pub fn tell_bytes(&self, bytes: &mut [u8]) {
        self.world.process_at_rank(0).broadcast_into(bytes);
    }

    pub fn abandon(&self) {
        self.world.abort(1);
    }
}
