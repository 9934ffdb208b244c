//! Reading and writing the tensors of vectors.

use std::path::Path;

use anacrusis::model::{Config, Frame, Given};
use anacrusis::music::{Chord, Metres, PianoRoll, Signature};
use anyhow::{Context, Result, bail, ensure};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::files;
use crate::sequence::{Sequence, Target};

/// Largest file of inputs.
const MAX_BYTES: u64 = 1 << 30;

/// Bytes and shape of a tensor.
type Raw = (Vec<u8>, Box<[usize]>);

/// What to generate from.
pub struct Generation {
    /// What the plugin played before.
    pub prompt: Vec<Chord>,
    /// What the musician plays, in the prompt and on.
    pub heard: Vec<Chord>,
    /// Whether there is a musician.
    pub musician: bool,
    /// For each new step whether it is known what the musician plays in it.
    pub known: Vec<bool>,
    /// The metres, from the first step of the prompt on.
    pub metres: Metres,
    /// Uniforms `[G, K, 2]`.
    pub uniforms: Vec<f64>,
}

/// Music to be predicted, pieces of one length.
pub struct Pieces {
    /// One at least.
    pub pieces: Vec<Piece>,
}

/// A piece of S steps, two at least.
pub struct Piece {
    /// All steps.
    pub frames: Vec<Frame>,
    /// All but the first.
    pub targets: Vec<Target>,
}

impl Piece {
    /// What is predicted: the steps from the second on.
    pub fn sequence(&self) -> Sequence {
        let frames = self.frames[..self.targets.len()].to_vec();
        Sequence { frames, targets: self.targets.clone() }
    }
}

/// A file of inputs.
pub struct Inputs {
    bytes: Vec<u8>,
    config: Config,
}

impl Inputs {
    /// Reads a file for a network of this configuration.
    ///
    /// # Errors
    /// If it cannot be read, is too large or is no safetensors file.
    pub fn read(path: &Path, config: &Config) -> Result<Inputs> {
        let bytes = files::read(path, MAX_BYTES)
            .with_context(|| format!("cannot read the inputs {}", path.display()))?;
        SafeTensors::deserialize(&bytes)
            .with_context(|| format!("{} is no safetensors file", path.display()))?;
        Ok(Inputs { bytes, config: config.clone() })
    }

    /// The music to be predicted, if it is there.
    ///
    /// # Errors
    /// If a tensor is of another type or shape than said, or holds what is no music.
    pub fn pieces(&self) -> Result<Option<Pieces>> {
        if self.config.hears() { self.duet() } else { self.solos() }
    }

    /// `in.roll` and `in.t0`, if both are there.
    fn solos(&self) -> Result<Option<Pieces>> {
        let (Some((bits, shape)), Some((t0, places))) =
            (self.get("in.roll", Dtype::U8)?, self.get("in.t0", Dtype::I32)?)
        else {
            return Ok(None);
        };
        let keys = self.config.keys();
        let [batch, steps, found, 2] = *shape else {
            bail!("in.roll has shape {shape:?}, not [B, S, {keys}, 2]");
        };
        ensure!(found == keys, "in.roll has {found} keys, the network {keys}");
        ensure!(batch > 0 && steps > 1, "in.roll has shape {shape:?}: two steps at least");
        ensure!(*places == [batch], "in.t0 has shape {places:?}, not [{batch}]");
        let piece = |(bits, t0): (&[u8], i64)| {
            let chords = self.roll("in.roll", bits)?.chords;
            let metres = Metres::default().from_step(t0);
            let frame = |(step, chord): (i64, &Chord)| Frame::solo(*chord, metres.position(step));
            let frames = (0..).zip(&chords).map(frame).collect();
            let targets = chords.iter().skip(1).copied().map(Target::solo).collect();
            Ok(Piece { frames, targets })
        };
        let pieces = bits.chunks_exact(steps * keys * 2).zip(integers(&t0)).map(piece);
        Ok(Some(Pieces { pieces: pieces.collect::<Result<_>>()? }))
    }

