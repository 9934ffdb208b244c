//! The fused backend: its gradients against golden ones, against candle's, and against
//! differences of a loss in double precision; and the same bits from any number of threads.

mod golden;
mod reference;

use anacrusis::model::config::{Scan, Start};
use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::network::{note_layers, time_layers};
use anacrusis::model::{Config, Frame, Given, features, given};
use anacrusis::music::{Chord, Metres, PianoRoll, Signature};
use anacrusis_companion::sequence::{Sequence, Target};
use anacrusis_companion::train::adam::Adam;
use anacrusis_companion::train::backend::{Backend, Batch, Candle, Fused};
use anacrusis_companion::train::dropout::{Masks, masks};
use anacrusis_companion::train::fused::{Workspace, network::Network};
use anacrusis_companion::train::init::{self, Density};
use anacrusis_companion::train::layer::Way;
use anacrusis_companion::train::parameters::Parameters;
use anacrusis_companion::train::random::Random;
use golden::{Case, gradient_error, largest_difference};

/// Sizes that are no multiples of anything, one to three layers, both scans and starts; each in
/// both versions of the features.
fn odd_configs() -> [Config; 8] {
    let config = |time: &[usize], note: &[usize], low, notes, scan, start| Config {
        time: time.to_vec(),
        note: note.to_vec(),
        low,
        notes,
        scan,
        start,
        ..Config::default()
    };
    let first = [
        config(&[5], &[3], 40, 7, Scan::Up, Start::None),
        config(&[17, 9], &[1, 18], 36, 13, Scan::Down, Start::Flag),
        config(&[7, 33, 4], &[6, 5, 11], 21, 88, Scan::Up, Start::Flag),
        config(&[64, 48], &[40], 24, 50, Scan::Down, Start::None),
    ];
    let second = first.clone().map(|config| Config { features: 2, ..config });
    let [a, b, c, d] = first;
    let [e, f, g, h] = second;
    [a, b, c, d, e, f, g, h]
}

/// Random weights, larger than a run begins with, so that gates move.
fn weights(config: &Config, seed: u64) -> Parameters {
    let mut random = Random::new(seed, 2);
    let density = Density { play: 0.2, articulate: 0.4 };
    let mut parameters = init::weights(config, density, &random);
    for values in parameters.values_mut() {
        values.iter_mut().for_each(|v| *v = 1.5 * *v + 0.2 * (random.uniform() as f32 - 0.5));
    }
    parameters
}

fn batch(config: &Config, lines: usize, steps: usize, seed: u64) -> Vec<Sequence> {
    let mut random = Random::new(seed, 3);
    let key = |random: &mut Random| config.low + random.below(config.keys()) as u8;
    let chord = |random: &mut Random| {
        let mut chord = Chord::struck_keys([key(random), key(random)]);
        chord.hold(key(random));
        chord
    };
    let sequence = |line: usize| {
        let roll: PianoRoll = (0..steps).map(|_| chord(&mut random)).collect();
        let metres = Metres::default().from_step(line as i64);
        let sequence = Sequence::of_piece(config, &roll, &metres);
        // Every other one with a musician, if the network hears one.
        if config.hears() && line.is_multiple_of(2) {
            with_musician(sequence, config)
        } else {
            sequence
        }
    };
    (0..lines).map(sequence).collect()
}

/// The same where every third key of the network is the musician's, in 7/8; what they play is
/// known in every other step, and some steps are not scored.
fn with_musician(mut sequence: Sequence, config: &Config) -> Sequence {
    let signature = Signature::new(7, 8).expect("a signature");
    let keys = (0..128).filter(|key| key % 3 == 0).fold(0u128, |mask, key| mask | 1 << key);
    let part = |chord: Chord| (chord.without(keys), chord.without(!keys).within(config.range()));
    let mut before = Chord::SILENT;
    for (step, frame) in sequence.frames.iter_mut().enumerate() {
        let (own, heard) = part(frame.own);
        // The musician's keys are theirs, whoever else has them.
        let own = own.union(heard);
        *frame = Frame {
            own,
            heard,
            musician: true,
            position: signature.position(step as i64),
            ..*frame
        };
    }
    for (step, target) in sequence.targets.iter_mut().enumerate() {
        let (chord, heard) = part(target.chord);
        let given = if step % 2 == 0 { Given::known(heard) } else { Given::held(before) };
        *target = Target { chord, given, unscored: step % 5 == 2 };
        before = heard;
    }
    sequence
}

