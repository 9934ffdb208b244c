//! The network, one step at a time: plain and allocation-free after [`Engine::new`].

use std::sync::Arc;

use super::checkpoint::Checkpoint;
use super::config::{Config, Scan};
use super::features::{self, FEATURES};
use super::lstm::{Layer, Matrix, cell, cell_in_place};
use super::network::{self, LOGITS};
use crate::music::Chord;

/// What the time stack remembers: output and cell of every layer, for every key.
/// `clone_from` between states of one engine allocates nothing.
#[derive(Debug, PartialEq)]
pub struct TimeState {
    layers: Box<[LayerState]>,
}

impl Clone for TimeState {
    fn clone(&self) -> Self {
        TimeState { layers: self.layers.clone() }
    }

    fn clone_from(&mut self, source: &Self) {
        self.layers.clone_from(&source.layers);
    }
}

/// Output `h` and cell `c` of one layer, `[K, H]` each.
#[derive(Debug, PartialEq)]
struct LayerState {
    hidden: usize,
    h: Box<[f32]>,
    c: Box<[f32]>,
}

// By hand, since a derived `clone_from` would allocate.
impl Clone for LayerState {
    fn clone(&self) -> Self {
        LayerState { hidden: self.hidden, h: self.h.clone(), c: self.c.clone() }
    }

    fn clone_from(&mut self, source: &Self) {
        self.hidden = source.hidden;
        self.h.clone_from(&source.h);
        self.c.clone_from(&source.c);
    }
}

impl LayerState {
    fn zero(rows: usize, hidden: usize) -> LayerState {
        let zeros = || vec![0.0; rows * hidden].into();
        LayerState { hidden, h: zeros(), c: zeros() }
    }
}

impl TimeState {
    /// Output of the top layer, `u`: one row of `H` per key, low to high.
    pub fn top(&self) -> impl Iterator<Item = &[f32]> {
        self.layers.iter().last().into_iter().flat_map(|layer| layer.h.chunks_exact(layer.hidden))
    }
}

/// The part of a time step that does not depend on the newest frame: per layer
/// `W_hh h + b`, `[K, 4H]`.
#[derive(Clone, Debug)]
pub struct Prepared {
    layers: Box<[Box<[f32]>]>,
}

/// The weights of a network as the engine wants them: immutable, shared between engines.
#[derive(Debug)]
pub struct Weights {
    config: Config,
    time: Box<[Layer]>,
    note: Box<[Layer]>,
    /// Head weights `[H, 2]` and bias.
    head: Matrix,
    head_bias: [f32; LOGITS],
}

impl Weights {
    /// Packs the weights of a checkpoint.
    pub fn new(checkpoint: &Checkpoint) -> Weights {
        let config = checkpoint.config().clone();
        let layers = |specs: Vec<network::LayerSpec>| -> Box<[Layer]> {
            specs.iter().map(|spec| Layer::new(spec, checkpoint)).collect()
        };
        let time = layers(network::time_layers(&config));
        let note = layers(network::note_layers(&config));
        let top = note.last().map_or(0, |layer| layer.hidden);
        let head_bias = checkpoint.tensor(network::HEAD_BIAS);
        Weights {
            head: Matrix::transposed(checkpoint.tensor(network::HEAD_WEIGHT), top),
            head_bias: [head_bias[0], head_bias[1]],
            config,
            time,
            note,
        }
    }
}

/// A network ready to run: weights, and the scratch memory of one step.
#[derive(Debug)]
pub struct Engine {
    weights: Arc<Weights>,
    /// Features `[K, 80]`.
    x: Box<[f32]>,
    /// Where [`Engine::feed`] prepares.
    prepared: Prepared,
    /// Pre-activations `[K, 4H]` of the widest time layer.
    z: Box<[f32]>,
    /// The note stack's first pre-activations from `u` alone, `[K, 4H]`.
    projection: Box<[f32]>,
    /// State of the note stack and pre-activations of one key.
    note_state: Box<[LayerState]>,
    note_z: Box<[f32]>,
}

impl Engine {
    /// An engine with weights of its own; allocates, as [`Engine::with`] does.
    pub fn new(checkpoint: &Checkpoint) -> Engine {
        Engine::with(Arc::new(Weights::new(checkpoint)))
    }

