//! What a chord may and must hold, whatever the network would like. Rules hold while the keys
//! are scanned, before a key is sampled, so that every key visited later knows of them; they
//! are never a filter on what came out.

use crate::model::network::LOGITS;
use crate::music::{Chord, Keys};

/// What a chord may and must hold. Keys are the network's own (MIDI numbers); notes are those
/// that the network chooses, so forced keys count towards no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Mask of the keys that may play. Others are silent to the keys visited after them.
    pub allowed: u128,
    /// Mask of the keys that may begin; what sounds already may sound on.
    pub begin: u128,
    /// Mask of the keys that may not sound on: they are struck anew or silent.
    pub renew: u128,
    /// Whether the likeliest key that may begin does so if otherwise none would.
    pub must_begin: bool,
    /// Whether what sounds on makes room for one that begins, where there may be no more notes.
    pub make_room: bool,
    /// Whether two keys below C3 sound no third apart or closer: low thirds are mud. Holds of
    /// what begins.
    pub clear_bass: bool,
    /// Mask of the keys that play whatever the network thinks: what a musician holds. The keys
    /// visited after them hear them as held, and they are no part of the chord that is
    /// returned. A forced key need not be allowed.
    pub forced: u128,
    /// Mask of forced keys that may be doubled: if they are allowed, the network decides about
    /// them as about any other, and what it decides is part of the chord.
    pub doubled: u128,
    /// Most notes that may sound in the step.
    pub most_sounding: u8,
    /// Most notes that may begin in the step: those struck, and those held that did not sound
    /// in the step before.
    pub most_struck: u8,
}

impl Default for Rules {
    /// Everything may play and nothing must.
    fn default() -> Self {
        Rules {
            allowed: u128::MAX,
            begin: u128::MAX,
            renew: 0,
            must_begin: false,
            make_room: false,
            clear_bass: false,
            forced: 0,
            doubled: 0,
            most_sounding: 128,
            most_struck: 128,
        }
    }
}

/// Visits the keys in scan order, asking what it is given for each of them; as
/// [`Engine::choose`](crate::model::Engine::choose).
pub type Scan<'a> = dyn FnMut(&mut dyn FnMut(usize, [f32; LOGITS]) -> (bool, bool)) -> Chord + 'a;

/// The keys that a scan leaves to the network.
#[derive(Clone, Copy)]
struct Room {
    /// May play.
    play: u128,
    /// May begin, too.
    begin: u128,
    /// Begins whatever the network thinks.
    must: Option<u8>,
}

/// What a scan arrived at.
struct Scanned {
    chord: Chord,
    /// The likeliest of the keys that might have begun.
    likeliest: Option<u8>,
}

/// Below this key two notes no more than a major third apart are mud: C3.
const CLEAR_FROM: u8 = 48;

/// A major third.
const THIRD: u8 = 4;

/// Whether `key` would be mud beside `sounding` keys.
fn is_mud(key: u8, sounding: u128) -> bool {
    let low = sounding & ((1 << CLEAR_FROM) - 1) & !(1 << key);
    let lowest = key.saturating_sub(THIRD);
    // A window of at most nine keys.
    let near = ((1u128 << (key + THIRD + 1 - lowest)) - 1) << lowest;
    key < CLEAR_FROM && low & near != 0
}

impl Rules {
    /// The chord that `scan` over keys from `low` up arrives at when each key is decided by
    /// `decide` (given its MIDI number), under the rules; without the forced keys. `before` is
    /// what was chosen for the step before.
    ///
    /// Where a key must begin and none does, a second scan has the likeliest begin and no other; what
    /// sounds on makes room for it.
    ///
    /// The limits need a second scan, and only when a chord would exceed them: which notes a
    /// chord would have is known only at its end, and a limit that binds on the way would
    /// always favour the keys visited first. Of what the first scan would like, these stay:
    /// notes that sound on, then as many of those that begin as there is room for, the highest
    /// first, then the lowest, and so on inwards. The second scan decides anew between these
    /// alone.
    pub fn choose(
        &self,
        before: Chord,
        low: u8,
        scan: &mut Scan<'_>,
        decide: &mut dyn FnMut(u8, [f32; LOGITS]) -> (bool, bool),
    ) -> Chord {
        let all = Room { play: self.allowed, begin: self.begin, must: None };
        let Scanned { chord: liked, likeliest } = self.scan(all, before, low, scan, decide);
        let begin = liked.begun(before.playing());
        let must = likeliest.filter(|_| begin == 0 && self.must_begin);
        let begin = begin | must.map_or(0, |key| 1 << key);
        let fits = (liked.playing() | begin).count_ones() <= u32::from(self.most_sounding)
            && begin.count_ones() <= u32::from(self.most_struck);
        let room = match (fits, must) {
            (true, None) => return liked,
            // Asked anew, the network may like others beside it: those that fit, and no more.
            (true, Some(key)) => Room { play: liked.playing() | 1 << key, begin: 1 << key, must },
            (false, must) => {
                let room = self.room(liked, begin, before);
                // The highest of those that liked to, should the network not like it any more.
                let highest = 127_u8.checked_sub(room.begin.leading_zeros() as u8);
                Room { must: must.or(highest.filter(|_| self.must_begin)), ..room }
            }
        };
        self.scan(room, before, low, scan, decide).chord
    }

