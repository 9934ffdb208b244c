//! What is one work: copies, versions, arrangements and parts of a tune.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anacrusis::music::smf::{self, WriteOptions};
use anacrusis::music::{Chord, KeyRange, PianoRoll, Rate};
use anacrusis_companion::corpus::{Corpus, Options, split};
use tempfile::{TempDir, tempdir};

const ALL: KeyRange = KeyRange { low: 0, count: 128 };

fn midi(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/midi").join(folder)
}

fn folder(files: &[(String, Vec<u8>)]) -> TempDir {
    let folder = tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn file(roll: &PianoRoll) -> Vec<u8> {
    smf::write(roll, &WriteOptions::default())
}

struct Random(u64);

impl Random {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % count
    }
}

/// A folk tune, in eighths: a melody that walks through a scale, and its chords, one of six in
/// each half bar.
struct Tune {
    melody: PianoRoll,
    chords: PianoRoll,
}

impl Tune {
    fn new(kind: u64, bars: u64) -> Tune {
        let mut random = Random(kind.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let scale = [0u8, 2, 4, 5, 7, 9, 11];
        let key = |degree: u64| scale[degree as usize % 7] + 12 * (degree / 7) as u8;
        let (mut melody, mut chords) = (PianoRoll::default(), PianoRoll::default());
        let (mut degree, mut root) = (7u64, 0);
        for eighth in 0..bars * 8 {
            degree = (degree + random.below(5)).saturating_sub(2).clamp(3, 12);
            let note = Chord::struck_keys([60 + key(degree)]);
            melody.chords.extend([note, Chord::from_masks(note.playing(), 0)]);
            if eighth % 4 == 0 {
                root = random.below(6);
            }
            let triad = Chord::struck_keys([0, 2, 4].map(|third| 36 + key(root + third)));
            let held = Chord::from_masks(triad.playing(), 0);
            chords.chords.extend([if eighth % 4 == 0 { triad } else { held }, held]);
        }
        Tune { melody, chords }
    }

    fn whole(&self) -> PianoRoll {
        let both = self.melody.chords.iter().zip(&self.chords.chords);
        both.map(|(melody, chords)| melody.union(*chords)).collect()
    }
}

fn read(folder: &TempDir) -> Corpus {
    Corpus::read(&[folder.path()], &Options::default()).unwrap()
}

/// The names of the files of each work, without their folders' root.
fn works(corpus: &Corpus, root: &TempDir) -> BTreeSet<BTreeSet<String>> {
    let mut works: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for piece in &corpus.pieces {
        let name = piece.path.strip_prefix(root.path()).unwrap().to_string_lossy().into_owned();
        works.entry(piece.work).or_default().insert(name.replace('\\', "/"));
    }
    works.into_values().collect()
}

#[test]
fn a_tune_its_melody_and_its_chords_are_held_out_together() {
    for named in [true, false] {
        let name = |tune: u64| if named { format!("jig-{tune}") } else { format!("{tune:03}") };
        let mut files = Vec::new();
        for kind in 0..40 {
            let tune = Tune::new(kind, 16);
            files.push((format!("{}.mid", name(kind)), file(&tune.whole())));
            files.push((format!("melody/{}.mid", name(kind)), file(&tune.melody)));
            files.push((format!("chords/{}.mid", name(kind)), file(&tune.chords)));
        }
        let folder = folder(&files);
        let corpus = read(&folder);
        let expected = (0..40).map(|kind| {
            let name = name(kind);
            ["", "melody/", "chords/"].map(|part| format!("{part}{name}.mid")).into()
        });
        assert_eq!(works(&corpus, &folder), expected.collect(), "named: {named}");

        let (train, heldout) = split(&corpus, 0.2, 1);
        let stems = |pieces: &[&anacrusis_companion::corpus::Piece]| -> BTreeSet<String> {
            pieces.iter().map(|piece| piece.name.clone()).collect()
        };
        assert!(stems(&train).is_disjoint(&stems(&heldout)) && heldout.len() >= 3);
    }
}

#[test]
fn the_same_melody_is_the_same_work_whatever_goes_with_it_and_whatever_it_is_called() {
    let (tune, other) = (Tune::new(1, 16), Tune::new(2, 16));
    let arranged = Tune { melody: tune.melody.transposed(3, ALL), chords: Tune::new(3, 16).chords };
    // The melody rests every fourth bar, while the other part goes on.
    let rests =
        |step: usize, chord: &Chord| if step / 16 % 4 == 3 { Chord::SILENT } else { *chord };
    let melody: PianoRoll =
        tune.melody.chords.iter().enumerate().map(|(step, chord)| rests(step, chord)).collect();
    let part = |name, roll: &PianoRoll| smf::Part::new(name, 0, roll.clone());
    let parts = [part("voice", &melody), part("guitar", &arranged.chords)];
    let with_rests = smf::write_parts(&parts, Rate::Sixteenth, &[], &WriteOptions::default());
    let files = [
        ("a.mid", file(&tune.whole())),
        ("b.mid", file(&tune.melody)),
        ("c.mid", file(&arranged.whole())),
        ("d.mid", with_rests),
        ("e.mid", file(&other.whole())),
        // Chords of one tune under another: what is on top makes the tune.
        ("f.mid", file(&Tune { melody: other.melody, chords: tune.chords }.whole())),
    ];
    let folder = folder(&files.map(|(name, bytes)| (name.to_owned(), bytes)));
    let expected: BTreeSet<BTreeSet<String>> = [
        ["a.mid", "b.mid", "c.mid", "d.mid"].map(str::to_owned).into(),
        ["e.mid", "f.mid"].map(str::to_owned).into(),
    ]
    .into();
    assert_eq!(works(&read(&folder), &folder), expected);
}

#[test]
fn versions_by_name_need_less_in_common_but_something() {
    let (tune, other) = (Tune::new(1, 16), Tune::new(2, 16));
    // A quarter of the melody is the same.
    let changed = |tune: &Tune, kind| {
        let mut melody = Tune::new(kind, 16).melody;
        melody.chords[..64].copy_from_slice(&tune.melody.chords[..64]);
        Tune { melody, chords: Tune::new(kind, 16).chords }.whole()
    };
    let files = [
        ("songs/river.mid", file(&tune.whole())),
        ("songs/river-v2.mid", file(&changed(&tune, 5))),
        ("more/River (1).mid", file(&changed(&tune, 6))),
        ("songs/river copy.mid", file(&Tune::new(7, 16).whole())),
        // As much in common, by another name.
        ("songs/lake.mid", file(&changed(&tune, 8))),
        // A left hand under a name that no list knows.
        ("songs/hill.mid", file(&other.whole())),
        ("low/hill.mid", file(&other.chords)),
        ("low/other.mid", file(&Tune::new(9, 16).chords)),
    ];
    let folder = folder(&files.map(|(name, bytes)| (name.to_owned(), bytes)));
    let found = works(&read(&folder), &folder);
    let one = |names: &[&str]| -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    };
    let expected = [
        one(&["songs/river.mid", "songs/river-v2.mid", "more/River (1).mid"]),
        one(&["songs/river copy.mid"]),
        one(&["songs/lake.mid"]),
        one(&["songs/hill.mid", "low/hill.mid"]),
        one(&["low/other.mid"]),
    ];
    assert_eq!(found, expected.into());
}

#[test]
fn the_same_number_in_another_set_and_neighbours_in_a_collection_are_other_works() {
    let mut files = Vec::new();
    for kind in 0..20 {
        let set = if kind < 10 { "train" } else { "valid" };
        files.push((format!("{set}/{:03}.mid", kind % 10), file(&Tune::new(kind, 16).whole())));
        let study = file(&Tune::new(100 + kind, 16).whole());
        files.push((format!("op10_e{kind:02}.mid"), study));
    }
    let folder = folder(&files);
    assert_eq!(read(&folder).duplicates, Vec::<Vec<usize>>::new());
    // Nor are songs of one style, or chorales.
    let songs = Corpus::read(&[midi("leadsheets"), midi("chorales")], &Options::default());
    assert_eq!(songs.unwrap().duplicates, Vec::<Vec<usize>>::new());
}
