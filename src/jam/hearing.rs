//! What the musician plays, step by step: what is held, what was heard in each step, and whether it
//! is our turn.
//!
//! A frame is opened when the play head comes closer to its step than to the one before. Onsets
//! and ends go to the step nearest to them (model.md, section 1), so what a frame holds can
//! change until half a step after its step began; whatever of it the planner has not been told
//! goes with the next request (`jam/commitments.rs`).

mod rules;

use super::held::Held;
use super::turns::{Turn, Turns};
use crate::jam::controls::{Controls, Mode};
use crate::jam::input::NoteInput;
use crate::jam::link::MAX_CORRECTIONS;
use crate::jam::slot;
use crate::music::{Chord, KeyHeard, KeyRange, Keys};

/// Frames remembered: those that a request can correct, and the next few.
const FRAMES: usize = MAX_CORRECTIONS + 6;

const KEYBOARD: KeyRange = KeyRange { low: 0, count: 128 };

/// The musician, as far as they are heard.
#[derive(Clone, Copy, Debug)]
pub struct Hearing {
    held: Held,
    /// Index of the frame in which each held key was struck.
    began: [i64; 128],
    /// Ring of what was heard, in the keys that sound.
    frames: [Chord; FRAMES],
    /// The newest frame that is open.
    newest: i64,
    /// The frame from which on nothing is heard, if no key is held.
    rests_from: i64,
    turns: Turns,
    /// Whether what is played becomes history.
    listening: bool,
    /// The key of what was heard in the frames that are closed.
    key: KeyHeard,
    /// The newest frame that it knows.
    key_until: i64,
    /// That of what is played while playback stands.
    key_at_rest: KeyHeard,
}

impl Default for Hearing {
    fn default() -> Self {
        Hearing {
            held: Held::default(),
            began: [i64::MIN; 128],
            frames: [Chord::SILENT; FRAMES],
            newest: -1,
            rests_from: 0,
            turns: Turns::default(),
            listening: false,
            key: KeyHeard::default(),
            key_until: -1,
            key_at_rest: KeyHeard::default(),
        }
    }
}

impl Hearing {
    /// Mask of the keys that are held, by a finger or the pedal, on whatever channel.
    ///
    /// # Realtime
    /// Constant time.
    pub fn held(&self) -> u128 {
        self.held.keys()
    }

    /// Whether a musician was heard since playback began, or holds a key now.
    pub fn met(&self) -> bool {
        self.held() != 0 || self.rests_from > 0
    }

    /// In [`Mode::Answer`], whether it is our turn.
    pub fn answering(&self) -> bool {
        self.turns.answering()
    }

    /// A block begins: whether what is played becomes history.
    ///
    /// # Realtime
    /// Constant time.
    pub fn listen(&mut self, mode: Mode) {
        self.listening = mode != Mode::Solo;
    }

    /// Playback begins from a stop. What is held goes on; it was struck before.
    ///
    /// # Realtime
    /// Constant time.
    pub fn begin(&mut self) {
        self.began = [i64::MIN; 128];
        self.held.begin();
        self.newest = -1;
        self.rests_from = 0;
        self.turns.forget();
        self.key = std::mem::take(&mut self.key_at_rest);
        self.key_until = -1;
    }

