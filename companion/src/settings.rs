//! Every setting of a training run: defaults, a TOML file, flags; each overrides the one
//! before.

mod choices;
mod document;

use std::path::{Path, PathBuf};

use anacrusis::model::checkpoint::{MAX_FILE_BYTES, MAX_HEADER_BYTES};
use anacrusis::model::config::Start;
use anacrusis::model::{Config, network};
use anyhow::{Context, Result, bail, ensure};
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

pub use choices::{BackendKind, DeviceKind, Profile, PromptSource, Weighting};

use crate::players::Rule;
use crate::{files, source};

/// Lowest key, and number of keys, of the published benchmarks.
pub const BENCHMARK_KEYS: (u8, u8) = (21, 88);

/// Largest file of settings that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Longest text that a model carries about itself (`corpus`, `licence`), in characters.
const MAX_TEXT: usize = 1000;

/// How segments are shared out between the plugin and a musician: see the settings of these names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Duet {
    /// Share of segments without a musician.
    pub nobody: f64,
    /// Share of segments in which another than the one whom the rule finds is the musician.
    pub others: f64,
    /// Chance of a musician to be known in the step itself.
    pub known: f64,
    /// Chance of another history.
    pub wrong_history: f64,
    /// Chance of a turn to another key.
    pub turns: f64,
    /// Chance of an onset to be known too late.
    pub late_hands: f64,
}

