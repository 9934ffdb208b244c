//! The audition voice: a small electric piano, so that something is heard before any routing
//! is understood.
//!
//! It takes the note events that go to the host and sounds each at its sample. The sound is
//! the same, bit for bit, however time is cut into blocks. Amplitudes are linear, 1 is full
//! scale; everything below it is computed per sample, so nothing depends on the block.

mod sounding;
mod voice;

pub use sounding::Sounding;

use crate::jam::player::{NoteEvent, NoteKind};
use voice::Voice;

/// How many notes sound at once; one more takes the place of the oldest.
pub const POLYPHONY: usize = 32;

/// Room for the notes that sound and for as many that are being cut short.
const SLOTS: usize = 2 * POLYPHONY;

/// Sample rates that the voice plays at, in Hz; at any other it is silent.
pub const SAMPLE_RATES: std::ops::RangeInclusive<f64> = 1_000.0..=1_000_000.0;

/// Where the limiter begins to bend; below it the sum of the voices passes unchanged.
const KNEE: f32 = 0.7;

/// How fast the level follows its setting: time constant in seconds.
const LEVEL_SECONDS: f64 = 0.005;

/// What the musician chose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Whether the voice sounds.
    pub on: bool,
    /// Its level in decibels; 0 is as loud as it gets, what is not finite is silence.
    pub level_db: f32,
}

/// The voice: [`POLYPHONY`] notes, two channels.
#[derive(Clone, Debug)]
pub struct Audition {
    voices: [Voice; SLOTS],
    /// Counts notes, so that the oldest is known.
    begun: u64,
    sample_rate: f64,
    on: bool,
    level: f64,
    wanted_level: f64,
    /// Share of the way to the wanted level that a sample goes.
    approach: f64,
}

impl Default for Audition {
    fn default() -> Self {
        Audition {
            voices: [Voice::default(); SLOTS],
            begun: 0,
            sample_rate: 0.0,
            on: false,
            level: 0.0,
            wanted_level: 0.0,
            approach: 0.0,
        }
    }
}

impl Audition {
    /// What holds from the next sample on. Switched off, what sounds fades out at once; at
    /// another sample rate it is gone.
    ///
    /// # Realtime
    /// Safe: constant time.
    pub fn set(&mut self, settings: Settings, sample_rate: f64) {
        if self.sample_rate != sample_rate {
            self.voices = [Voice::default(); SLOTS];
            self.sample_rate = if SAMPLE_RATES.contains(&sample_rate) { sample_rate } else { 0.0 };
            self.approach = 1.0 - (-1.0 / (LEVEL_SECONDS * self.sample_rate.max(1.0))).exp();
        }
        if self.on && !settings.on {
            self.silence();
        }
        let level_db = f64::from(settings.level_db);
        self.wanted_level = if level_db.is_finite() {
            (level_db.min(0.0) / 20.0 * 10.0f64.ln()).exp()
        } else {
            0.0
        };
        if self.is_idle() {
            // Nobody hears it jump.
            self.level = self.wanted_level;
        }
        self.on = settings.on;
    }

    /// Whether nothing sounds: [`render`](Audition::render) would leave silence.
    ///
    /// # Realtime
    /// Safe: constant time.
    pub fn is_idle(&self) -> bool {
        self.voices.iter().all(Voice::is_free)
    }

    /// Whether rendering can be left out: off, and nothing fading.
    ///
    /// # Realtime
    /// Safe: constant time.
    pub fn is_off(&self) -> bool {
        !self.on && self.is_idle()
    }

    /// Begins or ends a note with the next sample rendered. A note struck anew lets go of the
    /// one on its key; one too many takes the place of what was let go first, or of the oldest.
    /// Offsets are the caller's: see [`Sounding`].
    ///
    /// # Realtime
    /// Safe: constant time.
    pub fn play(&mut self, event: NoteEvent) {
        if self.sample_rate == 0.0 {
            return;
        }
        let mine = |voice: &&mut Voice| voice.is_held_by(event.key, event.channel);
        for voice in self.voices.iter_mut().filter(mine) {
            voice.release(self.sample_rate);
        }
        if !self.on || event.kind != NoteKind::On || event.velocity == 0 {
            return;
        }
        let sounding = self.voices.iter().filter(|voice| voice.counts()).count();
        if sounding >= POLYPHONY
            && let Some(oldest) = self
                .voices
                .iter_mut()
                .filter(|voice| voice.counts())
                .min_by_key(|voice| voice.claim())
        {
            oldest.cut(self.sample_rate);
        }
        // None is free only if as many were cut within these milliseconds as can sound: such
        // a storm is one note poorer.
        if let Some(free) = self.voices.iter_mut().find(|voice| voice.is_free()) {
            self.begun += 1;
            *free = Voice::strike(event, self.begun, self.sample_rate);
        }
    }

    /// Fades out all that sounds, within milliseconds.
    ///
    /// # Realtime
    /// Safe: constant time.
    pub fn silence(&mut self) {
        for voice in self.voices.iter_mut().filter(|voice| !voice.is_free()) {
            voice.cut(self.sample_rate);
        }
    }

    /// Fills `left` and `right`, which are equally long, with the next samples. Each lies
    /// strictly within -1..1 and none is subnormal noise: silence is exactly 0.
    ///
    /// # Realtime
    /// Safe: the work grows with the samples and the notes that sound.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        left.fill(0.0);
        right.fill(0.0);
        if self.is_idle() {
            return;
        }
        for voice in self.voices.iter_mut().filter(|voice| !voice.is_free()) {
            voice.add_to(left, right);
        }
        for (left, right) in left.iter_mut().zip(right) {
            self.level += (self.wanted_level - self.level) * self.approach;
            let level = self.level as f32;
            *left = limit(*left * level);
            *right = limit(*right * level);
        }
    }
}

/// Bends what exceeds [`KNEE`] towards 1, which it never reaches: `x / (1 + x)` of what is
/// above, whose slope goes on smoothly.
fn limit(sample: f32) -> f32 {
    let above = (sample.abs() - KNEE) / (1.0 - KNEE);
    if above <= 0.0 {
        return sample;
    }
    // One step below 1, where f32 would round to it.
    (KNEE + (1.0 - KNEE) * above / (1.0 + above)).min(1.0 - f32::EPSILON).copysign(sample)
}
