//! `cargo xtask bench` without its figures: what is told, and that engines agree.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anacrusis_benches::peer::Peer;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(name)
}

fn bench(model: &Path, words: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_bench"));
    program.args(["engine", "--only", "ours", "--model"]).arg(model);
    program.args(words).output().expect("starts")
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

#[test]
fn candle_chooses_our_notes() {
    use anacrusis::model::Checkpoint;
    use anacrusis_benches::{candle::Candle, engine, task::Task};
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

#[test]
fn wrong_arguments_of_the_training_benchmark_are_refused_before_anything_is_built() {
    for (words, named) in [
        (["--threads", "0"], "--threads"),
        (["--threads", "1,x"], "--threads"),
        (["--rounds", "0"], "--rounds"),
        (["--batch", "0"], "--batch"),
        (["--steps", "1"], "--steps"),
        (["--network", "300"], "300,300/100,50"),
        (["--network", "0/5"], "--network"),
    ] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_bench"));
        let output = program.arg("train").args(words).output().expect("starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(named), "{words:?}: {told}");
    }
}

#[test]
fn help_of_every_benchmark_tells_what_is_compared_and_gives_examples() {
    for (name, told) in [("engine", "generates freely"), ("train", "take turns")] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_bench"));
        let output = program.args([name, "--help"]).output().expect("starts");
        let text = String::from_utf8_lossy(&output.stdout);
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words(&text).contains(&words(told)), "{text}");
        assert!(text.contains(&format!("  cargo xtask bench {name}\n")), "{text}");
    }
}

mod training {
    use super::golden;
    use anacrusis_benches::train::{self, Args};
    use clap::Parser;
    use std::process::Command;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    /// A tiny network, with our side alone: the binary that was built for the tests.
    fn args(more: &[&str]) -> Args {
        let words =
            ["bench", "--only-ours", "--network", "6,5/4", "--steps", "20", "--rounds", "2"];
        Cli::parse_from(words.iter().chain(more)).args
    }

    fn ours() -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
        command.arg("iterations");
        command
    }

    #[test]
    fn our_side_is_told_alone_when_there_is_no_other() {
        let report = train::measure(&args(&["--threads", "2,1", "--batch", "3"]), &ours);
        let report = report.expect("measured");
        report.check().expect("nothing to differ from");
        let told = serde_json::to_value(&report).expect("json");
        for threads in ["1", "2"] {
            let figures = &told["threads"][threads];
            let positive = |key: &str| figures[key].as_f64().is_some_and(|value| value > 0.0);
            for key in ["ours_s", "ours_least_s", "ours_cpu_s", "ours_loss"] {
                assert!(positive(key), "{key}: {figures}");
            }
            assert_eq!(positive("ours_peak_bytes"), cfg!(target_os = "linux"), "{figures}");
            for key in ["pytorch_s", "ratio", "memory_ratio", "pytorch_loss"] {
                assert!(figures.get(key).is_some_and(serde_json::Value::is_null), "{key}");
            }
            assert_eq!(figures["skipped"], "not asked for");
        }
        assert_eq!(told["threads"].as_object().map(serde_json::Map::len), Some(2));
        assert_eq!(
            told["threads"]["1"]["ours_loss"], told["threads"]["2"]["ours_loss"],
            "any number of threads gives the same bits"
        );
        assert_eq!(
            (&told["batch"], &told["steps"], &told["rounds"]),
            (&3.into(), &20.into(), &2.into())
        );
        assert_eq!(told["network"], serde_json::json!([[6, 5], [4]]));
        assert!(report.table().contains("skipped: not asked for"));
    }

    #[test]
    fn a_trainer_that_fails_and_data_without_music_are_told() {
        let broken = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
            command.arg("iterations").arg(golden("absent.safetensors"));
            command
        };
        let error = train::measure(&args(&[]), &broken).expect_err("a wrong command line");
        assert!(format!("{error:#}").contains("our trainer"), "{error:#}");
        let folder = tempfile::tempdir().expect("a folder");
        let empty = folder.path().display().to_string();
        let error = train::measure(&args(&["--data", &empty]), &ours).expect_err("no music");
        assert!(format!("{error:#}").contains(&empty), "{error:#}");
    }

    #[test]
    fn lines_that_are_no_question_end_our_side() {
        use anacrusis_benches::peer::Peer;
        let folder = tempfile::tempdir().expect("a folder");
        let segments = folder.path().join("segments.json");
        std::fs::write(&segments, r#"{"segments": [[["0", "0"], ["10000000000", "0"]]]}"#)
            .expect("written");
        let mut command = ours();
        command.arg(golden("tiny.ckpt.safetensors")).arg(&segments).arg("1");
        let mut peer = Peer::start(command).expect("ready");
        let told: serde_json::Value = peer.ask("begin").expect("an answer");
        assert!(told["norm"].as_f64().is_some_and(|norm| norm > 0.0), "{told}");
        let told = peer.ask::<serde_json::Value>("dance").expect_err("no question");
        assert!(format!("{told:#}").contains("neither begin nor round"), "{told:#}");
    }
}
