//! What a file holds, before anything is asked of it, and the compact form in which it is
//! kept: about two bytes a step where a chord in memory takes 32.
//!
//! A step is the number of its sounding keys and one byte for each of them, the top bit set
//! where the key is struck; or [`HELD`], if the keys of the step before go on and none is
//! struck. Numbers are LEB128: seven bits a byte, the lowest first.

use anacrusis::music::smf::{self, GridFit, MAX_STEPS, ReadOptions, Repairs};
use anacrusis::music::{Chord, KeyRange, Metres, Part, PianoRoll, Signature};
use anyhow::Result;

use super::rolls;

/// Which way of reading made a kept form. To be raised with any change of what reading a
/// file gives, or of the form.
pub(super) const READER: u32 = 2;

/// In place of a number of keys: the chord before, held. No chord has so many keys.
const HELD: u8 = 0xff;

/// Struck, beside a key.
const STRUCK: u8 = 0x80;

/// One sequence of a file, with all its keys.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parsed {
    /// What all parts play.
    pub roll: PianoRoll,
    /// All of one length.
    pub parts: Vec<Part>,
    pub metres: Metres,
    pub reading: Reading,
}

/// What reading a file had to do and found, beside the music.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// Whether the file tells a metre.
    pub metre_told: bool,
    /// How its notes lie to the sixteenths.
    pub fit: GridFit,
    /// Bars without a note at its beginning, which were left out.
    pub empty_bars: u64,
    /// What was mended.
    pub repairs: Repairs,
}

/// The sequences of a file; in place of an unusable one, why it is.
pub(super) type Sequences = Vec<Result<Parsed, String>>;

/// Reads a roll file, each frame a step.
pub(super) fn frames(bytes: &[u8]) -> Result<Sequences> {
    Ok(plain(rolls::parse(bytes, rolls::Grid::AsGiven)?))
}

/// Rolls tell neither metre nor parts: 4/4, played by one.
fn plain(rolls: Vec<Result<PianoRoll, String>>) -> Sequences {
    let plain = |roll: PianoRoll| {
        let part = Part { name: "roll".to_owned(), roll: roll.clone(), velocities: vec![] };
        let (metres, reading) = (Metres::default(), Reading::default());
        Parsed { roll, parts: vec![part], metres, reading }
    };
    rolls.into_iter().map(|roll| roll.map(plain)).collect()
}

/// Reads a roll file, or a MIDI file, which holds one sequence.
pub(super) fn parse(bytes: &[u8], is_rolls: bool, options: ReadOptions) -> Result<Sequences> {
    if is_rolls {
        return Ok(plain(rolls::parse(bytes, rolls::Grid::Sixteenths)?));
    }
    let all = KeyRange { low: 0, count: 128 };
    let smf::Imported { roll, parts, metres, metre_told, fit, empty_bars, repairs, drums, .. } =
        smf::read_with(bytes, all, options)?;
    if roll.is_empty() && drums > 0 {
        let only = "only drums (MIDI channel 10), which are not read; if an instrument plays \
                    there, move it to another channel";
        return Ok(vec![Err(only.to_owned())]);
    }
    let reading = Reading { metre_told, fit, empty_bars, repairs };
    Ok(vec![Ok(Parsed { roll, parts, metres, reading })])
}

pub(super) fn encode(sequences: &Sequences) -> Vec<u8> {
    let mut to = Vec::new();
    number(&mut to, sequences.len() as u64);
    for sequence in sequences {
        match sequence {
            Ok(parsed) => {
                to.push(1);
                encode_parsed(&mut to, parsed);
            }
            Err(reason) => {
                to.push(0);
                bytes(&mut to, reason.as_bytes());
            }
        }
    }
    to
}

fn encode_parsed(to: &mut Vec<u8>, parsed: &Parsed) {
    let Parsed { roll, parts, metres, reading } = parsed;
    let Reading { metre_told, fit, empty_bars, repairs } = reading;
    number(to, metres.spans().count() as u64);
    for (from, line, signature) in metres.spans() {
        signed(to, from);
        signed(to, line);
        number(to, signature.numerator().into());
        number(to, signature.denominator().into());
    }
    to.push((*metre_told).into());
    number(to, fit.onsets);
    to.extend([fit.length, fit.shift_steps].map(|x| (x + 0.0).to_le_bytes()).concat());
    number(to, *empty_bars);
    repairs.counts().into_iter().for_each(|(_, count)| number(to, count));
    // The roll is what the parts play together.
    number(to, roll.len() as u64);
    number(to, parts.len() as u64);
    for part in parts {
        bytes(to, part.name.as_bytes());
        chords(to, &part.roll.chords);
        bytes(to, &part.velocities);
    }
}

