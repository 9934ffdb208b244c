//! What came out of a performance, and the oracle that judges it.

use crate::meter::Counts;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Beginning or end of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Note-off.
    Off,
    /// Note-on.
    On,
}

/// One note event as the host received it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recorded {
    /// Samples since the performance began, stopped time included.
    pub time_samples: u64,
    /// Where the play head was, in quarter notes, by the host's own arithmetic.
    pub position_beats: f64,
    /// Speed of the play head there.
    pub beats_per_sample: f64,
    /// Whether the host was playing.
    pub playing: bool,
    /// How often the play head had moved against its path before: jumps and loop wraps.
    pub pass: u32,
    /// Beginning or end.
    pub kind: Kind,
    /// MIDI key number.
    pub key: u8,
    /// MIDI channel, 0..=15.
    pub channel: u8,
    /// 0..=1.
    pub velocity: f64,
}

impl Recorded {
    /// Distance to the nearest line of a grid of `steps_per_beat`, in samples.
    pub fn off_grid_samples(&self, steps_per_beat: u32) -> f64 {
        let steps = self.position_beats * f64::from(steps_per_beat);
        let beats = (steps - steps.round()) / f64::from(steps_per_beat);
        (beats / self.beats_per_sample).abs()
    }

    /// The nearest step of a grid of `steps_per_beat`.
    pub fn step(&self, steps_per_beat: u32) -> i64 {
        (self.position_beats * f64::from(steps_per_beat)).round() as i64
    }
}

/// One block of the performance: where its play head was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// First sample since the performance began.
    pub time_samples: u64,
    /// Length in samples.
    pub frames: u32,
    /// Whether the host was playing and said its tempo.
    pub playing: bool,
    /// Play head at the first sample, in quarter notes.
    pub position_beats: f64,
    /// The same as the plugin was told.
    pub told_beats: f64,
    /// Speed of the play head.
    pub beats_per_sample: f64,
    /// The announced loop.
    pub loop_beats: Option<(f64, f64)>,
    /// How often the play head had moved against its path before.
    pub pass: u32,
    /// Steps in a beat at the plugin's rate.
    pub steps_per_beat: u32,
    /// Whether the plugin was reset or activated before it.
    pub fresh: bool,
}

impl Span {
    /// The play head at a sample of the block, and its pass; an announced loop may wrap inside.
    pub fn beats_at(&self, offset_samples: u32) -> (f64, u32) {
        if !self.playing {
            return (self.position_beats, self.pass);
        }
        let moved = f64::from(offset_samples) * self.beats_per_sample;
        let beats = self.position_beats + moved;
        match self.loop_beats {
            // Half a sample of room: a step at the loop's start rounds to either side of it.
            Some((start, end))
                if self.position_beats < end && beats >= end - self.beats_per_sample / 2.0 =>
            {
                let length = end - start;
                let past = beats - end;
                let wraps = (past.max(0.0) / length).floor();
                (start + past - wraps * length, self.pass + 1 + wraps as u32)
            }
            _ => (beats, self.pass),
        }
    }
}

/// One call of `process`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call {
    /// Block length in samples.
    pub frames: u32,
    /// Wall time.
    pub time: Duration,
    /// What it did that an audio thread must not.
    pub counts: Counts,
}

/// Everything that came out of a performance.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Note events in the order in which the host received them.
    pub events: Vec<Recorded>,
    /// Messages that are no notes: sample since the performance began, and bytes.
    pub messages: Vec<(u64, [u8; 3])>,
    /// Every block.
    pub spans: Vec<Span>,
    /// Every call of `process`.
    pub calls: Vec<Call>,
    /// States saved by the script, by name.
    pub states: HashMap<String, Vec<u8>>,
    /// Events that came before an earlier one of the same block.
    pub disordered: u64,
    /// Events at or beyond the end of their block.
    pub outside: u64,
    /// Events that the host's queue refused.
    pub refused: u64,
    /// Blocks of playback after which the plugin could be put to sleep.
    pub may_sleep: u64,
}

/// How the note-ons and note-offs of a recording pair up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pairing {
    /// Note-ons.
    pub onsets: u64,
    /// Note-ons never followed by their note-off.
    pub hanging: u64,
    /// Note-offs without a note-on before.
    pub stray: u64,
    /// Note-ons of a key that was already sounding.
    pub overlapping: u64,
}

