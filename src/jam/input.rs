//! What the musician plays, as it comes in: one block's events.

use crate::music::Keys;

/// Beginning or end of notes that were played, or what holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteInput {
    /// A note begins.
    On {
        /// MIDI channel, 0 to 15.
        channel: u8,
        /// MIDI key, 0 to 127.
        key: u8,
        /// MIDI velocity, 1 to 127.
        velocity: u8,
    },
    /// Notes end. Ends of notes that never began are ignored.
    Off {
        /// MIDI channel, or [`None`] for all of them.
        channel: Option<u8>,
        /// MIDI key, or [`None`] for all of them.
        key: Option<u8>,
    },
    /// The sustain pedal goes down or up.
    Pedal {
        /// MIDI channel, 0 to 15; [`None`] for a pedal of its own that holds the keys of all.
        channel: Option<u8>,
        /// Down, or up.
        down: bool,
    },
    /// All that sounds ends, whatever the pedal says.
    Silence {
        /// MIDI channel, or [`None`] for all of them.
        channel: Option<u8>,
    },
}

/// One event of the musician's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputEvent {
    /// Sample in the block. What lies behind its end counts as its last sample.
    pub offset_samples: u32,
    /// What happened.
    pub played: NoteInput,
}

impl InputEvent {
    /// A MIDI note-on; at velocity 0 it is an end. Numbers too large are brought into range.
    pub fn on(offset_samples: u32, channel: u8, key: u8, velocity: u8) -> InputEvent {
        if velocity == 0 {
            return InputEvent::off(offset_samples, channel, key);
        }
        let (channel, key, velocity) = (channel.min(15), key.min(127), velocity.min(127));
        InputEvent { offset_samples, played: NoteInput::On { channel, key, velocity } }
    }

    /// A MIDI note-off. Numbers too large are brought into range.
    pub fn off(offset_samples: u32, channel: u8, key: u8) -> InputEvent {
        let (channel, key) = (Some(channel.min(15)), Some(key.min(127)));
        InputEvent { offset_samples, played: NoteInput::Off { channel, key } }
    }

    /// A MIDI control change, if it says something about notes: the sustain pedal (64), all sound off
    /// (120), reset of all controllers (121), all notes off (123, and the changes of mode above it).
    pub fn control(
        offset_samples: u32,
        channel: u8,
        controller: u8,
        value: u8,
    ) -> Option<InputEvent> {
        let channel = channel.min(15);
        let played = match controller {
            64 => NoteInput::Pedal { channel: Some(channel), down: value >= 64 },
            120 => NoteInput::Silence { channel: Some(channel) },
            121 => NoteInput::Pedal { channel: Some(channel), down: false },
            123..=127 => NoteInput::Off { channel: Some(channel), key: None },
            _ => return None,
        };
        Some(InputEvent { offset_samples, played })
    }

    /// The end of everything on a channel, or on all of them.
    pub fn all_off(offset_samples: u32, channel: Option<u8>) -> InputEvent {
        InputEvent { offset_samples, played: NoteInput::Off { channel, key: None } }
    }
}

/// The channels that `channel` stands for.
pub(crate) fn channels(channel: Option<u8>) -> impl Iterator<Item = u8> {
    let (first, last) = channel.map_or((0, 15), |channel| (channel.min(15), channel.min(15)));
    first..=last
}

/// Mask of the keys that `key` stands for.
pub(crate) fn keys(key: Option<u8>) -> u128 {
    key.map_or(u128::MAX, |key| 1u128 << key.min(127))
}

/// Events of one block, in order of time; at most [`Input::CAPACITY`].
///
/// What there is no room for is counted. An end is not lost all the same: those for which
/// there is no room are kept by key and happen at the end of the block.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    events: [InputEvent; Input::CAPACITY],
    len: usize,
    /// Ends without room, by channel.
    ends: [u128; 16],
    /// Channels of whose pedal something had no room, and of those the ones where it is down in the
    /// end.
    pedals: [u16; 2],
    ends_at_samples: u32,
    lost: u32,
}

impl Default for Input {
    fn default() -> Self {
        Input::NONE
    }
}

impl Input {
    /// Events that there is room for: more than a keyboard can send in a block.
    pub const CAPACITY: usize = 256;

    /// Nothing is played.
    pub const NONE: Input = Input {
        events: [InputEvent {
            offset_samples: 0,
            played: NoteInput::Off { channel: None, key: None },
        }; Input::CAPACITY],
        len: 0,
        ends: [0; 16],
        pedals: [0; 2],
        ends_at_samples: 0,
        lost: 0,
    };

