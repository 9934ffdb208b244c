//! From a gradient to a change of the weights: clipping, and Adam in lanes.

use anacrusis::model::kernel::{InstructionSet, Job, Lanes};
use serde::{Deserialize, Serialize};

use super::parameters::Parameters;

/// Scales the gradient so that its norm over all tensors is at most `limit`; returns the norm
/// it had.
pub fn clip(gradients: &mut Parameters, limit: f64) -> f64 {
    let norm = gradients.values().map(|values| squares(values)).sum::<f64>().sqrt();
    if norm > limit {
        let scale = (limit / norm) as f32;
        gradients.values_mut().flatten().for_each(|g| *g *= scale);
    }
    norm
}

/// The sum of squares, in several strands so that the additions need not wait for each other.
fn squares(values: &[f32]) -> f64 {
    let mut strands = [0.0; 8];
    let (whole, rest) = values.as_chunks::<8>();
    for values in whole {
        for (strand, value) in strands.iter_mut().zip(values) {
            *strand += f64::from(*value) * f64::from(*value);
        }
    }
    let rest = rest.iter().map(|value| f64::from(*value) * f64::from(*value));
    strands.into_iter().chain(rest).sum()
}

/// Adam (Kingma and Ba, 2015) with bias-corrected moments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    /// Updates made.
    pub updates: u64,
    /// Mean of the gradients, by tensor.
    pub mean: Parameters,
    /// Mean of their squares, by tensor.
    pub square: Parameters,
}

impl Adam {
    const BETA_MEAN: f64 = 0.9;
    const BETA_SQUARE: f64 = 0.999;
    const EPSILON: f64 = 1e-8;

    /// Takes a share of `rate` times `decay` from the matrices that have a gradient (Loshchilov
    /// and Hutter, 2019), but not from biases.
    pub fn decay(parameters: &mut Parameters, gradients: &Parameters, rate: f64, decay: f64) {
        if decay == 0.0 {
            return;
        }
        let kept = (1.0 - rate * decay) as f32;
        let matrices = parameters.iter_mut().filter(|(name, _)| name.contains("weight"));
        for (_, values) in matrices.filter(|(name, _)| gradients.contains_key(*name)) {
            values.iter_mut().for_each(|value| *value *= kept);
        }
    }

    /// Moves `parameters` against `gradients`; tensors without a gradient stay as they are.
    pub fn update(&mut self, parameters: &mut Parameters, gradients: &Parameters, rate: f64) {
        self.updates += 1;
        let correction = |beta: f64| 1.0 - beta.powf(self.updates as f64);
        let root = correction(Adam::BETA_SQUARE).sqrt();
        // With both corrections drawn out of the quotient: one factor, one epsilon.
        let step = (rate * root / correction(Adam::BETA_MEAN)) as f32;
        let epsilon = (Adam::EPSILON * root) as f32;
        for (name, gradient) in gradients {
            let Some(values) = parameters.get_mut(name) else { continue };
            let zeros = || vec![0.0; gradient.len()];
            let mean = self.mean.entry(name.clone()).or_insert_with(zeros);
            let square = self.square.entry(name.clone()).or_insert_with(zeros);
            let update = Update { values, gradient, mean, square, step, epsilon };
            InstructionSet::best().run(update);
        }
    }
}

/// An update of one tensor.
struct Update<'a> {
    values: &'a mut [f32],
    gradient: &'a [f32],
    mean: &'a mut [f32],
    square: &'a mut [f32],
    step: f32,
    epsilon: f32,
}

impl Job for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let whole = self.values.len() / L::COUNT * L::COUNT;
        let (values, last_values) = self.values.split_at_mut(whole);
        let (gradient, last_gradient) = self.gradient.split_at(whole);
        let (mean, last_mean) = self.mean.split_at_mut(whole);
        let (square, last_square) = self.square.split_at_mut(whole);
        let (step, epsilon) = (l.splat(self.step), l.splat(self.epsilon));
        for at in (0..whole).step_by(L::COUNT) {
            let state = [&mut values[at..], &mut mean[at..], &mut square[at..]];
            update(l, state, &gradient[at..], step, epsilon);
        }
        // What does not fill a vector goes through a padded one.
        let mut padded = [[0.0; 16]; 4];
        let rest = last_gradient.len();
        let [v, m, s, g] = &mut padded;
        v[..rest].copy_from_slice(last_values);
        m[..rest].copy_from_slice(last_mean);
        s[..rest].copy_from_slice(last_square);
        g[..rest].copy_from_slice(last_gradient);
        update(l, [v, m, s], g, step, epsilon);
        last_values.copy_from_slice(&v[..rest]);
        last_mean.copy_from_slice(&m[..rest]);
        last_square.copy_from_slice(&s[..rest]);
    }
}

