//! The weights of a network as the engine wants them: packed, immutable, shared.

use std::sync::Arc;

use crate::model::checkpoint::Checkpoint;
use crate::model::config::Config;
use crate::model::features::{self, Frame, VICINITY};
use crate::model::kernel::InstructionSet;
use crate::model::network::{self, FEEDBACK, LOGITS, LayerSpec};
use crate::model::panels::{Aligned, Columns, Panels, Start, VECTORS};
use crate::model::shared::Registry;

/// A layer of the time stack. Panel `p` holds the four gates of a vector's worth of units.
#[derive(Debug)]
pub(super) struct TimeLayer {
    /// Units, H.
    pub hidden: usize,
    /// Panels of the layer: vectors that hold a row of units.
    pub panels: usize,
    /// Input weights.
    pub input: Panels,
    /// Recurrent weights.
    pub recurrent: Panels,
    /// What is added for every frame alike: the biases, `[panels][4 * lanes]`; in the first
    /// layer with the features that depend on the key alone, `[panels][K][4 * lanes]`.
    pub fixed: Aligned,
}

impl TimeLayer {
    /// The part of `fixed` of one panel, of `rows` numbers for all keys.
    #[inline(always)]
    pub fn fixed(&self, panel: usize, rows: usize) -> Start<'_> {
        let size = self.fixed.len() / self.panels;
        let part = &self.fixed[panel * size..][..size];
        if size == rows { Start::Rows(part) } else { Start::Row(part) }
    }
}

/// A layer of the note stack. Gates lie side by side, `[i, f, g, o]` of `H` each.
#[derive(Debug)]
pub(super) struct NoteLayer {
    /// Units, H.
    pub hidden: usize,
    /// Weights of what comes from the layer below; those of the first layer, which come from
    /// the time stack, are [`Weights::projection`].
    pub input: Option<Columns>,
    /// Recurrent weights.
    pub recurrent: Columns,
    /// Sum of both biases, `[4H]`; those of the first layer are in
    /// [`Weights::projection_bias`].
    pub bias: Aligned,
}

/// The weights of a network, packed for one instruction set.
#[derive(Debug)]
pub struct Weights {
    config: Config,
    set: InstructionSet,
    pub(super) time: Box<[TimeLayer]>,
    pub(super) note: Box<[NoteLayer]>,
    /// The first note layer's weights of the time stack's output, columns in the order of the
    /// note stack.
    pub(super) projection: Panels,
    /// The first note layer's biases, `[panels][4 * lanes]`.
    pub(super) projection_bias: Aligned,
    /// Panels of `projection`.
    pub(super) projection_panels: usize,
    /// The first note layer's weights of the two bits of the key before, `[4H]` each.
    pub(super) feedback: [Aligned; FEEDBACK],
    /// Its weights of what is given, `[4H]` for each column; none in networks that are given
    /// nothing.
    pub(super) given: Box<[Aligned]>,
    /// Head weights `[H]` for each logit.
    pub(super) head: [Aligned; LOGITS],
    pub(super) head_bias: [f32; LOGITS],
    /// Weights `[H]` and bias of the head for loudness, in networks that have one.
    pub(super) loudness: Option<(Box<[f32]>, f32)>,
}

/// Weights in use in this process.
static SHARED: Registry<Key, Weights> = Registry::new();

/// Digest of the checkpoint's file, and what it was packed for.
type Key = (String, InstructionSet);

impl Weights {
    /// Packs the weights of a checkpoint for the best instructions here.
    pub fn new(checkpoint: &Checkpoint) -> Weights {
        Weights::pack(checkpoint, InstructionSet::best())
    }

    /// The weights of a checkpoint for the best instructions here, packed once for all who
    /// use them in this process: found by the digest of its file, freed with their last user.
    ///
    /// Locks for as long as the search takes, never while packing; not for the audio thread.
    pub fn shared(checkpoint: &Checkpoint) -> Arc<Weights> {
        let set = InstructionSet::best();
        SHARED.get((checkpoint.digest().to_owned(), set), || Weights::pack(checkpoint, set))
    }

