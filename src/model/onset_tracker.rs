//! Against falling silent beside a musician, and against notes that never end.
//!
//! A network that hears itself rest expects to go on resting, and one that holds a chord to go on
//! holding it. What people do is the measure: beside someone who plays they seldom let a bar pass
//! without beginning a note.

use crate::music::{BarPosition, Chord, Keys};

/// Remembers how long nothing has begun, and how long each note has sounded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnsetTracker {
    /// Steps since a note of our own began.
    since_onset: u16,
    /// Steps since the musician sounded.
    since_heard: u16,
    /// Steps that each of our keys has sounded since it was struck; 0 if it does not sound.
    ages: [u16; 128],
}

impl Default for OnsetTracker {
    /// Nobody was heard, and nothing sounds.
    fn default() -> Self {
        OnsetTracker { since_onset: 0, since_heard: u16::MAX, ages: [0; 128] }
    }
}

/// What is to be done in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OnsetConstraint {
    /// Nats to add to the log odds of a note's beginning. Not negative.
    pub nats: f32,
    /// Whether the likeliest note begins if none does.
    pub must_begin: bool,
    /// Whether no beginning is too improbable to be drawn.
    pub untruncated: bool,
    /// Mask of the keys that have sounded so long that they must end or be struck anew.
    pub too_long: u128,
}

impl OnsetTracker {
    /// Bars that a note lasts at most.
    const LONGEST_BARS: i64 = 8;

    /// Takes note of a step: what was chosen after `before`, and what was heard.
    ///
    /// # Realtime
    /// Arithmetic on 128 keys.
    pub fn after_step(&mut self, chosen: Chord, heard: Chord) {
        let since =
            |happened: bool, before: u16| if happened { 0 } else { before.saturating_add(1) };
        let sounding = self
            .ages
            .iter()
            .enumerate()
            .fold(0, |mask, (key, age)| mask | u128::from(u8::from(*age > 0)) << key);
        let begins = chosen.begun(sounding);
        self.since_onset = since(begins != 0, self.since_onset);
        self.since_heard = since(!heard.is_empty(), self.since_heard);
        for key in Keys(sounding & !chosen.playing()) {
            self.ages[usize::from(key)] = 0;
        }
        for key in Keys(chosen.playing()) {
            let age = &mut self.ages[usize::from(key)];
            *age = if begins >> key & 1 == 1 { 1 } else { age.saturating_add(1) };
        }
    }

    /// What is to be done in the step at `position`, `beside` a musician (who plays in it, or is
    /// answered) or not.
    ///
    /// From the half of a bar in which nothing has begun beside them, notes get likelier by a nat
    /// a step; on its last beat one begins.
    ///
    /// # Realtime
    /// Arithmetic on 128 keys.
    pub fn urge(&self, position: BarPosition, beside: bool) -> OnsetConstraint {
        // What the network takes for a bar may be longer than the one that is played.
        let bar = i64::from(position.bar_steps.max(1));
        let in_bar = i64::from(position.in_bar);
        let beats = i64::from(position.beats.max(1));
        let nothing_yet = in_bar > 0 && i64::from(self.since_onset) >= in_bar;
        let beside = beside || i64::from(self.since_heard) < in_bar;
        let after_half = in_bar - (bar + 1) / 2;
        let urged = nothing_yet && beside && after_half >= 0;
        let longest = OnsetTracker::LONGEST_BARS * bar;
        let too_long = self.ages.iter().enumerate().fold(0, |mask, (key, age)| {
            mask | u128::from(u8::from(i64::from(*age) >= longest)) << key
        });
        OnsetConstraint {
            nats: if urged { (after_half + 1) as f32 } else { 0.0 },
            must_begin: urged && in_bar * beats >= bar * (beats - 1),
            untruncated: i64::from(self.since_onset) >= bar,
            too_long,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Signature;

    /// What is urged in each step of a bar in which nothing begins, after one in which something
    /// did.
    fn urges(signature: Signature, heard: Chord) -> Vec<OnsetConstraint> {
        let mut onsets = OnsetTracker::default();
        onsets.after_step(Chord::struck_keys([60]), heard);
        let bar = signature.bar_steps();
        (0..bar)
            .map(|step| {
                let urge = onsets.urge(signature.position(step), !heard.is_empty());
                onsets.after_step(Chord::from_masks(1 << 60, 0), heard);
                urge
            })
            .collect()
    }

    #[test]
    fn from_the_half_of_a_bar_notes_get_likelier_and_on_its_last_beat_one_begins() {
        let held = Chord::from_masks(1 << 64, 0);
        let urged = urges(Signature::COMMON, held);
        let nats: Vec<f32> = urged.iter().map(|urge| urge.nats).collect();
        assert_eq!(nats[..8], [0.0; 8]);
        assert_eq!(nats[8..], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        let first = urged.iter().position(|urge| urge.must_begin);
        assert_eq!(first, Some(12));
        let waltz = urges(Signature::new(3, 4).expect("a metre"), held);
        assert_eq!(waltz.iter().position(|urge| urge.nats > 0.0), Some(6));
        assert_eq!(waltz.iter().position(|urge| urge.must_begin), Some(8));
        // At eighths the bar that is played has half the steps of the network's.
        let mut onsets = OnsetTracker::default();
        let eighths: Vec<OnsetConstraint> = (0..8)
            .map(|step| {
                onsets.after_step(Chord::SILENT, held);
                let position = BarPosition { bar_steps: 8, ..Signature::COMMON.position(step) };
                onsets.urge(position, true)
            })
            .collect();
        assert_eq!(eighths.iter().position(|urge| urge.nats > 0.0), Some(4));
        assert_eq!(eighths.iter().position(|urge| urge.must_begin), Some(6));
    }

    #[test]
    fn nobody_is_beside_a_silence_and_an_onset_ends_it() {
        let alone = urges(Signature::COMMON, Chord::SILENT);
        assert!(alone[..16].iter().skip(2).all(|urge| urge.nats == 0.0 && !urge.must_begin));
        let mut onsets = OnsetTracker::default();
        for step in 0..16 {
            let begins = step == 9;
            onsets.after_step(
                if begins { Chord::struck_keys([50]) } else { Chord::SILENT },
                Chord::struck_keys([64]),
            );
        }
        let urge = onsets.urge(Signature::COMMON.position(15), true);
        assert_eq!((urge.nats, urge.must_begin, urge.untruncated), (0.0, false, false));
    }

    #[test]
    fn no_note_lasts_longer_than_eight_bars_and_a_bar_of_nothing_lifts_truncation() {
        let mut onsets = OnsetTracker::default();
        onsets.after_step(Chord::struck_keys([60]), Chord::SILENT);
        for step in 1..128 {
            let urge = onsets.urge(Signature::COMMON.position(step), false);
            assert_eq!(urge.too_long, 0, "{step}");
            assert_eq!(urge.untruncated, step > 16, "{step}");
            onsets.after_step(Chord::from_masks(1 << 60, 0), Chord::SILENT);
        }
        assert_eq!(onsets.urge(Signature::COMMON.position(128), false).too_long, 1 << 60);
        onsets.after_step(Chord::struck_keys([60]), Chord::SILENT);
        assert_eq!(onsets.urge(Signature::COMMON.position(129), false).too_long, 0);
    }
}
