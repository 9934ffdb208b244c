//! What was decided of the last steps. The take is written from it: that holds what sounded, also
//! where history began anew since.

use super::slot;
use crate::jam::controls::Lookahead;
use crate::music::Chord;

/// Steps remembered: those that are decided ahead of the one whose end is told, and then some.
const STEPS: usize = Lookahead::MAX_STEPS + 4;

/// A chord that was decided.
#[derive(Clone, Copy, Debug)]
pub struct Decided {
    index: i64,
    /// In the network's keys.
    pub chord: Chord,
    /// What was heard at its step when it was played before, if it is replayed.
    pub replayed: Option<Chord>,
}

/// Ring by index.
pub(super) struct Log(Vec<Decided>);

impl Log {
    /// Empty. Allocates.
    pub fn new() -> Log {
        Log(vec![Decided { index: i64::MIN, chord: Chord::SILENT, replayed: None }; STEPS])
    }

    /// Playback begins: indices count from zero again.
    pub fn clear(&mut self) {
        self.0.iter_mut().for_each(|decided| decided.index = i64::MIN);
    }

    pub fn write(&mut self, index: i64, chord: Chord, replayed: Option<Chord>) {
        self.0[slot(index, STEPS)] = Decided { index, chord, replayed };
    }

    /// What was decided for `index` was muted before it began.
    pub fn mute(&mut self, index: i64) {
        if self.get(index).is_some() {
            self.write(index, Chord::SILENT, None);
        }
    }

    pub fn get(&self, index: i64) -> Option<Decided> {
        Some(self.0[slot(index, STEPS)]).filter(|decided| decided.index == index)
    }
}