fn gradient(
    set: InstructionSet,
    config: &Config,
    parameters: &Parameters,
    batch: &[Sequence],
    masks: Option<&Masks>,
) -> (Parameters, f64) {
    let mut network = Network::new(config, set);
    network.load(parameters, 1).expect("weights");
    let predictions = batch.iter().map(Sequence::scored).sum();
    let gradient = Workspace::new(1).gradient(&network, batch, masks, predictions);
    let (gradients, nats) = gradient.expect("a gradient");
    (gradients, nats.loss(config.keys()))
}

/// Largest difference of each tensor, relative to its largest entry.
fn relative(ours: &Parameters, theirs: &Parameters) -> f64 {
    let tensor = |name: &String| {
        let theirs: Vec<f64> = theirs[name].iter().map(|v| f64::from(*v)).collect();
        let scale = theirs.iter().fold(0.0f64, |a, b| a.max(b.abs()));
        largest_difference(&ours[name], &theirs) / scale
    };
    assert!(ours.keys().eq(theirs.keys()));
    ours.keys().map(tensor).fold(0.0, f64::max)
}

#[test]
fn gradients_match_the_reference_with_and_without_dropout() {
    let mut compared_at_all = 0;
    for set in InstructionSet::available() {
        for case in Case::all() {
            let (config, parameters, batch) = (case.config(), case.parameters(), case.batch());
            let masks = case.masks();
            for (prefix, masks) in [("grad", None), ("drop.grad", Some(&masks))] {
                let (gradients, loss) = gradient(set, config, &parameters, &batch, masks);
                let (worst, compared) = gradient_error(&case, prefix, &gradients);
                let name = if masks.is_some() { "drop.loss" } else { "out.loss" };
                let loss_error = (loss - case.must(name)[0]).abs();
                println!(
                    "{:8} {:7} {prefix:9} {compared:2} tensors, relative {worst:.1e}, loss {loss_error:.1e}",
                    set.name(),
                    case.name
                );
                assert!(worst <= 1e-4 && loss_error <= 1e-7, "{} {prefix}", case.name);
                assert!(compared == 0 || compared == gradients.len(), "{} {prefix}", case.name);
                compared_at_all += compared;
            }
        }
    }
    assert!(compared_at_all > 100, "{compared_at_all} tensors compared");
}

#[test]
fn adam_follows_the_reference_for_six_updates() {
    let mut compared = 0;
    for case in Case::all() {
        let Some((expected, _)) = case.get("adam.losses") else { continue };
        let mut parameters = case.parameters();
        let mut adam = Adam::default();
        let mut backend = Fused::new(case.config(), InstructionSet::best(), 1);
        for (update, expected) in expected.iter().enumerate() {
            let (gradients, nats) = backend
                .gradient(&parameters, Batch::whole(&case.batch()), None)
                .expect("a gradient");
            let error = (nats.loss(case.config().keys()) - expected).abs();
            println!("{:7} update {update}: loss {error:.1e}", case.name);
            assert!(error <= 2e-6, "{} update {update}", case.name);
            adam.update(&mut parameters, &gradients, 1e-3);
        }
        compared += 1;
    }
    assert_eq!(compared, 5, "all cases but legacy");
}

#[test]
fn gradients_and_scores_match_those_of_candle() {
    for (seed, config) in odd_configs().into_iter().enumerate() {
        let parameters = weights(&config, seed as u64);
        let batch = batch(&config, 3, 11, seed as u64);
        let mut candle = Candle::new(&config, 2);
        let random = Random::new(4, seed as u64);
        for dropout in [None, Some((0.4, &random))] {
            let (theirs, their_nats) =
                candle.gradient(&parameters, Batch::whole(&batch), dropout).expect("candle's");
            for set in InstructionSet::available() {
                let mut fused = Fused::new(&config, set, 2);
                let (ours, nats) =
                    fused.gradient(&parameters, Batch::whole(&batch), dropout).expect("ours");
                let worst = relative(&ours, &theirs);
                let loss = (nats.nats_step() / their_nats.nats_step() - 1.0).abs();
                println!("{:8} sizes {seed}: relative {worst:.1e}, loss {loss:.1e}", set.name());
                assert!(worst < 1e-4 && loss < 1e-6, "{config:?}");
            }
        }
        // Longer and shorter than a stretch, with and without a limit.
        let pieces = [130, 3, 49].map(|steps| self::batch(&config, 1, steps, 9).remove(0));
        let pieces: Vec<&Sequence> = pieces.iter().collect();
        for limit in [None, Some(100)] {
            let theirs = candle.nats(&parameters, &pieces, limit).expect("scores");
            let mut fused = Fused::new(&config, InstructionSet::best(), 2);
            let ours = fused.nats(&parameters, &pieces, limit).expect("scores");
            for (ours, theirs) in ours.iter().zip(&theirs) {
                assert_eq!(ours.steps, theirs.steps);
                assert!((ours.play / theirs.play - 1.0).abs() < 1e-6, "{ours:?} {theirs:?}");
                assert!((ours.articulate / theirs.articulate - 1.0).abs() < 1e-6);
            }
        }
    }
}

