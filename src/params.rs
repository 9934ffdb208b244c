//! The parameters that a host sees: stable ids, ranges, units, text both ways.
//!
//! Ids and the ids of enum values are part of saved projects and automation lanes: they
//! are never renamed. What the audio thread reads is copied once per block into
//! [`crate::jam`]'s `Controls` by [`AnacrusisParams::controls`].

mod choices;
pub mod file;
mod from_newer;
mod made_with;
mod model_choice;
pub mod presets;
mod ranges;
mod take;
mod text;

pub use choices::{
    KeyChoice, LookaheadChoice, ModeChoice, ModelSource, PairsChoice, RateChoice, ReplayChoice,
    ScaleChoice,
};
pub use from_newer::FromNewer;
pub use made_with::MadeWith;
pub use model_choice::{ModelChoice, ModelPath, StateFormat};
pub use ranges::*;
pub use take::TakeField;

use std::ops::RangeInclusive;
use std::sync::Arc;

use nih_plug::formatters;
use nih_plug::prelude::{
    BoolParam, EnumParam, FloatParam, FloatRange, IntParam, IntRange, Param, Params,
};

use crate::audition::Settings;
use crate::jam::controls::{Bounds, Controls, Groove, Shaping, Swing};

/// Everything a host can set, and what is saved beside it in the project.
#[derive(Params)]
pub struct AnacrusisParams {
    /// Whether incoming notes go through untouched and nothing else happens.
    #[id = "bypass"]
    pub bypass: BoolParam,
    /// What the musician's own playing does.
    #[id = "mode"]
    pub mode: EnumParam<ModeChoice>,
    /// How long after its step a chord sounds, so that what the musician plays in it is heard first.
    #[id = "reaction"]
    pub reaction: FloatParam,
    /// How far the musician is followed.
    #[id = "follow"]
    pub follow: FloatParam,
    /// Whether we are silent until the musician plays.
    #[id = "start-with-me"]
    pub start_with_me: BoolParam,
    /// Whether we end after a bar without the musician.
    #[id = "stop-with-me"]
    pub stop_with_me: BoolParam,
    /// Whether generated notes keep away from the musician's register.
    #[id = "room"]
    pub room: BoolParam,
    /// Whether a key that the musician holds may be doubled.
    #[id = "double"]
    pub double: BoolParam,
    /// Whether incoming notes are passed on.
    #[id = "thru"]
    pub thru: BoolParam,
    /// The sustain pedal, where the host hands over no controllers.
    #[id = "sustain"]
    pub sustain: BoolParam,
    /// Asks for the answer now, as long as it is on.
    #[id = "answer-now"]
    pub answer_now: BoolParam,
    /// How daring the choice of notes is.
    #[id = "temperature"]
    pub temperature: FloatParam,
    /// How many notes sound and begin, against the model's own music.
    #[id = "density"]
    pub density: FloatParam,
    /// How much higher or lower it prefers to play, in semitones.
    #[id = "register"]
    pub register: IntParam,
    /// Tonic of the scale.
    #[id = "key"]
    pub key: EnumParam<KeyChoice>,
    /// The notes that may sound, as a scale.
    #[id = "scale"]
    pub scale: EnumParam<ScaleChoice>,
    /// Lowest key that may sound.
    #[id = "lowest"]
    pub lowest: IntParam,
    /// Highest key that may sound.
    #[id = "highest"]
    pub highest: IntParam,
    /// Most notes at once.
    #[id = "most-notes"]
    pub most_notes: IntParam,
    /// Most notes that begin in one step.
    #[id = "most-onsets"]
    pub most_onsets: IntParam,
    /// Whether low thirds are kept out of the bass.
    #[id = "clear-bass"]
    pub clear_bass: BoolParam,
    /// Semitones by which the music sounds higher than the model thinks it.
    #[id = "transpose"]
    pub transpose: IntParam,
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
    /// Whether bass, middle and top go to three channels.
    #[id = "split"]
    pub split: BoolParam,
    /// Velocity of the notes played.
    #[id = "velocity"]
    pub velocity: IntParam,
    /// How far the notes are as loud as what the musician plays.
    #[id = "dynamics"]
    pub dynamics: FloatParam,
    /// Velocity added on the bar line, and half of it on the other counts.
    #[id = "accent"]
    pub accent: IntParam,
    /// What chance adds to a velocity or takes from it at most.
    #[id = "humanise"]
    pub humanise: IntParam,
    /// Where in its last step a note ends.
    #[id = "gate"]
    pub gate: FloatParam,
    /// How uneven pairs of notes are.
    #[id = "swing"]
    pub swing: FloatParam,
    /// Which notes make a pair.
    #[id = "swing-of"]
    pub swing_of: EnumParam<PairsChoice>,
    /// How much later everything sounds.
    #[id = "lay-back"]
    pub lay_back: FloatParam,
    /// What chance does to when a chord sounds.
    #[id = "timing"]
    pub timing: FloatParam,
    /// How much of the musician's own deviation from the grid is taken over.
    #[id = "groove"]
    pub groove: FloatParam,
    /// Cuts off the improbable, which would otherwise give a stray note per bar.
    #[id = "truncation"]
    pub truncation: FloatParam,
    /// When the take is replayed instead of new music.
    #[id = "replay"]
    pub replay: EnumParam<ReplayChoice>,
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
    /// The model that the music of the project was made with.
    #[persist = "made-with"]
    pub made_with: MadeWith,
    /// What was played.
    #[persist = "take"]
    pub take: TakeField,
    /// What a newer build saved and this one does not know.
    #[persist = "from-newer"]
    pub from_newer: FromNewer,
    /// Layout of the saved state, for migrations.
    #[persist = "format"]
    pub format: StateFormat,
}

