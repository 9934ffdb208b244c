//! Reading and writing the tensors of vectors.

use std::path::Path;

use anacrusis::model::Config;
use anacrusis::music::{PianoRoll, STEPS_PER_BAR};
use anyhow::{Context, Result, bail, ensure};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::Generation;

/// Largest file of inputs.
const MAX_BYTES: u64 = 1 << 30;

/// Bytes and shape of a tensor.
type Raw = (Vec<u8>, Box<[usize]>);

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
        let open = || format!("cannot read the inputs {}", path.display());
        let size = std::fs::metadata(path).with_context(open)?.len();
        ensure!(size <= MAX_BYTES, "{}: more than {MAX_BYTES} bytes", open());
        let bytes = std::fs::read(path).with_context(open)?;
        SafeTensors::deserialize(&bytes)
            .with_context(|| format!("{} is no safetensors file", path.display()))?;
        Ok(Inputs { bytes, config: config.clone() })
    }

    /// `in.roll` and `in.t0`, if both are there.
    ///
    /// # Errors
    /// If one is of another type or shape than said, or holds what is no music.
    pub fn pieces(&self) -> Result<Option<(Vec<PianoRoll>, Vec<u8>)>> {
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
        let rolls = bits.chunks_exact(steps * keys * 2).map(|bits| self.roll("in.roll", bits));
        Ok(Some((rolls.collect::<Result<_>>()?, places_in_bar(&t0))))
    }

    /// `gen.prompt`, `gen.t0` and `gen.uniforms`, if all are there.
    ///
    /// # Errors
    /// If one is of another type or shape than said, or holds what is no music.
    pub fn generation(&self) -> Result<Option<Generation>> {
        let (Some((bits, shape)), Some((t0, _)), Some((uniforms, uniform_shape))) = (
            self.get("gen.prompt", Dtype::U8)?,
            self.get("gen.t0", Dtype::I32)?,
            self.get("gen.uniforms", Dtype::F64)?,
        ) else {
            return Ok(None);
        };
        let keys = self.config.keys();
        ensure!(
            matches!(*shape, [steps, k, 2] if steps > 0 && k == keys),
            "gen.prompt has shape {shape:?}, not [P, {keys}, 2]"
        );
        ensure!(
            matches!(*uniform_shape, [_, k, 2] if k == keys),
            "gen.uniforms has shape {uniform_shape:?}, not [G, {keys}, 2]"
        );
        let t0 = places_in_bar(&t0);
        ensure!(t0.len() == 1, "gen.t0 has {} numbers, not 1", t0.len());
        let uniforms = uniforms.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
        let prompt = self.roll("gen.prompt", &bits)?;
        Ok(Some(Generation { prompt, t0: t0[0], uniforms }))
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

fn places_in_bar(bytes: &[u8]) -> Vec<u8> {
    let place = |b: &[u8; 4]| i32::from_le_bytes(*b).rem_euclid(i32::from(STEPS_PER_BAR)) as u8;
    bytes.as_chunks().0.iter().map(place).collect()
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
