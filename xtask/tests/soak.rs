//! `cargo xtask soak`, as one types it.

use std::process::{Command, Output};

fn soak(words: &[&str]) -> Output {
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask.arg("soak").args(words).output().expect("xtask starts")
}

fn refusal(words: &[&str]) -> String {
    let output = soak(words);
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn soak_plays_without_a_flaw() {
    let output = soak(&["--hours", "0.2", "--seed", "3", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON alone");
    assert!(report["hours"].as_f64().expect("hours") >= 0.2);
    assert!(report["steps"].as_u64().expect("steps") > 5000);
    assert_eq!(report["unmatched"], 0);
    assert_eq!(report["missed_deadlines"], 0);
    assert!(report["worst_onset_samples"].as_f64().expect("samples") <= 1.0);
    let refused = refusal(&["--hours", "0"]);
    assert!(refused.contains("not within 0 to 10000"), "{refused}");
    let refused = refusal(&["--model", "no.safetensors"]);
    assert!(refused.contains("cannot open the model no.safetensors"), "{refused}");
}
