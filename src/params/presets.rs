//! Presets: named settings of the parameters that shape the music, as small JSON files.
//!
//! A preset says values as a host shows them, by stable id:
//!
//! ```json
//! { "name": "Bells", "about": "High and few.", "values": { "density": "0.60 x", "lowest": "C5" } }
//! ```
//!
//! Beside them may stand `"tags"`: words by which presets are found, an instrument or a mood.
//!
//! A value that is absent means the parameter's default, so a preset always gives the same sound.
//! What belongs to a place rather than to a sound is no part of a preset: bypass, thru,
//! sustain, answer now, seed, lookahead, channel, split, replay, waiting, and the audition voice.
//!
//! A preset whose model is the user's own file names it as `"model_file"`; without that name the
//! file stays the one that is chosen.
//!
//! Everything here allocates, and [`store`] asks the system: none of it is ever called on the
//! audio thread.

mod error;
mod factory;
mod part;
pub mod store;

use std::collections::BTreeMap;

use nih_plug::prelude::{Param, ParamSetter};
use serde::{Deserialize, Serialize, Serializer};

use super::{AnacrusisParams, ModelChoice};
pub use error::PresetError;
use part::{Visitor, each};

/// Largest preset file, in bytes.
pub const MAX_FILE_BYTES: usize = 64 * 1024;
/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 64;
/// Longest description, in characters.
pub const ABOUT_CHARS_MAX: usize = 400;
/// Most tags, and the longest, in characters.
pub const TAGS_MAX: usize = 8;
/// See [`TAGS_MAX`].
pub const TAG_CHARS_MAX: usize = 24;
/// Longest path of a model file, in bytes.
pub const MODEL_FILE_BYTES_MAX: usize = 4096;

/// Named settings of every parameter that is part of a preset.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    name: String,
    about: String,
    tags: Vec<String>,
    values: Vec<Value>,
    model_file: Option<String>,
}

/// One parameter's value in a preset.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Stable id of the parameter.
    pub id: &'static str,
    /// The value as a host sets it, 0 to 1.
    pub normalized: f32,
    /// The value as a host shows it, unit included.
    pub text: String,
}

/// The file as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    name: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    tags: Vec<String>,
    values: BTreeMap<String, String>,
    #[serde(default)]
    model_file: Option<String>,
}

/// The file as it is written: values in the order of the list.
#[derive(Serialize)]
struct Write<'a> {
    name: &'a str,
    about: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(serialize_with = "in_order")]
    values: &'a [Value],
    #[serde(skip_serializing_if = "Option::is_none")]
    model_file: Option<&'a str>,
}

fn in_order<S: Serializer>(values: &[Value], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(values.iter().map(|value| (value.id, &value.text)))
}

