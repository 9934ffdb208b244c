//! Hands that are early and late: what is known of a step when it is decided.

use anacrusis::model::Draw;
use anacrusis::music::Chord;

use super::network::lot;
use super::simulate::Score;

/// Spread of onsets around the grid, in milliseconds.
pub const SPREAD_MS: f64 = 18.0;

/// When a step is decided, after its beginning: *Reaction*, 12 ms by default, less the 6 ms that
/// the decision takes.
pub const DECISION_MS: f64 = 6.0;

/// How long after the next onset a key is let go that was held up to it.
pub const RELEASE_MS: f64 = 10.0;

/// The same score as hands play it: of the steps that are decided when what the musician plays in
/// them is known, an onset that comes after the decision is not known, and a key that is held up to
/// the next onset is still held if it is let go after it. Steps are so long that each onset is
/// heard in its own. Chance depends on `seed` and the number of the piece.
pub fn displaced(score: &Score, seed: u64, piece: u64) -> Score {
    let mut score = score.clone();
    let draw = lot(seed, piece);
    let mut before = Chord::SILENT;
    for (step, (given, heard)) in score.given.iter_mut().zip(&score.heard).enumerate() {
        if given.known && heard.struck() != 0 {
            let onset = onset_ms(&draw, step as i64);
            let held = Chord::from_masks(before.playing(), 0);
            if onset > DECISION_MS {
                let on = Chord::from_masks(heard.playing() & !heard.struck(), 0);
                given.chord = held.union(on);
            } else if onset + RELEASE_MS > DECISION_MS {
                let legato = held.playing() & !heard.playing();
                given.chord = heard.union(Chord::from_masks(legato, 0));
            }
        }
        before = *heard;
    }
    score
}

/// By how many milliseconds the onsets of a step are off.
pub fn onset_ms(draw: &Draw, step: i64) -> f64 {
    SPREAD_MS * normal(draw.uniforms(step, 0))
}

/// A normal number of mean 0 and deviation 1 (Box and Muller 1958).
fn normal([u, v]: [f64; 2]) -> f64 {
    // Not 0, since `u` is below 1.
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anacrusis::model::Given;
    use anacrusis::music::Metres;

    #[test]
    fn numbers_are_normal() {
        let all: Vec<f64> = (0..20_000).map(|n| normal(lot(1, 0).uniforms(n, 0))).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let square = all.iter().map(|x| x * x).sum::<f64>() / all.len() as f64;
        assert!(mean.abs() < 0.03 && (square - 1.0).abs() < 0.04, "{mean} {square}");
    }

    #[test]
    fn late_onsets_are_unknown_and_late_releases_held() {
        let notes = [60, 62].map(|key| Chord::struck_keys([key]));
        let heard: Vec<Chord> = (0..4000).map(|step| notes[step % 2]).collect();
        let given = heard.iter().map(|chord| Given::known(*chord)).collect();
        let score = Score { given, metres: Metres::default(), heard };
        let score = displaced(&score, 3, 0);
        let (mut late, mut both, mut clean) = (0, 0, 0);
        for step in 1..4000 {
            let (now, before) = (notes[step % 2], notes[(step + 1) % 2].playing());
            match score.given[step].chord {
                chord if chord == Chord::from_masks(before, 0) => late += 1,
                chord if chord == now => clean += 1,
                chord if chord == Chord::from_masks(now.playing() | before, now.struck()) => {
                    both += 1;
                }
                other => panic!("{other:?} is given"),
            }
        }
        // A normal number of deviation 18 is above 6 in 37 % of cases, above -4 in 59 %.
        let share = |count: i32| f64::from(count) / 3999.0;
        assert!((share(late) - 0.37).abs() < 0.03, "{late}");
        assert!((share(both) - 0.22).abs() < 0.03, "{both}");
        assert!((share(clean) - 0.41).abs() < 0.03, "{clean}");
    }
}
