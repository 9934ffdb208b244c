//! Roll files: `{"step_in_16ths": 2, "sequences": [[[48, 52, 55], [], ...], ...]}`.
//!
//! A sequence is a list of frames, a frame the MIDI keys that sound in it; -1 stands for a
//! silent voice. Other members of the object are not looked at. Such data does not tell a
//! repeated note from a held one: a key is struck where it was silent in the frame before.

use std::fmt;

use anacrusis::music::{Chord, PianoRoll, smf::MAX_STEPS};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

/// Longest frame that is expanded, in steps: four bars.
const MAX_STEP_IN_16THS: u32 = 64;

/// Most steps that one file may expand to: 128 MiB of chords.
const MAX_STEPS_PER_FILE: usize = 4 << 20;

#[derive(Deserialize)]
struct Rolls {
    step_in_16ths: u32,
    sequences: Vec<Vec<Frame>>,
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
pub(super) enum Grid {
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
/// [`MAX_STEPS_PER_FILE`].
pub(super) fn parse(bytes: &[u8], grid: Grid) -> Result<Vec<Result<PianoRoll, String>>> {
    let Rolls { step_in_16ths, sequences } = serde_json::from_slice(bytes)
        .context("not a roll file (\"step_in_16ths\" and \"sequences\")")?;
    ensure!(
        (1..=MAX_STEP_IN_16THS).contains(&step_in_16ths),
        "\"step_in_16ths\" is {step_in_16ths}, not 1 to {MAX_STEP_IN_16THS}"
    );
    let in_a_frame = if grid == Grid::AsGiven { 1 } else { step_in_16ths };
    let mut steps = 0;
    let mut rolls = Vec::with_capacity(sequences.len());
    for frames in sequences {
        let roll = expand(&frames, in_a_frame);
        steps += roll.as_ref().map_or(0, PianoRoll::len);
        if steps > MAX_STEPS_PER_FILE {
            bail!("more than {MAX_STEPS_PER_FILE} steps in one file; split it into several");
        }
        rolls.push(roll);
    }
    Ok(rolls)
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
