//! The parameters that choose among names.

use nih_plug::prelude::Enum;

use crate::jam::controls::Lookahead;
use crate::music::Rate;

/// How far before it sounds a chord is decided, in steps of the model.
#[derive(Enum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LookaheadChoice {
    /// A quarter of a step.
    #[id = "1/4"]
    #[name = "1/4 step"]
    Quarter,
    /// Half a step.
    #[id = "1/2"]
    #[name = "1/2 step"]
    Half,
    /// One step: the default.
    #[default]
    #[id = "1"]
    #[name = "1 step"]
    One,
    /// Two steps.
    #[id = "2"]
    #[name = "2 steps"]
    Two,
    /// Four steps.
    #[id = "4"]
    #[name = "4 steps"]
    Four,
    /// Eight steps.
    #[id = "8"]
    #[name = "8 steps"]
    Eight,
}

impl From<LookaheadChoice> for Lookahead {
    fn from(choice: LookaheadChoice) -> Lookahead {
        match choice {
            LookaheadChoice::Quarter => Lookahead::Quarter,
            LookaheadChoice::Half => Lookahead::Half,
            LookaheadChoice::One => Lookahead::One,
            LookaheadChoice::Two => Lookahead::Two,
            LookaheadChoice::Four => Lookahead::Four,
            LookaheadChoice::Eight => Lookahead::Eight,
        }
    }
}

/// Musical length of a step; the model itself thinks in sixteenths.
#[derive(Enum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateChoice {
    /// Eighths: half speed.
    #[id = "1/8"]
    #[name = "1/8"]
    Eighth,
    /// Eighth triplets.
    #[id = "1/8T"]
    #[name = "1/8 triplet"]
    EighthTriplet,
    /// Sixteenths: the model's own grid.
    #[default]
    #[id = "1/16"]
    #[name = "1/16"]
    Sixteenth,
    /// Sixteenth triplets.
    #[id = "1/16T"]
    #[name = "1/16 triplet"]
    SixteenthTriplet,
    /// Thirty-seconds: double speed.
    #[id = "1/32"]
    #[name = "1/32"]
    ThirtySecond,
}

impl From<RateChoice> for Rate {
    fn from(choice: RateChoice) -> Rate {
        match choice {
            RateChoice::Eighth => Rate::Eighth,
            RateChoice::EighthTriplet => Rate::EighthTriplet,
            RateChoice::Sixteenth => Rate::Sixteenth,
            RateChoice::SixteenthTriplet => Rate::SixteenthTriplet,
            RateChoice::ThirtySecond => Rate::ThirtySecond,
        }
    }
}

/// Where the playing model comes from.
#[derive(Enum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModelSource {
    /// The embedded default.
    #[default]
    #[id = "classical"]
    #[name = "Classical (built in)"]
    Classical,
    /// The file named in the editor.
    #[id = "file"]
    #[name = "Own file"]
    File,
}
