//! What came of all rounds: medians, ratios, and whether all chose the same notes.

use std::collections::BTreeMap;

use anacrusis::model::Config;
use anacrusis::model::config::Scan;
use anyhow::{Context, Result};
use serde::Serialize;

use super::round::Round;

/// Draws closer than this to their threshold may fall either way: it is rounding that decides.
pub const ROUNDING: f64 = 1e-6;

/// All that is told, as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// By name: `ours`, `onnxruntime`, `candle`, `pytorch`, `torchscript`.
    pub engines: BTreeMap<&'static str, Told>,
    /// Share of the peak that our engine's matrix products reach over a whole step.
    pub fma_peak_share: f64,
    /// Peak of one core in the same instructions, measured between the rounds.
    pub fma_peak_gflops: f64,
    /// Arithmetic of a step's matrix products.
    pub step_mflop: f64,
    /// Instructions of our engine.
    pub instruction_set: &'static str,
    /// Digest of the network.
    pub model: String,
    /// Steps of a round.
    pub steps: usize,
    /// Rounds.
    pub rounds: usize,
    /// Keys that sounded in a step, on average.
    pub notes_per_step: f64,
}

/// What is told of an engine.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Told {
    /// It did not take part.
    Skipped {
        /// Why.
        skipped: String,
    },
    /// Our own.
    Ours(Ours),
    /// Another one.
    Theirs(Theirs),
}

/// Medians over all steps of all rounds, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Times {
    /// A whole step.
    pub ms: f64,
    /// Features and time stack.
    pub time_ms: f64,
    /// Note stack.
    pub note_ms: f64,
    /// Its loop over the keys.
    pub loop_ms: f64,
}

/// Our engine.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Ours {
    /// Medians.
    #[serde(flatten)]
    pub times: Times,
    /// What can be done before the newest frame is known.
    pub prepare_ms: f64,
    /// The rest.
    pub after_commit_ms: f64,
    /// The rest as a share of a whole step.
    pub after_commit_share: f64,
}

/// Another engine. Ratios are ours / theirs.
#[derive(Clone, Debug, Serialize)]
pub struct Theirs {
    /// Medians.
    #[serde(flatten)]
    pub times: Times,
    /// Of whole steps.
    pub ratio: f64,
    /// Of time stacks.
    pub time_ratio: f64,
    /// Of note stacks.
    pub note_ratio: f64,
    /// Of loops over the keys.
    pub loop_ratio: f64,
    /// Whether every chord of every round was ours.
    pub same_notes: bool,
    /// Where the first one was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
    /// Of the software.
    pub version: String,
}

/// Where an engine first chose otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Step of the round, from 0.
    pub step: usize,
    /// Key of the network, from 0 for the lowest.
    pub key: usize,
    /// How far our draw was from its threshold.
    pub margin: f64,
    /// Whether that is too near to tell.
    pub rounding: bool,
}

/// The middle one of some numbers; none for none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

impl Times {
    /// Medians over rounds.
    pub fn of(rounds: &[Round]) -> Times {
        let over = |column: fn(&Round) -> &[f64]| {
            median(rounds.iter().flat_map(|round| column(round).iter().copied()))
        };
        Times {
            ms: over(|round| &round.step_ms),
            time_ms: over(|round| &round.time_ms),
            note_ms: over(|round| &round.note_ms),
            loop_ms: over(|round| &round.loop_ms),
        }
    }
}

impl Ours {
    /// From rounds of whole steps, and rounds in which they were prepared.
    pub fn of(whole: &[Round], prepared: &[Round]) -> Ours {
        let times = Times::of(whole);
        let rest = |round: &Round| {
            let pairs = round.time_ms.iter().zip(&round.note_ms);
            pairs.map(|(time, note)| time + note).collect::<Vec<_>>()
        };
        let after_commit_ms = median(prepared.iter().flat_map(rest));
        Ours {
            times,
            prepare_ms: median(prepared.iter().flat_map(|round| round.prepare_ms.clone())),
            after_commit_ms,
            after_commit_share: after_commit_ms / times.ms,
        }
    }
}

impl Theirs {
    /// From the rounds of another engine, beside ours.
    ///
    /// # Errors
    /// If it answered what is no chord.
    pub fn of(
        rounds: &[Round],
        ours: &Times,
        our_round: &Round,
        config: &Config,
        version: &str,
    ) -> Result<Theirs> {
        let times = Times::of(rounds);
        let mut difference = None;
        for round in rounds {
            difference = difference.or(differs(round, our_round, config)?);
        }
        Ok(Theirs {
            ratio: ours.ms / times.ms,
            time_ratio: ours.time_ms / times.time_ms,
            note_ratio: ours.note_ms / times.note_ms,
            loop_ratio: ours.loop_ms / times.loop_ms,
            times,
            same_notes: difference.is_none(),
            difference,
            version: version.to_owned(),
        })
    }
}

