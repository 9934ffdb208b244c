//! What the parameters can be set to, in the units that a musician sees.

use std::ops::RangeInclusive;

use crate::jam::controls::Controls;

/// Sampling temperature, a factor on the network's logits' scale (no unit).
pub const TEMPERATURE: RangeInclusive<f32> = 0.1..=2.0;
/// Density: 1 as the model's own music, 2 twice as many notes, 1/2 half (no unit).
pub const DENSITY: RangeInclusive<f32> = 0.5..=2.0;
/// Semitones that it prefers to play higher, or lower.
pub const REGISTER: RangeInclusive<i32> = -24..=24;
/// How long after its step a chord sounds, in milliseconds.
pub const REACTION: RangeInclusive<f32> = 0.0..=Controls::LONGEST_REACTION_MS;
/// How far the musician is followed: 0 as the plain network, 1 the most.
pub const FOLLOW: RangeInclusive<f32> = 0.0..=1.0;
/// Probabilities below this share, or above one minus it, are taken as certain.
pub const TRUNCATION: RangeInclusive<f32> = 0.0..=0.2;
/// Seeds of the random draws.
pub const SEED: RangeInclusive<i32> = 0..=65_535;
/// MIDI keys.
pub const MIDI_KEY: RangeInclusive<i32> = 0..=127;
/// Most notes at once, or beginning in a step; the last is no limit.
pub const MOST: RangeInclusive<i32> = 1..=20;
/// Semitones up or down.
pub const TRANSPOSE: RangeInclusive<i32> = -24..=24;
/// MIDI channels as musicians count them.
pub const CHANNEL: RangeInclusive<i32> = 1..=16;
/// MIDI note-on velocities; 0 would be a note-off.
pub const VELOCITY: RangeInclusive<i32> = 1..=127;
/// How far the notes are as loud as what the musician plays: 0 not at all, 1 all the way.
pub const DYNAMICS: RangeInclusive<f32> = 0.0..=1.0;
/// What accents and chance do to a velocity at most.
pub const VELOCITY_CHANGE: RangeInclusive<i32> = 0..=64;
/// The share of a pair of notes that the first one has: even to dotted.
pub const SWING: RangeInclusive<f32> = 0.5..=0.75;
/// Milliseconds by which everything sounds later, or earlier.
pub const LAY_BACK: RangeInclusive<f32> = -30.0..=30.0;
/// What chance adds to a moment or takes from it at most, in milliseconds.
pub const TIMING: RangeInclusive<f32> = 0.0..=20.0;
/// How much of the musician's own deviation from the grid is taken over.
pub const GROOVE: RangeInclusive<f32> = 0.0..=1.0;
/// Where in its last step a note ends, as a share of the step.
pub const GATE: RangeInclusive<f32> = 0.05..=1.0;
/// Level of the audition voice in decibels; 0 is its loudest.
pub const AUDITION_LEVEL: RangeInclusive<f32> = -48.0..=0.0;
