//! The candle twin of the biaxial network: same table of tensors, same features, any layer
//! sizes and either scan, differentiable.
//!
//! Between layers the gradient is handed over explicitly: each layer is a graph of its own,
//! so no graph is deeper than one recurrence. Letters: B sequences, T predictions of each,
//! K keys, F features, H units. The time stack works on `[T, B K, H]`, the note stack on
//! `[K, B T, H]` in the order of the scan.

use anacrusis::model::config::{Config, Scan};
use anacrusis::model::network::{
    self, FEEDBACK, HEAD_BIAS, HEAD_WEIGHT, LOGITS, LayerSpec, VELOCITY_BIAS, VELOCITY_WEIGHT,
    given_width, note_layers, time_layers,
};
use anacrusis::model::{features, given};
use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor, Var};

use super::dropout::Masks;
use super::layer::{Layer, LayerGradients, Run, State, Way};
use super::parameters::Parameters;
use crate::sequence::Sequence;

/// A network ready to be run, and differentiated.
pub struct Network {
    config: Config,
    device: Device,
    pub(super) time: Vec<Layer>,
    pub(super) note: Vec<Layer>,
    head_weight: Var,
    head_bias: Var,
    /// Weights `[1, H]` and bias `[1, 1]` of the head for loudness, in networks that have one. It is
    /// fitted once the rest is trained (`loudness.rs`), so nothing here differentiates it.
    loudness: Option<[Tensor; 2]>,
    /// Whether play bits alone are scored and trained.
    pub play_only: bool,
}

/// What one run over a batch left behind.
pub struct Pass {
    batch: usize,
    steps: usize,
    time: Vec<Run>,
    note: Vec<Run>,
    masks: [Vec<Tensor>; 2],
    head_input: Var,
    /// Top of the time stack, `[T, B K, H]`, before dropout.
    pub time_top: Tensor,
    /// Logits `[K, B T, 2]` in the order of the scan, tracked if the pass was.
    pub logits: Tensor,
    /// Target bits (play, articulate) in the same layout.
    pub targets: Vec<f64>,
    /// 1 where a bit counts towards the loss, else 0, in the same layout: given keys and steps
    /// that are not scored do not, nor does the articulation of a key that is silent.
    pub counted: Vec<f64>,
    /// States of the time layers after the last step.
    pub states: Vec<State>,
}

impl Network {
    /// Builds a network on the CPU from tensors named and shaped by the one table.
    ///
    /// # Errors
    /// Names the tensor that is missing or has the wrong number of values.
    pub fn new(config: &Config, parameters: &Parameters) -> Result<Network> {
        Network::on((&Device::Cpu, Way::on(&Device::Cpu)), config, parameters)
    }

    /// The same on any device, its layers differentiated in a way of choice.
    ///
    /// # Errors
    /// As there, or if the device fails.
    pub fn on(
        (device, way): (&Device, Way),
        config: &Config,
        parameters: &Parameters,
    ) -> Result<Network> {
        for spec in network::tensors(config) {
            let found = parameters.get(&spec.name).with_context(|| format!("no {}", spec.name))?;
            ensure!(
                found.len() == spec.elements(),
                "{} has {} values, not {}",
                spec.name,
                found.len(),
                spec.elements()
            );
        }
        let layer = |spec: LayerSpec| {
            let part = |name: String| parameters[&name].as_slice();
            let weights = [part(spec.weight_ih()), part(spec.weight_hh())];
            let biases = [part(spec.bias_ih()), part(spec.bias_hh())];
            Layer::new(spec.hidden, weights, biases, (device, way))
        };
        let head = |name: &str, rows: usize| {
            let values = parameters[name].as_slice();
            let tensor = Tensor::from_slice(values, (rows, values.len() / rows), device)?;
            Var::from_tensor(&tensor)
        };
        Ok(Network {
            config: config.clone(),
            device: device.clone(),
            time: time_layers(config).into_iter().map(layer).collect::<candle_core::Result<_>>()?,
            note: note_layers(config).into_iter().map(layer).collect::<candle_core::Result<_>>()?,
            head_weight: head(HEAD_WEIGHT, LOGITS)?,
            head_bias: head(HEAD_BIAS, 1)?,
            loudness: match config.velocity {
                true => Some([
                    head(VELOCITY_WEIGHT, 1)?.as_detached_tensor(),
                    head(VELOCITY_BIAS, 1)?.as_detached_tensor(),
                ]),
                false => None,
            },
            play_only: false,
        })
    }

