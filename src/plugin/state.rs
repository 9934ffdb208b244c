//! What is saved in a project, and what happens to states of other versions.
//!
//! The framework writes every parameter under its stable id (enums by the id of their
//! value), and beside them the fields in `FIELDS`. On loading it skips what it does not
//! know, but takes numbers as they come; so what is out of range is removed here first, and
//! the value in force stays. What a newer build saved and this one does not know is laid aside, and
//! saved again.

use std::collections::{BTreeMap, BTreeSet};

use nih_plug::plugin::{ParamValue, PluginState};
use nih_plug::prelude::Params;
use serde::{Deserialize, Serialize};

use crate::jam::controls::Controls;
use crate::params::{self, AnacrusisParams, FromNewer, StateFormat};

/// What is saved beside the parameters.
const FIELDS: [&str; 5] = ["model-path", "made-with", "take", FROM_NEWER, "format"];

/// Where that lies which this build does not know.
const FROM_NEWER: &str = "from-newer";

/// What a state holds, of parameters and fields.
#[derive(Default, Serialize, Deserialize)]
struct Unknown {
    params: BTreeMap<String, ParamValue>,
    fields: BTreeMap<String, String>,
}

/// Lays aside what this build does not know, and takes back what an older one had laid aside. More
/// than [`FromNewer::BYTES_MAX`] of it is lost.
fn lay_aside(state: &mut PluginState) {
    let ids: BTreeSet<String> =
        AnacrusisParams::default().param_map().into_iter().map(|(id, ..)| id).collect();
    let text = state.fields.remove(FROM_NEWER).and_then(|json| serde_json::from_str(&json).ok());
    let text: String = text.unwrap_or_default();
    let mut unknown: Unknown = serde_json::from_str(&text).unwrap_or_default();
    for (id, value) in std::mem::take(&mut state.params).into_iter().chain(unknown.params) {
        state.params.entry(id).or_insert(value);
    }
    for (name, json) in unknown.fields {
        state.fields.entry(name).or_insert(json);
    }
    let (known, others) =
        std::mem::take(&mut state.params).into_iter().partition(|(id, _)| ids.contains(id));
    (state.params, unknown.params) = (known, others);
    // JSON has no word for these, and would lose all the others with them.
    unknown.params.retain(|_, value| !matches!(value, ParamValue::F32(x) if !x.is_finite()));
    let (known, others) = std::mem::take(&mut state.fields)
        .into_iter()
        .partition(|(name, _)| FIELDS.contains(&name.as_str()));
    (state.fields, unknown.fields) = (known, others);
    let empty = unknown.params.is_empty() && unknown.fields.is_empty();
    let text = if empty { None } else { serde_json::to_string(&unknown).ok() };
    let text = text.filter(|text| text.len() <= FromNewer::BYTES_MAX).unwrap_or_default();
    state.fields.insert(FROM_NEWER.to_owned(), serde_json::json!(text).to_string());
}

/// Prepares a state for loading: removes what is out of range, and adds the format and the
/// empty take to states that carry none.
pub fn filter(state: &mut PluginState) {
    lay_aside(state);
    state.params.retain(|id, value| is_sane(id, value));
    // A foot is on the pedal or not, whatever it did when the project was saved.
    state.params.insert("sustain".to_owned(), ParamValue::Bool(false));
    for (id, usual) in later() {
        state.params.entry(id.to_owned()).or_insert(usual);
    }
    // Projects from before there were takes have none; the one in force is not theirs. Nor do they say
    // what they were made with.
    for field in ["take", "made-with"] {
        state.fields.entry(field.to_owned()).or_insert_with(|| "\"\"".to_owned());
    }
    state.fields.entry("format".to_owned()).or_insert_with(|| StateFormat::CURRENT.to_string());
}