    /// Packs the weights of a checkpoint for an instruction set.
    pub fn pack(checkpoint: &Checkpoint, set: InstructionSet) -> Weights {
        let config = checkpoint.config().clone();
        let time = network::time_layers(&config);
        let note = network::note_layers(&config);
        let first = &note[0];
        let width = config.time_width();
        let from_time = checkpoint.tensor(&first.weight_ih());
        let lanes = set.lanes();
        let projection_panels = (4 * first.hidden).div_ceil(VECTORS * lanes);
        let top = note.last().map_or(0, |layer| layer.hidden);
        let column = |n: usize| {
            let weight = |unit: usize| from_time[unit * first.input + n];
            Aligned::collect((0..4 * first.hidden).map(weight), lanes)
        };
        let head = checkpoint.tensor(network::HEAD_WEIGHT);
        let head_bias = checkpoint.tensor(network::HEAD_BIAS);
        Weights {
            projection: Panels::pack(set, projection_panels, width, |k, panel, vector, lane| {
                let column = (panel * VECTORS + vector) * lanes + lane;
                from_time.get(column * first.input + k).copied().unwrap_or(0.0)
            }),
            projection_bias: Aligned::collect(
                (0..4 * first.hidden).map(bias(checkpoint, first)),
                VECTORS * lanes,
            ),
            projection_panels,
            feedback: [0, 1].map(|bit| column(width + bit)),
            given: (0..network::given_width(&config))
                .map(|n| column(width + FEEDBACK + n))
                .collect(),
            head: [0, 1]
                .map(|logit| Aligned::collect(head[logit * top..][..top].iter().copied(), lanes)),
            head_bias: [head_bias[0], head_bias[1]],
            loudness: config.velocity.then(|| {
                let bias = checkpoint.tensor(network::VELOCITY_BIAS)[0];
                (checkpoint.tensor(network::VELOCITY_WEIGHT).into(), bias)
            }),
            time: (0..)
                .zip(&time)
                .map(|(n, spec)| TimeLayer::pack(checkpoint, set, spec, n == 0))
                .collect(),
            note: (0..)
                .zip(&note)
                .map(|(n, spec)| NoteLayer::pack(checkpoint, set, spec, n == 0))
                .collect(),
            config,
            set,
        }
    }

    /// The configuration of the network.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The instructions that they were packed for.
    pub fn set(&self) -> InstructionSet {
        self.set
    }
}

/// Sum of both biases of a layer, `[4H]`.
fn bias(checkpoint: &Checkpoint, spec: &LayerSpec) -> impl Fn(usize) -> f32 {
    let input = checkpoint.tensor(&spec.bias_ih());
    let recurrent = checkpoint.tensor(&spec.bias_hh());
    move |column| input[column] + recurrent[column]
}

impl TimeLayer {
    fn pack(
        checkpoint: &Checkpoint,
        set: InstructionSet,
        spec: &LayerSpec,
        first: bool,
    ) -> TimeLayer {
        let config = checkpoint.config();
        let (lanes, hidden) = (set.lanes(), spec.hidden);
        let panels = hidden.div_ceil(lanes);
        let pack = |weight: &[f32], rows: usize| {
            Panels::pack(set, panels, rows, |k, panel, gate, lane| match panel * lanes + lane {
                unit if unit < hidden => weight[(gate * hidden + unit) * rows + k],
                _ => 0.0,
            })
        };
        let weight_ih = checkpoint.tensor(&spec.weight_ih());
        let bias = bias(checkpoint, spec);
        // The first layer's features that depend on the key alone.
        let width = features::width(config);
        let mut x = vec![0.0; config.keys() * width];
        features::write(config, &Frame::default(), &mut x);
        let rows = if first { config.keys() } else { 1 };
        let mut fixed = Aligned::zeros(panels * rows * VECTORS * lanes);
        for (n, entry) in fixed.iter_mut().enumerate() {
            let (vectors, lane) = (n / lanes, n % lanes);
            let (row, gate) = (vectors / VECTORS, vectors % VECTORS);
            let (panel, key) = (row / rows, row % rows);
            let unit = panel * lanes + lane;
            if unit < hidden {
                let column = gate * hidden + unit;
                *entry = bias(column);
                if first {
                    let weights = &weight_ih[column * width..][..VICINITY];
                    let x = &x[key * width..];
                    *entry += x.iter().zip(weights).map(|(x, w)| x * w).sum::<f32>();
                }
            }
        }
        TimeLayer {
            hidden,
            panels,
            input: pack(weight_ih, spec.input),
            recurrent: pack(checkpoint.tensor(&spec.weight_hh()), hidden),
            fixed,
        }
    }
}

impl NoteLayer {
    fn pack(
        checkpoint: &Checkpoint,
        set: InstructionSet,
        spec: &LayerSpec,
        first: bool,
    ) -> NoteLayer {
        let columns = 4 * spec.hidden;
        let pack = |weight: &[f32], rows: usize| {
            Columns::pack(set, rows, columns, |k, column| weight[column * rows + k])
        };
        NoteLayer {
            hidden: spec.hidden,
            input: (!first).then(|| pack(checkpoint.tensor(&spec.weight_ih()), spec.input)),
            recurrent: pack(checkpoint.tensor(&spec.weight_hh()), spec.hidden),
            bias: Aligned::collect((0..columns).map(bias(checkpoint, spec)), set.lanes()),
        }
    }
}