    /// Where it is.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Runs over `batch`, sequences of one length T, from `states` (zero if `None`).
    ///
    /// # Errors
    /// If the sequences differ in length or are empty, or masks do not fit.
    pub fn forward(
        &self,
        batch: &[Sequence],
        states: Option<&[State]>,
        masks: Option<&Masks>,
        track: bool,
    ) -> Result<Pass> {
        let (keys, steps) = (self.config.keys(), batch.first().map_or(0, Sequence::len));
        ensure!(steps > 0, "nothing to predict");
        ensure!(batch.iter().all(|s| s.len() == steps), "sequences of one batch differ in length");
        let (lines, rows) = (batch.len(), batch.len() * keys);
        let mut masks_used = [vec![], vec![]];
        let mask = |values: Option<&Vec<f32>>, rows: usize, units: usize| -> Result<Tensor> {
            let values = values.context("too few dropout masks")?;
            Ok(Tensor::from_slice(values, (1, rows, units), &self.device)?)
        };

        let mut input = self.features(batch)?;
        let mut time = Vec::new();
        let mut time_top = input.clone();
        for (index, (layer, &units)) in self.time.iter().zip(&self.config.time).enumerate() {
            let run = layer.run(input, steps, states.map(|s| &s[index]), track)?;
            time_top = run.hidden.detach();
            let mut up = time_top.clone();
            if let Some(masks) = masks {
                let mask = mask(masks.time.get(index), rows, units)?;
                up = up.broadcast_mul(&mask)?;
                masks_used[0].push(mask);
            }
            input = up.reshape((steps * rows, units))?;
            time.push(run);
        }

        let width = self.config.time_width();
        let up = self.scanned(&input.reshape((steps, lines, keys, width))?)?;
        let told = self.told(batch)?;
        let inputs = width + told.dim(2)?;
        let mut input = Tensor::cat(&[&up, &told], 2)?.reshape((keys * lines * steps, inputs))?;
        let (targets, counted) = self.targets(batch);
        let mut note = Vec::new();
        for (index, (layer, &units)) in self.note.iter().zip(&self.config.note).enumerate() {
            let run = layer.run(input, keys, None, track)?;
            let mut up = run.hidden.detach();
            if let Some(masks) = masks {
                let mask = mask(masks.note.get(index), lines * steps, units)?;
                up = up.broadcast_mul(&mask)?;
                masks_used[1].push(mask);
            }
            input = up.reshape((keys * lines * steps, units))?;
            note.push(run);
        }

        let head_input = Var::from_tensor(&input)?;
        let source = if track { head_input.as_tensor().clone() } else { input };
        let logits = self.head(&source)?;
        let states = time.iter().map(|run| run.last.clone()).collect();
        let masks = masks_used;
        let batch = lines;
        if !track {
            (time, note) = (vec![], vec![]);
        }
        Ok(Pass {
            batch,
            steps,
            time,
            note,
            masks,
            head_input,
            time_top,
            logits,
            targets,
            counted,
            states,
        })
    }

