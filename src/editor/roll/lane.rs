//! The chord lane: the musician's chords and below them the plugin's own, by name.

use egui::{Align2, FontId, Painter, Rect, Stroke, pos2};

use super::column;
use super::scale::Scale;
use crate::editor::theme::Palette;
use crate::editor::view::{Column, Line, Roll};
use crate::music::{Chord, Harmony};

/// Where four steps are narrower, in points, chords are named bar by bar.
const LEAST_BEAT_WIDTH: f32 = 24.0;

/// A name that would have to stand further right than this from where its chord begins is left out.
const LEAST_NAME_SHIFT: f32 = 40.0;

/// Points that a number of a bar takes before the chords, and each of its digits after the first.
const NUMBER_WIDTH: f32 = 14.0;
/// See [`NUMBER_WIDTH`].
const DIGIT_WIDTH: f32 = 6.5;

/// Steps before the first that is seen from which chords are followed: a bar.
const BEFORE: i64 = 16;

/// A stretch of the roll, two beats or a bar, and the chords of both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    /// Its first step, relative to the sounding one.
    pub from: i64,
    /// The bar that begins with it, if one does.
    pub bar: Option<i64>,
    /// The musician's chord and the plugin's own, if they can be named.
    pub chords: [Option<Harmony>; 2],
}

/// Draws the lane above the rows.
pub fn show(painter: &Painter, scale: &Scale, roll: &Roll, palette: &Palette) {
    painter.rect_filled(scale.lane, 3.0, palette.panel);
    let seen = scale.seen();
    let bars = 4.0 * scale.step() < LEAST_BEAT_WIDTH;
    let mut drawn = [Drawn::default(); 2];
    for stretch in stretches(roll, seen.start - BEFORE..seen.end, bars) {
        let x = scale.x(stretch.from);
        let number = stretch.bar.map_or(0.0, |bar| NUMBER_WIDTH + DIGIT_WIDTH * digits(bar));
        if let Some(bar) = stretch.bar {
            let at = pos2(x + 3.0, scale.lane.top() + 9.0);
            painter.text(
                at,
                Align2::LEFT_CENTER,
                bar,
                FontId::proportional(11.0),
                palette.text_dim,
            );
            let line = Stroke::new(1.0, palette.bar);
            painter.vline(x, scale.lane.y_range(), line);
            // What goes on is named again in each bar.
            drawn.iter_mut().for_each(|drawn| drawn.chord = None);
        }
        let rows = [(palette.heard, 9.0), (palette.middle, 25.0)];
        for ((chord, drawn), (colour, y)) in stretch.chords.into_iter().zip(&mut drawn).zip(rows) {
            let at = pos2((x + number + 3.0).max(drawn.right), scale.lane.top() + y);
            if let Some(chord) = chord.filter(|chord| drawn.chord != Some(*chord))
                && at.x - x < LEAST_NAME_SHIFT
            {
                let words = chord.to_string();
                let font = FontId::proportional(13.0);
                let rect = painter.text(at, Align2::LEFT_CENTER, words, font, colour);
                *drawn = Drawn { chord: Some(chord), right: rect.right() + 5.0 };
            }
        }
    }
    // What lies ahead is not certain to be named so in the end.
    let ahead = Rect::everything_right_of(scale.now_x).intersect(scale.lane);
    painter.rect_filled(ahead, 0.0, palette.panel.gamma_multiply(0.45));
}

/// Digits of a number after the first, its sign among them.
fn digits(number: i64) -> f32 {
    number.to_string().len() as f32 - 1.0
}

/// What was drawn last in a row.
#[derive(Clone, Copy, Default)]
struct Drawn {
    chord: Option<Harmony>,
    right: f32,
}

/// The roll in stretches of two beats, or of a bar where it has an odd number of beats or `bars` are
/// asked for: a name for each beat is more than an eye can follow.
pub(super) fn stretches(roll: &Roll, range: std::ops::Range<i64>, bars: bool) -> Vec<Stretch> {
    let halves = !bars && roll.beats.is_multiple_of(2);
    let mut all: Vec<(i64, Vec<&Column>)> = Vec::new();
    let mut beat = 0;
    for index in range {
        let Some(column) = column(roll, index) else { continue };
        beat = match column.line {
            Line::Bar => 0,
            Line::Beat => beat + 1,
            Line::Step => beat,
        };
        let begins = match column.line {
            Line::Bar => true,
            Line::Beat => halves && beat % 2 == 0,
            Line::Step => false,
        };
        match all.last_mut() {
            Some((_, columns)) if !begins => columns.push(column),
            _ => all.push((index, vec![column])),
        }
    }
    let stretch = |(from, columns): (i64, Vec<&Column>)| {
        let named = |of: fn(&Column) -> Chord| {
            Harmony::sounding(&columns.iter().map(|column| of(column)).collect::<Vec<_>>())
        };
        let bar = columns.first().filter(|column| column.line == Line::Bar);
        Stretch {
            from,
            bar: bar.map(|column| column.bar),
            chords: [named(|column| column.heard), named(|column| column.chord)],
        }
    };
    all.into_iter().map(stretch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_named_by_half_bars_or_by_the_bar() {
        let step = |index: i64| Column {
            chord: Chord::struck_keys(if index < 8 { [48, 52, 55] } else { [53, 57, 60] }),
            heard: if index < 8 { Chord::struck_keys([69, 72, 76]) } else { Chord::SILENT },
            bar: 1 + index / 16,
            line: match index {
                0 => Line::Bar,
                index if index % 4 == 0 => Line::Beat,
                _ => Line::Step,
            },
            ..Column::default()
        };
        let roll = Roll { past: (0..16).map(step).collect(), beats: 4, ..Roll::default() };
        let words = |roll: &Roll, bars| -> Vec<String> {
            let name = |chord: Option<Harmony>| chord.map_or("-".to_owned(), |c| c.to_string());
            let all = stretches(roll, -16..0, bars).into_iter();
            all.map(|s| format!("{:?} {}", s.bar, s.chords.map(name).join(" "))).collect()
        };
        assert_eq!(words(&roll, false), ["Some(1) Am C", "None - F"]);
        assert_eq!(words(&roll, true).len(), 1);
        let waltz = Roll { beats: 3, ..roll };
        assert_eq!(words(&waltz, false).len(), 1);
    }

    #[test]
    fn a_tune_names_no_chord() {
        let step = |index: u8| Column {
            heard: Chord::struck_keys([[72, 76, 79, 76][usize::from(index / 4)]]),
            ..Column::default()
        };
        let roll = Roll { past: (0..16).map(step).collect(), beats: 4, ..Roll::default() };
        assert!(stretches(&roll, -16..0, true).iter().all(|stretch| stretch.chords == [None; 2]));
    }
}
