//! Which keys are held: by a finger, or by the sustain pedal.

use crate::jam::input::{channels, keys};
use crate::music::Keys;

/// Steps for which the pedal holds a key at most: two bars of 4/4. By then a string has died away, and
/// a pedal that is never lifted does not gather up the whole keyboard.
const SUSTAINED_STEPS: i64 = 32;

/// The bit of the pedal that is no channel's.
const EVERY_CHANNEL: u32 = 16;

/// What the musician holds.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Keys under a finger, by channel.
    fingers: [u128; 16],
    /// Keys that the pedal alone holds, by channel.
    sustained: [u128; 16],
    /// Both of all channels.
    all: u128,
    /// Channels whose pedal is down; [`EVERY_CHANNEL`] for all of them.
    pedals: u32,
    /// The frame in which each key that the pedal holds was let go.
    let_go: [i64; 128],
}

impl Default for Held {
    fn default() -> Self {
        Held { fingers: [0; 16], sustained: [0; 16], all: 0, pedals: 0, let_go: [0; 128] }
    }
}

impl Held {
    /// Mask of the keys that are held, on whatever channel.
    ///
    /// # Realtime
    /// Constant time.
    pub fn keys(&self) -> u128 {
        self.all
    }

    /// A finger strikes a key.
    ///
    /// # Realtime
    /// Constant time.
    pub fn strike(&mut self, channel: u8, key: u8) {
        let channel = usize::from(channel);
        let bit = keys(Some(key));
        if let (Some(fingers), Some(sustained)) =
            (self.fingers.get_mut(channel), self.sustained.get_mut(channel))
        {
            *fingers |= bit;
            *sustained &= !bit;
            self.all |= bit;
        }
    }

    /// Fingers let go while the play head is nearest to `frame`. Returns the mask of the keys that are
    /// held no more, neither by the pedal nor on another channel.
    ///
    /// # Realtime
    /// At most 128 steps.
    pub fn release(&mut self, channel: Option<u8>, key: Option<u8>, frame: i64) -> u128 {
        let mut kept = 0;
        for channel in channels(channel).map(usize::from) {
            let down = self.is_down(channel);
            if let (Some(fingers), Some(sustained)) =
                (self.fingers.get_mut(channel), self.sustained.get_mut(channel))
            {
                let released = *fingers & keys(key);
                *fingers &= !keys(key);
                if down {
                    *sustained |= released;
                    kept |= released;
                }
            }
        }
        for key in Keys(kept) {
            if let Some(let_go) = self.let_go.get_mut(usize::from(key)) {
                *let_go = frame;
            }
        }
        self.recount()
    }

    /// The pedal of a channel goes down or up; none is that of all channels. Returns the mask of the
    /// keys that are held no more.
    ///
    /// # Realtime
    /// Constant time.
    pub fn pedal(&mut self, channel: Option<u8>, down: bool) -> u128 {
        let bit = 1 << channel.map_or(EVERY_CHANNEL, |channel| u32::from(channel.min(15)));
        if (self.pedals & bit != 0) == down {
            return 0;
        }
        self.pedals ^= bit;
        for channel in 0..16 {
            if !self.is_down(channel)
                && let Some(sustained) = self.sustained.get_mut(channel)
            {
                *sustained = 0;
            }
        }
        self.recount()
    }

    /// Everything on a channel, or on all, is silent, whatever the pedal says. Returns the mask of the
    /// keys that are held no more.
    ///
    /// # Realtime
    /// Constant time.
    pub fn silence(&mut self, channel: Option<u8>) -> u128 {
        for channel in channels(channel).map(usize::from) {
            if let (Some(fingers), Some(sustained)) =
                (self.fingers.get_mut(channel), self.sustained.get_mut(channel))
            {
                (*fingers, *sustained) = (0, 0);
            }
        }
        self.recount()
    }

