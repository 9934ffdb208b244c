//! What a run begins with: weights, and what it says of the music.

use std::collections::BTreeMap;
use std::path::Path;

use anacrusis::music::PianoRoll;
use anyhow::{Context, Result};

use crate::arguments::Args;
use crate::arrangement::{Arrangement, Who};
use crate::corpus::Piece;
use crate::model_file;
use crate::settings::Settings;
use crate::train::parameters::Parameters;
use crate::train::random::Random;
use crate::train::{init, purpose, warm};

/// At which iteration the best network was found, if the state does not tell: the network
/// itself does.
pub(super) fn best_at(best: &Path, done: u64) -> u64 {
    let made = model_file::read(best).ok().and_then(|best| best.meta.made);
    made.map_or(done, |made| made.iterations.min(done))
}

/// The weights that a run begins with: random ones, or those of the network that it begins from.
pub(super) fn first_weights(
    args: &Args,
    settings: &Settings,
    rolls: &[&PianoRoll],
) -> Result<Parameters> {
    if let Some(path) = &args.from {
        let begun = model_file::read(path)?;
        return warm::warm_start(&begun, &settings.network)
            .with_context(|| format!("--from {}", path.display()));
    }
    let density = init::Density::of(rolls.iter().copied(), settings.network.keys());
    let random = Random::new(settings.seed, purpose::WEIGHTS);
    Ok(init::weights(&settings.network, density, &random))
}

/// Who the musician is in the pieces that are trained on, in words.
pub(super) fn musicians(pieces: &[&Piece], settings: &Settings) -> String {
    let mut named = BTreeMap::<String, usize>::new();
    let mut others = 0;
    for piece in pieces {
        match Arrangement::of(piece, settings.musician).lead() {
            Who::Part(_) => {
                let name = piece.lead_name(settings.musician);
                *named.entry(name.unwrap_or_default()).or_default() += 1;
            }
            _ => others += 1,
        }
    }
    let mut told: Vec<(usize, String)> = named.into_iter().map(|(name, n)| (n, name)).collect();
    told.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let all = pieces.len();
    let mut words: Vec<String> = (told.iter().take(4))
        .map(|(count, name)| format!("tracks named {name} in {count} of {all} pieces"))
        .collect();
    let more: usize = told.iter().skip(4).map(|(count, _)| count).sum();
    if more > 0 {
        words.push(format!("tracks of other names in {more}"));
    }
    if others > 0 {
        words.push(format!("a voice taken out of the whole in {others} of {all} pieces"));
    }
    format!("the musician: {}", words.join(", "))
}
