//! One `--data`: a folder or a file, and how much of a batch comes from it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::builder::{OsStringValueParser, TypedValueParser};

/// What stands after `--data`: `PATH` or `PATH=WEIGHT`.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// A folder with all below it, or a file.
    pub path: PathBuf,
    /// Chance that a segment is drawn from it, relative to the others; above 0.
    pub weight: Option<f64>,
}

impl AsRef<Path> for Source {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

impl Source {
    /// For an argument of clap.
    pub fn parser() -> impl TypedValueParser<Value = Source> {
        OsStringValueParser::new().try_map(|word| Source::parse(word).map_err(|e| e.to_string()))
    }

    /// Reads `PATH` or `PATH=WEIGHT`. What exists under the whole word, or does not end in a
    /// number, is a path.
    ///
    /// # Errors
    /// If the weight is not above 0, or not finite.
    pub fn parse(word: OsString) -> Result<Source> {
        if let Some((path, tail)) = word.to_str().and_then(|word| word.rsplit_once('='))
            && let Ok(weight) = tail.parse::<f64>()
            && !Path::new(&word).exists()
        {
            ensure!(is_weight(weight), "the weight {tail} is not between 0.000001 and 1000000");
            return Ok(Source { path: path.into(), weight: Some(weight) });
        }
        Ok(Source { path: word.into(), weight: None })
    }
}

/// Whether a number can be a weight: 1e-6 to 1e6.
pub fn is_weight(weight: f64) -> bool {
    (1e-6..=1e6).contains(&weight)
}

/// The weights of sources, in their order; empty if none has one, else 1 where one has none.
pub fn weights(sources: &[Source]) -> Vec<f64> {
    if sources.iter().all(|source| source.weight.is_none()) {
        return vec![];
    }
    sources.iter().map(|source| source.weight.unwrap_or(1.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_after_the_last_sign_is_a_weight_unless_it_is_a_name() {
        let parse = |word: &str| Source::parse(word.into());
        let source = |path: &str, weight| Source { path: path.into(), weight };
        assert_eq!(parse("data/pop").expect("a path"), source("data/pop", None));
        assert_eq!(parse("data/pop=0.5").expect("weighted"), source("data/pop", Some(0.5)));
        assert_eq!(parse("a=b=2").expect("weighted"), source("a=b", Some(2.0)));
        assert_eq!(parse("a=b").expect("a path"), source("a=b", None));
        for wild in ["a=0", "a=-1", "a=nan", "a=inf", "a=1e9"] {
            let error = parse(wild).expect_err(wild).to_string();
            assert!(error.contains("weight"), "{error}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let named = folder.path().join("take=2");
        std::fs::create_dir(&named).expect("made");
        let found = Source::parse(named.clone().into()).expect("a path");
        assert_eq!((found.path, found.weight), (named, None));
    }

    #[test]
    fn weights_are_all_or_none() {
        let parse = |words: &[&str]| -> Vec<f64> {
            let sources = words.iter().map(|word| Source::parse(word.into()).expect("good"));
            weights(&sources.collect::<Vec<_>>())
        };
        assert_eq!(parse(&["a", "b"]), Vec::<f64>::new());
        assert_eq!(parse(&["a", "b=0.5", "c=2"]), [1.0, 0.5, 2.0]);
    }
}
