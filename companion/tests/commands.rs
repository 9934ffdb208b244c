//! The commands that only use a model, as one types them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anacrusis::music::{Chord, KeyRange, Metres, PianoRoll, Signature, smf};
use safetensors::SafeTensors;

const RANGE: KeyRange = KeyRange { low: 24, count: 78 };

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn model() -> PathBuf {
    file("models/classical.safetensors")
}

fn anacrusis(command: &str, flags: &[(&str, &Path)], more: &[&str]) -> Output {
    let mut anacrusis = Command::new(env!("CARGO_BIN_EXE_anacrusis"));
    // Keeps the tests out of the user's cache.
    anacrusis.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR")).arg(command);
    flags.iter().for_each(|(flag, path)| {
        anacrusis.arg(flag).arg(path);
    });
    anacrusis.args(more).output().expect("anacrusis starts")
}

fn json(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("standard output is the JSON alone")
}

fn refusal(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn evaluate_scores_pieces_beside_the_baselines() {
    let chorales = file("tests/midi/chorales");
    let flags: [(&str, &Path); 2] = [("--model", &model()), ("--data", &chorales)];
    let scores = json(&anacrusis("evaluate", &flags, &["--json"]));
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    let pieces = scores["pieces"].as_array().expect("pieces");
    assert_eq!(pieces.len(), 12);
    let steps: f64 = pieces.iter().map(|p| number(&p["steps"])).sum();
    assert_eq!(steps, number(&scores["steps"]));
    let weighed: f64 = pieces.iter().map(|p| number(&p["steps"]) * number(&p["nats_step"])).sum();
    let total = number(&scores["nats_step"]);
    assert!((weighed / steps - total).abs() < 1e-9, "every step weighs the same");
    let parts = number(&scores["play_nats_step"]) + number(&scores["art_nats_step"]);
    assert!((parts - total).abs() < 1e-9);

    let baselines = scores["baselines"].as_object().expect("baselines");
    assert_eq!(baselines.keys().collect::<Vec<_>>(), ["coin", "frequency", "repeat"]);
    let coin = number(&baselines["coin"]["play_nats_step"]);
    assert!((coin - 78.0 * std::f64::consts::LN_2).abs() < 1e-9, "{coin}");
    let frequency = number(&baselines["frequency"]["nats_step"]);
    println!("model {total:.3}, frequency {frequency:.3}");
    assert!(total < frequency, "chorales are not what it learnt, but they are music");
    assert_eq!(scores["digest"].as_str().map(str::len), Some(64));
}

#[test]
fn generate_gives_the_same_music_for_the_same_seed_and_goes_on_from_a_prompt() {
    let folder = tempfile::tempdir().expect("a folder");
    let prompt = file("tests/midi/chorales/000.mid");
    let generate = |name: &str, seed: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let flags: [(&str, &Path); 2] = [("--model", &model()), ("--out", &out)];
        let mut words = vec!["--bars", "4", "--seed", seed];
        words.extend(more);
        let output = anacrusis("generate", &flags, &words);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(out).expect("a MIDI file")
    };
    let first = generate("a.mid", "3", &[]);
    assert_eq!(first, generate("b.mid", "3", &[]));
    assert_ne!(first, generate("c.mid", "4", &[]));
    let prompted = generate("d.mid", "3", &["--prompt", prompt.to_str().expect("a path")]);
    assert_ne!(first, prompted);
    let notes = |bytes: &[u8]| {
        let roll = smf::read(bytes, RANGE).expect("a MIDI file").roll;
        assert!(roll.len() <= 64, "four bars");
        roll.chords.iter().map(Chord::len).sum::<u32>()
    };
    assert!(notes(&first) > 0);
    let dense = generate("e.mid", "3", &["--density", "2"]);
    let sparse = generate("f.mid", "3", &["--density", "0.5"]);
    println!("sounding: {} sparse, {} dense", notes(&sparse), notes(&dense));
    assert!(notes(&sparse) < notes(&dense));
}

#[test]
fn a_prompt_sets_the_metre_and_one_that_cannot_be_used_is_told_with_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let prompt = folder.path().join("waltz.mid");
    let waltz = Signature::new(3, 4).expect("a metre");
    // A bar and a half, so that the second bar is filled up.
    let roll: PianoRoll = (0..18).map(|s| Chord::struck_keys([60 + s % 5])).collect();
    let metres = Metres::of(waltz);
    let options = smf::WriteOptions { metres: Some(&metres), ..smf::WriteOptions::default() };
    std::fs::write(&prompt, smf::write(&roll, &options)).expect("written");
    let out = folder.path().join("out.mid");
    let generate = |model: &str| {
        let model = file(model);
        let flags: [(&str, &Path); 3] =
            [("--model", &model), ("--prompt", &prompt), ("--out", &out)];
        anacrusis("generate", &flags, &["--bars", "4", "--seed", "1", "--density", "3"])
    };
    let refused = generate("tests/golden/tiny.ckpt.safetensors");
    assert!(!refused.status.success() && !out.exists());
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("waltz.mid ends in 3/4") && told.contains("version 2"), "{told}");
    let played = generate("tests/golden/v2.ckpt.safetensors");
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    let imported = smf::read(&std::fs::read(&out).expect("a file"), RANGE).expect("MIDI");
    assert_eq!(imported.metres.signature(0), waltz);
    assert!((1..=48).contains(&imported.roll.len()), "four bars of twelve steps");
}

