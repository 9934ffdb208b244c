//! What the network sees of a frame: a row of numbers per key (model.md, section 2; listener.md,
//! section 2). Written once, for engine and trainer alike. Every column but the position is a
//! small integer, so features match exactly between implementations.
//!
//! Version 1 has 80 columns and sees one roll. Version 2 has 162 and sees two: what the plugin
//! played and what it heard a musician play; and it is told of beat and bar in every metre.
//!
//! | version 1 | version 2 | block |
//! |---|---|---|
//! | 0..13 | 0..13 | the key: position, pitch class |
//! | 13..63 | 13..63 | vicinity: play and articulate of the keys 12 below to 12 above |
//! | | 63..113 | the same of what was heard |
//! | 63..75 | 113..125 | context: how many sounding keys by interval class |
//! | | 125..137 | the same of what was heard |
//! | 75..79 | 137..159 | position in the bar: four bits, or step in the beat, beat, beats in the bar |
//! | | 159, 160 | compound metre; whether there is a musician |
//! | 79 | 161 | no step before |

use std::ops::Range;

use super::config::{Config, Edge, Position};
use super::given::by_class;
use crate::music::{BarPosition, Chord, KeyRange, STEPS_PER_BAR, Signature};

/// Column of the position.
pub const POSITION: usize = 0;
/// First of the twelve pitch-class columns; C is the first.
pub const PITCH_CLASS: usize = 1;
/// First column that depends on the frame; those before depend on the key alone.
pub const VICINITY: usize = 13;
/// Columns of a vicinity: (play, articulate) of 25 keys.
const VICINITY_WIDTH: usize = 50;
/// Columns of a context.
const CONTEXT_WIDTH: usize = 12;
/// Keys seen on each side of a key.
const REACH: i32 = 12;

/// Columns of version 1.
pub mod v1 {
    /// First of the context.
    pub const CONTEXT: usize = 63;
    /// First of the four bits of the step in the bar.
    pub const BEAT: usize = 75;
    /// Whether there is no step before.
    pub const START: usize = 79;
    /// Number of columns.
    pub const WIDTH: usize = 80;
}

/// Columns of version 2.
pub mod v2 {
    /// First of the vicinity of what was heard.
    pub const HEARD_VICINITY: usize = 63;
    /// First of the context of what was played.
    pub const CONTEXT: usize = 113;
    /// First of the context of what was heard.
    pub const HEARD_CONTEXT: usize = 125;
    /// First of the six that tell the step in the beat.
    pub const IN_BEAT: usize = 137;
    /// First of the eight that tell the beat in the bar.
    pub const BEAT: usize = 143;
    /// First of the eight that tell the beats of the bar.
    pub const BEATS: usize = 151;
    /// Whether the metre is compound.
    pub const COMPOUND: usize = 159;
    /// Whether there is a musician.
    pub const MUSICIAN: usize = 160;
    /// Whether there is no step before.
    pub const START: usize = 161;
    /// Number of columns.
    pub const WIDTH: usize = 162;
    /// Beats told apart.
    pub const MOST_BEATS: u16 = 8;
}

/// Features per key, F: the width of the time stack's input.
pub fn width(config: &Config) -> usize {
    if config.hears() { v2::WIDTH } else { v1::WIDTH }
}

/// The columns that depend on what sounds; most of them are zero.
pub fn frame_columns(config: &Config) -> Range<usize> {
    VICINITY..if config.hears() { v2::IN_BEAT } else { v1::BEAT }
}

/// The columns that are the same for all keys: they depend on the step and on who plays.
pub fn step_columns(config: &Config) -> Range<usize> {
    frame_columns(config).end..width(config)
}

/// What the time stack reads of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// What the plugin played; all that sounded, if nobody is told apart.
    pub own: Chord,
    /// What the musician played. Their keys are taken out of `own`.
    pub heard: Chord,
    /// Whether there is a musician in this piece, also while they rest.
    pub musician: bool,
    /// Where the step lies in its bar.
    pub position: BarPosition,
    /// Whether this is the silent step before the first one, of networks with `start = flag`.
    pub start: bool,
}

impl Frame {
    /// A step of music in which nobody is told apart.
    pub fn solo(own: Chord, position: BarPosition) -> Frame {
        Frame { own, position, ..Frame::default() }
    }

    /// The same in 4/4, `step` steps after a bar line.
    pub fn common_time(own: Chord, step: i64) -> Frame {
        Frame::solo(own, Signature::COMMON.position(step))
    }

