//! The head's weights: linear regression with a little shrinking, solved exactly.

use anyhow::{Result, ensure};

/// What is added to the diagonal, as a share of the number of notes: units whose outputs are small or
/// alike then get small weights.
const RIDGE: f64 = 1e-4;

/// Fewest notes that a head is fitted to, for each of its numbers.
const NOTES_FOR_EACH: u64 = 20;

/// Sums over notes, from which the weights follow.
#[derive(Clone, Debug)]
pub struct Fit {
    units: usize,
    notes: u64,
    /// Sum of the products of all pairs of inputs, the lower triangle by rows; the last input is 1.
    products: Vec<f64>,
    /// Sum of the products of each input with what is to be told.
    told: Vec<f64>,
}

impl Fit {
    /// For a top layer of `units`.
    pub fn new(units: usize) -> Fit {
        let inputs = units + 1;
        Fit {
            units,
            notes: 0,
            products: vec![0.0; inputs * (inputs + 1) / 2],
            told: vec![0.0; inputs],
        }
    }

    /// Takes a note: the top layer's output for its key, `[H]`, and what is to be told of it.
    pub fn note(&mut self, top: &[f32], told: f64) {
        self.notes += 1;
        let inputs: Vec<f64> = top.iter().map(|x| f64::from(*x)).chain([1.0]).collect();
        let mut row = 0;
        for (index, a) in inputs.iter().enumerate() {
            for (sum, b) in self.products[row..=row + index].iter_mut().zip(&inputs) {
                *sum += a * b;
            }
            row += index + 1;
            self.told[index] += a * told;
        }
    }

    /// Adds the notes of another.
    pub fn add(&mut self, other: &Fit) {
        self.notes += other.notes;
        self.products.iter_mut().zip(&other.products).for_each(|(a, b)| *a += b);
        self.told.iter_mut().zip(&other.told).for_each(|(a, b)| *a += b);
    }

    /// Notes so far.
    pub fn notes(&self) -> u64 {
        self.notes
    }

    /// Weights `[H]` and bias that miss what is to be told by the least squares.
    ///
    /// # Errors
    /// If there are too few notes.
    pub fn solve(&self) -> Result<(Vec<f32>, f32)> {
        let inputs = self.units + 1;
        let least = NOTES_FOR_EACH * inputs as u64;
        ensure!(
            self.notes >= least,
            "only {} notes whose loudness is known; {least} are needed: use files whose velocities \
             differ from note to note",
            self.notes
        );
        // Cholesky's decomposition of the products, in place; then forth and back.
        let ridge = RIDGE * self.notes as f64;
        let at = |row: usize, column: usize| row * (row + 1) / 2 + column;
        let mut l = self.products.clone();
        for row in 0..inputs {
            l[at(row, row)] += ridge;
            for column in 0..=row {
                let done: f64 = (0..column).map(|k| l[at(row, k)] * l[at(column, k)]).sum();
                let rest = l[at(row, column)] - done;
                l[at(row, column)] = match row == column {
                    true => rest.max(f64::MIN_POSITIVE).sqrt(),
                    false => rest / l[at(column, column)],
                };
            }
        }
        let mut x = self.told.clone();
        for row in 0..inputs {
            let done: f64 = (0..row).map(|k| l[at(row, k)] * x[k]).sum();
            x[row] = (x[row] - done) / l[at(row, row)];
        }
        for row in (0..inputs).rev() {
            let done: f64 = (row + 1..inputs).map(|k| l[at(k, row)] * x[k]).sum();
            x[row] = (x[row] - done) / l[at(row, row)];
        }
        let bias = x.pop().unwrap_or_default() as f32;
        Ok((x.into_iter().map(|x| x as f32).collect(), bias))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look drawn, between -1 and 1.
    fn number(of: u32) -> f32 {
        (f64::from(of.wrapping_mul(2_654_435_761) % 20_001) / 10_000.0 - 1.0) as f32
    }

    #[test]
    fn what_is_linear_is_found_again_and_too_few_notes_are_told() {
        let (weights, bias) = ([0.5, -2.0, 0.0, 1.25], -0.75);
        let mut halves = [Fit::new(4), Fit::new(4)];
        for note in 0..2_000 {
            let top: Vec<f32> = (0..4).map(|unit| number(4 * note + unit + 1)).collect();
            let told = top.iter().zip(weights).map(|(x, w)| f64::from(*x) * w).sum::<f64>() + bias;
            halves[usize::from(note % 3 == 0)].note(&top, told);
        }
        let [mut all, other] = halves;
        let few = Fit { notes: 99, ..all.clone() }.solve().expect_err("99 notes for 5 numbers");
        assert!(few.to_string().contains("only 99 notes"), "{few}");
        all.add(&other);
        assert_eq!(all.notes(), 2_000);
        let (found, at_zero) = all.solve().expect("enough notes");
        for (found, weight) in found.iter().zip(weights) {
            assert!((f64::from(*found) - weight).abs() < 2e-3, "{found} for {weight}");
        }
        assert!((f64::from(at_zero) - bias).abs() < 1e-3, "{at_zero}");
    }

    #[test]
    fn units_that_say_the_same_share_the_weight() {
        let mut fit = Fit::new(2);
        for note in 0..1_000 {
            let x = number(note + 1);
            fit.note(&[x, x], f64::from(x));
        }
        let (weights, _) = fit.solve().expect("enough notes");
        assert!(weights.iter().all(|weight| (weight - 0.5).abs() < 1e-3), "{weights:?}");
    }
}
