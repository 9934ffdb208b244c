//! The note stack and the head on some of their rows: row `b T + t` is step `t` of sequence
//! `b`. Rows of steps that are not scored need not be among them.

use anacrusis::model::given::{COUNTS, KNOWN, by_class};
use anacrusis::model::loss::Nats;
use anacrusis::model::network::{FEEDBACK, LOGITS};

use super::TimePart;
use super::head::{self, Head};
use super::layer::{Gradient, Track};
use super::network::Network;
use super::plan::{Places, Plan};
use super::sparse::Inputs;
use super::stack::{Ends, Run, Scratch, Source};
use crate::sequence::Target;
use crate::train::dropout::Masks;

/// Some rows of the note stack, and what they come to.
#[derive(Clone, Debug)]
pub struct NotePart {
    /// Its rows, R.
    rows: Vec<usize>,
    /// Logits `[K, R, 2]`, in the order of the scan.
    logits: Vec<f32>,
    /// Gradient of the time stack's outputs `[K, R, W]`, in the order of the scan.
    below: Vec<f32>,
    /// Gradients of the weights, one for each layer.
    pub gradients: Vec<Gradient>,
    /// Gradient of the head.
    pub head: Head,
    /// How badly the targets were predicted.
    pub nats: Nats,
}

/// What a thread needs to work on one part after the other.
#[derive(Clone, Debug, Default)]
pub struct NoteDesk {
    run: Run,
    /// Gradient of the logits.
    slopes: Vec<f32>,
    /// What is to be predicted, by row of the part.
    targets: Vec<Target>,
    /// How many given keys of each row sound by pitch class.
    given: Vec<[f32; 12]>,
}

/// What all parts look at.
#[derive(Clone, Copy)]
pub struct Below<'a> {
    /// Sizes.
    pub plan: &'a Plan,
    /// The time stack after its way up.
    pub times: &'a [TimePart],
    /// Where its rows are.
    pub places: &'a Places,
    /// What is to be predicted, by row `b T + t`.
    pub targets: &'a [Target],
    /// Dropout.
    pub masks: Option<&'a Masks>,
    /// What the gradient of the loss in nats is multiplied by; `None` to leave it at the loss.
    pub scale: Option<f64>,
}

impl NotePart {
    /// A part without rows yet.
    pub fn new(network: &Network) -> NotePart {
        let head = Head::new(network.note.set, network.head.units());
        NotePart {
            rows: Vec::new(),
            logits: Vec::new(),
            below: Vec::new(),
            gradients: Vec::new(),
            head,
            nats: Nats::default(),
        }
    }

    /// Takes other rows, one at least.
    pub fn take(&mut self, rows: &[usize]) {
        self.rows.clear();
        self.rows.extend_from_slice(rows);
    }

    /// Row `place` of the gradient handed down at a visit, `width` numbers.
    pub fn below(&self, visit: usize, place: usize, width: usize) -> &[f32] {
        &self.below[(visit * self.rows.len() + place) * width..][..width]
    }

    /// The two logits of the row at `place` in this part, at a visit.
    pub fn logits(&self, visit: usize, place: usize) -> [f32; LOGITS] {
        self.logits.as_chunks().0[visit * self.rows.len() + place]
    }