/// Settings of a run. Keys of the TOML file have these names; unknown ones are refused.
///
/// What is said of each field here is what `--help` and `--print-config` say of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What is read, scored and trained on.
    pub profile: Profile,
    /// The network, as in a checkpoint.
    #[serde(deserialize_with = "document::network")]
    pub network: Config,
    /// Segments per batch, 1 to 1024.
    pub batch: usize,
    /// Steps (sixteenths) per segment, 2 to 4096. Shorter pieces are left out, but for the
    /// benchmark profile, where they are trained on whole.
    pub steps: usize,
    /// Segments begin at multiples of so many steps, 1 to 4096; 0 for bar lines.
    pub align: usize,
    /// Step size of Adam, above 0, at most 1.
    pub learning_rate: f64,
    /// Iterations at the beginning over which the step size rises to its full value; 0 for none.
    pub warmup: u64,
    /// Share of the run, at its end, over which the step size falls to a twentieth, 0 to 1.
    pub cooldown: f64,
    /// Chance of a unit to be dropped, 0 to 0.9.
    pub dropout: f64,
    /// Decoupled weight decay (AdamW), scaled by the step size, 0 to 100; biases are exempt.
    pub weight_decay: f64,
    /// Decay per iteration of the exponential moving average of the weights, which is what is
    /// scored and saved, 0 to 0.99999; 0 for no averaging.
    pub average: f64,
    /// Largest global norm of the gradient, above 0.
    pub clip: f64,
    /// Whether the sustain pedal of MIDI files lengthens notes.
    pub pedal: bool,
    /// Whether pieces are trained on whose notes follow no sixteenths, such as performances and
    /// triplets throughout.
    pub any_grid: bool,
    /// Lowest and highest transposition in semitones, within -24 to 24.
    pub transpose: [i8; 2],
    /// Who of a piece is the musician that the network learns to accompany: `auto` for the track
    /// named like a melody, else the one part that is no keyboard, else the top voice; `chords` for
    /// the chord symbols of leadsheets, and in other pieces as `auto`.
    pub musician: Rule,
    /// Share of segments without a musician, in which all of the music is learnt, 0 to 1; 1 for
    /// networks with version 1 features.
    pub nobody: f64,
    /// Share of segments in which the musician is the bass or another part, 0 to 1.
    pub other_parts: f64,
    /// Chance that a segment with a musician gives the network their notes in the very step that it
    /// decides, 0 to 1; otherwise it gets them a step late.
    pub known: f64,
    /// Chance that a segment with a musician begins after a different accompaniment (of another
    /// piece, in another key, or silence), 0 to 1, so that the network learns to follow the
    /// musician and not itself.
    pub wrong_history: f64,
    /// Chance that a segment with a musician changes key partway, 0 to 1.
    pub turns: f64,
    /// Chance that a note of the musician's reaches the network too late for its step, 0 to 1.
    pub late_hands: f64,
    /// How pieces are drawn.
    pub weighting: Weighting,
    /// How often segments come from each --data, in their order and relative to each other, each
    /// 1e-6 to 1e6; empty: from any piece, as `weighting` says. `--data PATH=WEIGHT` overrides
    /// all of it.
    pub data_weights: Vec<f64>,
    /// Chance of a piece to be held out, 0.01 to 0.9.
    pub heldout: f64,
    /// Seed of everything random: split, initial weights, segments, dropout.
    pub seed: u64,
    /// Iterations after which the run ends, those before a --resume included.
    pub iterations: u64,
    /// Minutes after which this run ends, however few iterations that was; not set: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<f64>,
    /// Iterations without a better held-out score after which the run ends early; 0 for never.
    /// With a cooldown, that may be before the step size has fallen.
    pub patience: u64,
    /// Iterations between evaluations, each of which also saves.
    pub evaluate_every: u64,
    /// About how many held-out steps an evaluation during the run looks at.
    pub evaluate_steps: usize,
    /// Iterations between samples of the network's music, as .mid and .png in a folder beside
    /// OUT; 0 for none.
    pub sample_every: u64,
    /// Bars of a sample, 1 to 256.
    pub sample_bars: usize,
    /// Where to compute.
    pub device: DeviceKind,
    /// What computes on the CPU; on GPUs, candle does.
    pub backend: BackendKind,
    /// Training threads; 0 is one for each core.
    pub threads: usize,
    /// Five-bar prompts to store in the checkpoint, 0 to 16: what playback goes on from.
    pub prompts: usize,
    /// Where prompts come from: `corpus` for excerpts of it, if `licence` says that it may be
    /// passed on; `model`, or if it does not, for some that the best network plays in the end,
    /// with at most two bars in a row of the corpus.
    pub prompts_from: PromptSource,
    /// Name of the corpus, told in the checkpoint.
    pub corpus: String,
    /// Licence of corpus and weights with the attribution it asks for, told in the checkpoint;
    /// empty: unknown, so that no music of the corpus is stored.
    pub licence: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            profile: Profile::default(),
            network: Settings::network(),
            batch: 5,
            steps: 128,
            align: 0,
            learning_rate: 1e-3,
            warmup: 0,
            cooldown: 0.0,
            dropout: 0.5,
            weight_decay: 0.0,
            average: 0.0,
            clip: 1.0,
            pedal: true,
            any_grid: false,
            transpose: [-5, 6],
            musician: Rule::Auto,
            nobody: 0.25,
            other_parts: 0.25,
            known: 0.5,
            wrong_history: 0.5,
            turns: 0.25,
            late_hands: 0.3,
            weighting: Weighting::Piece,
            data_weights: vec![],
            heldout: 0.1,
            seed: 0,
            iterations: 50_000,
            minutes: None,
            patience: 0,
            evaluate_every: 100,
            evaluate_steps: 4096,
            sample_every: 500,
            sample_bars: 16,
            device: DeviceKind::default(),
            backend: BackendKind::default(),
            threads: 0,
            prompts: 8,
            prompts_from: PromptSource::default(),
            corpus: String::new(),
            licence: String::new(),
        }
    }
}

impl Settings {
    /// The defaults with what a TOML file changes.
    ///
    /// # Errors
    /// If the file cannot be read, is not TOML, has an unknown key or a value of the wrong
    /// kind.
    pub fn read(path: &Path) -> Result<Settings> {
        let read = || anyhow::Ok(String::from_utf8(files::read(path, MAX_BYTES)?)?);
        let text =
            read().with_context(|| format!("cannot read the settings in {}", path.display()))?;
        Settings::parse(&text).with_context(|| format!("in the settings of {}", path.display()))
    }

