//! From strikes and releases of keys to notes with a beginning and an end.

use std::collections::VecDeque;

use super::events::Control;

/// A key that goes down in a track, or up.
#[derive(Clone, Copy)]
pub(super) struct Strike {
    pub tick: u64,
    pub channel: u8,
    pub key: u8,
    /// 0 for up.
    pub velocity: u8,
}

impl Strike {
    /// The number of a key of a channel, below 2048.
    pub(super) fn slot(channel: u8, key: u8) -> usize {
        usize::from(channel & 15) * 128 + usize::from(key & 127)
    }
}

/// A note of a track, in ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    pub on: u64,
    pub off: u64,
    pub track: u16,
    pub channel: u8,
    pub key: u8,
    pub velocity: u8,
}

impl Note {
    fn slot(&self) -> usize {
        Strike::slot(self.channel, self.key)
    }
}

/// Makes notes of what happens in a track that ends at `end`; returns how many had no end.
///
/// Onsets and ends of a key pair up first in, first out. Where a key has more onsets than ends,
/// those that are left over when it is struck again end where it was last let go: else each of
/// them would take the end of the next, and sound through all the rests between.
pub(super) fn pair(mut strikes: Vec<Strike>, end: u64, track: u16, notes: &mut Vec<Note>) -> u64 {
    strikes.sort_by_key(|strike| Strike::slot(strike.channel, strike.key));
    let mut unended = 0;
    let mut open: VecDeque<Strike> = VecDeque::new();
    let same_key = |a: &Strike, b: &Strike| (a.channel, a.key) == (b.channel, b.key);
    for strikes in strikes.chunk_by(same_key) {
        let onsets = strikes.iter().filter(|strike| strike.velocity > 0).count();
        let balanced = 2 * onsets == strikes.len();
        let mut close = |from: Strike, off: u64| {
            let Strike { tick: on, channel, key, velocity } = from;
            notes.push(Note { on, off, track, channel, key, velocity });
        };
        // The last end, if it came after the last onset.
        let mut ended = None;
        for strike in strikes {
            if strike.velocity == 0 {
                ended = Some(strike.tick);
                if let Some(from) = open.pop_front() {
                    close(from, strike.tick);
                }
                continue;
            }
            if let (false, Some(off)) = (balanced, ended) {
                unended += open.len() as u64;
                open.drain(..).for_each(|from| close(from, off));
            }
            ended = None;
            open.push_back(*strike);
        }
        unended += open.len() as u64;
        open.drain(..).for_each(|from| close(from, ended.unwrap_or(end)));
    }
    unended
}

/// Lets the controllers of the channels end notes, and their pedals lengthen them if `pedal`:
/// to the release or the next onset of the key. A pedal that is not let go again lengthens
/// nothing.
pub(super) fn control(notes: &mut [Note], controls: &mut [Vec<(u64, Control)>; 16], pedal: bool) {
    if controls.iter().all(Vec::is_empty) {
        return;
    }
    notes.sort_by_key(|note| (note.slot(), note.on));
    let channels = controls.each_mut().map(|controls| {
        controls.sort_by_key(|(tick, _)| *tick);
        Channel::of(controls, pedal)
    });
    let onsets: Vec<u64> = notes.iter().map(|note| note.on).collect();
    let mut first = 0;
    for key in notes.chunk_by_mut(|a, b| a.slot() == b.slot()) {
        let onsets = &onsets[first..first + key.len()];
        first += key.len();
        for note in key {
            let Some(channel) = channels.get(usize::from(note.channel)) else { continue };
            note.off = note.off.min(channel.all_off(note.on));
            if let Some(up) = channel.held_to(note.off) {
                let from = note.off.max(note.on.saturating_add(1));
                let next = onsets.get(onsets.partition_point(|onset| *onset < from));
                note.off = up.min(next.copied().unwrap_or(u64::MAX));
            }
        }
    }
}

/// What controllers do to a channel.
#[derive(Default)]
struct Channel {
    /// Ticks at which all notes end, rising.
    offs: Vec<u64>,
    /// From which tick to which the pedal is down, rising.
    pedals: Vec<(u64, u64)>,
}

impl Channel {
    fn of(controls: &[(u64, Control)], pedal: bool) -> Channel {
        let mut channel = Channel::default();
        let mut down = None;
        for (tick, control) in controls {
            match control {
                Control::PedalDown if pedal => down = down.or(Some(*tick)),
                Control::PedalDown => {}
                Control::PedalUp => channel.pedals.extend(down.take().map(|from| (from, *tick))),
                Control::NotesOff => channel.offs.push(*tick),
                Control::SoundOff => {
                    channel.offs.push(*tick);
                    channel.pedals.extend(down.take().map(|from| (from, *tick)));
                }
            }
        }
        channel
    }

    /// When a note that began at `on` ends at the latest. One that begins at the very tick goes
    /// on: files begin with an end to all notes.
    fn all_off(&self, on: u64) -> u64 {
        self.offs.get(self.offs.partition_point(|off| *off <= on)).copied().unwrap_or(u64::MAX)
    }

    /// When the pedal goes up that is down at `tick`.
    fn held_to(&self, tick: u64) -> Option<u64> {
        let before = self.pedals.partition_point(|(down, _)| *down <= tick);
        let (_, up) = *self.pedals.get(before.checked_sub(1)?)?;
        (up > tick).then_some(up)
    }
}
