//! Event files for TensorBoard, read back by a reader that shares nothing with their writer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anacrusis_companion::arguments;
use anacrusis_companion::train;
use clap::Parser;

const SETTINGS: &str = "batch = 2\nsteps = 32\nlearning_rate = 1e-2\nwarmup = 3\ndropout = 0.1\n\
    heldout = 0.3\nevaluate_every = 4\nevaluate_steps = 16\nthreads = 2\nsample_every = 6\n\
    sample_bars = 2\n[network]\ntime = [8]\nnote = [6, 4]\n";

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: arguments::Args,
}

fn train(folder: &Path, more: &[&str]) -> anyhow::Result<train::Ended> {
    let config = folder.join("settings.toml");
    std::fs::write(&config, SETTINGS).expect("settings");
    let midi = |name| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/midi").join(name).display().to_string()
    };
    let mut words: Vec<String> = ["train", "--no-cache", "--data"].map(str::to_owned).to_vec();
    words.extend(["chorales", "leadsheets"].map(midi));
    words.push(format!("--out={}", folder.join("m.safetensors").display()));
    words.push(format!("--config={}", config.display()));
    words.push(format!("--tensorboard={}", folder.join("runs/m").display()));
    words.extend(more.iter().map(|word| (*word).to_owned()));
    train::run(&Cli::parse_from(words).args, &AtomicBool::new(false))
}

/// CRC-32C (Castagnoli), bit by bit, masked as TFRecord wants it.
fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    let crc = !crc;
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The records of a file; every checksum must fit.
fn records(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).expect("an event file");
    let mut rest = &bytes[..];
    let mut records = vec![];
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(12);
        assert_eq!(number(&head[8..]), u64::from(checksum(&head[..8])), "of the length");
        let (body, tail) = tail.split_at(number(&head[..8]) as usize);
        let (sum, tail) = tail.split_at(4);
        assert_eq!(number(sum), u64::from(checksum(body)), "of the data");
        records.push(body.to_vec());
        rest = tail;
    }
    records
}

/// The fields of a message by number: plain numbers as eight bytes, all else as it is.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let (byte, rest) = bytes.split_first().expect("a whole number");
            *bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }
    let mut found = vec![];
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let length = match key & 7 {
            0 => {
                let value = varint(&mut bytes).to_le_bytes().to_vec();
                found.push((key >> 3, value));
                continue;
            }
            1 => 8,
            2 => varint(&mut bytes) as usize,
            5 => 4,
            kind => panic!("wire type {kind}"),
        };
        let (value, rest) = bytes.split_at(length);
        found.push((key >> 3, value.to_vec()));
        bytes = rest;
    }
    found
}

fn field(message: &[u8], wanted: u64) -> Option<Vec<u8>> {
    fields(message).into_iter().find(|(field, _)| *field == wanted).map(|(_, value)| value)
}

/// Values by tag and step.
type Curves = BTreeMap<String, BTreeMap<u64, Vec<u8>>>;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("runs/m")).expect("a folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    assert!(files.iter().all(|file| file.to_string_lossy().contains("tfevents")), "{files:?}");
    files
}

/// What TensorBoard shows of a folder: a start voids what was told of its step and of later
/// ones; nothing else may be told twice.
fn curves(folder: &Path) -> Curves {
    let mut curves = Curves::new();
    for file in files(folder) {
        let events = records(&file);
        assert_eq!(field(&events[0], 3).expect("a version"), b"brain.Event:2");
        let start = field(&events[1], 7).expect("a start");
        assert_eq!(number(&field(&start, 1).expect("a status")), 1);
        let void = number(&field(&events[1], 2).expect("a step"));
        curves.values_mut().for_each(|curve| curve.retain(|step, _| *step < void));
        for event in &events[2..] {
            let time = f64::from_bits(number(&field(event, 1).expect("a time")));
            assert!(time > 1.7e9, "seconds since 1970: {time}");
            let step = field(event, 2).map_or(0, |step| number(&step));
            assert!(step >= void, "step {step} after a start at {void}");
            for (field_number, value) in fields(&field(event, 5).expect("a summary")) {
                assert_eq!(field_number, 1);
                let tag = String::from_utf8(field(&value, 1).expect("a tag")).expect("text");
                let twice = curves.entry(tag.clone()).or_default().insert(step, value);
                assert!(twice.is_none(), "{tag} told twice of step {step}");
            }
        }
    }
    curves
}

fn points(curves: &Curves, tag: &str) -> Vec<(u64, f32)> {
    let point = |(step, value): (&u64, &Vec<u8>)| {
        let bits = field(value, 2).map_or(0, |bits| number(&bits));
        (*step, f32::from_bits(bits as u32))
    };
    curves[tag].iter().map(point).collect()
}