    /// As [`Settings::read`], from text.
    ///
    /// # Errors
    /// As there; each key that is not known is named with its line and, if it is like a known
    /// one, that one.
    pub fn parse(text: &str) -> Result<Settings> {
        document::parse(text)
    }

    /// The network that is trained unless told otherwise: of the default size, and one that tells a
    /// musician apart.
    pub fn network() -> Config {
        Config { features: Config::NEWEST_FEATURES, ..Config::default() }
    }

    /// How segments are shared out between the plugin and a musician; without one where the network
    /// cannot tell them apart.
    pub fn duet(&self) -> Duet {
        let Settings { nobody, other_parts: others, known, .. } = *self;
        let Settings { wrong_history, turns, late_hands, .. } = *self;
        let nobody = if self.network.hears() { nobody } else { 1.0 };
        Duet { nobody, others, known, wrong_history, turns, late_hands }
    }

    /// Has the network fit the profile.
    pub fn fit_network_to_profile(&mut self) {
        if self.profile == Profile::Benchmark {
            (self.network.low, self.network.notes) = BENCHMARK_KEYS;
            self.network.start = Start::Flag;
            // What is published tells no musician apart.
            self.network.features = 1;
        }
    }

    /// Shortest piece that is trained on, in steps.
    pub fn min_steps(&self) -> usize {
        match self.profile {
            Profile::Product => self.steps.max(2),
            Profile::Benchmark => 2,
        }
    }

    /// All settings as TOML, each key with a line that says what it is; reading that back
    /// gives the same settings.
    ///
    /// # Errors
    /// If a number is too large for TOML.
    pub fn to_toml(&self) -> Result<String> {
        document::write(self)
    }

