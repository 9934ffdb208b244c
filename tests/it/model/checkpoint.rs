//! A checkpoint is refused whole, with words that say which tensor and why.

use std::collections::BTreeMap;

use anacrusis::model::checkpoint::{Made, Metadata, PROMPT_STEPS};
use anacrusis::model::{Checkpoint, Config, network};
use anacrusis::music::{Chord, PianoRoll};
use proptest::prelude::*;
use serde_json::{Value, json};

fn small() -> Config {
    Config { time: vec![3, 2], note: vec![2], ..Config::default() }
}

fn weights(config: &Config) -> BTreeMap<String, Vec<f32>> {
    let value = |n: usize| (n % 17) as f32 * 0.1 - 0.8;
    network::tensors(config)
        .into_iter()
        .map(|spec| (spec.name.clone(), (0..spec.elements()).map(value).collect()))
        .collect()
}

fn checkpoint() -> Checkpoint {
    let prompt: PianoRoll =
        (0..PROMPT_STEPS).map(|s| Chord::struck_keys([60 + (s % 5) as u8])).collect();
    let made = Made { command: "cargo xtask train".into(), iterations: 7, ..Made::default() };
    let meta = Metadata { prompts: vec![prompt], made: Some(made) };
    Checkpoint::new(small(), weights(&small()), meta).expect("a valid checkpoint")
}

/// The file with its JSON header changed by `edit`.
fn with_header(edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let bytes = checkpoint().to_bytes();
    let (length, rest) = bytes.split_first_chunk::<8>().expect("header length");
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let mut header: Value = serde_json::from_slice(header).expect("JSON header");
    edit(&mut header);
    let header = header.to_string().into_bytes();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(data);
    file
}

fn error(bytes: &[u8]) -> String {
    Checkpoint::parse(bytes).expect_err("must be refused").to_string()
}

#[track_caller]
fn assert_says(bytes: &[u8], words: &[&str]) {
    let error = error(bytes);
    for word in words {
        assert!(error.contains(word), "`{error}` does not say `{word}`");
    }
}

#[test]
fn what_is_written_is_what_is_read() {
    let written = checkpoint();
    let bytes = written.to_bytes();
    let read = Checkpoint::parse(&bytes).expect("readable");
    assert_eq!(read, written);
    assert_eq!(read.to_bytes(), bytes, "equal checkpoints give equal bytes");
    assert_eq!(read.digest().len(), 64);
}

#[test]
fn a_tensor_that_is_missing_surplus_or_misshapen_is_named() {
    let tensor = "note.0.weight_hh_l0";
    assert_says(
        &with_header(|h| {
            let entry = h.as_object_mut().and_then(|h| h.remove(tensor)).expect("entry");
            h["note.7.weight_hh_l0"] = entry;
        }),
        &["note.7.weight_hh_l0", "not part"],
    );
    assert_says(
        &with_header(|h| h[tensor]["shape"] = json!([2, 8])),
        &[tensor, "[2, 8]", "[8, 2]"],
    );
    assert_says(
        &with_header(|h| {
            h[tensor]["dtype"] = json!("I32");
        }),
        &[tensor, "I32", "F32"],
    );
    let mut incomplete = weights(&small());
    incomplete.remove(tensor);
    let error = Checkpoint::new(small(), incomplete, Metadata::default()).expect_err("missing");
    assert!(error.to_string().contains(tensor) && error.to_string().contains("missing"));
}

#[test]
fn a_number_that_is_not_finite_is_found() {
    let mut tensors = weights(&small());
    tensors.get_mut("head.weight").expect("head")[3] = f32::NAN;
    let error = Checkpoint::new(small(), tensors, Metadata::default()).expect_err("NaN");
    assert!(error.to_string().contains("head.weight") && error.to_string().contains("element 3"));
    let mut bytes = checkpoint().to_bytes();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    assert_says(&bytes, &["head.bias", "inf"]);
}

#[test]
fn another_format_or_configuration_is_explained() {
    let set = |key: &'static str, value: Value| with_header(|h| h["__metadata__"][key] = value);
    assert_says(&set("format", json!("pt")), &["`pt`", "biaxial-lstm/1"]);
    assert_says(&with_header(|h| h["__metadata__"] = json!({})), &["format", "missing"]);
    let config = |text: &str| set("config", json!(text));
    assert_says(&config("{"), &["config"]);
    assert_says(
        &config(r#"{"time":[3,2],"note":[2],"low":24,"notes":78,"layers":9}"#),
        &["unknown field", "layers"],
    );
    assert_says(&config(r#"{"time":[],"note":[2],"low":24,"notes":78}"#), &["time", "0 layers"]);
    assert_says(
        &config(r#"{"time":[3,99999],"note":[2],"low":24,"notes":78}"#),
        &["time.1", "99999"],
    );
    assert_says(&config(r#"{"time":[3,2],"note":[2],"low":100,"notes":78}"#), &["100", "178"]);
    assert_says(
        &config(r#"{"time":[3,2],"note":[2],"low":24,"notes":78,"features":3}"#),
        &["version 3", "versions 1 to 2"],
    );
    assert_says(&set("prompts", json!("[\"AAAA\"]")), &["prompts", "prompt 0"]);
    let without_account = Checkpoint::parse(&set("made", json!("{"))).expect("a sound network");
    assert_eq!(without_account.meta.made, None);
}

#[test]
fn sizes_are_checked_before_anything_is_parsed() {
    assert_says(&[], &["0 bytes"]);
    assert_says(&u64::MAX.to_le_bytes(), &["header claims"]);
    let mut cut = checkpoint().to_bytes();
    cut.truncate(200);
    assert_says(&cut, &["200 bytes"]);
    let mut cut = checkpoint().to_bytes();
    cut.truncate(cut.len() - 1);
    assert_says(&cut, &["safetensors"]);
    assert_says(&vec![0; (64 << 20) + 1], &["at most 67108864"]);
}

proptest! {
    /// Whatever bytes change, the answer is a checkpoint or an error, never a panic.
    #[test]
    fn damaged_files_are_refused_without_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = checkpoint().to_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(end.index(bytes.len()).max(8));
        let _ = Checkpoint::parse(&bytes);
    }
}
