//! What the name of a file says of the work in it.

use std::path::{Component, Path};

/// Words by which people name the parts of a tune, in folders and in names of files.
const PARTS: [&str; 22] = [
    "accompaniment",
    "acc",
    "backing",
    "bass",
    "bassline",
    "chord",
    "chords",
    "full",
    "harmony",
    "lead",
    "left",
    "lefthand",
    "lh",
    "melody",
    "melodies",
    "rh",
    "right",
    "righthand",
    "solo",
    "vocal",
    "vocals",
    "voice",
];

/// Folders of whole tunes beside those of their parts.
const WHOLE: [&str; 2] = ["tune", "tunes"];

/// Words at the end of a name that tell a version from another.
const VERSIONS: [&str; 10] =
    ["arr", "arranged", "copy", "edit", "final", "new", "old", "transposed", "ver", "version"];

/// A name taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The name of the tune: words in lower case, without those that tell parts and versions.
    pub tune: String,
    /// Whether that says more than a number does.
    pub speaks: bool,
    /// The folder, without those that are called as a part.
    pub folder: String,
    /// Words that name a part, of folders and of the name itself; empty for the whole tune.
    pub part: Vec<String>,
}

impl Name {
    /// Of the path of a file.
    pub(super) fn of(path: &Path) -> Name {
        let mut folders: Vec<String> = path
            .parent()
            .map(|folder| folder.components())
            .into_iter()
            .flatten()
            .filter(|component| !matches!(component, Component::CurDir))
            .map(|component| component.as_os_str().to_string_lossy().into_owned())
            .collect();
        let mut part = Vec::new();
        while let Some(last) = folders.pop_if(|last| is_part_folder(&last.to_lowercase())) {
            part.push(last.to_lowercase());
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        let mut words: Vec<&str> =
            stem.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        // What the system adds to a second copy: "tune (1)".
        if stem.ends_with(')') && words.len() > 1 {
            words.pop_if(|last| is_number(last));
        }
        while words.len() > 1 {
            let last = words.last().copied().unwrap_or_default();
            let first = words.first().copied().unwrap_or_default();
            if is_part(last) {
                part.extend(words.pop().map(str::to_owned));
            } else if is_version(last) {
                words.pop();
            } else if is_number(last) && words.len() > 2 && is_version(words[words.len() - 2]) {
                words.truncate(words.len() - 2);
            } else if is_part(first) {
                part.push(words.remove(0).to_owned());
            } else {
                break;
            }
        }
        let speaks = words.iter().any(|word| !is_number(word));
        Name { tune: words.join(" "), speaks, folder: folders.join("/"), part }
    }

    /// Whether they name different parts, or the whole and a part, of one tune in one place.
    pub(super) fn is_part_beside(&self, other: &Name) -> bool {
        self.part != other.part && self.tune == other.tune && self.folder == other.folder
    }

    /// Whether they lie in different folders or name different parts, so that one may be a part
    /// of the other.
    pub(super) fn is_elsewhere(&self, other: &Name) -> bool {
        self.part != other.part || self.folder != other.folder
    }
}

fn is_part(word: &str) -> bool {
    PARTS.contains(&word)
}

fn is_part_folder(word: &str) -> bool {
    is_part(word) || WHOLE.contains(&word)
}

fn is_version(word: &str) -> bool {
    let numbered = word.trim_end_matches(|c: char| c.is_ascii_digit());
    VERSIONS.contains(&numbered) || (numbered == "v" && numbered.len() < word.len())
}

fn is_number(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str) -> Name {
        Name::of(Path::new(path))
    }

    #[test]
    fn parts_and_versions_are_of_one_tune() {
        for path in [
            "music/tune.mid",
            "music/melody/Tune.mid",
            "music/chords/tune.mid",
            "music/tune (1).mid",
            "music/tune-v2.mid",
            "music/tune_copy 2.mid",
            "music/tune - melody.mid",
            "music/bass_tune_final.kar",
            "music/tunes/tune.mid",
        ] {
            let found = name(path);
            assert_eq!((found.tune.as_str(), found.folder.as_str()), ("tune", "music"), "{path}");
        }
        let (whole, melody) = (name("a/jig.mid"), name("a/melody/jig.mid"));
        assert!(whole.is_part_beside(&melody) && melody.is_part_beside(&name("a/jig_chords.mid")));
        assert!(!whole.is_part_beside(&name("a/jig-v2.mid")), "a version is no part");
        assert!(!whole.is_part_beside(&name("b/melody/jig.mid")), "another folder");
    }

    #[test]
    fn numbers_of_a_collection_are_different_tunes() {
        for (a, b) in [
            ("chpn_op10_e01.mid", "chpn_op10_e05.mid"),
            ("chpn-p1.mid", "chpn-p2.mid"),
            ("bach_846.mid", "bach_847.mid"),
            ("melody.mid", "chords.mid"),
        ] {
            assert_ne!(name(a).tune, name(b).tune);
        }
        assert!(!name("train/000.mid").speaks && name("a/op10.mid").speaks);
        assert!(!name("train/000.mid").is_part_beside(&name("valid/000.mid")));
    }
}
