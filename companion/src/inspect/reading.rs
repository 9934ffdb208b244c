//! How files were read: how much of them, in what metres and parts, and what had to be done.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::figures::{Figures, Mended};
use crate::corpus::{Corpus, NO_GRID, SHOWN};

/// How much of the music became pieces; what could not be read has no known length.
struct Share {
    files: usize,
    of_files: usize,
    steps: usize,
    of_steps: usize,
}

impl Share {
    fn of(corpus: &Corpus) -> Share {
        let (files, steps) = (corpus.pieces.len(), corpus.steps());
        let skipped: usize = corpus.skipped.iter().map(|skipped| skipped.steps).sum();
        let of_files = files + corpus.skipped.len();
        Share { files, of_files, steps, of_steps: steps + skipped }
    }
}

fn percent(of: usize, all: usize) -> f64 {
    100.0 * of as f64 / all.max(1) as f64
}

/// Paths of the files that were left out since they follow no grid.
fn without_grid(corpus: &Corpus) -> Vec<String> {
    let without = corpus.skipped.iter().filter(|skipped| skipped.reason.starts_with(NO_GRID));
    without.map(|skipped| skipped.path.display().to_string()).collect()
}

pub(super) fn as_json(corpus: &Corpus) -> Value {
    let Share { files, of_files, steps, of_steps } = Share::of(corpus);
    json!({
        "files": files,
        "of_files": of_files,
        "steps": steps,
        "of_steps": of_steps,
        "left_out_without_grid": without_grid(corpus),
    })
}

/// Lines about it, with at most `limit` names in each list.
pub(super) fn text(corpus: &Corpus, figures: &Figures, limit: usize) -> String {
    let Share { files, of_files, steps, of_steps } = Share::of(corpus);
    let mut text = format!(
        "read        {files} of {of_files} files and sequences ({:.0}%); {steps} of {of_steps} \
         steps ({:.0}%)\n",
        percent(files, of_files),
        percent(steps, of_steps)
    );
    let mut metres = by_count(&figures.metres);
    if figures.without_metre > 0 {
        metres.push(format!("none told in {}, which count as 4/4", figures.without_metre));
    }
    text += &format!("metres      {}\n", metres.join(", "));
    if !figures.parts.is_empty() {
        text += &format!("parts       {}\n", by_count(&figures.parts).join(", "));
    }
    if !figures.repairs.is_empty() {
        let words = figures.repairs.iter().map(|Mended { what, count, pieces }| {
            let files = if *pieces == 1 { "file" } else { "files" };
            format!("{count} {what} ({pieces} {files})")
        });
        text += &format!("mended      {}\n", words.collect::<Vec<_>>().join(", "));
    }
    if figures.empty_bars > 0 {
        text += &format!(
            "empty bars  {} before the first note left out, in {} files\n",
            figures.empty_bars, figures.with_empty_bars
        );
    }
    let mut list = |title: &str, names: &[String], what: &str| {
        if names.is_empty() {
            return;
        }
        text += &format!("{title}{} {what}\n", names.len());
        names.iter().take(limit).for_each(|name| text += &format!("  {name}\n"));
        if names.len() > limit {
            text += &format!("  and {} more; --verbose names all\n", names.len() - limit);
        }
    };
    let shifted = "files lay beside the grid as a whole, and were moved onto it";
    list("shifted     ", &figures.shifted, shifted);
    let left_out = "files follow no sixteenth grid, and were left out; --any-grid takes them";
    list("no grid     ", &without_grid(corpus), left_out);
    let taken = "files follow no sixteenth grid, and were taken all the same";
    list("no grid     ", &figures.without_grid, taken);
    text
}

/// Names with their counts, the commonest first.
fn by_count(counts: &BTreeMap<String, usize>) -> Vec<String> {
    let mut by_count: Vec<(&String, &usize)> = counts.iter().collect();
    by_count.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    let mut words: Vec<String> =
        by_count.iter().take(SHOWN).map(|(name, count)| format!("{name} in {count}")).collect();
    if by_count.len() > SHOWN {
        words.push(format!("{} others", by_count.len() - SHOWN));
    }
    words
}
