//! Everything that the audio thread reads from the parameters, once per block.

use crate::model::Rules;
use crate::music::{Rate, Scale, Tonality};

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

/// What the musician's own playing does (jam.md, section 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Incoming notes are ignored.
    Solo,
    /// Plays with the musician. While nothing comes in, it is Solo.
    #[default]
    Accompany,
    /// Silent while the musician plays; continues when they rest.
    Answer,
}

/// When what was played before is played again instead of new music (jam.md, section 7). Bars
/// that are locked always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replay {
    /// Never.
    Never,
    /// In renders, what was played before playback began: a bounce is what was heard.
    #[default]
    Bounces,
    /// Whenever there is something to replay.
    Always,
}

/// How a chord is sampled. What holds is the value at the chord's commit point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shaping {
    /// Divides the logits; above 1 is bolder. 0.1 to 4 makes sense.
    pub temperature: f32,
    /// Probabilities below this count as 0, above one minus this as 1. 0 to 0.5.
    pub truncation: f32,
    /// How many notes sound and begin, as a factor on what the model's own music has;
    /// 0.5 to 2 makes sense.
    pub density: f32,
    /// How much higher, or lower, it prefers to play, in semitones: roughly what the mean of its
    /// notes moves by. -24 to 24.
    pub register: f32,
}

impl Default for Shaping {
    fn default() -> Self {
        Shaping { temperature: 0.9, truncation: 0.02, density: 1.0, register: 0.0 }
    }
}

/// Which notes swing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pairs {
    /// Eighths: the second half of each beat comes later.
    #[default]
    Eighths,
    /// Sixteenths: the second and the fourth quarter of each beat come later.
    Sixteenths,
}

/// How uneven pairs of notes are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swing {
    /// The share of a pair that its first note has: 0.5 is even, two thirds are triplets. 0.5 to 0.75.
    pub share: f32,
    /// Which notes make a pair.
    pub pairs: Pairs,
}

impl Default for Swing {
    /// Even.
    fn default() -> Self {
        Swing { share: 0.5, pairs: Pairs::default() }
    }
}

/// What makes a groove of the grid.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Groove {
    /// How uneven pairs of notes are.
    pub swing: Swing,
    /// How much later everything sounds, milliseconds; negative is earlier, as far as chords are there.
    pub lay_back_ms: f32,
    /// What chance adds or takes at most, milliseconds.
    pub timing_ms: f32,
    /// How much of the musician's own deviation from the grid is taken over, 0 to 1.
    pub follow: f32,
}

/// When the notes of a step sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// How long after the step a chord sounds that is decided in it, microseconds; 0 if it is not.
    pub reaction_us: u32,
    /// How much later than that they sound for the swing, in millionths of a step.
    pub swing_ppm: u32,
    /// The same for the rest of the groove, microseconds; negative is earlier.
    pub groove_us: i32,
    /// Where in its last step a note ends that is not held on, in thousandths of the step, counted from
    /// where the step sounds.
    pub gate_permille: u16,
}

impl Timing {
    /// The longest reaction, in steps; also how long before its step a second decision is asked for at
    /// most.
    pub const LONGEST_REACTION_STEPS: f64 = 0.25;

    /// The latest that a step sounds, in steps: the next one begins after it.
    pub const LATEST_STEPS: f64 = 0.9;

    /// How long before a chord sounds its second decision is asked for, seconds, where it sounds after
    /// its step has begun: enough for blocks of 256 samples at 48 kHz and the network's answer
    /// (listener.md, section 6).
    pub const LISTEN_S: f64 = 6e-3;

    /// How long after the step a chord sounds that is decided in it, seconds.
    pub fn reaction_s(self) -> f64 {
        f64::from(self.reaction_us) / 1e6
    }

    /// Where in its last step a note ends, as a share of the step; 1 is at its end.
    pub fn gate(self) -> f64 {
        f64::from(self.gate_permille) / 1e3
    }

    /// How long after the step its notes sound, in steps of `step_s` seconds: with a reaction no
    /// sooner than a decision takes, and in time for the next.
    pub fn late_steps(self, step_s: f64) -> f64 {
        let reaction = (self.reaction_s() / step_s).min(Timing::LONGEST_REACTION_STEPS);
        let least = reaction.min(Timing::LISTEN_S / step_s);
        let groove = f64::from(self.swing_ppm) / 1e6 + f64::from(self.groove_us) / 1e6 / step_s;
        (reaction + groove).clamp(least, Timing::LATEST_STEPS)
    }
}

