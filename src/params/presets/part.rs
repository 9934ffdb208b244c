//! Which parameters are part of a preset, and how their values are read.

use nih_plug::prelude::{Param, ParamPtr};

use crate::params::AnacrusisParams;

/// Does one thing to each parameter of a preset.
pub(super) trait Visitor {
    /// To this one.
    fn visit<P: Param>(&mut self, id: &'static str, param: &P);
}

/// All parameters that are part of a preset, always in this order. The only such list.
pub(super) fn each(params: &AnacrusisParams, visitor: &mut impl Visitor) {
    visitor.visit("model", &params.model);
    visitor.visit("mode", &params.mode);
    visitor.visit("reaction", &params.reaction);
    visitor.visit("follow", &params.follow);
    visitor.visit("start-with-me", &params.start_with_me);
    visitor.visit("stop-with-me", &params.stop_with_me);
    visitor.visit("room", &params.room);
    visitor.visit("double", &params.double);
    visitor.visit("rate", &params.rate);
    visitor.visit("temperature", &params.temperature);
    visitor.visit("density", &params.density);
    visitor.visit("register", &params.register);
    visitor.visit("truncation", &params.truncation);
    visitor.visit("key", &params.key);
    visitor.visit("scale", &params.scale);
    visitor.visit("lowest", &params.lowest);
    visitor.visit("highest", &params.highest);
    visitor.visit("most-notes", &params.most_notes);
    visitor.visit("most-onsets", &params.most_onsets);
    visitor.visit("clear-bass", &params.clear_bass);
    visitor.visit("transpose", &params.transpose);
    visitor.visit("velocity", &params.velocity);
    visitor.visit("dynamics", &params.dynamics);
    visitor.visit("accent", &params.accent);
    visitor.visit("humanise", &params.humanise);
    visitor.visit("gate", &params.gate);
    visitor.visit("swing", &params.swing);
    visitor.visit("swing-of", &params.swing_of);
    visitor.visit("lay-back", &params.lay_back);
    visitor.visit("timing", &params.timing);
    visitor.visit("groove", &params.groove);
}

/// The normalised value that a host would read from `text`; `None` if it is none, or lies out
/// of range, where a host would take the nearest one.
pub(super) fn read<P: Param>(param: &P, text: &str) -> Option<f32> {
    let normalized = param.string_to_normalized_value(text)?;
    let shown = param.normalized_value_to_string(normalized, true);
    let meant = match param.as_ptr() {
        // The framework takes whatever is not on for off.
        ParamPtr::BoolParam(_) => shown.eq_ignore_ascii_case(text.trim()),
        _ => match (number(text), number(&shown)) {
            // Rounding takes half a digit at most.
            (Some((told, _)), Some((shown, unit))) => (told - shown).abs() <= 0.51 * unit,
            (None, Some(_)) => false,
            // Names, and keys that were told by number.
            (_, None) => true,
        },
    };
    (meant && normalized.is_finite()).then_some(normalized)
}

/// The number that a text begins with, and what its last digit counts.
fn number(text: &str) -> Option<(f64, f64)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.".contains(c)));
    let digits = &text[..end.unwrap_or(text.len())];
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    Some((digits.parse().ok()?, 0.1f64.powi(i32::try_from(decimals).ok()?)))
}

/// Values that are told one by one, at most.
const FEW: usize = 20;

/// What a parameter may be, in words.
pub(super) fn range<P: Param>(param: &P) -> String {
    let shown = |normalized: f32| param.normalized_value_to_string(normalized, true);
    match (param.as_ptr(), param.step_count()) {
        (ParamPtr::BoolParam(_) | ParamPtr::EnumParam(_), Some(steps))
            if (1..=FEW).contains(&steps) =>
        {
            let all: Vec<String> =
                (0..=steps).map(|step| shown(step as f32 / steps as f32)).collect();
            format!("it is one of {}", all.join(", "))
        }
        _ => format!("it goes from {} to {}", shown(0.0), shown(1.0)),
    }
}
