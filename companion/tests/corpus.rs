//! Gathering a corpus from folders as they are found in the world.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anacrusis::music::{Chord, KeyRange, PianoRoll, smf};
use anacrusis_companion::corpus::{Corpus, Options, Piece, split};
use tempfile::{TempDir, tempdir};

fn midi(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/midi").join(folder)
}

fn read(data: &[PathBuf]) -> Corpus {
    Corpus::read(data, &Options::default()).unwrap()
}

/// A folder with the given files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn names(corpus: &Corpus) -> Vec<&str> {
    corpus.pieces.iter().map(|piece| piece.name.as_str()).collect()
}

/// A tune of `quarters` quarters that no other `kind` shares a bar with.
fn tune(kind: u64, quarters: u64) -> PianoRoll {
    let mut random = kind.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut roll = PianoRoll::default();
    for _ in 0..quarters {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let struck =
            Chord::struck_keys([40 + (random >> 60) as u8, 60 + (random >> 59) as u8 % 20]);
        roll.chords.push(struck);
        roll.chords.extend([Chord::from_masks(struck.playing(), 0); 3]);
    }
    roll
}

fn file(roll: &PianoRoll) -> Vec<u8> {
    smf::write(roll, &smf::WriteOptions::default())
}

#[test]
fn folders_are_read_whole_in_order_and_bad_files_are_named() {
    let corpus = read(&[midi("malformed"), midi("leadsheets"), midi("chorales")]);
    let paths: Vec<_> = corpus.pieces.iter().map(|piece| &piece.path).collect();
    assert!(paths.is_sorted());
    let of = |folder: &str| paths.iter().filter(|path| path.starts_with(midi(folder))).count();
    assert_eq!((of("leadsheets"), of("chorales")), (24, 12));
    assert_eq!(of("malformed") + corpus.skipped.len(), 46);

    let why = |name: &str| {
        let found = corpus.skipped.iter().find(|skipped| skipped.path.ends_with(name));
        found.map(|skipped| skipped.reason.as_str()).unwrap_or_default()
    };
    assert!(why("08_division_smpte.mid").contains("SMPTE"));
    assert!(why("43_out_of_range_pitches_only.mid").contains("80 notes lie outside"));
    assert!(corpus.skipped.iter().all(|skipped| !skipped.reason.is_empty()));
    assert_eq!(corpus.steps(), corpus.pieces.iter().map(|piece| piece.roll.len()).sum::<usize>());
}

#[test]
fn single_files_count_once_and_strange_ones_are_named() {
    let one = midi("chorales/000.mid");
    let other = midi("chorales/MANIFEST.txt");
    let again = midi("leadsheets/../chorales/000.mid");
    let corpus = read(&[one.clone(), again, one.clone(), midi("chorales")]);
    assert_eq!(names(&corpus).iter().filter(|name| **name == "000.mid").count(), 1);
    assert_eq!(corpus.pieces.len(), 12);

    let missing = Corpus::read(&[&one, &other], &Options::default()).unwrap_err();
    assert!(format!("{missing:#}").contains("MANIFEST.txt"), "a mistyped path is no bad file");
    let corpus = read(&[one, midi("README.md")]);
    assert!(corpus.skipped[0].reason.contains("not a MIDI file"), "{:?}", corpus.skipped);
}

#[test]
fn a_drum_loop_is_told_from_a_file_without_notes() {
    let options = smf::WriteOptions { channel: 9, ..smf::WriteOptions::default() };
    let drums = smf::write(&tune(1, 64), &options);
    let folder = folder(&[("loop.mid", &drums), ("tune.mid", &file(&tune(2, 64)))]);
    let corpus = read(&[folder.path().to_owned()]);
    assert_eq!(names(&corpus), ["tune.mid"]);
    assert!(corpus.skipped[0].reason.contains("only drums"), "{:?}", corpus.skipped);
}

#[test]
fn the_digest_knows_the_music_and_not_the_names() {
    let (a, b) = (file(&tune(1, 16)), file(&tune(2, 16)));
    let digest = |files: &[(&str, &[u8])]| read(&[folder(files).path().into()]).digest;
    let here = digest(&[("a.mid", &a), ("b.mid", &b)]);
    assert_eq!(here, digest(&[("sub/z.MIDI", &a), ("sub/sub/c.Mid", &b)]));
    assert_ne!(here, digest(&[("a.mid", &a)]));
    assert_ne!(here, digest(&[("a.mid", &a), ("b.mid", &b), ("c.mid", &b)]));
}