    /// What is left of a chord that would exceed the limits, `begin` of which would begin.
    fn room(&self, liked: Chord, begin: u128, before: Chord) -> Room {
        let most = u32::from(self.most_sounding);
        let begins = begin != 0 && (self.make_room || self.must_begin);
        let on = outermost(liked.playing() & !begin, most.saturating_sub(begins.into()));
        let left = most - on.count_ones();
        let begin = outermost(begin, left.min(u32::from(self.most_struck)));
        let left = left - begin.count_ones();
        // What was to be struck again, and may not, may sound on if nothing else needs its room.
        let again = outermost(liked.struck() & before.playing() & !begin, left);
        Room { play: on | begin | again, begin, must: None }
    }

    fn scan(
        &self,
        room: Room,
        before: Chord,
        low: u8,
        scan: &mut Scan<'_>,
        decide: &mut dyn FnMut(u8, [f32; LOGITS]) -> (bool, bool),
    ) -> Scanned {
        let mut doubles = Chord::SILENT;
        let mut likeliest: Option<(f32, u8)> = None;
        // What sounds or may go on sounding, whoever plays it.
        let mut sounding = self.forced | before.playing();
        let chord = scan(&mut |n, logits| {
            // `n` counts the keys of a range within 0..128.
            let key = low + n as u8;
            let bit = 1u128 << key;
            let forced = self.forced & bit != 0;
            if room.play & bit == 0 || forced && self.doubled & bit == 0 {
                return (forced, false);
            }
            let begins = room.begin & bit != 0 && !(self.clear_bass && is_mud(key, sounding));
            let sounds_on = before.plays(key) && self.renew & bit == 0;
            let (plays, struck) = match decide(key, logits) {
                _ if room.must == Some(key) => (true, true),
                (true, true) if begins => (true, true),
                (true, _) if sounds_on => (true, false),
                // Of a key that did not sound before, that is a beginning as well.
                (true, false) if begins && (before.playing() | self.renew) & bit == 0 => {
                    (true, false)
                }
                _ => (false, false),
            };
            if begins && !before.plays(key) && likeliest.is_none_or(|(most, _)| logits[0] > most) {
                likeliest = Some((logits[0], key));
            }
            if plays {
                sounding |= bit;
            }
            if forced {
                doubles.decide(key, plays, struck);
            }
            (plays || forced, struck)
        });
        let own = Chord::from_masks(chord.playing() & !self.forced, chord.struck() & !self.forced);
        Scanned { chord: own.union(doubles), likeliest: likeliest.map(|(_, key)| key) }
    }
}

