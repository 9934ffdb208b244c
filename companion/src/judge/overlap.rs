//! Whether two sets of numbers are alike, as Yang and Lerch compare music ("On the evaluation
//! of generative models in music", Neural Computing and Applications 32, 2020): the distances
//! within one set beside those from it to the other, each as a smooth density, and the area
//! that both densities have in common.

/// Places at which densities are compared.
const GRID: usize = 1000;

/// The overlapping area, 0 to 1, of the distances within `human` and of those from it to
/// `made`; `None` if there are fewer than two of one or one of the other.
pub fn area(human: &[f64], made: &[f64]) -> Option<f64> {
    let within: Vec<f64> = human
        .iter()
        .enumerate()
        .flat_map(|(at, a)| human[at + 1..].iter().map(move |b| (a - b).abs()))
        .collect();
    let between: Vec<f64> =
        human.iter().flat_map(|a| made.iter().map(move |b| (a - b).abs())).collect();
    if within.is_empty() || between.is_empty() {
        return None;
    }
    let (within, between) = (Density::of(within), Density::of(between));
    let low = within.low().min(between.low());
    let high = within.high().max(between.high());
    let width = (high - low) / GRID as f64;
    let place = |index: usize| low + (index as f64 + 0.5) * width;
    Some((0..GRID).map(place).map(|x| within.at(x).min(between.at(x)) * width).sum())
}

/// A Gaussian kernel density of numbers.
pub struct Density {
    values: Vec<f64>,
    width: f64,
}

impl Density {
    /// With Scott's bandwidth (1992), `n^(-1/5)` standard deviations, as SciPy has it. Of no
    /// numbers it is not one anywhere.
    pub fn of(values: Vec<f64>) -> Density {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / (n - 1.0).max(1.0)).sqrt();
        // All alike: a narrow peak in place of none.
        let width = (deviation * n.powf(-0.2)).max(1e-3 * mean.abs()).max(1e-9);
        Density { values, width }
    }

    /// How dense they lie at `x`: the whole has the area 1.
    pub fn at(&self, x: f64) -> f64 {
        let bell = |value: &f64| (-0.5 * ((x - value) / self.width).powi(2)).exp();
        let scale = self.values.len() as f64 * self.width * std::f64::consts::TAU.sqrt();
        self.values.iter().map(bell).sum::<f64>() / scale
    }

    /// Below it lies nothing to speak of.
    pub fn low(&self) -> f64 {
        self.values.iter().fold(f64::INFINITY, |a, b| a.min(*b)) - 4.0 * self.width
    }

    /// Above it lies nothing to speak of.
    pub fn high(&self) -> f64 {
        self.values.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b)) + 4.0 * self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anacrusis::model::Draw;

    fn normal(count: usize, pass: u64, mean: f64) -> Vec<f64> {
        let draw = Draw { seed: 5, pass };
        let value = |at: usize| {
            let uniforms: f64 = (0..12).map(|n| draw.uniforms(at as i64, n)[0]).sum();
            mean + uniforms - 6.0
        };
        (0..count).map(value).collect()
    }

    #[test]
    fn sets_of_one_kind_overlap_and_others_do_not() {
        let (human, alike) = (normal(60, 1, 0.0), normal(60, 2, 0.0));
        let same = area(&human, &alike).expect("enough");
        let near = area(&human, &normal(60, 3, 1.5)).expect("enough");
        let far = area(&human, &normal(60, 4, 30.0)).expect("enough");
        println!("{same:.3} {near:.3} {far:.3}");
        assert!(same > 0.9 && same <= 1.001);
        assert!(near < same - 0.1 && near > far);
        assert!(far < 0.01);
        assert_eq!(area(&human[..1], &alike), None);
        assert_eq!(area(&human, &[]), None);
        assert!(area(&[2.0; 5], &[2.0; 5]).expect("alike") > 0.9);
    }
}