#[test]
fn roll_files_are_expanded_to_sixteenths() {
    let json = br#"{"set":"x","step":"1/8","step_in_16ths":2,"transposed":"no",
        "sequences":[[[60,64],[60,-1,-1],[],[60],[20,60]],[],[[60],[128]],[[-2]]]}"#;
    let data = folder(&[("rolls.json", json)]);
    let corpus = read(&[data.path().into()]);
    assert_eq!(names(&corpus), ["rolls.json#0"]);
    let Piece { roll, dropped_notes, .. } = &corpus.pieces[0];
    let ascii: Vec<String> = [60, 64]
        .iter()
        .map(|key| {
            let state = |c: &Chord| {
                [['.', '-'], ['.', '#']][usize::from(c.strikes(*key))][usize::from(c.plays(*key))]
            };
            roll.chords.iter().map(state).collect()
        })
        .collect();
    assert_eq!(ascii, ["#---..#---", "#-........"]);
    assert_eq!(*dropped_notes, 1);

    let reasons: Vec<_> = corpus
        .skipped
        .iter()
        .map(|skipped| (skipped.path.file_name().unwrap().to_str().unwrap(), &skipped.reason[..]))
        .collect();
    let no_key = |frame, key| format!("frame {frame} holds {key}, not a MIDI key");
    assert_eq!(
        reasons,
        [
            ("rolls.json#1", "no notes"),
            ("rolls.json#2", &no_key(1, 128)),
            ("rolls.json#3", &no_key(0, -2)),
        ]
    );
}

