//! Notes that are passed on as they were played, and the memory of which of them sound.

use crate::jam::input::{channels, keys};
use crate::jam::player::{NoteEvent, NoteKind, NoteSink};
use crate::music::Keys;

/// What was passed on and has not ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Thru {
    /// Keys that sound, by channel.
    sounding: [u128; 16],
    /// Keys whose end the host has not taken yet, by channel.
    pending_offs: [u128; 16],
    dropped_notes: u64,
}

impl Thru {
    /// Mask of the keys that sound or whose end is pending, on whatever channel.
    pub fn taken(&self) -> u128 {
        self.sounding.iter().chain(&self.pending_offs).fold(0, |all, keys| all | keys)
    }

    /// Notes that were left out because the host refused their beginning.
    pub fn dropped_notes(&self) -> u64 {
        self.dropped_notes
    }

    /// Sends the pending ends. Call first in every block.
    ///
    /// # Realtime
    /// At most as many events as there are pending ends.
    pub fn send_pending(&mut self, out: &mut impl NoteSink) {
        if self.pending_offs == [0; 16] {
            return;
        }
        for channel in 0..16 {
            self.send_offs(channel, 0, out);
        }
    }

    /// Passes on the beginning of a note; one that sounds already ends first. Not where an end
    /// is pending, `barred` if by somebody else.
    ///
    /// # Realtime
    /// At most two events more than there are pending ends.
    pub fn on(
        &mut self,
        channel: u8,
        key: u8,
        velocity: u8,
        barred: bool,
        offset_samples: u32,
        out: &mut impl NoteSink,
    ) {
        self.off(Some(channel), Some(key), offset_samples, out);
        let bit = keys(Some(key));
        let pending_offs = self.pending_offs.get(usize::from(channel)).copied().unwrap_or(0);
        let kind = NoteKind::On;
        let event = NoteEvent { offset_samples, kind, key, channel, velocity };
        if !barred && pending_offs & bit == 0 && out.try_send(event) {
            self.began(channel, key);
        } else {
            self.dropped_notes += 1;
        }
    }

    /// Passes on the ends of what was passed on before.
    ///
    /// # Realtime
    /// At most as many events as there are notes.
    pub fn off(
        &mut self,
        channel: Option<u8>,
        key: Option<u8>,
        offset_samples: u32,
        out: &mut impl NoteSink,
    ) {
        self.end_later(channel, key);
        for channel in channels(channel) {
            self.send_offs(channel, offset_samples, out);
        }
    }

    /// Ends what was passed on before: the ends are sent with the next block.
    ///
    /// # Realtime
    /// Sends nothing.
    pub fn end_later(&mut self, channel: Option<u8>, key: Option<u8>) {
        for channel in channels(channel).map(usize::from) {
            if let (Some(sounding), Some(pending_offs)) =
                (self.sounding.get_mut(channel), self.pending_offs.get_mut(channel))
            {
                *pending_offs |= *sounding & keys(key);
                *sounding &= !keys(key);
            }
        }
    }

    /// Ends all that sounds: the ends are sent with the next block.
    ///
    /// # Realtime
    /// Sends nothing.
    pub fn end_all_later(&mut self) {
        for (pending_offs, sounding) in self.pending_offs.iter_mut().zip(&mut self.sounding) {
            *pending_offs |= std::mem::take(sounding);
        }
    }

    /// Somebody else passed on a beginning.
    ///
    /// # Realtime
    /// Constant time.
    pub fn began(&mut self, channel: u8, key: u8) {
        if let Some(sounding) = self.sounding.get_mut(usize::from(channel)) {
            *sounding |= keys(Some(key));
        }
    }

    /// Somebody else passed on ends.
    ///
    /// # Realtime
    /// Constant time.
    pub fn ended(&mut self, channel: Option<u8>, key: Option<u8>) {
        for channel in channels(channel) {
            if let Some(sounding) = self.sounding.get_mut(usize::from(channel)) {
                *sounding &= !keys(key);
            }
        }
    }

    fn send_offs(&mut self, channel: u8, offset_samples: u32, out: &mut impl NoteSink) {
        let Some(pending_offs) = self.pending_offs.get_mut(usize::from(channel)) else { return };
        for key in Keys(*pending_offs) {
            let kind = NoteKind::Off;
            if !out.try_send(NoteEvent { offset_samples, kind, key, channel, velocity: 0 }) {
                return;
            }
            *pending_offs &= !(1u128 << key);
        }
    }
}
