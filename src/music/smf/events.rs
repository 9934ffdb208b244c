//! Events, delimited byte by byte before anything is made of them.

use midly::{EventIter, MetaMessage, TrackEventKind};

use super::chunks::Track;
use super::{EventProblem, Repairs, SmfError};

/// What happens in a track, as far as it is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event<'a> {
    /// A key goes down; at velocity 0 up. Channels count from 0.
    Note { channel: u8, key: u8, velocity: u8 },
    /// A controller takes a value.
    Control { channel: u8, number: u8, value: u8 },
    /// A channel gets a sound.
    Program { channel: u8, program: u8 },
    /// A meta event.
    Meta(MetaMessage<'a>),
    /// Anything else, and meta events of wrong size or content.
    Other,
}

/// What a controller does to the notes of its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    PedalDown,
    PedalUp,
    /// All notes off: every key is let go.
    NotesOff,
    /// All sound off: every key is let go, and so is the pedal.
    SoundOff,
}

impl Control {
    /// Of a controller that takes a value; `None` if it does nothing to notes.
    pub(super) fn of(number: u8, value: u8) -> Option<Control> {
        match (number, value) {
            (64, 64..) => Some(Control::PedalDown),
            // Reset all controllers lets go of the pedal, too.
            (64 | 121, _) => Some(Control::PedalUp),
            (123, _) => Some(Control::NotesOff),
            (120, _) => Some(Control::SoundOff),
            _ => None,
        }
    }
}

impl<'a> Track<'a> {
    /// The events with their absolute ticks, up to the end-of-track event or the end of the
    /// chunk. Stops after the first error.
    pub(super) fn events(self) -> Events<'a> {
        let repairs = Repairs::default();
        Events { track: self, at: 0, tick: 0, running: None, cancelled: false, repairs }
    }
}

/// Iterator over `(tick, event)` of a track.
pub(super) struct Events<'a> {
    track: Track<'a>,
    at: usize,
    tick: u64,
    running: Option<u8>,
    /// Whether a meta event or SysEx ended the running status.
    cancelled: bool,
    /// What was mended so far.
    pub(super) repairs: Repairs,
}

impl<'a> Iterator for Events<'a> {
    type Item = Result<(u64, Event<'a>), SmfError>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.track.bytes;
        if self.at >= bytes.len() {
            return None;
        }
        let start = self.at;
        let event = match self.event() {
            Ok((delta, event)) => {
                self.tick += u64::from(delta);
                event
            }
            Err(problem) => {
                self.at = bytes.len();
                let Track { number: track, offset, .. } = self.track;
                return Some(Err(SmfError::Event { track, byte: offset + start, problem }));
            }
        };
        if matches!(event, Event::Meta(MetaMessage::EndOfTrack)) {
            self.at = bytes.len();
        }
        Some(Ok((self.tick, event)))
    }
}

impl<'a> Events<'a> {
    /// Moves past one event and returns it with its delta time in ticks.
    fn event(&mut self) -> Result<(u32, Event<'a>), EventProblem> {
        let start = self.at;
        let delta = self.number()?;
        let status = match (self.peek()?, self.running) {
            (status @ 0x80.., _) => {
                self.at += 1;
                status
            }
            (_, Some(status)) => {
                self.repairs.kept_status += u64::from(self.cancelled);
                status
            }
            (_, None) => return Err(EventProblem::NoStatus),
        };
        let channel = status & 0x0F;
        let event = match status {
            0x80..=0x8F => {
                let key = self.data()?;
                self.value()?;
                Event::Note { channel, key, velocity: 0 }
            }
            0x90..=0x9F => Event::Note { channel, key: self.data()?, velocity: self.value()? },
            0xB0..=0xBF => Event::Control { channel, number: self.data()?, value: self.value()? },
            0xC0..=0xCF => Event::Program { channel, program: self.data()? },
            0xD0..=0xDF => {
                self.value()?;
                Event::Other
            }
            0xA0..=0xAF | 0xE0..=0xEF => {
                self.data()?;
                self.value()?;
                Event::Other
            }
            0xFF => {
                self.skip(1)?;
                self.block()?;
                let bytes = self.track.bytes.get(start..self.at).unwrap_or_default();
                match EventIter::new(bytes).next() {
                    Some(Ok(event)) => match event.kind {
                        TrackEventKind::Meta(message) => Event::Meta(message),
                        _ => Event::Other,
                    },
                    _ => Event::Other,
                }
            }
            0xF0 | 0xF7 => {
                self.block()?;
                Event::Other
            }
            _ => return Err(EventProblem::SystemMessage),
        };
        self.cancelled = status >= 0xF0;
        if !self.cancelled {
            self.running = Some(status);
        }
        Ok((delta, event))
    }

    /// A variable-length number of at most 28 bits.
    fn number(&mut self) -> Result<u32, EventProblem> {
        let mut number = 0;
        for _ in 0..4 {
            let byte = self.peek()?;
            self.at += 1;
            number = number << 7 | u32::from(byte & 0x7F);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(EventProblem::LongNumber)
    }

    /// A byte that says which: a key, a controller, a program.
    fn data(&mut self) -> Result<u8, EventProblem> {
        match self.peek()? {
            byte @ ..0x80 => {
                self.at += 1;
                Ok(byte)
            }
            _ => Err(EventProblem::DataRange),
        }
    }

    /// A byte that says how much. Programs that scale loudness write more than there is; it is
    /// taken for the most there is.
    fn value(&mut self) -> Result<u8, EventProblem> {
        let byte = self.peek()?;
        self.at += 1;
        self.repairs.clamped_values += u64::from(byte > 0x7F);
        Ok(byte.min(0x7F))
    }

    /// A length and as many bytes.
    fn block(&mut self) -> Result<(), EventProblem> {
        let length = self.number()?;
        self.skip(length as usize)
    }

    fn skip(&mut self, count: usize) -> Result<(), EventProblem> {
        if count > self.track.bytes.len() - self.at {
            return Err(EventProblem::Cut);
        }
        self.at += count;
        Ok(())
    }

    fn peek(&self) -> Result<u8, EventProblem> {
        self.track.bytes.get(self.at).copied().ok_or(EventProblem::Cut)
    }
}