#[test]
fn sequences_of_several_lengths_and_play_bits_alone_match_those_of_candle() {
    for (seed, config) in odd_configs().into_iter().enumerate() {
        let parameters = weights(&config, seed as u64);
        let mut batch = batch(&config, 4, 13, seed as u64);
        for (sequence, steps) in batch.iter_mut().zip([13, 5, 9, 5]) {
            let shorter = sequence.stretches(steps, steps).next();
            *sequence = shorter.expect("a stretch");
        }
        // The only one of its length, and nothing of it is scored.
        batch[2].targets.iter_mut().for_each(|target| target.unscored = true);
        let random = Random::new(4, seed as u64);
        let dropout = Some((0.4, &random));
        for play_only in [false, true] {
            let mut candle = Candle::new(&config, 2).of(play_only);
            let mut fused = Fused::new(&config, InstructionSet::best(), 2).of(play_only);
            let (theirs, their_nats) =
                candle.gradient(&parameters, Batch::whole(&batch), dropout).expect("candle's");
            let (ours, nats) =
                fused.gradient(&parameters, Batch::whole(&batch), dropout).expect("ours");
            let predictions = batch.iter().map(Sequence::scored).sum::<usize>() as u64;
            assert_eq!((nats.steps, their_nats.steps), (predictions, predictions));
            assert!((nats.nats_step() / their_nats.nats_step() - 1.0).abs() < 1e-6);
            assert_eq!(nats.articulate == 0.0, play_only);
            let articulate = &ours["head.weight"][ours["head.weight"].len() / 2..];
            assert_eq!(articulate.iter().all(|g| *g == 0.0), play_only);
            for (name, theirs) in &theirs {
                let scale = theirs.iter().fold(0.0f32, |a, b| a.max(b.abs()));
                let pairs = ours[name].iter().zip(theirs);
                let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0f32, f32::max);
                assert!(worst <= 1e-4 * scale, "{config:?} {name}: {worst} of {scale}");
            }
            let theirs = candle.nats(&parameters, &[&batch[0]], None).expect("scores")[0];
            let ours = fused.nats(&parameters, &[&batch[0]], None).expect("scores")[0];
            assert!((ours.nats_step() / theirs.nats_step() - 1.0).abs() < 1e-6);
            assert_eq!(ours.articulate == 0.0, play_only);
        }
    }
}

