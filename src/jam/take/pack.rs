//! A take as bytes, for the project.
//!
//! `ANTK`, a version, then compressed by zlib: the number of the next draw, the steps, the edits.
//! Numbers are little-endian. A step is a byte of flags, a head unless it follows on the one
//! before, how its notes were struck, and its two chords; a chord is the number of its keys and the
//! keys from low to high, the upper bit set where one is struck. Version 1 does not tell how notes
//! were struck, version 2 not when they sounded and on which of three channels, version 3 knows no
//! edit that brings a performance back, version 4 counts steps of the bar modulo 16. All that is read
//! is checked, and bounded.

use std::collections::VecDeque;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::edits::{self, Edit, Span};
use super::{MOST_BYTES, MOST_STEPS, Played, Take};
use crate::jam::controls::{Controls, Timing};
use crate::jam::touch::Touch;
use crate::model::Draw;
use crate::music::{Chord, Keys, Rate, Step};

const MAGIC: &[u8; 4] = b"ANTK";
const VERSION: u8 = 5;
/// The first version, still read.
const FIRST: u8 = 1;

const FOLLOWS: u8 = 1;
const SOUNDED: u8 = 2;
const HAS_CHORD: u8 = 4;
const HAS_HEARD: u8 = 8;
const TOUCHED: u8 = 16;
const OTHER_TOUCH: u8 = 32;
const SPLIT: u8 = 64;
const TIMED: u8 = 128;
/// All flags there are, by version.
const FLAGS: [u8; 5] = [15, 63, 255, 255, 255];

/// Steps of every bar before version 5.
const OLD_BAR: u16 = 16;

/// In place of a number of keys: it is not told what the gate ended.
const UNTOLD: u8 = 255;

/// The longest reaction that a take can tell of, microseconds.
const LONGEST_REACTION_US: u32 = 1000 * Controls::LONGEST_REACTION_MS as u32;

/// Bytes that are unpacked at most: those of a full take, and its edits.
const MOST_UNPACKED: u64 = MOST_BYTES as u64 + (1 << 16);

/// Why bytes are no take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// They begin otherwise.
    #[error("it is not a take")]
    NotATake,
    /// A newer version wrote them.
    #[error("the take was written by a newer version ({0}) of the plugin")]
    Newer(u8),
    /// They are damaged, cut or too long.
    #[error("the take is damaged")]
    Damaged,
}

/// All of a take that is packed.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The number of the first step.
    pub first: u64,
    /// At most [`MOST_STEPS`].
    pub played: VecDeque<Played>,
    pub edits: Vec<Edit>,
    pub draws: u32,
}

/// The take as bytes.
pub fn pack(take: &Take) -> Vec<u8> {
    let played = take.played().copied().collect();
    let edits = take.edits.clone();
    pack_contents(&Contents { first: take.first, played, edits, draws: take.draws })
}

/// As [`pack`].
pub(super) fn pack_contents(contents: &Contents) -> Vec<u8> {
    let Contents { first, played, edits, draws } = contents;
    let mut body = Vec::new();
    body.extend(draws.to_le_bytes());
    body.extend((played.len() as u32).to_le_bytes());
    let mut before = None;
    for played in played {
        write(&mut body, before, played);
        before = Some(played);
    }
    body.extend((edits.len() as u32).to_le_bytes());
    for edit in edits {
        write_edit(&mut body, &edit.counted_from(*first));
    }
    let mut bytes = MAGIC.to_vec();
    bytes.push(VERSION);
    let mut zipped = ZlibEncoder::new(bytes, Compression::default());
    // Writing to memory does not fail; if it did, the take would read as damaged.
    let _ = zipped.write_all(&body);
    zipped.finish().unwrap_or_default()
}

