//! One note of the audition voice.
//!
//! Each partial is a phasor that turns and shrinks by one complex product per sample: a sine
//! that fades exponentially, with neither tables nor sines to compute while it sounds. In
//! `f64` its pitch and level stay true for longer than any note lasts, and the shortest-lived
//! partial is far from subnormal when the note as a whole has faded.

use std::f64::consts::{FRAC_PI_4, TAU};

use crate::jam::player::NoteEvent;

/// Partials of a string and its bell: multiple of the frequency, level, and how many times
/// faster than the first it fades.
const PARTIALS: [(f64, f64, f64); 5] =
    [(1.0, 1.0, 1.0), (2.0, 0.45, 1.6), (3.0, 0.18, 2.4), (4.0, 0.08, 3.2), (7.0, 0.05, 9.0)];

/// Level of the first partial at full velocity: a dozen loud notes meet the limiter.
const LEVEL: f64 = 0.2;

/// A note that has faded to this is over: 100 dB below its loudest.
const FADED: f64 = 1e-5;

/// What is left of a note that is let go when it is over: steps towards zero may end a rounding
/// error above it, and the square of that is subnormal in `f32`.
const LEAST_FADE: f64 = 1e-6;

/// How long a note takes to begin, to ring off after its end, and to make room, in seconds.
const ATTACK_SECONDS: f64 = 0.003;
const RELEASE_SECONDS: f64 = 0.18;
const CUT_SECONDS: f64 = 0.006;

/// Partials above this share of half the sample rate are left out.
const HIGHEST: f64 = 0.95;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Free,
    Held,
    Released,
    Cut,
}

/// One note, or room for one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Voice {
    phase: Phase,
    key: u8,
    channel: u8,
    /// Number of the note; later ones have greater ones.
    number: u64,
    /// Where each phasor stands, and what it is multiplied by for the next sample.
    real: [f64; PARTIALS.len()],
    imaginary: [f64; PARTIALS.len()],
    turn_real: [f64; PARTIALS.len()],
    turn_imaginary: [f64; PARTIALS.len()],
    /// How loud on the left and on the right.
    sides: [f64; 2],
    /// How far the attack has come, 0 to 1, and what a sample adds.
    attack: f64,
    attack_step: f64,
    /// What the end has left, 1 to 0, and what a sample takes.
    fade: f64,
    fade_step: f64,
    /// Samples until the note has faded by itself.
    samples_left: u64,
}

impl Voice {
    /// A note that begins with the next sample.
    pub fn strike(event: NoteEvent, number: u64, sample_rate: f64) -> Voice {
        let NoteEvent { key, channel, velocity, .. } = event;
        let frequency = 440.0 * ((f64::from(key) - 69.0) / 12.0).exp2();
        // Low strings ring longer.
        let decay = 0.8 + frequency / 500.0;
        let mut voice = Voice {
            phase: Phase::Held,
            key,
            channel,
            number,
            attack_step: 1.0 / (ATTACK_SECONDS * sample_rate),
            fade: 1.0,
            samples_left: (-FADED.ln() / decay * sample_rate).ceil() as u64,
            ..Voice::default()
        };
        let loudness = LEVEL * f64::from(velocity.min(127)) / 127.0;
        for (index, (multiple, level, faster)) in PARTIALS.into_iter().enumerate() {
            let hertz = frequency * multiple;
            if hertz < HIGHEST * sample_rate / 2.0 {
                let shrink = (-decay * faster / sample_rate).exp();
                let (sine, cosine) = (TAU * hertz / sample_rate).sin_cos();
                // In range: `index` counts these very arrays.
                voice.real[index] = level * loudness;
                voice.turn_real[index] = shrink * cosine;
                voice.turn_imaginary[index] = shrink * sine;
            }
        }
        // Low keys to the left, as a player hears a piano; equal power.
        let place = ((f64::from(key) - 64.0) / 48.0).clamp(-0.7, 0.7);
        let (right, left) = ((place + 1.0) * FRAC_PI_4).sin_cos();
        voice.sides = [left, right];
        voice
    }

    /// Whether there is room for a note.
    pub fn is_free(&self) -> bool {
        self.phase == Phase::Free
    }

    /// Whether this is the note on `key` and `channel`, not yet let go.
    pub fn is_held_by(&self, key: u8, channel: u8) -> bool {
        self.phase == Phase::Held && (self.key, self.channel) == (key, channel)
    }

    /// Whether it sounds and is not already making room.
    pub fn counts(&self) -> bool {
        matches!(self.phase, Phase::Held | Phase::Released)
    }

    /// How little it may claim its place, smallest first: what was let go, then the oldest.
    pub fn claim(&self) -> (bool, u64) {
        (self.phase == Phase::Held, self.number)
    }

    /// Lets the key go: the note rings off.
    pub fn release(&mut self, sample_rate: f64) {
        if self.phase == Phase::Held {
            self.phase = Phase::Released;
            self.fade_step = 1.0 / (RELEASE_SECONDS * sample_rate);
        }
    }

    /// Makes room: the note is gone within milliseconds.
    pub fn cut(&mut self, sample_rate: f64) {
        if self.counts() {
            self.phase = Phase::Cut;
            self.fade_step = 1.0 / (CUT_SECONDS * sample_rate);
        }
    }

    /// Adds the next samples of the note.
    pub fn add_to(&mut self, left: &mut [f32], right: &mut [f32]) {
        for (left, right) in left.iter_mut().zip(right) {
            if self.fade <= LEAST_FADE || self.samples_left == 0 {
                *self = Voice::default();
                return;
            }
            let sample = self.next_sample();
            *left += (sample * self.sides[0]) as f32;
            *right += (sample * self.sides[1]) as f32;
        }
    }

    fn next_sample(&mut self) -> f64 {
        let mut sum = 0.0;
        for index in 0..PARTIALS.len() {
            let (real, imaginary) = (self.real[index], self.imaginary[index]);
            let (turn_real, turn_imaginary) = (self.turn_real[index], self.turn_imaginary[index]);
            self.real[index] = real * turn_real - imaginary * turn_imaginary;
            self.imaginary[index] = real * turn_imaginary + imaginary * turn_real;
            sum += self.imaginary[index];
        }
        self.attack = (self.attack + self.attack_step).min(1.0);
        let begun = self.attack * self.attack * (3.0 - 2.0 * self.attack);
        // The square lets the end come to rest on zero.
        let left = self.fade * self.fade;
        self.fade -= self.fade_step;
        self.samples_left -= 1;
        sum * begun * left
    }
}