    /// The way up, the loss and, if wanted, the way back.
    pub fn work(
        &mut self,
        network: &Network,
        from: Below<'_>,
        desk: &mut NoteDesk,
        scratch: &mut Scratch,
    ) {
        let (stack, rows, keys) = (&network.note, self.rows.len(), from.plan.keys);
        let run = &mut desk.run;
        stack.reset(run, rows, keys);
        let layers = stack.layers.iter().zip(&mut run.tracks);
        for ((layer, track), mask) in layers.zip(from.masks.iter().flat_map(|masks| &masks.note)) {
            track.set_mask(layer, mask, self.rows.iter().copied());
        }
        self.logits.resize(keys * rows * LOGITS, 0.0);
        desk.slopes.resize(keys * rows * LOGITS, 0.0);
        desk.targets.clear();
        desk.targets.extend(self.rows.iter().map(|row| from.targets[*row]));
        let targets = &desk.targets[..];
        desk.given.clear();
        if network.config.hears() {
            let range = network.config.range();
            let of = |target: &Target| by_class(target.given.chord.within(range));
            desk.given.extend(targets.iter().map(of));
        }
        let mut ends = NoteEnds {
            network,
            from,
            rows: &self.rows,
            targets,
            given: &desk.given,
            slopes: &mut desk.slopes,
            head: &mut self.head,
            below: &mut self.below,
        };
        stack.forward(run, &ends, scratch);

        let steps = targets.iter().filter(|target| !target.unscored).count() as u64;
        self.nats = Nats { steps, ..Nats::default() };
        let scale = from.scale.unwrap_or(0.0);
        let logits = self.logits.chunks_exact_mut(rows * LOGITS);
        for (visit, (out, slopes)) in
            logits.zip(ends.slopes.chunks_exact_mut(rows * LOGITS)).enumerate()
        {
            if let Some(top) = run.tracks.last() {
                let (hidden, mask, head) = (top.output(visit), &top.mask, &network.head);
                stack.set.run(head::Logits { head, hidden, mask, out: &mut *out });
            }
            let key = from.plan.midi(visit);
            head::score((out, slopes), targets, (key, network.play_only), scale, &mut self.nats);
        }
        if from.scale.is_none() {
            return;
        }
        if self.gradients.is_empty() {
            self.gradients = stack.gradients();
        }
        self.gradients.iter_mut().for_each(Gradient::clear);
        ends.head.clear();
        ends.below.resize(keys * rows * network.time_width(), 0.0);
        stack.backward(run, &mut ends, &mut self.gradients, scratch);
    }
}

struct NoteEnds<'a> {
    network: &'a Network,
    from: Below<'a>,
    rows: &'a [usize],
    targets: &'a [Target],
    /// As in [`NoteDesk`]; empty in networks that are given nothing.
    given: &'a [[f32; 12]],
    slopes: &'a mut [f32],
    head: &'a mut Head,
    below: &'a mut Vec<f32>,
}

impl Source for NoteEnds<'_> {
    fn input(&self, visit: usize, stride: usize, out: &mut [f32]) {
        let (plan, width) = (self.from.plan, self.network.time_width());
        let units = self.network.time_units();
        let key = plan.visit(visit);
        for (row, to) in self.rows.iter().zip(out.chunks_exact_mut(stride)) {
            let (line, step) = (row / plan.steps, row % plan.steps);
            let Some((part, place)) = self.from.places.of(line * plan.keys + key) else { continue };
            if let Some(top) = self.from.times[part].run.tracks.last() {
                let hidden = &top.output(step)[place * width..][..units];
                let both = hidden.iter().zip(&top.mask[place * width..]);
                to[..units].iter_mut().zip(both).for_each(|(to, (h, m))| *to = h * m);
            }
        }
    }

    /// The bits of the key visited before, and what is given, as `model::given` lays it out.
    fn sparse(&self, visit: usize, to: &mut Inputs) {
        let plan = self.from.plan;
        let key = plan.midi(visit);
        let before = visit.checked_sub(1).map(|before| plan.midi(before));
        for (row, target) in self.targets.iter().enumerate() {
            let fed_back = before.map_or([false; FEEDBACK], |key| target.fed_back(key));
            for (column, _) in (0..).zip(fed_back).filter(|(_, bit)| *bit) {
                to.rows.push(column, 1.0);
            }
            if let Some(by_class) = self.given.get(row) {
                let given = &target.given;
                let bits = [given.chord.plays(key), given.chord.strikes(key)];
                for (column, _) in (FEEDBACK..).zip(bits).filter(|(_, bit)| *bit) {
                    to.rows.push(column, 1.0);
                }
                if !given.chord.is_empty() {
                    for interval in 0..12 {
                        let count = by_class[(usize::from(key) + interval) % 12];
                        if count != 0.0 {
                            to.rows.push(FEEDBACK + COUNTS + interval, count);
                        }
                    }
                }
                if given.known {
                    to.rows.push(FEEDBACK + KNOWN, 1.0);
                }
            }
            to.rows.end();
        }
        to.end_run(&[]);
    }
}

impl Ends for NoteEnds<'_> {
    fn above(&mut self, visit: usize, top: &Track, out: &mut [f32]) {
        let row = self.targets.len() * LOGITS;
        self.network.note.set.run(head::Back {
            head: &self.network.head,
            logits: &self.slopes[visit * row..][..row],
            hidden: top.output(visit),
            mask: &top.mask,
            out,
            gradient: self.head,
        });
    }

    fn below(&mut self, visit: usize, gradient: &[f32]) {
        self.below[visit * gradient.len()..][..gradient.len()].copy_from_slice(gradient);
    }
}
