//! Where a run stands, as one file beside the checkpoints: weights, moments of the optimiser,
//! and counters. One file, so that it can never disagree with itself, and a checksum in it, so
//! that a damaged one is noticed.
//!
//! Everything random is drawn by place from the seed, so the number of iterations is the
//! position of every stream.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anacrusis::model::network::tensors;
use anyhow::{Context, Result, ensure};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::adam::Adam;
use super::parameters::Parameters;
use crate::files;
use crate::settings::Settings;

/// With the digest of the music and a checksum.
const FORMAT: &str = "anacrusis-training/2";
/// Without them; still read.
const FIRST_FORMAT: &str = "anacrusis-training/1";

/// A run between two iterations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The weights.
    pub parameters: Parameters,
    /// The optimiser.
    pub adam: Adam,
    /// Mean of the weights so far, if that is what counts; else empty.
    pub mean: Parameters,
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
    #[serde(with = "exact")]
    pub train_loss: f64,
    /// Lowest held-out nats per step so far.
    #[serde(with = "exact::option")]
    pub best_nats: Option<f64>,
    /// Iterations done when that was reached. Older states do not tell it.
    #[serde(default)]
    pub best_at: Option<u64>,
    /// Iterations done at the last evaluation. Older states do not tell it.
    #[serde(default)]
    pub judged_at: Option<u64>,
}

/// What a run is, so that no other goes on from its state.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Its settings.
    pub settings: Settings,
    /// Digest of what it is trained on and what is held out; `None` in files of the first
    /// format.
    pub corpus: Option<String>,
}

impl State {
    /// Takes the weights into their mean: `mean += (1 - f) (weight - mean)`, where f is `factor`,
    /// or less in the beginning, so that the mean soon forgets where it began. Nothing if 0.
    pub fn average(&mut self, factor: f64) {
        if factor == 0.0 {
            return;
        }
        if self.mean.is_empty() {
            self.mean.clone_from(&self.parameters);
        }
        let made = self.progress.iterations as f64;
        let new = 1.0 - factor.min((1.0 + made) / (10.0 + made));
        for (mean, values) in self.mean.values_mut().zip(self.parameters.values()) {
            mean.iter_mut().zip(values).for_each(|(m, v)| *m += new as f32 * (v - *m));
        }
    }

    /// The weights that count: their mean if there is one, else the newest.
    pub fn best(&self) -> &Parameters {
        if self.mean.is_empty() { &self.parameters } else { &self.mean }
    }

    /// Writes the state to `path`; the file that was there goes to `older`, if one is given,
    /// once the new one is whole on the disk.
    ///
    /// # Errors
    /// If it cannot be written; what was there is then still there.
    pub fn save(&self, path: &Path, older: Option<&Path>, identity: &Identity) -> Result<()> {
        files::replace(path, older, &self.to_bytes(identity)?)
    }

