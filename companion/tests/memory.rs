//! The estimate of memory, held against what the trainer then takes.

use std::path::Path;
use std::process::Command;

use anacrusis::model::Config;
use anacrusis::model::kernel::InstructionSet;
use anacrusis_companion::settings::{BackendKind, Settings};
use anacrusis_companion::train::estimate::{Estimate, Room, admit};
use anacrusis_companion::train::fused::network::Network;

fn settings(time: &[usize], note: &[usize], batch: usize, steps: usize) -> Settings {
    let network = Config { time: time.to_vec(), note: note.to_vec(), ..Config::default() };
    Settings { network, batch, steps, threads: 2, ..Settings::default() }
}

#[test]
fn what_a_pass_keeps_is_counted_as_the_pass_counts_it() {
    let set = InstructionSet::best();
    for (time, note) in [(vec![300, 300], vec![100, 50]), (vec![17], vec![9])] {
        let [one, two] = [64, 128].map(|steps| settings(&time, &note, 2, steps + 1));
        let network = Network::new(&one.network, set);
        let of = |settings: &Settings| Estimate::of(settings, set.lanes(), 0, 0).batch;
        // What grows with the steps, but for gradients and desks, which go by shares.
        let kept = 2 * 64 * network.bytes_of_prediction();
        let grown = of(&two) - of(&one);
        assert!(grown >= kept && grown < kept + kept / 3, "{grown} {kept}");
    }
}

#[test]
fn the_estimate_grows_with_what_it_depends_on() {
    let small = settings(&[64], &[32], 2, 64);
    let of = |settings: &Settings| Estimate::of(settings, 8, 1000, 4).total();
    let own = of(&small);
    for (what, larger) in [
        ("batch", Settings { batch: 4, ..small.clone() }),
        ("steps", Settings { steps: 128, ..small.clone() }),
        ("threads", Settings { threads: 4, ..small.clone() }),
        ("layers", settings(&[64, 64], &[32], 2, 64)),
        ("candle", Settings { backend: BackendKind::Candle, ..small.clone() }),
    ] {
        assert!(of(&larger) > own, "{what}");
    }
    let music = Estimate::of(&small, 8, 1_001_000, 4).total();
    assert_eq!(music, own + 32_000_000, "32 bytes a step");
    let many = Settings { batch: 1000, ..small.clone() };
    assert!(of(&many) < 3 << 30, "a batch is done in groups");
}

#[test]
fn what_does_not_fit_is_refused_and_what_would_fit_is_told() {
    let wanted = settings(&[300, 300], &[100, 50], 4, 128);
    let estimate = |settings: &Settings| Estimate::of(settings, 16, 100_000, 8);
    let need = estimate(&wanted).total() as u64;
    let admit = |most: u64, ignore| {
        admit(&wanted, estimate, Room { available: Some(most - 1000), held: 1000 }, ignore)
    };
    let told = admit(need, false).expect("it just fits");
    assert!(told.starts_with("memory: about") && told.contains("to be had"), "{told}");
    let refused = |most: u64| admit(most, false).expect_err("refused").to_string();
    let told = refused(need - 1);
    assert!(told.contains("--batch 2 or --steps 64 would fit"), "{told}");
    let half = estimate(&Settings { batch: 1, steps: 64, ..wanted.clone() }).total() as u64;
    let told = refused(half);
    assert!(told.contains("--batch 1 with --steps 64 would fit"), "{told}");
    assert!(refused(1_000_000).contains("layers smaller"));
    admit(1_000_000, true).expect("all the same");
    let unknown = Room { available: None, held: 0 };
    let told = anacrusis_companion::train::estimate::admit(&wanted, estimate, unknown, false)
        .expect("unknown");
    assert!(!told.contains("to be had"), "{told}");
}

/// Some sizes; more, and larger ones, with `ANACRUSIS_MEMORY=all`.
#[cfg(target_os = "linux")]
#[test]
fn the_estimate_is_near_the_measured_peak() {
    let all = std::env::var("ANACRUSIS_MEMORY").is_ok_and(|value| value == "all");
    let mut cases = vec![
        ("fused", "[16]", "[8]", 2, 32, 2),
        ("fused", "[96, 64]", "[48]", 3, 64, 2),
        ("fused", "[128, 128]", "[64, 32]", 4, 64, 1),
        ("candle", "[24]", "[12]", 2, 32, 2),
    ];
    if all {
        cases.extend([
            ("fused", "[300, 300]", "[100, 50]", 1, 128, 1),
            ("fused", "[300, 300]", "[100, 50]", 5, 128, 2),
            ("fused", "[300, 300]", "[100, 50]", 16, 128, 2),
            ("fused", "[512, 512]", "[128]", 4, 64, 2),
            ("candle", "[64, 64]", "[32, 16]", 3, 64, 2),
            ("candle", "[128, 128]", "[64, 32]", 4, 64, 1),
        ]);
    }
    let mut far = vec![];
    for (backend, time, note, batch, steps, threads) in cases {
        let (estimate, peak) = measure(backend, time, note, [batch, steps, threads]);
        let ratio = estimate / peak;
        println!(
            "{backend} {time} {note} batch {batch} x {steps}, {threads} threads: estimate \
             {estimate:.0} MB, measured {peak:.0} MB, ratio {ratio:.2}"
        );
        if !(0.8..1.25).contains(&ratio) {
            far.push(format!("{backend} {time} {note}: {estimate:.0} MB for {peak:.0} MB"));
        }
    }
    assert!(far.is_empty(), "{far:?}");
}

/// Megabytes that the trainer says it will take, and that it took.
fn measure(backend: &str, time: &str, note: &str, sizes: [usize; 3]) -> (f64, f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("settings.toml");
    let [batch, steps, threads] = sizes;
    let text = format!(
        "batch = {batch}\nsteps = {steps}\nthreads = {threads}\nbackend = \"{backend}\"\n\
         evaluate_every = 2\niterations = 3\n[network]\ntime = {time}\nnote = {note}\n"
    );
    std::fs::write(&config, text).expect("settings");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/midi/chorales");
    let output = Command::new(env!("CARGO_BIN_EXE_anacrusis"))
        .args(["train", "--no-cache", "--data"])
        .arg(data)
        .arg("--config")
        .arg(config)
        .arg("--out")
        .arg(folder.path().join("m.safetensors"))
        .output()
        .expect("the trainer starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let after = told.split("memory: about ").nth(1).expect("an estimate");
    let estimate = after.split(' ').next().and_then(|number| number.parse().ok());
    let metrics = std::fs::read_to_string(folder.path().join("m.metrics.jsonl")).expect("metrics");
    let last = metrics.lines().last().expect("a line");
    let last: serde_json::Value = serde_json::from_str(last).expect("JSON");
    let peak = last["memory_peak_bytes"].as_f64().expect("a number");
    (estimate.expect("a number of MB"), peak * 1e-6)
}
