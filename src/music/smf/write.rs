//! From a roll to the bytes of a file.

use midly::{
    Format, Header, MetaMessage, MidiMessage, Timing, TrackEvent, TrackEventKind,
    num::{u4, u7, u15, u24, u28},
};

use crate::music::{Keys, Metres, PianoRoll, Rate, Signature};

/// Ticks per quarter note of the files that [`write()`] makes.
pub const TICKS_PER_BEAT: u16 = 480;

/// Ticks of a step of `rate`: a whole number at every rate.
fn ticks_per_step(rate: Rate) -> u32 {
    u32::from(TICKS_PER_BEAT) / u32::from(rate.steps_per_beat())
}

/// How a roll is written; the roll itself has neither tempo nor metre nor loudness.
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
    /// Where the bar lines lie, in steps from the first; if not given, 4/4.
    pub metres: Option<&'a Metres>,
}

impl WriteOptions<'_> {
    /// The time signatures to write, each with its step, the first at step 0.
    fn signatures(&self) -> Vec<(usize, Signature)> {
        let pairs = self.metres.map_or_else(|| Metres::default().pairs(), Metres::pairs);
        // None lies before step 0.
        pairs.into_iter().map(|(step, signature)| (step as usize, signature)).collect()
    }
}

impl Default for WriteOptions<'_> {
    fn default() -> Self {
        WriteOptions { tempo_bpm: 120.0, velocity: 80, channel: 0, texts: &[], metres: None }
    }
}

/// The velocity of a key that begins in a step, by the number of the step, the key and the mask of all
/// keys that begin in it; `1..=127`.
pub type VelocityOf<'a> = &'a dyn Fn(usize, u8, u128) -> u8;

/// One of several voices of a file.
#[derive(Clone)]
pub struct Part<'a> {
    /// What its track is called.
    pub name: &'a str,
    /// Channel of its notes, `0..=15`.
    pub channel: u8,
    /// Its notes.
    pub roll: PianoRoll,
    /// How loud they are; without it, as the options say.
    pub velocity: Option<VelocityOf<'a>>,
}

/// The tempo from a step on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TempoChange {
    /// Counted from the first step of the file.
    pub step: usize,
    /// In quarter notes per minute; clamped to what a file can hold (3.58 and up).
    pub tempo_bpm: f64,
}

/// Writes a roll of sixteenths as a Standard MIDI File of format 0.
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
    let mut track = Writer::new(Rate::Sixteenth);
    track.texts(options.texts);
    track.meta(MetaMessage::Tempo(micros_per_beat(options.tempo_bpm)));
    track.notes(roll, (options.channel, &|_, _, _| options.velocity), &options.signatures());
    file(Format::SingleTrack, vec![track])
}

/// Writes several parts of one length, whose steps are those of `rate`, as a Standard MIDI File
/// of format 1: a track of tempi, metres and texts, then one for each part, as [`write()`] does.
/// Tempo changes come in order; without any, and before the first, `options` tells the tempo.
/// The steps of metres are sixteenths, so at other rates only one metre throughout makes sense.
///
/// # Panics
///
/// As [`write()`].
pub fn write_parts(
    parts: &[Part],
    rate: Rate,
    tempi: &[TempoChange],
    options: &WriteOptions,
) -> Vec<u8> {
    let mut head = Writer::new(rate);
    head.texts(options.texts);
    if tempi.first().is_none_or(|change| change.step > 0) {
        head.meta(MetaMessage::Tempo(micros_per_beat(options.tempo_bpm)));
    }
    let signatures = options.signatures().into_iter().map(|(step, it)| (step, signature(it)));
    let tempi = tempi
        .iter()
        .map(|change| (change.step, MetaMessage::Tempo(micros_per_beat(change.tempo_bpm))));
    let mut changes: Vec<(usize, MetaMessage)> = signatures.chain(tempi).collect();
    // Of one step, metres first.
    changes.sort_by_key(|(step, _)| *step);
    let mut at = 0;
    for (step, message) in changes {
        (at..step).for_each(|_| head.wait());
        at = step;
        head.meta(message);
    }
    head.meta(MetaMessage::EndOfTrack);
    let mut tracks = vec![head];
    for part in parts {
        let mut track = Writer::new(rate);
        track.meta(MetaMessage::TrackName(part.name.as_bytes()));
        let usual = |_, _, _| options.velocity;
        track.notes(&part.roll, (part.channel, part.velocity.unwrap_or(&usual)), &[]);
        tracks.push(track);
    }
    file(Format::Parallel, tracks)
}

