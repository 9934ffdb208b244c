//! The parameters that a host sees: stable ids, ranges, units, text both ways.
//!
//! Ids and the ids of enum values are part of saved projects and automation lanes: they
//! are never renamed. What the audio thread reads is copied once per block into
//! [`crate::jam`]'s `Controls` by [`AnacrusisParams::controls`].

mod choices;
mod model_choice;

pub use choices::{LookaheadChoice, ModelSource, RateChoice};
pub use model_choice::{ModelChoice, ModelPath, StateFormat};

use std::ops::RangeInclusive;
use std::sync::Arc;

use nih_plug::formatters;
use nih_plug::prelude::{BoolParam, EnumParam, FloatParam, FloatRange, IntParam, IntRange, Params};

use crate::audition::Settings;
use crate::jam::controls::{Controls, Shaping};

/// Sampling temperature, a factor on the network's logits' scale (no unit).
pub const TEMPERATURE: RangeInclusive<f32> = 0.1..=2.0;
/// Density: 1 as the model was trained, 2 many notes, 1/2 few (no unit).
pub const DENSITY: RangeInclusive<f32> = 0.5..=2.0;
/// Probabilities below this share, or above one minus it, are taken as certain.
pub const TRUNCATION: RangeInclusive<f32> = 0.0..=0.2;
/// Seeds of the random draws.
pub const SEED: RangeInclusive<i32> = 0..=65_535;
/// MIDI channels as musicians count them.
pub const CHANNEL: RangeInclusive<i32> = 1..=16;
/// MIDI note-on velocities; 0 would be a note-off.
pub const VELOCITY: RangeInclusive<i32> = 1..=127;
/// Level of the audition voice in decibels; 0 is its loudest.
pub const AUDITION_LEVEL: RangeInclusive<f32> = -48.0..=0.0;

/// Everything a host can set, and what is saved beside it in the project.
#[derive(Params)]
pub struct AnacrusisParams {
    /// How daring the choice of notes is.
    #[id = "temperature"]
    pub temperature: FloatParam,
    /// How many notes are played, against the model's own measure.
    #[id = "density"]
    pub density: FloatParam,
    /// Which of the possible pieces is played.
    #[id = "seed"]
    pub seed: IntParam,
    /// How far before it sounds a chord is decided.
    #[id = "lookahead"]
    pub lookahead: EnumParam<LookaheadChoice>,
    /// Musical length of one of the model's steps.
    #[id = "rate"]
    pub rate: EnumParam<RateChoice>,
    /// MIDI channel of the notes played, 1 to 16.
    #[id = "channel"]
    pub channel: IntParam,
    /// Velocity of the notes played.
    #[id = "velocity"]
    pub velocity: IntParam,
    /// Cuts off the improbable, which would otherwise give a stray note per bar.
    #[id = "truncation"]
    pub truncation: FloatParam,
    /// Lets a block wait, bounded, for a chord that is not there: for bounces in hosts
    /// that do not say that they render.
    #[id = "wait-for-notes"]
    pub wait_for_notes: BoolParam,
    /// Whether a small synth of our own sounds the notes.
    #[id = "audition"]
    pub audition: BoolParam,
    /// How loud it does, in decibels.
    #[id = "audition-level"]
    pub audition_level: FloatParam,
    /// Which model plays: an embedded one or the user's own file.
    #[id = "model"]
    pub model: EnumParam<ModelSource>,

    /// The user's own model file, kept also while an embedded one plays.
    #[persist = "model-path"]
    pub model_path: ModelPath,
    /// Layout of the saved state, for migrations.
    #[persist = "format"]
    pub format: StateFormat,
}

