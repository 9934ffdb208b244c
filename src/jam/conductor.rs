//! A transport of our own, for where there is no host that has one.

use crate::jam::transport::Transport;
use crate::music::{Metre, grid};

/// What the musician asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wishes {
    /// Whether the play head shall move.
    pub playing: bool,
    /// Quarter notes per minute.
    pub tempo_bpm: f64,
    /// Beats in a bar, and the note value of one: 3 and 4 for 3/4.
    pub signature: (i32, i32),
    /// Grows by one each time the play head shall go to the beginning of [`Wishes::bar`].
    pub jumps: u64,
    /// A bar, counted from 1.
    pub bar: i64,
}

impl Default for Wishes {
    fn default() -> Self {
        Wishes { playing: false, tempo_bpm: 120.0, signature: (4, 4), jumps: 0, bar: 1 }
    }
}

/// Moves a play head as it is wished.
///
/// The position is worked out from the samples since the last change of tempo, never added up
/// block by block: it is the same for every partition into blocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conductor {
    now: Wishes,
    sample_rate: f64,
    /// Where the play head was at the last change, and the samples played since.
    anchor_beats: f64,
    samples: u64,
    /// A bar line, from which bars are counted.
    bar_line_beats: f64,
}

impl Conductor {
    /// The transport at the first sample of a block. Another tempo holds from there; another
    /// signature makes the bar under way one of its own.
    ///
    /// # Realtime
    /// Safe: constant time.
    pub fn transport(&mut self, wishes: Wishes, sample_rate: f64) -> Transport {
        let position_beats = self.position_beats();
        if (wishes.tempo_bpm, sample_rate) != (self.now.tempo_bpm, self.sample_rate) {
            (self.anchor_beats, self.samples) = (position_beats, 0);
        }
        if wishes.signature != self.now.signature {
            self.bar_line_beats = self.bar_start_beats(position_beats);
        }
        if wishes.jumps != self.now.jumps {
            self.jump_to(wishes.bar, wishes.signature);
        }
        self.now = wishes;
        self.sample_rate = sample_rate;
        let position_beats = self.position_beats();
        Transport {
            playing: wishes.playing,
            sample_rate,
            tempo_bpm: Some(wishes.tempo_bpm),
            position_beats: Some(position_beats),
            bar_start_beats: Some(self.bar_start_beats(position_beats)),
            time_signature: Some(wishes.signature),
            ..Transport::default()
        }
    }

    /// `samples` have been played.
    ///
    /// # Realtime
    /// Safe: constant time.
    pub fn advance(&mut self, samples: u32) {
        if self.now.playing {
            self.samples += u64::from(samples);
        }
    }

    /// To a bar line, where it lies in a metre. At the top the bars begin anew, whatever metres there
    /// were.
    fn jump_to(&mut self, bar: i64, (beats, value): (i32, i32)) {
        if bar == 1 {
            self.bar_line_beats = 0.0;
        }
        let metre = Metre::new(self.bar_line_beats, beats, value);
        (self.anchor_beats, self.samples) = (metre.bar_begins_beats(bar), 0);
    }

    fn position_beats(&self) -> f64 {
        if self.samples == 0 {
            return self.anchor_beats;
        }
        let per_sample = grid::beats_per_sample(self.now.tempo_bpm, self.sample_rate);
        self.anchor_beats + self.samples as f64 * per_sample
    }

    fn bar_start_beats(&self, position_beats: f64) -> f64 {
        let (beats, value) = self.now.signature;
        let bar_beats = f64::from(beats.max(1)) * 4.0 / f64::from(value.max(1));
        // A bar line that lies a rounding error ahead is reached.
        let bars = ((position_beats - self.bar_line_beats) / bar_beats + 1e-9).floor();
        self.bar_line_beats + bars * bar_beats
    }
}
