//! Telling what was passed over, briefly where it is much.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A file, or a sequence of a roll file, that gave no piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file; a sequence of a roll file as `train.json#12`.
    pub path: PathBuf,
    /// Why, in words.
    pub reason: String,
    /// Steps of music in it; 0 if it could not be read.
    pub steps: usize,
}

/// Files that were skipped for the same reason but for its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// The reason; with `…` for its numbers where they differ.
    pub text: String,
    /// Those files, in order; at least one.
    pub files: Vec<&'a Skipped>,
}

/// Skipped files by reason, the commonest first.
pub fn reasons(skipped: &[Skipped]) -> Vec<Reason<'_>> {
    let mut groups: BTreeMap<Vec<&str>, Vec<&Skipped>> = BTreeMap::new();
    for one in skipped {
        let words = parts(&one.reason).into_iter().filter(|part| !is_number(part)).collect();
        groups.entry(words).or_default().push(one);
    }
    fn reason(files: Vec<&Skipped>) -> Reason<'_> {
        let mut common = parts(&files[0].reason);
        for file in &files {
            for (common, part) in common.iter_mut().zip(parts(&file.reason)) {
                *common = if *common == part { part } else { "…" };
            }
        }
        Reason { text: common.concat(), files }
    }
    let mut reasons: Vec<_> = groups.into_values().map(reason).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.files.len()));
    reasons
}

/// A text as its numbers and what stands between them, in turn.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut number = false;
    for (at, c) in text.char_indices() {
        if c.is_ascii_digit() != number {
            parts.push(&text[from..at]);
            (from, number) = (at, !number);
        }
    }
    parts.push(&text[from..]);
    parts
}

fn is_number(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_digit())
}

/// Lines about skipped files, indented: each file with its reason if there are at most
/// `limit`, else each reason with how many files it took, and one of them.
pub fn explain(skipped: &[Skipped], limit: usize) -> String {
    let mut text = String::new();
    if skipped.len() <= limit {
        for Skipped { path, reason, .. } in skipped {
            text += &format!("  {}: {reason}\n", path.display());
        }
        return text;
    }
    for Reason { text: reason, files } in reasons(skipped) {
        let first = files[0].path.display();
        text += &match files.len() {
            1 => format!("  {first}: {reason}\n"),
            count => format!("  {count} files: {reason} (such as {first})\n"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(reasons: &[&str]) -> Vec<Skipped> {
        let named = |(index, reason): (usize, &&str)| Skipped {
            path: format!("{index}.mid").into(),
            reason: (*reason).to_owned(),
            steps: 0,
        };
        reasons.iter().enumerate().map(named).collect()
    }

    #[test]
    fn reasons_are_joined_where_only_numbers_differ() {
        let files = skipped(&[
            "track 2 is damaged at byte 17: cut",
            "no notes",
            "track 2 is damaged at byte 4: cut",
            "track 2 is damaged at byte 17: no status",
            "track 2 is damaged at byte 170: cut",
        ]);
        let told: Vec<_> =
            reasons(&files).into_iter().map(|reason| (reason.text, reason.files.len())).collect();
        let expected = [
            ("track 2 is damaged at byte …: cut", 3),
            ("no notes", 1),
            ("track 2 is damaged at byte 17: no status", 1),
        ];
        assert_eq!(told, expected.map(|(text, count)| (text.to_owned(), count)));
        assert_eq!(explain(&files, 5).lines().count(), 5);
        let brief = explain(&files, 4);
        assert_eq!(brief.lines().count(), 3);
        assert!(brief.contains("3 files") && brief.contains("such as 0.mid"), "{brief}");
    }
}
