//! *Room*: the keys that are left to the musician.
//!
//! What begins keeps a distance from the musician's hands, above and below: not from everything on
//! one side of them, for a chord in the middle of the keyboard would then leave nothing to play.

use crate::music::Keys;

/// Semitones that what begins keeps from the musician's keys, if that leaves enough.
const DISTANCES: [u32; 2] = [3, 2];

/// Keys that lie no further apart are under one hand, and so is what lies between them.
const HAND: u32 = 9;

/// Fewer keys to begin on are not enough: an octave.
const ENOUGH: u32 = 12;

/// Mask of the keys on which nothing begins beside a musician who plays `held`, all as they sound.
/// `left` gives what may still begin where a mask of keys is barred: if the usual distance leaves
/// less than an octave, what is kept away from gets smaller, down to the musician's own keys.
///
/// # Realtime
/// Constant time.
pub fn barred(held: u128, left: impl Fn(u128) -> u128) -> u128 {
    let hands = DISTANCES.map(|distance| under_hands(held, distance));
    hands.into_iter().find(|barred| left(*barred).count_ones() >= ENOUGH).unwrap_or(held)
}

/// What lies nearer than `distance` semitones to a key that is held, or between two under one hand.
fn under_hands(held: u128, distance: u32) -> u128 {
    let mut mask = 0;
    let mut below: Option<u32> = None;
    for key in Keys(held) {
        let key = u32::from(key);
        let from = below.filter(|below| key - below <= HAND).unwrap_or(key);
        let from = from.min((key + 1).saturating_sub(distance));
        let to = (key + distance - 1).min(127);
        mask |= u128::MAX << from & u128::MAX >> (127 - to);
        below = Some(key);
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Chord;

    fn keys(barred: u128) -> Vec<u8> {
        Keys(barred).collect()
    }

    fn held(keys: &[u8]) -> u128 {
        Chord::struck_keys(keys.iter().copied()).playing()
    }

    #[test]
    fn what_begins_keeps_away_from_hands_above_and_below() {
        let all = |barred: u128| !barred;
        assert_eq!(barred(0, all), 0);
        assert_eq!(keys(barred(held(&[60]), all)), [58, 59, 60, 61, 62]);
        assert_eq!(keys(barred(held(&[60, 64, 67]), all)), (58..=69).collect::<Vec<_>>());
        let two_hands = keys(barred(held(&[36, 72]), all));
        assert_eq!(two_hands, [34, 35, 36, 37, 38, 70, 71, 72, 73, 74], "between them is room");
        assert_eq!(keys(barred(held(&[0, 127]), all)), [0, 1, 2, 125, 126, 127]);
    }

    #[test]
    fn it_gets_smaller_where_it_would_leave_less_than_an_octave() {
        let bass = |barred: u128| (u128::MAX << 36 & u128::MAX >> (127 - 50)) & !barred;
        let hand = held(&[43]);
        assert_eq!(keys(barred(hand, bass)), [42, 43, 44], "ten keys were left, then twelve");
        let chord = held(&[36, 43, 48]);
        assert_eq!(barred(chord, bass), chord, "nothing is enough: all but what is held");
    }
}
