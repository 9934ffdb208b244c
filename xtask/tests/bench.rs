//! `cargo xtask bench` without its figures: what is told, and that engines agree.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use xtask::bench::peer::Peer;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(name)
}

fn bench(model: &Path, words: &[&str]) -> Output {
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask.args(["bench", "engine", "--only", "ours", "--model"]).arg(model);
    xtask.args(words).output().expect("xtask starts")
}

#[test]
fn json_tells_our_engine_and_why_others_are_not_there() {
    let model = golden("tiny.ckpt.safetensors");
    let output = bench(&model, &["--steps", "4", "--rounds", "2", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("standard output is the JSON alone");
    let positive = |value: &serde_json::Value| value.as_f64().is_some_and(|v| v > 0.0);
    let ours = &told["engines"]["ours"];
    for key in [
        "ms",
        "time_ms",
        "note_ms",
        "loop_ms",
        "prepare_ms",
        "after_commit_ms",
        "after_commit_share",
    ] {
        assert!(positive(&ours[key]), "{key}: {}", ours[key]);
    }
    for name in ["onnxruntime", "candle", "pytorch", "torchscript"] {
        assert_eq!(told["engines"][name]["skipped"], "not asked for", "{name}");
    }
    assert!(positive(&told["fma_peak_share"]) && positive(&told["fma_peak_gflops"]));
    assert_eq!((&told["steps"], &told["rounds"]), (&4.into(), &2.into()));
    assert_eq!(told["model"].as_str().map(str::len), Some(64));
    assert!(told["instruction_set"].is_string());
}

#[test]
fn every_instruction_set_can_be_asked_for_and_an_unknown_one_is_refused() {
    let model = golden("odd88.ckpt.safetensors");
    let output = bench(&model, &["--steps", "1", "--rounds", "1", "--instructions", "Portable"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("in portable"), "{text}");
    for (words, named) in [
        (["--instructions", "mmx"], "this processor has portable"),
        (["--steps", "0"], "--steps"),
        (["--rounds", "0"], "--rounds"),
        (["--only", "theirs"], "onnxruntime"),
    ] {
        let output = bench(&model, &words);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(named), "{told}");
    }
    let output = bench(&golden("absent.safetensors"), &[]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("absent.safetensors"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_peer_that_fails_says_why() {
    let shell = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    };
    let refusal = |script: &str| match Peer::start(shell(script)) {
        Ok(_) => panic!("{script} is no peer"),
        Err(error) => format!("{error:#}"),
    };
    let told = refusal("echo first >&2; echo no module named foo >&2; echo >&2; exit 1");
    assert_eq!(told, "it ended: no module named foo");
    assert!(refusal("exit 0").contains("without a word"));
    assert!(refusal("echo hello").contains("hello"));
    let told = match Peer::start(Command::new("/nowhere/python")) {
        Ok(_) => panic!("there is no such program"),
        Err(error) => format!("{error:#}"),
    };
    assert!(told.contains("cannot start /nowhere/python"), "{told}");

    let ready = r#"echo '{"ready": "1.2"}'; read line; "#;
    let mut peer = Peer::start(shell(&format!("{ready} echo '{{}}'"))).expect("a peer");
    assert_eq!(peer.version, "1.2");
    let told = format!("{:#}", peer.round(1).expect_err("no round"));
    assert!(told.contains("did not answer a round"), "{told}");
    let mut peer = Peer::start(shell(&format!("{ready} echo killed >&2"))).expect("a peer");
    let told = format!("{:#}", peer.round(1).expect_err("no round"));
    assert!(told.contains("it ended: killed"), "{told}");
}

#[cfg(feature = "train")]
#[test]
fn candle_chooses_our_notes() {
    use anacrusis::model::Checkpoint;
    use xtask::bench::{candle::Candle, engine, task::Task};
    for case in ["tiny", "legacy", "down", "odd88"] {
        let bytes = std::fs::read(golden(&format!("{case}.ckpt.safetensors"))).expect("a file");
        let checkpoint = Checkpoint::parse(&bytes).expect("a checkpoint");
        let task = Task::new(&checkpoint, 12, 5);
        let mut candle = Candle::new(&checkpoint).expect("a network");
        let difference = engine::compare(&mut candle, &checkpoint, &task).expect("both play");
        assert!(difference.is_none(), "{case}: {difference:?}");
        // The same comparison finds a network that is not the same.
        let other = golden("../../models/classical.safetensors");
        let other = Checkpoint::parse(&std::fs::read(other).expect("a file")).expect("valid");
        if other.config().keys() == checkpoint.config().keys() {
            let mut stranger = Candle::new(&other).expect("a network");
            let difference = engine::compare(&mut stranger, &checkpoint, &task).expect("both play");
            assert!(difference.is_some_and(|d| !d.rounding), "{case}: {difference:?}");
        }
    }
}