    /// Adds an event behind the others.
    ///
    /// # Realtime
    /// Constant time.
    pub fn push(&mut self, event: InputEvent) {
        if let Some(slot) = self.events.get_mut(self.len) {
            *slot = event;
            self.len += 1;
            return;
        }
        self.lost = self.lost.saturating_add(1);
        match event.played {
            NoteInput::On { .. } => {}
            NoteInput::Off { channel, key } => self.end(channel, key),
            NoteInput::Silence { channel } => {
                self.end(channel, None);
                channels(channel).for_each(|channel| self.pedal(channel, false));
            }
            NoteInput::Pedal { channel, down } => {
                channel.into_iter().for_each(|channel| self.pedal(channel, down));
            }
        }
        self.ends_at_samples = event.offset_samples;
    }

    fn end(&mut self, channel: Option<u8>, key: Option<u8>) {
        for channel in channels(channel) {
            if let Some(ends) = self.ends.get_mut(usize::from(channel)) {
                *ends |= keys(key);
            }
        }
    }

    fn pedal(&mut self, channel: u8, down: bool) {
        let bit = 1 << channel.min(15);
        self.pedals[0] |= bit;
        self.pedals[1] = self.pedals[1] & !bit | if down { bit } else { 0 };
    }

    /// Counts an event that somebody else had no room for.
    ///
    /// # Realtime
    /// Constant time.
    pub fn lose(&mut self) {
        self.lost = self.lost.saturating_add(1);
    }

    /// Forgets everything.
    ///
    /// # Realtime
    /// Constant time.
    pub fn clear(&mut self) {
        (self.len, self.ends, self.pedals, self.lost) = (0, [0; 16], [0; 2], 0);
    }

    /// Whether nothing happens.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Events that there was no room for; their beginnings are lost.
    pub fn lost(&self) -> u32 {
        self.lost
    }

    /// The event of that number, if there are so many.
    ///
    /// # Realtime
    /// Constant time.
    pub fn get(&self, number: usize) -> Option<InputEvent> {
        self.events.get(..self.len)?.get(number).copied()
    }

    /// The ends without room, and how the pedals stand after what had none: they happen after all
    /// else.
    ///
    /// # Realtime
    /// At most one for each key of each channel, and one for each channel.
    pub(crate) fn ends(&self) -> impl Iterator<Item = InputEvent> + use<> {
        let offset_samples = self.ends_at_samples;
        let ends = (0..).zip(self.ends).flat_map(move |(channel, keys)| {
            Keys(keys).map(move |key| InputEvent::off(offset_samples, channel, key))
        });
        let [moved, down] = self.pedals;
        let pedals = (0..16u8).filter(move |channel| moved >> channel & 1 == 1);
        ends.chain(pedals.map(move |channel| {
            let down = down >> channel & 1 == 1;
            InputEvent { offset_samples, played: NoteInput::Pedal { channel: Some(channel), down } }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_on_of_no_velocity_is_an_end() {
        assert_eq!(InputEvent::on(3, 2, 60, 0), InputEvent::off(3, 2, 60));
        let loud = NoteInput::On { channel: 15, key: 127, velocity: 127 };
        assert_eq!(InputEvent::on(0, 200, 200, 200).played, loud);
    }

    #[test]
    fn what_there_is_no_room_for_is_counted_and_no_end_is_lost() {
        let mut input = Input::default();
        for n in 0..Input::CAPACITY {
            input.push(InputEvent::on(n as u32, 0, (n % 128) as u8, 80));
        }
        assert_eq!((input.lost(), input.ends().count()), (0, 0));
        input.push(InputEvent::on(300, 0, 60, 80));
        input.push(InputEvent::off(310, 3, 60));
        input.push(InputEvent::all_off(320, Some(5)));
        let ends: Vec<_> = input.ends().map(|end| end.played).collect();
        assert_eq!((input.lost(), ends.len()), (3, 1 + 128));
        assert_eq!(ends[0], NoteInput::Off { channel: Some(3), key: Some(60) });
        assert_eq!(ends[128], NoteInput::Off { channel: Some(5), key: Some(127) });
        assert_eq!(input.get(255).map(|event| event.offset_samples), Some(255));
        assert_eq!(input.get(256), None);
        let pedal = |down| InputEvent {
            offset_samples: 330,
            played: NoteInput::Pedal { channel: Some(9), down },
        };
        for down in [true, false, true] {
            input.push(pedal(down));
        }
        assert_eq!(input.ends().last(), Some(pedal(true)), "as it stands in the end");
        input.push(InputEvent {
            offset_samples: 340,
            played: NoteInput::Silence { channel: Some(9) },
        });
        assert_eq!(input.ends().last().map(|end| end.played), Some(pedal(false).played));
        input.clear();
        assert!(input.is_empty() && input.ends().count() == 0 && input.get(0).is_none());
    }
}
