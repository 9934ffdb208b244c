//! Settings as a TOML document: written with every key and what it is, read with a hint where a
//! key is unknown.

use anacrusis::model::Config;
use anyhow::{Result, bail};
use clap::ValueEnum;
use documented::DocumentedFields;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use toml::de::DeTable;

use super::{BackendKind, DeviceKind, Profile, Settings, Weighting};
use crate::program;

/// The table of the file that holds [`Settings::network`].
const NETWORK: &str = "network";

/// Its keys. What the core says of them is for those who read code.
const NETWORK_KEYS: [(&str, &str); 10] = [
    ("time", "Units of each layer along time, bottom first: 1 to 8 layers of 1 to 2048"),
    ("note", "Units of each layer along the keys, bottom first: 1 to 8 layers of 1 to 2048"),
    ("low", "Lowest MIDI key that the network knows"),
    ("notes", "Number of keys from there upwards, 1 to 128"),
    ("position", "How a key is told its place: \"scaled\" or, as code of 2015 did, \"index\""),
    ("edge", "What lies below the lowest key: \"zero\" or, as in code of 2015, \"wrap_low\""),
    ("scan", "Order in which keys are chosen: \"up\" from the lowest or \"down\" from the highest"),
    ("start", "Whether a piece's first step is predicted: \"flag\" if it is, \"none\" if given"),
    (
        "features",
        "What the network is told: 2 tells a musician apart and knows every metre, 1 neither",
    ),
    (
        "velocity",
        "Whether a head tells how loud struck keys are, fitted at the end of the run; features 2 alone",
    ),
];

/// How alike two keys must be for one to be meant by the other, 0 to 1.
const LIKE: f64 = 0.6;

pub(super) fn parse(text: &str) -> Result<Settings> {
    let unknown = unknown(&DeTable::parse(text)?.into_inner(), text);
    if !unknown.is_empty() {
        bail!(
            "{}; `{} train --print-config` lists all settings",
            unknown.join("; "),
            program::called_as()
        );
    }
    toml::from_str(text).map_err(|error| {
        // The library ends what it says with a line break, and names types as code does.
        let told = ["usize", "u64", "i8"]
            .iter()
            .fold(error.to_string(), |told, kind| told.replace(kind, "a whole number"));
        anyhow::anyhow!("{}", told.trim_end().replace("f64", "a number"))
    })
}

/// A network of which some keys are given; the others are as by default.
pub(super) fn network<'de, D: Deserializer<'de>>(from: D) -> Result<Config, D::Error> {
    let mut all = serde_json::to_value(Settings::network()).map_err(D::Error::custom)?;
    let given: Map<String, Value> = Map::deserialize(from)?;
    if let Value::Object(all) = &mut all {
        all.extend(given);
    }
    serde_json::from_value(all).map_err(D::Error::custom)
}

/// A sentence for each key that is not known, or not where it stands.
fn unknown(table: &DeTable<'_>, text: &str) -> Vec<String> {
    let top: Vec<&str> =
        Settings::FIELD_NAMES.iter().copied().filter(|key| *key != NETWORK).collect();
    let inner: Vec<&str> = NETWORK_KEYS.iter().map(|(key, _)| *key).collect();
    let mut told = Vec::new();
    for (key, value) in table {
        if key.get_ref() == NETWORK {
            for key in value.get_ref().as_table().into_iter().flat_map(DeTable::keys) {
                let place = format!("above [{NETWORK}]");
                tell(&mut told, text, key.get_ref(), key.span().start, &inner, (&top, &place));
            }
        } else {
            let place = format!("under [{NETWORK}]");
            tell(&mut told, text, key.get_ref(), key.span().start, &top, (&inner, &place));
        }
    }
    told
}

/// Says what is wrong with a key, unless it is one of those `known` here.
fn tell(
    told: &mut Vec<String>,
    text: &str,
    key: &str,
    at: usize,
    known: &[&str],
    (elsewhere, place): (&[&str], &str),
) {
    if known.contains(&key) {
        return;
    }
    let line = text[..at].matches('\n').count() + 1;
    let advice = if elsewhere.contains(&key) {
        format!("it belongs {place}")
    } else if let Some(meant) = like(key, known) {
        format!("did you mean \"{meant}\"?")
    } else if let Some(meant) = like(key, elsewhere) {
        format!("did you mean \"{meant}\", {place}?")
    } else {
        told.push(format!("line {line}: there is no setting \"{key}\""));
        return;
    };
    told.push(format!("line {line}: there is no setting \"{key}\" here: {advice}"));
}

