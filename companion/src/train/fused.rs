//! Backpropagation through time on the CPU, written out by hand.
//!
//! The rows of the time stack (one for each sequence and key) do not know of one another, nor
//! do those of the note stack (one for each sequence and step). So each stack is cut into
//! shares of rows ([`plan`]) that threads take as they come free ([`workers`]): a share of
//! the time stack goes through all steps ([`time`]), then a share of the note stack through
//! all keys, to the loss and back ([`note`]), then the time stack back. Under them are a
//! stack of layers on a share ([`stack`]), the layer ([`layer`]), and computations in the lanes
//! of `model::kernel`: products with packed weights ([`panels`]), the cell ([`cell`]), sums of
//! outer products ([`outer`]), and both again where a factor is mostly zeros ([`sparse`]), as
//! the features are ([`features`]).
//!
//! Every sum has an order of its own that depends on the sizes and the instructions alone:
//! any number of threads gives the same bits.

pub mod cell;
pub mod features;
pub mod head;
pub mod layer;
pub mod network;
pub mod note;
pub mod outer;
pub mod panels;
pub mod plan;
pub mod sparse;
pub mod stack;
pub mod time;
pub mod workers;

use anacrusis::model::loss::Nats;
use anacrusis::model::network::LOGITS;
use anyhow::{Result, ensure};

use self::features::Features;
use self::head::Head;
use self::layer::{Gradient, Layer};
use self::network::Network;
use self::note::{Below, NoteDesk, NotePart};
use self::plan::{Places, Plan};
use self::stack::{Run, Scratch};
use self::workers::for_each;
use crate::sequence::{Sequence, Target};
use crate::train::dropout::Masks;
use crate::train::parameters::Parameters;

/// Some rows of the time stack.
#[derive(Clone, Debug)]
pub struct TimePart {
    first: usize,
    /// What the way up left behind.
    pub run: Run,
    /// Gradients of the weights, one for each layer.
    pub gradients: Vec<Gradient>,
}

/// All that a pass works on, kept from one to the next.
#[derive(Clone, Debug)]
pub struct Workspace {
    plan: Option<Plan>,
    /// Of each step and sequence `[T, B]`.
    features: Vec<Features>,
    targets: Vec<Target>,
    times: Vec<TimePart>,
    time_places: Places,
    notes: Vec<NotePart>,
    note_places: Places,
    helpers: Vec<Helper>,
}

/// What belongs to a thread.
#[derive(Clone, Debug, Default)]
struct Helper {
    scratch: Scratch,
    desk: NoteDesk,
    rows: Vec<f32>,
}

impl Workspace {
    /// Room for `threads` threads; more is taken when it is needed, and kept.
    pub fn new(threads: usize) -> Workspace {
        Workspace {
            plan: None,
            features: Vec::new(),
            targets: Vec::new(),
            times: Vec::new(),
            time_places: Places::default(),
            notes: Vec::new(),
            note_places: Places::default(),
            helpers: vec![Helper::default(); threads.max(1)],
        }
    }

    /// The nats of `batch`, sequences of one length; no gradient.
    ///
    /// With `go_on` they are the continuation of those of the last call, as many and no
    /// longer.
    ///
    /// # Errors
    /// If the sequences differ in length or are empty, or do not continue others.
    pub fn nats(&mut self, network: &Network, batch: &[Sequence], go_on: bool) -> Result<Nats> {
        self.prepare(network, batch, None, (go_on, false))?;
        self.up(network);
        Ok(self.across(network, None, None))
    }

    /// The gradient of the training loss over `batch`, and the loss in nats.
    ///
    /// `predictions` is the number of predictions that are scored in the whole batch, of which
    /// these sequences may be a share.
    ///
    /// # Errors
    /// If the sequences differ in length or are empty, or masks are missing.
    pub fn gradient(
        &mut self,
        network: &Network,
        batch: &[Sequence],
        masks: Option<&Masks>,
        predictions: usize,
    ) -> Result<(Parameters, Nats)> {
        self.prepare(network, batch, masks, (false, false))?;
        Ok(self.differentiate(network, masks, predictions))
    }

    /// The gradient of the training loss over `sequence`, and the loss in nats; with `go_on` from
    /// where the last call's ended, through which nothing is handed back (truncated
    /// backpropagation through time).
    ///
    /// # Errors
    /// If the sequence is empty, or there is nothing as long that it would continue.
    pub fn next_gradient(
        &mut self,
        network: &Network,
        sequence: &Sequence,
        go_on: bool,
    ) -> Result<(Parameters, Nats)> {
        self.prepare(network, std::slice::from_ref(sequence), None, (go_on, true))?;
        Ok(self.differentiate(network, None, sequence.scored()))
    }

    /// Logits of the last call, `[B T, K, 2]`, lowest key first. Of steps that are not scored
    /// only [`Workspace::next_gradient`] works them out; else theirs are zero.
    pub fn logits(&self) -> Vec<[f32; LOGITS]> {
        let Some(plan) = &self.plan else { return Vec::new() };
        let row = |row: usize| {
            let place = self.note_places.of(row);
            (0..plan.keys).map(move |key| match place {
                Some((part, place)) => self.notes[part].logits(plan.visit(key), place),
                None => [0.0; LOGITS],
            })
        };
        (0..plan.note_rows()).flat_map(row).collect()
    }