impl Preset {
    /// The presets that come with the plugin, always in the same order; the first is called
    /// *Default* and sets every parameter to its default. Parsed once per process.
    pub fn factory() -> &'static [Preset] {
        factory::all()
    }

    /// Reads a preset file.
    ///
    /// # Errors
    ///
    /// [`PresetError`] says what is wrong with it and what to do.
    pub fn parse(bytes: &[u8]) -> Result<Preset, PresetError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(PresetError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| PresetError::NotText)?;
        // Some editors begin a file with a byte order mark.
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Err(PresetError::Empty);
        }
        let Read { name, about, tags, values, model_file } = serde_json::from_str(text)?;
        let mut reader = Reader { texts: values, values: Vec::new(), error: None };
        each(&AnacrusisParams::default(), &mut reader);
        if let Some(error) = reader.error {
            return Err(error);
        }
        if let Some(id) = reader.texts.into_keys().next() {
            let known = reader.values.iter().map(|value| value.id).collect::<Vec<_>>().join(", ");
            return Err(PresetError::UnknownId { id, known });
        }
        if model_file.as_ref().is_some_and(|path| path.len() > MODEL_FILE_BYTES_MAX) {
            return Err(PresetError::ModelFile);
        }
        let mut preset = Preset {
            name: checked_name(&name)?,
            about: String::new(),
            tags: checked_tags(tags)?,
            values: reader.values,
            model_file,
        };
        if !preset.plays_own_file() {
            preset.model_file = None;
        }
        preset.with_about(&about)
    }

    /// The present values of `params`. Locks the path of the user's model.
    ///
    /// # Errors
    ///
    /// [`PresetError::Name`] if the name is empty, too long or holds control characters.
    pub fn of(params: &AnacrusisParams, name: &str) -> Result<Preset, PresetError> {
        let name = checked_name(name)?;
        let mut capture = Capture(Vec::new());
        each(params, &mut capture);
        let model_file = match params.model_choice() {
            ModelChoice::File(path) if !path.is_empty() => Some(path),
            _ => None,
        };
        Ok(Preset { name, about: String::new(), tags: Vec::new(), values: capture.0, model_file })
    }

    /// The same preset with another description.
    ///
    /// # Errors
    ///
    /// [`PresetError::About`] if it is longer than [`ABOUT_CHARS_MAX`].
    pub fn with_about(mut self, about: &str) -> Result<Preset, PresetError> {
        self.about = about.trim().to_owned();
        if self.about.chars().count() > ABOUT_CHARS_MAX {
            return Err(PresetError::About);
        }
        Ok(self)
    }

    /// The file's text: every value in words, defaults too, so that the preset stays what it is
    /// should a later version have other defaults.
    pub fn write(&self) -> String {
        let Preset { name, about, tags, values, model_file } = self;
        let file = Write { name, about, tags, values, model_file: model_file.as_deref() };
        // Texts and lists of texts cannot fail to be JSON.
        serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
    }

    /// Sets every parameter of the preset whose value is another, as one gesture each, through
    /// the host; and the path of the user's model, if the preset names one. To be called on the
    /// editor's thread.
    ///
    /// Returns that path. It is set before the parameters, so that whoever follows the choice of
    /// model opens it by itself; a caller may open it once more, as the file may have changed.
    pub fn apply(&self, params: &AnacrusisParams, setter: &ParamSetter<'_>) -> Option<&str> {
        if let Some(path) =
            self.model_file.as_ref().filter(|path| **path != params.model_path.get())
        {
            params.model_path.replace(path.clone());
        }
        each(params, &mut Apply { values: self.values.iter(), setter });
        self.model_file()
    }

    /// Whether `params` have these very values now, as a host shows them.
    pub fn matches(&self, params: &AnacrusisParams) -> bool {
        Preset::of(params, &self.name).is_ok_and(|now| {
            let told =
                |preset: &Preset| preset.values.iter().map(|v| v.text.clone()).collect::<Vec<_>>();
            told(&now) == told(self)
                && (self.model_file.is_none() || now.model_file == self.model_file)
        })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it sounds like, in a sentence; may be empty.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Words by which it is found: an instrument, a mood; may be empty.
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    /// Every parameter of the preset with its value, always in the same order.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Ids and normalised values, for a host that sets them itself.
    pub fn normalized(&self) -> impl Iterator<Item = (&'static str, f32)> + '_ {
        self.values.iter().map(|value| (value.id, value.normalized))
    }

    /// The user's own model, if the preset plays one and names it.
    pub fn model_file(&self) -> Option<&str> {
        self.model_file.as_deref()
    }

    fn plays_own_file(&self) -> bool {
        self.values.iter().any(|value| value.id == "model" && value.text == "Own file")
    }
}

fn checked_name(name: &str) -> Result<String, PresetError> {
    let name = name.trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if !fits || name.chars().any(char::is_control) {
        return Err(PresetError::Name);
    }
    Ok(name.to_owned())
}

/// Tags without blanks around them, if they are few and short.
fn checked_tags(tags: Vec<String>) -> Result<Vec<String>, PresetError> {
    let tags: Vec<String> = tags.iter().map(|tag| tag.trim().to_owned()).collect();
    let fits = |tag: &String| {
        (1..=TAG_CHARS_MAX).contains(&tag.chars().count()) && !tag.chars().any(char::is_control)
    };
    if tags.len() > TAGS_MAX || !tags.iter().all(fits) {
        return Err(PresetError::Tags);
    }
    Ok(tags)
}

/// Reads texts, and takes defaults for what has none.
struct Reader {
    texts: BTreeMap<String, String>,
    values: Vec<Value>,
    error: Option<PresetError>,
}

impl Visitor for Reader {
    fn visit<P: Param>(&mut self, id: &'static str, param: &P) {
        let normalized = match self.texts.remove(id) {
            None => param.default_normalized_value(),
            Some(text) => match part::read(param, &text) {
                Some(normalized) => normalized,
                None => {
                    let range = part::range(param);
                    self.error.get_or_insert(PresetError::Value { id, text, range });
                    return;
                }
            },
        };
        self.values.push(value(id, param, normalized));
    }
}

/// Takes the present values.
struct Capture(Vec<Value>);

impl Visitor for Capture {
    fn visit<P: Param>(&mut self, id: &'static str, param: &P) {
        self.0.push(value(id, param, param.unmodulated_normalized_value()));
    }
}

/// The value that the text of `normalized` means: what is saved is what is read.
fn value<P: Param>(id: &'static str, param: &P, normalized: f32) -> Value {
    let text = param.normalized_value_to_string(normalized, true);
    let normalized = part::read(param, &text).unwrap_or(normalized);
    Value { id, normalized, text }
}

/// Sets what differs.
struct Apply<'a, 'h> {
    values: std::slice::Iter<'a, Value>,
    setter: &'a ParamSetter<'h>,
}

impl Visitor for Apply<'_, '_> {
    fn visit<P: Param>(&mut self, id: &'static str, param: &P) {
        // Both go through the same list.
        let Some(value) = self.values.next().filter(|value| value.id == id) else { return };
        let now = param.normalized_value_to_string(param.unmodulated_normalized_value(), true);
        if now != value.text {
            self.setter.begin_set_parameter(param);
            self.setter.set_parameter_normalized(param, value.normalized);
            self.setter.end_set_parameter(param);
        }
    }
}

#[cfg(test)]
mod tests;
