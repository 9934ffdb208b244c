//! How long the network takes for one step, to be read as a share of a sixteenth at
//! 120 BPM (125 ms).
//!
//! `cargo bench --no-default-features --bench engine`

use std::collections::BTreeMap;
use std::hint::black_box;

use anacrusis::model::checkpoint::Metadata;
use anacrusis::model::sampler::{self, Draw, Sampling};
use anacrusis::model::{Checkpoint, Config, Engine, network};
use anacrusis::music::Chord;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// A network of small pseudo-random weights: the time of a step does not depend on them.
fn checkpoint(config: Config) -> Checkpoint {
    let draw = Draw { seed: 1, pass: 0 };
    let mut tensors = BTreeMap::new();
    for (t, spec) in (0..).zip(network::tensors(&config)) {
        let value = |n: usize| (draw.uniforms(n as i64, t)[0] as f32 - 0.5) * 0.1;
        tensors.insert(spec.name.clone(), (0..spec.elements()).map(value).collect());
    }
    Checkpoint::new(config, tensors, Metadata::default()).expect("a valid network")
}

fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    let small = Config { time: vec![128, 128], note: vec![64, 32], ..Config::default() };
    for (name, config) in [("300,300 + 100,50", Config::default()), ("128,128 + 64,32", small)] {
        let mut engine = Engine::new(&checkpoint(config.clone()));
        let mut state = engine.new_state();
        let mut next = engine.new_state();
        let chord = Chord::struck_keys([48, 60, 64, 67]);
        let draw = Draw { seed: 1, pass: 0 };
        let sampling = Sampling::default();
        group.bench_function(BenchmarkId::new("time stack", name), |b| {
            b.iter(|| engine.feed(&state, &mut next, black_box(chord), 3, &mut || true));
        });
        group.bench_function(BenchmarkId::new("note stack", name), |b| {
            b.iter(|| {
                engine.choose(&next, &mut |index, logits| {
                    let key = config.low + index as u8;
                    sampler::decide(&sampling, logits, draw.uniforms(1, key))
                })
            });
        });
        let mut t = 0;
        group.bench_function(BenchmarkId::new("whole", name), |b| {
            b.iter(|| {
                t += 1;
                engine.feed(&state, &mut next, chord, (t % 16) as u8, &mut || true);
                std::mem::swap(&mut state, &mut next);
                engine.choose(&state, &mut |index, logits| {
                    let key = config.low + index as u8;
                    sampler::decide(&sampling, logits, draw.uniforms(t, key))
                })
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = step
}
criterion_main!(benches);