    /// The content of a file of it.
    ///
    /// # Errors
    /// If it cannot be written down, which does not happen.
    pub fn to_bytes(&self, identity: &Identity) -> Result<Vec<u8>> {
        let mut bytes: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let parts = [
            ("weight", &self.parameters),
            ("mean", &self.adam.mean),
            ("square", &self.adam.square),
            ("average", &self.mean),
        ];
        for (part, tensors) in parts {
            for (name, values) in tensors {
                let data = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                bytes.insert(format!("{part}/{name}"), data);
            }
        }
        let mut texts = HashMap::from([
            ("format".to_owned(), FORMAT.to_owned()),
            ("progress".to_owned(), serde_json::to_string(&self.progress)?),
            ("updates".to_owned(), self.adam.updates.to_string()),
            ("settings".to_owned(), serde_json::to_string(&identity.settings)?),
        ]);
        texts.extend(identity.corpus.iter().map(|digest| ("corpus".to_owned(), digest.clone())));
        let parts = bytes.iter().map(|(name, data)| (name.as_str(), data.as_slice()));
        texts.insert("checksum".to_owned(), checksum(&texts, parts.collect()));
        let views = bytes
            .iter()
            .map(|(name, data)| {
                Ok((name, TensorView::new(Dtype::F32, vec![data.len() / 4], data)?))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(safetensors::serialize(views, Some(texts))?)
    }

    /// Reads a state back, and whose it is.
    ///
    /// # Errors
    /// If there is none, or it is damaged.
    pub fn read(path: &Path) -> Result<(State, Identity)> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        State::parse(&bytes).with_context(|| format!("{} is damaged", path.display()))
    }

    /// The same from the content of a file.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn parse(bytes: &[u8]) -> Result<(State, Identity)> {
        let (_, header) =
            SafeTensors::read_metadata(bytes).context("it is not a training state")?;
        let texts = header.metadata().clone().unwrap_or_default();
        let text = |key: &str| texts.get(key).with_context(|| format!("it lacks {key:?}"));
        let format = text("format")?;
        ensure!([FORMAT, FIRST_FORMAT].contains(&format.as_str()), "its format is {format:?}");
        let file = SafeTensors::deserialize(bytes).context("it is not a training state")?;
        if format == FORMAT || texts.contains_key("checksum") {
            let parts: BTreeMap<&str, &[u8]> =
                file.iter().map(|(name, view)| (name, view.data())).collect();
            ensure!(*text("checksum")? == checksum(&texts, parts), "its checksum does not fit");
            text("corpus")?;
        }
        let settings: Settings =
            serde_json::from_str(text("settings")?).context("its settings are not readable")?;
        settings.validate()?;
        let mut state = State {
            progress: serde_json::from_str(text("progress")?).context("its counters")?,
            ..State::default()
        };
        state.adam.updates = text("updates")?.parse().context("its counters")?;
        for spec in tensors(&settings.network) {
            let read = |part: &str| -> Result<Option<Vec<f32>>> {
                let Ok(view) = file.tensor(&format!("{part}/{}", spec.name)) else {
                    return Ok(None);
                };
                let fits = view.dtype() == Dtype::F32 && view.shape() == [spec.elements()];
                ensure!(fits, "{part} of {} has another size than its settings say", spec.name);
                let (words, _) = view.data().as_chunks::<4>();
                Ok(Some(words.iter().map(|word| f32::from_le_bytes(*word)).collect()))
            };
            let weight = read("weight")?.with_context(|| format!("it lacks {}", spec.name))?;
            state.parameters.insert(spec.name.clone(), weight);
            for (part, into) in [
                ("mean", &mut state.adam.mean),
                ("square", &mut state.adam.square),
                ("average", &mut state.mean),
            ] {
                into.extend(read(part)?.map(|values| (spec.name.clone(), values)));
            }
        }
        Ok((state, Identity { settings, corpus: texts.get("corpus").cloned() }))
    }
}

