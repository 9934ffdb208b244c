//! A backend whose work is shared by the processes of a run.

use std::rc::Rc;

use anacrusis::model::loss::Nats;
use anyhow::Result;

use super::Team;
use crate::sequence::Sequence;
use crate::train::backend::{Backend, Batch};
use crate::train::parameters::Parameters;
use crate::train::random::Random;

/// Each process computes its share of a batch, and all get the gradient of the whole; of the
/// pieces to be scored likewise.
pub struct SharedWork {
    own: Box<dyn Backend>,
    team: Rc<Team>,
}

impl SharedWork {
    /// Shares out the work of `own`.
    pub fn new(own: Box<dyn Backend>, team: Rc<Team>) -> SharedWork {
        SharedWork { own, team }
    }
}

impl Backend for SharedWork {
    fn gradient(
        &mut self,
        parameters: &Parameters,
        batch: Batch<'_>,
        dropout: Option<(f64, &Random)>,
    ) -> Result<(Parameters, Nats)> {
        let share = batch.share(self.team.rank(), self.team.processes());
        let (mut gradients, nats) = self.own.gradient(parameters, share, dropout)?;
        let mut flat: Vec<f32> = gradients.values().flatten().copied().collect();
        self.team.add(&mut flat);
        let mut rest = flat.as_slice();
        for values in gradients.values_mut() {
            let (part, after) = rest.split_at(values.len());
            values.copy_from_slice(part);
            rest = after;
        }
        let mut sums = row(nats);
        self.team.add_precisely(&mut sums);
        Ok((gradients, nats_of(sums)))
    }

    fn nats(
        &mut self,
        parameters: &Parameters,
        pieces: &[&Sequence],
        limit: Option<usize>,
    ) -> Result<Vec<Nats>> {
        let (rank, processes) = (self.team.rank(), self.team.processes());
        let own: Vec<&Sequence> = pieces.iter().skip(rank).step_by(processes).copied().collect();
        let mut sums = vec![[0.0; 3]; pieces.len()];
        let places = sums.iter_mut().skip(rank).step_by(processes);
        let scored = self.own.nats(parameters, &own, limit)?;
        places.zip(scored).for_each(|(place, nats)| *place = row(nats));
        self.team.add_precisely(sums.as_flattened_mut());
        Ok(sums.into_iter().map(nats_of).collect())
    }
}

fn row(nats: Nats) -> [f64; 3] {
    [nats.play, nats.articulate, nats.steps as f64]
}

fn nats_of([play, articulate, steps]: [f64; 3]) -> Nats {
    // Steps far below 2^53.
    Nats { play, articulate, steps: steps as u64 }
}
