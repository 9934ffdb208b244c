//! What a file holds, before anything is asked of it, and the compact form in which it is
//! kept: about two bytes a step where a chord in memory takes 32.
//!
//! A step is the number of its sounding keys and one byte for each of them, the top bit set
//! where the key is struck; or [`HELD`], if the keys of the step before go on and none is
//! struck. Numbers are LEB128: seven bits a byte, the lowest first.

use std::collections::BTreeSet;

use anacrusis::music::smf::{self, MAX_STEPS};
use anacrusis::music::{Chord, KeyRange, PianoRoll, Step};
use anyhow::Result;

use super::rolls;

/// Which way of reading made a kept form. To be raised with any change of what reading a
/// file gives, or of the form.
pub(super) const READER: u32 = 1;

/// In place of a number of keys: the chord before, held. No chord has so many keys.
const HELD: u8 = 0xff;

/// Struck, beside a key.
const STRUCK: u8 = 0x80;

/// One sequence of a file, with all its keys.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parsed {
    pub roll: PianoRoll,
    /// Where a metre that is not read ended it.
    pub metre_stop: Option<Step>,
    /// As in [`smf::Imported::metres`].
    pub metres: BTreeSet<(u8, u8)>,
}

/// The sequences of a file; in place of an unusable one, why it is.
pub(super) type Sequences = Vec<Result<Parsed, String>>;

/// Reads a roll file, each frame a step.
pub(super) fn frames(bytes: &[u8]) -> Result<Sequences> {
    Ok(plain(rolls::parse(bytes, rolls::Grid::AsGiven)?))
}

fn plain(rolls: Vec<Result<PianoRoll, String>>) -> Sequences {
    let plain = |roll| Parsed { roll, metre_stop: None, metres: BTreeSet::new() };
    rolls.into_iter().map(|roll| roll.map(plain)).collect()
}

/// Reads a roll file, or a MIDI file, which holds one sequence.
pub(super) fn parse(bytes: &[u8], is_rolls: bool) -> Result<Sequences> {
    if is_rolls {
        return Ok(plain(rolls::parse(bytes, rolls::Grid::Sixteenths)?));
    }
    let all = KeyRange { low: 0, count: 128 };
    let smf::Imported { roll, metre_stop, metres, .. } = smf::read(bytes, all)?;
    Ok(vec![Ok(Parsed { roll, metre_stop, metres })])
}

pub(super) fn encode(sequences: &Sequences) -> Vec<u8> {
    let mut to = Vec::new();
    number(&mut to, sequences.len() as u64);
    for sequence in sequences {
        match sequence {
            Ok(parsed) => {
                to.push(1);
                // A stop lies at step 0 or later.
                let stop = parsed.metre_stop.map_or(0, |Step(at)| at.unsigned_abs() + 1);
                number(&mut to, stop);
                number(&mut to, parsed.metres.len() as u64);
                to.extend(parsed.metres.iter().flat_map(|(beats, power)| [*beats, *power]));
                chords(&mut to, &parsed.roll.chords);
            }
            Err(reason) => {
                to.push(0);
                number(&mut to, reason.len() as u64);
                to.extend(reason.as_bytes());
            }
        }
    }
    to
}

fn chords(to: &mut Vec<u8>, chords: &[Chord]) {
    number(to, chords.len() as u64);
    let mut before = None;
    for chord in chords {
        if chord.struck() == 0 && before == Some(chord.playing()) {
            to.push(HELD);
        } else {
            // 128 keys at most.
            to.push(chord.len() as u8);
            to.extend(chord.keys().map(|key| key | if chord.strikes(key) { STRUCK } else { 0 }));
        }
        before = Some(chord.playing());
    }
}

fn number(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// What [`encode`] was given; `None` if these bytes are not from there.
pub(super) fn decode(bytes: &[u8]) -> Option<Sequences> {
    let mut from = Bytes(bytes);
    let count = from.number()?;
    let mut sequences = Vec::new();
    for _ in 0..count {
        sequences.push(match from.byte()? {
            1 => Ok(from.parsed()?),
            0 => {
                let length = usize::try_from(from.number()?).ok()?;
                Err(String::from_utf8(from.take(length)?.to_vec()).ok()?)
            }
            _ => return None,
        });
    }
    from.0.is_empty().then_some(sequences)
}

/// What is left to decode.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.0.split_at_checked(count)?;
        self.0 = left;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            number |= bits << shift;
            if number >> shift != bits {
                return None;
            }
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn parsed(&mut self) -> Option<Parsed> {
        let metre_stop = match self.number()? {
            0 => None,
            stop => Some(Step(i64::try_from(stop - 1).ok()?)),
        };
        let mut metres = BTreeSet::new();
        for _ in 0..self.number()? {
            metres.insert((self.byte()?, self.byte()?));
        }
        let steps = self.number().filter(|steps| *steps <= MAX_STEPS)?;
        let mut roll = PianoRoll::default();
        for _ in 0..steps {
            let chord = match self.byte()? {
                HELD => Chord::from_masks(roll.chords.last()?.playing(), 0),
                keys => {
                    let (mut playing, mut struck) = (0u128, 0u128);
                    for byte in self.take(usize::from(keys))? {
                        let key = 1 << (byte & !STRUCK);
                        playing |= key;
                        struck |= if byte & STRUCK != 0 { key } else { 0 };
                    }
                    Chord::from_masks(playing, struck)
                }
            };
            roll.chords.push(chord);
        }
        Some(Parsed { roll, metre_stop, metres })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequences() -> Sequences {
        let mut chords = vec![Chord::default(), Chord::struck_keys([0, 60, 127])];
        chords.extend([Chord::from_masks(chords[1].playing(), 0); 200]);
        chords.push(Chord::from_masks(u128::MAX, u128::MAX >> 1));
        chords.push(Chord::from_masks(u128::MAX, 0));
        chords.push(Chord::default());
        let roll = PianoRoll { chords };
        let metres = BTreeSet::from([(4, 2), (0, 255)]);
        vec![
            Ok(Parsed { roll, metre_stop: Some(Step(i64::MAX)), metres }),
            Err("frame 3 holds 200, not a MIDI key".to_owned()),
            Ok(Parsed { roll: PianoRoll::default(), metre_stop: None, metres: BTreeSet::new() }),
        ]
    }

    #[test]
    fn what_is_kept_comes_back_and_is_small() {
        let bytes = encode(&sequences());
        assert_eq!(decode(&bytes).expect("its own form"), sequences());
        assert!(bytes.len() < 500, "{} bytes for 205 steps", bytes.len());
    }

    #[test]
    fn no_damage_is_taken_for_music_of_another_length_or_stops_the_reader() {
        let bytes = encode(&sequences());
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), None, "cut at {cut}");
        }
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[place] ^= 1 << bit;
                // Most damage is found; what is not gives other notes, not another length.
                let found = decode(&damaged);
                assert!(found.is_none_or(|found| found.len() == 3 && found != sequences()));
            }
        }
        assert_eq!(decode(&[0xff; 64]), None, "more sequences than there are bytes");
    }
}
