//! Everything that the audio thread reads from the parameters, once per block.

use crate::music::Rate;

/// How long before it sounds a chord is committed, in steps (jam.md, section 2). Longer is
/// safer against late chords; shorter follows parameters and musicians more closely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lookahead {
    /// A quarter of a step.
    Quarter,
    /// Half a step.
    Half,
    /// One step.
    #[default]
    One,
    /// Two steps.
    Two,
    /// Four steps.
    Four,
    /// Eight steps.
    Eight,
}

impl Lookahead {
    /// Every look-ahead, shortest first.
    pub const ALL: [Lookahead; 6] = [
        Lookahead::Quarter,
        Lookahead::Half,
        Lookahead::One,
        Lookahead::Two,
        Lookahead::Four,
        Lookahead::Eight,
    ];

    /// The most steps that a look-ahead can have.
    pub const MAX_STEPS: usize = 8;

    /// The look-ahead in steps, 0.25 to 8.
    pub const fn steps(self) -> f64 {
        match self {
            Lookahead::Quarter => 0.25,
            Lookahead::Half => 0.5,
            Lookahead::One => 1.0,
            Lookahead::Two => 2.0,
            Lookahead::Four => 4.0,
            Lookahead::Eight => 8.0,
        }
    }
}

/// How a chord is sampled. What holds is the value at the chord's commit point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shaping {
    /// Divides the logits; above 1 is bolder. 0.1 to 4 makes sense.
    pub temperature: f32,
    /// Probabilities below this count as 0, above one minus this as 1. 0 to 0.5.
    pub truncation: f32,
    /// How dense the music is; 1 is as learnt, 2 densest, 0.5 sparsest. The exponent on the
    /// play probability is `gamma = damping / density`, held within 0.5..=2, where damping
    /// is the rule of model.md, section 8, that falls below 1 while hardly anything plays.
    pub density: f32,
}

impl Default for Shaping {
    fn default() -> Self {
        Shaping { temperature: 0.9, truncation: 0.02, density: 1.0 }
    }
}

/// The parameters of one block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// How chords are sampled.
    pub shaping: Shaping,
    /// Which of the possible performances is played.
    pub seed: u64,
    /// How far ahead chords are committed.
    pub lookahead: Lookahead,
    /// How long a step is.
    pub rate: Rate,
    /// MIDI channel of the notes, 0 to 15. Sounding notes end on the channel they began on.
    pub channel: u8,
    /// MIDI velocity of the notes, 1 to 127.
    pub velocity: u8,
    /// Whether `process` may wait for a chord that is not there yet, up to
    /// [`MAX_WAIT`](crate::jam::performer::MAX_WAIT). For renders and tests, not for stages.
    pub wait_for_notes: bool,
}

impl Default for Controls {
    fn default() -> Self {
        Controls {
            shaping: Shaping::default(),
            seed: 0,
            lookahead: Lookahead::default(),
            rate: Rate::default(),
            channel: 0,
            velocity: 80,
            wait_for_notes: false,
        }
    }
}