/// Which keys may sound, as they sound, and how many. What holds is the value at the chord's
/// commit point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Pitch class of the scale's tonic, 0 (C) to 11; none for that of the key in which the
    /// musician plays.
    pub tonic: Option<u8>,
    /// The scale.
    pub scale: Scale,
    /// Lowest MIDI key; if above the highest, the two are taken the other way round.
    pub lowest: u8,
    /// Highest MIDI key, 0 to 127.
    pub highest: u8,
    /// Most notes that may sound at once.
    pub most_notes: u8,
    /// Most notes that may begin in one step.
    pub most_onsets: u8,
    /// Whether no two notes below C3 that lie a third apart or closer sound together.
    pub clear_bass: bool,
}

impl Default for Bounds {
    /// None, but for as many notes as two hands can well hold: a network that has lost its way
    /// piles up more.
    fn default() -> Self {
        Bounds {
            tonic: Some(0),
            scale: Scale::Chromatic,
            lowest: 0,
            highest: 127,
            most_notes: 8,
            most_onsets: 128,
            clear_bass: false,
        }
    }
}

impl Bounds {
    /// Mask of the keys that may sound beside a musician who plays in `heard`, if that is known.
    pub fn mask(&self, heard: Option<Tonality>) -> u128 {
        // Major and minor on one key signature share their notes: what is asked for is the scale
        // on the tonic that is heard. As long as none is, every note may sound.
        let Some(tonic) = self.tonic.or(heard.map(|key| key.tonic)) else {
            return Bounds { tonic: Some(0), scale: Scale::Chromatic, ..*self }.mask(None);
        };
        let (a, b) = (self.lowest.min(127), self.highest.min(127));
        let from_lowest = u128::MAX << a.min(b);
        let to_highest = u128::MAX >> (127 - a.max(b));
        self.scale.mask(tonic) & from_lowest & to_highest
    }
}

/// The parameters of one block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// What the musician's own playing does.
    pub mode: Mode,
    /// In [`Mode::Accompany`], how long after its step a chord sounds, milliseconds, 0 to
    /// [`Controls::LONGEST_REACTION_MS`]: what the musician plays in the step is then heard before
    /// the chord is decided. At 0 it is decided once, a look-ahead before.
    pub reaction_ms: f32,
    /// In [`Mode::Accompany`], how far the musician is followed; 0 to 1.
    pub follow: f32,
    /// In [`Mode::Accompany`], whether we are silent until the musician plays.
    pub start_with_me: bool,
    /// In [`Mode::Accompany`], whether we end at the next bar line after a bar without the musician.
    pub stop_with_me: bool,
    /// Whether generated notes keep away from the musician's register.
    pub room: bool,
    /// Whether a key that the musician holds may be doubled.
    pub double: bool,
    /// Whether incoming notes are passed on.
    pub thru: bool,
    /// Whether the musician's keys are held as by a pedal, on every channel.
    pub sustain: bool,
    /// In [`Mode::Answer`], asks for the answer now, as long as it is on.
    pub answer_now: bool,
    /// How chords are sampled.
    pub shaping: Shaping,
    /// Which keys may sound, and how many.
    pub bounds: Bounds,
    /// Semitones from the network's keys to those that sound, -24 to 24. Holds from the commit
    /// point on.
    pub transpose: i8,
    /// Which of the possible performances is played.
    pub seed: u64,
    /// How far ahead chords are committed.
    pub lookahead: Lookahead,
    /// How long a step is.
    pub rate: Rate,
    /// MIDI channel of the notes, 0 to 15. Sounding notes end on the channel they began on.
    pub channel: u8,
    /// Whether bass, middle and top have a channel each: `channel` and the two after it.
    pub split: bool,
    /// MIDI velocity of the notes, 1 to 127; with [`Controls::dynamics`], of those beside a musician
    /// who plays at a usual velocity, 80.
    pub velocity: u8,
    /// How far the notes are as loud as what the musician plays, and as people's are beside each
    /// other: outer voices and those on the counts louder; 0 to 1.
    pub dynamics: f32,
    /// Velocity added on the bar line, half of it on the other counts of the bar; 0 to 127.
    pub accent: u8,
    /// Velocity that chance adds or takes at most, 0 to 127; by the seed, so each time the same.
    pub humanise: u8,
    /// When within a step notes sound.
    pub groove: Groove,
    /// Where in its last step a note ends that the next chord does not hold on, as a share of
    /// the step, above 0. At 1 notes last to the boundary.
    pub gate: f32,
    /// When the take is replayed.
    pub replay: Replay,
    /// Whether `process` may wait for a chord that is not there yet, up to
    /// [`MAX_WAIT`](crate::jam::performer::MAX_WAIT). For renders and tests, not for stages.
    pub wait_for_notes: bool,
}