fn metrics(folder: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(folder.join("m.metrics.jsonl")).expect("metrics");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn curves_pictures_and_settings_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    train(folder, &["--iterations", "12"]).expect("trained");
    let (curves, metrics) = (curves(folder), metrics(folder));
    for (tag, key) in [
        ("heldout/nats_per_step", "nats_step"),
        ("heldout/play_nats_per_step", "play_nats_step"),
        ("heldout/articulate_nats_per_step", "art_nats_step"),
    ] {
        let told: Vec<(u64, f32)> = metrics
            .iter()
            .map(|line| {
                let value = line[key].as_f64().expect("a number") as f32;
                (line["iteration"].as_u64().expect("a number"), value)
            })
            .collect();
        assert_eq!(told.len(), 3);
        assert_eq!(points(&curves, tag), told, "{tag}");
    }
    let losses = points(&curves, "train/loss");
    assert_eq!(
        losses.iter().map(|(step, _)| *step).collect::<Vec<_>>(),
        (1..=12).collect::<Vec<_>>()
    );
    let mut mean = f64::from(losses[0].1);
    losses[1..].iter().for_each(|(_, loss)| mean += 0.02 * (f64::from(*loss) - mean));
    let told = metrics[2]["train_loss"].as_f64().expect("a number");
    assert!((mean - told).abs() < 1e-6 * told, "{mean} {told}");
    let norms = points(&curves, "train/gradient_norm");
    assert_eq!(
        Some(f64::from(norms[11].1) as f32),
        metrics[2]["gradient_norm"].as_f64().map(|n| n as f32)
    );
    let rates: Vec<f32> = points(&curves, "train/learning_rate").iter().map(|p| p.1).collect();
    let close = |a: f32, b: f32| (a - b).abs() < 1e-8;
    assert!(close(rates[0], 0.01 / 3.0) && close(rates[1], 0.02 / 3.0), "rising: {rates:?}");
    assert!(rates[2..].iter().all(|rate| close(*rate, 0.01)), "risen: {rates:?}");
    assert!(points(&curves, "train/segments_per_second").iter().all(|(_, pace)| *pace > 0.0));

    let pictures = &curves["sample"];
    assert_eq!(pictures.keys().copied().collect::<Vec<_>>(), [6, 12]);
    for (step, value) in pictures {
        let image = field(value, 4).expect("an image");
        let png = field(&image, 4).expect("a picture");
        assert_eq!(
            png,
            std::fs::read(folder.join(format!("m.samples/{step:06}.png"))).expect("a file")
        );
        let reader = png::Decoder::new(std::io::Cursor::new(&png[..])).read_info().expect("a PNG");
        let size = [2, 1].map(|side| number(&field(&image, side).expect("a size")));
        assert_eq!(size, [reader.info().width, reader.info().height].map(u64::from));
    }
    let (step, value) = curves["settings"].first_key_value().expect("settings");
    let tensor = field(value, 8).expect("a tensor");
    let text = String::from_utf8(field(&tensor, 8).expect("a text")).expect("text");
    assert!(*step == 1 && text.contains("\n    batch = 2\n"), "{text}");
    let shown_by = field(&field(value, 9).expect("metadata"), 1).expect("a plugin");
    assert_eq!(field(&shown_by, 1).expect("a name"), b"text");
}

#[test]
fn a_resumed_run_goes_on_with_its_curves_and_tells_nothing_twice() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let [whole, parted] = [folders[0].path(), folders[1].path()];
    train(whole, &["--iterations", "12"]).expect("trained");
    train(parted, &["--iterations", "8"]).expect("trained");
    // Only the state after 4 iterations is left: the others are done again.
    std::fs::remove_file(parted.join("m.last.state")).expect("removed");
    train(parted, &["--iterations", "10", "--resume"]).expect("resumed");
    train(parted, &["--iterations", "12", "--resume"]).expect("resumed");
    assert_eq!(files(parted).len(), 3);
    let [mut whole, mut parted] = [curves(whole), curves(parted)];
    for curves in [&mut whole, &mut parted] {
        curves.remove("train/segments_per_second");
        // Iterations are told there, and how many the parts had.
        curves.remove("settings").expect("settings");
    }
    // The second part ended after 10, which is therefore judged.
    for curve in parted.iter_mut().filter(|(tag, _)| tag.starts_with("heldout/")) {
        curve.1.remove(&10).expect("judged at the end");
    }
    assert_eq!(whole.keys().collect::<Vec<_>>(), parted.keys().collect::<Vec<_>>());
    assert!(whole == parted, "bit for bit");
}

#[test]
fn curves_of_different_runs_are_not_mixed() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    train(folder, &["--iterations", "2"]).expect("trained");
    std::fs::write(folder.join("runs/m/events.out.tfevents.1.theirs"), "").expect("written");
    std::fs::remove_file(folder.join("m.safetensors")).expect("removed");
    for file in ["m.last.safetensors", "m.last.state", "m.metrics.jsonl"] {
        std::fs::remove_file(folder.join(file)).expect("removed");
    }
    let error = train(folder, &["--iterations", "2"]).expect_err("another run's curves");
    assert!(format!("{error:#}").contains("folder of its own"), "{error:#}");
    assert!(!folder.join("m.safetensors").exists());
    train(folder, &["--iterations", "3", "--overwrite"]).expect("trained");
    let theirs = folder.join("runs/m/events.out.tfevents.1.theirs");
    assert!(theirs.exists(), "what is not ours stays");
    std::fs::remove_file(theirs).expect("removed");
    assert_eq!(points(&curves(folder), "train/loss").len(), 3);
}
