//! The golden vectors: networks, and numbers computed with them elsewhere in f64.

use std::path::Path;

use anacrusis::model::network::tensors;
use anacrusis::model::{Checkpoint, Config};
use anacrusis::music::PianoRoll;
use safetensors::{Dtype, SafeTensors};
use xtask::sequence::Sequence;
use xtask::train::backend::Parameters;
use xtask::train::dropout::Masks;

const CASES: [&str; 4] = ["tiny", "legacy", "down", "odd88"];

/// A checkpoint, and what was computed with it.
pub struct Case {
    pub name: &'static str,
    pub checkpoint: Checkpoint,
    pub vectors: Vec<u8>,
}

impl Case {
    pub fn all() -> impl Iterator<Item = Case> {
        let read = |name: String| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
            std::fs::read(root.join(&name)).unwrap_or_else(|e| panic!("{name}: {e}"))
        };
        CASES.into_iter().map(move |name| Case {
            name,
            checkpoint: Checkpoint::parse(&read(format!("{name}.ckpt.safetensors")))
                .expect("a valid checkpoint"),
            vectors: read(format!("{name}.vectors.safetensors")),
        })
    }

    pub fn config(&self) -> &Config {
        self.checkpoint.config()
    }

    pub fn parameters(&self) -> Parameters {
        let table = tensors(self.config());
        table.iter().map(|t| (t.name.clone(), self.checkpoint.tensor(&t.name).to_vec())).collect()
    }

    /// A tensor of the vectors, whatever its type, and its shape.
    pub fn get(&self, tensor: &str) -> Option<(Vec<f64>, Vec<usize>)> {
        let file = SafeTensors::deserialize(&self.vectors).expect("readable vectors");
        let view = file.tensor(tensor).ok()?;
        let data = view.data();
        let values = match view.dtype() {
            Dtype::U8 => data.iter().map(|b| f64::from(*b)).collect(),
            Dtype::I32 => {
                data.as_chunks().0.iter().map(|b| f64::from(i32::from_le_bytes(*b))).collect()
            }
            Dtype::F32 => {
                data.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
            }
            Dtype::F64 => data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
            other => panic!("{tensor}: {other:?}"),
        };
        Some((values, view.shape().to_vec()))
    }

    pub fn must(&self, tensor: &str) -> Vec<f64> {
        self.get(tensor).unwrap_or_else(|| panic!("{}: no {tensor}", self.name)).0
    }

    pub fn batch(&self) -> Vec<Sequence> {
        let (values, shape) = self.get("in.roll").expect("in.roll");
        let bits: Vec<u8> = values.iter().map(|v| *v as u8).collect();
        let piece = shape[1..].iter().product();
        bits.chunks_exact(piece)
            .zip(self.must("in.t0"))
            .map(|(bits, t0)| {
                let roll = PianoRoll::from_bits(self.config().range(), bits).expect("legal roll");
                Sequence::of_piece(self.config(), &roll, t0 as u8)
            })
            .collect()
    }

    pub fn masks(&self) -> Masks {
        let of = |stack: &str, layers: usize| {
            let layer = |index| {
                let values = self.must(&format!("drop.mask.{stack}.{index}"));
                values.iter().map(|v| *v as f32).collect()
            };
            (0..layers).map(layer).collect()
        };
        Masks {
            time: of("time", self.config().time.len()),
            note: of("note", self.config().note.len()),
        }
    }
}

pub fn largest_difference(ours: &[f32], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max)
}

/// Largest error of each gradient, relative to the tensor's largest entry; and how many there
/// were to compare.
pub fn gradient_error(case: &Case, prefix: &str, gradients: &Parameters) -> (f64, usize) {
    let (mut worst, mut compared) = (0.0f64, 0);
    for (name, ours) in gradients {
        let Some((theirs, _)) = case.get(&format!("{prefix}.{name}")) else { continue };
        let scale = theirs.iter().fold(0.0f64, |a, b| a.max(b.abs()));
        worst = worst.max(largest_difference(ours, &theirs) / scale);
        compared += 1;
    }
    (worst, compared)
}
