//! What the network sees of a frame: 80 numbers per key (model.md, section 2). Written once,
//! for engine and trainer alike. Every column but the position is a small integer, so
//! features match exactly between implementations.

use super::config::{Config, Edge, Position};
use crate::music::Chord;

/// Features per key, F.
pub const FEATURES: usize = 80;
/// Column of the position.
pub const POSITION: usize = 0;
/// First of the twelve pitch-class columns; C is the first.
pub const PITCH_CLASS: usize = 1;
/// First column of the vicinity: (play, articulate) of the keys 12 below to 12 above.
pub const VICINITY: usize = 13;
/// First of the twelve columns that count sounding keys by interval class.
pub const CONTEXT: usize = 63;
/// First of the four bits of the step-in-bar.
pub const BEAT: usize = 75;
/// Column of the flag "no previous step"; 0 elsewhere.
pub const START: usize = 79;

/// Keys seen on each side of a key.
const REACH: i32 = 12;

/// Writes the features of one frame, `out` `[K, 80]` row-major, keys from low to high.
/// Keys outside the configuration's range are not seen. `step_in_bar` is the frame's own,
/// modulo 16.
///
/// # Panics
/// If `out` is not `K * 80` long.
///
/// # Realtime
/// Allocates nothing.
pub fn write(config: &Config, frame: Chord, step_in_bar: u8, out: &mut [f32]) {
    let keys = config.keys();
    assert_eq!(out.len(), keys * FEATURES, "features are [K, 80]");
    let frame = frame.within(config.range());
    // Bit n of these is key `low + n`.
    let playing = frame.playing() >> config.low;
    let struck = frame.struck() >> config.low;
    let mut by_class = [0.0f32; 12];
    for key in frame.keys() {
        by_class[usize::from(key % 12)] += 1.0;
    }
    for (n, row) in out.chunks_exact_mut(FEATURES).enumerate() {
        row.fill(0.0);
        // At most 127, so the cast keeps every bit.
        let key = config.low + n as u8;
        row[POSITION] = match config.position {
            Position::Scaled => (f32::from(key) - 64.0) / 64.0,
            Position::Index => n as f32,
        };
        let class = usize::from(key % 12);
        row[PITCH_CLASS + class] = 1.0;
        for offset in -REACH..=REACH {
            if let Some(bit) = vicinity(config.edge, keys as i32, n as i32 + offset) {
                let column = VICINITY + 2 * (offset + REACH) as usize;
                row[column] = (playing >> bit & 1) as f32;
                row[column + 1] = (struck >> bit & 1) as f32;
            }
        }
        for interval in 0..12 {
            row[CONTEXT + interval] = by_class[(class + interval) % 12];
        }
        for bit in 0..4 {
            row[BEAT + bit] = if step_in_bar >> bit & 1 == 1 { 1.0 } else { -1.0 };
        }
    }
}

/// Writes the row "no previous step" of configurations with `start = flag`: an all-silent
/// frame at `step_in_bar` (one before the first step's) with column 79 set
/// (model.md, section 9).
///
/// # Panics
/// If `out` is not `K * 80` long.
///
/// # Realtime
/// Allocates nothing.
pub fn write_start(config: &Config, step_in_bar: u8, out: &mut [f32]) {
    write(config, Chord::SILENT, step_in_bar, out);
    for row in out.chunks_exact_mut(FEATURES) {
        row[START] = 1.0;
    }
}

/// The bit of the range that the vicinity reads at index `n`, if any.
fn vicinity(edge: Edge, keys: i32, n: i32) -> Option<i32> {
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
        let mut out = vec![9.0; config.keys() * FEATURES];
        write(&config, chord, 6, &mut out);
        let row = &out[36 * FEATURES..37 * FEATURES];
        let mut expected = [0.0f32; FEATURES];
        expected[0] = -0.0625;
        for column in [1, 37, 38, 45, 63, 67] {
            expected[column] = 1.0;
        }
        expected[75..79].copy_from_slice(&[-1.0, 1.0, 1.0, -1.0]);
        assert_eq!(row, expected);
    }

    #[test]
    fn the_start_row_is_silence_with_its_flag() {
        let config = Config::default();
        let mut start = vec![0.0; config.keys() * FEATURES];
        let mut silence = start.clone();
        write_start(&config, 15, &mut start);
        write(&config, Chord::SILENT, 15, &mut silence);
        for (n, (a, b)) in start.iter().zip(&silence).enumerate() {
            let flag = if n % FEATURES == START { 1.0 } else { 0.0 };
            assert_eq!(*a, b + flag, "entry {n}");
        }
    }
}
