//! Settings that are one of a few words.

use serde::{Deserialize, Serialize};

/// How a piece is drawn before a segment of it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// Every piece alike: short pieces are heard as often as long ones.
    #[default]
    Piece,
    /// By the number of segments a piece has: every segment alike.
    Length,
}

/// What computes gradients and scores on the CPU while training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum BackendKind {
    /// Written by hand for the CPU: fast, and the same bits with any number of threads.
    #[default]
    Fused,
    /// candle's automatic differentiation: slow, to compare with.
    Candle,
}

/// Where a run computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// The processor.
    #[default]
    Cpu,
    /// NVIDIA's GPUs, through candle; building for them takes the CUDA toolkit.
    Cuda,
    /// Apple's GPUs, through candle.
    Metal,
}

impl DeviceKind {
    /// The flag that asks for it.
    pub fn flag(self) -> String {
        let value = clap::ValueEnum::to_possible_value(&self);
        format!("--device {}", value.map_or(String::new(), |value| value.get_name().to_owned()))
    }
}

/// What is read, scored and trained on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Music in sixteenths, which notes play and which begin: what the plugin plays.
    #[default]
    Product,
    /// The published piano-roll benchmarks: 88 keys from 21 and the first frame predicted, too,
    /// whatever the network is set to; frames of roll files as they are given; play bits alone.
    Benchmark,
}

/// Where the prompts of a checkpoint come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum PromptSource {
    /// The corpus, if the licence says that it may be passed on; else the model.
    #[default]
    Corpus,
    /// The model, which plays them itself.
    Model,
}
