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

/// The channel of a key that begins in a step, by the number of the step, the key and the mask of all
/// keys that sound in it; `0..=15`.
pub type ChannelOf<'a> = &'a dyn Fn(usize, u8, u128) -> u8;

/// How far beside their steps notes begin and end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Ticks by which what begins in the step does so after its beginning, or before.
    pub begins: i32,
    /// Ticks by which what sounds in the step for the last time ends after its end, or before.
    pub ends: i32,
}

/// How far beside a step notes lie, by its number. No note is shorter than a tick, none begins before
/// the file, and none lasts into the next of its key.
pub type BesideOf<'a> = &'a dyn Fn(usize) -> Beside;

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
    /// The channel of each; without it, `channel`.
    pub channels: Option<ChannelOf<'a>>,
    /// How far beside their steps they lie; without it, they lie on them.
    pub beside: Option<BesideOf<'a>>,
}

impl<'a> Part<'a> {
    /// Notes on their steps, on one channel, as loud as the options say.
    pub fn new(name: &'a str, channel: u8, roll: PianoRoll) -> Part<'a> {
        Part { name, channel, roll, velocity: None, channels: None, beside: None }
    }
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
    let whole = Part::new("", options.channel, roll.clone());
    track.notes(&whole, options.velocity, &options.signatures());
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
        head.wait((step - at) as i64 * i64::from(head.ticks_per_step));
        at = step;
        head.meta(message);
    }
    head.meta(MetaMessage::EndOfTrack);
    let mut tracks = vec![head];
    for part in parts {
        let mut track = Writer::new(rate);
        track.meta(MetaMessage::TrackName(part.name.as_bytes()));
        track.notes(part, options.velocity, &[]);
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

    /// All notes of a part with the signatures that lie in it, and the end of the track.
    fn notes(&mut self, part: &Part, usual: u8, signatures: &[(usize, Signature)]) {
        /// What comes first at one tick: metres, then ends, then beginnings.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        enum Rank {
            Metre,
            End,
            Beginning,
        }
        let ticks = |step: usize| step as i64 * i64::from(self.ticks_per_step);
        let beside = |step: usize| part.beside.map(|beside| beside(step)).unwrap_or_default();
        let mut events: Vec<(i64, Rank, TrackEventKind<'a>)> = Vec::new();
        for (step, metre) in signatures {
            if part.roll.len() > *step || *step == 0 {
                events.push((ticks(*step), Rank::Metre, TrackEventKind::Meta(signature(*metre))));
            }
        }
        let midi = |channel: u8, message| TrackEventKind::Midi {
            channel: u4::new(channel.min(15)),
            message,
        };
        // When each key that sounds began, and on which channel.
        let mut began = [(0i64, part.channel); 128];
        let mut sounding = 0u128;
        let end = |events: &mut Vec<_>, began: &[(i64, u8); 128], key: u8, step: usize, at_most| {
            let (from, channel) = began[usize::from(key)];
            let last = step.saturating_sub(1);
            let until = ticks(step) + i64::from(beside(last).ends);
            let off = MidiMessage::NoteOff { key: u7::new(key), vel: u7::new(0) };
            let at = until.max(from + 1).min(at_most);
            events.push((at, Rank::End, midi(channel, off)));
        };
        for (step, chord) in part.roll.chords.iter().enumerate() {
            let onsets = chord.begun(sounding);
            let begins = (ticks(step) + i64::from(beside(step).begins)).max(0);
            for key in Keys(sounding & (onsets | !chord.playing())) {
                let again = onsets >> key & 1 == 1;
                end(&mut events, &began, key, step, if again { begins } else { i64::MAX });
            }
            for key in Keys(onsets) {
                let velocity = part.velocity.map_or(usual, |velocity| velocity(step, key, onsets));
                let channel =
                    part.channels.map_or(part.channel, |of| of(step, key, chord.playing()));
                began[usize::from(key)] = (begins, channel);
                let vel = u7::new(velocity.clamp(1, 127));
                let on = MidiMessage::NoteOn { key: u7::new(key), vel };
                events.push((begins, Rank::Beginning, midi(channel, on)));
            }
            sounding = chord.playing();
        }
        for key in Keys(sounding) {
            end(&mut events, &began, key, part.roll.len(), i64::MAX);
        }
        // Of those of one rank at one tick the order stays as it is.
        events.sort_by_key(|(at, rank, _)| (*at, *rank));
        let length = ticks(part.roll.len());
        let mut now = 0;
        for (at, _, kind) in events {
            self.wait(at - now);
            now = at;
            self.push(kind);
        }
        self.wait((length - now).max(0));
        self.meta(MetaMessage::EndOfTrack);
    }

    /// Lets so many ticks pass.
    fn wait(&mut self, ticks: i64) {
        let most = i64::from(u28::max_value().as_int());
        let mut left = i64::from(self.wait_ticks) + ticks;
        while left > most {
            // A delta time cannot grow further: an empty text begins a new one.
            self.wait_ticks = u28::max_value().as_int();
            self.meta(MetaMessage::Text(&[]));
            left -= most;
        }
        // At most what fits into 28 bits.
        self.wait_ticks = left as u32;
    }
}