    /// An engine on weights that others may use too. The only place where it allocates.
    pub fn with(weights: Arc<Weights>) -> Engine {
        let keys = weights.config.keys();
        let widest = |layers: &[Layer]| layers.iter().map(|l| 4 * l.hidden).max().unwrap_or(0);
        let (time, note) = (&weights.time, &weights.note);
        Engine {
            x: vec![0.0; keys * FEATURES].into(),
            prepared: new_prepared(&weights),
            z: vec![0.0; keys * widest(time)].into(),
            projection: vec![0.0; keys * 4 * note[0].hidden].into(),
            note_state: note.iter().map(|layer| LayerState::zero(1, layer.hidden)).collect(),
            note_z: vec![0.0; widest(note)].into(),
            weights,
        }
    }

    /// The configuration of the network.
    pub fn config(&self) -> &Config {
        &self.weights.config
    }

    /// A state before any step, for this engine.
    pub fn new_state(&self) -> TimeState {
        let keys = self.config().keys();
        TimeState {
            layers: self.weights.time.iter().map(|l| LayerState::zero(keys, l.hidden)).collect(),
        }
    }

    /// Room for [`Engine::prepare`].
    pub fn new_prepared(&self) -> Prepared {
        new_prepared(&self.weights)
    }

    /// Does the part of the step after `from` that does not depend on the frame to be fed,
    /// about half of it; [`Engine::feed_prepared`] does the rest.
    ///
    /// `keep_going` is asked between layers; when it says no, the work is abandoned, `false`
    /// returned, and `to` is unusable until written again; `from` is untouched.
    pub fn prepare(
        &mut self,
        from: &TimeState,
        to: &mut Prepared,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        prepare(&self.weights, from, to, keep_going)
    }

    /// Runs the time stack over one frame: `to` becomes the state after `from` has heard
    /// `frame` at `step_in_bar` (its own, modulo 16). `prepared` must come from `from`; it is
    /// good for several frames, one after the other.
    ///
    /// `keep_going` is asked between layers; when it says no, the step is abandoned, `false`
    /// returned, and `to` is unusable until written again; `from` is untouched.
    pub fn feed_prepared(
        &mut self,
        from: &TimeState,
        prepared: &Prepared,
        to: &mut TimeState,
        frame: Chord,
        step_in_bar: u8,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        features::write(&self.weights.config, frame, step_in_bar, &mut self.x);
        finish(&self.weights, &self.x, &mut self.z, from, prepared, to, keep_going)
    }

    /// [`Engine::prepare`] and [`Engine::feed_prepared`] in one, with the same result.
    pub fn feed(
        &mut self,
        from: &TimeState,
        to: &mut TimeState,
        frame: Chord,
        step_in_bar: u8,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        features::write(&self.weights.config, frame, step_in_bar, &mut self.x);
        self.run_time_stack(from, to, keep_going)
    }

    /// As [`Engine::feed`], of the row "no previous step" at the step-in-bar before the
    /// first step's, for configurations with `start = flag`.
    pub fn feed_start(
        &mut self,
        from: &TimeState,
        to: &mut TimeState,
        step_in_bar: u8,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        features::write_start(&self.weights.config, step_in_bar, &mut self.x);
        self.run_time_stack(from, to, keep_going)
    }

    /// The features of the frame fed last, `[K, 80]`.
    pub fn features(&self) -> &[f32] {
        &self.x
    }

    fn run_time_stack(
        &mut self,
        from: &TimeState,
        to: &mut TimeState,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        let prepared = &mut self.prepared;
        prepare(&self.weights, from, prepared, keep_going)
            && finish(&self.weights, &self.x, &mut self.z, from, prepared, to, keep_going)
    }

