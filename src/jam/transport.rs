//! What the host says about time, free of any host's types.

use crate::music::Metre;

/// Tempi above this are taken for nonsense: they would bound no work.
const MAX_TEMPO_BPM: f64 = 10_000.0;

/// Sample rates that are believed.
const SAMPLE_RATES: std::ops::RangeInclusive<f64> = 1_000.0..=10_000_000.0;

/// The host's transport at the first sample of a block.
///
/// Positions are in beats (quarter notes) from the song's zero and may be negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transport {
    /// Whether the play head moves.
    pub playing: bool,
    /// Samples per second.
    pub sample_rate: f64,
    /// Beats per minute, if the host knows.
    pub tempo_bpm: Option<f64>,
    /// Position of the block's first sample in beats, if the host knows.
    pub position_beats: Option<f64>,
    /// Beat of the last bar line, if the host knows.
    pub bar_start_beats: Option<f64>,
    /// Numerator and denominator, if the host knows.
    pub time_signature: Option<(i32, i32)>,
    /// First beat and end of the loop, if looping is switched on.
    pub loop_beats: Option<(f64, f64)>,
    /// Whether the host says that this is a render and not a performance.
    pub offline: bool,
}

impl Default for Transport {
    /// Stopped, at 44.1 kHz, with nothing known.
    fn default() -> Self {
        Transport {
            playing: false,
            sample_rate: 44_100.0,
            tempo_bpm: None,
            position_beats: None,
            bar_start_beats: None,
            time_signature: None,
            loop_beats: None,
            offline: false,
        }
    }
}

/// Why nothing is played, or that it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reason {
    /// The play head moves and everything needed is known.
    Playing,
    /// The host is stopped.
    #[default]
    Stopped,
    /// The host reports no tempo, or one that is no positive number.
    NoTempo,
    /// The host reports no musical position, or one that is no number.
    NoPosition,
    /// The host reports no usable sample rate.
    NoSampleRate,
}

impl Transport {
    /// Whether the transport plays and, if not, why not. Never guesses a tempo or a position.
    ///
    /// # Realtime
    /// Pure arithmetic.
    pub fn reason(&self) -> Reason {
        if !self.playing {
            Reason::Stopped
        } else if self.position().is_none() {
            Reason::NoPosition
        } else if !self.tempo_bpm.is_some_and(|tempo| tempo > 0.0 && tempo <= MAX_TEMPO_BPM) {
            Reason::NoTempo
        } else if !SAMPLE_RATES.contains(&self.sample_rate) {
            Reason::NoSampleRate
        } else {
            Reason::Playing
        }
    }

    /// The position in beats if it can be used: finite, and small enough for a sample to be
    /// told from the next.
    pub fn position(&self) -> Option<f64> {
        self.position_beats.filter(|beats| beats.abs() < 1e9)
    }

    /// The bar line and length of a bar, 4/4 from beat zero where the host reports none.
    pub fn metre(&self) -> Metre {
        let (numerator, denominator) = self.time_signature.unwrap_or((4, 4));
        Metre::new(self.bar_start_beats.unwrap_or(0.0), numerator, denominator)
    }
}
