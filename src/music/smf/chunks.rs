//! The chunks of a file: containers, header, tracks.

use super::SmfError;

/// The body of an `MTrk` chunk.
#[derive(Clone, Copy)]
pub(super) struct Track<'a> {
    pub bytes: &'a [u8],
    /// Which one, from 1.
    pub number: usize,
    /// Where its body begins in the file.
    pub offset: usize,
}

/// A file as its chunks.
pub(super) struct Chunks<'a> {
    /// Never 0.
    pub ticks_per_beat: u16,
    /// At least one, or [`Chunks::cut`].
    pub tracks: Vec<Track<'a>>,
    /// Of the last track, if the file ends before it does.
    pub cut: Option<SmfError>,
    /// Whether they stood in a RIFF container.
    pub in_container: bool,
}

/// Takes a file apart.
pub(super) fn chunks(file: &[u8]) -> Result<Chunks<'_>, SmfError> {
    if file.is_empty() {
        return Err(SmfError::Empty);
    }
    let begin = if file.starts_with(b"MThd") { Some(0) } else { in_riff(file) };
    let begin = begin.filter(|at| file[*at..].starts_with(b"MThd")).ok_or(SmfError::NotMidi)?;
    let (_, header_len) = file.get(begin..).and_then(chunk_head).ok_or(SmfError::Header)?;
    let mut at = (begin + 8).saturating_add(header_len as usize);
    let header = file.get(begin + 8..at).ok_or(SmfError::Header)?;
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
    let (mut tracks, mut cut) = (Vec::new(), None);
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
                cut = Some(SmfError::TrackCut { track, declared, present });
                break;
            }
            (false, Some(_)) => {}
            // What follows the last chunk of sense is padding.
            (false, None) => break,
        }
        at = end;
    }
    if tracks.is_empty() && cut.is_none() {
        return Err(SmfError::NoTracks);
    }
    Ok(Chunks { ticks_per_beat, tracks, cut, in_container: begin > 0 })
}

/// Type and declared length of the chunk that `bytes` begin with.
fn chunk_head(bytes: &[u8]) -> Option<(&[u8], u32)> {
    let (kind, rest) = bytes.split_at_checked(4)?;
    let length = rest.first_chunk::<4>()?;
    Some((kind, u32::from_be_bytes(*length)))
}

/// Where the MIDI file begins in a RIFF container of the type RMID. What the container says of
/// lengths is used to find the chunk and for nothing else: the chunks of MIDI have their own.
fn in_riff(file: &[u8]) -> Option<usize> {
    if !file.starts_with(b"RIFF") || file.get(8..12) != Some(b"RMID") {
        return None;
    }
    let mut at = 12usize;
    loop {
        let head = file.get(at..at.checked_add(8)?)?;
        at += 8;
        if head.starts_with(b"data") {
            return Some(at);
        }
        let length = u32::from_le_bytes(*head.last_chunk::<4>()?) as usize;
        // Chunks have even lengths, a byte of padding not counted.
        at = at.checked_add(length)?.checked_add(length % 2)?;
    }
}
