//! Why a checkpoint cannot be used, in words that say which tensor and what was expected.

use crate::model::config::ConfigError;

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file is larger than any model of this format.
    #[error("the file has {found} bytes; a model has at most {limit}")]
    FileTooLarge {
        /// Bytes of the file.
        found: usize,
        /// Most bytes possible.
        limit: usize,
    },
    /// The header says it is larger than any header of this format.
    #[error("the header claims {found} bytes; at most {limit} are read. Not a model file?")]
    HeaderTooLarge {
        /// Bytes claimed.
        found: u64,
        /// Most bytes possible.
        limit: usize,
    },
    /// The file ends inside its header.
    #[error("the file ends after {found} bytes, inside its header: it is cut off or no model")]
    Truncated {
        /// Bytes of the file.
        found: usize,
    },
    /// The safetensors container is broken.
    #[error("not a readable safetensors file: {0}")]
    Container(#[source] safetensors::SafeTensorError),
    /// The metadata does not name this format.
    #[error(
        "metadata `format` is {}; expected `{expected}`. Only models made by `cargo xtask \
         train`, or converted to that format, can be used",
        match found { Some(found) => format!("`{found}`"), None => "missing".into() }
    )]
    Format {
        /// The value found, if any.
        found: Option<String>,
        /// The value expected.
        expected: &'static str,
    },
    /// No configuration in the metadata.
    #[error("metadata `config` is missing: the layer sizes are unknown")]
    NoConfig,
    /// The configuration is not the JSON expected.
    #[error("metadata `config` cannot be read: {0}")]
    Config(#[source] serde_json::Error),
    /// The configuration is out of bounds.
    #[error("metadata `config`: {0}")]
    Sizes(#[from] ConfigError),
    /// Another metadata entry cannot be read.
    #[error("metadata `{key}` cannot be read: {reason}")]
    Metadata {
        /// Key of the entry.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor is missing.
    #[error("tensor `{tensor}` is missing; expected f32 of shape {expected:?}")]
    Missing {
        /// Name of the tensor.
        tensor: String,
        /// Shape it should have.
        expected: Vec<usize>,
    },
    /// A tensor is not part of the network.
    #[error("tensor `{tensor}` is not part of a network of this configuration")]
    Surplus {
        /// Name of the tensor.
        tensor: String,
    },
    /// A tensor has another element type.
    #[error("tensor `{tensor}` holds {found}; expected F32")]
    Dtype {
        /// Name of the tensor.
        tensor: String,
        /// Element type found.
        found: String,
    },
    /// A tensor has another shape.
    #[error("tensor `{tensor}` has shape {found:?}; expected {expected:?}")]
    Shape {
        /// Name of the tensor.
        tensor: String,
        /// Shape by the configuration.
        expected: Vec<usize>,
        /// Shape found.
        found: Vec<usize>,
    },
    /// A tensor holds infinity or not-a-number.
    #[error("tensor `{tensor}` holds {value} at element {index}; expected finite numbers")]
    NotFinite {
        /// Name of the tensor.
        tensor: String,
        /// First bad element, row-major.
        index: usize,
        /// Its value.
        value: f32,
    },
}
