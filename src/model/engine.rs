//! The network, one step at a time: plain and allocation-free after [`Engine::new`].

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
    h: Box<[f32]>,
    c: Box<[f32]>,
}

// By hand, since a derived `clone_from` would allocate.
impl Clone for LayerState {
    fn clone(&self) -> Self {
        LayerState { h: self.h.clone(), c: self.c.clone() }
    }

    fn clone_from(&mut self, source: &Self) {
        self.h.clone_from(&source.h);
        self.c.clone_from(&source.c);
    }
}

impl LayerState {
    fn zero(len: usize) -> LayerState {
        LayerState { h: vec![0.0; len].into(), c: vec![0.0; len].into() }
    }
}

impl TimeState {
    /// Output of the top layer, `u` `[K, H]`.
    pub fn top(&self) -> &[f32] {
        self.layers.last().map_or(&[], |layer| &layer.h)
    }
}

/// A network ready to run: weights, and the scratch memory of one step.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    time: Box<[Layer]>,
    note: Box<[Layer]>,
    /// Head weights `[H, 2]` and bias.
    head: Matrix,
    head_bias: [f32; LOGITS],
    /// Features `[K, 80]`.
    x: Box<[f32]>,
    /// Pre-activations `[K, 4H]` of the widest time layer.
    z: Box<[f32]>,
    /// The note stack's first pre-activations from `u` alone, `[K, 4H]`.
    projection: Box<[f32]>,
    /// State of the note stack and pre-activations of one key.
    note_state: Box<[LayerState]>,
    note_z: Box<[f32]>,
}

impl Engine {
    /// Builds the engine; the only place where it allocates.
    pub fn new(checkpoint: &Checkpoint) -> Engine {
        let config = checkpoint.config().clone();
        let keys = config.keys();
        let layers = |specs: Vec<network::LayerSpec>| -> Box<[Layer]> {
            specs.iter().map(|spec| Layer::new(spec, checkpoint)).collect()
        };
        let time = layers(network::time_layers(&config));
        let note = layers(network::note_layers(&config));
        let widest = |layers: &[Layer]| layers.iter().map(|l| 4 * l.hidden).max().unwrap_or(0);
        let top = note.last().map_or(0, |layer| layer.hidden);
        let head_bias = checkpoint.tensor(network::HEAD_BIAS);
        Engine {
            head: Matrix::transposed(checkpoint.tensor(network::HEAD_WEIGHT), top),
            head_bias: [head_bias[0], head_bias[1]],
            x: vec![0.0; keys * FEATURES].into(),
            z: vec![0.0; keys * widest(&time)].into(),
            projection: vec![0.0; keys * 4 * note[0].hidden].into(),
            note_state: note.iter().map(|layer| LayerState::zero(layer.hidden)).collect(),
            note_z: vec![0.0; widest(&note)].into(),
            config,
            time,
            note,
        }
    }

    /// The configuration of the network.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A state before any step, for this engine.
    pub fn new_state(&self) -> TimeState {
        let keys = self.config.keys();
        TimeState { layers: self.time.iter().map(|l| LayerState::zero(keys * l.hidden)).collect() }
    }

    /// Runs the time stack over one frame: `to` becomes the state after `from` has heard
    /// `frame` at `step_in_bar` (its own, modulo 16).
    ///
    /// `keep_going` is asked between layers; when it says no, the step is abandoned, `false`
    /// returned, and `to` is unusable until written again; `from` is untouched.
    pub fn feed(
        &mut self,
        from: &TimeState,
        to: &mut TimeState,
        frame: Chord,
        step_in_bar: u8,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        features::write(&self.config, frame, step_in_bar, &mut self.x);
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
        features::write_start(&self.config, step_in_bar, &mut self.x);
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
        let mut below: &[f32] = &self.x;
        let mut width = FEATURES;
        let states = from.layers.iter().zip(to.layers.iter_mut());
        for (layer, (old, new)) in self.time.iter().zip(states) {
            if !keep_going() {
                return false;
            }
            let hidden = layer.hidden;
            let z = &mut self.z[..self.config.keys() * 4 * hidden];
            z.chunks_exact_mut(4 * hidden).for_each(|row| row.copy_from_slice(&layer.bias));
            layer.input.multiply_add(below, width, z);
            layer.recurrent.multiply_add(&old.h, hidden, z);
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

    /// Runs the note stack over the keys in scan order. For each key index (0 is the lowest)
    /// `decide` gets the logits (play, articulate) of the step after the one fed last into
    /// `state`, and says whether the key plays and is struck; that is fed to the next key.
    /// Returns the chord decided.
    pub fn choose(
        &mut self,
        state: &TimeState,
        decide: &mut dyn FnMut(usize, [f32; LOGITS]) -> (bool, bool),
    ) -> Chord {
        let keys = self.config.keys();
        let (first, above) = self.note.split_first().expect("a valid network has a note layer");
        let width = self.config.time_width();
        let gates = 4 * first.hidden;
        self.projection.chunks_exact_mut(gates).for_each(|row| row.copy_from_slice(&first.bias));
        first.input.multiply_add(state.top(), width, &mut self.projection);
        for layer in &mut self.note_state {
            layer.h.fill(0.0);
            layer.c.fill(0.0);
        }
        let mut chord = Chord::SILENT;
        let mut before = (false, false);
        for visit in 0..keys {
            let index = match self.config.scan {
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
            let mut logits = self.head_bias;
            self.head.multiply_add(&below.h, below.h.len(), &mut logits);
            let (plays, struck) = decide(index, logits);
            before = (plays, plays && struck);
            // The range lies within 0..128, so the sum fits.
            let key = self.config.low + index as u8;
            match before {
                (true, true) => chord.strike(key),
                (true, false) => chord.hold(key),
                _ => {}
            }
        }
        chord
    }
}
