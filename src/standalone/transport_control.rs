//! The window's way to time and keys.

use std::sync::Arc;

use nih_plug::midi::{Channel, Key, VoiceID};
use nih_plug::prelude::NoteEvent;
use ringbuf::HeapProd;
use ringbuf::traits::Producer;

use super::arguments::Signature;
use super::shared_controls::SharedControls;
use crate::editor::{Command, Console};
use crate::plugin::TransportControl;

/// Keys that are struck and let go between two blocks at most.
pub const MOST_KEYS: usize = 256;

/// How loud a key of a computer sounds, which does not tell how it was struck.
const VELOCITY: f32 = 0.75;

/// Leads as the musician does in the window.
pub struct InWindow {
    shared: Arc<SharedControls>,
    keys: HeapProd<NoteEvent<()>>,
}

impl InWindow {
    /// With what the terminal leads, too, and the way of the keys to the audio thread.
    pub fn new(shared: Arc<SharedControls>, keys: HeapProd<NoteEvent<()>>) -> InWindow {
        InWindow { shared, keys }
    }
}

impl TransportControl for InWindow {
    fn console(&self) -> Console {
        let wishes = self.shared.wishes();
        let (beats, value) = wishes.signature;
        // Both came from 16 bits.
        let signature = (beats as u16, value as u16);
        Console { playing: wishes.playing, tempo_bpm: wishes.tempo_bpm, signature }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Play(playing) => self.shared.set_playing(playing),
            Command::ToBar(bar) => self.shared.jump(bar),
            Command::Tempo(tempo_bpm) => {
                let (slowest, fastest) = (*Console::TEMPI.start(), *Console::TEMPI.end());
                self.shared.set_tempo(tempo_bpm.clamp(slowest, fastest));
            }
            Command::Metre(beats, value) => self.shared.set_signature(Signature { beats, value }),
            // Where no sound runs for so long that they have no room, nobody hears them.
            Command::Key(key, struck) => drop(self.keys.try_push(note(key, struck))),
        }
    }
}

/// A key that is struck or let go, at the first sample of the next block.
fn note(key: u8, struck: bool) -> NoteEvent<()> {
    let (timing, voice_id) = (0, VoiceID::Wildcard);
    let (channel, key) = (Channel::Number(0), Key::Number(key));
    if struck {
        NoteEvent::NoteOn { timing, voice_id, channel, key, velocity: VELOCITY }
    } else {
        NoteEvent::NoteOff { timing, voice_id, channel, key, velocity: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringbuf::HeapRb;
    use ringbuf::traits::{Consumer, Split};

    #[test]
    fn what_is_done_in_the_window_reaches_time_and_keys() {
        let shared = Arc::<SharedControls>::default();
        let (keys, mut heard) = HeapRb::new(MOST_KEYS).split();
        let mut lead = InWindow::new(shared.clone(), keys);
        let commands = [
            Command::Play(true),
            Command::Tempo(1e9),
            Command::Metre(6, 8),
            Command::ToBar(5),
            Command::Key(60, true),
            Command::Key(60, false),
        ];
        commands.into_iter().for_each(|command| lead.command(command));
        let console = Console { playing: true, tempo_bpm: 400.0, signature: (6, 8) };
        assert_eq!(lead.console(), console);
        assert_eq!((shared.wishes().jumps, shared.wishes().bar), (1, 5));
        assert_eq!(heard.try_pop(), Some(note(60, true)));
        assert_eq!(heard.try_pop(), Some(note(60, false)));
        // Nobody plays the sound: nothing grows, and nothing waits.
        (0..2000).for_each(|_| lead.command(Command::Key(60, true)));
    }
}
