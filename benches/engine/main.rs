//! How long the network takes for one step, to be read as a share of a sixteenth at
//! 120 BPM (125 ms): whole and by stage, by instruction set, by keys and hidden size, with
//! cold caches, and many instances on shared weights. Then, as ratios that hold on any
//! machine, what [`ratios`] measures side by side.
//!
//! `cargo bench --no-default-features --bench engine`; `-- ratios` for the ratios alone.

mod peak;
mod player;
mod product;
mod ratios;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anacrusis::model::features;
use anacrusis::model::kernel::InstructionSet;
use anacrusis::model::sampler::{self, Draw, Sampling};
use anacrusis::model::{Config, Frame, Weights};
use anacrusis::music::Chord;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};

use player::{Player, evict, network};

fn players(config: Config) -> impl Iterator<Item = (InstructionSet, Player)> {
    let checkpoint = network(config);
    InstructionSet::available()
        .map(move |set| (set, Player::new(Arc::new(Weights::pack(&checkpoint, set)), 1)))
}

fn best(config: Config) -> Player {
    Player::new(Arc::new(Weights::new(&network(config))), 1)
}

fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    for (set, mut player) in players(Config::default()) {
        group.bench_function(set.name(), |b| b.iter(|| player.step()));
    }
    for notes in [48, 78, 88] {
        let mut player = best(Config { low: 21, notes, ..Config::default() });
        group.bench_function(BenchmarkId::new("keys", notes), |b| b.iter(|| player.step()));
    }
    for hidden in [128, 300, 512] {
        let mut player = best(Config { time: vec![hidden; 2], ..Config::default() });
        group.bench_function(BenchmarkId::new("hidden", hidden), |b| b.iter(|| player.step()));
    }
    let mut player = best(Config::default());
    group.bench_function("cold", |b| {
        b.iter_custom(|steps| {
            let mut time = Duration::ZERO;
            for _ in 0..steps {
                evict();
                let start = Instant::now();
                player.step();
                time += start.elapsed();
            }
            time
        });
    });
    group.finish();
}

fn stages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stage");
    let config = Config::default();
    let frame = Frame::common_time(Chord::struck_keys([48, 60, 64, 67]), 3);
    for version in 1..=Config::NEWEST_FEATURES {
        let config = Config { features: version, ..config.clone() };
        let mut rows = vec![0.0; config.keys() * features::width(&config)];
        group.bench_function(BenchmarkId::new("features", version), |b| {
            b.iter(|| features::write(&config, black_box(&frame), &mut rows));
        });
    }
    let draw = Draw { seed: 1, pass: 0 };
    let sampling = Sampling::default();
    group.bench_function("sampling", |b| {
        b.iter(|| {
            let keys = config.low..config.low + config.notes;
            keys.filter(|key| {
                let logits = black_box([-3.0, 0.5]);
                sampler::decide(&sampling, logits, draw.uniforms(1, *key)).0
            })
            .count()
        });
    });
    for (set, mut player) in players(config.clone()) {
        let name = set.name();
        group.bench_function(BenchmarkId::new("recurrent half", name), |b| {
            b.iter(|| player.prepare());
        });
        group.bench_function(BenchmarkId::new("input half", name), |b| {
            b.iter(|| player.feed_prepared());
        });
        group.bench_function(BenchmarkId::new("note stack", name), |b| b.iter(|| player.choose()));
        // What the keys of the note stack can share; the rest of it is its loop.
        let mut projection = product::Product::new(set, config.keys(), 300, 4 * config.note[0]);
        group.bench_function(BenchmarkId::new("projection", name), |b| {
            b.iter(|| projection.run(1));
        });
    }
    group.finish();
}

/// The tile that all the large products consist of, from the first-level cache. Spilled
/// sums at least halve its throughput.
fn tile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tile");
    for set in InstructionSet::available() {
        let mut tile = product::Product::tile(set);
        const ROUNDS: usize = 1000;
        group.throughput(Throughput::Elements((tile.flop() * ROUNDS) as u64));
        group.bench_function(set.name(), |b| b.iter(|| tile.run(ROUNDS)));
        group.throughput(Throughput::Elements((peak::flop(set) * ROUNDS) as u64));
        group.bench_function(BenchmarkId::new("peak", set.name()), |b| {
            b.iter(|| peak::multiply_add(set, ROUNDS));
        });
    }
    group.finish();
}

fn instances(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("instances");
    let weights = Arc::new(Weights::new(&network(Config::default())));
    for count in [1, 2, 4, 8, 16, 32, 64] {
        let mut players: Vec<_> =
            (0..count).map(|seed| Player::new(Arc::clone(&weights), seed)).collect();
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter(|| players.iter_mut().for_each(Player::step));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = step, stages, tile, instances
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let filter = arguments.iter().find(|a| !a.starts_with('-'));
    benches();
    Criterion::default().configure_from_args().final_summary();
    // Cargo says `--bench` unless it only tests that benches run.
    if arguments.iter().any(|a| a == "--bench")
        && filter.is_none_or(|f| "ratios".contains(f.as_str()))
    {
        ratios::print();
    }
}
