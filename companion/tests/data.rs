//! Reading music again, telling what it holds, and what bad data gets.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anacrusis::music::{Chord, PianoRoll, smf};
use anacrusis_companion::corpus::{Cache, Corpus, Options};
use serde_json::Value;
use tempfile::{TempDir, tempdir};
use walkdir::WalkDir;

fn midi(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/midi").join(folder)
}

fn all() -> [PathBuf; 3] {
    [midi("chorales"), midi("leadsheets"), midi("malformed")]
}

fn read(data: &[PathBuf], cache: Option<Cache>) -> Corpus {
    Corpus::read(data, &Options { cache, ..Options::default() }).unwrap()
}

/// Everything that reading gave, but for where it came from.
fn content(corpus: &Corpus) -> String {
    let pieces: Vec<_> = corpus.pieces.iter().map(|piece| format!("{piece:?}")).collect();
    format!("{}\n{:?}\n{:?}", pieces.join("\n"), corpus.skipped, corpus.duplicates)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let files = WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    files.filter(|entry| entry.file_type().is_file()).map(|entry| entry.into_path()).collect()
}

fn bytes(folder: &Path) -> u64 {
    entries(folder).iter().map(|path| fs::metadata(path).unwrap().len()).sum()
}

/// A MIDI file of a scale, `steps` long: a struck key, held for three steps more, silence
/// for the second half of each bar.
fn scale(steps: usize, from: u8) -> Vec<u8> {
    let step = |step: usize| match (step % 16, step % 4) {
        (8.., _) => Chord::default(),
        (_, 0) => Chord::struck_keys([from + (step / 4 % 7) as u8]),
        _ => Chord::from_masks(1 << (from + (step / 4 % 7) as u8), 0),
    };
    let roll: PianoRoll = (0..steps).map(step).collect();
    smf::write(&roll, &smf::WriteOptions::default())
}

#[test]
fn what_was_read_before_is_not_parsed_again_and_is_the_same() {
    let folder = tempdir().unwrap();
    let cache = Cache::at(&folder.path().join("new/cache"), 1 << 20);
    let plain = read(&all(), None);
    let first = read(&all(), Some(cache.clone()));
    let again = read(&all(), Some(cache.clone()));
    assert_eq!((plain.from_cache, first.from_cache), (0, 0));
    assert_eq!(content(&first), content(&plain));
    assert_eq!(content(&again), content(&plain));
    let kept = entries(folder.path()).len();
    assert!(again.from_cache >= again.pieces.len() && again.from_cache >= kept, "{kept}");

    // The content decides, not the name; and what changed is read.
    let data = tempdir().unwrap();
    fs::copy(midi("chorales/000.mid"), data.path().join("a.mid")).unwrap();
    let renamed = read(&[data.path().into()], Some(cache.clone()));
    assert_eq!((renamed.from_cache, renamed.pieces[0].name.as_str()), (1, "a.mid"));
    fs::write(data.path().join("a.mid"), scale(64, 60)).unwrap();
    let changed = read(&[data.path().into()], Some(cache));
    assert_eq!((changed.from_cache, changed.pieces[0].roll.len()), (0, 56));
}

