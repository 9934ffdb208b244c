//! Settings given as flags, which override those of the file.

use serde::Serialize;

use super::quoted;
use crate::players::Rule;
use crate::settings::{BackendKind, DeviceKind, Profile, PromptSource, Settings, Weighting};

/// One flag for each setting named, with its help from [`Settings`].
macro_rules! flags {
    ($($name:ident: $kind:ty, $value:literal $(, or $alone:literal)?;)*) => {
        /// Settings given as flags.
        #[derive(clap::Args, Clone, Debug, Default)]
        #[command(next_help_heading = "Settings (those of --config, one by one)")]
        pub struct Flags {
            $(
                #[arg(long, value_name = $value, help = help(stringify!($name)))]
                $(#[arg(num_args = 0..=1, default_missing_value = $alone)])?
                $name: Option<$kind>,
            )*
        }

        impl Flags {
            /// Overrides what was given.
            pub fn apply(&self, settings: &mut Settings) {
                $(
                    if let Some(value) = &self.$name {
                        settings.$name = value.clone().into();
                    }
                )*
            }

            /// What was given, as words for a shell.
            pub fn words(&self) -> Vec<String> {
                let mut words = vec![];
                $(words.extend(self.$name.as_ref().map(|value| word(stringify!($name), value)));)*
                words
            }
        }
    };
}

flags! {
    profile: Profile, "WHAT";
    iterations: u64, "N";
    minutes: f64, "M";
    patience: u64, "N";
    seed: u64, "S";
    batch: usize, "N";
    steps: usize, "N";
    align: usize, "N";
    learning_rate: f64, "X";
    warmup: u64, "N";
    cooldown: f64, "SHARE";
    dropout: f64, "P";
    weight_decay: f64, "X";
    average: f64, "X";
    clip: f64, "X";
    heldout: f64, "P";
    pedal: bool, "BOOL", or "true";
    any_grid: bool, "BOOL", or "true";
    musician: Rule, "WHO";
    nobody: f64, "SHARE";
    other_parts: f64, "SHARE";
    known: f64, "P";
    wrong_history: f64, "P";
    turns: f64, "P";
    late_hands: f64, "P";
    weighting: Weighting, "HOW";
    device: DeviceKind, "WHERE";
    backend: BackendKind, "WHAT";
    threads: usize, "N";
    evaluate_every: u64, "N";
    evaluate_steps: usize, "N";
    sample_every: u64, "N";
    sample_bars: usize, "N";
    prompts: usize, "N";
    prompts_from: PromptSource, "WHERE";
    licence: String, "TEXT";
    corpus: String, "NAME";
}

/// What a setting is, and its default where it has one.
fn help(key: &str) -> String {
    let defaults = toml::Table::try_from(Settings::default()).unwrap_or_default();
    let default = defaults.get(key).map(|value| match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    let default = default.filter(|text| !text.is_empty());
    Settings::help(key) + &default.map(|value| format!(" [default: {value}]")).unwrap_or_default()
}

fn word(name: &str, value: &impl Serialize) -> String {
    let value = match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    };
    format!("--{} {}", name.replace('_', "-"), quoted(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_says_what_it_is() {
        let command = <Flags as clap::Args>::augment_args(clap::Command::new("train"));
        let flags: Vec<_> = command.get_arguments().collect();
        assert!(flags.len() > 20);
        for flag in flags {
            let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.len() > 12, "{}: {help:?}", flag.get_id());
        }
        assert_eq!(help("batch"), "Segments per batch, 1 to 1024 [default: 5]");
    }
}