/// The first step at which `theirs` is not `ours`, and there the first key, in the order of the
/// scan, that was decided otherwise: all that differs after it may follow from it.
///
/// # Errors
/// If a chord cannot be read.
pub fn differs(theirs: &Round, ours: &Round, config: &Config) -> Result<Option<Difference>> {
    for (step, (a, b)) in theirs.chords.iter().zip(&ours.chords).enumerate() {
        if a == b {
            continue;
        }
        let (a, b) = (a.chord()?, b.chord()?);
        let other = (a.playing() ^ b.playing()) | (a.struck() ^ b.struck());
        let differs = |key: &usize| other >> (usize::from(config.low) + key) & 1 == 1;
        let mut keys = 0..config.keys();
        let key = match config.scan {
            Scan::Up => keys.find(differs),
            Scan::Down => keys.rfind(differs),
        };
        let key = key.context("a chord beyond the network's keys")?;
        let margin = ours.margins[step][key];
        return Ok(Some(Difference { step, key, margin, rounding: margin < ROUNDING }));
    }
    Ok(None)
}

impl Report {
    /// For people, in columns.
    pub fn table(&self) -> String {
        let mut lines = vec![format!(
            "{:<12} {:>8} {:>8} {:>8} {:>8} {:>7} {:>7} {:>7}  same notes",
            "engine", "ms/step", "time", "note", "loop", "ratio", "note", "loop"
        )];
        let columns = |name: &str, t: &Times| {
            format!("{name:<12} {:8.3} {:8.3} {:8.3} {:8.3}", t.ms, t.time_ms, t.note_ms, t.loop_ms)
        };
        let ours_first = |name: &&&str| (**name != "ours", ***name != *"onnxruntime");
        let mut names: Vec<&&str> = self.engines.keys().collect();
        names.sort_by_key(ours_first);
        for name in names {
            lines.push(match &self.engines[*name] {
                Told::Skipped { skipped } => format!("{name:<12} skipped: {skipped}"),
                Told::Ours(ours) => columns(name, &ours.times),
                Told::Theirs(theirs) => {
                    let notes = match theirs.difference {
                        None => "yes".to_owned(),
                        Some(d) => d.to_string(),
                    };
                    format!(
                        "{} {:7.3} {:7.3} {:7.3}  {notes}",
                        columns(name, &theirs.times),
                        theirs.ratio,
                        theirs.note_ratio,
                        theirs.loop_ratio
                    )
                }
            });
        }
        lines.push(String::new());
        if let Some(Told::Ours(ours)) = self.engines.get("ours") {
            lines.push(format!(
                "after the commit point {:.3} ms, {:.2} of a step; {:.3} ms can be done before it",
                ours.after_commit_ms, ours.after_commit_share, ours.prepare_ms
            ));
        }
        lines.push(format!(
            "{:.1} MFLOP per step at {:.0} % of the {:.0} GFLOP/s that one core reaches in {}",
            self.step_mflop,
            100.0 * self.fma_peak_share,
            self.fma_peak_gflops,
            self.instruction_set
        ));
        lines.push(format!(
            "{} rounds of {} steps, interleaved, medians; one thread each; ratios are ours / \
             theirs; {:.1} notes sounding; model {:.12}",
            self.rounds, self.steps, self.notes_per_step, self.model
        ));
        lines.join("\n")
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Difference { step, key, margin, rounding } = self;
        let verdict = if *rounding { "as far as rounding allows" } else { "NO" };
        write!(f, "{verdict}: from step {step}, key {key}, where our draw was {margin:.1e} away")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anacrusis::music::Chord;

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median([]).is_nan());
    }

    #[test]
    fn a_draw_on_its_threshold_excuses_what_follows() {
        let round = |keys: &[u8], margins: Vec<f64>| Round {
            chords: vec![Chord::SILENT.into(), Chord::struck_keys(keys.iter().copied()).into()],
            margins: vec![vec![1.0; 4], margins],
            ..Round::default()
        };
        let up = Config { low: 60, notes: 4, ..Config::default() };
        let down = Config { scan: Scan::Down, ..up.clone() };
        let ours = round(&[60], vec![0.5, 0.2, 3e-7, 0.1]);
        assert_eq!(differs(&ours.clone(), &ours, &up).expect("chords"), None);
        let theirs = round(&[60, 62, 63], vec![]);
        let near = differs(&theirs, &ours, &up).expect("chords");
        let expected = Difference { step: 1, key: 2, margin: 3e-7, rounding: true };
        assert_eq!(near, Some(expected), "the higher key may follow from the lower");
        let far = differs(&theirs, &ours, &down).expect("chords");
        assert_eq!(far.map(|d| (d.key, d.rounding)), Some((3, false)));
        assert!(differs(&round(&[20], vec![]), &round(&[], vec![]), &up).is_err());
    }
}
