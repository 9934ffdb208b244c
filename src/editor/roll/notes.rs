//! The notes of the roll, one bar for each note.

use egui::{Painter, Rect};

use super::marks::{self, Kind};
use super::scale::Scale;
use super::{column, marks::Look};
use crate::editor::theme::Palette;
use crate::editor::view::{Column, Roll};
use crate::jam::touch::Voice;
use crate::music::{Chord, Keys};

/// Steps before the first that is seen from which notes are followed, so that one which began there
/// has its own loudness and voice.
const BEFORE: i64 = 32;

/// What is drawn of a note whose loudness is not known yet.
const USUAL_VELOCITY: u8 = 80;

/// A note on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Note {
    pub key: u8,
    /// Its first step and the one after its last, relative to the sounding one.
    pub steps: (i64, i64),
    pub kind: Kind,
    pub velocity: u8,
}

/// Draws what was played, sounds and is decided, and what the musician played over it.
pub fn show(painter: &Painter, scale: &Scale, roll: &Roll, palette: &Palette) {
    let seen = scale.seen();
    let range = seen.start - BEFORE..seen.end;
    for note in generated(roll, range.clone()).into_iter().chain(heard(roll, range)) {
        if note.steps.1 > seen.start
            && let Some(cell) = cell(scale, &note)
        {
            let look = Look { velocity: note.velocity, now_x: scale.now_x };
            marks::note(painter, cell, note.kind, look, palette);
        }
    }
}

/// What was generated, as notes.
pub(super) fn generated(roll: &Roll, range: std::ops::Range<i64>) -> Vec<Note> {
    let voices = |column: &Column, key| Kind::Own(Voice::of(key, column.chord.playing()));
    let preview = i64::from(roll.now.is_some()) + roll.ahead.len() as i64;
    let kind = |index, column: &Column, key| match column {
        _ if index >= preview => Kind::Preview,
        Column { missed: true, .. } => Kind::Missed,
        Column { tentative: true, .. } => Kind::Tentative,
        column => voices(column, key),
    };
    joined(roll, range, |column| (column.chord, column.velocity), kind)
}

/// What the musician played, as notes.
fn heard(roll: &Roll, range: std::ops::Range<i64>) -> Vec<Note> {
    joined(roll, range, |column| (column.heard, column.heard_velocity), |_, _, _| Kind::Heard)
}

/// The notes of a player: each from where it is struck to where it ends.
fn joined(
    roll: &Roll,
    range: std::ops::Range<i64>,
    of: impl Fn(&Column) -> (Chord, u8),
    kind: impl Fn(i64, &Column, u8) -> Kind,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut open: [Option<Note>; 128] = [None; 128];
    let mut before = 0;
    let mut velocity = USUAL_VELOCITY;
    for index in range {
        let Some(column) = column(roll, index) else { continue };
        let (chord, told) = of(column);
        velocity = if told > 0 { told } else { velocity };
        let playing = chord.playing();
        let ended = Keys(before & !playing).filter_map(|key| open[usize::from(key)].take());
        notes.extend(ended);
        for key in chord.keys() {
            let slot = &mut open[usize::from(key)];
            let begun =
                Note { key, steps: (index, index + 1), kind: kind(index, column, key), velocity };
            // What changes its kind goes on as another note: from certain to tentative, say. A voice
            // is that of a note's beginning.
            let goes_on = |note: &Note| match (note.kind, begun.kind) {
                (Kind::Own(_), Kind::Own(_)) => true,
                (one, other) => one == other,
            };
            match slot {
                Some(note) if note.steps.1 == index && !chord.strikes(key) && goes_on(note) => {
                    note.steps.1 = index + 1;
                }
                _ => notes.extend(slot.replace(begun)),
            }
        }
        before = playing;
    }
    notes.extend(open.into_iter().flatten());
    notes
}

/// Where a note lies: neighbours stand a little apart.
fn cell(scale: &Scale, note: &Note) -> Option<Rect> {
    let row = scale.row(note.key)?;
    let (left, right) = (scale.x(note.steps.0), scale.x(note.steps.1));
    let gap = ((right - left) * 0.1).min(1.0);
    Some(Rect::from_x_y_ranges(left + gap..=right - gap, row.y_range().shrink(0.4)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_one_bar_from_where_it_is_struck_to_where_it_ends() {
        let step = |playing: &[u8], struck: &[u8], velocity| Column {
            chord: Chord::from_masks(mask(playing), mask(struck)),
            velocity,
            ..Column::default()
        };
        fn mask(keys: &[u8]) -> u128 {
            keys.iter().fold(0, |all, key| all | 1 << key)
        }
        let roll = Roll {
            past: vec![
                step(&[40, 60, 76], &[40, 60, 76], 30),
                step(&[40, 60], &[60], 100),
                step(&[40], &[], 0),
            ],
            now: Some(step(&[40], &[], 0)),
            ahead: vec![Column { tentative: true, ..step(&[40], &[], 0) }],
            ..Roll::default()
        };
        let mut notes = generated(&roll, -40..9);
        notes.sort_by_key(|note| (note.key, note.steps));
        let note = |key, steps, kind, velocity| Note { key, steps, kind, velocity };
        assert_eq!(
            notes,
            [
                note(40, (-3, 1), Kind::Own(Voice::Bass), 30),
                note(40, (1, 2), Kind::Tentative, 100),
                note(60, (-3, -2), Kind::Own(Voice::Middle), 30),
                note(60, (-2, -1), Kind::Own(Voice::Top), 100),
                note(76, (-3, -2), Kind::Own(Voice::Top), 30),
            ]
        );
    }
}
