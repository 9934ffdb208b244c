//! A run shared by several processes is the run of one, and ends when one of them dies.
//!
//! Needs an MPI library: `cargo xtask test mpi` sees to it.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anacrusis_companion::train::state::State;

const SETTINGS: &str = "batch = 5\nsteps = 32\nlearning_rate = 1e-2\ndropout = 0.2\n\
    heldout = 0.3\nevaluate_every = 4\nevaluate_steps = 400\nthreads = 1\naverage = 0.9\n\
    iterations = 20\nprompts = 0\nsample_every = 10\nsample_bars = 1\n[network]\n\
    time = [12]\nnote = [8, 6]\n";

/// Longest that a run may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the trainer is told to write `name` into `folder`.
fn words(folder: &Path, name: &str, more: &[&str]) -> Vec<String> {
    let config = folder.join("settings.toml");
    std::fs::write(&config, SETTINGS).expect("settings");
    let midi = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/midi");
    let midi = |name: &str| midi.join(name).display().to_string();
    let mut words = vec!["train".to_owned(), "--data".to_owned()];
    words.extend(["chorales", "leadsheets"].map(midi));
    words.push("--no-cache".to_owned());
    words.push(format!("--out={}", folder.join(name).with_extension("safetensors").display()));
    words.push(format!("--config={}", config.display()));
    words.extend(more.iter().map(|word| (*word).to_owned()));
    words
}

fn mpirun() -> Command {
    let mut command = Command::new("mpirun");
    // Open MPI: root is allowed, and more processes than cores.
    command.envs([("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")]);
    command.env("OMPI_MCA_rmaps_base_oversubscribe", "1");
    command.stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

const TRAINER: &str = env!("CARGO_BIN_EXE_anacrusis");

fn alone(folder: &Path, name: &str, more: &[&str]) -> Output {
    Command::new(TRAINER).args(words(folder, name, more)).output().expect("the trainer")
}

fn together(processes: u32, folder: &Path, name: &str, more: &[&str]) -> Output {
    let mut command = mpirun();
    command.args(["-n", &processes.to_string(), TRAINER]).args(words(folder, name, more));
    end_of(command)
}

/// Waits for a command, but not for ever.
fn end_of(mut command: Command) -> Output {
    let mut child = command.spawn().expect("mpirun");
    let begun = Instant::now();
    while child.try_wait().expect("its status").is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().expect("killed");
            panic!("it hangs: {:?}", text(&child.wait_with_output().expect("output")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().expect("output")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", text(output));
}

/// Iteration, held-out nats and training loss of each evaluation.
fn curve(folder: &Path, name: &str) -> Vec<[f64; 3]> {
    let path = folder.join(format!("{name}.metrics.jsonl"));
    let lines = std::fs::read_to_string(path).expect("metrics");
    let line = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        ["iteration", "nats_step", "train_loss"].map(|key| value[key].as_f64().expect(key))
    };
    lines.lines().map(line).collect()
}

/// Whether `name` went the way of `one`, to rounding; prints both.
fn same_way(folder: &Path, one: &str, name: &str) {
    let (theirs, ours) = (curve(folder, one), curve(folder, name));
    assert!(theirs.len() > 2, "evaluations");
    assert_eq!(theirs.len(), ours.len());
    println!("iteration   held out {one}, {name}   training loss {one}, {name}");
    for (a, b) in theirs.iter().zip(&ours) {
        println!("{:9} {:.9} {:.9} {:.12} {:.12}", a[0], a[1], b[1], a[2], b[2]);
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 * a.abs()), "{a:?} {b:?}");
    }
    let [one, other] = [one, name].map(|name| {
        let path = folder.join(format!("{name}.last.state"));
        State::read(&path).expect("a whole state").0
    });
    let furthest = (one.parameters.values().flatten())
        .zip(other.parameters.values().flatten())
        .fold(0f32, |most, (a, b)| most.max((a - b).abs()));
    println!("weights at most {furthest:e} apart");
    assert!(furthest < 1e-3, "{furthest}");
}

#[test]
fn processes_that_share_a_batch_train_as_one_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    succeeded(&alone(folder, "one", &[]));
    for processes in [2, 3] {
        let name = format!("{processes}-processes");
        let output = together(processes, folder, &name, &[]);
        succeeded(&output);
        let text = text(&output);
        assert!(text.contains(&format!("{processes} processes")), "{text}");
        assert_eq!(text.matches("held-out").count(), text_of_one(folder), "one speaks: {text}");
        same_way(folder, "one", &name);
        let samples = std::fs::read_dir(folder.join(format!("{name}.samples")));
        assert_eq!(samples.expect("samples").count(), 4);
    }
    // Half by two, the rest by one.
    succeeded(&together(2, folder, "mixed", &["--iterations=8"]));
    succeeded(&alone(folder, "mixed", &["--resume"]));
    same_way(folder, "one", "mixed");
}

/// How often a run of one process says `held-out`: three baselines, five evaluations, the end.
fn text_of_one(folder: &Path) -> usize {
    text(&alone(folder, "again", &["--overwrite"])).matches("held-out").count()
}

#[test]
fn what_does_not_fit_together_is_refused_and_nobody_waits() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let output = together(2, folder, "m", &["--batch=1"]);
    assert!(!output.status.success());
    assert!(text(&output).contains("2 processes cannot share a batch of 1"), "{}", text(&output));

    // The second is given other music.
    let (first, mut second) = (words(folder, "m", &[]), words(folder, "m", &[]));
    second.retain(|word| !word.ends_with("leadsheets"));
    let mut command = mpirun();
    command.args(["-n", "1", TRAINER]).args(first);
    command.args([":", "-n", "1", TRAINER]).args(second);
    let output = end_of(command);
    assert!(!output.status.success());
    let told = "error in process 2 of 2: process 1 finds other music under --data";
    assert!(text(&output).contains(told), "{}", text(&output));
}

