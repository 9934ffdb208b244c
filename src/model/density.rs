//! How many notes: what the model's music has, what the musician asks for, and the controller
//! that leans the network towards it (model.md, section 8).
//!
//! A network hears itself. An exponent on its probabilities that stands still is fed back from
//! step to step: clusters lead to clusters, silence to silence. So what leans the network
//! follows from the notes of the last bars, against those that were asked for.

mod controller;

pub use controller::{DensityController, Lean};

use super::checkpoint::Metadata;
use super::config::Scan;
use super::rules::Rules;
use crate::music::{Chord, KeyRange, PianoRoll};

/// Notes in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Amount {
    /// Notes that sound.
    pub sounding: f64,
    /// Notes that begin.
    pub beginning: f64,
    /// Steps in which one begins: 0 or 1, or their share.
    pub steps: f64,
}

impl Amount {
    /// What music has of which nothing is known: piano music's, about.
    const USUAL: Amount = Amount { sounding: 3.0, beginning: 1.4, steps: 0.75 };

    /// That of a chord after the one `before` it.
    pub fn of(chord: Chord, before: Chord) -> Amount {
        Amount::counted(chord.len(), chord.begun(before.playing()).count_ones())
    }

    /// That of a step in which so many notes sound, and so many begin.
    pub fn counted(sounding: u32, beginning: u32) -> Amount {
        Amount {
            sounding: sounding.into(),
            beginning: beginning.into(),
            steps: f64::from(u8::from(beginning > 0)),
        }
    }

    /// That of one key, which begins once in a step at most.
    fn of_key(sounding: f64, beginning: f64) -> Amount {
        Amount { sounding, beginning, steps: beginning }
    }

    /// Each by a function of this amount and another's.
    fn with(self, other: Amount, f: impl Fn(f64, f64) -> f64) -> Amount {
        Amount {
            sounding: f(self.sounding, other.sounding),
            beginning: f(self.beginning, other.beginning),
            steps: f(self.steps, other.steps),
        }
    }
}

/// How many notes the music of a model has on each key, in the mean of all steps.
#[derive(Clone, Debug)]
pub struct Texture {
    /// By MIDI key.
    keys: [Amount; 128],
}

impl Texture {
    /// How far from an allowed key a note lies at most that counts for it: scales leave no
    /// wider gaps, and what does not fit into a scale is played beside.
    const BESIDE: u32 = 2;

    /// How many semitones the keys span among which a voice moves.
    const VOICE: u8 = 20;

    /// That of a model which sees `range`: what it was trained on had on each key, as its
    /// baseline of frequencies tells; without one, as [`Texture::of`] its prompts, which are few
    /// bars and may be the model's own.
    pub fn learnt(meta: &Metadata, range: KeyRange) -> Texture {
        let told = meta.made.as_ref().and_then(|made| made.baselines.get("frequency"));
        let rates = told.map(|baseline| baseline.play.iter().zip(&baseline.articulate));
        let Some(rates) = rates.filter(|rates| rates.len() == usize::from(range.count)) else {
            return Texture::of(&meta.prompts, range);
        };
        let mut keys = [Amount::default(); 128];
        // Frequencies depend on nothing, so both numbers of a pair are the same.
        for (amount, ([play, _], [articulate, _])) in
            keys.iter_mut().skip(usize::from(range.low)).zip(rates)
        {
            *amount = Amount::of_key(*play, play * articulate);
        }
        let sane = |amount: &Amount| {
            (0.0..=1.0).contains(&amount.sounding) && (0.0..=1.0).contains(&amount.beginning)
        };
        if keys.iter().all(sane) { Texture { keys } } else { Texture::of(&meta.prompts, range) }
    }

    /// That of a model which sees `range`, by some music like its own. Without any, a usual
    /// amount evenly on all keys.
    pub fn of(rolls: &[PianoRoll], range: KeyRange) -> Texture {
        let mut keys = [Amount::default(); 128];
        let steps: usize = rolls.iter().map(PianoRoll::len).sum();
        let share = 1.0 / steps.max(1) as f64;
        let mut silent = true;
        for roll in rolls {
            let mut before = Chord::SILENT;
            for chord in &roll.chords {
                for key in chord.keys() {
                    let begins = chord.strikes(key) || !before.plays(key);
                    let amount = &mut keys[usize::from(key)];
                    amount.sounding += share;
                    amount.beginning += if begins { share } else { 0.0 };
                    amount.steps = amount.beginning;
                    silent = false;
                }
                before = *chord;
            }
        }
        if silent {
            let share = 1.0 / f64::from(range.count.max(1));
            let Amount { sounding, beginning, .. } = Amount::USUAL;
            let even = Amount::of_key(share * sounding, share * beginning);
            let own = |key| if range.contains(key) { even } else { Amount::default() };
            keys = std::array::from_fn(|key| own(key as u8));
        }
        Texture { keys }
    }

