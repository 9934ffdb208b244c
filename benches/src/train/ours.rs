//! Our side: the iteration of `cargo xtask train`, timed.

use std::time::Instant;

use anacrusis::model::Given;
use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::network;
use anacrusis::music::{Chord, Metres, PianoRoll};
use anyhow::{Context, Result, bail};

use super::segments::Segments;
use super::{Beginning, Iteration, PeerArgs};
use crate::clock;
use anacrusis_companion::model_file;
use anacrusis_companion::sequence::Sequence;
use anacrusis_companion::settings::Settings;
use anacrusis_companion::train::adam::{Adam, clip};
use anacrusis_companion::train::backend::{self, Backend, Batch};
use anacrusis_companion::train::iteration::{Rules, iterate, trained};
use anacrusis_companion::train::parameters::Parameters;
use anacrusis_companion::train::random::Random;

/// What a training run holds, as far as an iteration needs it.
struct Trainer {
    settings: Settings,
    parameters: Parameters,
    adam: Adam,
    backend: Box<dyn Backend>,
    batch: Vec<Sequence>,
    random: Random,
}

/// Answers each line of standard input, `begin` or `round`, with what the benchmark asks for.
///
/// # Errors
/// If a file is unusable or a line is neither.
pub fn serve(args: &PeerArgs) -> Result<()> {
    let idle_bytes = peak_bytes();
    let mut trainer = Trainer::new(args)?;
    let version = format!("{} in {}", env!("CARGO_PKG_VERSION"), InstructionSet::best().name());
    println!("{}", serde_json::json!({ "ready": version }));
    for line in std::io::stdin().lines() {
        let answer = match line?.trim() {
            "begin" => serde_json::to_string(&trainer.begin(idle_bytes)?)?,
            "round" => serde_json::to_string(&trainer.round()?)?,
            other => bail!("neither begin nor round: {other:?}"),
        };
        println!("{answer}");
    }
    Ok(())
}

impl Trainer {
    fn new(args: &PeerArgs) -> Result<Trainer> {
        let checkpoint = model_file::read(&args.checkpoint)?;
        let bytes = std::fs::read(&args.segments)
            .with_context(|| format!("cannot read {}", args.segments.display()))?;
        let segments = Segments::from_json(&bytes)?;
        let network = checkpoint.config().clone();
        let tensors = network::tensors(&network);
        let values = |name: &str| checkpoint.tensor(name).to_vec();
        let parameters =
            tensors.iter().map(|spec| (spec.name.clone(), values(&spec.name))).collect();
        let sequence = |(index, roll): (usize, &PianoRoll)| {
            let mut sequence = Sequence::of_piece(&network, roll, &Metres::default());
            if network.hears() && index.is_multiple_of(2) {
                give_away_the_top(&mut sequence);
            }
            sequence
        };
        let batch = segments.0.iter().enumerate().map(sequence).collect();
        let settings = Settings { network, threads: args.threads, ..Settings::default() };
        Ok(Trainer {
            backend: backend::new(&settings)?,
            random: Random::new(settings.seed, 0),
            adam: Adam::default(),
            parameters,
            settings,
            batch,
        })
    }

    fn begin(&mut self, idle_bytes: Option<u64>) -> Result<Beginning> {
        let (mut gradients, nats) =
            self.backend.gradient(&self.parameters, Batch::whole(&self.batch), None)?;
        gradients.retain(|name, _| trained(name));
        let norm = clip(&mut gradients, f64::INFINITY);
        Ok(Beginning { loss: nats.loss(self.settings.network.keys()), norm, idle_bytes })
    }

    /// An iteration, timed.
    fn round(&mut self) -> Result<Iteration> {
        let (start, start_cpu) = (Instant::now(), clock::seconds());
        let random = self.random.branch(self.adam.updates);
        let done = iterate(
            &mut *self.backend,
            &self.settings.network,
            &mut self.parameters,
            &mut self.adam,
            &self.batch,
            &random,
            Rules::of(&self.settings, self.settings.learning_rate),
        )?;
        Ok(Iteration {
            seconds: start.elapsed().as_secs_f64(),
            cpu_seconds: clock::seconds() - start_cpu,
            loss: done.loss,
            peak_bytes: peak_bytes(),
        })
    }
}

/// Makes the top voice a musician's, known in every other step.
fn give_away_the_top(sequence: &mut Sequence) {
    let top = |chord: Chord| chord.keys().last().map_or(0, |key| 1u128 << key);
    for frame in &mut sequence.frames {
        (frame.heard, frame.musician) = (frame.own.without(!top(frame.own)), true);
        frame.own = frame.own_alone();
    }
    for (step, (target, frame)) in sequence.targets.iter_mut().zip(&sequence.frames).enumerate() {
        let heard = target.chord.without(!top(target.chord));
        let known = step.is_multiple_of(2);
        target.given = if known { Given::known(heard) } else { Given::held(frame.heard) };
        target.chord = target.chord.without(heard.playing());
    }
}

/// The most memory that this process has held at a time, where the system tells it.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(1024 * line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?)
}