    /// Runs the note stack over the keys in scan order. For each key index (0 is the lowest)
    /// `decide` gets the logits (play, articulate) of the step after the one fed last into
    /// `state`, and says whether the key plays and is struck; that is fed to the next key.
    /// Returns the chord decided.
    pub fn choose(
        &mut self,
        state: &TimeState,
        decide: &mut dyn FnMut(usize, [f32; LOGITS]) -> (bool, bool),
    ) -> Chord {
        let weights = &*self.weights;
        let keys = weights.config.keys();
        let (first, above) = weights.note.split_first().expect("a valid network has a note layer");
        let width = weights.config.time_width();
        let gates = 4 * first.hidden;
        self.projection.chunks_exact_mut(gates).for_each(|row| row.copy_from_slice(&first.bias));
        let top = state.layers.last().expect("a valid network has a time layer");
        first.input.multiply_add(&top.h, width, &mut self.projection);
        for layer in &mut self.note_state {
            layer.h.fill(0.0);
            layer.c.fill(0.0);
        }
        let mut chord = Chord::SILENT;
        let mut before = (false, false);
        for visit in 0..keys {
            let index = match weights.config.scan {
                Scan::Up => visit,
                Scan::Down => keys - 1 - visit,
            };
            let z = &mut self.projection[index * gates..][..gates];
            for (column, fed_back) in [(width, before.0), (width + 1, before.1)] {
                if fed_back {
                    z.iter_mut().zip(first.input.row(column)).for_each(|(z, w)| *z += w);
                }
            }
            let (bottom, rest) = self.note_state.split_first_mut().expect("as many as layers");
            first.recurrent.multiply_add(&bottom.h, first.hidden, z);
            cell_in_place(z, &mut bottom.c, &mut bottom.h);
            let mut below: &LayerState = bottom;
            for (layer, state) in above.iter().zip(rest) {
                let z = &mut self.note_z[..4 * layer.hidden];
                z.copy_from_slice(&layer.bias);
                layer.input.multiply_add(&below.h, below.h.len(), z);
                layer.recurrent.multiply_add(&state.h, layer.hidden, z);
                cell_in_place(z, &mut state.c, &mut state.h);
                below = state;
            }
            let mut logits = weights.head_bias;
            weights.head.multiply_add(&below.h, below.h.len(), &mut logits);
            let (plays, struck) = decide(index, logits);
            before = (plays, plays && struck);
            // The range lies within 0..128, so the sum fits.
            let key = weights.config.low + index as u8;
            match before {
                (true, true) => chord.strike(key),
                (true, false) => chord.hold(key),
                _ => {}
            }
        }
        chord
    }
}

fn new_prepared(weights: &Weights) -> Prepared {
    let keys = weights.config.keys();
    let layers = weights.time.iter().map(|layer| vec![0.0; keys * 4 * layer.hidden].into());
    Prepared { layers: layers.collect() }
}

fn prepare(
    weights: &Weights,
    from: &TimeState,
    to: &mut Prepared,
    keep_going: &mut dyn FnMut() -> bool,
) -> bool {
    for ((layer, old), z) in weights.time.iter().zip(&from.layers).zip(&mut to.layers) {
        if !keep_going() {
            return false;
        }
        z.chunks_exact_mut(4 * layer.hidden).for_each(|row| row.copy_from_slice(&layer.bias));
        layer.recurrent.multiply_add(&old.h, layer.hidden, z);
    }
    true
}

fn finish(
    weights: &Weights,
    x: &[f32],
    z: &mut [f32],
    from: &TimeState,
    prepared: &Prepared,
    to: &mut TimeState,
    keep_going: &mut dyn FnMut() -> bool,
) -> bool {
    let mut below: &[f32] = x;
    let mut width = FEATURES;
    let states = from.layers.iter().zip(to.layers.iter_mut());
    for ((layer, prepared), (old, new)) in weights.time.iter().zip(&prepared.layers).zip(states) {
        if !keep_going() {
            return false;
        }
        let hidden = layer.hidden;
        let z = &mut z[..prepared.len()];
        z.copy_from_slice(prepared);
        layer.input.multiply_add(below, width, z);
        let rows = z.chunks_exact(4 * hidden).zip(old.c.chunks_exact(hidden));
        let out = new.c.chunks_exact_mut(hidden).zip(new.h.chunks_exact_mut(hidden));
        for ((z, c), (c_out, h_out)) in rows.zip(out) {
            cell(z, c, c_out, h_out);
        }
        below = &new.h;
        width = hidden;
    }
    true
}
