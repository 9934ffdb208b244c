//! Prompts for a checkpoint: five bars each, from which the plugin goes on when playback
//! begins (model.md, section 9).
//!
//! Where the corpus may be passed on, they are excerpts of it. Where it may not, the model
//! makes them: it goes on from excerpts, and what it plays some bars later is taken if it is
//! lively and none of the corpus.

use anacrusis::model::checkpoint::{Checkpoint, PROMPT_STEPS};
use anacrusis::music::{Chord, PianoRoll, STEPS_PER_BAR};

use super::random::Random;
use crate::generate::{Wish, generate};
use crate::verbatim::Library;

/// Notes that begin in every bar of a prompt, at least.
const LIVELY: u32 = 4;

/// Most steps in a row that a prompt of the model's own may have in common with the corpus, in
/// any key: two bars.
pub const MOST_SHARED: usize = 2 * STEPS_PER_BAR as usize;

/// Bars that the model plays before those that are taken, so that the excerpt which it goes
/// on from is forgotten.
const BARS_BEFORE: usize = 8;

/// Tries for each prompt that is wanted, before fewer are taken.
const TRIES: usize = 8;

const BAR: usize = STEPS_PER_BAR as usize;

fn lively(chords: &[Chord]) -> bool {
    let begins = |bar: &[Chord]| bar.iter().map(|chord| chord.struck().count_ones()).sum::<u32>();
    chords.chunks(BAR).all(|bar| begins(bar) >= LIVELY)
}

/// Up to `count` excerpts of five bars from different pieces, each from a bar line, with no
/// bar in which fewer than four notes begin. Few pieces give few prompts.
pub fn excerpts(rolls: &[&PianoRoll], count: usize, random: &Random) -> Vec<PianoRoll> {
    let mut order: Vec<usize> = (0..rolls.len()).collect();
    let mut shuffle = random.branch(0);
    for last in (1..order.len()).rev() {
        order.swap(last, shuffle.below(last + 1));
    }
    let from = |index: usize| -> Option<PianoRoll> {
        let chords = &rolls[index].chords;
        let starts: Vec<usize> = (0..chords.len().saturating_sub(PROMPT_STEPS - 1))
            .step_by(BAR)
            .filter(|start| lively(&chords[*start..start + PROMPT_STEPS]))
            .collect();
        let mut random = random.branch(1 + index as u64);
        let start = *starts.get(random.below(starts.len().max(1)))?;
        Some(chords[start..start + PROMPT_STEPS].iter().copied().collect())
    };
    order.into_iter().filter_map(from).take(count).collect()
}

/// Up to `count` prompts that the model makes by going on from `excerpts`, one after the
/// other: lively, and with at most [`MOST_SHARED`] steps in a row of the corpus in any key
/// that training shifts it to. The same arguments give the same prompts.
pub fn by_model(
    checkpoint: &Checkpoint,
    excerpts: &[PianoRoll],
    corpus: &Library,
    transpose: [i8; 2],
    count: usize,
) -> Vec<PianoRoll> {
    let range = checkpoint.config().range();
    // Shifting what is looked up down finds what was shifted up.
    let shifts = -transpose[1]..=-transpose[0];
    let tries = excerpts.iter().cycle().zip(0..).take(count * TRIES);
    let own = |(excerpt, seed): (&PianoRoll, u64)| -> Option<PianoRoll> {
        let begun: PianoRoll = excerpt.chords.iter().take(PROMPT_STEPS - BAR).copied().collect();
        let bars = BARS_BEFORE + PROMPT_STEPS / BAR;
        let wish = Wish { bars, seed, ..Wish::default() };
        let played = generate(checkpoint, &begun, &wish);
        let prompt: PianoRoll = played.chords[BARS_BEFORE * BAR..].iter().copied().collect();
        let fresh =
            || corpus.longest(&prompt, shifts.clone(), range).steps <= MOST_SHARED;
        (lively(&prompt.chords) && fresh()).then_some(prompt)
    };
    tries.filter_map(own).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_lively_whole_bars_of_different_pieces() {
        let note = |s: usize, key: u8| {
            if s.is_multiple_of(2) { Chord::struck_keys([key]) } else { Chord::SILENT }
        };
        let lively: Vec<PianoRoll> =
            (0..5).map(|p| (0..96).map(|s| note(s, 40 + p)).collect()).collect();
        let with_rest: PianoRoll =
            (0..96).map(|s| if s / 16 == 2 { Chord::SILENT } else { note(s, 80) }).collect();
        let mut rolls: Vec<&PianoRoll> = lively.iter().collect();
        rolls.extend([&with_rest]);
        let chosen = excerpts(&rolls, 4, &Random::new(2, 1));
        assert_eq!(chosen.len(), 4);
        let mut keys: Vec<_> = chosen.iter().map(|p| p.chords[0].keys().next()).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 4, "different pieces, each from a bar line");
        assert!(excerpts(&[&with_rest], 4, &Random::new(2, 1)).is_empty(), "a silent bar");
    }
}