    /// `in.own` and what goes with it, if it is there.
    fn duet(&self) -> Result<Option<Pieces>> {
        let Some(own) = self.chords("in.own")? else { return Ok(None) };
        let heard = self.must("in.heard", self.chords("in.heard")?)?;
        let metres = self.metres("in.step")?;
        let [known, musician] = ["in.known", "in.musician"].map(|name| self.bits(name));
        let [known, musician] =
            [self.must("in.known", known?)?, self.must("in.musician", musician?)?];
        ensure!(
            own.len() > 1 && heard.len() == own.len() && known.len() + 1 == own.len(),
            "in.own, in.heard and in.known do not hold as many steps, two at least"
        );
        ensure!(musician.len() == 1, "in.musician has {} numbers, not 1", musician.len());
        let frame = |(step, (own, heard)): (i64, (&Chord, &Chord))| {
            let (own, heard, position) = (*own, *heard, metres.position(step));
            Frame { own, heard, musician: musician[0], position, start: false }
        };
        let frames: Vec<Frame> = (0..).zip(own.iter().zip(&heard)).map(frame).collect();
        let target = |(pair, known): (&[Frame], &bool)| {
            let given =
                if *known { Given::known(pair[1].heard) } else { Given::held(pair[0].heard) };
            Target { chord: pair[1].own_alone(), given, unscored: false }
        };
        let targets = frames.windows(2).zip(&known).map(target).collect();
        Ok(Some(Pieces { pieces: vec![Piece { frames, targets }] }))
    }

    /// What to generate from, if it is there.
    ///
    /// # Errors
    /// If a tensor is of another type or shape than said, or holds what is no music.
    pub fn generation(&self) -> Result<Option<Generation>> {
        let (Some(prompt), Some((uniforms, shape))) =
            (self.chords("gen.prompt")?, self.get("gen.uniforms", Dtype::F64)?)
        else {
            return Ok(None);
        };
        let keys = self.config.keys();
        ensure!(!prompt.is_empty(), "gen.prompt is empty");
        let [steps, found, 2] = *shape else {
            bail!("gen.uniforms has shape {shape:?}, not [G, {keys}, 2]");
        };
        ensure!(found == keys, "gen.uniforms has {found} keys, the network {keys}");
        let uniforms = uniforms.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
        let all = prompt.len() + steps;
        if !self.config.hears() {
            let t0 = self.must("gen.t0", self.integer("gen.t0")?)?;
            return Ok(Some(Generation {
                heard: vec![Chord::SILENT; all],
                musician: false,
                known: vec![false; steps],
                metres: Metres::default().from_step(t0),
                prompt,
                uniforms,
            }));
        }
        let heard = self.must("gen.heard", self.chords("gen.heard")?)?;
        let known = self.must("gen.known", self.bits("gen.known")?)?;
        ensure!(
            heard.len() == all && known.len() == steps,
            "gen.heard has {} steps and gen.known {}, not {all} and {steps}",
            heard.len(),
            known.len()
        );
        let metres = self.metres("gen.step")?;
        Ok(Some(Generation { prompt, heard, musician: true, known, metres, uniforms }))
    }

    /// `in.metres`, from the step on that `first` says.
    fn metres(&self, first: &str) -> Result<Metres> {
        let (rows, shape) = self.must("in.metres", self.get("in.metres", Dtype::I32)?)?;
        let rows: Vec<i64> = integers(&rows).collect();
        ensure!(matches!(*shape, [_, 3]), "in.metres has shape {shape:?}, not [M, 3]");
        let pair = |[step, numerator, denominator]: &[i64; 3]| {
            let [n, d] = [numerator, denominator].map(|n| u32::try_from(*n).unwrap_or(0));
            let signature = Signature::new(n, d).with_context(|| format!("in.metres: {n}/{d}"))?;
            Ok((*step, signature))
        };
        let pairs = rows.as_chunks().0.iter().map(pair).collect::<Result<Vec<_>>>()?;
        let step = self.must(first, self.integer(first)?)?;
        Ok(Metres::new(pairs).from_step(step))
    }

