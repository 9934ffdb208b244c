//! What nobody should type, and files that nobody should have: each gets a clear answer in bounded
//! time and memory, and loses nothing. Unix, whose devices and pipes it needs.
#![cfg(unix)]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anacrusis::model::Checkpoint;
use anacrusis::model::checkpoint::Made;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn tiny() -> PathBuf {
    file("tests/golden/tiny.ckpt.safetensors")
}

fn anacrusis() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anacrusis"));
    // Keeps the tests out of the user's cache.
    command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// What a command says that ends within a minute; one that does not is ended.
fn within_a_minute(command: &mut Command) -> Output {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    for _ in 0..600 {
        if child.try_wait().expect("a child").is_some() {
            return child.wait_with_output().expect("ended");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    child.kill().expect("killed");
    panic!("{command:?} goes on for ever");
}

/// The message of a command that must fail.
fn refusal(command: &mut Command) -> String {
    let output = within_a_minute(command);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{command:?}: {told}");
    assert!(!told.contains("panicked"), "{command:?}: {told}");
    println!("{}", told.trim());
    told
}

#[test]
fn what_has_no_end_is_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let out = folder.path().join("out.mid");
    for endless in [Path::new("/dev/zero"), &pipe] {
        let chorales = file("tests/midi/chorales");
        let mut commands = Vec::new();
        for words in [&["inspect"][..], &["generate", "--bars", "1", "--seed", "1"]] {
            let mut command = anacrusis();
            command.args(words).arg("--model").arg(endless);
            if words[0] == "generate" {
                command.arg("--out").arg(&out);
            }
            commands.push(command);
        }
        for words in [["evaluate", "--data"], ["judge", "--accompany"]] {
            let mut command = anacrusis();
            command.args(words).arg(&chorales).arg("--model").arg(endless);
            commands.push(command);
        }
        let mut prompt = anacrusis();
        prompt.args(["generate", "--bars", "1", "--seed", "1", "--model"]).arg(tiny());
        prompt.arg("--prompt").arg(endless).arg("--out").arg(&out);
        let mut config = anacrusis();
        config.args(["train", "--print-config", "--config"]).arg(endless);
        let mut vectors = anacrusis();
        vectors.args(["vectors", "--model"]).arg(tiny()).arg("--input").arg(endless);
        vectors.arg("--output").arg(&out);
        let mut data = anacrusis();
        data.args(["inspect", "--data"]).arg(endless);
        commands.extend([prompt, config, vectors, data]);
        for mut command in commands {
            let told = refusal(&mut command);
            let name = endless.file_name().expect("a name").to_string_lossy();
            assert!(told.contains(&*name), "{command:?}: {told}");
        }
    }
    assert!(!out.exists());
}

#[test]
fn a_device_is_not_replaced_and_a_link_is_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let generate = |out: &Path| {
        let mut command = anacrusis();
        command.args(["generate", "--bars", "1", "--seed", "1", "--model"]).arg(tiny());
        command.arg("--out").arg(out);
        command
    };
    let device = folder.path().join("device");
    std::os::unix::fs::symlink("/dev/full", &device).expect("linked");
    let told = refusal(&mut generate(&device));
    assert!(told.contains("not a regular file"), "{told}");
    let link = folder.path().join("link.mid");
    std::os::unix::fs::symlink("music.mid", &link).expect("linked");
    assert!(within_a_minute(&mut generate(&link)).status.success());
    assert!(link.is_symlink() && folder.path().join("music.mid").is_file());
}

#[test]
fn a_reader_that_goes_away_ends_it_without_a_word() {
    let mut child = anacrusis()
        .args(["inspect", "--data"])
        .arg(file("tests/midi"))
        .args(["--verbose", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let mut told = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut told).expect("text");
    assert_eq!(child.wait().expect("ended").code(), Some(141), "{told}");
    assert!(!told.contains("panicked"), "{told}");
}

#[test]
fn two_runs_do_not_write_to_one_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("m.safetensors");
    let config = folder.path().join("small.toml");
    std::fs::write(&config, "steps = 16\n[network]\ntime = [4]\nnote = [4]\n").expect("written");
    let train = |more: &[&str]| {
        let mut command = anacrusis();
        command.args(["train", "--no-cache", "--data"]).arg(file("tests/midi/chorales"));
        command.arg("--out").arg(&out).arg("--config").arg(&config);
        command.args(["--threads", "1"]).args(more);
        command
    };
    let mut first = train(&["--iterations", "100000000"]);
    let mut first = first.stderr(Stdio::null()).spawn().expect("it starts");
    let last = folder.path().join("m.last.state");
    for tries in 0.. {
        assert!(tries < 1200, "the first run never saved");
        if last.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    for more in [["--overwrite", "--iterations", "1"], ["--resume", "--iterations", "1"]] {
        let told = refusal(&mut train(&more));
        assert!(told.contains("another training run") && told.contains("m.safetensors"), "{told}");
    }
    first.kill().expect("killed");
    first.wait().expect("gone");
    // What a kill leaves is in nobody's way.
    let resumed = within_a_minute(&mut train(&["--resume", "--iterations", "1"]));
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    let names: Vec<String> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert!(!names.iter().any(|n| n.ends_with(".part") || n.ends_with(".lock")), "{names:?}");
}

#[test]
fn what_a_model_says_of_itself_cannot_steer_a_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("loud.safetensors");
    let mut model = Checkpoint::parse(&std::fs::read(tiny()).expect("a file")).expect("a model");
    let licence = "\u{1b}]0;mine\u{7}\u{1b}[2J".to_owned();
    model.meta.made = Some(Made { licence, train_loss: f64::NAN, ..Made::default() });
    std::fs::write(&path, model.to_bytes()).expect("written");
    let output = within_a_minute(anacrusis().args(["inspect", "--model"]).arg(&path));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!told.contains('\u{1b}') && !told.contains('\u{7}'), "{told:?}");
    assert!(told.contains("licence") && told.contains("NaN"), "{told}");
}

#[test]
fn the_digest_that_is_told_is_the_files() {
    let output = within_a_minute(anacrusis().args(["inspect", "--model"]).arg(tiny()));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let digest = told.lines().find_map(|line| line.strip_prefix("sha256")).expect("a digest");
    let bytes = std::fs::read(tiny()).expect("a file");
    use sha2::Digest;
    let own: String =
        sha2::Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest.trim(), own);
    assert!(told.contains(&format!("{} bytes", bytes.len())), "{told}");
}

#[test]
fn errors_say_each_thing_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let broken = folder.path().join("broken.safetensors");
    std::fs::write(&broken, vec![0xff; 200]).expect("written");
    let absent = folder.path().join("absent.safetensors");
    for model in [&broken, &absent] {
        let told = refusal(anacrusis().args(["inspect", "--model"]).arg(model));
        let parts: Vec<&str> = told.trim().split(": ").collect();
        for (index, part) in parts.iter().enumerate() {
            assert!(!parts[..index].iter().any(|before| before.contains(part)), "{told}");
        }
    }
}