#[test]
fn layers_differentiated_by_hand_for_gpus_match_those_of_candle() {
    for (seed, config) in odd_configs().into_iter().enumerate() {
        let parameters = weights(&config, seed as u64);
        let batch = batch(&config, 3, 11, seed as u64);
        let random = Random::new(4, seed as u64);
        let by = |way| Candle::new(&config, 1).by(way);
        let (mut traced, mut by_hand) = (by(Way::Traced), by(Way::ByHand));
        for (steps, dropout) in [(11, None), (11, Some((0.4, &random))), (1, None)] {
            let of = |s: &Sequence| s.stretches(steps, steps).next().expect("a stretch");
            let batch: Vec<Sequence> = batch.iter().map(of).collect();
            let (theirs, nats) =
                traced.gradient(&parameters, Batch::whole(&batch), dropout).expect("candle's");
            let (ours, ours_nats) =
                by_hand.gradient(&parameters, Batch::whole(&batch), dropout).expect("ours");
            let worst = relative(&ours, &theirs);
            println!("sizes {seed}, {steps} steps: relative {worst:.1e}");
            assert!(worst < 1e-4, "{config:?}");
            assert!((ours_nats.nats_step() / nats.nats_step() - 1.0).abs() < 1e-6);
        }
        // Longer than a chunk, so that states are handed on.
        let piece = self::batch(&config, 1, 300, 9).remove(0);
        let theirs = traced.nats(&parameters, &[&piece], None).expect("scores");
        let ours = by_hand.nats(&parameters, &[&piece], None).expect("scores");
        assert!((ours[0].nats_step() / theirs[0].nats_step() - 1.0).abs() < 1e-6, "{config:?}");
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for features in [1, 2] {
        let sizes = (vec![20, 12], vec![10, 6]);
        let config = Config { time: sizes.0, note: sizes.1, features, ..Config::default() };
        let parameters = weights(&config, 1);
        // Enough rows for several shares of both stacks.
        let batch = batch(&config, 5, 40, 1);
        let random = Random::new(5, 5);
        let run = |threads| {
            let mut fused = Fused::new(&config, InstructionSet::best(), threads);
            let mut gradient = |batch, dropout| {
                fused.gradient(&parameters, Batch::whole(batch), dropout).expect("ours")
            };
            let first = gradient(&batch[..], Some((0.5, &random)));
            // Nothing is left over from one iteration to the next, nor from another size.
            gradient(&batch[..2], None);
            let again = gradient(&batch[..], Some((0.5, &random)));
            assert_eq!(first, again, "{threads} threads");
            first
        };
        let one = run(1);
        for threads in [2, 3, 8] {
            assert_eq!(one, run(threads), "{threads} threads");
        }
    }
}

#[test]
fn a_batch_too_large_for_its_room_is_done_in_groups() {
    let config = Config { time: vec![20], note: vec![10, 6], ..Config::default() };
    let parameters = weights(&config, 1);
    let batch = batch(&config, 5, 20, 1);
    let random = Random::new(5, 5);
    let run = |bytes| {
        let mut fused = Fused::new(&config, InstructionSet::best(), 2).within(bytes);
        fused.gradient(&parameters, Batch::whole(&batch), Some((0.5, &random))).expect("ours")
    };
    let (whole, nats) = run(usize::MAX);
    // A sequence keeps between one and two megabytes.
    for bytes in [0, 4 << 20] {
        let (grouped, grouped_nats) = run(bytes);
        let worst = relative(&grouped, &whole);
        println!("{bytes} bytes: relative {worst:.1e}");
        assert!(worst > 0.0 && worst < 1e-5, "other sums, but the same gradient: {worst}");
        assert_eq!(grouped_nats.steps, nats.steps);
        assert!((grouped_nats.play / nats.play - 1.0).abs() < 1e-9);
    }
}

#[test]
fn gradients_are_the_slopes_of_the_loss_in_double_precision() {
    for (seed, config) in odd_configs().into_iter().enumerate() {
        let parameters = weights(&config, seed as u64);
        let batch = batch(&config, 2, 9, seed as u64);
        let steps = batch[0].len();
        let masks = masks(&config, steps, &[0, 1], 0.3, &Random::new(6, 6));
        let (gradients, loss) =
            gradient(InstructionSet::best(), &config, &parameters, &batch, Some(&masks));
        let exact = |moved: &dyn Fn(&str, usize) -> f64| {
            reference::loss(&config, &parameters, &batch, &masks, moved)
        };
        let still = exact(&|_, _| 0.0);
        assert!((loss / still - 1.0).abs() < 1e-6, "{loss} {still}");
        // Every tensor by itself, along a direction of its own.
        for (name, gradient) in &gradients {
            let mut random = Random::new(7, seed as u64);
            let direction: Vec<f64> =
                gradient.iter().map(|_| 2.0 * random.uniform() - 1.0).collect();
            let by = |step: f64| {
                exact(&|tensor, index| if tensor == name { step * direction[index] } else { 0.0 })
            };
            const STEP: f64 = 1e-4;
            let slope = (by(STEP) - by(-STEP)) / (2.0 * STEP);
            let parts = gradient.iter().zip(&direction).map(|(g, d)| f64::from(*g) * d);
            let (ours, size) =
                parts.fold((0.0, 0.0), |(sum, size), part| (sum + part, size + part * part));
            let error = (ours - slope).abs() / f64::sqrt(size);
            println!("sizes {seed} {name}: {ours:+.6e} {slope:+.6e} ({error:.1e})");
            assert!(error < 1e-4, "sizes {seed} {name}: {ours} {slope}");
        }
    }
}
