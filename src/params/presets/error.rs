//! What can be wrong with a preset.

/// Why a preset is none, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    /// There is nothing in it.
    #[error("it is empty; delete it, or save a preset in its place")]
    Empty,
    /// Larger than any preset.
    #[error("it is larger than 64 KiB, which no preset is; move it elsewhere")]
    TooLarge,
    /// No UTF-8.
    #[error("it is not text in UTF-8; save it as such, or move it elsewhere")]
    NotText,
    /// No JSON, or not that of a preset.
    #[error("it is not a preset ({0}); compare it with one that the plugin saved")]
    NotAPreset(#[from] serde_json::Error),
    /// A name that is none.
    #[error("a preset needs a name of 1 to 64 characters on one line; change \"name\"")]
    Name,
    /// A description that is a book.
    #[error("the description is longer than 400 characters; shorten \"about\"")]
    About,
    /// Words that are sentences, or too many.
    #[error("\"tags\" are 8 words at most, of 1 to 24 characters each; shorten them")]
    Tags,
    /// A parameter that is not there, or no part of presets.
    #[error("\"{id}\" is no parameter of a preset; rename or remove it (known: {known})")]
    UnknownId {
        /// What stands in the file.
        id: String,
        /// All that may.
        known: String,
    },
    /// A value that a host would not read either.
    #[error("\"{id}\" cannot be \"{text}\": {range}")]
    Value {
        /// The parameter.
        id: &'static str,
        /// What stands in the file.
        text: String,
        /// What may.
        range: String,
    },
    /// A path that no system opens.
    #[error("the path in \"model_file\" is longer than 4096 bytes; shorten it")]
    ModelFile,
}
