//! The velocities of a piece, and the level that they are heard against.

use std::collections::VecDeque;

use anacrusis::model::Engine;
use anacrusis::model::config::Start;
use anacrusis::music::{STEPS_PER_BAR, Stress};

use crate::corpus::Piece;
use crate::sequence::Sequence;

/// A note that a player strikes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Struck {
    /// MIDI key.
    pub key: u8,
    /// MIDI velocity, 1 to 127.
    pub velocity: u8,
    /// The running level: the mean velocity of what the same player struck within the bar before,
    /// held while they strike nothing.
    pub level: f32,
    /// The keys that the same player strikes in this step.
    pub together: u128,
    /// How the step lies in its bar.
    pub stress: Stress,
}

/// Whether the velocities of a piece are known and differ. Files in which all are the same tell
/// nothing of loudness.
pub fn has_dynamics(piece: &Piece) -> bool {
    let mut all = piece.parts.iter().flat_map(|part| &part.velocities);
    all.next().is_some_and(|first| all.any(|other| other != first))
}

/// The velocity of each key in each step, 0 where it is not struck; of a key that several parts
/// strike the loudest.
fn velocities(piece: &Piece) -> Vec<[u8; 128]> {
    let mut table = vec![[0; 128]; piece.roll.len()];
    for part in &piece.parts {
        let struck = part.roll.chords.iter().enumerate().flat_map(|(step, chord)| {
            chord.keys().filter(|key| chord.strikes(*key)).map(move |key| (step, key))
        });
        for ((step, key), velocity) in struck.zip(&part.velocities) {
            if let Some(row) = table.get_mut(step) {
                let entry = &mut row[usize::from(key & 127)];
                *entry = (*entry).max(*velocity);
            }
        }
    }
    table
}

/// The running level of a player.
#[derive(Default)]
struct Level {
    /// Number and sum of the velocities of each of the newest steps, a bar of 4/4 at most.
    steps: VecDeque<(u32, u32)>,
    held: Option<f32>,
}

impl Level {
    fn after(&mut self, struck: impl Iterator<Item = u8>) {
        let step = struck.fold((0, 0), |(keys, sum), v| (keys + 1, sum + u32::from(v)));
        self.steps.push_back(step);
        if self.steps.len() > usize::from(STEPS_PER_BAR) {
            self.steps.pop_front();
        }
        let (keys, sum) =
            self.steps.iter().fold((0, 0), |(keys, sum), step| (keys + step.0, sum + step.1));
        if keys > 0 {
            self.held = Some(sum as f32 / keys as f32);
        }
    }
}

/// Hands each note that the sequence of a piece asks for, and whose loudness is known, to `hear`, with
/// what the note stack's top layer makes of its key (`[H]`) and what the head for loudness tells of it,
/// in MIDI velocities above the level. All bits before it are known, from zero state.
///
/// # Panics
/// If the network has no head for loudness.
pub fn walk(
    engine: &mut Engine,
    piece: &Piece,
    sequence: &Sequence,
    hear: &mut dyn FnMut(&Struck, &[f32], f32),
) {
    use anacrusis::model::network::VELOCITY_UNIT;
    let config = engine.config().clone();
    let table = velocities(piece);
    let first = usize::from(config.start == Start::None);
    let (mut state, mut next) = (engine.new_state(), engine.new_state());
    let mut level = Level::default();
    for (step, (frame, target)) in (first..).zip(sequence.frames.iter().zip(&sequence.targets)) {
        engine.feed(&state, &mut next, frame, &mut || true);
        std::mem::swap(&mut state, &mut next);
        engine.choose(&state, &target.given, &mut |index, _| {
            // The network's keys lie within 0..128.
            let key = config.low + index as u8;
            (target.chord.plays(key), target.chord.strikes(key))
        });
        let row = table.get(step).copied().unwrap_or([0; 128]);
        let together = target.chord.struck();
        let keys = || target.chord.keys().filter(|key| target.chord.strikes(*key));
        if let Some(level) = level.held {
            let position = piece.metres.position(step as i64);
            let stress = match (position.in_bar, position.in_beat) {
                (0, _) => Stress::Bar,
                (_, 0) => Stress::Count,
                _ => Stress::None,
            };
            for key in keys() {
                let (velocity, index) = (row[usize::from(key)], usize::from(key - config.low));
                let (Some(top), Some(told)) = (engine.note_top(index), engine.loudness(index))
                else {
                    panic!("the network tells no loudness");
                };
                if velocity > 0 {
                    let struck = Struck { key, velocity, level, together, stress };
                    hear(&struck, top, told * VELOCITY_UNIT);
                }
            }
        }
        level.after(keys().map(|key| row[usize::from(key)]).filter(|velocity| *velocity > 0));
    }
}
