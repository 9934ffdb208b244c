//! A piano roll as a picture: keys upwards, time to the right, eight bars to a line.

use anacrusis::music::{Chord, STEPS_PER_BAR};
use anyhow::Result;

use super::{Canvas, Colour, INK};

/// Bars drawn side by side before the next line.
const BARS_PER_LINE: usize = 8;
const STEP_WIDTH: usize = 9;
const KEY_HEIGHT: usize = 7;
const LEFT: usize = 34;
const TOP: usize = 16;
const GAP: usize = 12;
/// Fewest keys shown, so that a drone is not drawn as a wall.
const FEWEST_KEYS: u8 = 25;

const BLACK_KEY: Colour = [238, 237, 233];
const OCTAVE_LINE: Colour = [205, 203, 197];
const BEAT_LINE: Colour = [222, 220, 214];
const BAR_LINE: Colour = [120, 118, 112];
const STRUCK: Colour = [178, 58, 32];
const HELD: Colour = [236, 160, 122];
/// The same of what somebody else plays.
const STRUCK_BY_OTHERS: Colour = [24, 84, 160];
const HELD_BY_OTHERS: Colour = [132, 176, 224];

/// The keys to show: those used with a little room, at least [`FEWEST_KEYS`].
fn key_range(chords: &[Chord]) -> (u8, u8) {
    let used = chords.iter().fold(0u128, |all, chord| all | chord.playing());
    if used == 0 {
        return (48, 48 + FEWEST_KEYS - 1);
    }
    let mut low = (used.trailing_zeros() as u8).saturating_sub(2);
    let mut high = (127 - used.leading_zeros() as u8 + 2).min(127);
    while high - low + 1 < FEWEST_KEYS {
        low = low.saturating_sub(1);
        high = (high + 1).min(127);
    }
    (low, high)
}

/// Draws a roll, one chord a sixteenth, from bar 1: onsets dark, what is held light, a line at
/// every C, bar numbers above. The bytes are a PNG file.
///
/// # Errors
/// If the encoder fails.
pub fn piano_roll(chords: &[Chord]) -> Result<Vec<u8>> {
    duet(chords, &[])
}

/// The same of two players: what `heard` holds is blue, and drawn on top.
///
/// # Errors
/// As [`piano_roll`].
pub fn duet(own: &[Chord], heard: &[Chord]) -> Result<Vec<u8>> {
    let heard_at = |step: usize| heard.get(step).copied().unwrap_or_default();
    let both = |(step, chord): (usize, &Chord)| chord.union(heard_at(step));
    let chords: Vec<Chord> = own.iter().enumerate().map(both).collect();
    let (low, high) = key_range(&chords);
    let keys = usize::from(high - low) + 1;
    let steps_per_bar = usize::from(STEPS_PER_BAR);
    let line_steps = BARS_PER_LINE * steps_per_bar;
    let lines = chords.len().div_ceil(line_steps).max(1);
    let line_height = TOP + keys * KEY_HEIGHT + GAP;
    let mut canvas = Canvas::new(LEFT + line_steps * STEP_WIDTH + 4, lines * line_height);
    for (line, chords) in chords.chunks(line_steps).enumerate() {
        let top = line * line_height + TOP;
        let row_of = |key: u8| top + usize::from(high - key) * KEY_HEIGHT;
        let width = chords.len() * STEP_WIDTH;
        for key in low..=high {
            if [1, 3, 6, 8, 10].contains(&(key % 12)) {
                canvas.fill(LEFT, row_of(key), width, KEY_HEIGHT, BLACK_KEY);
            }
        }
        for step in (0..=chords.len()).step_by(4) {
            let bar = step % steps_per_bar == 0;
            let colour = if bar { BAR_LINE } else { BEAT_LINE };
            canvas.fill(LEFT + step * STEP_WIDTH, top, 1, keys * KEY_HEIGHT, colour);
            if bar && step < chords.len() {
                let number = line * BARS_PER_LINE + step / steps_per_bar + 1;
                canvas.write(LEFT + step * STEP_WIDTH + 3, top - 13, &number.to_string(), INK);
            }
        }
        for key in (low..=high).filter(|key| key % 12 == 0) {
            canvas.fill(LEFT, row_of(key) + KEY_HEIGHT - 1, width, 1, OCTAVE_LINE);
            let octave = i32::from(key / 12) - 1;
            canvas.write(2, row_of(key) - 3, &format!("C{octave}"), INK);
        }
        for (step, chord) in chords.iter().enumerate() {
            for key in (low..=high).filter(|key| chord.plays(*key)) {
                let x = LEFT + step * STEP_WIDTH;
                let heard = heard_at(line * line_steps + step);
                let others = heard.plays(key);
                let struck = if others { heard.strikes(key) } else { chord.strikes(key) };
                let colour = match (others, struck) {
                    (false, true) => STRUCK,
                    (false, false) => HELD,
                    (true, true) => STRUCK_BY_OTHERS,
                    (true, false) => HELD_BY_OTHERS,
                };
                // A gap before an onset sets repeated notes apart.
                let (x, width) = if struck { (x + 1, STEP_WIDTH - 1) } else { (x, STEP_WIDTH) };
                canvas.fill(x, row_of(key) + 1, width, KEY_HEIGHT - 2, colour);
            }
        }
    }
    canvas.to_png()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(bytes: &[u8]) -> (usize, usize, Vec<u8>) {
        let decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        let mut reader = decoder.read_info().expect("a picture");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut pixels).expect("a frame");
        (info.width as usize, info.height as usize, pixels)
    }

    #[test]
    fn struck_and_held_look_different_and_stand_in_their_place() {
        let struck = Chord::struck_keys([60]);
        let mut held = Chord::SILENT;
        held.hold(60);
        let mut chords = vec![Chord::SILENT; 16];
        (chords[4], chords[5]) = (struck, held);
        let (width, _, pixels) = pixels(&piano_roll(&chords).expect("a picture"));
        let (_, high) = key_range(&chords);
        let row = TOP + usize::from(high - 60) * KEY_HEIGHT + KEY_HEIGHT / 2;
        let colour = |step: usize| {
            let at = (row * width + LEFT + step * STEP_WIDTH + STEP_WIDTH / 2) * 3;
            [pixels[at], pixels[at + 1], pixels[at + 2]]
        };
        assert_eq!([colour(4), colour(5)], [STRUCK, HELD]);
        assert_eq!([colour(3), colour(6)], [super::super::PAPER; 2]);
    }

    #[test]
    fn nothing_and_everything_can_be_drawn() {
        for chords in [vec![], vec![Chord::SILENT; 1000], vec![Chord::struck_keys(0..128); 129]] {
            let (width, height, pixels) = pixels(&piano_roll(&chords).expect("a picture"));
            assert_eq!(pixels.len(), width * height * 3);
        }
        assert_eq!(key_range(&[Chord::struck_keys([0, 127])]), (0, 127));
        assert_eq!(key_range(&[Chord::struck_keys([0])]).0, 0, "no key below the lowest");
    }
}
