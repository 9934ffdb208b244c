//! The loss as model.md, sections 3 to 6, and listener.md, section 3, write it, in f64 and in the
//! plainest loops.

use super::*;

type Moved<'a> = &'a dyn Fn(&str, usize) -> f64;

struct Cell {
    input: Vec<Vec<f64>>,
    recurrent: Vec<Vec<f64>>,
    bias: Vec<f64>,
    units: usize,
}

fn matrix(p: &Parameters, name: &str, columns: usize, moved: Moved<'_>) -> Vec<Vec<f64>> {
    let value = |(index, v): (usize, &f32)| f64::from(*v) + moved(name, index);
    let values: Vec<f64> = p[name].iter().enumerate().map(value).collect();
    values.chunks(columns).map(<[f64]>::to_vec).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Cell {
    fn step(&self, x: &[f64], (h, c): &mut (Vec<f64>, Vec<f64>)) {
        let z: Vec<f64> = (0..4 * self.units)
            .map(|r| self.bias[r] + dot(&self.input[r], x) + dot(&self.recurrent[r], h))
            .collect();
        for u in 0..self.units {
            let [i, f, g, o] = [0, 1, 2, 3].map(|gate| z[gate * self.units + u]);
            c[u] = sigmoid(f) * c[u] + sigmoid(i) * g.tanh();
            h[u] = sigmoid(o) * c[u].tanh();
        }
    }
}

pub fn loss(
    config: &Config,
    p: &Parameters,
    batch: &[Sequence],
    masks: &Masks,
    moved: Moved<'_>,
) -> f64 {
    let cells = |specs: Vec<anacrusis::model::network::LayerSpec>| -> Vec<Cell> {
        let cell = |spec: anacrusis::model::network::LayerSpec| Cell {
            input: matrix(p, &spec.weight_ih(), spec.input, moved),
            recurrent: matrix(p, &spec.weight_hh(), spec.hidden, moved),
            bias: matrix(p, &spec.bias_ih(), 1, moved)
                .concat()
                .iter()
                .zip(matrix(p, &spec.bias_hh(), 1, moved).concat())
                .map(|(a, b)| a + b)
                .collect(),
            units: spec.hidden,
        };
        specs.into_iter().map(cell).collect()
    };
    let (time, note) = (cells(time_layers(config)), cells(note_layers(config)));
    let head = matrix(p, "head.weight", config.note[config.note.len() - 1], moved);
    let bias = matrix(p, "head.bias", 1, moved).concat();
    let run = |cells: &[Cell],
               states: &mut Vec<(Vec<f64>, Vec<f64>)>,
               masks: &[Vec<f32>],
               row: usize,
               mut x: Vec<f64>| {
        for ((cell, state), mask) in cells.iter().zip(states).zip(masks) {
            cell.step(&x, state);
            let mask = &mask[row * cell.units..];
            x = state.0.iter().zip(mask).map(|(h, m)| h * f64::from(*m)).collect();
        }
        x
    };
    let zero = |cells: &[Cell]| -> Vec<(Vec<f64>, Vec<f64>)> {
        cells.iter().map(|c| (vec![0.0; c.units], vec![0.0; c.units])).collect()
    };
    let (keys, steps) = (config.keys(), batch[0].len());
    let mut sum = 0.0;
    for (line, sequence) in batch.iter().enumerate() {
        let mut states: Vec<_> = (0..keys).map(|_| zero(&time)).collect();
        for (step, (frame, target)) in sequence.frames.iter().zip(&sequence.targets).enumerate() {
            let tops: Vec<Vec<f64>> = rows(config, frame)
                .into_iter()
                .enumerate()
                .map(|(k, x)| run(&time, &mut states[k], &masks.time, line * keys + k, x))
                .collect();
            let mut order: Vec<usize> = (0..keys).collect();
            if config.scan == Scan::Down {
                order.reverse();
            }
            let given = given_rows(config, &target.given);
            let (mut state, mut before) = (zero(&note), [0.0; 2]);
            for k in order {
                let key = config.low + k as u8;
                let x = [&tops[k][..], &before, &given[k]].concat();
                let top = run(&note, &mut state, &masks.note, line * steps + step, x);
                let numbers = |bits: [bool; 2]| bits.map(|bit| f64::from(u8::from(bit)));
                before = numbers(target.fed_back(key));
                let bits = numbers([target.chord.plays(key), target.chord.strikes(key)]);
                let bce = |j: usize| {
                    let z = dot(&head[j], &top) + bias[j];
                    z.max(0.0) - z * bits[j] + (-z.abs()).exp().ln_1p()
                };
                if target.scores(key) {
                    sum += bce(0) + bits[0] * bce(1);
                }
            }
        }
    }
    sum / (2 * batch.iter().map(Sequence::scored).sum::<usize>() * keys) as f64
}

fn rows(config: &Config, frame: &Frame) -> Vec<Vec<f64>> {
    let width = features::width(config);
    let mut values = vec![0.0; config.keys() * width];
    features::write(config, frame, &mut values);
    values.chunks(width).map(|row| row.iter().map(|v| f64::from(*v)).collect()).collect()
}

fn given_rows(config: &Config, told: &Given) -> Vec<Vec<f64>> {
    if !config.hears() {
        return vec![vec![]; config.keys()];
    }
    let mut values = vec![0.0; config.keys() * given::GIVEN];
    given::write(config, told, &mut values);
    let rows = values.chunks(given::GIVEN);
    rows.map(|row| row.iter().map(|v| f64::from(*v)).collect()).collect()
}
