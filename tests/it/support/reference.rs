//! The network as a textbook has it, in double precision (model.md, sections 2 to 4): one
//! key, one gate, one unit after the other. It shares with the engine the features, which
//! are exact, and the names of the tensors.

use std::cell::Cell;

use anacrusis::model::{Checkpoint, Config, Frame, Given, features, network};

/// One LSTM layer: weights `[4H, input]` and `[4H, H]` with the gates i, f, g, o, bias `[4H]`.
struct Layer {
    input: usize,
    hidden: usize,
    weight_ih: Vec<f64>,
    weight_hh: Vec<f64>,
    bias: Vec<f64>,
    /// See [`Reference::largest_sum`].
    largest_sum: Cell<f64>,
}

/// What one layer remembers for one sequence.
#[derive(Clone)]
struct Memory {
    h: Vec<f64>,
    c: Vec<f64>,
}

impl Memory {
    fn zero(hidden: usize) -> Memory {
        Memory { h: vec![0.0; hidden], c: vec![0.0; hidden] }
    }
}

impl Layer {
    fn new(spec: &network::LayerSpec, checkpoint: &Checkpoint) -> Layer {
        let bias_ih = wide(checkpoint.tensor(&spec.bias_ih()));
        let bias_hh = wide(checkpoint.tensor(&spec.bias_hh()));
        Layer {
            input: spec.input,
            hidden: spec.hidden,
            weight_ih: wide(checkpoint.tensor(&spec.weight_ih())),
            weight_hh: wide(checkpoint.tensor(&spec.weight_hh())),
            bias: bias_ih.iter().zip(&bias_hh).map(|(a, b)| a + b).collect(),
            largest_sum: Cell::new(0.0),
        }
    }

    /// One step of the recurrence: `memory` hears `x`.
    fn step(&self, x: &[f64], memory: &mut Memory) {
        let z = |row: usize| {
            self.bias[row]
                + dot(&self.weight_ih[row * self.input..][..self.input], x)
                + dot(&self.weight_hh[row * self.hidden..][..self.hidden], &memory.h)
        };
        let gates: Vec<f64> = (0..4 * self.hidden).map(z).collect();
        let size =
            |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a * b).abs()).sum() };
        for row in 0..4 * self.hidden {
            let sum = self.bias[row].abs()
                + size(&self.weight_ih[row * self.input..][..self.input], x)
                + size(&self.weight_hh[row * self.hidden..][..self.hidden], &memory.h);
            self.largest_sum.set(self.largest_sum.get().max(sum));
        }
        for unit in 0..self.hidden {
            let [i, f, g, o] = [0, 1, 2, 3].map(|gate| gates[gate * self.hidden + unit]);
            let c = sigmoid(f) * memory.c[unit] + sigmoid(i) * g.tanh();
            memory.c[unit] = c;
            memory.h[unit] = sigmoid(o) * c.tanh();
        }
    }
}

/// The network.
pub struct Reference {
    config: Config,
    time: Vec<Layer>,
    note: Vec<Layer>,
    head: Vec<f64>,
    head_bias: Vec<f64>,
}

/// The time stack's memory: per key, per layer.
#[derive(Clone)]
pub struct State(Vec<Vec<Memory>>);

impl State {
    /// Output of the top layer, `[K, H]`.
    pub fn top(&self) -> impl Iterator<Item = f64> {
        self.0.iter().flat_map(|layers| layers.last().into_iter().flat_map(|m| m.h.clone()))
    }
}

impl Reference {
    pub fn new(checkpoint: &Checkpoint) -> Reference {
        let config = checkpoint.config().clone();
        let layers = |specs: Vec<network::LayerSpec>| {
            specs.iter().map(|spec| Layer::new(spec, checkpoint)).collect()
        };
        Reference {
            time: layers(network::time_layers(&config)),
            note: layers(network::note_layers(&config)),
            head: wide(checkpoint.tensor(network::HEAD_WEIGHT)),
            head_bias: wide(checkpoint.tensor(network::HEAD_BIAS)),
            config,
        }
    }

    pub fn new_state(&self) -> State {
        let key: Vec<Memory> = self.time.iter().map(|layer| Memory::zero(layer.hidden)).collect();
        State(vec![key; self.config.keys()])
    }

    /// The time stack hears one frame.
    pub fn feed(&self, state: &mut State, frame: &Frame) {
        let width = features::width(&self.config);
        let mut rows = vec![0.0; self.config.keys() * width];
        features::write(&self.config, frame, &mut rows);
        for (row, memories) in rows.chunks_exact(width).zip(&mut state.0) {
            let mut x = wide(row);
            for (layer, memory) in self.time.iter().zip(memories) {
                layer.step(&x, memory);
                x.clone_from(&memory.h);
            }
        }
    }

    /// The largest sum of magnitudes that any gate was made of so far: what its rounding
    /// errors are in proportion to, however much of it cancels.
    pub fn largest_sum(&self) -> f64 {
        self.time.iter().chain(&self.note).map(|l| l.largest_sum.get()).fold(0.0, f64::max)
    }

    /// What the note stack is told of the musician at a key (listener.md, section 3).
    fn given(&self, given: &Given, key: u8) -> Vec<f64> {
        let bit = |bit: bool| f64::from(u8::from(bit));
        let keys: Vec<u8> =
            given.chord.keys().filter(|k| self.config.range().contains(*k)).collect();
        let mut x = vec![bit(keys.contains(&key))];
        x.push(bit(keys.contains(&key) && given.chord.strikes(key)));
        for interval in 0..12 {
            let above =
                keys.iter().filter(|k| (**k + 120 - key % 12 - interval).is_multiple_of(12));
            x.push(above.count() as f64);
        }
        x.push(bit(given.known));
        x
    }

    /// The logits of every key, low to high, when the keys are decided as `decide` says; what it
    /// says of given keys is ignored.
    pub fn choose(
        &self,
        state: &State,
        given: &Given,
        mut decide: impl FnMut(usize, [f64; 2]) -> (bool, bool),
    ) -> Vec<[f64; 2]> {
        let keys = self.config.keys();
        let mut logits = vec![[0.0; 2]; keys];
        let mut memories: Vec<Memory> = self.note.iter().map(|l| Memory::zero(l.hidden)).collect();
        let mut before = (false, false);
        for visit in 0..keys {
            let key = self.config.scan.key(visit, keys);
            let mut x = state.0[key].last().expect("a layer").h.clone();
            x.extend([f64::from(u8::from(before.0)), f64::from(u8::from(before.1))]);
            if self.config.hears() {
                x.extend(self.given(given, self.config.low + key as u8));
            }
            for (layer, memory) in self.note.iter().zip(&mut memories) {
                layer.step(&x, memory);
                x.clone_from(&memory.h);
            }
            let z =
                |row: usize| self.head_bias[row] + dot(&self.head[row * x.len()..][..x.len()], &x);
            logits[key] = [z(0), z(1)];
            let (plays, struck) = decide(key, logits[key]);
            before = (plays, plays && struck);
            let midi = self.config.low + key as u8;
            if self.config.hears() && given.chord.plays(midi) {
                before = (true, given.chord.strikes(midi));
            }
        }
        logits
    }
}

/// The logistic function.
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn wide(narrow: &[f32]) -> Vec<f64> {
    narrow.iter().map(|x| f64::from(*x)).collect()
}

/// The sum of products, as eight sums that the compiler can add side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}
