//! A trained network as one `.safetensors` file (model.md, section 9): reading, with every
//! check before use, and writing.

mod card;
mod error;
mod metadata;

use std::collections::BTreeMap;
use std::fmt;

use safetensors::{Dtype, SafeTensors};
use serde_json::json;
use sha2::{Digest, Sha256};

pub use card::{Card, CardError};
pub use error::CheckpointError;
pub use metadata::{Made, Metadata, PROMPT_STEPS, Scores, chosen_prompt};

use super::config::Config;
use super::network::{self, TensorSpec};

/// Value of the metadata key `format`.
pub const FORMAT: &str = "biaxial-lstm/1";
/// Largest file that is looked at, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 20;
/// Largest header that is parsed, in bytes.
pub const MAX_HEADER_BYTES: usize = 1 << 20;

/// A network's configuration, weights and story. Whoever holds one may rely on it: the set
/// of tensors, their shapes and their finiteness were checked when it was made.
#[derive(Clone, PartialEq)]
pub struct Checkpoint {
    config: Config,
    tensors: BTreeMap<String, Vec<f32>>,
    /// Prompts, and how the checkpoint was made.
    pub meta: Metadata,
    digest: String,
}

impl Checkpoint {
    /// A checkpoint of these tensors, row-major.
    ///
    /// # Errors
    /// If the configuration is out of bounds, or a tensor is missing, surplus, of the wrong
    /// size or not finite.
    pub fn new(
        config: Config,
        tensors: BTreeMap<String, Vec<f32>>,
        meta: Metadata,
    ) -> Result<Checkpoint, CheckpointError> {
        config.validate()?;
        meta.validate(&config)?;
        let table = network::tensors(&config);
        refuse_surplus(&table, tensors.keys().map(String::as_str))?;
        for spec in &table {
            let values = tensors.get(&spec.name).ok_or_else(|| missing(spec))?;
            if values.len() != spec.elements() {
                return Err(CheckpointError::Shape {
                    tensor: spec.name.clone(),
                    expected: spec.shape.clone(),
                    found: vec![values.len()],
                });
            }
            check_finite(&spec.name, values)?;
        }
        let mut checkpoint = Checkpoint { config, tensors, meta, digest: String::new() };
        checkpoint.digest = digest(&checkpoint.to_bytes());
        Ok(checkpoint)
    }

    /// Reads a checkpoint whole. Size caps are checked before anything is parsed, and the
    /// header before any tensor is copied.
    ///
    /// # Errors
    /// Says which part, or which tensor, is wrong and what was expected.
    pub fn parse(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
        check_frame(bytes)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(CheckpointError::Container)?;
        let texts = header.metadata().clone().unwrap_or_default();
        match texts.get("format").map(String::as_str) {
            Some(FORMAT) => {}
            found => {
                let found = found.map(str::to_owned);
                return Err(CheckpointError::Format { found, expected: FORMAT });
            }
        }
        let config = texts.get("config").ok_or(CheckpointError::NoConfig)?;
        let config: Config = serde_json::from_str(config).map_err(CheckpointError::Config)?;
        config.validate()?;

        let table = network::tensors(&config);
        let views = SafeTensors::deserialize(bytes).map_err(CheckpointError::Container)?;
        refuse_surplus(&table, views.names().into_iter())?;
        let mut tensors = BTreeMap::new();
        for spec in &table {
            let view = views.tensor(&spec.name).map_err(|_| missing(spec))?;
            if view.dtype() != Dtype::F32 {
                return Err(CheckpointError::Dtype {
                    tensor: spec.name.clone(),
                    found: format!("{:?}", view.dtype()),
                });
            }
            if view.shape() != spec.shape {
                return Err(CheckpointError::Shape {
                    tensor: spec.name.clone(),
                    expected: spec.shape.clone(),
                    found: view.shape().to_vec(),
                });
            }
            let (words, _) = view.data().as_chunks::<4>();
            let values: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
            check_finite(&spec.name, &values)?;
            tensors.insert(spec.name.clone(), values);
        }
        let meta = Metadata::from_texts(&texts, &config)?;
        Ok(Checkpoint { config, tensors, meta, digest: digest(bytes) })
    }

    /// The file. Deterministic: equal checkpoints give equal bytes (the container's own
    /// writer orders metadata at random, which would change the digest on every save).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut texts = self.meta.to_texts(&self.config);
        texts.insert("format".into(), FORMAT.into());
        let config = serde_json::to_string(&self.config).unwrap_or_default();
        texts.insert("config".into(), config);

        let mut header = serde_json::Map::new();
        header.insert("__metadata__".into(), json!(texts));
        let mut end = 0;
        for spec in network::tensors(&self.config) {
            let start = end;
            end += spec.elements() * size_of::<f32>();
            let entry = json!({"dtype": "F32", "shape": spec.shape, "data_offsets": [start, end]});
            header.insert(spec.name, entry);
        }
        let mut head = serde_json::Value::Object(header).to_string().into_bytes();
        // The container wants its data aligned to eight bytes.
        head.resize(head.len().next_multiple_of(8), b' ');

        let mut file = Vec::with_capacity(8 + head.len() + end);
        file.extend((head.len() as u64).to_le_bytes());
        file.extend(head);
        for spec in network::tensors(&self.config) {
            for value in self.tensor(&spec.name) {
                file.extend(value.to_le_bytes());
            }
        }
        file
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its tensors by name, row-major.
    pub fn into_tensors(self) -> BTreeMap<String, Vec<f32>> {
        self.tensors
    }

    /// SHA-256 of the file, in hexadecimal: the checkpoint's identity.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Values of a tensor of the table, row-major.
    ///
    /// # Panics
    /// If the configuration has no such tensor.
    pub fn tensor(&self, name: &str) -> &[f32] {
        &self.tensors[name]
    }
}

/// Names the checkpoint; its million weights would drown any message.
impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint")
            .field("config", &self.config)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn missing(spec: &TensorSpec) -> CheckpointError {
    CheckpointError::Missing { tensor: spec.name.clone(), expected: spec.shape.clone() }
}

/// Size caps and the length word, before the container's parser sees anything.
fn check_frame(bytes: &[u8]) -> Result<(), CheckpointError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(CheckpointError::FileTooLarge { found: bytes.len(), limit: MAX_FILE_BYTES });
    }
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(CheckpointError::Truncated { found: bytes.len() });
    };
    let header = u64::from_le_bytes(*length);
    if header > MAX_HEADER_BYTES as u64 {
        return Err(CheckpointError::HeaderTooLarge { found: header, limit: MAX_HEADER_BYTES });
    }
    if header > rest.len() as u64 {
        return Err(CheckpointError::Truncated { found: bytes.len() });
    }
    Ok(())
}

fn refuse_surplus<'a>(
    table: &[TensorSpec],
    names: impl Iterator<Item = &'a str>,
) -> Result<(), CheckpointError> {
    for name in names {
        if !table.iter().any(|spec| spec.name == name) {
            return Err(CheckpointError::Surplus { tensor: name.to_owned() });
        }
    }
    Ok(())
}

fn check_finite(name: &str, values: &[f32]) -> Result<(), CheckpointError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => {
            Err(CheckpointError::NotFinite { tensor: name.to_owned(), index, value: values[index] })
        }
    }
}