#[test]
fn broken_entries_are_read_past_and_written_anew() {
    let folder = tempdir().unwrap();
    let cache = Cache::at(folder.path(), 1 << 20);
    let plain = content(&read(&all(), None));
    let whole = read(&all(), Some(cache.clone()));
    let before: Vec<_> =
        entries(folder.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    let other = before[0].clone();
    for (index, path) in entries(folder.path()).iter().enumerate() {
        let mut bytes = fs::read(path).unwrap();
        match index % 5 {
            0 => bytes.truncate(bytes.len() / 2),
            1 => bytes.clear(),
            2 => *bytes.last_mut().unwrap() ^= 4,
            3 => bytes.extend([0; 9]),
            // Whole, but of another file.
            _ => bytes = other.clone(),
        }
        fs::write(path, bytes).unwrap();
    }
    let damaged = read(&all(), Some(cache.clone()));
    assert_eq!(content(&damaged), plain);
    // Copies of one file share an entry, which the first of them mends.
    assert_eq!(damaged.from_cache, whole.from_cache);
    let after: Vec<_> = entries(folder.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(before == after, "mended");
}

#[test]
fn the_cache_keeps_its_bound_and_what_was_used_last() {
    let (folder, data) = (tempdir().unwrap(), tempdir().unwrap());
    let max_bytes = 4000;
    let cache = Cache::at(folder.path(), max_bytes);
    for from in 30..90 {
        let path = data.path().join(format!("{from}.mid"));
        fs::write(&path, scale(640, from)).unwrap();
        read(&[path], Some(cache.clone()));
        assert!(bytes(folder.path()) <= max_bytes);
    }
    assert!(bytes(folder.path()) > max_bytes / 2, "it does keep something");
    let last = read(&[data.path().join("89.mid")], Some(cache.clone()));
    let first = read(&[data.path().join("30.mid")], Some(cache));
    assert_eq!((last.from_cache, first.from_cache), (1, 0));
}

#[test]
fn readers_at_once_share_a_cache_and_one_that_cannot_be_written_stops_nothing() {
    let folder = tempdir().unwrap();
    let cache = Cache::at(folder.path(), 1 << 20);
    let plain = content(&read(&all(), None));
    std::thread::scope(|scope| {
        let readers: Vec<_> =
            (0..4).map(|_| scope.spawn(|| content(&read(&all(), Some(cache.clone()))))).collect();
        for reader in readers {
            assert_eq!(reader.join().unwrap(), plain);
        }
    });
    assert!(entries(folder.path()).iter().all(|path| path.extension().is_none()), "no litter");
    assert_eq!(content(&read(&all(), Some(cache))), plain);

    let file = folder.path().join("a file");
    fs::write(&file, "in the way").unwrap();
    let blocked = Cache::at(&file.join("cache"), 1 << 20);
    assert_eq!(content(&read(&all(), Some(blocked))), plain);
}

/// If this fails, reading gives something else than it did: raise `READER` in
/// `corpus/parsed.rs`, so that no cache hands out the old, and put the new digest here.
#[test]
fn a_change_of_what_reading_gives_is_noticed() {
    let digest = read(&all(), None).digest;
    assert_eq!(digest, "2ef56cb25d92166a1e5522c56795a64250ed3d658bb7b66be974b8887059ad71");
}

#[test]
fn memory_is_bounded_whatever_the_files_hold() {
    let options = Options { max_steps: 1000, ..Options::default() };
    let text = Corpus::read(&all(), &options).unwrap_err().to_string();
    assert!(text.contains("more than 1000 steps") && text.contains("fewer"), "{text}");

    // 200 KB that would expand to five million steps.
    let data = tempdir().unwrap();
    let sequence = format!("[{}[60]]", "[],".repeat(15_000));
    let bomb = format!(r#"{{"step_in_16ths":64,"sequences":[{}]}}"#, [&sequence[..]; 5].join(","));
    fs::write(data.path().join("bomb.json"), bomb).unwrap();
    let text = Corpus::read(&[data.path()], &Options::default()).unwrap_err().to_string();
    assert!(text.contains("bomb.json: more than 4194304 steps in one file"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempdir().unwrap();
    let locked = data.path().join("locked.mid");
    fs::write(&locked, scale(64, 60)).unwrap();
    fs::write(data.path().join("open.mid"), scale(64, 40)).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may read it all the same.
    let allowed = fs::File::open(&locked).is_ok();
    let corpus = read(&[data.path().into()], None);
    assert_eq!(corpus.pieces.len(), 1 + usize::from(allowed));
    let reasons: Vec<&str> = corpus.skipped.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(reasons.len(), usize::from(!allowed));
    assert!(reasons.iter().all(|reason| reason.contains("ermission")), "{reasons:?}");
}

fn inspect(words: &[&str]) -> Output {
    let mut anacrusis = Command::new(env!("CARGO_BIN_EXE_anacrusis"));
    anacrusis.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    anacrusis.arg("inspect").args(words).output().unwrap()
}

fn told(words: &[&str]) -> Value {
    let output = inspect(words);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("standard output is the JSON alone")
}

fn refused(words: &[&str]) -> String {
    let output = inspect(words);
    assert!(!output.status.success() && output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

/// A folder with two works, one of them twice, three bad files and one of no music.
fn mixed() -> TempDir {
    let data = tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(data.path().join(name), bytes).unwrap();
    write("low.mid", &scale(160, 20));
    write("higher.mid", &scale(160, 25));
    fs::copy(midi("chorales/000.mid"), data.path().join("chorale.mid")).unwrap();
    write("text.mid", b"no music");
    write("cut.mid", &scale(160, 40)[..60]);
    write("package.json", b"{}");
    write("notes.txt", b"not looked at");
    data
}

#[test]
fn inspect_counts_what_a_folder_holds() {
    let data = mixed();
    let path = data.path().to_str().unwrap();
    let settings = data.path().join("settings.toml");
    fs::write(&settings, "steps = 32\nheldout = 0.5\n").unwrap();
    let config = ["--config", settings.to_str().unwrap()];
    let folder = told(&["--data", path, config[0], config[1], "--json"]);
    assert_eq!((&folder["pieces"], &folder["works"]), (&3.into(), &2.into()));
    let copies = folder["duplicates"][0].as_array().unwrap();
    let ends = |value: &Value, name: &str| value.as_str().unwrap().ends_with(name);
    assert!(copies.len() == 2 && ends(&copies[0], "higher.mid") && ends(&copies[1], "low.mid"));
    assert_eq!(folder["skipped"].as_array().map(Vec::len), Some(3));
    assert_eq!(folder["split"]["heldout_works"], 1);
    assert_eq!(folder["dropped_notes"], 12, "keys 20 to 23 of the low scale");
    assert_eq!((&folder["metres"]["4/4"], &folder["without_metre"]), (&2.into(), &1.into()));

    // Half of the ten bars of a scale are silent, but for the end, which is not kept.
    let alone = data.path().join("higher.mid");
    let scale = told(&["--data", alone.to_str().unwrap(), config[0], config[1], "--json"]);
    assert_eq!((&scale["steps"], &scale["polyphony"]["max"]), (&152.into(), &1.into()));
    assert_eq!((&scale["lowest_key"], &scale["highest_key"]), (&25.into(), &31.into()));
    assert_eq!(scale["onsets_per_step"], 20.0 / 152.0);
    assert_eq!(scale["silent_steps"], 72.0 / 152.0);
    assert_eq!((&scale["bars"], &scale["silent_bars"]), (&10.into(), &0.into()));
    assert_eq!(scale["repeated_chords"], 0.0);
    assert_eq!(scale["split"]["heldout_works"], 0);

    let text = inspect(&["--data", path, config[0], config[1]]);
    let text = String::from_utf8(text.stdout).unwrap();
    for part in [
        "3, of 2 works",
        "4/4 in 2, none told in 1",
        "text.mid: this is not",
        "higher.mid = ",
        "1 works",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let weighted = format!("{path}=0.5");
    assert_eq!(told(&["--data", &weighted, config[0], config[1], "--json"]), folder);
}

#[test]
fn inspect_tells_what_was_mended_shifted_and_left_out() {
    let path = midi("awkward");
    let path = path.to_str().unwrap();
    let folder = told(&["--data", path, "--json", "--no-cache"]);
    let read = &folder["read"];
    assert_eq!((&read["files"], &read["of_files"]), (&17.into(), &20.into()));
    assert_eq!(read["steps"], folder["steps"]);
    assert!(read["of_steps"].as_u64() > read["steps"].as_u64());
    let named: Vec<String> = read["left_out_without_grid"]
        .as_array()
        .unwrap()
        .iter()
        .map(|path| path.as_str().unwrap().rsplit("in_").next().unwrap()[..2].to_owned())
        .collect();
    assert_eq!(named, ["14", "17", "18"]);
    assert_eq!((&folder["empty_bars"], &folder["with_empty_bars"]), (&64.into(), &1.into()));
    assert_eq!(folder["shifted"].as_array().map(Vec::len), Some(1));
    assert_eq!(folder["metres"]["3/4"], 1, "the odd bar of one file, and no pickup");
    assert_eq!(folder["without_metre"], 1, "a placeholder tells none");
    assert_eq!(folder["parts"]["channel 1"], 17);
    assert_eq!(folder["repairs"].as_array().map(Vec::len), Some(5));

    let output = inspect(&["--data", path, "--no-cache"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "17 of 20 files",
        "4/4 in 14",
        "96 notes without an end (1 file)",
        "64 before the first note",
        "in_14_human_timing_no_grid.mid\n",
        "in_15_half_a_sixteenth_late_with_jitter.mid\n",
        "--any-grid takes them",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }

    let any = told(&["--data", path, "--json", "--no-cache", "--any-grid"]);
    assert_eq!((&any["pieces"], any["without_grid"].as_array().unwrap().len()), (&20.into(), 3));
    let keys = told(&["--data", path, "--json", "--no-cache", "--pedal", "false"]);
    let mean = |told: &Value| told["polyphony"]["mean"].as_f64().unwrap();
    assert!(mean(&keys) < mean(&folder), "the pedal makes music denser");
}

#[test]
fn inspect_finds_what_stands_in_other_music() {
    let data = mixed();
    let path = |name: &str| data.path().join(name).to_str().unwrap().to_owned();
    let folder = data.path().to_str().unwrap();
    let settings = data.path().join("settings.toml");
    fs::write(&settings, "steps = 32\n").unwrap();
    let config = ["--config", settings.to_str().unwrap()];
    let chorale = ["--data", &path("chorale.mid"), config[0], config[1], "--json", "--against"];
    let against = |other: &str| told(&[&chorale[..], &[other]].concat());
    let known = against(folder);
    let same = &known["shared"]["same_key"];
    assert_eq!(
        (&same["steps"], &same["at"], &same["found_at"]),
        (&known["steps"], &0.into(), &0.into())
    );
    assert!(same["found_in"].as_str().unwrap().ends_with("chorale.mid"));
    let strange = against(&path("higher.mid"));
    assert!(strange["shared"]["any_key"]["steps"].as_u64().unwrap() < 3, "{strange}");

    let scale = ["--data", &path("higher.mid"), "--against", &path("low.mid")];
    let text = inspect(&[&scale[..], &config].concat());
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("in any key, shifted by -"), "{text}");
    let nothing =
        refused(&["--data", folder, config[0], config[1], "--against", &path("text.mid")]);
    assert!(nothing.contains("no usable music"), "{nothing}");
}

#[test]
fn what_cannot_be_inspected_is_explained() {
    let neither = refused(&[]);
    assert!(neither.contains("--model <FILE>|--data"), "{neither}");
    let both = refused(&["--model", "m.safetensors", "--data", "d"]);
    assert!(both.contains("cannot be used with"), "{both}");
    let absent = refused(&["--data", "no/such/folder"]);
    assert!(absent.contains("no/such/folder: check the path"), "{absent}");
    let weight = refused(&["--data", "no/such/folder=0"]);
    assert!(weight.contains("weight"), "{weight}");

    let data = mixed();
    let path = |name: &str| data.path().join(name).to_str().unwrap().to_owned();
    let text = refused(&["--data", &path("notes.txt")]);
    assert!(
        text.contains("not a MIDI file (.mid, .midi, .kar, .rmi) or a roll file (.json)"),
        "{text}"
    );
    fs::create_dir(data.path().join("empty")).unwrap();
    let empty = refused(&["--data", &path("empty")]);
    assert!(empty.contains("name a folder of MIDI files"), "{empty}");
    let bad = refused(&["--data", &path("text.mid"), &path("cut.mid"), &path("package.json")]);
    assert!(bad.contains("3 skipped") && bad.contains("cut.mid: track 1"), "{bad}");
}
