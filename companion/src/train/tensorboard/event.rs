//! The messages of event files, as far as they are written here: TensorFlow's `event.proto`,
//! `summary.proto` and `tensor.proto`.

use prost::{Message, Oneof};

/// One thing that happened.
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// Iterations done.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// What it was.
    #[prost(oneof = "What", tags = "3, 5, 7")]
    pub what: Option<What>,
}

/// What happened.
#[derive(Clone, PartialEq, Oneof)]
pub enum What {
    /// The file begins.
    #[prost(string, tag = "3")]
    FileVersion(String),
    /// Something is to be shown.
    #[prost(message, tag = "5")]
    Summary(Summary),
    /// The run begins or goes on.
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

/// Values of one step.
#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    pub value: Vec<Value>,
}

/// A value of a curve or a gallery.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    /// Its name; what comes before a slash groups it.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// What shows it, where the kind of value does not tell.
    #[prost(message, optional, tag = "9")]
    pub metadata: Option<Metadata>,
    /// The value.
    #[prost(oneof = "Content", tags = "2, 4, 8")]
    pub content: Option<Content>,
}

/// A value by its kind.
#[derive(Clone, PartialEq, Oneof)]
pub enum Content {
    /// A point of a curve.
    #[prost(float, tag = "2")]
    Number(f32),
    /// A picture.
    #[prost(message, tag = "4")]
    Image(Image),
    /// Anything else.
    #[prost(message, tag = "8")]
    Tensor(Tensor),
}

/// A picture.
#[derive(Clone, PartialEq, Message)]
pub struct Image {
    /// In pixels.
    #[prost(int32, tag = "1")]
    pub height: i32,
    /// In pixels.
    #[prost(int32, tag = "2")]
    pub width: i32,
    /// Numbers in a pixel: 3 is RGB.
    #[prost(int32, tag = "3")]
    pub colorspace: i32,
    /// A PNG file.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded_image_string: Vec<u8>,
}

/// A list of texts.
#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    /// [`Tensor::STRING`].
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    /// How many.
    #[prost(message, optional, tag = "2")]
    pub tensor_shape: Option<Shape>,
    /// The texts.
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub string_val: Vec<Vec<u8>>,
}

impl Tensor {
    /// `DT_STRING`.
    pub const STRING: i32 = 7;
}

/// Size of a tensor.
#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    /// Of each dimension.
    #[prost(message, repeated, tag = "2")]
    pub dim: Vec<Dimension>,
}

/// Size of a dimension.
#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    /// How many.
    #[prost(int64, tag = "1")]
    pub size: i64,
}

/// How a value is shown.
#[derive(Clone, PartialEq, Message)]
pub struct Metadata {
    /// By what.
    #[prost(message, optional, tag = "1")]
    pub plugin_data: Option<Plugin>,
}

/// A part of TensorBoard.
#[derive(Clone, PartialEq, Message)]
pub struct Plugin {
    /// Such as `text`.
    #[prost(string, tag = "1")]
    pub plugin_name: String,
}

/// Begin, or going on: what came at this step or later before is void.
#[derive(Clone, PartialEq, Message)]
pub struct SessionLog {
    /// [`SessionLog::START`].
    #[prost(int32, tag = "1")]
    pub status: i32,
}

impl SessionLog {
    /// `SessionStatus.START`.
    pub const START: i32 = 1;
}