/// One vector: values, mean and mean square.
#[inline(always)]
fn update<L: Lanes>(
    l: L,
    [values, mean, square]: [&mut [f32]; 3],
    gradient: &[f32],
    step: L::Vector,
    epsilon: L::Vector,
) {
    const NEW_MEAN: f32 = (1.0 - Adam::BETA_MEAN) as f32;
    const NEW_SQUARE: f32 = (1.0 - Adam::BETA_SQUARE) as f32;
    let g = l.load(gradient);
    let (m, s) = (l.load(mean), l.load(square));
    let m = l.multiply_add(l.splat(NEW_MEAN), l.sub(g, m), m);
    let s = l.multiply_add(l.splat(NEW_SQUARE), l.sub(l.mul(g, g), s), s);
    let change = l.div(l.mul(step, m), l.add(l.sqrt(s), epsilon));
    l.store(l.sub(l.load(values), change), values);
    l.store(m, mean);
    l.store(s, square);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_keeps_the_direction_and_bounds_the_norm() {
        let mut gradients =
            Parameters::from([("a".to_owned(), vec![3.0, 0.0]), ("b".to_owned(), vec![0.0, -4.0])]);
        assert_eq!(clip(&mut gradients, 10.0), 5.0);
        assert_eq!(gradients["a"], [3.0, 0.0], "a small gradient stays");
        assert_eq!(clip(&mut gradients, 1.0), 5.0);
        assert!((gradients["a"][0] - 0.6).abs() < 1e-6);
        assert!((gradients["b"][1] + 0.8).abs() < 1e-6);
        let long: Vec<f32> = (0..1003).map(|n| n as f32).collect();
        let squares: f64 = (0..1003).map(|n| f64::from(n * n)).sum();
        assert_eq!(clip(&mut Parameters::from([("c".to_owned(), long)]), 1e9), squares.sqrt());
    }

    #[test]
    fn decay_takes_its_share_of_matrices_that_are_trained_and_of_nothing_else() {
        let values = |names: &[&str]| -> Parameters {
            names.iter().map(|name| ((*name).to_owned(), vec![2.0, -4.0])).collect()
        };
        let names = ["time.0.weight_ih_l0", "time.0.bias_ih_l0", "note.0.weight_hh_l0"];
        let mut parameters = values(&names);
        let gradients = values(&names[..2]);
        Adam::decay(&mut parameters, &gradients, 0.5, 0.5);
        assert_eq!(parameters[names[0]], [1.5, -3.0], "a quarter of it");
        assert_eq!(parameters[names[1]], [2.0, -4.0], "a bias");
        assert_eq!(parameters[names[2]], [2.0, -4.0], "what has no gradient");
        Adam::decay(&mut parameters, &gradients, 0.5, 0.0);
        assert_eq!(parameters[names[0]], [1.5, -3.0]);
    }

    #[test]
    fn updates_follow_the_formula_in_double_precision() {
        let value = |n: usize| ((n * 37 % 101) as f32 - 50.0) / 30.0;
        for length in [1, 15, 16, 35] {
            let mut parameters =
                Parameters::from([("a".to_owned(), (0..length).map(value).collect())]);
            let mut exact: Vec<[f64; 3]> =
                (0..length).map(|n| [f64::from(value(n)), 0.0, 0.0]).collect();
            let mut adam = Adam::default();
            for update in 1..=20 {
                let gradient: Vec<f32> =
                    (0..length).map(|n| value(n + 7 * update as usize) * 1e-3).collect();
                for ([v, m, s], g) in exact.iter_mut().zip(&gradient) {
                    let g = f64::from(*g);
                    *m = 0.9 * *m + 0.1 * g;
                    *s = 0.999 * *s + 0.001 * g * g;
                    let (m, s) =
                        (*m / (1.0 - 0.9f64.powi(update)), *s / (1.0 - 0.999f64.powi(update)));
                    *v -= 0.01 * m / (s.sqrt() + 1e-8);
                }
                let gradients = Parameters::from([("a".to_owned(), gradient)]);
                adam.update(&mut parameters, &gradients, 0.01);
            }
            let error = parameters["a"].iter().zip(&exact);
            let error = error.map(|(a, [b, ..])| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
            println!("{length}: {error:.1e}");
            assert!(error < 3e-6, "{length}: {error}");
        }
    }
}