/// As many of `keys`: the highest, the lowest, the second highest, and so on inwards.
fn outermost(keys: u128, count: u32) -> u128 {
    if keys.count_ones() <= count {
        return keys;
    }
    let mut kept = 0;
    let (mut low, mut high) = (Keys(keys), keys);
    for n in 0..count {
        if n % 2 == 0 {
            let top = 1u128 << (127 - high.leading_zeros());
            high &= !top;
            kept |= top;
        } else if let Some(key) = low.next() {
            kept |= 1u128 << key;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mask(keys: impl IntoIterator<Item = u8>) -> u128 {
        Chord::struck_keys(keys).playing()
    }

    #[test]
    fn outer_voices_come_first() {
        let keys = mask([40, 50, 60, 70, 127]);
        let kept = |count| Keys(outermost(keys, count)).collect::<Vec<_>>();
        assert!(kept(0).is_empty());
        assert_eq!(kept(1), [127]);
        assert_eq!(kept(2), [40, 127]);
        assert_eq!(kept(3), [40, 70, 127]);
        assert_eq!(kept(4), [40, 50, 70, 127]);
        assert_eq!(kept(128), [40, 50, 60, 70, 127]);
    }

    /// What `rules` make of a network that would like `liked` whatever it hears.
    fn ruled(rules: Rules, before: Chord, liked: Chord) -> Chord {
        let mut scan = |decide: &mut dyn FnMut(usize, [f32; LOGITS]) -> (bool, bool)| {
            let mut chord = Chord::SILENT;
            for n in 0..128_u8 {
                let (plays, struck) = decide(usize::from(n), [0.0; LOGITS]);
                chord.decide(n, plays, struck);
            }
            chord
        };
        rules.choose(before, 0, &mut scan, &mut |key, _| (liked.plays(key), liked.strikes(key)))
    }

    #[test]
    fn what_sounds_on_is_not_cut_by_what_begins() {
        let before = Chord::struck_keys([60, 64]);
        let mut liked = Chord::struck_keys([40, 50, 90]);
        liked.hold(60);
        liked.hold(64);
        let rules = Rules { most_sounding: 3, ..Rules::default() };
        let chord = ruled(rules, before, liked);
        assert_eq!(chord.playing(), mask([60, 64, 90]));
        assert_eq!(chord.struck(), mask([90]));
        let chord = ruled(Rules { most_sounding: 2, ..rules }, before, liked);
        assert_eq!((chord.playing(), chord.struck()), (mask([60, 64]), 0));
    }

    #[test]
    fn a_note_that_may_not_be_struck_again_sounds_on() {
        let before = Chord::struck_keys([60]);
        let liked = Chord::struck_keys([48, 60, 72]);
        let chord = ruled(Rules { most_struck: 2, ..Rules::default() }, before, liked);
        assert_eq!((chord.playing(), chord.struck()), (mask([48, 60, 72]), mask([48, 72])));
        let rules = Rules { most_struck: 2, most_sounding: 2, ..Rules::default() };
        assert_eq!(ruled(rules, before, liked).playing(), mask([48, 72]));
    }

    #[test]
    fn a_held_key_that_did_not_sound_counts_as_a_beginning() {
        let liked = Chord::from_masks(mask([50, 60, 70]), mask([60]));
        let rules = Rules { most_struck: 1, ..Rules::default() };
        assert_eq!(ruled(rules, Chord::SILENT, liked).playing(), mask([70]));
    }

    #[test]
    fn a_key_that_may_be_doubled_is_left_to_the_network_and_heard_all_the_same() {
        let both = mask([60, 61]);
        let rules = Rules { forced: both, doubled: both, ..Rules::default() };
        let liked = Chord::struck_keys([60, 72]);
        assert_eq!(ruled(rules, Chord::SILENT, liked), liked);
        let rules = Rules { allowed: !both, ..rules };
        assert_eq!(ruled(rules, Chord::SILENT, liked), Chord::struck_keys([72]));
    }

    #[test]
    fn forced_keys_are_heard_and_neither_counted_nor_returned() {
        let rules = Rules { forced: mask([60, 61]), most_sounding: 1, ..Rules::default() };
        let liked = Chord::struck_keys([60, 72]);
        assert_eq!(ruled(rules, Chord::SILENT, liked), Chord::struck_keys([72]));
    }

    #[test]
    fn a_key_that_may_not_begin_may_sound_on_and_one_to_renew_may_not() {
        let liked = Chord::struck_keys([60, 64]);
        let before = Chord::struck_keys([60]);
        let barred = Rules { begin: 0, ..Rules::default() };
        assert_eq!(ruled(barred, before, liked), Chord::from_masks(mask([60]), 0));
        let held = Chord::from_masks(mask([60, 64]), 0);
        let renew = Rules { renew: mask([60, 64]), ..Rules::default() };
        assert_eq!(
            ruled(renew, before, held),
            Chord::SILENT,
            "neither held on nor begun by halves"
        );
        assert_eq!(ruled(renew, before, liked), liked);
    }

    #[test]
    fn where_one_must_begin_the_likeliest_does_and_only_if_none_would() {
        let must = Rules { must_begin: true, ..Rules::default() };
        let before = Chord::struck_keys([127]);
        let on = Chord::from_masks(mask([127]), 0);
        // All are as likely: the first visited that did not sound.
        let begun = ruled(must, before, on);
        assert_eq!((begun.struck(), begun.playing()), (1, 1 | 1 << 127));
        let barred = Rules { begin: !mask([0, 1, 2]), ..must };
        assert_eq!(ruled(barred, before, on).struck(), 1 << 3);
        assert_eq!(ruled(must, before, Chord::struck_keys([60])), Chord::struck_keys([60]));
        assert_eq!(ruled(Rules { begin: 0, ..must }, before, on), on);
    }

    #[test]
    fn where_no_more_may_sound_what_sounds_makes_room_for_what_begins() {
        let before = Chord::struck_keys([60, 64, 67]);
        let on = Chord::from_masks(before.playing(), 0);
        let liked = on.union(Chord::struck_keys([72]));
        let full = Rules { most_sounding: 3, allowed: u128::MAX << 48, ..Rules::default() };
        assert_eq!(ruled(full, before, liked), on, "held notes come first");
        let outer = Chord::from_masks(mask([60, 67]), 0);
        for full in [Rules { make_room: true, ..full }, Rules { must_begin: true, ..full }] {
            assert_eq!(ruled(full, before, liked), outer.union(Chord::struck_keys([72])));
        }
        let must = Rules { must_begin: true, ..full };
        assert_eq!(ruled(must, before, on), outer.union(Chord::struck_keys([48])));
        let one = Rules { most_sounding: 1, ..must };
        let alone = Chord::from_masks(mask([60]), 0);
        assert_eq!(ruled(one, Chord::struck_keys([60]), alone), Chord::struck_keys([48]));
    }

    proptest! {
        /// A network that decides otherwise each time it is asked, and after whatever it decided.
        #[test]
        fn limits_hold_whatever_the_network_likes_after_what_it_began(
            seed: u64,
            (before, forced) in (any::<u128>(), any::<u128>()),
            (allowed, begin, renew) in (any::<u128>(), any::<u128>(), any::<u128>()),
            (must_begin, make_room, clear_bass) in any::<(bool, bool, bool)>(),
            (most_sounding, most_struck) in (1..10_u8, 1..10_u8),
            eagerness in 0..64_u64,
        ) {
            // As many notes before as there may be.
            let before = Chord::from_masks(outermost(before, most_sounding.into()), 0);
            let forced = forced & allowed.rotate_left(64) & begin.rotate_left(32);
            let rules = Rules {
                allowed, begin, renew, must_begin, make_room, clear_bass, forced,
                doubled: 0, most_sounding, most_struck,
            };
            let mut asked = seed;
            let mut decide = |key: u8, _| {
                asked = (asked ^ u64::from(key)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                asked ^= asked >> 29;
                (asked % 64 <= eagerness, asked & 1 << 40 != 0)
            };
            let mut scan = |decide: &mut dyn FnMut(usize, [f32; LOGITS]) -> (bool, bool)| {
                let mut chord = Chord::SILENT;
                for n in (0..128_u8).rev() {
                    let (plays, struck) = decide(n.into(), [f32::from(n % 7); LOGITS]);
                    chord.decide(n, plays, struck);
                }
                chord
            };
            let chord = rules.choose(before, 0, &mut scan, &mut decide);
            let begins = chord.begun(before.playing());
            prop_assert!(chord.len() <= u32::from(most_sounding), "{} sound", chord.len());
            prop_assert!(begins.count_ones() <= u32::from(most_struck), "{}", begins.count_ones());
            prop_assert_eq!(chord.playing() & (!allowed | forced), 0);
            prop_assert_eq!(begins & !begin, 0);
            let free = allowed & begin & !before.playing() & !forced;
            if must_begin && !clear_bass && free != 0 {
                prop_assert!(begins != 0, "none begins");
            }
        }
    }

    #[test]
    fn below_c3_no_third_begins() {
        let clear = Rules { clear_bass: true, ..Rules::default() };
        let low = Chord::struck_keys([36, 40, 41, 47, 48, 52]);
        assert_eq!(ruled(clear, Chord::SILENT, low), Chord::struck_keys([36, 41, 47, 48, 52]));
        assert_eq!(ruled(Rules::default(), Chord::SILENT, low), low);
        let musician = Rules { forced: mask([40]), ..clear };
        assert_eq!(ruled(musician, Chord::SILENT, low), Chord::struck_keys([47, 48, 52]));
        // What sounds already sounds on.
        let thirds = Chord::struck_keys([36, 40]);
        let on = Chord::from_masks(thirds.playing(), 0);
        assert_eq!(ruled(clear, thirds, on), on);
    }
}