    /// The silent step before the first one, at its position in the bar.
    pub fn before_first(position: BarPosition, musician: bool) -> Frame {
        Frame { position, musician, start: true, ..Frame::default() }
    }

    /// All that sounded.
    pub fn sounding(&self) -> Chord {
        self.own.union(self.heard)
    }

    /// What the plugin played, without the musician's keys.
    pub fn own_alone(&self) -> Chord {
        self.own.without(self.heard.playing())
    }

    /// The same step as heard by one who knows of no musician and heard nothing of them: the
    /// second state of guidance (listener.md, section 6).
    #[must_use]
    pub fn unheard(&self) -> Frame {
        Frame { own: self.own_alone(), heard: Chord::SILENT, musician: false, ..*self }
    }
}

/// Writes the features of one frame, `out` `[K, F]` row-major, keys from low to high. Keys
/// outside the configuration's range are not seen.
///
/// # Panics
/// If `out` is not `K * F` long.
///
/// # Realtime
/// Allocates nothing.
pub fn write(config: &Config, frame: &Frame, out: &mut [f32]) {
    let width = width(config);
    assert_eq!(out.len(), config.keys() * width, "features are [K, F]");
    if config.hears() {
        let own = Block::new(config, frame.own_alone());
        let heard = Block::new(config, frame.heard);
        let mut step = [0.0; v2::WIDTH - v2::IN_BEAT];
        write_step(frame, &mut step);
        for (n, row) in out.chunks_exact_mut(width).enumerate() {
            write_key(config, n, row);
            own.write(n, row, VICINITY, v2::CONTEXT);
            heard.write(n, row, v2::HEARD_VICINITY, v2::HEARD_CONTEXT);
            row[v2::IN_BEAT..].copy_from_slice(&step);
        }
    } else {
        let all = Block::new(config, frame.sounding());
        // In 0..16, so the cast keeps every bit.
        let step_in_bar = (frame.position.in_bar % u16::from(STEPS_PER_BAR)) as u8;
        for (n, row) in out.chunks_exact_mut(width).enumerate() {
            write_key(config, n, row);
            all.write(n, row, VICINITY, v1::CONTEXT);
            for (bit, column) in row[v1::BEAT..v1::START].iter_mut().enumerate() {
                *column = if step_in_bar >> bit & 1 == 1 { 1.0 } else { -1.0 };
            }
            row[v1::START] = f32::from(u8::from(frame.start));
        }
    }
}

/// The columns that depend on the key alone, `n` from the lowest.
fn write_key(config: &Config, n: usize, row: &mut [f32]) {
    row[..VICINITY].fill(0.0);
    // At most 127, so the cast keeps every bit.
    let key = config.low + n as u8;
    row[POSITION] = match config.position {
        Position::Scaled => (f32::from(key) - 64.0) / 64.0,
        Position::Index => n as f32,
    };
    row[PITCH_CLASS + usize::from(key % 12)] = 1.0;
}

/// The columns of version 2 that are the same for all keys, from the step in the beat on.
fn write_step(frame: &Frame, out: &mut [f32]) {
    let BarPosition { in_beat, beat, beats, compound, .. } = frame.position;
    let mut set = |column: usize, value: bool| {
        out[column - v2::IN_BEAT] = f32::from(u8::from(value));
    };
    set(v2::IN_BEAT + usize::from(in_beat), true);
    set(v2::BEAT + usize::from(beat % v2::MOST_BEATS), true);
    set(v2::BEATS + usize::from(beats.clamp(1, v2::MOST_BEATS) - 1), true);
    set(v2::COMPOUND, compound);
    set(v2::MUSICIAN, frame.musician);
    set(v2::START, frame.start);
}

/// One roll as a key sees it: vicinity and context.
struct Block {
    edge: Edge,
    range: KeyRange,
    /// Bit n of these is key `low + n`.
    playing: u128,
    struck: u128,
    by_class: [f32; 12],
}

impl Block {
    fn new(config: &Config, chord: Chord) -> Block {
        let range = config.range();
        let chord = chord.within(range);
        let by_class = by_class(chord);
        let (playing, struck) = (chord.playing() >> range.low, chord.struck() >> range.low);
        Block { edge: config.edge, range, playing, struck, by_class }
    }