#[test]
fn json_that_is_no_roll_file_is_skipped() {
    let huge = format!(r#"{{"step_in_16ths":64,"sequences":[[{}[60]]]}}"#, "[],".repeat(20_000));
    let data = folder(&[
        ("a.json", b"{\"name\":\"package\"}"),
        ("b.json", b"[[["),
        ("c.json", br#"{"step_in_16ths":0,"sequences":[[[60]]]}"#),
        ("d.json", huge.as_bytes()),
        ("e.json", br#"{"step_in_16ths":1,"sequences":[[["C4"]]]}"#),
        ("f.json", &b"[".repeat(100_000)),
        ("good.json", br#"{"step_in_16ths":4,"sequences":[[[60]]]}"#),
    ]);
    let corpus = read(&[data.path().into()]);
    assert_eq!((names(&corpus), corpus.skipped.len()), (vec!["good.json#0"], 6));
    assert!(corpus.skipped[3].reason.contains("1280064 steps"), "{:?}", corpus.skipped[3]);
}

#[test]
fn short_pieces_and_foreign_keys_are_left_out() {
    let data = folder(&[("long.mid", &file(&tune(1, 64))), ("short.mid", &file(&tune(2, 4)))]);
    let options = Options { min_steps: 128, ..Options::default() };
    let corpus = Corpus::read(&[data.path()], &options).unwrap();
    assert_eq!(names(&corpus), ["long.mid"]);
    let reason = &corpus.skipped[0].reason;
    assert!(reason.contains("16 steps; at least 128"), "{reason}");
    assert!(reason.contains("1 bar in 4/4") && reason.contains("--steps"), "{reason}");
    assert_eq!(corpus.skipped[0].steps, 16);

    let range = KeyRange { low: 60, count: 20 };
    let corpus = Corpus::read(&[data.path()], &Options { range, ..Options::default() }).unwrap();
    let long = &corpus.pieces[0];
    assert!(long.roll.chords.iter().all(|chord| chord.within(range) == *chord));
    assert_eq!(long.dropped_notes, 64);
}

#[test]
fn if_nothing_is_left_the_reasons_are_listed() {
    let files: Vec<_> = (0..11).map(|i| (format!("{i:02}.mid"), b"no music")).collect();
    let files: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let data = folder(&files);
    let text = Corpus::read(&[data.path()], &Options::default()).unwrap_err().to_string();
    assert!(text.contains("11 files: this is not a Standard MIDI File"), "{text}");
    assert!(text.contains("00.mid") && !text.contains("01.mid"), "{text}");

    let empty = tempdir().unwrap();
    let text = Corpus::read(&[empty.path()], &Options::default()).unwrap_err().to_string();
    assert!(text.contains(".mid, .midi, .kar, .rmi or .json"), "{text}");
}

#[cfg(unix)]
#[test]
fn loops_pipes_and_huge_files_stop_nothing() {
    let data = folder(&[("a/good.mid", &file(&tune(1, 16)))]);
    std::os::unix::fs::symlink(data.path(), data.path().join("a/loop")).unwrap();
    std::os::unix::fs::symlink("nowhere", data.path().join("dangling.mid")).unwrap();
    // A pipe that nobody writes to: opening it would wait for ever.
    let made = std::process::Command::new("mkfifo").arg(data.path().join("pipe.mid")).status();
    let piped = made.is_ok_and(|status| status.success());
    // Sparse: it takes no room on the disk.
    fs::File::create(data.path().join("huge.mid")).unwrap().set_len(1 << 32).unwrap();
    fs::create_dir(data.path().join("folder.mid")).unwrap();

    let corpus = read(&[data.path().into()]);
    assert_eq!(names(&corpus), ["good.mid"]);
    let why: Vec<_> = corpus.skipped.iter().map(|skipped| skipped.reason.as_str()).collect();
    assert_eq!(why.len(), 3 + usize::from(piped), "{why:?}");
    assert!(why.iter().any(|why| why.contains("loop")), "{why:?}");
    assert!(why.iter().any(|why| why.contains("64 MiB")), "{why:?}");
}

#[test]
fn copies_of_a_work_are_one_work() {
    let original = tune(1, 64);
    let wide = KeyRange { low: 0, count: 128 };
    let higher = original.transposed(5, wide);
    // The same at the wrong end of the range: the highest notes are cut off.
    let cut = original.transposed(24, wide);
    let mut altered = original.clone();
    altered.chords[80] = Chord::struck_keys([30]);
    let restruck: PianoRoll =
        original.chords.iter().map(|c| Chord::from_masks(c.playing(), c.playing())).collect();
    let data = folder(&[
        ("a.mid", &file(&original)),
        ("altered.mid", &file(&altered)),
        ("cut.mid", &file(&cut)),
        ("higher.mid", &file(&higher)),
        ("other.mid", &file(&tune(2, 64))),
        ("restruck.mid", &file(&restruck)),
    ]);
    let range = KeyRange { low: 24, count: 70 };
    let corpus = Corpus::read(&[data.path()], &Options { range, ..Options::default() }).unwrap();
    assert_eq!(corpus.duplicates, [vec![0, 1, 2, 3, 5]]);
    assert!(corpus.pieces[2].dropped_notes > 0);
    let works: BTreeSet<u64> = corpus.pieces.iter().map(|piece| piece.work).collect();
    assert_eq!(works.len(), 2);
    let digests: BTreeSet<&str> = corpus.pieces.iter().map(|piece| &piece.digest[..]).collect();
    assert_eq!(digests.len(), 6, "each is a piece of its own all the same");
}

#[test]
fn different_pieces_of_one_kind_are_different_works() {
    let corpus = read(&[midi("leadsheets"), midi("chorales")]);
    assert_eq!(corpus.duplicates, Vec::<Vec<usize>>::new());
}

#[test]
fn the_split_is_by_work_and_stays_when_files_are_added() {
    let files: Vec<(String, Vec<u8>)> = (0..60)
        .map(|i| {
            let tune = tune(i / 2, 32);
            let twin = tune.transposed((i % 2) as i8 * 3, KeyRange { low: 0, count: 128 });
            (format!("{i:02}.mid"), file(&twin))
        })
        .collect();
    let corpus = |count: usize| {
        let files: Vec<_> = files[..count].iter().map(|(n, b)| (n.as_str(), &b[..])).collect();
        read(&[folder(&files).path().into()])
    };
    let heldout = |corpus: &Corpus, share: f64, seed: u64| -> BTreeSet<String> {
        let (train, heldout) = split(corpus, share, seed);
        assert_eq!(train.len() + heldout.len(), corpus.pieces.len());
        let works = |pieces: &[&Piece]| pieces.iter().map(|p| p.work).collect::<BTreeSet<_>>();
        assert!(works(&train).is_disjoint(&works(&heldout)), "a work on both sides");
        heldout.into_iter().map(|piece| piece.name.clone()).collect()
    };

    let (all, half) = (corpus(60), corpus(30));
    let (of_all, of_half) = (heldout(&all, 0.3, 3), heldout(&half, 0.3, 3));
    assert!(!of_half.is_empty() && of_half.len() < of_all.len());
    let names = names(&half);
    let of_all_here: BTreeSet<String> =
        of_all.iter().filter(|name| names.contains(&name.as_str())).cloned().collect();
    assert_eq!(of_all_here, of_half, "files that were added moved others");
    assert_ne!(heldout(&all, 0.3, 4), of_all, "the seed matters");
    assert!(heldout(&all, 0.2, 3).is_subset(&of_all), "a larger share keeps the smaller");

    for share in [0.0, 1.0, -3.0, f64::NAN, 1e-12] {
        let held = heldout(&corpus(4), share, 1).len();
        assert!(held == 2, "one of two works, at a share of {share}: {held}");
    }
    assert!(heldout(&corpus(2), 0.5, 1).is_empty(), "a single work is trained on");
}
