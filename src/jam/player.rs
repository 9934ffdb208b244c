//! From chords to note events, and the memory of what sounds.

use crate::jam::touch::Touch;
use crate::music::{Chord, Keys};

/// Beginning or end of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// The note begins.
    On,
    /// The note ends.
    Off,
}

/// One note event of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteEvent {
    /// Sample in the block, below its length.
    pub offset_samples: u32,
    /// Beginning or end.
    pub kind: NoteKind,
    /// MIDI key, 0 to 127.
    pub key: u8,
    /// MIDI channel, 0 to 15.
    pub channel: u8,
    /// MIDI velocity, 1 to 127; 0 for an end.
    pub velocity: u8,
}

/// Where note events go: the host's queue.
pub trait NoteSink {
    /// Takes `event`, or returns false if there is no room. Events come in order of time.
    ///
    /// # Realtime
    /// Called from `process`: implementations must not allocate, lock or wait.
    fn try_send(&mut self, event: NoteEvent) -> bool;

    /// What comes now is the answer to the event of this number that came in with the block: what is
    /// passed on beside us and came before that goes out first.
    ///
    /// # Realtime
    /// As [`NoteSink::try_send`].
    fn heard(&mut self, _number: usize) {}
}

/// What sounds, and on which channel each key began.
#[derive(Clone, Copy, Debug)]
pub struct Player {
    /// Keys whose beginning the host took.
    sounding: u128,
    /// Keys whose end the host has not taken yet.
    pending_offs: u128,
    /// Keys whose beginning was refused (or that were silenced by hand); not begun again
    /// until the chord strikes them anew.
    dropped: u128,
    /// Keys that are somebody else's: not begun.
    blocked: u128,
    /// The channel on which each key began that sounds or whose end is pending.
    channels: [u8; 128],
    dropped_notes: u64,
}

impl Default for Player {
    fn default() -> Self {
        Player {
            sounding: 0,
            pending_offs: 0,
            dropped: 0,
            blocked: 0,
            channels: [0; 128],
            dropped_notes: 0,
        }
    }
}

impl Player {
    /// Mask of the keys that sound.
    pub fn sounding(&self) -> u128 {
        self.sounding
    }

    /// Notes that were left out because the host refused their beginning.
    pub fn dropped_notes(&self) -> u64 {
        self.dropped_notes
    }

    /// Sends the ends that the host refused before. Call first in every block.
    ///
    /// # Realtime
    /// At most 128 events.
    pub fn send_pending(&mut self, out: &mut impl NoteSink) {
        self.send_offs(0, out);
    }

    /// Plays `chord`: first the ends, then the beginnings (model.md, section 1). A key that
    /// is held but does not sound begins, unless the host refused its beginning.
    ///
    /// # Realtime
    /// At most 256 events.
    pub fn play(
        &mut self,
        chord: Chord,
        offset_samples: u32,
        touch: &Touch,
        out: &mut impl NoteSink,
    ) {
        self.dropped &= chord.playing() & !chord.struck();
        self.end(self.sounding & (!chord.playing() | chord.struck()), offset_samples, out);
        self.dropped |= chord.playing() & !self.sounding & self.blocked;
        let begins = chord.playing() & !self.sounding & !self.dropped;
        for key in Keys(begins) {
            let event = NoteEvent {
                offset_samples,
                kind: NoteKind::On,
                key,
                channel: touch.channel_of(key, chord.playing()),
                velocity: touch.velocity(key, begins),
            };
            let bit = 1u128 << key;
            // Never before the end that is still pending for the same key.
            if self.pending_offs & bit == 0 && out.try_send(event) {
                self.sounding |= bit;
                self.set_channel(key, event.channel);
            } else {
                self.dropped |= bit;
                self.dropped_notes += 1;
            }
        }
    }

    /// Ends what `next`, the chord that follows, does not hold on; returns the mask of what ended.
    /// Should the chord turn out to hold it, it does not begin again until it is struck anew.
    ///
    /// # Realtime
    /// At most 128 events.
    pub fn release(&mut self, next: Chord, offset_samples: u32, out: &mut impl NoteSink) -> u128 {
        self.release_keys(!next.playing() | next.struck(), offset_samples, out)
    }

    /// The same of the keys of a mask.
    ///
    /// # Realtime
    /// At most 128 events.
    pub fn release_keys(
        &mut self,
        keys: u128,
        offset_samples: u32,
        out: &mut impl NoteSink,
    ) -> u128 {
        let ended = self.sounding & keys;
        self.dropped |= ended;
        self.end(ended, offset_samples, out);
        ended
    }

    /// Keys that may not begin from now on, since they are somebody else's. What would have
    /// begun does not begin later either, until a chord strikes it anew.
    ///
    /// # Realtime
    /// Constant time.
    pub fn block(&mut self, keys: u128) {
        self.blocked = keys;
    }

    /// Ends `key` if it sounds. It does not begin again until a chord strikes it anew.
    ///
    /// # Realtime
    /// At most as many events as there are pending ends, and one.
    pub fn yield_key(&mut self, key: u8, offset_samples: u32, out: &mut impl NoteSink) {
        let bit = 1u128 << key.min(127);
        if self.sounding & bit != 0 {
            self.dropped |= bit;
            self.end(bit, offset_samples, out);
        }
    }

    /// Whether the host has not taken the end of `key` yet.
    pub fn has_pending_off(&self, key: u8) -> bool {
        self.pending_offs >> key.min(127) & 1 == 1
    }

    /// Ends everything that sounds.
    ///
    /// # Realtime
    /// At most 128 events.
    pub fn rest(&mut self, offset_samples: u32, out: &mut impl NoteSink) {
        self.dropped = 0;
        self.end(self.sounding, offset_samples, out);
    }

    /// Owes the end of everything that sounds, to be sent with the next block.
    ///
    /// # Realtime
    /// Sends nothing.
    pub fn end_all_later(&mut self) {
        self.pending_offs |= self.sounding;
        self.sounding = 0;
        self.dropped = 0;
    }

    /// Owes an end to every key there is: those that sound on their channel, the others on
    /// `channel`. What was held stays silent until it is struck again.
    ///
    /// # Realtime
    /// Sends nothing.
    pub fn owe_every_key(&mut self, channel: u8) {
        for key in Keys(!(self.sounding | self.pending_offs)) {
            self.set_channel(key, channel.min(15));
        }
        self.dropped |= self.sounding;
        self.sounding = 0;
        self.pending_offs = u128::MAX;
    }

    fn end(&mut self, keys: u128, offset_samples: u32, out: &mut impl NoteSink) {
        self.sounding &= !keys;
        self.pending_offs |= keys;
        self.send_offs(offset_samples, out);
    }

    fn send_offs(&mut self, offset_samples: u32, out: &mut impl NoteSink) {
        for key in Keys(self.pending_offs) {
            let channel = self.channels.get(usize::from(key)).copied().unwrap_or(0);
            let kind = NoteKind::Off;
            if !out.try_send(NoteEvent { offset_samples, kind, key, channel, velocity: 0 }) {
                // Full; the rest would only be refused as well.
                return;
            }
            self.pending_offs &= !(1u128 << key);
        }
    }

    fn set_channel(&mut self, key: u8, channel: u8) {
        if let Some(slot) = self.channels.get_mut(usize::from(key)) {
            *slot = channel;
        }
    }
}
