//! Measurements side by side, in turn, so that whatever else the machine does meets all of
//! them alike; and their ratios. Of each the lower quartile counts: others only add time.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::network::{self as table, LayerSpec};
use anacrusis::model::{Checkpoint, Config, Weights};

use crate::peak;
use crate::player::{Player, evict, network};
use crate::product::Product;

/// Turns that each measurement gets.
const TURNS: usize = 80;

/// Times itself: seconds of one go.
type Measure<'a> = &'a mut dyn FnMut() -> f64;

/// Seconds of one of the `goes` that `work` makes.
fn seconds(goes: usize, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() / goes as f64
}

/// Lower quartiles of measurements that take turns.
fn quartiles<const N: usize>(measures: [Measure; N]) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    for turn in 0..=TURNS {
        for (n, times) in times.iter_mut().enumerate() {
            let time = measures[n]();
            // The first turn warms up.
            if turn > 0 {
                times.push(time);
            }
        }
    }
    times.map(|mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 4]
    })
}

/// Multiplications and additions of a step as the network's definition counts them, and
/// those without the first layer's input, of which most are with zero and skipped.
fn flop(config: &Config) -> [f64; 2] {
    let layers: Vec<LayerSpec> =
        table::time_layers(config).into_iter().chain(table::note_layers(config)).collect();
    let of = |layer: &LayerSpec| 4 * layer.hidden * (layer.input + layer.hidden);
    let head = table::LOGITS * config.note.last().copied().unwrap_or(0);
    let all: usize = layers.iter().map(of).sum::<usize>() + head;
    let skipped = 4 * layers[0].hidden * layers[0].input;
    [all, all - skipped].map(|products| (2 * products * config.keys()) as f64)
}

/// Measures and prints everything.
pub fn print() {
    println!(
        "\nratios: lower quartiles of {TURNS} turns side by side, network of the default size"
    );
    let checkpoint = network(Config::default());
    for set in InstructionSet::available() {
        shares(&checkpoint, set);
    }
    let weights = Arc::new(Weights::new(&checkpoint));
    versions();
    guidance();
    latency(&weights);
    cold(&weights);
    instances(&weights);
}

/// A step, the tile and the note stack as shares of the most that the set can do.
fn shares(checkpoint: &Checkpoint, set: InstructionSet) {
    const ROUNDS: usize = 50_000;
    let weights = Arc::new(Weights::pack(checkpoint, set));
    let mut player = Player::new(weights, 1);
    let mut tile = Product::tile(set);
    let tile_flop = tile.flop() as f64;
    let goes = ROUNDS * peak::flop(set) / tile.flop();
    let [peak, tile, step] = quartiles([
        &mut || seconds(ROUNDS, || peak::multiply_add(set, ROUNDS)),
        &mut || seconds(goes, || tile.run(goes)),
        &mut || seconds(1, || player.step()),
    ]);
    let peak = peak::flop(set) as f64 / peak;
    let [whole, done] = flop(checkpoint.config()).map(|flop| 100.0 * flop / step / peak);
    let tile = 100.0 * tile_flop / tile / peak;
    println!(
        "  {:8} step {:6.3} ms; of {:5.1} GFLOP/s: step {whole:.0} % (without the first \
         layer's input, mostly skipped: {done:.0} %), tile {tile:.0} %{}",
        set.name(),
        1e3 * step,
        1e-9 * peak,
        if tile < 60.0 { " - do its sums spill?" } else { "" },
    );
}

/// A step of a network that tells a musician apart, against one of the same sizes that does not.
fn versions() {
    for (time, note) in [(vec![300, 300], vec![100, 50]), (vec![64, 64], vec![96, 48])] {
        let [mut old, mut new] = [1, 2].map(|features| {
            let (time, note) = (time.clone(), note.clone());
            let config = Config { time, note, features, ..Config::default() };
            Player::new(Arc::new(Weights::new(&network(config))), 1)
        });
        let [one, two] =
            quartiles([&mut || seconds(4, || (0..4).for_each(|_| old.step())), &mut || {
                seconds(4, || (0..4).for_each(|_| new.step()))
            }]);
        println!(
            "  features of version 2 / 1, {time:?} / {note:?}: {:.3} a step ({:.3}, {:.3} ms)",
            two / one,
            1e3 * two,
            1e3 * one
        );
    }
}

/// The note stack for two listeners, against that for one, in networks that tell a musician apart.
fn guidance() {
    for (time, note) in [(vec![300, 300], vec![100, 50]), (vec![64, 64], vec![96, 48])] {
        let config =
            Config { time: time.clone(), note: note.clone(), features: 2, ..Config::default() };
        let weights = Arc::new(Weights::new(&network(config)));
        let player = RefCell::new(Player::new(weights, 1));
        let [one, two] = quartiles([
            &mut || seconds(4, || (0..4).for_each(|_| player.borrow_mut().choose())),
            &mut || seconds(4, || (0..4).for_each(|_| player.borrow_mut().choose_guided())),
        ]);
        println!(
            "  note stack for two listeners / one, {time:?} / {note:?}: {:.2} ({:.3}, {:.3} ms)",
            two / one,
            1e3 * two,
            1e3 * one
        );
    }
}

/// What is left to do when the newest chord is known, as a share of the step.
fn latency(weights: &Arc<Weights>) {
    // The three take turns on one player, and so make whole steps.
    let player = RefCell::new(Player::new(Arc::clone(weights), 1));
    let [before, input, choice] = quartiles([
        &mut || seconds(1, || player.borrow_mut().prepare()),
        &mut || seconds(1, || player.borrow_mut().feed_prepared()),
        &mut || seconds(1, || player.borrow_mut().choose()),
    ]);
    println!(
        "  {:8} after the commit point {:.2} of a step: recurrent half {:.3}, input half {:.3}, \
         note stack {:.3} ms",
        weights.set().name(),
        (input + choice) / (before + input + choice),
        1e3 * before,
        1e3 * input,
        1e3 * choice,
    );
}

/// A step after others had the caches, against one after another.
fn cold(weights: &Arc<Weights>) {
    let player = RefCell::new(Player::new(Arc::clone(weights), 1));
    let [cold, warm] = quartiles([
        &mut || {
            evict();
            seconds(1, || player.borrow_mut().step())
        },
        &mut || seconds(1, || player.borrow_mut().step()),
    ]);
    println!("  {:8} cold / warm {:.2}", weights.set().name(), cold / warm);
}

/// A step of each of many instances in turn, against one alone.
fn instances(weights: &Arc<Weights>) {
    let mut alone = Player::new(Arc::clone(weights), 1);
    for count in [2, 8, 64] {
        let mut all: Vec<_> =
            (0..count).map(|seed| Player::new(Arc::clone(weights), seed)).collect();
        let mut next = (0..all.len()).cycle();
        let [one, many] = quartiles([
            &mut || {
                // Alone it finds its caches as it left them.
                alone.step();
                seconds(1, || alone.step())
            },
            &mut || {
                let player = &mut all[next.next().unwrap_or_default()];
                seconds(1, || player.step())
            },
        ]);
        println!("  {:8} {count:2} instances / 1: {:.2} a step", weights.set().name(), many / one);
    }
}
