//! The parameters that choose among names.

use nih_plug::prelude::Enum;

use crate::jam::controls::{Lookahead, Mode, Pairs, Replay};
use crate::music::{Rate, Scale};

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

/// Which notes swing.
#[derive(Enum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PairsChoice {
    /// Pairs of eighths.
    #[default]
    #[id = "1/8"]
    #[name = "Eighths"]
    Eighths,
    /// Pairs of sixteenths.
    #[id = "1/16"]
    #[name = "Sixteenths"]
    Sixteenths,
}

impl From<PairsChoice> for Pairs {
    fn from(choice: PairsChoice) -> Pairs {
        match choice {
            PairsChoice::Eighths => Pairs::Eighths,
            PairsChoice::Sixteenths => Pairs::Sixteenths,
        }
    }
}

/// Where the playing model comes from.
#[derive(Enum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModelSource {
    /// The embedded default.
    #[default]
    #[id = "songs"]
    #[name = "Songs (built in)"]
    Songs,
    /// Embedded.
    #[id = "classical"]
    #[name = "Classical (built in)"]
    Classical,
    /// Embedded.
    #[id = "pop"]
    #[name = "Pop (built in)"]
    Pop,
    /// The file named in the editor.
    #[id = "file"]
    #[name = "Own file"]
    File,
}

/// What the musician's own playing does.
#[derive(Enum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModeChoice {
    /// Incoming notes are ignored.
    #[id = "solo"]
    #[name = "Solo"]
    Solo,
    /// Plays with the musician.
    #[default]
    #[id = "accompany"]
    #[name = "Accompany"]
    Accompany,
    /// Plays when the musician rests.
    #[id = "answer"]
    #[name = "Answer"]
    Answer,
}

impl From<ModeChoice> for Mode {
    fn from(choice: ModeChoice) -> Mode {
        match choice {
            ModeChoice::Solo => Mode::Solo,
            ModeChoice::Accompany => Mode::Accompany,
            ModeChoice::Answer => Mode::Answer,
        }
    }
}

/// When what was played before is played again.
#[derive(Enum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplayChoice {
    /// Never.
    #[id = "never"]
    #[name = "Never"]
    Never,
    /// In renders.
    #[default]
    #[id = "bounces"]
    #[name = "In bounces"]
    Bounces,
    /// Live, too.
    #[id = "always"]
    #[name = "Always"]
    Always,
}

impl From<ReplayChoice> for Replay {
    fn from(choice: ReplayChoice) -> Replay {
        match choice {
            ReplayChoice::Never => Replay::Never,
            ReplayChoice::Bounces => Replay::Bounces,
            ReplayChoice::Always => Replay::Always,
        }
    }
}

/// The tonic of a scale.
#[derive(Enum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyChoice {
    /// C.
    #[default]
    #[id = "c"]
    #[name = "C"]
    C,
    /// C sharp, D flat.
    #[id = "c-sharp"]
    #[name = "C# / Db"]
    CSharp,
    /// D.
    #[id = "d"]
    #[name = "D"]
    D,
    /// D sharp, E flat.
    #[id = "e-flat"]
    #[name = "D# / Eb"]
    EFlat,
    /// E.
    #[id = "e"]
    #[name = "E"]
    E,
    /// F.
    #[id = "f"]
    #[name = "F"]
    F,
    /// F sharp, G flat.
    #[id = "f-sharp"]
    #[name = "F# / Gb"]
    FSharp,
    /// G.
    #[id = "g"]
    #[name = "G"]
    G,
    /// G sharp, A flat.
    #[id = "a-flat"]
    #[name = "G# / Ab"]
    AFlat,
    /// A.
    #[id = "a"]
    #[name = "A"]
    A,
    /// A sharp, B flat.
    #[id = "b-flat"]
    #[name = "A# / Bb"]
    BFlat,
    /// B.
    #[id = "b"]
    #[name = "B"]
    B,
    /// That of the key that the musician plays in. Behind the others, which projects count.
    #[id = "follow-me"]
    #[name = "Follow me"]
    FollowMe,
}

impl From<KeyChoice> for Option<u8> {
    /// The pitch class, 0 for C; none for that which is heard.
    fn from(choice: KeyChoice) -> Option<u8> {
        (choice != KeyChoice::FollowMe).then_some(choice as u8)
    }
}

/// The notes that may sound.
#[derive(Enum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleChoice {
    /// All twelve.
    #[default]
    #[id = "chromatic"]
    #[name = "Chromatic"]
    Chromatic,
    /// Major.
    #[id = "major"]
    #[name = "Major"]
    Major,
    /// Natural minor.
    #[id = "natural-minor"]
    #[name = "Natural minor"]
    NaturalMinor,
    /// Harmonic minor.
    #[id = "harmonic-minor"]
    #[name = "Harmonic minor"]
    HarmonicMinor,
    /// Melodic minor, ascending.
    #[id = "melodic-minor"]
    #[name = "Melodic minor"]
    MelodicMinor,
    /// Dorian.
    #[id = "dorian"]
    #[name = "Dorian"]
    Dorian,
    /// Phrygian.
    #[id = "phrygian"]
    #[name = "Phrygian"]
    Phrygian,
    /// Lydian.
    #[id = "lydian"]
    #[name = "Lydian"]
    Lydian,
    /// Mixolydian.
    #[id = "mixolydian"]
    #[name = "Mixolydian"]
    Mixolydian,
    /// Locrian.
    #[id = "locrian"]
    #[name = "Locrian"]
    Locrian,
    /// Major pentatonic.
    #[id = "major-pentatonic"]
    #[name = "Major pentatonic"]
    MajorPentatonic,
    /// Minor pentatonic.
    #[id = "minor-pentatonic"]
    #[name = "Minor pentatonic"]
    MinorPentatonic,
    /// Minor pentatonic with a diminished fifth.
    #[id = "blues"]
    #[name = "Blues"]
    Blues,
    /// Six whole tones.
    #[id = "whole-tone"]
    #[name = "Whole tone"]
    WholeTone,
}

impl From<ScaleChoice> for Scale {
    fn from(choice: ScaleChoice) -> Scale {
        match choice {
            ScaleChoice::Chromatic => Scale::Chromatic,
            ScaleChoice::Major => Scale::Major,
            ScaleChoice::NaturalMinor => Scale::NaturalMinor,
            ScaleChoice::HarmonicMinor => Scale::HarmonicMinor,
            ScaleChoice::MelodicMinor => Scale::MelodicMinor,
            ScaleChoice::Dorian => Scale::Dorian,
            ScaleChoice::Phrygian => Scale::Phrygian,
            ScaleChoice::Lydian => Scale::Lydian,
            ScaleChoice::Mixolydian => Scale::Mixolydian,
            ScaleChoice::Locrian => Scale::Locrian,
            ScaleChoice::MajorPentatonic => Scale::MajorPentatonic,
            ScaleChoice::MinorPentatonic => Scale::MinorPentatonic,
            ScaleChoice::Blues => Scale::Blues,
            ScaleChoice::WholeTone => Scale::WholeTone,
        }
    }
}