#[test]
fn inspect_tells_how_a_model_was_made() {
    let model = model();
    let told = json(&anacrusis("inspect", &[("--model", &model)], &["--json"]));
    assert_eq!(told["tensors"]["head.weight"][0], 2);
    assert!(told["made"]["command"].as_str().is_some_and(|c| c.contains(" train --data ")));
    let text = anacrusis("inspect", &[("--model", &model)], &[]);
    let text = String::from_utf8(text.stdout).expect("text");
    assert!(text.contains(told["digest"].as_str().expect("a digest")), "{text}");
}

#[test]
fn vectors_writes_what_the_reference_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("out.safetensors");
    let mut heads = 0;
    for case in ["tiny", "legacy", "down", "odd88", "v2", "v2down"] {
        let checkpoint = file(&format!("tests/golden/{case}.ckpt.safetensors"));
        let input = file(&format!("tests/golden/{case}.vectors.safetensors"));
        let flags: [(&str, &Path); 3] =
            [("--model", &checkpoint), ("--input", &input), ("--output", &output)];
        let run = anacrusis("vectors", &flags, &[]);
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let (ours, theirs) =
            (std::fs::read(&output).expect("outputs"), std::fs::read(&input).expect("inputs"));
        let ours = SafeTensors::deserialize(&ours).expect("tensors");
        let theirs = SafeTensors::deserialize(&theirs).expect("tensors");
        let mut compared = 0;
        for (name, view) in ours.tensors() {
            let Ok(expected) = theirs.tensor(&name) else { continue };
            assert_eq!(view.dtype(), expected.dtype(), "{case} {name}");
            assert_eq!(view.shape(), expected.shape(), "{case} {name}");
            let exact = ["out.features", "out.place", "out.given"];
            if name.ends_with(".roll") || exact.contains(&name.as_str()) {
                assert_eq!(view.data(), expected.data(), "{case} {name}");
            }
            if name == "out.velocity" {
                let (ours, theirs) = (view.data().as_chunks().0, expected.data().as_chunks().0);
                let apart = |(a, b): (&[u8; 8], &[u8; 8])| {
                    (f64::from_le_bytes(*a) - f64::from_le_bytes(*b)).abs()
                };
                let most = ours.iter().zip(theirs).map(apart).fold(0.0, f64::max);
                assert!(most <= 1e-5, "{case} {name}: {most:.1e}");
                heads += 1;
            }
            compared += 1;
        }
        assert!(compared >= 14, "{case}: {compared} tensors");
    }
    assert_eq!(heads, 1, "v2down has a head for loudness");
}

#[test]
fn bad_input_is_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("x");
    let broken = folder.path().join("broken.safetensors");
    std::fs::write(&broken, b"not a model").expect("written");
    let absent = folder.path().join("absent.safetensors");
    let malformed = file("tests/midi/malformed/MANIFEST.tsv");

    let told = refusal(&anacrusis("inspect", &[("--model", &broken)], &[]));
    assert!(told.contains("broken.safetensors is not a usable model"), "{told}");
    let told = refusal(&anacrusis("inspect", &[("--model", &absent)], &[]));
    assert!(told.contains("absent.safetensors") && !told.contains("backtrace"), "{told}");
    let flags: [(&str, &Path); 2] = [("--model", &model()), ("--out", &out)];
    for (words, named) in [
        (["--bars", "0", "--seed", "1"].as_slice(), "--bars"),
        (&["--bars", "1", "--seed", "1", "--temperature", "nan"], "--temperature"),
        (&["--bars", "1", "--seed", "1", "--density", "99"], "0.1 to 10"),
    ] {
        let told = refusal(&anacrusis("generate", &flags, words));
        assert!(told.contains(named), "{told}");
    }
    let prompt: [(&str, &Path); 3] =
        [("--model", &model()), ("--out", &out), ("--prompt", &malformed)];
    let told = refusal(&anacrusis("generate", &prompt, &["--bars", "1", "--seed", "1"]));
    assert!(told.contains("MANIFEST.tsv"), "{told}");
    let odd = file("tests/golden/odd88.vectors.safetensors");
    let tiny = file("tests/golden/tiny.ckpt.safetensors");
    let flags: [(&str, &Path); 3] = [("--model", &tiny), ("--input", &odd), ("--output", &out)];
    let told = refusal(&anacrusis("vectors", &flags, &[]));
    assert!(told.contains("88 keys"), "{told}");
    let data: [(&str, &Path); 2] = [("--data", &absent), ("--out", &out)];
    let told = refusal(&anacrusis("train", &data, &[]));
    assert!(told.contains("absent.safetensors"), "{told}");
    assert!(!out.exists());
}

#[test]
fn a_plugin_is_found_by_its_bare_name() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("broken.clap"), "no plugin").expect("written");
    let mut judge = Command::new(env!("CARGO_BIN_EXE_anacrusis"));
    judge.args(["judge", "--through", "broken.clap", "--seeds", "1", "--accompany"]);
    judge.arg(file("tests/midi/chorales")).arg("--model").arg(model());
    let told = refusal(&judge.current_dir(folder.path()).output().expect("anacrusis starts"));
    let whole = folder.path().join("broken.clap").display().to_string();
    assert!(told.contains(&whole) && !told.contains("No such file"), "{told}");
}
