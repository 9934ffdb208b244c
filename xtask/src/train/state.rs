//! Where a run stands, as one file beside the checkpoints: weights, moments of the optimiser,
//! and counters. One file, so that it can never disagree with itself.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anacrusis::model::network::tensors;
use anyhow::{Context, Result, ensure};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::adam::Adam;
use super::backend::Parameters;
use crate::files;
use crate::settings::Settings;

const FORMAT: &str = "anacrusis-training/1";

/// A run between two iterations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The weights.
    pub parameters: Parameters,
    /// The optimiser.
    pub adam: Adam,
    /// Counters.
    pub progress: Progress,
}

/// Counters of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Iterations done.
    pub iterations: u64,
    /// In how many of them the gradient was clipped.
    pub clipped: u64,
    /// Seconds trained, evaluations included.
    pub seconds: f64,
    /// Running mean of the training loss (seed scale, dropout on).
    pub train_loss: f64,
    /// Lowest held-out nats per step so far.
    pub best_nats: Option<f64>,
}

/// `foo.safetensors` becomes `foo.<word>`.
pub fn beside(out: &Path, word: &str) -> PathBuf {
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    out.with_file_name(format!("{stem}.{word}"))
}

impl State {
    /// Writes the state, replacing an older one.
    ///
    /// # Errors
    /// If it cannot be written; an older one is then still there.
    pub fn save(&self, path: &Path, settings: &Settings) -> Result<()> {
        let mut bytes: BTreeMap<String, (Vec<u8>, usize)> = BTreeMap::new();
        let parts = [
            ("weight", &self.parameters),
            ("mean", &self.adam.mean),
            ("square", &self.adam.square),
        ];
        for (part, tensors) in parts {
            for (name, values) in tensors {
                let data = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                bytes.insert(format!("{part}/{name}"), (data, values.len()));
            }
        }
        let views = bytes
            .iter()
            .map(|(name, (data, len))| Ok((name, TensorView::new(Dtype::F32, vec![*len], data)?)))
            .collect::<Result<Vec<_>>>()?;
        let texts = HashMap::from([
            ("format".to_owned(), FORMAT.to_owned()),
            ("progress".to_owned(), serde_json::to_string(&self.progress)?),
            ("updates".to_owned(), self.adam.updates.to_string()),
            ("settings".to_owned(), serde_json::to_string(settings)?),
        ]);
        files::write(path, &safetensors::serialize(views, Some(texts))?)
    }

    /// Reads a state back, to go on with these settings.
    ///
    /// # Errors
    /// If there is none, it is damaged, or it is of another network or seed.
    pub fn load(path: &Path, settings: &Settings) -> Result<State> {
        let bytes = std::fs::read(path).with_context(|| {
            format!("nothing to resume: cannot read {}; start without --resume", path.display())
        })?;
        let damaged = || format!("{} is not a training state", path.display());
        let (_, header) = SafeTensors::read_metadata(&bytes).with_context(damaged)?;
        let texts = header.metadata().clone().unwrap_or_default();
        ensure!(texts.get("format").is_some_and(|f| f == FORMAT), damaged());
        let text = |key: &str| texts.get(key).with_context(damaged);
        let old: Settings = serde_json::from_str(text("settings")?).with_context(damaged)?;
        ensure!(
            old.network == settings.network,
            "{} is of another network than the settings ask for",
            path.display()
        );
        ensure!(
            (old.seed, old.heldout) == (settings.seed, settings.heldout),
            "{} was begun with --seed {} and heldout = {}; other ones would mix what is held out \
             with what was trained on",
            path.display(),
            old.seed,
            old.heldout
        );
        ensure!(
            old.data_weights == settings.data_weights,
            "{} was begun with other weights of --data ({:?}); give it the same folders with the \
             same weights, or start without --resume",
            path.display(),
            old.data_weights
        );
        let mut state = State {
            progress: serde_json::from_str(text("progress")?).with_context(damaged)?,
            ..State::default()
        };
        state.adam.updates = text("updates")?.parse().with_context(damaged)?;
        let file = SafeTensors::deserialize(&bytes).with_context(damaged)?;
        for spec in tensors(&settings.network) {
            let read = |part: &str| -> Result<Option<Vec<f32>>> {
                let Ok(view) = file.tensor(&format!("{part}/{}", spec.name)) else {
                    return Ok(None);
                };
                let fits = view.dtype() == Dtype::F32 && view.shape() == [spec.elements()];
                ensure!(fits, "{}: {part} of {} does not fit", damaged(), spec.name);
                let (words, _) = view.data().as_chunks::<4>();
                Ok(Some(words.iter().map(|word| f32::from_le_bytes(*word)).collect()))
            };
            let weight = read("weight")?.with_context(damaged)?;
            state.parameters.insert(spec.name.clone(), weight);
            for (part, into) in [("mean", &mut state.adam.mean), ("square", &mut state.adam.square)]
            {
                into.extend(read(part)?.map(|values| (spec.name.clone(), values)));
            }
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anacrusis::model::Config;

    #[test]
    fn a_state_survives_its_file_and_is_not_resumed_by_another_run() {
        let network = Config { time: vec![3], note: vec![2], notes: 5, ..Config::default() };
        let settings = Settings { network, ..Settings::default() };
        let mut state = State::default();
        for spec in tensors(&settings.network) {
            let values: Vec<f32> = (0..spec.elements()).map(|n| n as f32 / 7.0).collect();
            if !spec.name.contains("bias_hh") {
                state.adam.mean.insert(spec.name.clone(), values.clone());
                state.adam.square.insert(spec.name.clone(), values.clone());
            }
            state.parameters.insert(spec.name, values);
        }
        state.adam.updates = 12;
        state.progress = Progress { iterations: 12, best_nats: Some(3.25), ..Progress::default() };
        let folder = tempfile::tempdir().expect("a folder");
        let path = beside(&folder.path().join("model.safetensors"), "last.state");
        assert!(path.ends_with("model.last.state"));
        state.save(&path, &settings).expect("saved");
        assert_eq!(State::load(&path, &settings).expect("loaded"), state);

        let other = Settings { seed: 1, ..settings.clone() };
        let error = State::load(&path, &other).expect_err("another seed").to_string();
        assert!(error.contains("--seed 0"), "{error}");
        let other = Settings { data_weights: vec![1.0, 0.5], ..settings.clone() };
        let error = State::load(&path, &other).expect_err("another mixture").to_string();
        assert!(error.contains("weights of --data"), "{error}");
        std::fs::write(&path, b"rubbish").expect("written");
        assert!(State::load(&path, &settings).is_err());
    }
}