    /// Up, to the loss and back, over the batch that was laid out.
    fn differentiate(
        &mut self,
        network: &Network,
        masks: Option<&Masks>,
        predictions: usize,
    ) -> (Parameters, Nats) {
        let Some(plan) = self.plan else { return Default::default() };
        self.up(network);
        let scale = 1.0 / (2.0 * predictions.max(1) as f64 * plan.keys as f64);
        let nats = self.across(network, masks, Some(scale));
        let from = (self.notes.as_slice(), &self.note_places);
        for_each(&mut self.times, &mut self.helpers, |_, part, helper| {
            part.backward(network, &plan, &self.features, from, &mut helper.scratch);
        });
        (self.sum(network), nats)
    }

    /// Lays the batch out. The note stack is run for those steps that are scored, or for
    /// `every_step`.
    fn prepare(
        &mut self,
        network: &Network,
        batch: &[Sequence],
        masks: Option<&Masks>,
        (go_on, every_step): (bool, bool),
    ) -> Result<Plan> {
        let steps = batch.first().map_or(0, Sequence::len);
        ensure!(steps > 0, "nothing to predict");
        ensure!(batch.iter().all(|s| s.len() == steps), "sequences of one batch differ in length");
        let plan = Plan::new(&network.config, batch.len(), steps);
        if let Some(masks) = masks {
            let fits = |masks: &[Vec<f32>], layers: &[Layer], rows: usize| {
                let mut pairs = masks.iter().zip(layers);
                masks.len() == layers.len()
                    && pairs.all(|(mask, layer)| mask.len() == rows * layer.spec.hidden)
            };
            let good = fits(&masks.time, &network.time.layers, plan.time_rows())
                && fits(&masks.note, &network.note.layers, plan.note_rows());
            ensure!(good, "dropout masks do not fit the batch");
        }
        if go_on {
            let before =
                self.plan.filter(|before| before.lines == plan.lines && before.steps >= plan.steps);
            ensure!(before.is_some(), "sequences do not continue those before");
            self.times.iter_mut().for_each(|part| part.go_on(steps));
        } else if self.plan != Some(plan) {
            // Gone before the new ones are there.
            self.times = Vec::new();
            self.time_places = Places::new(plan.time_rows());
            let part = |&(first, rows): &(usize, usize)| TimePart::new(network, first, rows, steps);
            self.times = self.time_places.shares.iter().map(part).collect();
        }
        self.targets = batch.iter().flat_map(|sequence| &sequence.targets).copied().collect();
        let wanted = |row: &usize| every_step || !self.targets[*row].unscored;
        let rows: Vec<usize> = (0..plan.note_rows()).filter(wanted).collect();
        self.note_places = Places::of_rows(plan.note_rows(), &rows);
        let shares = &self.note_places.shares;
        self.notes.resize_with(shares.len(), || NotePart::new(network));
        for (part, (first, count)) in self.notes.iter_mut().zip(shares) {
            part.take(&rows[*first..][..*count]);
        }
        self.plan = Some(plan);
        if !go_on {
            self.times.iter_mut().for_each(|part| part.reset(network, masks));
        }
        self.features.resize_with(steps * batch.len(), Features::default);
        for_each(&mut self.features, &mut self.helpers, |index, features, helper| {
            let frame = &batch[index % batch.len()].frames[index / batch.len()];
            features.take(&network.config, frame, &mut helper.rows);
        });
        Ok(plan)
    }

    /// The time stack's way up.
    fn up(&mut self, network: &Network) {
        let Some(plan) = &self.plan else { return };
        for_each(&mut self.times, &mut self.helpers, |_, part, helper| {
            part.forward(network, plan, &self.features, &mut helper.scratch);
        });
    }

    /// The note stack: to the loss and, with a scale of the gradient, back.
    fn across(&mut self, network: &Network, masks: Option<&Masks>, scale: Option<f64>) -> Nats {
        let Some(plan) = &self.plan else { return Nats::default() };
        let (times, places) = (self.times.as_slice(), &self.time_places);
        let below = Below { plan, times, places, targets: &self.targets, masks, scale };
        for_each(&mut self.notes, &mut self.helpers, |_, part, helper| {
            part.work(network, below, &mut helper.desk, &mut helper.scratch);
        });
        let mut sum = Nats::default();
        self.notes.iter().for_each(|part| sum.add(part.nats));
        sum
    }

    /// Adds the shares' gradients up, in their order.
    fn sum(&mut self, network: &Network) -> Parameters {
        let time = network.time.layers.iter().enumerate().map(|(index, layer)| {
            (layer, self.times.iter().map(|part| &part.gradients[index]).collect())
        });
        let note = network.note.layers.iter().enumerate().map(|(index, layer)| {
            (layer, self.notes.iter().map(|part| &part.gradients[index]).collect())
        });
        let mut layers: Vec<(Parameters, (&Layer, Vec<&Gradient>))> =
            time.chain(note).map(|layer| (Parameters::new(), layer)).collect();
        for_each(&mut layers, &mut self.helpers, |_, (to, (layer, parts)), _| {
            let sum = parts.split_first().map(|(first, others)| {
                let mut sum = (*first).clone();
                others.iter().for_each(|other| sum.add(other));
                sum
            });
            // Nothing was scored if there is no part.
            layer.unpack(&sum.unwrap_or_else(|| layer.gradient(network.note.set)), to);
        });
        let mut gradients = Parameters::new();
        layers.into_iter().for_each(|(tensors, _)| gradients.extend(tensors));
        let mut head = Head::new(network.note.set, network.head.units());
        self.notes.iter().for_each(|part| head.add(&part.head));
        head.unpack(&mut gradients);
        gradients
    }
}
