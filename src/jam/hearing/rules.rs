//! What a chord may and must hold beside a musician.

use super::{Hearing, in_network};
use crate::jam::controls::{Controls, Mode};
use crate::jam::room;
use crate::model::Rules;
use crate::music::{Chord, Tonality};

impl Hearing {
    /// The rules of a chord that is decided now, in the network's keys, beside a musician who plays
    /// `keys` and in the key of `tonality`, as far as is known.
    ///
    /// # Realtime
    /// Constant time.
    pub fn rules(&self, controls: &Controls, keys: u128, tonality: Option<Tonality>) -> Rules {
        let mut rules = controls.rules(tonality);
        let forced = in_network(Chord::from_masks(keys, 0), controls.transpose).playing();
        match controls.mode {
            Mode::Solo => {}
            Mode::Accompany => {
                rules.forced = forced;
                // On one output a note cannot be doubled.
                if controls.double && !controls.thru {
                    rules.doubled = rules.allowed & controls.network_mask(keys);
                }
                if controls.room {
                    let begin = |barred: u128| controls.network_mask(!barred);
                    let barred = room::barred(keys, |barred| rules.allowed & begin(barred));
                    rules.begin = begin(barred) | rules.doubled;
                }
                rules.allowed |= rules.doubled;
                if self.is_silent(controls, keys) {
                    rules.allowed = 0;
                }
            }
            Mode::Answer => {
                rules.forced = forced;
                rules.most_sounding = rules.most_sounding.min(self.turns.voices().min(128) as u8);
                if !self.answering() {
                    rules.allowed = 0;
                }
            }
        }
        rules
    }

    /// In [`Mode::Accompany`], whether we are silent until the musician plays.
    ///
    /// # Realtime
    /// Constant time.
    pub fn waits(&self, controls: &Controls) -> bool {
        controls.mode == Mode::Accompany && self.is_silent(controls, self.held())
    }

    /// In [`Mode::Accompany`], whether we wait for the musician, who plays `keys` now.
    fn is_silent(&self, controls: &Controls, keys: u128) -> bool {
        let waits = controls.start_with_me && !self.met();
        keys == 0 && (waits || controls.stop_with_me && self.turns.left())
    }
}
