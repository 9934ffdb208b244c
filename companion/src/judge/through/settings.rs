//! `--set ID=VALUE`: what a parameter of the plugin is to be, and what the plugin makes of it.

use std::str::FromStr;

use anacrusis_test_host::Plugin;
use anacrusis_test_host::plugin::{Parameter, parameter_number};
use anyhow::{Context, Result, ensure};

/// Parameters that are not for setting, and why.
const OURS: [(&str, &str); 6] = [
    ("bypass", "nothing would be played"),
    ("model", "--model says which network plays"),
    ("seed", "--seeds says how many are played"),
    ("rate", "melodies are counted in sixteenths"),
    ("wait-for-notes", "without it chords would be left out on a busy machine"),
    ("channel", "it tells the plugin's notes from the musician's"),
];

/// Why a parameter is not for setting, if so.
fn is_ours(id: &str) -> Option<&'static str> {
    OURS.iter().find(|(ours, _)| *ours == id).map(|(_, why)| *why)
}

/// Parameters of so many values name them all in messages.
const FEW: u32 = 24;

/// A parameter by its id, and the text of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Stable id, as presets have it.
    pub id: String,
    /// As the plugin shows it.
    pub text: String,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Setting, String> {
        let (id, value) = text.split_once('=').ok_or("write ID=VALUE, such as room=off")?;
        let (id, text) = (id.trim().to_owned(), value.trim().to_owned());
        if let Some(why) = is_ours(&id) {
            return Err(format!("{id} is not for setting: {why}"));
        }
        if id.is_empty() || text.is_empty() {
            return Err("write ID=VALUE, such as room=off".to_owned());
        }
        Ok(Setting { id, text })
    }
}

/// A parameter by the number that hosts know it by, and its value, 0 to 1.
pub type Value = (u32, f64);

/// What the plugin, whose parameters have these `ids`, makes of a setting; and name and value in
/// its own words.
///
/// # Errors
/// If there is no such parameter, or it does not take the value: says what there is.
pub fn resolve(
    plugin: &mut dyn Plugin,
    ids: &[String],
    Setting { id, text }: &Setting,
) -> Result<(Value, String)> {
    let number = parameter_number(id);
    let known = plugin.parameters().iter().find(|parameter| parameter.id == number);
    let known = known.filter(|_| ids.contains(id)).cloned().with_context(|| {
        let theirs = ids.iter().map(String::as_str).filter(|id| is_ours(id).is_none());
        let theirs = theirs.collect::<Vec<_>>().join(", ");
        format!("--set {id}: the plugin has no such parameter; it has {theirs}")
    })?;
    let (value, shown) =
        read(plugin, &known, text).with_context(|| format!("--set {id}={text}"))?;
    Ok(((number, value), format!("{} {shown}", known.name)))
}

/// The value, 0 to 1, that a parameter reads in a text, and how it shows it.
fn read(plugin: &mut dyn Plugin, parameter: &Parameter, text: &str) -> Result<(f64, String)> {
    let Parameter { id, name, steps, .. } = parameter;
    let mut show = |value: f64| plugin.display(*id, value).unwrap_or_default();
    let choices: Vec<(f64, String)> = match *steps {
        steps @ 1..=FEW => (0..=steps).map(|step| f64::from(step) / f64::from(steps)).collect(),
        _ => Vec::new(),
    }
    .into_iter()
    .map(|value| (value, show(value)))
    .collect();
    if let Some(choice) = choices.iter().find(|(_, shown)| shown.eq_ignore_ascii_case(text)) {
        return Ok(choice.clone());
    }
    let takes = match choices.iter().map(|(_, shown)| shown.as_str()).collect::<Vec<_>>() {
        few if few.is_empty() => format!("{name} takes {} to {}", show(0.0), show(1.0)),
        few => format!("{name} takes {}", few.join(", ")),
    };
    let value = plugin.parse(*id, text).with_context(|| takes.clone())?;
    let shown = plugin.display(*id, value).unwrap_or_default();
    // The framework reads any word as Off, and brings numbers into range.
    let taken = match (leading_number(text), leading_number(&shown)) {
        (Some(meant), Some(is)) => (value > 0.0 && value < 1.0) || (meant - is).abs() < 1e-6,
        _ => choices.is_empty(),
    };
    ensure!(taken, takes);
    Ok((value, shown))
}

/// The number that a text begins with.
fn leading_number(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.".contains(c)));
    text[..end.unwrap_or(text.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anacrusis_test_host::performer::{Front, tangle};

    #[test]
    fn settings_are_written_with_an_equals_sign_and_some_are_ours() {
        let setting = |id: &str, text: &str| Setting { id: id.to_owned(), text: text.to_owned() };
        assert_eq!("room=off".parse(), Ok(setting("room", "off")));
        assert_eq!(" key = C# / Db ".parse(), Ok(setting("key", "C# / Db")));
        for (text, says) in [
            ("room", "ID=VALUE"),
            ("=off", "ID=VALUE"),
            ("room=", "ID=VALUE"),
            ("seed=3", "--seeds"),
            ("model=file", "--model"),
            ("rate=1/8", "sixteenths"),
        ] {
            let error = text.parse::<Setting>().expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn values_are_read_as_the_plugin_shows_them() {
        let mut front = Front::with_mock(tangle);
        let plugin: &mut dyn Plugin = &mut front;
        let mut read = |name: &str, text: &str| {
            let parameter = plugin.parameter(name).expect("there").clone();
            read(plugin, &parameter, text).map_err(|error| error.to_string())
        };
        assert_eq!(read("Room", "off"), Ok((0.0, "Off".to_owned())));
        assert_eq!(read("Mode", "answer"), Ok((1.0, "Answer".to_owned())));
        assert_eq!(read("Channel", "16"), Ok((1.0, "16".to_owned())));
        let (value, shown) = read("Busy", "0.875").expect("within");
        assert!((value - 0.25).abs() < 1e-9 && shown.starts_with("0.8"), "{value} {shown}");
        assert_eq!(read("Busy", "2"), Ok((1.0, "2.00".to_owned())));
        assert_eq!(read("Busy", "3"), Err("Busy takes 0.50 to 2.00".to_owned()));
        assert_eq!(read("Busy", "much"), Err("Busy takes 0.50 to 2.00".to_owned()));
        assert_eq!(read("Room", "offf"), Err("Room takes Off, On".to_owned()));
        assert_eq!(read("Mode", "duet"), Err("Mode takes Solo, Accompany, Answer".to_owned()));
    }

    #[test]
    fn what_the_plugin_does_not_have_is_said() {
        let mut front = Front::with_mock(tangle);
        let setting = Setting { id: "colour".to_owned(), text: "red".to_owned() };
        let ids = ["room", "seed", "mode"].map(str::to_owned);
        let error = resolve(&mut front, &ids, &setting).expect_err("no colour").to_string();
        assert_eq!(error, "--set colour: the plugin has no such parameter; it has room, mode");
    }
}
