//! Prompts for a checkpoint: five bars each, from which the plugin goes on when playback
//! begins (model.md, section 9).
//!
//! Where the corpus may be passed on, they can be excerpts of it. Where it may not, the model
//! makes them.

use anacrusis::model::checkpoint::{Checkpoint, PROMPT_STEPS};
use anacrusis::music::{Chord, Metres, PianoRoll, STEPS_PER_BAR, Signature};

use super::purpose;
use super::random::Random;
use crate::generate::{Prompt, Wish, generate};
use crate::settings::{PromptSource, Settings};
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

/// Up to `count` excerpts of five bars of 4/4 from different pieces, each from a bar line, with no
/// bar in which fewer than four notes begin. Few pieces give few prompts.
pub fn excerpts(pieces: &[(&PianoRoll, &Metres)], count: usize, random: &Random) -> Vec<PianoRoll> {
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    let mut shuffle = random.branch(0);
    for last in (1..order.len()).rev() {
        order.swap(last, shuffle.below(last + 1));
    }
    let from = |index: usize| -> Option<PianoRoll> {
        let (roll, metres) = pieces[index];
        let chords = &roll.chords;
        let in_four = |start: usize| {
            (0..PROMPT_STEPS as i64).all(|step| {
                metres.position(start as i64 + step) == Signature::COMMON.position(step)
            })
        };
        let lines = metres.bars(chords.len().saturating_sub(PROMPT_STEPS - 1) as i64);
        // None is negative.
        let starts: Vec<usize> = lines
            .map(|bar| bar.start as usize)
            .filter(|start| lively(&chords[*start..start + PROMPT_STEPS]) && in_four(*start))
            .collect();
        let mut random = random.branch(1 + index as u64);
        let start = *starts.get(random.below(starts.len().max(1)))?;
        Some(chords[start..start + PROMPT_STEPS].iter().copied().collect())
    };
    order.into_iter().filter_map(from).take(count).collect()
}

/// Whether the model makes the prompts of a run with these settings.
pub fn are_the_models_own(settings: &Settings) -> bool {
    settings.prompts_from == PromptSource::Model || settings.licence.is_empty()
}

/// What decides about the prompts of a run.
pub fn random(settings: &Settings) -> Random {
    Random::new(settings.seed, purpose::PROMPTS)
}

/// As many prompts as `settings` ask for, or fewer, made by the model: it goes on from excerpts
/// of what it learnt from, and a while later what it plays is taken if it is lively and has at
/// most [`MOST_SHARED`] steps in a row in common with the corpus, in any key that training
/// shifted that to. The same arguments give the same prompts.
pub fn by_model(
    checkpoint: &Checkpoint,
    train: &[(&PianoRoll, &Metres)],
    heldout: &[&PianoRoll],
    settings: &Settings,
) -> Vec<PianoRoll> {
    let range = checkpoint.config().range();
    let corpus = Library::new(train.iter().map(|(roll, _)| *roll).chain(heldout.iter().copied()));
    // Training shifted the corpus; here what is looked up is shifted back.
    let shifts = -settings.transpose[1]..=-settings.transpose[0];
    let count = settings.prompts;
    let excerpts = excerpts(train, count, &random(settings));
    let own = |(excerpt, seed): (&PianoRoll, u64)| -> Option<PianoRoll> {
        let begun: PianoRoll = excerpt.chords.iter().take(PROMPT_STEPS - BAR).copied().collect();
        let wish = Wish { bars: BARS_BEFORE + PROMPT_STEPS / BAR, seed, ..Wish::default() };
        let played = generate(checkpoint, &Prompt::in_four(begun), &wish);
        let prompt: PianoRoll = played.chords[BARS_BEFORE * BAR..].iter().copied().collect();
        let fresh = || corpus.longest(&prompt, shifts.clone(), range).steps <= MOST_SHARED;
        (lively(&prompt.chords) && fresh()).then_some(prompt)
    };
    excerpts.iter().cycle().zip(0..).take(count * TRIES).filter_map(own).take(count).collect()
}

#[cfg(test)]
mod tests {
    use anacrusis::model::checkpoint::Metadata;
    use anacrusis::model::config::Config;

    use super::*;
    use crate::train::init;

    #[test]
    fn excerpts_are_lively_whole_bars_of_different_pieces() {
        let note = |s: usize, key: u8| {
            if s.is_multiple_of(2) { Chord::struck_keys([key]) } else { Chord::SILENT }
        };
        let lively: Vec<PianoRoll> =
            (0..5).map(|p| (0..96).map(|s| note(s, 40 + p)).collect()).collect();
        let with_rest: PianoRoll =
            (0..96).map(|s| if s / 16 == 2 { Chord::SILENT } else { note(s, 80) }).collect();
        let metres = Metres::default();
        let mut rolls: Vec<_> = lively.iter().map(|roll| (roll, &metres)).collect();
        rolls.push((&with_rest, &metres));
        let chosen = excerpts(&rolls, 4, &Random::new(2, 1));
        assert_eq!(chosen.len(), 4);
        let mut keys: Vec<_> = chosen.iter().map(|p| p.chords[0].keys().next()).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 4, "different pieces, each from a bar line");
        let random = Random::new(2, 1);
        assert!(excerpts(&[(&with_rest, &metres)], 4, &random).is_empty(), "a silent bar");
        let waltz = Metres::of(Signature::new(3, 4).expect("a metre"));
        assert!(excerpts(&[(&lively[0], &waltz)], 4, &random).is_empty(), "not in 4/4");
    }

    #[test]
    fn the_models_own_prompts_are_lively_its_own_and_none_of_the_corpus() {
        let config = Config { time: vec![6], note: vec![5], ..Config::default() };
        let density = init::Density { play: 0.05, articulate: 0.4 };
        let weights = init::weights(&config, density, &Random::new(3, 1));
        let model = Checkpoint::new(config.clone(), weights, Metadata::default()).expect("a model");
        let settings = Settings { network: config, prompts: 3, ..Settings::default() };
        assert!(are_the_models_own(&settings), "no licence");

        let piece: PianoRoll =
            (0..160).map(|s| Chord::struck_keys([40 + (s * 7 % 30) as u8])).collect();
        let metres = Metres::default();
        let own = by_model(&model, &[(&piece, &metres)], &[], &settings);
        assert_eq!(
            own,
            by_model(&model, &[(&piece, &metres)], &[], &settings),
            "the same each time"
        );
        assert_eq!(own.len(), 3);
        assert!(own.iter().all(|prompt| prompt.len() == PROMPT_STEPS && lively(&prompt.chords)));
        assert!(own[0] != own[1] && own[1] != own[2]);

        // Where the corpus holds what the model would play, in another key, that is not taken.
        let range = settings.network.range();
        let known = own[0].transposed(-3, range);
        let others = by_model(&model, &[(&piece, &metres)], &[&known], &settings);
        assert_eq!(others[..2], own[1..]);
    }
}