    /// `frame` begins. Returns the mask of the keys that the pedal has held for too long and that are
    /// held no more.
    ///
    /// # Realtime
    /// At most 128 steps.
    pub fn expire(&mut self, frame: i64) -> u128 {
        let sustained = self.sustained.iter().fold(0, |all, keys| all | keys);
        if sustained == 0 {
            return 0;
        }
        let mut old = 0;
        for key in Keys(sustained) {
            let let_go = self.let_go.get(usize::from(key)).copied().unwrap_or(frame);
            if frame.saturating_sub(let_go) >= SUSTAINED_STEPS {
                old |= keys(Some(key));
            }
        }
        self.sustained.iter_mut().for_each(|keys| *keys &= !old);
        self.recount()
    }

    /// Playback begins: frames count from 0 again.
    ///
    /// # Realtime
    /// Constant time.
    pub fn begin(&mut self) {
        self.let_go = [0; 128];
    }

    /// Forgets what is held, and the pedals of channels: their ends will not come.
    ///
    /// # Realtime
    /// Constant time.
    pub fn forget(&mut self) {
        *self = Held { pedals: self.pedals & 1 << EVERY_CHANNEL, ..Held::default() };
    }

    fn is_down(&self, channel: usize) -> bool {
        self.pedals >> EVERY_CHANNEL & 1 == 1 || self.pedals >> channel.min(15) & 1 == 1
    }

    /// What is held on all channels; returns what was held before and is no more.
    fn recount(&mut self) -> u128 {
        let before = self.all;
        self.all = self.fingers.iter().chain(&self.sustained).fold(0, |all, keys| all | keys);
        before & !self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pedal_holds_what_fingers_let_go_until_it_is_lifted() {
        let mut held = Held::default();
        held.strike(0, 60);
        held.strike(1, 64);
        assert_eq!(held.pedal(Some(0), true), 0);
        assert_eq!(held.release(Some(0), Some(60), 4), 0, "the pedal has it");
        assert_eq!(held.release(Some(1), Some(64), 4), 1 << 64, "on a channel without pedal");
        held.strike(0, 67);
        assert_eq!(held.keys(), 1 << 60 | 1 << 67);
        assert_eq!(held.pedal(Some(0), false), 1 << 60, "a finger is on the other");
        assert_eq!(held.pedal(Some(0), false), 0, "it is up already");
        assert_eq!(held.release(None, None, 5), 1 << 67);
        // A key that is let go on one channel is still held on another.
        held.strike(2, 50);
        held.strike(3, 50);
        assert_eq!(held.release(Some(2), Some(50), 6), 0);
        assert_eq!(held.release(Some(3), Some(50), 6), 1 << 50);
    }

    #[test]
    fn what_is_silenced_is_gone_and_what_is_released_is_kept_by_the_pedal() {
        let mut held = Held::default();
        held.pedal(None, true);
        held.strike(5, 60);
        held.strike(6, 61);
        assert_eq!(held.release(None, None, 0), 0);
        assert_eq!(held.silence(Some(5)), 1 << 60);
        assert_eq!(held.silence(None), 1 << 61);
        held.strike(7, 62);
        assert_eq!(held.release(Some(7), None, 0), 0, "the pedal is still down");
        held.forget();
        assert_eq!(held.keys(), 0);
        held.strike(7, 62);
        assert_eq!(held.release(Some(7), None, 0), 0, "that of all channels is a switch");
    }

    #[test]
    fn a_pedal_that_is_never_lifted_gathers_no_keyboard() {
        let mut held = Held::default();
        held.pedal(Some(0), true);
        for frame in 0..500 {
            held.expire(frame);
            // At most 128, so the cast keeps every bit.
            held.strike(0, (frame % 128) as u8);
            held.release(Some(0), None, frame);
            assert!(i64::from(held.keys().count_ones()) <= SUSTAINED_STEPS);
        }
        held.begin();
        assert_eq!(held.expire(SUSTAINED_STEPS - 1), 0, "frames count from 0 again");
        assert_eq!(held.expire(SUSTAINED_STEPS).count_ones(), 32);
        assert_eq!(held.keys(), 0);
    }
}