impl Pairing {
    /// Everything that does not pair up.
    pub fn unmatched(&self) -> u64 {
        self.hanging + self.stray + self.overlapping
    }
}

impl Recording {
    /// The note-ons.
    pub fn onsets(&self) -> impl Iterator<Item = &Recorded> {
        self.events.iter().filter(|e| e.kind == Kind::On)
    }

    /// The same as it was on one channel.
    #[must_use]
    pub fn of_channel(&self, channel: u8) -> Recording {
        let mut own = self.clone();
        own.events.retain(|event| event.channel == channel);
        own
    }

    /// Pairs note-ons with note-offs, per key and channel.
    pub fn notes(&self) -> Pairing {
        let mut pairing = Pairing::default();
        let mut sounding: HashMap<(u8, u8), bool> = HashMap::new();
        for event in &self.events {
            let sounds = sounding.entry((event.channel, event.key)).or_default();
            match event.kind {
                Kind::On => {
                    pairing.onsets += 1;
                    pairing.overlapping += u64::from(*sounds);
                    *sounds = true;
                }
                Kind::Off => {
                    pairing.stray += u64::from(!*sounds);
                    *sounds = false;
                }
            }
        }
        pairing.hanging = sounding.values().filter(|sounds| **sounds).count() as u64;
        pairing
    }

    /// Onsets that came twice: same step, key and channel without the play head having gone
    /// back in between.
    pub fn doubled(&self, steps_per_beat: u32) -> u64 {
        let mut seen = HashSet::new();
        let doubled =
            |e: &&Recorded| !seen.insert((e.pass, e.step(steps_per_beat), e.key, e.channel));
        self.onsets().filter(doubled).count() as u64
    }

    /// Largest distance of an onset from the grid in samples; 0 without onsets.
    pub fn worst_off_grid_samples(&self, steps_per_beat: u32) -> f64 {
        self.onsets().map(|e| e.off_grid_samples(steps_per_beat)).fold(0.0, f64::max)
    }

    /// Everything counted over all calls of `process`.
    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        for call in &self.calls {
            sum += call.counts;
        }
        sum
    }

    /// How long the calls with `frames` samples took that are longer than such shares of all,
    /// 0 to 1; `None` if there were none.
    pub fn process_times<const N: usize>(
        &self,
        frames: u32,
        shares: [f64; N],
    ) -> Option<[Duration; N]> {
        let of_size = self.calls.iter().filter(|call| call.frames == frames);
        let mut times: Vec<Duration> = of_size.map(|call| call.time).collect();
        times.sort_unstable();
        let last = times.len().checked_sub(1)?;
        Some(shares.map(|share| times[((share * last as f64).round() as usize).min(last)]))
    }

    /// A number that two recordings share if the same events came at the same samples (FNV-1a).
    pub fn digest(&self) -> u64 {
        digest(self.events.iter().map(|e| {
            (e.time_samples as i64, e.kind, e.key, e.channel, (e.velocity * 127.0).round() as u8)
        }))
    }

    /// As [`Recording::digest`], with steps in the place of samples.
    pub fn digest_of_music(&self, steps_per_beat: u32) -> u64 {
        digest(self.music(steps_per_beat).into_iter())
    }

    /// The music without its clock: step, kind, key and channel of every event, sorted within
    /// a step, for comparing performances whose blocks differ. Velocities are in MIDI units.
    pub fn music(&self, steps_per_beat: u32) -> Vec<(i64, Kind, u8, u8, u8)> {
        let mut music: Vec<(i64, Kind, u8, u8, u8)> = Vec::new();
        let mut from = 0;
        for event in &self.events {
            let step = event.step(steps_per_beat);
            // The velocity of an off carries no music, and hosts disagree about it.
            let velocity =
                if event.kind == Kind::On { (event.velocity * 127.0).round() as u8 } else { 0 };
            if music.last().is_some_and(|last| last.0 != step) {
                music[from..].sort_unstable();
                from = music.len();
            }
            music.push((step, event.kind, event.key, event.channel, velocity));
        }
        music[from..].sort_unstable();
        music
    }
}

fn digest(events: impl Iterator<Item = (i64, Kind, u8, u8, u8)>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for (at, kind, key, channel, velocity) in events {
        // The velocity of an off carries no music, and hosts disagree about it.
        let velocity = if kind == Kind::On { velocity } else { 0 };
        for byte in at.to_le_bytes().into_iter().chain([kind as u8, key, channel, velocity]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash
}