    /// The voice that is to move in a step: a key of `allowed`, the likelier the more often it begins in
    /// the model's music, and an octave and a half more in the direction in which a network with `scan`
    /// visits them. `u` of `[0, 1)` chooses. Every key if no allowed one ever begins.
    ///
    /// Without it, what calls for a note in a step is answered by the keys that are visited first: of
    /// 40 accompaniments of lieder 14 ended above the melody, and one to three with it.
    ///
    /// # Realtime
    /// Arithmetic on 128 keys.
    pub fn voice(&self, allowed: u128, scan: Scan, u: f64) -> u128 {
        let amount = |key: u8| self.keys[usize::from(key)].beginning;
        let keys = || Chord::from_masks(allowed, 0).keys();
        let mut left = u * keys().map(amount).sum::<f64>();
        let first = keys().find(|key| {
            left -= amount(*key);
            left < 0.0
        });
        let Some(first) = first else { return u128::MAX };
        let (low, high) = match scan {
            Scan::Up => (first, first.saturating_add(Texture::VOICE).min(127)),
            Scan::Down => (first.saturating_sub(Texture::VOICE), first),
        };
        (low..=high).fold(0, |mask, key| mask | 1 << key)
    }

    /// What to ask for in a step under `rules`, at `density` times the model's own music: what
    /// that has on the keys that may play, as far as limits leave it. Finite, not negative.
    pub fn asked(&self, rules: &Rules, density: f32) -> Amount {
        let near = |mask: u128, by| mask | mask << by | mask >> by;
        let allowed = rules.allowed & rules.begin;
        let allowed = (1..=Texture::BESIDE).fold(allowed, |mask, by| mask | near(allowed, by));
        let density = if density.is_finite() { f64::from(density).max(0.0) } else { 1.0 };
        let mut sum = Amount::default();
        for key in Chord::from_masks(allowed, 0).keys() {
            sum = sum.with(self.keys[usize::from(key)], |sum, own| sum + density * own);
        }
        let most_beginning = rules.most_struck.min(rules.most_sounding);
        Amount {
            sounding: limited(sum.sounding, rules.most_sounding),
            beginning: limited(sum.beginning, most_beginning),
            // As if the keys began independently.
            steps: if most_beginning > 0 { 1.0 - (-sum.beginning).exp() } else { 0.0 },
        }
    }
}