    /// Writes what key `n` from the lowest sees into its row.
    fn write(&self, n: usize, row: &mut [f32], vicinity: usize, context: usize) {
        let near = &mut row[vicinity..][..VICINITY_WIDTH];
        if self.playing == 0 {
            near.fill(0.0);
            row[context..][..CONTEXT_WIDTH].fill(0.0);
            return;
        }
        let keys = i32::from(self.range.count);
        for (offset, pair) in (-REACH..=REACH).zip(near.chunks_exact_mut(2)) {
            let bit = in_sight(self.edge, keys, n as i32 + offset);
            let of = |mask: u128| bit.map_or(0.0, |bit| (mask >> bit & 1) as f32);
            pair.copy_from_slice(&[of(self.playing), of(self.struck)]);
        }
        let class = (usize::from(self.range.low) + n) % 12;
        for (interval, column) in row[context..][..CONTEXT_WIDTH].iter_mut().enumerate() {
            *column = self.by_class[(class + interval) % 12];
        }
    }
}

/// The bit of the range that the vicinity reads at index `n`, if any.
fn in_sight(edge: Edge, keys: i32, n: i32) -> Option<i32> {
    match edge {
        _ if (0..keys).contains(&n) => Some(n),
        Edge::WrapLow if n < 0 && n + keys >= 0 => Some(n + keys),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of model.md, section 2: C4 struck, E4 held, step-in-bar 6.
    #[test]
    fn the_row_of_c4_is_as_the_specification_works_it_out() {
        let mut chord = Chord::struck_keys([60]);
        chord.hold(64);
        let config = Config::default();
        let mut out = vec![9.0; config.keys() * v1::WIDTH];
        write(&config, &Frame::common_time(chord, 6), &mut out);
        let row = &out[36 * v1::WIDTH..37 * v1::WIDTH];
        let mut expected = [0.0f32; v1::WIDTH];
        expected[0] = -0.0625;
        for column in [1, 37, 38, 45, 63, 67] {
            expected[column] = 1.0;
        }
        expected[75..79].copy_from_slice(&[-1.0, 1.0, 1.0, -1.0]);
        assert_eq!(row, expected);
    }

    #[test]
    fn version_2_tells_the_musician_apart_and_their_keys_are_theirs() {
        let config = Config { features: 2, ..Config::default() };
        let mut own = Chord::struck_keys([60, 64]);
        own.hold(67);
        let mut heard = Chord::struck_keys([72]);
        heard.hold(64);
        let position = Signature::new(6, 8).expect("a signature").position(7);
        let frame = Frame { own, heard, musician: true, position, start: false };
        let mut out = vec![9.0; config.keys() * v2::WIDTH];
        write(&config, &frame, &mut out);
        let row = &out[36 * v2::WIDTH..37 * v2::WIDTH];
        let mut expected = [0.0f32; v2::WIDTH];
        expected[0] = -0.0625;
        // C; C4 struck, G4 held of its own; E4 held and C5 struck of the musician's.
        for column in [1, 37, 38, 13 + 2 * 19, 63 + 2 * 16, 63 + 2 * 24, 63 + 2 * 24 + 1] {
            expected[column] = 1.0;
        }
        // C and G; E and C. Second step of the second beat of two, compound, a musician.
        for column in [113, 113 + 7, 125, 125 + 4, 137 + 1, 143 + 1, 151 + 1, 159, 160] {
            expected[column] = 1.0;
        }
        assert_eq!(row, expected);
        write(&config, &frame.unheard(), &mut out);
        let row = &out[36 * v2::WIDTH..37 * v2::WIDTH];
        expected[63..113].fill(0.0);
        expected[125..137].fill(0.0);
        expected[160] = 0.0;
        assert_eq!(row, expected);
    }

    #[test]
    fn the_row_before_the_first_step_is_silence_with_its_flag() {
        for features in [1, 2] {
            let config = Config { features, ..Config::default() };
            let position = Signature::COMMON.position(-1);
            let mut start = vec![0.0; config.keys() * width(&config)];
            let mut silence = start.clone();
            write(&config, &Frame::before_first(position, false), &mut start);
            write(&config, &Frame::solo(Chord::SILENT, position), &mut silence);
            let width = width(&config);
            for (n, (a, b)) in start.iter().zip(&silence).enumerate() {
                let flag = if n % width == width - 1 { 1.0 } else { 0.0 };
                assert_eq!(*a, b + flag, "entry {n} of version {features}");
            }
        }
    }
}