fn chords(to: &mut Vec<u8>, chords: &[Chord]) {
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

fn bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    number(to, bytes.len() as u64);
    to.extend(bytes);
}

/// A number of either sign: the lowest bit is set for those below 0.
fn signed(to: &mut Vec<u8>, of: i64) {
    number(to, ((of << 1) ^ (of >> 63)) as u64);
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
            0 => Err(from.text()?),
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
                // A number is written in one way alone.
                return (byte > 0 || shift == 0).then_some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn float(&mut self) -> Option<f64> {
        let number = f64::from_le_bytes(*self.take(8)?.first_chunk()?);
        // Nought has no sign, so that what equals another is written as it.
        (number != 0.0 || number.is_sign_positive()).then_some(number)
    }

    /// A length and as many bytes.
    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn parsed(&mut self) -> Option<Parsed> {
        let mut spans = Vec::new();
        for _ in 0..self.number()? {
            let (from, line) = (self.signed()?, self.signed()?);
            let numerator = u32::try_from(self.number()?).ok()?;
            let denominator = u32::try_from(self.number()?).ok()?;
            spans.push((from, line, Signature::new(numerator, denominator)?));
        }
        let metres = Metres::from_spans(spans)?;
        let metre_told = match self.byte()? {
            told @ 0..2 => told == 1,
            _ => return None,
        };
        let (onsets, length, shift_steps) = (self.number()?, self.float()?, self.float()?);
        let fit = GridFit { onsets, length, shift_steps };
        let empty_bars = self.number()?;
        let mut counts = Repairs::default().counts().map(|(_, count)| count);
        for count in &mut counts {
            *count = self.number()?;
        }
        let repairs = Repairs::from_counts(counts);
        let steps = self.number().filter(|steps| *steps <= MAX_STEPS)?;
        let mut parts = Vec::new();
        for _ in 0..self.number()? {
            parts.push(Part {
                name: self.text()?,
                roll: self.roll(steps)?,
                velocities: self.bytes()?.to_vec(),
            });
        }
        // What nobody plays has no length.
        if parts.is_empty() && steps > 0 {
            return None;
        }
        let reading = Reading { metre_told, fit, empty_bars, repairs };
        Some(Parsed { roll: Part::together(&parts), parts, metres, reading })
    }

    fn roll(&mut self, steps: u64) -> Option<PianoRoll> {
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
        Some(roll)
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
        let part = |name: &str, chords: Vec<Chord>, velocities: Vec<u8>| Part {
            name: name.to_owned(),
            roll: PianoRoll { chords },
            velocities,
        };
        let steps = chords.len();
        let parts = vec![
            part("Flöte", chords, vec![1, 80, 127]),
            part("", vec![Chord::default(); steps], vec![]),
        ];
        let spans = [(i64::MIN, -3, Signature::COMMON), (40, i64::MAX, Signature::COMMON)];
        let reading = Reading {
            metre_told: true,
            fit: GridFit { onsets: 9, length: 0.25, shift_steps: -0.5 },
            empty_bars: 64,
            repairs: Repairs::from_counts([1, 2, 3, 4, 5, 6, u64::MAX]),
        };
        let metres = Metres::from_spans(spans).expect("rising");
        let roll = Part::together(&parts);
        let silent = Parsed {
            roll: PianoRoll::default(),
            parts: vec![],
            metres: Metres::default(),
            reading: Reading::default(),
        };
        vec![
            Ok(Parsed { roll, parts, metres, reading }),
            Err("frame 3 holds 200, not a MIDI key".to_owned()),
            Ok(silent),
        ]
    }

    #[test]
    fn what_is_kept_comes_back_and_is_small() {
        let bytes = encode(&sequences());
        assert_eq!(decode(&bytes).expect("its own form"), sequences());
        assert!(bytes.len() < 900, "{} bytes for twice 205 steps", bytes.len());
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
                assert!(
                    found.is_none_or(|found| found.len() == 3 && found != sequences()),
                    "bit {bit} of byte {place}"
                );
            }
        }
        assert_eq!(decode(&[0xff; 64]), None, "more sequences than there are bytes");
    }
}