    /// What a key is, in one line without a full stop; empty for what is no key.
    pub fn help(key: &str) -> String {
        let text = Settings::get_field_docs(key).unwrap_or_default();
        text.trim_end_matches('.').split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Checks ranges.
    ///
    /// # Errors
    /// Names the setting that is out of range, and the range.
    pub fn validate(&self) -> Result<()> {
        self.network.validate().context("[network]")?;
        let bytes = network::parameters(&self.network) * size_of::<f32>();
        ensure!(
            bytes + MAX_HEADER_BYTES <= MAX_FILE_BYTES,
            "[network]: {} MiB of weights; a model file has {} MiB at most: lower `time` or `note`",
            bytes >> 20,
            MAX_FILE_BYTES >> 20
        );
        for (name, text) in [("corpus", &self.corpus), ("licence", &self.licence)] {
            ensure!(
                text.chars().count() <= MAX_TEXT && !text.contains(char::is_control),
                "{name}: {MAX_TEXT} characters at most, in one line"
            );
        }
        let finite = |x: f64, low: f64, high: f64| x.is_finite() && x >= low && x <= high;
        let checks = [
            ((1..=1024).contains(&self.batch), "batch: 1 to 1024 segments"),
            ((2..=4096).contains(&self.steps), "steps: 2 to 4096 steps per segment"),
            (finite(self.learning_rate, 1e-9, 1.0), "learning_rate: 1e-9 to 1"),
            (finite(self.cooldown, 0.0, 1.0), "cooldown: 0 to 1, a share of the run"),
            (finite(self.dropout, 0.0, 0.9), "dropout: 0 to 0.9"),
            (finite(self.weight_decay, 0.0, 100.0), "weight_decay: 0 to 100"),
            (finite(self.average, 0.0, 0.99999), "average: 0 to 0.99999"),
            (self.align <= 4096, "align: 1 to 4096 steps, or 0 for bar lines"),
            (
                finite(self.nobody, 0.0, 1.0)
                    && finite(self.other_parts, 0.0, 1.0)
                    && self.nobody + self.other_parts <= 1.0,
                "nobody, other_parts: 0 to 1 each, and together at most 1",
            ),
            (finite(self.known, 0.0, 1.0), "known: 0 to 1"),
            (
                finite(self.wrong_history, 0.0, 1.0)
                    && finite(self.turns, 0.0, 1.0)
                    && self.wrong_history + self.turns <= 1.0,
                "wrong_history, turns: 0 to 1 each, and together at most 1",
            ),
            (finite(self.late_hands, 0.0, 1.0), "late_hands: 0 to 1"),
            (finite(self.clip, 1e-6, 1e6), "clip: 1e-6 to 1e6"),
            (
                self.transpose.iter().all(|t| (-24..=24).contains(t))
                    && self.transpose[0] <= self.transpose[1],
                "transpose: two whole numbers within -24 to 24, the lower first",
            ),
            (
                self.data_weights.iter().all(|weight| source::is_weight(*weight)),
                "data_weights: 1e-6 to 1e6, one for each --data",
            ),
            (finite(self.heldout, 0.01, 0.9), "heldout: 0.01 to 0.9, a share of the pieces"),
            (self.iterations > 0, "iterations: at least 1"),
            (self.minutes.is_none_or(|m| finite(m, 0.001, 1e6)), "minutes: 0.001 to a million"),
            (self.evaluate_every > 0, "evaluate_every: at least 1 iteration"),
            (self.evaluate_steps > 0, "evaluate_steps: at least 1 step"),
            ((1..=256).contains(&self.sample_bars), "sample_bars: 1 to 256"),
            (self.threads <= 256, "threads: 0 (one per core) to 256"),
            (self.prompts <= 16, "prompts: 0 to 16"),
        ];
        match checks.iter().find(|(good, _)| !good) {
            Some((_, range)) => bail!("{range}"),
            None => Ok(()),
        }
    }

    /// Threads to train with, at least one.
    pub fn thread_count(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
    }
}

/// A path as it may be told to others: as given if relative, else its last `parts` parts,
/// since what leads to them belongs to one machine.
pub fn portable(path: &Path, parts: usize) -> String {
    let shown = if path.is_relative() && !path.starts_with("..") {
        path.to_owned()
    } else {
        let names: Vec<_> = path
            .components()
            .filter(|part| matches!(part, std::path::Component::Normal(_)))
            .collect();
        names[names.len().saturating_sub(parts)..].iter().collect::<PathBuf>()
    };
    shown.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_what_it_names_and_nothing_else() {
        let settings =
            Settings::parse("batch = 8\n[network]\ntime = [128, 128]\nscan = \"down\"\n")
                .expect("good settings");
        let mut expected = Settings { batch: 8, ..Settings::default() };
        expected.network.time = vec![128, 128];
        expected.network.scan = anacrusis::model::config::Scan::Down;
        assert_eq!(settings, expected);
    }

    #[test]
    fn wild_values_are_refused_by_name() {
        for text in [
            "batch = 0",
            "dropout = 1.0",
            "transpose = [3, -3]",
            "heldout = nan",
            "data_weights = [1, 0]",
            "sample_bars = 0",
        ] {
            let settings = Settings::parse(text).expect("the right kinds");
            let error = settings.validate().expect_err(text).to_string();
            assert!(error.starts_with(text.split(' ').next().unwrap_or("")), "{error}");
        }
    }

    #[test]
    fn a_network_that_no_file_can_hold_is_refused_before_it_is_trained() {
        let settings = Settings::parse("[network]\ntime = [2048, 2048]").expect("the right kinds");
        let error = settings.validate().expect_err("too large").to_string();
        assert!(error.contains("64 MiB at most") && error.contains("time"), "{error}");
    }

    #[test]
    fn told_paths_belong_to_no_machine() {
        assert_eq!(portable(Path::new("data/classical"), 2), "data/classical");
        assert_eq!(portable(Path::new("/home/me/data/classical"), 2), "data/classical");
        assert_eq!(portable(Path::new("../../x/data/jsb"), 2), "data/jsb");
        assert_eq!(portable(Path::new("/home/me/out/m.safetensors"), 1), "m.safetensors");
    }
}
