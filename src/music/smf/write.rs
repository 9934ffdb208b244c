//! From a roll to the bytes of a file.

use midly::{
    Format, Header, MetaMessage, MidiMessage, Timing, TrackEvent, TrackEventKind,
    num::{u4, u7, u15, u24, u28},
};

use crate::music::{Keys, PianoRoll};

/// Ticks per quarter note of the files that [`write()`] makes.
pub const TICKS_PER_BEAT: u16 = 480;

/// A step is a sixteenth.
const TICKS_PER_STEP: u32 = TICKS_PER_BEAT as u32 / 4;

/// How a roll is written; the roll itself has neither tempo nor loudness.
#[derive(Clone, Copy, Debug)]
pub struct WriteOptions<'a> {
    /// Tempo in quarter notes per minute; clamped to what a file can hold (3.58 and up).
    pub tempo_bpm: f64,
    /// Velocity of every note, `1..=127`.
    pub velocity: u8,
    /// Channel of every note, `0..=15`.
    pub channel: u8,
    /// Text events at the beginning, such as how the music was made.
    pub texts: &'a [&'a str],
}

impl Default for WriteOptions<'_> {
    fn default() -> Self {
        WriteOptions { tempo_bpm: 120.0, velocity: 80, channel: 0, texts: &[] }
    }
}

/// Writes a roll as a Standard MIDI File of format 0 in 4/4.
///
/// In each step first ends, then onsets, each from low to high. A key that is struck again
/// is ended first; a held key that did not sound before begins. What still sounds is ended
/// after the last step, where the track ends too.
///
/// # Panics
///
/// If the file would exceed the 4 GiB of its format; the longest roll that
/// [`read`](super::read) gives stays far below that.
pub fn write(roll: &PianoRoll, options: &WriteOptions) -> Vec<u8> {
    let mut track = Writer { events: Vec::new(), wait_ticks: 0 };
    for text in options.texts {
        let bytes = text.as_bytes();
        let length = bytes.len().min(u28::max_value().as_int() as usize);
        track.meta(MetaMessage::Text(&bytes[..length]));
    }
    track.meta(MetaMessage::Tempo(micros_per_beat(options.tempo_bpm)));
    track.meta(MetaMessage::TimeSignature(4, 2, 24, 8));

    let velocity = u7::new(options.velocity.clamp(1, 127));
    let channel = u4::new(options.channel.min(15));
    let note = |track: &mut Writer, key: u8, on: bool| {
        let key = u7::new(key);
        let message = match on {
            true => MidiMessage::NoteOn { key, vel: velocity },
            false => MidiMessage::NoteOff { key, vel: u7::new(0) },
        };
        track.push(TrackEventKind::Midi { channel, message });
    };
    let mut sounding = 0u128;
    for chord in &roll.chords {
        let onsets = chord.struck() | (chord.playing() & !sounding);
        for key in Keys(sounding & (onsets | !chord.playing())) {
            note(&mut track, key, false);
        }
        for key in Keys(onsets) {
            note(&mut track, key, true);
        }
        sounding = chord.playing();
        track.wait();
    }
    for key in Keys(sounding) {
        note(&mut track, key, false);
    }
    track.meta(MetaMessage::EndOfTrack);

    let timing = Timing::Metrical(u15::new(TICKS_PER_BEAT));
    let header = Header::new(Format::SingleTrack, timing);
    let mut bytes = Vec::new();
    midly::write(&header, std::iter::once(&track.events), &mut bytes)
        .expect("a track of less than 4 GiB");
    bytes
}

fn micros_per_beat(tempo_bpm: f64) -> u24 {
    let micros = (60_000_000.0 / tempo_bpm).round();
    // NaN and what is not positive fall back; the cast saturates within the clamp.
    let micros = if micros.is_finite() && micros > 0.0 { micros } else { 500_000.0 };
    u24::new(micros.clamp(1.0, f64::from(u24::max_value().as_int())) as u32)
}

struct Writer<'a> {
    events: Vec<TrackEvent<'a>>,
    /// Ticks since the last event.
    wait_ticks: u32,
}

impl<'a> Writer<'a> {
    fn push(&mut self, kind: TrackEventKind<'a>) {
        let delta = u28::new(std::mem::take(&mut self.wait_ticks));
        self.events.push(TrackEvent { delta, kind });
    }

    fn meta(&mut self, message: MetaMessage<'a>) {
        self.push(TrackEventKind::Meta(message));
    }

    /// Lets one step pass.
    fn wait(&mut self) {
        if self.wait_ticks > u28::max_value().as_int() - TICKS_PER_STEP {
            // A delta time cannot grow further: an empty text begins a new one.
            self.meta(MetaMessage::Text(&[]));
        }
        self.wait_ticks += TICKS_PER_STEP;
    }
}
