//! What a checkpoint says of itself, without its weights.

use std::collections::HashMap;
use std::io::{self, Read};

use serde::Deserialize;

use super::{CheckpointError, FORMAT, MAX_HEADER_BYTES, Made};
use crate::model::config::Config;

/// Why a card cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The system refused, or the file ends too soon.
    #[error("it cannot be read ({0})")]
    Read(#[from] io::Error),
    /// It is no checkpoint of ours.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// A checkpoint by its own account. That its weights are sound is not known by it.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Its network.
    pub config: Config,
    /// How it was made, if it says so.
    pub made: Option<Made>,
}

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "__metadata__", default)]
    texts: HashMap<String, String>,
}

impl Card {
    /// Reads the header of a checkpoint and nothing after it, a megabyte at most.
    ///
    /// # Errors
    /// If reading fails, or this is no checkpoint of ours.
    pub fn read(mut from: impl Read) -> Result<Card, CardError> {
        let mut length = [0; 8];
        from.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER_BYTES as u64 {
            let limit = MAX_HEADER_BYTES;
            return Err(CheckpointError::HeaderTooLarge { found: length, limit }.into());
        }
        let mut header = Vec::new();
        from.take(length).read_to_end(&mut header)?;
        Ok(Self::of_header(&header)?)
    }

    fn of_header(header: &[u8]) -> Result<Card, CheckpointError> {
        let other = |found| CheckpointError::Format { found, expected: FORMAT };
        let header: Header = serde_json::from_slice(header).map_err(|_| other(None))?;
        match header.texts.get("format") {
            Some(format) if format == FORMAT => {}
            found => return Err(other(found.cloned())),
        }
        let config = header.texts.get("config").ok_or(CheckpointError::NoConfig)?;
        let config: Config = serde_json::from_str(config).map_err(CheckpointError::Config)?;
        config.validate()?;
        let made = header.texts.get("made").and_then(|text| Made::from_text(text, &config));
        Ok(Card { config, made })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSICAL: &[u8] = include_bytes!("../../../models/classical.safetensors");

    #[test]
    fn a_card_tells_what_the_checkpoint_tells() {
        let card = Card::read(CLASSICAL).expect("a model");
        let whole = super::super::Checkpoint::parse(CLASSICAL).expect("a model");
        assert_eq!(&card.config, whole.config());
        assert_eq!(card.made, whole.meta.made);
    }

    #[test]
    fn what_is_no_checkpoint_has_no_card() {
        for bytes in [&b""[..], b"RIFF", &[0xff; 64], b"\x02\0\0\0\0\0\0\0{}", &CLASSICAL[..100]] {
            assert!(Card::read(bytes).is_err(), "{bytes:?}");
        }
    }
}
