//! The golden vectors: networks, and numbers computed with them elsewhere in f64.

#![allow(dead_code, reason = "each test uses its own part of it")]

use std::path::Path;

use anacrusis::model::network::tensors;
use anacrusis::model::{Checkpoint, Config, Frame, Given};
use anacrusis::music::{Metres, PianoRoll, Signature};
use anacrusis_companion::sequence::{Sequence, Target};
use anacrusis_companion::train::dropout::Masks;
use anacrusis_companion::train::parameters::Parameters;
use safetensors::{Dtype, SafeTensors};

const CASES: [&str; 6] = ["tiny", "legacy", "down", "odd88", "v2", "v2down"];

/// A checkpoint, and what was computed with it.
pub struct Case {
    pub name: &'static str,
    pub checkpoint: Checkpoint,
    pub vectors: Vec<u8>,
}

impl Case {
    pub fn all() -> impl Iterator<Item = Case> {
        CASES.into_iter().map(move |name| Case {
            name,
            checkpoint: checkpoint(name),
            vectors: read(&format!("{name}.vectors.safetensors")),
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

    /// A tensor `[.., S, K, 2]` of bits as rolls of `S` steps.
    pub fn rolls(&self, tensor: &str) -> Vec<PianoRoll> {
        let (values, shape) = self.get(tensor).expect(tensor);
        let bits: Vec<u8> = values.iter().map(|v| *v as u8).collect();
        let piece: usize = shape[shape.len() - 3..].iter().product();
        let roll = |bits| PianoRoll::from_bits(self.config().range(), bits).expect("legal roll");
        bits.chunks_exact(piece).map(roll).collect()
    }

    pub fn batch(&self) -> Vec<Sequence> {
        if self.config().hears() {
            return vec![self.duet()];
        }
        let piece = |(roll, t0): (&PianoRoll, f64)| {
            Sequence::of_piece(self.config(), roll, &Metres::default().from_step(t0 as i64))
        };
        self.rolls("in.roll").iter().zip(self.must("in.t0")).map(piece).collect()
    }

    fn duet(&self) -> Sequence {
        let (own, heard) = (self.rolls("in.own").remove(0), self.rolls("in.heard").remove(0));
        let metres = self.must("in.metres");
        let metres = Metres::new(metres.as_chunks().0.iter().map(|[step, n, d]| {
            (*step as i64, Signature::new(*n as u32, *d as u32).expect("a signature"))
        }));
        let first = self.must("in.step")[0] as i64;
        let (known, musician) = (self.must("in.known"), self.must("in.musician")[0] != 0.0);
        let mut sequence = Sequence::default();
        for (step, known) in known.iter().enumerate() {
            let (own, heard) = (&own.chords[step..], &heard.chords[step..]);
            let position = metres.position(first + step as i64);
            let frame = Frame { own: own[0], heard: heard[0], musician, position, start: false };
            let given = [Given::held(heard[0]), Given::known(heard[1])][*known as usize];
            let chord = own[1].without(heard[1].playing());
            sequence.frames.push(frame);
            sequence.targets.push(Target { chord, given, unscored: false });
        }
        sequence
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

/// A file of the golden vectors.
pub fn read(name: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    std::fs::read(root.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// A network of the golden vectors.
pub fn checkpoint(name: &str) -> Checkpoint {
    Checkpoint::parse(&read(&format!("{name}.ckpt.safetensors"))).expect("a valid checkpoint")
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