#[test]
fn a_run_ends_when_a_process_of_it_dies_and_can_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut command = mpirun();
    command.args(["-n", "2", TRAINER]);
    command.args(words(folder, "killed", &["--iterations=1000000"]));
    let mut child = command.spawn().expect("mpirun");
    let state = folder.join("killed.last.state");
    let begun = Instant::now();
    let second = loop {
        assert!(begun.elapsed() < PATIENCE, "no state is saved");
        assert!(child.try_wait().expect("its status").is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(5));
        if let (true, Some(second)) = (state.exists(), child_of_rank(child.id(), 1)) {
            break second;
        }
    };
    let kill = Command::new("kill").args(["-KILL", &second.to_string()]).status();
    assert!(kill.expect("kill").success());
    let begun = Instant::now();
    while child.try_wait().expect("its status").is_none() {
        assert!(begun.elapsed() < PATIENCE, "the others wait for the dead one");
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("output");
    println!("{}", text(&output));
    assert!(!output.status.success());
    let told = text(&output);
    assert!(told.contains("the last saved state is intact"), "{told}");
    assert!(told.contains("signal 9"), "mpirun tells of it: {told}");

    let (saved, _) = State::read(&state).expect("whole");
    let done = saved.progress.iterations;
    assert!(done >= 4 && done.is_multiple_of(4), "{done}");
    // And goes on as if nothing had been.
    let end = format!("--iterations={}", done + 8);
    succeeded(&together(2, folder, "killed", &["--resume", &end]));
    succeeded(&alone(folder, "one", &[&end]));
    same_way(folder, "one", "killed");
}

/// The process of a number among the children of `mpirun`.
fn child_of_rank(mpirun: u32, rank: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{mpirun}/task/{mpirun}/children"));
    let wanted = format!("OMPI_COMM_WORLD_RANK={rank}");
    children.ok()?.split_whitespace().filter_map(|pid| pid.parse().ok()).find(|pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes())
    })
}

/// Two network namespaces with a cable between them; gone when it is dropped.
struct Machines {
    names: [String; 2],
}

impl Machines {
    fn new() -> Machines {
        let id = std::process::id();
        let names = ["a", "b"].map(|name| format!("anacrusis-{name}-{id}"));
        let machines = Machines { names };
        let [a, b] = &machines.names;
        ip(&["netns", "add", a]);
        ip(&["netns", "add", b]);
        ip(&["link", "add", "cable0", "netns", a, "type", "veth", "peer", "cable0", "netns", b]);
        for (name, address) in machines.names.iter().zip(ADDRESSES) {
            ip(&["-n", name, "addr", "add", &format!("{address}/24"), "dev", "cable0"]);
            ip(&["-n", name, "link", "set", "cable0", "up"]);
            ip(&["-n", name, "link", "set", "lo", "up"]);
        }
        machines
    }

    /// Bytes that went through the cable.
    fn traffic(&self) -> u64 {
        let output = Command::new("ip")
            .args(["netns", "exec", &self.names[0], "cat"])
            .args(["/sys/class/net/cable0/statistics/tx_bytes"])
            .args(["/sys/class/net/cable0/statistics/rx_bytes"])
            .output()
            .expect("ip");
        String::from_utf8_lossy(&output.stdout).lines().filter_map(|n| n.parse::<u64>().ok()).sum()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for name in &self.names {
            Command::new("ip").args(["netns", "del", name]).status().ok();
        }
    }
}

const ADDRESSES: [&str; 2] = ["10.77.0.1", "10.77.0.2"];

fn ip(words: &[&str]) {
    let output = Command::new("ip").args(words).output().expect("ip (iproute2)");
    assert!(output.status.success(), "ip {}: {}", words.join(" "), text(&output));
}

#[test]
#[ignore = "needs root, for network namespaces"]
fn two_machines_train_as_one_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    succeeded(&alone(folder, "one", &[]));
    let machines = Machines::new();
    // In place of ssh: enters the other namespace under another host's name.
    let agent = folder.join("agent");
    let other = &machines.names[1];
    let script = format!(
        "#!/bin/sh\nshift\nexec ip netns exec {other} unshare --uts sh -c \"hostname other; $*\"\n"
    );
    std::fs::write(&agent, script).expect("a script");
    let mode = Command::new("chmod").arg("+x").arg(&agent).status();
    assert!(mode.expect("chmod").success());

    let mut command = mpirun();
    let inner = command.get_program().to_owned();
    let mut outer = Command::new("ip");
    outer.args(["netns", "exec", &machines.names[0], "unshare", "--uts", "sh", "-c"]);
    outer.args(["hostname one; exec \"$@\"", "sh"]).arg(inner);
    outer.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer.args(["--host", &ADDRESSES.join(","), "--mca", "plm_rsh_agent"]).arg(&agent);
    // No shared memory: these machines have none.
    outer.args(["--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "cable0"]);
    outer.args(["--mca", "oob_tcp_if_include", "cable0", "-n", "2", TRAINER]);
    outer.args(words(folder, "two-machines", &[]));
    outer.stdout(Stdio::piped()).stderr(Stdio::piped());
    command = outer;
    let output = end_of(command);
    succeeded(&output);
    same_way(folder, "one", "two-machines");
    let (state, _) = State::read(&folder.join("one.last.state")).expect("a state");
    let weights: usize = state.parameters.values().map(Vec::len).sum();
    let traffic = machines.traffic();
    println!("{traffic} bytes over the cable, {weights} weights, 20 iterations");
    assert!(traffic > 20 * 4 * weights as u64, "every iteration's gradients: {traffic}");
}