/// SHA-256 over all texts but the checksum and all tensors, in the order of their names.
fn checksum(texts: &HashMap<String, String>, tensors: BTreeMap<&str, &[u8]>) -> String {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    let sorted: BTreeMap<_, _> = texts.iter().filter(|(key, _)| *key != "checksum").collect();
    for (key, text) in sorted {
        field(key.as_bytes());
        field(text.as_bytes());
    }
    for (name, data) in tensors {
        field(name.as_bytes());
        field(data);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Numbers that come back to the last bit: as text, since reading numbers of JSON may round.
mod exact {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// As now, and as in the first format.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Text(String),
        Number(f64),
    }

    fn number<E: Error>(stored: Stored) -> Result<f64, E> {
        match stored {
            Stored::Text(text) => text.parse().map_err(E::custom),
            Stored::Number(number) => Ok(number),
        }
    }

    pub fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        number(Stored::deserialize(from)?)
    }

    pub mod option {
        use super::{Deserialize, Deserializer, Serializer, Stored, number};

        pub fn serialize<S: Serializer>(value: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
            match value {
                Some(number) => to.collect_str(number),
                None => to.serialize_none(),
            }
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
            Option::<Stored>::deserialize(from)?.map(number).transpose()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anacrusis::model::Config;

    fn sample() -> (State, Identity) {
        let network = Config { time: vec![3], note: vec![2], notes: 5, ..Config::default() };
        let settings = Settings { network, ..Settings::default() };
        let mut state = State::default();
        for spec in tensors(&settings.network) {
            let values: Vec<f32> = (0..spec.elements()).map(|n| n as f32 / 7.0).collect();
            if !spec.name.contains("bias_hh") {
                state.adam.mean.insert(spec.name.clone(), values.clone());
                state.adam.square.insert(spec.name.clone(), values.clone());
            }
            state.mean.insert(spec.name.clone(), values.iter().map(|v| v / 2.0).collect());
            state.parameters.insert(spec.name, values);
        }
        state.adam.updates = 12;
        state.progress = Progress {
            iterations: 12,
            train_loss: 0.1 + 0.2,
            best_nats: Some(1.0 / 3.0),
            ..Progress::default()
        };
        (state, Identity { settings, corpus: Some("abc".to_owned()) })
    }

    #[test]
    fn a_state_survives_its_file_and_damage_is_noticed() {
        let (state, identity) = sample();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.last.state");
        state.save(&path, None, &identity).expect("saved");
        assert_eq!(State::read(&path).expect("read"), (state, identity));

        let bytes = std::fs::read(&path).expect("there");
        for at in 0..bytes.len() {
            let mut spoilt = bytes.clone();
            spoilt[at] ^= 1 << (at % 8);
            assert!(State::parse(&spoilt).is_err(), "bit {} of byte {at}", at % 8);
            assert!(State::parse(&bytes[..at]).is_err(), "{at} bytes");
        }
    }

    #[test]
    fn the_mean_forgets_where_it_began_and_then_follows_slowly() {
        let weights = |value: f32| Parameters::from([("a".to_owned(), vec![value, -value])]);
        let mut state = State { parameters: weights(8.0), ..State::default() };
        state.average(0.0);
        assert!(state.mean.is_empty() && state.best() == &state.parameters);
        state.average(0.9);
        assert_eq!(state.best(), &state.parameters, "the first");
        let mut expected = 8.0f64;
        for iteration in 1..200 {
            state.progress.iterations = iteration;
            state.parameters = weights(1.0);
            state.average(0.9);
            let factor = f64::min(0.9, (1.0 + iteration as f64) / (10.0 + iteration as f64));
            expected = factor * expected + (1.0 - factor);
            let mean = state.best()["a"][0];
            assert!((f64::from(mean) - expected).abs() < 1e-5, "{iteration}: {mean} {expected}");
        }
        assert!((state.best()["a"][1] + 1.0).abs() < 1e-3);
    }

    #[test]
    fn a_state_of_the_first_format_is_read() {
        let (state, identity) = sample();
        let data: Vec<_> = [
            ("weight", &state.parameters),
            ("mean", &state.adam.mean),
            ("square", &state.adam.square),
        ]
        .into_iter()
        .flat_map(|(part, tensors)| {
            tensors.iter().map(move |(name, values)| {
                let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                (format!("{part}/{name}"), data)
            })
        })
        .collect();
        let views = data.iter().map(|(name, data)| {
            (name, TensorView::new(Dtype::F32, vec![data.len() / 4], data).expect("a view"))
        });
        let progress = "{\"iterations\":12,\"clipped\":0,\"seconds\":0.5,\"train_loss\":0.25,\
                        \"best_nats\":null}";
        // Nor did it know of these settings.
        let mut settings = serde_json::to_value(&identity.settings).expect("JSON");
        for key in ["warmup", "patience", "sample_every", "sample_bars", "backend", "data_weights"]
        {
            settings.as_object_mut().and_then(|keys| keys.remove(key)).expect(key);
        }
        let texts = HashMap::from(
            [
                ("format", FIRST_FORMAT.to_owned()),
                ("progress", progress.to_owned()),
                ("updates", "12".to_owned()),
                ("settings", settings.to_string()),
            ]
            .map(|(key, text)| (key.to_owned(), text)),
        );
        let bytes = safetensors::serialize(views, Some(texts)).expect("bytes");
        let (old, whose) = State::parse(&bytes).expect("read");
        assert_eq!((old.parameters, old.adam), (state.parameters, state.adam));
        assert_eq!((old.progress.train_loss, old.progress.best_nats), (0.25, None));
        assert_eq!((old.progress.best_at, old.progress.judged_at), (None, None));
        assert_eq!((whose.settings, whose.corpus), (identity.settings, None));
    }
}
