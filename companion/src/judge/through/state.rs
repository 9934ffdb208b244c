//! A plugin's saved state: which model it says, and the take that was played.

use std::path::Path;

use anacrusis::jam::take::{Played, unpack};
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The state as the framework writes it: an object as text. In a CLAP the length of the text goes
/// before it, in eight bytes.
pub struct State {
    json: Value,
    with_length: bool,
}

impl State {
    /// Reads what the plugin saved.
    ///
    /// # Errors
    /// If it is something else.
    pub fn read(bytes: &[u8]) -> Result<State> {
        let after = bytes.split_first_chunk::<8>();
        let after =
            after.filter(|(length, text)| u64::from_le_bytes(**length) == text.len() as u64);
        let (text, with_length) = after.map_or((bytes, false), |(_, text)| (text, true));
        let other = "the plugin saves a state of another kind: is it Anacrusis?";
        let json: Value = serde_json::from_slice(text).context(other)?;
        ensure!(json["params"].is_object() && json["fields"].is_object(), other);
        Ok(State { json, with_length })
    }

    /// As the plugin loads it.
    pub fn bytes(&self) -> Vec<u8> {
        let text = self.json.to_string().into_bytes();
        let length = (text.len() as u64).to_le_bytes();
        let length = if self.with_length { &length[..] } else { &[] };
        [length, &text].concat()
    }

    /// Has the model of a file played. The path is a whole one.
    pub fn choose_file(&mut self, path: &Path) {
        self.json["params"]["model"] = json!({ "string": "file" });
        self.json["fields"]["model-path"] = json!(json!(path.to_string_lossy()).to_string());
    }

    /// The ids of the plugin's parameters.
    pub fn ids(&self) -> Vec<String> {
        let parameters = self.json["params"].as_object();
        parameters.map(|all| all.keys().cloned().collect()).unwrap_or_default()
    }

    /// What was played.
    ///
    /// # Errors
    /// If there is no take that can be read.
    pub fn take(&self) -> Result<Vec<Played>> {
        let unreadable = "the plugin saves a take that cannot be read; build both from one source";
        let field = self.json["fields"]["take"].as_str().unwrap_or_default();
        let text: String = serde_json::from_str(field).context(unreadable)?;
        let bytes = STANDARD.decode(text).context(unreadable)?;
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        Ok(unpack(&bytes).context(unreadable)?.played().copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anacrusis::jam::take::{Take, pack};
    use anacrusis::music::{Chord, Rate, Step};

    fn saved() -> Value {
        json!({
            "version": "0.1.0",
            "params": { "room": { "bool": true }, "model": { "string": "songs" } },
            "fields": { "model-path": "\"\"", "take": "\"\"" },
        })
    }

    #[test]
    fn both_formats_are_read_and_written() {
        let text = saved().to_string();
        let clap = [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat();
        for bytes in [clap, text.into_bytes()] {
            let mut state = State::read(&bytes).expect("a state");
            assert_eq!(State::read(&state.bytes()).expect("a state").json, saved());
            assert_eq!(state.ids(), ["model", "room"]);
            assert_eq!(state.take().expect("an empty one"), []);
            state.choose_file("/a \"file\".safetensors".as_ref());
            let again = State::read(&state.bytes()).expect("a state").json;
            assert_eq!(again["params"]["model"]["string"], "file");
            let path = again["fields"]["model-path"].as_str().expect("text within text");
            assert_eq!(
                serde_json::from_str::<String>(path).ok().as_deref(),
                Some("/a \"file\".safetensors")
            );
        }
        for other in ["", "12345678no", "12", "{}", r#"{"params":3,"fields":{}}"#] {
            assert!(State::read(other.as_bytes()).is_err(), "{other}");
        }
        // The length's first byte is a brace.
        let text = format!("{:<379}", saved().to_string()).into_bytes();
        let bytes = [&379u64.to_le_bytes()[..], &text].concat();
        assert!(bytes[0] == b'{' && State::read(&bytes).is_ok());
    }

    #[test]
    fn the_take_is_what_was_played() {
        let played = Played {
            pass: 0,
            step: Step(3),
            rate: Rate::Sixteenth,
            step_in_bar: 3,
            tempo_bpm: 120.0,
            transpose: 0,
            chord: Chord::struck_keys([60]),
            heard: Chord::SILENT,
            sounded: true,
            touch: None,
            heard_velocity: 0,
            heard_late_us: 0,
        };
        let mut take = Take::default();
        take.record(played);
        let mut json = saved();
        json["fields"]["take"] = json!(json!(STANDARD.encode(pack(&take))).to_string());
        let state = |json: &Value| State::read(json.to_string().as_bytes()).expect("a state");
        assert_eq!(state(&json).take().expect("a take"), [played]);
        for broken in ["", "\"!\"", "\"AAAA\""] {
            json["fields"]["take"] = json!(broken);
            let error = state(&json).take().expect_err("no take").to_string();
            assert!(error.contains("one source"), "{error}");
        }
    }
}