    /// Differentiates a tracked pass: `loss` is a scalar made from its logits. Gradients of
    /// every tensor of the table, the two biases of a layer alike.
    ///
    /// # Errors
    /// If the pass was not tracked.
    pub fn backward(&self, pass: Pass, loss: &Tensor) -> Result<Parameters> {
        let mut gradients = Parameters::new();
        let store = loss.backward()?;
        for (name, var) in [(HEAD_WEIGHT, &self.head_weight), (HEAD_BIAS, &self.head_bias)] {
            let gradient = store.get(var).context("the pass was not tracked")?;
            gradients.insert(name.to_owned(), gradient.flatten_all()?.to_vec1()?);
        }
        let (keys, lines, steps) = (self.config.keys(), pass.batch, pass.steps);
        let mut arriving = store.get(&pass.head_input).context("the pass was not tracked")?.clone();
        drop(store);

        let [time_masks, note_masks] = &pass.masks;
        let layers = self.note.iter().zip(pass.note).zip(note_layers(&self.config)).enumerate();
        for (index, ((layer, run), spec)) in layers.rev() {
            let mut gradient = arriving.reshape((keys, lines * steps, spec.hidden))?;
            if let Some(mask) = note_masks.get(index) {
                gradient = gradient.broadcast_mul(mask)?;
            }
            let (own, below) = layer.backward(run, &gradient, true)?;
            insert(&mut gradients, &spec, own);
            arriving = below.context("gradient of the input")?;
        }

        let width = self.config.time_width();
        let up = arriving.narrow(1, 0, width)?.reshape((keys, lines, steps, width))?;
        arriving = self.unscanned(&up)?;
        let layers = self.time.iter().zip(pass.time).zip(time_layers(&self.config)).enumerate();
        for (index, ((layer, run), spec)) in layers.rev() {
            let mut gradient = arriving.reshape((steps, lines * keys, spec.hidden))?;
            if let Some(mask) = time_masks.get(index) {
                gradient = gradient.broadcast_mul(mask)?;
            }
            let (own, below) = layer.backward(run, &gradient, index > 0)?;
            insert(&mut gradients, &spec, own);
            if let Some(below) = below {
                arriving = below;
            }
        }
        Ok(gradients)
    }

    /// Logits `[R, 2]` from the top of the note stack `[R, H]`.
    pub(super) fn head(&self, top: &Tensor) -> candle_core::Result<Tensor> {
        top.matmul(&self.head_weight.t()?)?.broadcast_add(&self.head_bias)
    }

