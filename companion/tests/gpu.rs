//! A GPU against the CPU: the same gradients and scores from the same weights. Needs one, so it
//! is not among what `cargo xtask test` runs:
//! `cargo test --profile xtask -p anacrusis-companion --features cuda --test gpu -- --nocapture`.

use std::time::Instant;

use anacrusis::model::config::{Scan, Start};
use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::{Config, Given};
use anacrusis::music::{Chord, Metres, PianoRoll};
use anacrusis_companion::sequence::Sequence;
use anacrusis_companion::settings::{DeviceKind, Settings};
use anacrusis_companion::train::backend::{self, Backend, Batch, Fused};
use anacrusis_companion::train::init::{self, Density};
use anacrusis_companion::train::parameters::Parameters;
use anacrusis_companion::train::random::Random;

fn device() -> DeviceKind {
    if cfg!(feature = "cuda") { DeviceKind::Cuda } else { DeviceKind::Metal }
}

fn piece(config: &Config, steps: usize, random: &mut Random) -> PianoRoll {
    let mut chord = || {
        let mut key = || config.low + random.below(config.keys()) as u8;
        let mut chord = Chord::struck_keys([key(), key()]);
        chord.hold(key());
        chord
    };
    (0..steps).map(|_| chord()).collect()
}

/// A piece as a sequence; every third key is the musician's, if the network hears one, who is
/// known in every other step.
fn of(config: &Config, roll: &PianoRoll) -> Sequence {
    let mut sequence = Sequence::of_piece(config, roll, &Metres::default());
    if config.hears() {
        let keys = (0..128).filter(|key| key % 3 == 0).fold(0u128, |mask, key| mask | 1 << key);
        for frame in &mut sequence.frames {
            (frame.heard, frame.musician) = (frame.own.without(!keys), true);
        }
        for (step, target) in sequence.targets.iter_mut().enumerate() {
            let heard = target.chord.without(!keys);
            target.given =
                [Given::held(sequence.frames[step].heard), Given::known(heard)][step % 2];
            target.chord = target.chord.without(keys);
            target.unscored = step % 5 == 2;
        }
    }
    sequence
}

/// Largest difference of any tensor, relative to its largest entry.
fn difference(ours: &Parameters, theirs: &Parameters) -> f64 {
    assert!(ours.keys().eq(theirs.keys()));
    let tensor = |(ours, theirs): (&Vec<f32>, &Vec<f32>)| {
        let scale = theirs.iter().fold(0.0f32, |a, b| a.max(b.abs()));
        let worst = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0f32, f32::max);
        f64::from(worst / scale)
    };
    ours.values().zip(theirs.values()).map(tensor).fold(0.0, f64::max)
}

#[test]
fn a_gpu_computes_what_the_cpu_computes() {
    let odd = Config {
        time: vec![17, 9],
        note: vec![1, 18],
        low: 36,
        notes: 13,
        scan: Scan::Down,
        start: Start::Flag,
        ..Config::default()
    };
    for (name, config, lines, steps) in [
        ("odd", odd.clone(), 3, 21),
        ("odd, version 2", Config { features: 2, ..odd }, 3, 21),
        ("default", Config::default(), 5, 127),
        ("default, version 2", Config { features: 2, ..Config::default() }, 5, 127),
    ] {
        let mut random = Random::new(1, 2);
        let density = Density { play: 0.1, articulate: 0.4 };
        let mut parameters = init::weights(&config, density, &random);
        for values in parameters.values_mut() {
            values.iter_mut().for_each(|v| *v += 0.1 * (random.uniform() as f32 - 0.5));
        }
        let sequence =
            |line: usize| of(&config, &piece(&config, steps, &mut Random::new(7, line as u64)));
        let batch: Vec<Sequence> = (0..lines).map(sequence).collect();
        let settings =
            Settings { network: config.clone(), device: device(), ..Settings::default() };
        let mut gpu = backend::new(&settings).expect("a GPU");
        let mut cpu = Fused::new(&config, InstructionSet::best(), settings.thread_count());
        for dropout in [None, Some((0.3, &random))] {
            let (ours, nats) =
                gpu.gradient(&parameters, Batch::whole(&batch), dropout).expect("the GPU's");
            let (theirs, cpu_nats) =
                cpu.gradient(&parameters, Batch::whole(&batch), dropout).expect("the CPU's");
            let worst = difference(&ours, &theirs);
            let loss = (nats.nats_step() / cpu_nats.nats_step() - 1.0).abs();
            println!("{name}: gradients relative {worst:.1e}, loss {loss:.1e}");
            assert!(worst < 1e-3 && loss < 1e-5, "{name}");
        }
        let music = of(&config, &piece(&config, 700, &mut random));
        let ours = gpu.nats(&parameters, &[&music], None).expect("scores")[0];
        let theirs = cpu.nats(&parameters, &[&music], None).expect("scores")[0];
        let apart = (ours.nats_step() / theirs.nats_step() - 1.0).abs();
        println!("{name}: scores apart {apart:.1e}");
        assert!(ours.steps == theirs.steps && apart < 1e-5, "{ours:?} {theirs:?}");

        let begun = Instant::now();
        for _ in 0..10 {
            gpu.gradient(&parameters, Batch::whole(&batch), Some((0.3, &random)))
                .expect("the GPU's");
        }
        println!("{name}: {:.1} ms a gradient", begun.elapsed().as_secs_f64() * 100.0);
    }
}