    /// The key that the musician plays in before step `index` and, if that is known, with what they
    /// play in it; of the keys that sound. While playback stands, that of what was played meanwhile.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn key(&self, playing: bool, index: i64, known: Option<Chord>) -> KeyHeard {
        if !playing {
            return self.key_at_rest;
        }
        let mut key = self.key;
        let closed = |newest| newest < index && newest > self.key_until;
        if let Some(frame) = self.frame(self.newest).filter(|_| closed(self.newest)) {
            key.step(frame);
        }
        if let Some(known) = known {
            key.step(known);
        }
        key
    }

    /// As [`Hearing::key`], without the step that is open; so it changes once a step.
    ///
    /// # Realtime
    /// Constant time.
    pub fn key_so_far(&self, playing: bool) -> &KeyHeard {
        if playing { &self.key } else { &self.key_at_rest }
    }

    /// Playback goes on somewhere else, in the step of frame `last`: frames that were open beyond it
    /// are of a place that never comes.
    ///
    /// # Realtime
    /// Opens no more frames than are remembered.
    pub fn jump(&mut self, last: i64) {
        self.open(last);
        self.newest = self.newest.min(last);
        self.close_key();
    }

    /// Forgets what is held: its ends will not come.
    ///
    /// # Realtime
    /// Constant time.
    pub fn let_go(&mut self) {
        if self.held() != 0 {
            self.rests_from = self.rests_from.max(self.newest + 1);
        }
        self.held.forget();
    }

    /// A key is struck nearest to frame `at`, or while nothing is played.
    ///
    /// # Realtime
    /// Opens no more frames than are remembered.
    pub fn on(&mut self, channel: u8, key: u8, at: Option<i64>) {
        let began = match at {
            Some(at) => {
                let index = self.open(at);
                self.rests_from = index + 1;
                if self.listening {
                    self.frame_mut(index).strike(key);
                }
                index
            }
            None => {
                self.key_at_rest.step(Chord::struck_keys([key.min(127)]));
                i64::MIN
            }
        };
        if let Some(slot) = self.began.get_mut(usize::from(key)) {
            *slot = began;
        }
        self.held.strike(channel, key);
        self.turns.struck(at, self.held().count_ones());
    }

    /// Keys are let go, a pedal moves or all is silenced, nearest to frame `at` or while nothing is
    /// played. A note that ends in the frame in which it was struck lasts until the next.
    ///
    /// # Realtime
    /// Opens no more frames than are remembered.
    pub fn off(&mut self, played: NoteInput, at: Option<i64>) {
        let index = at.map(|at| self.open(at));
        let ended = match played {
            NoteInput::On { .. } => 0,
            NoteInput::Off { channel, key } => self.held.release(channel, key, self.newest.max(0)),
            NoteInput::Pedal { channel, down } => self.held.pedal(channel, down),
            NoteInput::Silence { channel } => self.held.silence(channel),
        };
        for key in Keys(ended) {
            let began = self.began.get(usize::from(key)).copied().unwrap_or(i64::MIN);
            let ends = match index {
                Some(index) if index > began => {
                    self.frame_mut(index).silence(key);
                    index
                }
                _ => self.newest + 1,
            };
            self.rests_from = self.rests_from.max(ends);
        }
    }

    /// A commit point: settles whose turn it is.
    ///
    /// # Realtime
    /// Constant time.
    pub fn take_turns(&mut self, turn: &Turn, controls: &Controls) {
        self.turns.update(turn, (self.rests_from, self.held() != 0), controls);
    }

    /// How many steps before step `index` our turn goes on from, if it begins there; 0 if not.
    pub fn motif(&self, index: i64) -> u16 {
        self.turns.motif(index)
    }

    /// What was heard in frame `index`, in the keys that sound, if it is open and still remembered.
    pub fn frame(&self, index: i64) -> Option<Chord> {
        let open = index <= self.newest && index > self.newest - FRAMES as i64 && index >= 0;
        self.frames.get(slot(index, FRAMES)).copied().filter(|_| open)
    }

    fn frame_mut(&mut self, index: i64) -> &mut Chord {
        // `slot` is below the length.
        &mut self.frames[slot(index, FRAMES)]
    }

    /// What was heard in the newest frame counts for the key from now on.
    fn close_key(&mut self) {
        if let Some(closed) = self.frame(self.newest).filter(|_| self.newest > self.key_until) {
            self.key.step(closed);
            self.key_until = self.newest;
        }
    }

    /// The play head is nearest to frame `at`: opens the frames up to it with what is held, and returns
    /// the newest. Positions that slip back a little open nothing.
    ///
    /// # Realtime
    /// Opens no more frames than are remembered.
    pub fn open(&mut self, at: i64) -> i64 {
        self.newest = self.newest.max(at - FRAMES as i64);
        while self.newest < at {
            self.close_key();
            self.newest += 1;
            if self.held.expire(self.newest) != 0 {
                self.rests_from = self.rests_from.max(self.newest);
            }
            let held = if self.listening { self.held() } else { 0 };
            *self.frame_mut(self.newest) = Chord::from_masks(held, 0);
        }
        self.newest
    }
}

/// What sounds, in the network's keys; by octaves onto the keyboard where it leaves it.
pub(super) fn in_network(sounding: Chord, transpose: i8) -> Chord {
    sounding.folded(transpose.saturating_neg(), KEYBOARD)
}