    /// Logits of an untracked or tracked pass as `[B, T, K, 2]`, lowest key first.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn logits(&self, pass: &Pass) -> Result<Vec<f32>> {
        let shape = (self.config.keys(), pass.batch, pass.steps, 2);
        let logits = pass.logits.detach().reshape(shape)?;
        let logits = self.by_key(logits)?.permute((1, 2, 0, 3))?;
        Ok(logits.flatten_all()?.to_vec1()?)
    }

    /// Output of the head for loudness, of an untracked pass, as `[B, T, K]`, lowest key first;
    /// empty if the network has none.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn loudness(&self, pass: &Pass) -> Result<Vec<f32>> {
        let Some([weight, bias]) = &self.loudness else { return Ok(vec![]) };
        let told = pass.head_input.as_detached_tensor().matmul(&weight.t()?)?;
        let told = told.broadcast_add(bias)?;
        let told = told.reshape((self.config.keys(), pass.batch, pass.steps, 1))?;
        Ok(self.by_key(told)?.permute((1, 2, 0, 3))?.flatten_all()?.to_vec1()?)
    }

    /// Top of the time stack as `[B, T, K, H]`.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn time_top(&self, pass: &Pass) -> Result<Vec<f32>> {
        let shape = (pass.steps, pass.batch, self.config.keys(), self.config.time_width());
        let top = pass.time_top.reshape(shape)?.permute((1, 0, 2, 3))?;
        Ok(top.flatten_all()?.to_vec1()?)
    }

    /// Features `[T B K, F]`.
    fn features(&self, batch: &[Sequence]) -> Result<Tensor> {
        let (keys, steps) = (self.config.keys(), batch[0].len());
        let width = features::width(&self.config);
        let row = keys * width;
        let mut values = vec![0f32; steps * batch.len() * row];
        for (index, out) in values.chunks_exact_mut(row).enumerate() {
            let frame = &batch[index % batch.len()].frames[index / batch.len()];
            features::write(&self.config, frame, out);
        }
        Ok(Tensor::from_vec(values, (steps * batch.len() * keys, width), &self.device)?)
    }

    /// MIDI numbers of the keys in the order of the scan.
    fn order(&self) -> Vec<u8> {
        let keys = self.config.keys();
        // At most 127, so the cast keeps every bit.
        (0..keys).map(|visit| self.config.low + self.config.scan.key(visit, keys) as u8).collect()
    }

    /// What the note stack is told beside the time stack's output: the bits of the key visited
    /// before and what is given, `[K, B T, 2 + given]` in the order of the scan.
    fn told(&self, batch: &[Sequence]) -> Result<Tensor> {
        let (order, keys) = (self.order(), self.config.keys());
        let given = given_width(&self.config);
        let width = FEEDBACK + given;
        let lines: usize = batch.iter().map(Sequence::len).sum();
        let mut told = vec![0f32; keys * lines * width];
        let mut rows = vec![0f32; keys * given];
        for (line, target) in batch.iter().flat_map(|sequence| &sequence.targets).enumerate() {
            if given > 0 {
                given::write(&self.config, &target.given, &mut rows);
            }
            for (visit, key) in order.iter().enumerate() {
                let out = &mut told[(visit * lines + line) * width..][..width];
                if visit > 0 {
                    let bits = target.fed_back(order[visit - 1]);
                    out[..FEEDBACK].copy_from_slice(&bits.map(|bit| f32::from(u8::from(bit))));
                }
                let row = usize::from(key - self.config.low) * given;
                out[FEEDBACK..].copy_from_slice(&rows[row..][..given]);
            }
        }
        Ok(Tensor::from_vec(told, (keys, lines, width), &self.device)?)
    }

    /// The target bits `[K, B T, 2]` in the order of the scan, and whether each counts.
    fn targets(&self, batch: &[Sequence]) -> (Vec<f64>, Vec<f64>) {
        let (mut bits, mut counted) = (Vec::new(), Vec::new());
        for key in self.order() {
            for target in batch.iter().flat_map(|sequence| &sequence.targets) {
                let (plays, struck) = (target.chord.plays(key), target.chord.strikes(key));
                let scores = target.scores(key);
                bits.extend([plays, struck].map(f64::from));
                counted.extend([scores, scores && plays].map(f64::from));
            }
        }
        (bits, counted)
    }

    /// `[T, B, K, H]` to `[K, B T, H]` in the order of the scan.
    fn scanned(&self, tensor: &Tensor) -> candle_core::Result<Tensor> {
        let (steps, lines, keys, width) = tensor.dims4()?;
        let tensor = self.by_key(tensor.permute((2, 1, 0, 3))?)?;
        tensor.contiguous()?.reshape((keys, lines * steps, width))
    }

    /// `[K, B, T, H]` in the order of the scan to `[T, B, K, H]`.
    fn unscanned(&self, tensor: &Tensor) -> candle_core::Result<Tensor> {
        self.by_key(tensor.clone())?.permute((2, 1, 0, 3))?.contiguous()
    }

    /// Turns the first axis from the order of the scan to that of the keys, or back.
    fn by_key(&self, tensor: Tensor) -> candle_core::Result<Tensor> {
        match self.config.scan {
            Scan::Up => Ok(tensor),
            Scan::Down => tensor.contiguous()?.flip(&[0]),
        }
    }
}

fn insert(gradients: &mut Parameters, spec: &LayerSpec, own: LayerGradients) {
    gradients.insert(spec.bias_ih(), own.bias.clone());
    gradients.insert(spec.bias_hh(), own.bias);
    gradients.insert(spec.weight_ih(), own.weight_ih);
    gradients.insert(spec.weight_hh(), own.weight_hh);
}