impl Default for AnacrusisParams {
    fn default() -> Self {
        let model_path = ModelPath::default();
        let changed = model_path.clone();
        Self {
            temperature: FloatParam::new("Temperature", 0.9, linear(&TEMPERATURE))
                .with_step_size(0.01)
                .with_value_to_string(formatters::v2s_f32_rounded(2)),
            density: FloatParam::new(
                "Density",
                1.0,
                // Symmetric about 1, so that twice and half lie equally far from it.
                FloatRange::SymmetricalSkewed {
                    min: *DENSITY.start(),
                    max: *DENSITY.end(),
                    factor: 1.0,
                    center: 1.0,
                },
            )
            .with_step_size(0.01)
            .with_unit(" x")
            .with_value_to_string(formatters::v2s_f32_rounded(2)),
            seed: IntParam::new("Seed", 1, whole(&SEED)),
            lookahead: EnumParam::new("Lookahead", LookaheadChoice::default()).non_automatable(),
            rate: EnumParam::new("Rate", RateChoice::default()).non_automatable(),
            channel: IntParam::new("Channel", 1, whole(&CHANNEL)),
            velocity: IntParam::new("Velocity", 80, whole(&VELOCITY)),
            truncation: FloatParam::new("Truncation", 0.02, linear(&TRUNCATION))
                .with_step_size(0.001)
                .with_unit(" %")
                .with_value_to_string(formatters::v2s_f32_percentage(1))
                .with_string_to_value(formatters::s2v_f32_percentage()),
            wait_for_notes: BoolParam::new("Wait for notes", false).non_automatable(),
            audition: BoolParam::new("Audition", false),
            audition_level: FloatParam::new("Audition level", -6.0, linear(&AUDITION_LEVEL))
                .with_step_size(0.1)
                .with_unit(" dB"),
            model: EnumParam::new("Model", ModelSource::default())
                .non_automatable()
                .with_callback(Arc::new(move |_| changed.touch())),
            model_path,
            format: StateFormat::default(),
        }
    }
}

impl AnacrusisParams {
    /// The defaults of a program that nobody has routed anywhere: the audition voice is on.
    pub fn auditioning() -> Self {
        Self { audition: BoolParam::new("Audition", true), ..Self::default() }
    }

    /// The parameters of a block, in the units of `jam`. Values are brought into range
    /// here once more: a host may hand over anything, NaN included.
    ///
    /// # Realtime
    ///
    /// Reads atomics only.
    pub fn controls(&self) -> Controls {
        Controls {
            shaping: Shaping {
                temperature: sane(self.temperature.value(), &TEMPERATURE, 0.9),
                truncation: sane(self.truncation.value(), &TRUNCATION, 0.02),
                density: sane(self.density.value(), &DENSITY, 1.0),
            },
            seed: u64::from(self.seed.value().clamp(*SEED.start(), *SEED.end()).unsigned_abs()),
            lookahead: self.lookahead.value().into(),
            rate: self.rate.value().into(),
            channel: byte(self.channel.value(), &CHANNEL) - 1,
            velocity: byte(self.velocity.value(), &VELOCITY),
            wait_for_notes: self.wait_for_notes.value(),
            ..Controls::default()
        }
    }

    /// What the audition voice shall do.
    ///
    /// # Realtime
    ///
    /// Reads atomics only.
    pub fn audition(&self) -> Settings {
        Settings {
            on: self.audition.value(),
            level_db: sane(self.audition_level.value(), &AUDITION_LEVEL, -6.0),
        }
    }

    /// The model that the parameters ask for. Locks the path: never on the audio thread.
    pub fn model_choice(&self) -> ModelChoice {
        match self.model.value() {
            ModelSource::Classical => ModelChoice::Classical,
            ModelSource::File => ModelChoice::File(self.model_path.get()),
        }
    }
}

fn linear(range: &RangeInclusive<f32>) -> FloatRange {
    FloatRange::Linear { min: *range.start(), max: *range.end() }
}

fn whole(range: &RangeInclusive<i32>) -> IntRange {
    IntRange::Linear { min: *range.start(), max: *range.end() }
}

fn sane(value: f32, range: &RangeInclusive<f32>, default: f32) -> f32 {
    if value.is_nan() { default } else { value.clamp(*range.start(), *range.end()) }
}

fn byte(value: i32, range: &RangeInclusive<i32>) -> u8 {
    // The ranges lie in 1..=127, so the cast keeps every bit.
    value.clamp(*range.start(), *range.end()) as u8
}