    /// A tensor `[S, K, 2]` of bits, if it is there.
    fn chords(&self, name: &str) -> Result<Option<Vec<Chord>>> {
        let Some((bits, shape)) = self.get(name, Dtype::U8)? else { return Ok(None) };
        let keys = self.config.keys();
        ensure!(
            matches!(*shape, [_, k, 2] if k == keys),
            "{name} has shape {shape:?}, not [S, {keys}, 2]"
        );
        Ok(Some(self.roll(name, &bits)?.chords))
    }

    /// A tensor of bits, if it is there.
    fn bits(&self, name: &str) -> Result<Option<Vec<bool>>> {
        let bytes = self.get(name, Dtype::U8)?;
        Ok(bytes.map(|(bytes, _)| bytes.iter().map(|byte| *byte != 0).collect()))
    }

    /// A tensor of one whole number, if it is there.
    fn integer(&self, name: &str) -> Result<Option<i64>> {
        let Some((bytes, shape)) = self.get(name, Dtype::I32)? else { return Ok(None) };
        ensure!(*shape == [1], "{name} has shape {shape:?}, not [1]");
        Ok(integers(&bytes).next())
    }

    fn must<T>(&self, name: &str, found: Option<T>) -> Result<T> {
        found.with_context(|| format!("there is no {name}"))
    }

    fn roll(&self, name: &str, bits: &[u8]) -> Result<PianoRoll> {
        PianoRoll::from_bits(self.config.range(), bits).with_context(|| {
            format!("{name} holds other bytes than 0 and 1, or a key struck that does not play")
        })
    }

    /// Bytes and shape of a tensor, if it is there.
    fn get(&self, name: &str, dtype: Dtype) -> Result<Option<Raw>> {
        let file = SafeTensors::deserialize(&self.bytes)?;
        let Ok(view) = file.tensor(name) else { return Ok(None) };
        ensure!(view.dtype() == dtype, "{name} is {:?}, not {dtype:?}", view.dtype());
        Ok(Some((view.data().to_vec(), view.shape().into())))
    }
}

fn integers(bytes: &[u8]) -> impl Iterator<Item = i64> + '_ {
    bytes.as_chunks().0.iter().map(|b| i64::from(i32::from_le_bytes(*b)))
}

/// Chords as the bits `[S, K, 2]` of the network's keys.
pub fn chords_to_bits(config: &Config, chords: &[Chord]) -> Vec<u8> {
    PianoRoll { chords: chords.to_vec() }.to_bits(config.range())
}

/// Tensors to be written.
#[derive(Default)]
pub struct Outputs {
    tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)>,
}

impl Outputs {
    /// Adds a tensor.
    pub fn u8(&mut self, name: &str, shape: &[usize], values: &[u8]) {
        self.add(name, Dtype::U8, shape, values.to_vec());
    }

    /// Adds a tensor.
    pub fn i32(&mut self, name: &str, shape: &[usize], values: &[i32]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.add(name, Dtype::I32, shape, bytes);
    }

    /// Adds a tensor.
    pub fn f32(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.add(name, Dtype::F32, shape, bytes);
    }

    /// Adds a tensor.
    pub fn f64(&mut self, name: &str, shape: &[usize], values: &[f64]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.add(name, Dtype::F64, shape, bytes);
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// The file.
    ///
    /// # Errors
    /// If a shape does not fit its values.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let views = self
            .tensors
            .iter()
            .map(|(name, dtype, shape, bytes)| {
                Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(safetensors::serialize(views, None)?)
    }

    fn add(&mut self, name: &str, dtype: Dtype, shape: &[usize], bytes: Vec<u8>) {
        self.tensors.push((name.to_owned(), dtype, shape.to_vec(), bytes));
    }
}
