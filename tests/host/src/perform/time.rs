//! What bends the host's time.

use std::time::{Duration, Instant};

/// A loop of the play head.
#[derive(Clone, Copy)]
pub struct Loop {
    pub start_beats: f64,
    pub end_beats: f64,
    pub announced: bool,
}

/// A tempo on its way.
#[derive(Clone, Copy)]
pub struct Ramp {
    pub from_bpm: f64,
    pub to_bpm: f64,
    pub beats: f64,
    pub done_beats: f64,
}

impl Ramp {
    /// The tempo as far as it has come.
    pub fn tempo_bpm(&self) -> f64 {
        self.from_bpm + (self.to_bpm - self.from_bpm) * self.done_beats / self.beats
    }
}

/// Pseudo-random numbers within -1..1, the same in every performance.
#[derive(Default)]
pub struct Noise(u64);

impl Noise {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(0x9E37_79B9_7F4A_7C15);
        (self.0 >> 40) as f64 / f64::from(1 << 23) - 1.0
    }
}

/// A live host's wall clock.
#[derive(Clone, Copy)]
pub struct Pace {
    speed: f64,
    origin: Instant,
    passed_seconds: f64,
}

impl Pace {
    /// At so many times real speed, from now.
    pub fn new(speed: f64) -> Pace {
        Pace { speed, origin: Instant::now(), passed_seconds: 0.0 }
    }

    /// Waits until the next block, which is so long, is due.
    pub fn wait(&mut self, block_seconds: f64) {
        let due = self.origin + Duration::from_secs_f64(self.passed_seconds / self.speed);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        self.passed_seconds += block_seconds;
    }
}

/// Steps in a beat at a rate, as the plugin shows it.
pub fn steps_per_beat(rate: &str) -> u32 {
    let steps = if rate.starts_with("1/8") {
        2
    } else if rate.starts_with("1/32") {
        8
    } else {
        4
    };
    let triplet = rate.ends_with("triplet");
    if triplet { steps * 3 / 2 } else { steps }
}
