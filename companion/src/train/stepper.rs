//! The candle network one step at a time, to generate with it and to compare it.

use anacrusis::model::config::Config;
use anacrusis::model::network::given_width;
use anacrusis::model::{Checkpoint, Frame, Given, features, given};
use anacrusis::music::Chord;
use anyhow::{Context, Result};
use candle_core::{Device, Tensor};

use super::layer::State;
use super::network::Network;
use super::parameters::parameters;
use crate::sequence::Sequence;
use crate::vectors::{Computed, Decide, Stepper};

/// A network and where it is in the music.
pub struct CandleStepper {
    config: Config,
    network: Network,
    states: Option<Vec<State>>,
    /// Top of the time stack `[K, H]`.
    top: Option<Tensor>,
}

impl CandleStepper {
    /// A stepper of the weights of a checkpoint.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn new(checkpoint: &Checkpoint) -> Result<CandleStepper> {
        let config = checkpoint.config().clone();
        let network = Network::new(&config, &parameters(checkpoint))?;
        Ok(CandleStepper { config, network, states: None, top: None })
    }
}

impl Stepper for CandleStepper {
    fn reset(&mut self) {
        (self.states, self.top) = (None, None);
    }

    fn feed(&mut self, frame: &Frame) -> Result<()> {
        let (keys, width) = (self.config.keys(), features::width(&self.config));
        let mut rows = vec![0f32; keys * width];
        features::write(&self.config, frame, &mut rows);
        let mut input = Tensor::from_vec(rows, (keys, width), &Device::Cpu)?;
        let mut states = Vec::with_capacity(self.network.time.len());
        for (index, layer) in self.network.time.iter().enumerate() {
            let old = self.states.as_ref().map(|states| &states[index]);
            let run = layer.run(input, 1, old, false)?;
            input = run.hidden.squeeze(0)?;
            states.push(run.last);
        }
        (self.states, self.top) = (Some(states), Some(input));
        Ok(())
    }

    fn choose(&mut self, given: &Given, decide: Decide<'_>) -> Result<Chord> {
        let top = self.top.as_ref().context("a step must be fed first")?;
        let keys = self.config.keys();
        let width = given_width(&self.config);
        let given = if width > 0 { *given } else { Given::NOTHING };
        let mut rows = vec![0f32; keys * width];
        if width > 0 {
            given::write(&self.config, &given, &mut rows);
        }
        let mut states: Vec<Option<State>> = vec![None; self.network.note.len()];
        let (mut chord, mut before) = (Chord::SILENT, [0f32; 2]);
        for visit in 0..keys {
            let index = self.config.scan.key(visit, keys);
            let told = [&before[..], &rows[index * width..][..width]].concat();
            let told = Tensor::new(told, &Device::Cpu)?.unsqueeze(0)?;
            let mut input = Tensor::cat(&[&top.narrow(0, index, 1)?, &told], 1)?;
            for (layer, state) in self.network.note.iter().zip(&mut states) {
                let run = layer.run(input, 1, state.as_ref(), false)?;
                input = run.hidden.squeeze(0)?;
                *state = Some(run.last);
            }
            let logits = self.network.head(&input)?.detach().flatten_all()?.to_vec1::<f32>()?;
            let (plays, struck) = decide(index, [logits[0], logits[1]]);
            let key = self.config.low + index as u8;
            let bits = if given.chord.plays(key) {
                [true, given.chord.strikes(key)]
            } else {
                chord.decide(key, plays, struck);
                [plays, plays && struck]
            };
            before = bits.map(|bit| f32::from(u8::from(bit)));
        }
        Ok(chord)
    }

    fn score(&mut self, sequence: &Sequence) -> Result<Computed> {
        let pass = self.network.forward(std::slice::from_ref(sequence), None, None, false)?;
        Ok(Computed {
            time_top: self.network.time_top(&pass)?,
            logits: self.network.logits(&pass)?,
            loudness: self.network.loudness(&pass)?,
        })
    }
}