fn file(format: Format, tracks: Vec<Writer>) -> Vec<u8> {
    let timing = Timing::Metrical(u15::new(TICKS_PER_BEAT));
    let tracks: Vec<Vec<TrackEvent>> = tracks.into_iter().map(|track| track.events).collect();
    let mut bytes = Vec::new();
    midly::write(&Header::new(format, timing), &tracks, &mut bytes)
        .expect("tracks of less than 4 GiB");
    bytes
}

fn micros_per_beat(tempo_bpm: f64) -> u24 {
    let micros = (60_000_000.0 / tempo_bpm).round();
    // NaN and what is not positive fall back; the cast saturates within the clamp.
    let micros = if micros.is_finite() && micros > 0.0 { micros } else { 500_000.0 };
    u24::new(micros.clamp(1.0, f64::from(u24::max_value().as_int())) as u32)
}

fn signature(signature: Signature) -> MetaMessage<'static> {
    // One that was read from a file fits; at most 255 can be written.
    let numerator = u8::try_from(signature.numerator()).unwrap_or(u8::MAX);
    // A power of two up to 256.
    let power = signature.denominator().trailing_zeros() as u8;
    // MIDI clocks in a count: 24 to the quarter.
    let clocks = if signature.is_compound() { 36 } else { 24 };
    MetaMessage::TimeSignature(numerator, power, clocks, 8)
}

struct Writer<'a> {
    events: Vec<TrackEvent<'a>>,
    ticks_per_step: u32,
    /// Ticks since the last event.
    wait_ticks: u32,
}

impl<'a> Writer<'a> {
    fn new(rate: Rate) -> Writer<'a> {
        Writer { events: Vec::new(), ticks_per_step: ticks_per_step(rate), wait_ticks: 0 }
    }

    fn push(&mut self, kind: TrackEventKind<'a>) {
        let delta = u28::new(std::mem::take(&mut self.wait_ticks));
        self.events.push(TrackEvent { delta, kind });
    }

    fn meta(&mut self, message: MetaMessage<'a>) {
        self.push(TrackEventKind::Meta(message));
    }

    fn texts(&mut self, texts: &[&'a str]) {
        for text in texts {
            let bytes = text.as_bytes();
            let length = bytes.len().min(u28::max_value().as_int() as usize);
            self.meta(MetaMessage::Text(&bytes[..length]));
        }
    }

    /// All notes of a roll with the signatures that lie in it, and the end of the track.
    fn notes(
        &mut self,
        roll: &PianoRoll,
        (channel, velocity): (u8, VelocityOf),
        signatures: &[(usize, Signature)],
    ) {
        let channel = u4::new(channel.min(15));
        let mut signatures = signatures.iter().peekable();
        let note = |track: &mut Self, key: u8, velocity: Option<u8>| {
            let key = u7::new(key);
            let message = match velocity {
                Some(velocity) => MidiMessage::NoteOn { key, vel: u7::new(velocity.clamp(1, 127)) },
                None => MidiMessage::NoteOff { key, vel: u7::new(0) },
            };
            track.push(TrackEventKind::Midi { channel, message });
        };
        let mut sounding = 0u128;
        if roll.is_empty()
            && let Some((_, first)) = signatures.next()
        {
            self.meta(signature(*first));
        }
        for (step, chord) in roll.chords.iter().enumerate() {
            while let Some((_, now)) = signatures.next_if(|(at, _)| *at <= step) {
                self.meta(signature(*now));
            }
            let onsets = chord.begun(sounding);
            for key in Keys(sounding & (onsets | !chord.playing())) {
                note(self, key, None);
            }
            for key in Keys(onsets) {
                note(self, key, Some(velocity(step, key, onsets)));
            }
            sounding = chord.playing();
            self.wait();
        }
        for key in Keys(sounding) {
            note(self, key, None);
        }
        self.meta(MetaMessage::EndOfTrack);
    }

    /// Lets one step pass.
    fn wait(&mut self) {
        if self.wait_ticks > u28::max_value().as_int() - self.ticks_per_step {
            // A delta time cannot grow further: an empty text begins a new one.
            self.meta(MetaMessage::Text(&[]));
        }
        self.wait_ticks += self.ticks_per_step;
    }
}
