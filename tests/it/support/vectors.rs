//! The golden vectors of `tests/golden`; see its README.

use std::path::{Path, PathBuf};

use anacrusis::model::{Checkpoint, Config};
use anacrusis::music::PianoRoll;
use safetensors::SafeTensors;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The network of a name.
pub fn checkpoint(name: &str) -> Checkpoint {
    Checkpoint::parse(&read(&format!("{name}.ckpt.safetensors")))
        .unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// A small network, and what it must give.
pub struct Case {
    pub name: &'static str,
    pub checkpoint: Checkpoint,
    pub vectors: Vec<u8>,
}

impl Case {
    /// Cases in which nobody is told apart.
    pub fn version_1() -> impl Iterator<Item = Case> {
        ["tiny", "legacy", "down", "odd88"].into_iter().map(Case::named)
    }

    /// Cases with a musician, in several metres.
    pub fn version_2() -> impl Iterator<Item = Case> {
        ["v2", "v2down"].into_iter().map(Case::named)
    }

    pub fn named(name: &'static str) -> Case {
        Case {
            name,
            checkpoint: checkpoint(name),
            vectors: read(&format!("{name}.vectors.safetensors")),
        }
    }

    /// Values of a tensor of the vectors, whatever its type, as f64; and its shape.
    pub fn get(&self, tensor: &str) -> Option<(Vec<f64>, Vec<usize>)> {
        let file = SafeTensors::deserialize(&self.vectors).expect("readable vectors");
        let view = file.tensor(tensor).ok()?;
        let data = view.data();
        let values = match view.dtype() {
            safetensors::Dtype::U8 => data.iter().map(|b| f64::from(*b)).collect(),
            safetensors::Dtype::I32 => {
                data.as_chunks().0.iter().map(|b| f64::from(i32::from_le_bytes(*b))).collect()
            }
            safetensors::Dtype::F32 => {
                data.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
            }
            safetensors::Dtype::F64 => {
                data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
            }
            other => panic!("{tensor}: {other:?}"),
        };
        Some((values, view.shape().to_vec()))
    }

    pub fn must(&self, tensor: &str) -> Vec<f64> {
        self.get(tensor).unwrap_or_else(|| panic!("{}: no {tensor}", self.name)).0
    }

    pub fn config(&self) -> &Config {
        self.checkpoint.config()
    }

    /// A tensor `[.., S, K, 2]` as rolls of `steps`.
    pub fn rolls(&self, tensor: &str) -> Vec<PianoRoll> {
        let (values, shape) = self.get(tensor).expect(tensor);
        let steps = shape[shape.len() - 3];
        let bits: Vec<u8> = values.iter().map(|v| *v as u8).collect();
        bits.chunks_exact(steps * self.config().keys() * 2)
            .map(|piece| PianoRoll::from_bits(self.config().range(), piece).expect("legal roll"))
            .collect()
    }
}

pub fn largest_difference(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.iter().all(|x| x.is_finite()));
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}