/// The parameters that came after the first projects were saved, with their defaults: a project that does
/// not tell of one is not to have that of the project before.
fn later() -> [(&'static str, ParamValue); 15] {
    let choice = |id: &str| ParamValue::String(id.to_owned());
    [
        ("reaction", ParamValue::F32(Controls::USUAL_REACTION_MS)),
        ("follow", ParamValue::F32(Controls::USUAL_FOLLOW)),
        ("start-with-me", ParamValue::Bool(false)),
        ("stop-with-me", ParamValue::Bool(false)),
        ("clear-bass", ParamValue::Bool(true)),
        ("dynamics", ParamValue::F32(1.0)),
        ("sustain", ParamValue::Bool(false)),
        ("split", ParamValue::Bool(false)),
        ("register", ParamValue::I32(0)),
        ("swing", ParamValue::F32(0.5)),
        ("swing-of", choice("1/8")),
        ("lay-back", ParamValue::F32(0.0)),
        ("timing", ParamValue::F32(0.0)),
        ("groove", ParamValue::F32(0.0)),
        // Before it was on to begin with, every project said what it was.
        ("thru", ParamValue::Bool(true)),
    ]
}

fn is_sane(id: &str, value: &ParamValue) -> bool {
    match (id, value) {
        ("temperature", ParamValue::F32(x)) => params::TEMPERATURE.contains(x),
        ("density", ParamValue::F32(x)) => params::DENSITY.contains(x),
        ("audition-level", ParamValue::F32(x)) => params::AUDITION_LEVEL.contains(x),
        ("truncation", ParamValue::F32(x)) => params::TRUNCATION.contains(x),
        ("reaction", ParamValue::F32(x)) => params::REACTION.contains(x),
        ("follow", ParamValue::F32(x)) => params::FOLLOW.contains(x),
        ("dynamics", ParamValue::F32(x)) => params::DYNAMICS.contains(x),
        ("gate", ParamValue::F32(x)) => params::GATE.contains(x),
        ("swing", ParamValue::F32(x)) => params::SWING.contains(x),
        ("lay-back", ParamValue::F32(x)) => params::LAY_BACK.contains(x),
        ("timing", ParamValue::F32(x)) => params::TIMING.contains(x),
        ("groove", ParamValue::F32(x)) => params::GROOVE.contains(x),
        ("seed", ParamValue::I32(n)) => params::SEED.contains(n),
        ("lowest" | "highest", ParamValue::I32(n)) => params::MIDI_KEY.contains(n),
        ("most-notes" | "most-onsets", ParamValue::I32(n)) => params::MOST.contains(n),
        ("register", ParamValue::I32(n)) => params::REGISTER.contains(n),
        ("transpose", ParamValue::I32(n)) => params::TRANSPOSE.contains(n),
        ("channel", ParamValue::I32(n)) => params::CHANNEL.contains(n),
        ("velocity", ParamValue::I32(n)) => params::VELOCITY.contains(n),
        ("accent" | "humanise", ParamValue::I32(n)) => params::VELOCITY_CHANGE.contains(n),
        // Enums are saved by id; an index from elsewhere is not trusted.
        (
            "lookahead" | "rate" | "model" | "mode" | "key" | "scale" | "replay" | "swing-of",
            ParamValue::String(_),
        ) => true,
        (
            "wait-for-notes" | "audition" | "room" | "double" | "thru" | "answer-now" | "bypass"
            | "sustain" | "split" | "start-with-me" | "stop-with-me" | "clear-bass",
            ParamValue::Bool(_),
        ) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nih_plug::prelude::{Param, ParamPtr};

    fn state(params: Vec<(String, ParamValue)>) -> PluginState {
        PluginState {
            version: "9.0.0".to_owned(),
            params: params.into_iter().collect(),
            fields: BTreeMap::new(),
        }
    }

    #[test]
    fn every_parameter_survives_with_a_value_of_its_own_kind() {
        let params = AnacrusisParams::default();
        let all = Params::param_map(&params).into_iter().map(|(id, pointer, _)| {
            let value = match pointer {
                ParamPtr::FloatParam(_) if id == "truncation" => ParamValue::F32(0.02),
                ParamPtr::FloatParam(_) if id == "audition-level" => ParamValue::F32(-6.0),
                ParamPtr::FloatParam(_) => ParamValue::F32(0.7),
                ParamPtr::IntParam(_) => ParamValue::I32(1),
                ParamPtr::BoolParam(_) => ParamValue::Bool(false),
                ParamPtr::EnumParam(_) => ParamValue::String("1/4".to_owned()),
            };
            (id, value)
        });
        let mut state = state(all.collect());
        let before: Vec<String> = state.params.keys().cloned().collect();
        filter(&mut state);
        assert_eq!(state.params.keys().cloned().collect::<Vec<_>>(), before);
        assert_eq!(before.len(), 43, "a new parameter needs a line in is_sane and one in later");
    }

    #[test]
    fn a_project_that_does_not_tell_of_a_parameter_has_its_default() {
        let usual = AnacrusisParams::default();
        let mut state = state(vec![("swing".to_owned(), ParamValue::F32(0.6))]);
        filter(&mut state);
        let float = |id: &str| match state.params[id] {
            ParamValue::F32(value) => value,
            ref other => panic!("{id}: {other:?}"),
        };
        let floats = [
            ("reaction", &usual.reaction),
            ("follow", &usual.follow),
            ("dynamics", &usual.dynamics),
            ("lay-back", &usual.lay_back),
            ("timing", &usual.timing),
            ("groove", &usual.groove),
        ];
        for (id, param) in floats {
            assert_eq!(float(id), param.default_plain_value(), "{id}");
        }
        let switches = [
            ("start-with-me", &usual.start_with_me),
            ("stop-with-me", &usual.stop_with_me),
            ("clear-bass", &usual.clear_bass),
            ("sustain", &usual.sustain),
            ("split", &usual.split),
            ("thru", &usual.thru),
        ];
        for (id, param) in switches {
            let ParamValue::Bool(value) = state.params[id] else { panic!("{id}") };
            assert_eq!(value, param.default_plain_value(), "{id}");
        }
        assert_eq!(float("swing"), 0.6, "what is told stays");
        assert!(later().iter().all(|(id, value)| is_sane(id, value)));
    }

    #[test]
    fn nonsense_is_removed_and_the_rest_stays() {
        let mut state = state(vec![
            ("temperature".to_owned(), ParamValue::F32(f32::NAN)),
            ("density".to_owned(), ParamValue::F32(1e30)),
            ("channel".to_owned(), ParamValue::I32(0)),
            ("velocity".to_owned(), ParamValue::String("loud".to_owned())),
            ("rate".to_owned(), ParamValue::I32(99)),
            ("from-the-future".to_owned(), ParamValue::Bool(true)),
            ("scale".to_owned(), ParamValue::I32(2)),
            ("lowest".to_owned(), ParamValue::I32(-1)),
            ("most-notes".to_owned(), ParamValue::I32(0)),
            ("transpose".to_owned(), ParamValue::I32(25)),
            ("humanise".to_owned(), ParamValue::I32(127)),
            ("gate".to_owned(), ParamValue::F32(0.0)),
            ("room".to_owned(), ParamValue::F32(1.0)),
            ("seed".to_owned(), ParamValue::I32(7)),
        ]);
        filter(&mut state);
        let mut left: Vec<String> = state.params.keys().cloned().collect();
        left.retain(|id| later().iter().all(|(later, _)| later != id));
        assert_eq!(left, ["seed"]);
        assert_eq!(state.fields["format"], StateFormat::CURRENT.to_string());
    }

    #[test]
    fn what_a_newer_build_saved_is_kept_and_comes_back_to_it() {
        let mut newer = state(vec![
            ("from-the-future".to_owned(), ParamValue::F32(0.25)),
            ("seed".to_owned(), ParamValue::I32(7)),
        ]);
        newer.fields.insert("tuning".to_owned(), "[440.0]".to_owned());
        newer.fields.insert("format".to_owned(), "9".to_owned());
        filter(&mut newer);
        assert_eq!(newer.fields["format"], "9", "so that the editor can tell");
        assert!(!newer.params.contains_key("from-the-future"));
        assert!(!newer.fields.contains_key("tuning"));
        // What this build saves: all that it knows, and what it laid aside.
        let aside: String = serde_json::from_str(&newer.fields[FROM_NEWER]).expect("a text");
        let field = FromNewer::default();
        nih_plug::params::persist::PersistentField::set(&field, aside);
        let saved = nih_plug::params::persist::PersistentField::map(&field, String::clone);
        let unknown: Unknown = serde_json::from_str(&saved).expect("what was laid aside");
        assert!(matches!(unknown.params["from-the-future"], ParamValue::F32(0.25)));
        assert_eq!(unknown.fields["tuning"], "[440.0]");
        // A build that knows it takes it back: here for a parameter that there is.
        let aside = Unknown {
            params: BTreeMap::from([("gate".to_owned(), ParamValue::F32(0.5))]),
            fields: BTreeMap::new(),
        };
        let aside = serde_json::to_string(&aside).expect("JSON");
        let mut older = state(vec![("seed".to_owned(), ParamValue::I32(8))]);
        older.fields.insert(FROM_NEWER.to_owned(), serde_json::json!(aside).to_string());
        filter(&mut older);
        assert!(matches!(older.params["gate"], ParamValue::F32(0.5)));
        assert_eq!(older.fields[FROM_NEWER], "\"\"");
        // What JSON cannot tell does not cost the rest.
        let mut infinite = state(vec![
            ("later".to_owned(), ParamValue::F32(f32::INFINITY)),
            ("too".to_owned(), ParamValue::Bool(true)),
        ]);
        filter(&mut infinite);
        let once = infinite.fields[FROM_NEWER].clone();
        assert!(once.contains("too") && !once.contains("later"), "{once}");
        filter(&mut infinite);
        assert_eq!(infinite.fields[FROM_NEWER], once);
        // A flood is not kept.
        let mut flood = state(vec![]);
        flood.fields.insert("flood".to_owned(), "x".repeat(2 * FromNewer::BYTES_MAX));
        filter(&mut flood);
        assert_eq!(flood.fields[FROM_NEWER], "\"\"");
    }

    #[test]
    fn a_project_saved_with_the_pedal_down_opens_with_the_pedal_up() {
        let mut state = state(vec![("sustain".to_owned(), ParamValue::Bool(true))]);
        filter(&mut state);
        assert!(matches!(state.params["sustain"], ParamValue::Bool(false)));
    }
}
