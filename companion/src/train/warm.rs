//! Beginning from a network that was trained before: its weights in the layout of another
//! version of the features (listener.md, section 2, "Warm start").

use anacrusis::model::features::{VICINITY, v1, v2, width};
use anacrusis::model::network::{FEEDBACK, TensorSpec, note_layers, tensors, time_layers};
use anacrusis::model::{Checkpoint, Config};
use anyhow::{Result, ensure};

use super::parameters::{Parameters, parameters};

/// Steps in a beat of 4/4, and beats in its bar.
const OF_COMMON_TIME: usize = 4;

/// The weights of `checkpoint` for a network of configuration `to`, of the same sizes and keys.
///
/// From version 1 to version 2 of the features it plays on as before, in 4/4 and as long as
/// nobody is told apart, or what a musician plays is known: what is heard counts as its own did.
/// A head for loudness that it did not have begins at zero.
///
/// # Errors
/// Says what is not the same.
pub fn warm_start(checkpoint: &Checkpoint, to: &Config) -> Result<Parameters> {
    let from = checkpoint.config();
    let sizes = |config: &Config| format!("{:?} / {:?}", config.time, config.note);
    let keys = |config: &Config| format!("{} from {}", config.notes, config.low);
    let words = |config: &Config| {
        [
            ("time / note", sizes(config)),
            ("keys", keys(config)),
            ("scan", format!("{:?}", config.scan)),
            ("position", format!("{:?}", config.position)),
            ("edge", format!("{:?}", config.edge)),
        ]
    };
    let differ: Vec<String> = words(from)
        .into_iter()
        .zip(words(to))
        .filter(|(from, to)| from != to)
        .map(|((what, from), (_, to))| format!("{what} {from}, not {to}"))
        .collect();
    ensure!(differ.is_empty(), "one cannot begin from this network: it has {}", differ.join("; "));
    ensure!(
        from.features <= to.features,
        "one cannot begin from this network: its features are of version {}, and those of the new \
         one of version {}",
        from.features,
        to.features
    );
    let mut weights = parameters(checkpoint);
    if from.features < to.features {
        let (time, note) = (&time_layers(to)[0], &note_layers(to)[0]);
        widen(&mut weights, &time.weight_ih(), [width(from), time.input], of_features);
        // What is given adds nothing yet.
        let before = from.time_width() + FEEDBACK;
        widen(&mut weights, &note.weight_ih(), [before, note.input], |old, new| {
            new[..old.len()].copy_from_slice(old);
        });
    }
    // Of the two heads one may be wanted and not there, or there and not wanted.
    let table = tensors(to).into_iter();
    let tensor = |spec: TensorSpec| {
        let values = weights.remove(&spec.name).unwrap_or_else(|| vec![0.0; spec.elements()]);
        (spec.name, values)
    };
    Ok(table.map(tensor).collect())
}

/// Gives a matrix more columns, row by row.
fn widen(
    weights: &mut Parameters,
    name: &str,
    [before, after]: [usize; 2],
    row: impl Fn(&[f32], &mut [f32]),
) {
    let Some(matrix) = weights.get_mut(name) else { return };
    let mut wide = vec![0.0; matrix.len() / before * after];
    let rows = matrix.chunks_exact(before).zip(wide.chunks_exact_mut(after));
    rows.for_each(|(old, new)| row(old, new));
    *matrix = wide;
}

/// The weights of the features of version 2, all zero so far, from those of version 1.
fn of_features(old: &[f32], new: &mut [f32]) {
    let (vicinity, context) = (&old[VICINITY..v1::CONTEXT], &old[v1::CONTEXT..v1::BEAT]);
    new[..VICINITY].copy_from_slice(&old[..VICINITY]);
    for to in [VICINITY, v2::HEARD_VICINITY] {
        new[to..][..vicinity.len()].copy_from_slice(vicinity);
    }
    for to in [v2::CONTEXT, v2::HEARD_CONTEXT] {
        new[to..][..context.len()].copy_from_slice(context);
    }
    // Version 1 has -1 and 1 for a bit, version 2 a column for each place.
    let bits = &old[v1::BEAT..v1::START];
    let sign = |number: usize, bit: usize| if number >> bit & 1 == 1 { 1.0 } else { -1.0 };
    for place in 0..OF_COMMON_TIME {
        new[v2::IN_BEAT + place] = sign(place, 0) * bits[0] + sign(place, 1) * bits[1];
        new[v2::BEAT + place] = sign(place, 0) * bits[2] + sign(place, 1) * bits[3];
    }
    new[v2::START] = old[v1::START];
}