impl Default for Controls {
    fn default() -> Self {
        Controls {
            mode: Mode::default(),
            reaction_ms: 0.0,
            follow: 0.0,
            start_with_me: false,
            stop_with_me: false,
            room: true,
            double: false,
            thru: false,
            sustain: false,
            answer_now: false,
            shaping: Shaping::default(),
            bounds: Bounds::default(),
            transpose: 0,
            seed: 0,
            lookahead: Lookahead::default(),
            rate: Rate::default(),
            channel: 0,
            split: false,
            velocity: 80,
            dynamics: 0.0,
            accent: 0,
            humanise: 0,
            groove: Groove::default(),
            gate: 1.0,
            replay: Replay::default(),
            wait_for_notes: false,
        }
    }
}

impl Controls {
    /// The reaction that a musician begins with, milliseconds: late enough for most hands, too early
    /// to be heard as late (listener.md, section 6).
    pub const USUAL_REACTION_MS: f32 = 12.0;

    /// How far the musician is followed to begin with: what the judge says (docs/judge.md). With half
    /// of the way, pop goes too little with its melody.
    pub const USUAL_FOLLOW: f32 = 0.6;

    /// The longest reaction, milliseconds.
    pub const LONGEST_REACTION_MS: f32 = 50.0;

    /// How long after its step a chord is to be decided once more, seconds; 0 where chords are decided
    /// once.
    pub fn reaction_s(&self) -> f64 {
        self.timing().reaction_s()
    }

    /// When the notes of a step sound, but for the groove.
    pub fn timing(&self) -> Timing {
        let asked = self.reaction_ms.clamp(0.0, Controls::LONGEST_REACTION_MS);
        let listens = self.mode == Mode::Accompany;
        // What is no number becomes 0; all else is within range.
        let reaction_us = if listens { (1e3 * asked).round() as u32 } else { 0 };
        let gate = if self.gate.is_nan() { 1.0 } else { self.gate.clamp(0.0, 1.0) };
        let gate_permille = (1e3 * gate).round() as u16;
        Timing { reaction_us, gate_permille, ..Timing::default() }
    }

    /// How far ahead chords are committed: who listens to the last moment decides ahead half a step
    /// before, whatever the look-ahead is.
    pub fn commits_ahead(&self) -> Lookahead {
        if self.reaction_s() > 0.0 { Lookahead::Half } else { self.lookahead }
    }

    /// The rules that bounds and transposition make beside a musician who plays in `heard`, if that
    /// is known, in the network's keys. Whatever they allow sounds on a MIDI key.
    pub fn rules(&self, heard: Option<Tonality>) -> Rules {
        Rules {
            allowed: self.network_mask(self.bounds.mask(heard)),
            clear_bass: self.bounds.clear_bass,
            most_sounding: self.bounds.most_notes.min(128),
            most_struck: self.bounds.most_onsets.min(128),
            ..Rules::default()
        }
    }

    /// The network's keys that sound as those of `mask`.
    pub fn network_mask(&self, mask: u128) -> u128 {
        let shift = u32::from(self.transpose.unsigned_abs()).min(127);
        if self.transpose >= 0 { mask >> shift } else { mask << shift }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Chord;

    #[test]
    fn untouched_bounds_are_no_rules_but_one() {
        let rules = Controls::default().rules(None);
        assert_eq!(rules, Rules { most_sounding: 8, ..Rules::default() });
    }

    #[test]
    fn what_rules_allow_sounds_within_bounds_whatever_the_transposition() {
        for transpose in -24..=24 {
            for (lowest, highest) in [(0, 127), (40, 80), (80, 40), (60, 60), (120, 127)] {
                for scale in Scale::ALL {
                    let bounds =
                        Bounds { tonic: Some(3), scale, lowest, highest, ..Bounds::default() };
                    let controls = Controls { bounds, transpose, ..Controls::default() };
                    let allowed = Chord::from_masks(controls.rules(None).allowed, 0);
                    let sounding = allowed.transposed(transpose);
                    assert_eq!(sounding.len(), allowed.len(), "no key leaves the keyboard");
                    assert_eq!(sounding.playing() & !bounds.mask(None), 0);
                    let (low, high) = (lowest.min(highest), lowest.max(highest));
                    assert!(sounding.keys().all(|key| (low..=high).contains(&key)));
                }
            }
        }
    }
}