fn like<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    let key = key.to_lowercase().replace('-', "_");
    known
        .iter()
        .map(|known| (strsim::normalized_damerau_levenshtein(&key, known), *known))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

pub(super) fn write(settings: &Settings) -> Result<String> {
    let values = toml::Table::try_from(settings)?;
    let line = |key: &str, help: &str, value: Option<&toml::Value>| match value {
        Some(value) => format!("# {help}.\n{key} = {value}\n"),
        None => format!("# {help}.\n# {key} =\n"),
    };
    let mut text = String::new();
    for key in Settings::FIELD_NAMES.iter().filter(|key| **key != NETWORK) {
        text += &line(key, &(Settings::help(key) + &choices(key)), values.get(*key));
    }
    text += &format!("\n# {}.\n[{NETWORK}]\n", Settings::help(NETWORK));
    for (key, help) in NETWORK_KEYS {
        text += &line(key, help, values.get(NETWORK).and_then(|network| network.get(key)));
    }
    Ok(text)
}

/// What a key can be set to, if that is one of a few words.
fn choices(key: &str) -> String {
    fn of<T: ValueEnum>() -> String {
        let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let value = |value: clap::builder::PossibleValue| {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            format!("\"{}\" ({})", value.get_name(), help.replace('\n', " "))
        };
        format!(": {}", values.map(value).collect::<Vec<_>>().join(" or "))
    }
    match key {
        "weighting" => of::<Weighting>(),
        "profile" => of::<Profile>(),
        "device" => of::<DeviceKind>(),
        "backend" => of::<BackendKind>(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_names_every_key_and_reads_back_the_same() {
        let mut changed = Settings {
            learning_rate: 2.5e-9,
            transpose: [-3, 0],
            weighting: Weighting::Length,
            data_weights: vec![1.0, 0.1 + 0.2],
            seed: 1 << 40,
            minutes: Some(0.1),
            device: DeviceKind::Cuda,
            backend: BackendKind::Candle,
            licence: "CC BY-SA 3.0 \"DE\"\nSomeone's \\ own".to_owned(),
            ..Settings::default()
        };
        changed.network.time = vec![12, 34];
        changed.network.scan = anacrusis::model::config::Scan::Down;
        for settings in [Settings::default(), changed] {
            let text = write(&settings).expect("TOML");
            assert_eq!(parse(&text).expect("good settings"), settings, "{text}");
            let lines: Vec<&str> = text.lines().collect();
            let network = serde_json::to_value(&settings.network).expect("JSON");
            let network = network.as_object().expect("a table").keys().map(String::as_str);
            let top = Settings::FIELD_NAMES.iter().copied().filter(|key| *key != NETWORK);
            for key in top.chain(network) {
                let is_key = |line: &&str| {
                    line.trim_start_matches("# ").split(" =").next() == Some(key)
                        && line.contains('=')
                };
                let at = lines.iter().position(is_key).expect(key);
                let comment = lines[at - 1];
                assert!(comment.starts_with("# ") && comment.len() > 12, "{key}: {comment:?}");
            }
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_with_what_is_meant() {
        for (text, told) in [
            (
                "seed = 1\nbacth = 8",
                "line 2: there is no setting \"bacth\" here: did you mean \"batch\"?",
            ),
            (
                "\n\nlearning-rate = 1",
                "line 3: there is no setting \"learning-rate\" here: did you mean \"learning_rate\"?",
            ),
            (
                "[network]\ntimes = [3]",
                "line 2: there is no setting \"times\" here: did you mean \"time\"?",
            ),
            (
                "[network]\nlow = 1\nbatch = 3",
                "line 3: there is no setting \"batch\" here: it belongs above [network]",
            ),
            ("time = [3]", "line 1: there is no setting \"time\" here: it belongs under [network]"),
            ("[training]\nbatch = 3", "line 1: there is no setting \"training\";"),
            ("bacth = 1\nstesp = 2", "\"batch\"?; line 2: there is no setting \"stesp\" here"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(told), "{error}\nshould have: {told}");
        }
        assert!(!parse("zzz = 1").expect_err("unknown").to_string().contains("did you mean"));
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_shown_where_it_stands() {
        for (text, line, named) in [
            ("seed = 1\nbatch = \"x\"", "line 2", "batch = \"x\""),
            ("[network]\nscan = \"sideways\"", "", "sideways"),
            ("batch = = 3", "line 1", ""),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(line) && error.contains(named), "{error}");
        }
    }
}
