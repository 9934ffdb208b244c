//! What a checkpoint says beside its weights: prompts to begin from, and how it was made.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize};

use super::CheckpointError;
use crate::model::baseline::Baseline;
use crate::model::config::Config;
use crate::model::sampler::Draw;
use crate::music::{KeyRange, PianoRoll, STEPS_PER_BAR};

/// Which of `count` prompts a seed chooses, from 0 (model.md, section 9).
pub fn chosen_prompt(seed: u64, count: usize) -> usize {
    // A pass that no performance reaches, so that no note shares the number.
    let [u, _] = Draw { seed, pass: u64::MAX }.uniforms(0, 0);
    // `u` is below 1.
    (u * count as f64) as usize
}

/// Steps of a prompt: five bars.
pub const PROMPT_STEPS: usize = 5 * STEPS_PER_BAR as usize;
/// Most prompts in a checkpoint.
const MAX_PROMPTS: usize = 16;

/// Prompts and history of a checkpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// Up to 16 rolls of five bars each, beginning on a bar line, to continue from.
    pub prompts: Vec<PianoRoll>,
    /// How the weights came to be; absent in checkpoints of other makers, and where what is told of it
    /// is damaged: that costs the account, not the network.
    pub made: Option<Made>,
}

/// Longest text that is taken from [`Made`], in characters.
const MAX_TEXT: usize = 1000;

/// How a checkpoint was made: enough to make it again and to judge it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Made {
    /// The command line, without paths of one machine.
    pub command: String,
    /// Version of the trainer.
    pub version: String,
    /// Name of the corpus.
    pub corpus: String,
    /// Licence of corpus and weights, with the attribution that it asks for.
    pub licence: String,
    /// SHA-256 over the pieces read, trained on and held out.
    pub corpus_digest: String,
    /// Seed of split, initial weights, segments and dropout.
    pub seed: u64,
    /// Iterations behind these weights.
    pub iterations: u64,
    /// Training loss (seed scale, dropout on) around that iteration; NaN if it is not known.
    #[serde(deserialize_with = "number")]
    pub train_loss: f64,
    /// Scores on the pieces held out.
    pub heldout: Option<Scores>,
    /// Scores on their accompaniments, of networks that tell a musician apart, where the musician is
    /// known in the step itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heldout_known: Option<Scores>,
    /// The same where the musician is known a step late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heldout_late: Option<Scores>,
    /// Baselines fitted on the training pieces, by name.
    pub baselines: BTreeMap<String, Baseline>,
    /// Every setting of the trainer, as it was in force.
    pub settings: serde_json::Value,
}

/// Nats per step over pieces that training never saw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scores {
    /// Pieces scored.
    pub pieces: u64,
    /// Steps predicted.
    pub steps: u64,
    /// Play and articulation together.
    #[serde(deserialize_with = "number")]
    pub nats_step: f64,
    /// The play bits alone.
    #[serde(deserialize_with = "number")]
    pub play_nats_step: f64,
    /// The articulation bits alone.
    #[serde(deserialize_with = "number")]
    pub art_nats_step: f64,
}

/// A number as JSON has it, where `null` stands for what is none.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

impl Made {
    /// The account in a file's text entry, if it is sound: its texts on one line and no longer than
    /// anyone reads.
    pub(super) fn from_text(text: &str, config: &Config) -> Option<Made> {
        let mut made: Made = serde_json::from_str(text).ok()?;
        if !made.baselines.values().all(|baseline| baseline.is_valid(config.keys())) {
            return None;
        }
        let Made { command, version, corpus, licence, corpus_digest, .. } = &mut made;
        for text in [command, version, corpus, licence, corpus_digest] {
            if text.contains(char::is_control) || text.chars().nth(MAX_TEXT).is_some() {
                let plain = |c: char| if c.is_control() { ' ' } else { c };
                *text = text.chars().take(MAX_TEXT).map(plain).collect();
            }
        }
        Some(made)
    }
}

impl Metadata {
    /// Reads the container's text entries; entries of other makers are ignored.
    pub(super) fn from_texts(
        texts: &HashMap<String, String>,
        config: &Config,
    ) -> Result<Metadata, CheckpointError> {
        let bad = |key, reason: String| CheckpointError::Metadata { key, reason };
        let mut meta = Metadata::default();
        if let Some(text) = texts.get("prompts") {
            let prompts: Vec<String> =
                serde_json::from_str(text).map_err(|e| bad("prompts", e.to_string()))?;
            for (index, prompt) in prompts.iter().take(MAX_PROMPTS + 1).enumerate() {
                let roll = unpack(config.range(), prompt).ok_or_else(|| {
                    bad("prompts", format!("prompt {index} is not {PROMPT_STEPS} packed steps"))
                })?;
                meta.prompts.push(roll);
            }
        }
        meta.made = texts.get("made").and_then(|text| Made::from_text(text, config));
        meta.validate(config)?;
        Ok(meta)
    }

