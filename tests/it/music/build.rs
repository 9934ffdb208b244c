//! Files made by hand, byte by byte, so that reading is not tested by our own writing.

/// A format 1 file.
pub struct File {
    pub ticks_per_beat: u16,
    /// Bodies of the track chunks.
    pub tracks: Vec<Vec<u8>>,
}

impl File {
    /// One track at 480 ticks to the quarter, with its end-of-track event.
    pub fn one(track: Track) -> File {
        File { ticks_per_beat: 480, tracks: vec![track.end()] }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"MThd\0\0\0\x06\0\x01".to_vec();
        bytes.extend((self.tracks.len() as u16).to_be_bytes());
        bytes.extend(self.ticks_per_beat.to_be_bytes());
        for track in &self.tracks {
            bytes.extend(chunk(b"MTrk", track));
        }
        bytes
    }
}

pub fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [kind, &(body.len() as u32).to_be_bytes()[..], body].concat()
}

/// Events of a track, each with a status byte, in order of time.
pub struct Track {
    bytes: Vec<u8>,
    tick: u64,
}

pub fn track() -> Track {
    Track { bytes: Vec::new(), tick: 0 }
}

impl Track {
    /// Adds an event at an absolute tick.
    pub fn at(mut self, tick: u64, event: &[u8]) -> Track {
        let delta = tick.checked_sub(self.tick).expect("in order");
        self.tick = tick;
        let groups = (1..4).rev().filter(|group| delta >> (7 * group) > 0);
        let lead: Vec<u8> = groups.map(|group| (delta >> (7 * group)) as u8 | 0x80).collect();
        self.bytes.extend(lead);
        self.bytes.push(delta as u8 & 0x7F);
        self.bytes.extend(event);
        self
    }

    /// The body of the chunk, ended at the last event.
    pub fn end(self) -> Vec<u8> {
        let tick = self.tick;
        self.at(tick, &[0xFF, 0x2F, 0]).bytes
    }
}
