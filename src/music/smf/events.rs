//! Chunks and events, delimited byte by byte before anything is made of them.

use midly::{EventIter, TrackEventKind};

use super::{EventProblem, SmfError};

/// The body of an `MTrk` chunk.
#[derive(Clone, Copy)]
pub(super) struct Track<'a> {
    bytes: &'a [u8],
    /// Which one, from 1.
    number: usize,
    /// Where its body begins in the file.
    offset: usize,
}

/// Ticks per quarter note (never 0) and the tracks of a file.
pub(super) fn tracks(file: &[u8]) -> Result<(u16, Vec<Track<'_>>), SmfError> {
    if !file.starts_with(b"MThd") {
        return Err(SmfError::NotMidi);
    }
    let (_, header_len) = chunk_head(file).ok_or(SmfError::Header)?;
    let mut at = 8usize.saturating_add(header_len as usize);
    let header = file.get(8..at).ok_or(SmfError::Header)?;
    let [f0, f1, _, _, d0, d1, ..] = *header else { return Err(SmfError::Header) };
    match u16::from_be_bytes([f0, f1]) {
        0 | 1 => {}
        2 => return Err(SmfError::Patterns),
        other => return Err(SmfError::UnknownFormat(other)),
    }
    let ticks_per_beat = match u16::from_be_bytes([d0, d1]) {
        0 => return Err(SmfError::ZeroDivision),
        0x8000.. => return Err(SmfError::Smpte),
        ticks => ticks,
    };

    // The count in the header is often wrong and never needed: the chunks say it themselves.
    let mut tracks = Vec::new();
    while let Some((kind, declared)) = file.get(at..).and_then(chunk_head) {
        at += 8;
        let end = at.saturating_add(declared as usize);
        match (kind == b"MTrk", file.get(at..end)) {
            (true, Some(_)) if tracks.len() == usize::from(u16::MAX) => {
                return Err(SmfError::TooManyTracks);
            }
            (true, Some(bytes)) => {
                tracks.push(Track { bytes, number: tracks.len() + 1, offset: at });
            }
            (true, None) => {
                let (track, present) = (tracks.len() + 1, file.len() - at);
                return Err(SmfError::TrackCut { track, declared, present });
            }
            (false, Some(_)) => {}
            // What follows the last chunk of sense is padding.
            (false, None) => break,
        }
        at = end;
    }
    if tracks.is_empty() {
        return Err(SmfError::NoTracks);
    }
    Ok((ticks_per_beat, tracks))
}

/// Type and declared length of the chunk that `bytes` begin with.
fn chunk_head(bytes: &[u8]) -> Option<(&[u8], u32)> {
    let (kind, rest) = bytes.split_at_checked(4)?;
    let length = rest.first_chunk::<4>()?;
    Some((kind, u32::from_be_bytes(*length)))
}

impl<'a> Track<'a> {
    /// The events with their absolute ticks, up to the end-of-track event or the end of the
    /// chunk. Stops after the first error.
    pub(super) fn events(self) -> Events<'a> {
        Events { track: self, at: 0, tick: 0, running: None }
    }
}

/// Iterator over `(tick, event)` of a track.
pub(super) struct Events<'a> {
    track: Track<'a>,
    at: usize,
    tick: u64,
    running: Option<u8>,
}

impl<'a> Iterator for Events<'a> {
    /// `None` for the kind: a meta event of wrong size or content, which changes no note.
    type Item = Result<(u64, Option<TrackEventKind<'a>>), SmfError>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.track.bytes;
        if self.at >= bytes.len() {
            return None;
        }
        let (start, running) = (self.at, self.running);
        match self.delimit() {
            Ok(delta) => self.tick += u64::from(delta),
            Err(problem) => {
                self.at = bytes.len();
                let Track { number: track, offset, .. } = self.track;
                return Some(Err(SmfError::Event { track, byte: offset + start, problem }));
            }
        }
        let mut one = EventIter::new(bytes.get(start..self.at)?);
        *one.running_status_mut() = running;
        let kind = one.next().and_then(Result::ok).map(|event| event.kind);
        if matches!(kind, Some(TrackEventKind::Meta(midly::MetaMessage::EndOfTrack))) {
            self.at = bytes.len();
        }
        Some(Ok((self.tick, kind)))
    }
}

impl Events<'_> {
    /// Moves `at` and `running` past one event and returns its delta time in ticks.
    fn delimit(&mut self) -> Result<u32, EventProblem> {
        let delta = self.number()?;
        let status = match (self.peek()?, self.running) {
            (status @ 0x80.., _) => {
                self.at += 1;
                status
            }
            (_, Some(status)) => status,
            (_, None) => return Err(EventProblem::NoStatus),
        };
        let data = match status {
            0xC0..=0xDF => self.data(1),
            0x80..=0xEF => self.data(2),
            0xFF => {
                self.skip(1)?;
                self.block()
            }
            0xF0 | 0xF7 => self.block(),
            _ => Err(EventProblem::SystemMessage),
        };
        self.running = (status < 0xF0).then_some(status);
        data.map(|()| delta)
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

    /// `count` data bytes of a channel message.
    fn data(&mut self, count: usize) -> Result<(), EventProblem> {
        for _ in 0..count {
            if self.peek()? > 0x7F {
                return Err(EventProblem::DataRange);
            }
            self.at += 1;
        }
        Ok(())
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