/// The take of [`pack`]'s bytes.
///
/// # Errors
/// If they are something else, newer or damaged. Memory is bounded whatever they are.
pub fn unpack(bytes: &[u8]) -> Result<Take, PackError> {
    let (magic, rest) = bytes.split_at_checked(MAGIC.len()).ok_or(PackError::NotATake)?;
    if magic != MAGIC {
        return Err(PackError::NotATake);
    }
    let (version, zipped) = rest.split_first().ok_or(PackError::Damaged)?;
    if !(FIRST..=VERSION).contains(version) {
        return Err(PackError::Newer(*version));
    }
    let mut body = Vec::new();
    let mut unzipped = ZlibDecoder::new(zipped).take(MOST_UNPACKED + 1);
    unzipped.read_to_end(&mut body).map_err(|_| PackError::Damaged)?;
    if body.len() as u64 > MOST_UNPACKED {
        return Err(PackError::Damaged);
    }
    read(&mut Bytes { left: &body, version: *version }).ok_or(PackError::Damaged)
}

/// Bytes that a step takes after another.
pub(super) fn size(before: Option<&Played>, played: &Played) -> u16 {
    let chord = |chord: Chord| if chord.is_empty() { 0 } else { 1 + chord.len() };
    let head = if follows(before, played) { 0 } else { HEAD };
    let touch = match played.touch {
        None => 0,
        Some(touch) if before.is_some_and(|before| is_same_hand(before, &touch)) => 1,
        Some(touch) => 1 + HAND + if touch.timing.is_some() { TIMING } else { 0 },
    };
    let gated = match played.touch.as_ref() {
        Some(touch) if touch.timing.is_some() => 1 + released(touch).unwrap_or(0).count_ones(),
        _ => 0,
    };
    let heard = if played.heard.struck() != 0 { 1 + 4 } else { 0 };
    // At most 3 * 129 + 25 + 35 + 5.
    (1 + head + touch + chord(played.chord) + chord(played.heard) + heard + gated) as u16
}

/// Bytes of what seldom changes about how notes are struck: channel, what chance adds, dynamics, seed
/// and pass, and if it is known when they sound.
const HAND: u32 = 1 + 1 + 1 + 8 + 8;
const TIMING: u32 = 4 + 4 + 4 + 2;

/// Whether nothing but the velocity, the step, and what the gate ended is otherwise than before.
fn is_same_hand(before: &Played, touch: &Touch) -> bool {
    before.touch.is_some_and(|before| {
        let Touch { velocity, step, released, .. } = *touch;
        Touch { velocity, step, released, ..before } == *touch
    })
}

/// What the gate ended before the notes of a touch, if it tells.
fn released(touch: &Touch) -> Option<u128> {
    touch.timing.is_some_and(|timing| timing.gate_permille < 1_000).then_some(touch.released)?
}

/// Bytes of a head: pass, step, rate, step in bar, tempo, transposition.
const HEAD: u32 = 8 + 8 + 1 + 2 + 4 + 1;

fn follows(before: Option<&Played>, played: &Played) -> bool {
    before.is_some_and(|before| {
        let next = Played {
            step: before.step.next(),
            step_in_bar: before.step_in_bar.wrapping_add(1),
            ..*before
        };
        let place = |p: &Played| (p.pass, p.step, p.rate, p.step_in_bar, p.transpose);
        place(&next) == place(played) && next.tempo_bpm.to_bits() == played.tempo_bpm.to_bits()
    })
}