    /// The container's text entries.
    pub(super) fn to_texts(&self, config: &Config) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        if !self.prompts.is_empty() {
            let packed: Vec<String> =
                self.prompts.iter().map(|roll| pack(config.range(), roll)).collect();
            texts.insert("prompts".into(), serde_json::json!(packed).to_string());
        }
        if let Some(made) = &self.made {
            texts.insert("made".into(), serde_json::json!(made).to_string());
        }
        texts
    }

    pub(super) fn validate(&self, config: &Config) -> Result<(), CheckpointError> {
        let bad = |key, reason| Err(CheckpointError::Metadata { key, reason });
        if self.prompts.len() > MAX_PROMPTS {
            return bad("prompts", format!("more than {MAX_PROMPTS} prompts"));
        }
        if let Some(n) = self.prompts.iter().position(|roll| roll.len() != PROMPT_STEPS) {
            return bad("prompts", format!("prompt {n} does not have {PROMPT_STEPS} steps"));
        }
        for (name, baseline) in self.made.iter().flat_map(|made| &made.baselines) {
            if !baseline.is_valid(config.keys()) {
                return bad(
                    "made",
                    format!("baseline `{name}` lacks a probability for each of the keys"),
                );
            }
        }
        Ok(())
    }
}

/// Each step as the bits of `[K, 2]` in whole bytes, most significant bit first (as numpy's
/// `packbits(roll.reshape(S, 2 * K), axis=1)`), then base64.
fn pack(range: KeyRange, roll: &PianoRoll) -> String {
    let mut bytes = Vec::new();
    for row in roll.to_bits(range).chunks(2 * usize::from(range.count)) {
        for bits in row.chunks(8) {
            bytes.push((0..).zip(bits).fold(0, |byte, (n, bit)| byte | bit << (7 - n)));
        }
    }
    BASE64.encode(bytes)
}

fn unpack(range: KeyRange, text: &str) -> Option<PianoRoll> {
    let row = 2 * usize::from(range.count);
    let bytes = BASE64.decode(text).ok()?;
    if bytes.len() != PROMPT_STEPS * row.div_ceil(8) {
        return None;
    }
    let mut bits = Vec::with_capacity(PROMPT_STEPS * row);
    for step in bytes.chunks_exact(row.div_ceil(8)) {
        bits.extend((0..row).map(|n| step[n / 8] >> (7 - n % 8) & 1));
    }
    PianoRoll::from_bits(range, &bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Chord;

    #[test]
    fn a_damaged_account_costs_the_account_alone() {
        let config = Config::default();
        let read = |made: &str| {
            let texts = HashMap::from([("made".to_owned(), made.to_owned())]);
            Metadata::from_texts(&texts, &config).expect("the network is sound").made
        };
        for damaged in ["", "7", r#"{"seed": -1}"#, r#"{"baselines": {"coin": 1}}"#] {
            assert_eq!(read(damaged), None, "{damaged}");
        }
        // Not a number in any figure: JSON has no word for it, and writes null.
        let made =
            Made { train_loss: f64::NAN, heldout: Some(Scores::default()), ..Made::default() };
        let text = serde_json::json!(made).to_string();
        assert!(text.contains("null"), "{text}");
        let made = read(&text).expect("an account");
        assert!(made.train_loss.is_nan());
        // Texts for one line of a terminal or a window.
        let licence = format!("CC0\u{1b}[31m\n{}", "x".repeat(2 * MAX_TEXT));
        let made = Made { licence, ..Made::default() };
        let made = read(&serde_json::json!(made).to_string()).expect("an account");
        assert!(made.licence.starts_with("CC0 [31m xx"), "{}", made.licence);
        assert_eq!(made.licence.len(), MAX_TEXT);
    }

    #[test]
    fn prompts_survive_packing_at_any_width() {
        for count in [1, 5, 78, 88] {
            let range = KeyRange { low: 21, count };
            let roll: PianoRoll = (0..PROMPT_STEPS)
                .map(|s| {
                    let mut chord = Chord::struck_keys([21 + (s % usize::from(count)) as u8]);
                    chord.hold(21 + count - 1);
                    chord
                })
                .collect();
            assert_eq!(unpack(range, &pack(range, &roll)), Some(roll), "{count} keys");
        }
        assert_eq!(unpack(KeyRange { low: 21, count: 4 }, "AAAA"), None);
    }
}