impl Default for AnacrusisParams {
    fn default() -> Self {
        let model_path = ModelPath::default();
        let changed = model_path.clone();
        Self {
            bypass: BoolParam::new("Bypass", false).make_bypass(),
            mode: EnumParam::new("Mode", ModeChoice::default()).non_automatable(),
            reaction: milliseconds("Reaction", Controls::USUAL_REACTION_MS, &REACTION),
            follow: percent("Follow", Controls::USUAL_FOLLOW, &FOLLOW),
            start_with_me: BoolParam::new("Start with me", false),
            stop_with_me: BoolParam::new("Stop with me", false),
            room: BoolParam::new("Room", true),
            double: BoolParam::new("Double", false),
            thru: BoolParam::new("Thru", true),
            sustain: BoolParam::new("Sustain", false),
            answer_now: BoolParam::new("Answer now", false),
            temperature: FloatParam::new("Wild", 0.9, linear(&TEMPERATURE))
                .with_step_size(0.01)
                .with_value_to_string(formatters::v2s_f32_rounded(2)),
            density: FloatParam::new(
                "Busy",
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
            register: IntParam::new("Register", 0, whole(&REGISTER)).with_unit(" st"),
            key: EnumParam::new("Key", KeyChoice::default()),
            scale: EnumParam::new("Scale", ScaleChoice::default()),
            lowest: midi_key("Lowest note", *MIDI_KEY.start()),
            highest: midi_key("Highest note", *MIDI_KEY.end()),
            most_notes: most("Most notes", Bounds::default().most_notes),
            most_onsets: most("Most onsets", Bounds::default().most_onsets),
            clear_bass: BoolParam::new("Clear bass", true),
            transpose: IntParam::new("Transpose", 0, whole(&TRANSPOSE)).with_unit(" st"),
            seed: IntParam::new("Seed", 1, whole(&SEED)),
            lookahead: EnumParam::new("Lookahead", LookaheadChoice::default()).non_automatable(),
            rate: EnumParam::new("Rate", RateChoice::default()).non_automatable(),
            channel: IntParam::new("Channel", 1, whole(&CHANNEL)),
            split: BoolParam::new("Split", false),
            velocity: IntParam::new("Loudness", 80, whole(&VELOCITY)),
            dynamics: percent("Dynamics", 1.0, &DYNAMICS),
            accent: IntParam::new("Accent", 0, whole(&VELOCITY_CHANGE)),
            humanise: IntParam::new("Humanise", 0, whole(&VELOCITY_CHANGE)),
            gate: percent("Gate", 1.0, &GATE),
            swing: percent("Swing", 0.5, &SWING),
            swing_of: EnumParam::new("Swing of", PairsChoice::default()),
            lay_back: milliseconds("Lay back", 0.0, &LAY_BACK),
            timing: milliseconds("Timing", 0.0, &TIMING),
            groove: percent("Groove", 0.0, &GROOVE),
            truncation: FloatParam::new("Truncation", 0.02, linear(&TRUNCATION))
                .with_step_size(0.001)
                .with_unit(" %")
                .with_value_to_string(formatters::v2s_f32_percentage(1))
                .with_string_to_value(formatters::s2v_f32_percentage()),
            replay: EnumParam::new("Replay", ReplayChoice::default()),
            wait_for_notes: BoolParam::new("Wait for notes", false).non_automatable(),
            audition: BoolParam::new("Audition", false),
            audition_level: FloatParam::new("Audition level", -6.0, linear(&AUDITION_LEVEL))
                .with_step_size(0.1)
                .with_unit(" dB")
                // Else what rounds to nought from below is shown as -0.0.
                .with_value_to_string(formatters::v2s_f32_rounded(1)),
            model: EnumParam::new("Model", ModelSource::default())
                .non_automatable()
                .with_callback(Arc::new(move |_| changed.touch())),
            model_path,
            made_with: MadeWith::default(),
            from_newer: FromNewer::default(),
            take: TakeField::default(),
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
            mode: self.mode.value().into(),
            reaction_ms: sane(self.reaction.value(), &REACTION, Controls::USUAL_REACTION_MS),
            follow: sane(self.follow.value(), &FOLLOW, Controls::USUAL_FOLLOW),
            start_with_me: self.start_with_me.value(),
            stop_with_me: self.stop_with_me.value(),
            room: self.room.value(),
            double: self.double.value(),
            thru: self.thru.value(),
            sustain: self.sustain.value(),
            answer_now: self.answer_now.value(),
            shaping: Shaping {
                temperature: sane(self.temperature.value(), &TEMPERATURE, 0.9),
                truncation: sane(self.truncation.value(), &TRUNCATION, 0.02),
                density: sane(self.density.value(), &DENSITY, 1.0),
                // A few semitones: f32 is plenty.
                register: self.register.value().clamp(*REGISTER.start(), *REGISTER.end()) as f32,
            },
            bounds: Bounds {
                tonic: self.key.value().into(),
                scale: self.scale.value().into(),
                lowest: byte(self.lowest.value(), &MIDI_KEY),
                highest: byte(self.highest.value(), &MIDI_KEY),
                most_notes: limit(self.most_notes.value()),
                most_onsets: limit(self.most_onsets.value()),
                clear_bass: self.clear_bass.value(),
            },
            // Within -24..=24, so the cast keeps every bit.
            transpose: self.transpose.value().clamp(*TRANSPOSE.start(), *TRANSPOSE.end()) as i8,
            seed: u64::from(self.seed.value().clamp(*SEED.start(), *SEED.end()).unsigned_abs()),
            lookahead: self.lookahead.value().into(),
            rate: self.rate.value().into(),
            channel: byte(self.channel.value(), &CHANNEL) - 1,
            split: self.split.value(),
            velocity: byte(self.velocity.value(), &VELOCITY),
            dynamics: sane(self.dynamics.value(), &DYNAMICS, 1.0),
            accent: byte(self.accent.value(), &VELOCITY_CHANGE),
            humanise: byte(self.humanise.value(), &VELOCITY_CHANGE),
            groove: Groove {
                swing: Swing {
                    share: sane(self.swing.value(), &SWING, 0.5),
                    pairs: self.swing_of.value().into(),
                },
                lay_back_ms: sane(self.lay_back.value(), &LAY_BACK, 0.0),
                timing_ms: sane(self.timing.value(), &TIMING, 0.0),
                follow: sane(self.groove.value(), &GROOVE, 0.0),
            },
            gate: sane(self.gate.value(), &GATE, 1.0),
            replay: self.replay.value().into(),
            wait_for_notes: self.wait_for_notes.value(),
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

    /// The parameters that shape the music, with their values in words.
    pub fn describe(&self) -> Vec<String> {
        fn told<P: Param + std::fmt::Display>(param: &P) -> String {
            format!("{}: {param}", param.name())
        }
        vec![
            told(&self.seed),
            told(&self.mode),
            told(&self.rate),
            told(&self.lookahead),
            told(&self.temperature),
            told(&self.density),
            told(&self.register),
            told(&self.truncation),
            told(&self.key),
            told(&self.scale),
            told(&self.lowest),
            told(&self.highest),
            told(&self.most_notes),
            told(&self.most_onsets),
            told(&self.transpose),
            told(&self.velocity),
            told(&self.dynamics),
            told(&self.reaction),
            told(&self.follow),
            told(&self.start_with_me),
            told(&self.stop_with_me),
            told(&self.clear_bass),
            told(&self.room),
            told(&self.double),
        ]
    }

    /// The model that the parameters ask for. Locks the path: never on the audio thread.
    pub fn model_choice(&self) -> ModelChoice {
        match self.model.value() {
            ModelSource::Songs => ModelChoice::Songs,
            ModelSource::Classical => ModelChoice::Classical,
            ModelSource::Pop => ModelChoice::Pop,
            ModelSource::File => ModelChoice::File(self.model_path.get()),
        }
    }
}

/// A share, shown as per cent.
fn percent(name: &str, usual: f32, range: &RangeInclusive<f32>) -> FloatParam {
    FloatParam::new(name, usual, linear(range))
        .with_step_size(0.01)
        .with_unit(" %")
        .with_value_to_string(formatters::v2s_f32_percentage(0))
        .with_string_to_value(formatters::s2v_f32_percentage())
}

fn milliseconds(name: &str, usual: f32, range: &RangeInclusive<f32>) -> FloatParam {
    FloatParam::new(name, usual, linear(range))
        .with_step_size(0.1)
        .with_unit(" ms")
        .with_value_to_string(formatters::v2s_f32_rounded(1))
}

fn linear(range: &RangeInclusive<f32>) -> FloatRange {
    FloatRange::Linear { min: *range.start(), max: *range.end() }
}

fn whole(range: &RangeInclusive<i32>) -> IntRange {
    IntRange::Linear { min: *range.start(), max: *range.end() }
}

fn midi_key(name: &str, default: i32) -> IntParam {
    IntParam::new(name, default, whole(&MIDI_KEY))
        .with_value_to_string(text::show_key())
        .with_string_to_value(text::read_key())
}

fn most(name: &str, default: u8) -> IntParam {
    // Beyond the range lies no limit, and that is its end.
    IntParam::new(name, i32::from(default).min(*MOST.end()), whole(&MOST))
        .with_value_to_string(text::show_most())
        .with_string_to_value(text::read_most())
}

/// A limit on notes in the units of `jam`: the last of the range is none.
fn limit(most: i32) -> u8 {
    if most >= *MOST.end() { 128 } else { byte(most, &MOST) }
}

fn sane(value: f32, range: &RangeInclusive<f32>, default: f32) -> f32 {
    if value.is_nan() { default } else { value.clamp(*range.start(), *range.end()) }
}

fn byte(value: i32, range: &RangeInclusive<i32>) -> u8 {
    // The ranges lie in 0..=127, so the cast keeps every bit.
    value.clamp(*range.start(), *range.end()) as u8
}