/// The mean that is left of a mean number of notes where no more than `most` may be at once:
/// that of a Poisson distribution, cut off.
fn limited(mean: f64, most: u8) -> f64 {
    // Limits that bind in one step of millions.
    if f64::from(most) > 8.0 * (mean + 2.0) {
        return mean;
    }
    let mut exactly = (-mean).exp();
    let (mut at_most, mut left) = (0.0, 0.0);
    for n in 0..most {
        at_most += exactly;
        left += 1.0 - at_most;
        exactly *= mean / (f64::from(n) + 1.0);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::baseline::Baseline;
    use crate::model::checkpoint::Made;

    const RANGE: KeyRange = KeyRange { low: 24, count: 78 };

    #[test]
    fn what_is_asked_for_rises_with_density_and_room_and_stays_below_limits() {
        let texture = Texture::of(&[], RANGE);
        let plain = texture.asked(&Rules::default(), 1.0);
        assert!((plain.sounding - 3.0).abs() < 1e-9 && (plain.beginning - 1.4).abs() < 1e-9);
        for most in 1..16 {
            let rules = Rules { most_sounding: most, most_struck: 128, ..Rules::default() };
            let mut last = 0.0;
            for density in [0.5, 0.8, 1.0, 1.5, 2.0] {
                let asked = texture.asked(&rules, density);
                assert!(asked.sounding > last && asked.sounding < f64::from(most));
                assert!(asked.beginning < f64::from(most));
                last = asked.sounding;
            }
            let one_more = Rules { most_sounding: most + 1, ..rules };
            assert!(texture.asked(&one_more, 2.0).sounding > last);
        }
        let half = Rules { allowed: RANGE.mask() >> 39 & RANGE.mask(), ..Rules::default() };
        let asked = texture.asked(&half, 1.0).sounding;
        assert!((1.4..1.7).contains(&asked), "half the keys: {asked}");
        for hostile in [f32::NAN, f32::INFINITY, -1.0, 0.0, f32::MAX] {
            let asked = texture.asked(&Rules::default(), hostile);
            assert!(asked.sounding >= 0.0 && asked.sounding.is_finite(), "{hostile}");
        }
        let none = Rules { allowed: 0, ..Rules::default() };
        assert_eq!(texture.asked(&none, 1.0), Amount::default());
        let voices = |most| {
            let rules = Rules { most_sounding: most, most_struck: most, ..Rules::default() };
            texture.asked(&rules, 1.0).steps
        };
        assert_eq!([voices(0), voices(1)], [0.0, plain.steps], "one voice has its rhythm, too");
    }

    #[test]
    fn voices_move_where_the_music_has_notes_and_may_play() {
        let rolls = [Chord::struck_keys([40]), Chord::struck_keys([60]), Chord::struck_keys([60])];
        let texture = Texture::of(&[PianoRoll::from_iter(rolls)], RANGE);
        let from = |key: u8| (key..=key + Texture::VOICE).fold(0, |mask, key| mask | 1 << key);
        let to = |key: u8| (key - Texture::VOICE..=key).fold(0, |mask, key| mask | 1 << key);
        for (u, key) in [(0.0, 40), (0.33, 40), (0.34, 60), (0.99, 60)] {
            assert_eq!(texture.voice(u128::MAX, Scan::Up, u), from(key), "{u}");
            assert_eq!(texture.voice(u128::MAX, Scan::Down, u), to(key), "{u}");
        }
        assert_eq!(texture.voice(!(1 << 60), Scan::Up, 0.9), from(40), "it may not begin at 60");
        assert_eq!(texture.voice(1 << 70, Scan::Up, 0.9), u128::MAX);
        assert_eq!(texture.voice(0, Scan::Down, 0.9), u128::MAX);
        let top = Texture::of(&[PianoRoll::from_iter([Chord::struck_keys([127])])], RANGE);
        assert_eq!(top.voice(u128::MAX, Scan::Up, 0.5), 1 << 127);
    }

    #[test]
    fn the_texture_is_what_the_corpus_had_if_that_is_told() {
        let rolls = [PianoRoll::from_iter([Chord::struck_keys([60]); 400])];
        let frequency = Baseline::fit(RANGE, &rolls)["frequency"].clone();
        let learnt = |frequency: Baseline| {
            let baselines = [("frequency".to_owned(), frequency)].into();
            let made = Some(Made { baselines, ..Made::default() });
            let texture = Texture::learnt(&Metadata { made, ..Metadata::default() }, RANGE);
            texture.asked(&Rules::default(), 1.0)
        };
        let asked = learnt(frequency.clone());
        // Every other key counts half a note in four hundred steps.
        assert!((asked.sounding - 1.1).abs() < 0.02, "{asked:?}");
        assert!((asked.beginning - 1.05).abs() < 0.02, "{asked:?}");
        // What is no frequency, and what has other keys, is not believed.
        let usual = Texture::of(&[], RANGE).asked(&Rules::default(), 1.0);
        let mut wild = frequency.clone();
        wild.play[3] = [f64::NAN; 2];
        assert_eq!(learnt(wild), usual);
        let mut short = frequency;
        short.play.pop();
        assert_eq!(learnt(short), usual);
    }

    #[test]
    fn the_texture_is_that_of_the_stored_music() {
        let mut held = Chord::struck_keys([60, 64]);
        let first = held;
        held = Chord::from_masks(held.playing(), 0);
        let roll = PianoRoll::from_iter([first, held, held, Chord::SILENT]);
        let asked = Texture::of(&[roll], RANGE).asked(&Rules::default(), 2.0);
        assert_eq!((asked.sounding, asked.beginning), (3.0, 1.0));
        assert!((asked.steps - 0.632).abs() < 1e-3, "{asked:?}");
    }
}