fn write(body: &mut Vec<u8>, before: Option<&Played>, played: &Played) {
    let follows = follows(before, played);
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    let other = played.touch.filter(|touch| !before.is_some_and(|b| is_same_hand(b, touch)));
    body.push(
        flag(follows, FOLLOWS)
            | flag(played.touch.is_some(), TOUCHED)
            | flag(other.is_some(), OTHER_TOUCH)
            | flag(other.is_some_and(|touch| touch.split), SPLIT)
            | flag(other.is_some_and(|touch| touch.timing.is_some()), TIMED)
            | flag(played.sounded, SOUNDED)
            | flag(!played.chord.is_empty(), HAS_CHORD)
            | flag(!played.heard.is_empty(), HAS_HEARD),
    );
    if !follows {
        body.extend(played.pass.to_le_bytes());
        body.extend(played.step.0.to_le_bytes());
        body.push(played.rate.steps_per_beat());
        body.extend(played.step_in_bar.to_le_bytes());
        body.extend(played.tempo_bpm.to_le_bytes());
        body.extend(played.transpose.to_le_bytes());
    }
    if let Some(touch) = played.touch {
        body.push(touch.velocity);
    }
    if let Some(Touch { channel, humanise, dynamics, draw, timing, .. }) = other {
        body.extend([channel, humanise, dynamics]);
        body.extend(draw.seed.to_le_bytes());
        body.extend(draw.pass.to_le_bytes());
        if let Some(Timing { reaction_us, swing_ppm, groove_us, gate_permille }) = timing {
            body.extend(reaction_us.to_le_bytes());
            body.extend(swing_ppm.to_le_bytes());
            body.extend(groove_us.to_le_bytes());
            body.extend(gate_permille.to_le_bytes());
        }
    }
    if let Some(touch) = played.touch.filter(|touch| touch.timing.is_some()) {
        match released(&touch) {
            None => body.push(UNTOLD),
            Some(keys) => {
                // At most 128.
                body.push(keys.count_ones() as u8);
                body.extend(Keys(keys));
            }
        }
    }
    for chord in [played.chord, played.heard] {
        if !chord.is_empty() {
            // At most 128.
            body.push(chord.len() as u8);
            let struck = |key: u8| if chord.strikes(key) { 0x80 } else { 0 };
            body.extend(Keys(chord.playing()).map(|key| key | struck(key)));
        }
    }
    if played.heard.struck() != 0 {
        body.push(played.heard_velocity);
        body.extend(played.heard_late_us.to_le_bytes());
    }
}

fn write_edit(body: &mut Vec<u8>, edit: &Edit) {
    let (kind, span, numbers) = match *edit {
        Edit::Lock(span) => (0, span, [0; 2]),
        Edit::Unlock(span) => (1, span, [0; 2]),
        Edit::Again { span, since, draw } => (2, span, [since, u64::from(draw)]),
        Edit::Undone { span, from, to } => (3, span, [from, to]),
        Edit::Back { span, from, to } => (4, span, [from, to]),
    };
    body.extend([kind, span.rate.steps_per_beat()]);
    for number in [span.first.0, span.end.0] {
        body.extend(number.to_le_bytes());
    }
    for number in numbers {
        body.extend(number.to_le_bytes());
    }
}

fn read(bytes: &mut Bytes) -> Option<Take> {
    let draws = bytes.u32()?;
    let steps = bytes.u32()? as usize;
    if steps > MOST_STEPS {
        return None;
    }
    let mut take = Take::default();
    let mut before = None;
    for _ in 0..steps {
        let played = bytes.played(before.as_ref())?;
        take.record(played);
        before = Some(played);
    }
    let edits = bytes.u32()? as usize;
    if edits > edits::MOST {
        return None;
    }
    for _ in 0..edits {
        let edit = bytes.edit()?;
        // Entries are numbered from those that `record` had no room for.
        take.edits.push(edit);
    }
    take.draws = draws;
    bytes.left.is_empty().then_some(take)
}

