//! Roll files: `{"step_in_16ths": 2, "sequences": [[[48, 52, 55], [], ...], ...]}`.
//!
//! A sequence is a list of frames, a frame the MIDI keys that sound in it; -1 stands for a
//! silent voice. Other members of the object are not looked at. Such data does not tell a
//! repeated note from a held one: a key is struck where it was silent in the frame before.

use std::fmt;

use anacrusis::music::{Chord, PianoRoll, smf::MAX_STEPS};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// Longest frame that is expanded, in steps: four bars.
const MAX_STEP_IN_16THS: u32 = 64;

/// Most steps that one file may expand to: 128 MiB of chords.
const MAX_STEPS_PER_FILE: usize = 4 << 20;

/// Most sequences in one file: the published sets have a thousand at most.
const MAX_SEQUENCES: usize = 100_000;

#[derive(Deserialize)]
struct Rolls {
    step_in_16ths: u32,
    sequences: Sequences,
}

/// The sequences, as many as are read. Refused while they are read, since millions of empty ones
/// take little in the file and much in memory.
struct Sequences(Vec<Frames>);

impl<'de> Deserialize<'de> for Sequences {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Sequences, D::Error> {
        from.deserialize_seq(SequencesVisitor)
    }
}

struct SequencesVisitor;

impl<'de> Visitor<'de> for SequencesVisitor {
    type Value = Sequences;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of sequences")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Sequences, A::Error> {
        let (mut sequences, mut frames) = (Vec::new(), 0);
        while let Some(sequence) = seq.next_element::<Frames>()? {
            frames += sequence.0.len();
            sequences.push(sequence);
            if sequences.len() > MAX_SEQUENCES {
                return Err(A::Error::custom(too_many(MAX_SEQUENCES, "sequences")));
            }
            if frames > MAX_STEPS_PER_FILE {
                return Err(A::Error::custom(too_many(MAX_STEPS_PER_FILE, "frames")));
            }
        }
        Ok(Sequences(sequences))
    }
}

/// The frames of a sequence, no more than a file may have.
struct Frames(Vec<Frame>);

impl<'de> Deserialize<'de> for Frames {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Frames, D::Error> {
        from.deserialize_seq(FramesVisitor)
    }
}

struct FramesVisitor;

impl<'de> Visitor<'de> for FramesVisitor {
    type Value = Frames;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of frames")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Frames, A::Error> {
        let mut frames = Vec::new();
        while let Some(frame) = seq.next_element()? {
            frames.push(frame);
            if frames.len() > MAX_STEPS_PER_FILE {
                return Err(A::Error::custom(too_many(MAX_STEPS_PER_FILE, "frames")));
            }
        }
        Ok(Frames(frames))
    }
}

/// The keys of a frame as a mask; an error names the first number that is no key.
struct Frame(Result<u128, i64>);

impl<'de> Deserialize<'de> for Frame {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Frame, D::Error> {
        from.deserialize_seq(FrameVisitor)
    }
}

struct FrameVisitor;

impl<'de> Visitor<'de> for FrameVisitor {
    type Value = Frame;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of MIDI keys")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Frame, A::Error> {
        let mut frame = Ok(0u128);
        while let Some(key) = seq.next_element::<i64>()? {
            frame = match key {
                -1 => frame,
                0..128 => frame.map(|keys| keys | 1 << key),
                _ => frame.and(Err(key)),
            };
        }
        Ok(Frame(frame))
    }
}

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// A sixteenth.
    Sixteenths,
    /// A frame.
    AsGiven,
}

/// The sequences of a roll file, or why one of them cannot be used.
///
/// # Errors
///
/// If the file as a whole is not of this form, or expands to more than
/// `MAX_STEPS_PER_FILE`.
pub fn parse(bytes: &[u8], grid: Grid) -> Result<Vec<Result<PianoRoll, String>>> {
    let Rolls { step_in_16ths, sequences: Sequences(sequences) } = serde_json::from_slice(bytes)
        .context("not a roll file (\"step_in_16ths\" and \"sequences\")")?;
    ensure!(
        (1..=MAX_STEP_IN_16THS).contains(&step_in_16ths),
        "\"step_in_16ths\" is {step_in_16ths}, not 1 to {MAX_STEP_IN_16THS}"
    );
    let in_a_frame = if grid == Grid::AsGiven { 1 } else { step_in_16ths };
    let mut steps = 0;
    let mut rolls = Vec::with_capacity(sequences.len());
    for frames in sequences {
        let roll = expand(&frames.0, in_a_frame);
        steps += roll.as_ref().map_or(0, PianoRoll::len);
        if steps > MAX_STEPS_PER_FILE {
            bail!(too_many(MAX_STEPS_PER_FILE, "steps"));
        }
        rolls.push(roll);
    }
    Ok(rolls)
}

fn too_many(most: usize, what: &str) -> String {
    format!("more than {most} {what} in one file; split it into several")
}

fn expand(frames: &[Frame], steps_in_a_frame: u32) -> Result<PianoRoll, String> {
    let steps = frames.len() as u64 * u64::from(steps_in_a_frame);
    if steps > MAX_STEPS {
        return Err(format!("{steps} steps, more than the {MAX_STEPS} that are read"));
    }
    let mut roll = PianoRoll::default();
    let mut before = 0u128;
    for (index, Frame(keys)) in frames.iter().enumerate() {
        let playing =
            (*keys).map_err(|key| format!("frame {index} holds {key}, not a MIDI key"))?;
        roll.chords.push(Chord::from_masks(playing, playing & !before));
        for _ in 1..steps_in_a_frame {
            roll.chords.push(Chord::from_masks(playing, 0));
        }
        before = playing;
    }
    Ok(roll)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millions_of_empty_sequences_or_frames_are_refused_while_they_are_read() {
        let file =
            |sequences: &str| format!(r#"{{"step_in_16ths": 1, "sequences": [{sequences}]}}"#);
        let told = |text: String| {
            let error = parse(text.as_bytes(), Grid::Sixteenths).expect_err("too much");
            format!("{error:#}")
        };
        let sequences = told(file(&vec!["[]"; MAX_SEQUENCES + 1].join(",")));
        assert!(sequences.contains("split it into several"), "{sequences}");
        let frames = vec!["[]"; MAX_STEPS_PER_FILE + 1].join(",");
        assert!(told(file(&format!("[{frames}]"))).contains("split it into several"));
        let rolls = parse(file(&["[[60]]"; 3].join(",")).as_bytes(), Grid::Sixteenths);
        assert_eq!(rolls.expect("three").len(), 3);
    }
}
