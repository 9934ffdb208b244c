//! What an MPI launcher tells a process that it started, in the environment, before MPI itself
//! is asked.

/// A process among those that a launcher started for one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number, from 0.
    pub rank: usize,
    /// How many there are.
    pub processes: usize,
    /// How many of them are on this machine; 1 if the launcher does not tell.
    pub here: usize,
}

impl Place {
    /// A process that nobody started beside others.
    pub const ALONE: Place = Place { rank: 0, processes: 1, here: 1 };

    /// Whether it is the one that speaks and writes.
    pub fn leads(self) -> bool {
        self.rank == 0
    }
}

/// Names of rank, number of processes and number of them on this machine: Open MPI's `mpirun`,
/// MPICH's and Intel's (and Slurm with `--mpi=pmi2`), Slurm's `srun` with any plugin.
const LAUNCHERS: [[&str; 3]; 3] = [
    ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"],
    ["PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS"],
    ["SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_TASKS_PER_NODE"],
];

/// Where this process stands.
pub fn place() -> Place {
    place_in(|name| std::env::var(name).ok())
}

fn place_in(variable: impl Fn(&str) -> Option<String>) -> Place {
    // Slurm writes `4(x2)` for two machines with four each.
    let number = |name: &str| -> Option<usize> {
        let text = variable(name)?;
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text[..digits].parse().ok()
    };
    LAUNCHERS
        .iter()
        .find_map(|[rank, processes, here]| {
            let (rank, processes) = (number(rank)?, number(processes)?);
            let here = number(here).unwrap_or(1).clamp(1, processes.max(1));
            (rank < processes).then_some(Place { rank, processes, here })
        })
        .unwrap_or(Place::ALONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_of(variables: &[(&str, &str)]) -> Place {
        place_in(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn every_launcher_is_understood_and_nothing_is_alone() {
        assert_eq!(place_of(&[]), Place::ALONE);
        let open = [
            ("OMPI_COMM_WORLD_RANK", "3"),
            ("OMPI_COMM_WORLD_SIZE", "4"),
            ("OMPI_COMM_WORLD_LOCAL_SIZE", "2"),
        ];
        assert_eq!(place_of(&open), Place { rank: 3, processes: 4, here: 2 });
        let slurm = [
            ("SLURM_PROCID", "1"),
            ("SLURM_STEP_NUM_TASKS", "8"),
            ("SLURM_STEP_TASKS_PER_NODE", "4(x2)"),
        ];
        assert_eq!(place_of(&slurm), Place { rank: 1, processes: 8, here: 4 });
        let pmi = [("PMI_RANK", "0"), ("PMI_SIZE", "2")];
        assert_eq!(place_of(&pmi), Place { rank: 0, processes: 2, here: 1 });
        // A batch script of Slurm is no task of a step; and what makes no sense is nothing.
        assert_eq!(place_of(&[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "8")]), Place::ALONE);
        assert_eq!(place_of(&[("PMI_RANK", "2"), ("PMI_SIZE", "2")]), Place::ALONE);
        assert_eq!(place_of(&[("PMI_RANK", "x"), ("PMI_SIZE", "2")]), Place::ALONE);
    }
}