/// What is still to be read.
struct Bytes<'a> {
    left: &'a [u8],
    version: u8,
}

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.left.split_first_chunk::<N>()?;
        self.left = rest;
        Some(*taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn step(&mut self) -> Option<Step> {
        self.take().map(i64::from_le_bytes).map(Step)
    }

    fn rate(&mut self) -> Option<Rate> {
        let steps = self.u8()?;
        Rate::ALL.into_iter().find(|rate| rate.steps_per_beat() == steps)
    }

    fn chord(&mut self, there: bool) -> Option<Chord> {
        let mut chord = Chord::SILENT;
        if !there {
            return Some(chord);
        }
        let mut lowest = 0;
        for _ in 0..self.u8()? {
            let byte = self.u8()?;
            let key = byte & 0x7F;
            if key < lowest {
                return None;
            }
            chord.decide(key, true, byte & 0x80 != 0);
            lowest = key + 1;
        }
        (!chord.is_empty()).then_some(chord)
    }

    fn played(&mut self, before: Option<&Played>) -> Option<Played> {
        let flags = self.u8()?;
        let known = FLAGS.get(usize::from(self.version - FIRST))?;
        if flags & !known != 0 {
            return None;
        }
        let mut played = if flags & FOLLOWS != 0 {
            let before = before?;
            let step_in_bar = match self.version {
                ..5 => (before.step_in_bar + 1) % OLD_BAR,
                _ => before.step_in_bar.wrapping_add(1),
            };
            Played { step: before.step.next(), step_in_bar, ..*before }
        } else {
            Played {
                pass: self.u64()?,
                step: self.step()?,
                rate: self.rate()?,
                step_in_bar: match self.version {
                    ..5 => self.u8().map(u16::from).filter(|step| *step < OLD_BAR)?,
                    _ => self.take().map(u16::from_le_bytes)?,
                },
                tempo_bpm: self.take().map(f32::from_le_bytes).filter(|bpm| bpm.is_finite())?,
                transpose: self.take().map(i8::from_le_bytes)?,
                chord: Chord::SILENT,
                heard: Chord::SILENT,
                sounded: false,
                touch: None,
                heard_velocity: 0,
                heard_late_us: 0,
            }
        };
        played.sounded = flags & SOUNDED != 0;
        played.touch = self.touch(flags, before, played.step)?;
        played.chord = self.chord(flags & HAS_CHORD != 0)?;
        played.heard = self.chord(flags & HAS_HEARD != 0)?;
        let told = |since: u8| self.version >= since && played.heard.struck() != 0;
        let (velocity, lateness) = (told(2), told(3));
        played.heard_velocity = if velocity { self.u8().filter(|v| *v < 128)? } else { 0 };
        played.heard_late_us = if lateness { self.take().map(i32::from_le_bytes)? } else { 0 };
        Some(played)
    }

    /// How a step was struck, if that is told; [`None`] if it is damaged.
    fn touch(&mut self, flags: u8, before: Option<&Played>, step: Step) -> Option<Option<Touch>> {
        let told = flags & (OTHER_TOUCH | SPLIT | TIMED);
        if flags & TOUCHED == 0 {
            return (told == 0).then_some(None);
        }
        let velocity = self.u8().filter(|v| (1..128).contains(v))?;
        let hand = if flags & OTHER_TOUCH == 0 {
            before?.touch.filter(|_| told == 0)?
        } else {
            let [channel, humanise, dynamics] = self.take()?;
            let draw = Draw { seed: self.u64()?, pass: self.u64()? };
            let timing = match flags & TIMED != 0 {
                true => Some(Timing {
                    reaction_us: self.u32()?,
                    swing_ppm: self.u32()?,
                    groove_us: self.take().map(i32::from_le_bytes)?,
                    gate_permille: self.take().map(u16::from_le_bytes)?,
                }),
                false => None,
            };
            let timed = timing.is_none_or(|timing| {
                timing.reaction_us <= LONGEST_REACTION_US
                    && timing.swing_ppm < 1_000_000
                    && timing.gate_permille <= 1_000
            });
            let sane = channel < 16 && humanise < 128 && dynamics <= 100 && timed;
            let split = flags & SPLIT != 0;
            Some(Touch { channel, humanise, dynamics, draw, split, timing, ..Touch::default() })
                .filter(|_| sane)?
        };
        let told = hand.timing.is_some();
        let released = if told { self.released()? } else { None };
        Some(Some(Touch { velocity, step, released, ..hand }))
    }

    /// What a gate ended, if that is told; [`None`] if it is damaged.
    fn released(&mut self) -> Option<Option<u128>> {
        let count = match self.u8()? {
            UNTOLD => return Some(None),
            count => count,
        };
        let mut keys = 0u128;
        for _ in 0..count {
            let key = self.u8().filter(|key| *key < 128)?;
            // From low to high, so that every take is written in one way.
            if keys >> key != 0 {
                return None;
            }
            keys |= 1 << key;
        }
        Some(Some(keys))
    }

    fn edit(&mut self) -> Option<Edit> {
        let kind = self.u8()?;
        let span = Span { rate: self.rate()?, first: self.step()?, end: self.step()? };
        let [a, b] = [self.u64()?, self.u64()?];
        match kind {
            0 => Some(Edit::Lock(span)),
            1 => Some(Edit::Unlock(span)),
            2 => Some(Edit::Again { span, since: a, draw: u32::try_from(b).ok()? }),
            3 => Some(Edit::Undone { span, from: a, to: b }),
            4 if self.version >= 4 => Some(Edit::Back { span, from: a, to: b }),
            _ => None,
        }
    }
}
