//! Dropout (model.md, section 6): which units of which rows are left out.

use anacrusis::model::Config;

use super::random::Random;

/// Dropout multipliers, constant along the recurrent axis.
#[derive(Clone, Debug, Default)]
pub struct Masks {
    /// Per time layer `[B, K, H]`.
    pub time: Vec<Vec<f32>>,
    /// Per note layer `[B, T, H]`.
    pub note: Vec<Vec<f32>>,
}

/// Dropout masks for sequences of T predictions: each unit of each row is dropped with
/// probability `p`, else scaled by `1/(1-p)`. `rows` tells the generator who is who.
pub fn masks(config: &Config, steps: usize, rows: &[u64], p: f64, random: &Random) -> Masks {
    let scale = (1.0 / (1.0 - p)) as f32;
    let of = |stack: u64, sizes: &[usize], width: usize| -> Vec<Vec<f32>> {
        let layer = |(index, &units): (usize, &usize)| {
            let mut values = Vec::with_capacity(rows.len() * width * units);
            for row in rows {
                let mut random = random.branch(*row).branch(stack << 8 | index as u64);
                let value = || if random.uniform() < p { 0.0 } else { scale };
                values.extend(std::iter::repeat_with(value).take(width * units));
            }
            values
        };
        sizes.iter().enumerate().map(layer).collect()
    };
    Masks { time: of(0, &config.time, config.keys()), note: of(1, &config.note, steps) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_inverted_dropout_per_row() {
        let config = Config { time: vec![40, 8], note: vec![6], ..Config::default() };
        let random = Random::new(3, 1);
        let masks_of = |rows: &[u64]| masks(&config, 5, rows, 0.25, &random);
        let all = masks_of(&[0, 1]);
        assert_eq!(all.time.len(), 2);
        assert_eq!(all.time[0].len(), 2 * 78 * 40);
        assert_eq!(all.note[0].len(), 2 * 5 * 6);
        assert!(all.time[0].iter().all(|m| *m == 0.0 || (*m - 4.0 / 3.0).abs() < 1e-6));
        let dropped = all.time[0].iter().filter(|m| **m == 0.0).count() as f64;
        assert!((dropped / (2.0 * 78.0 * 40.0) - 0.25).abs() < 0.03);
        assert_eq!(masks_of(&[1]).time[0], all.time[0][78 * 40..], "however shared out");
        assert_ne!(all.time[0][..78 * 40], all.time[0][78 * 40..], "rows differ");
    }
}
