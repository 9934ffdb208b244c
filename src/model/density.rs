//! How many notes: what the model's music has, what the musician asks for, and the controller
//! that leans the network towards it (model.md, section 8).
//!
//! A network hears itself. An exponent on its probabilities that stands still is fed back from
//! step to step: clusters lead to clusters, silence to silence. So what leans the network
//! follows from the notes of the last bars, against those that were asked for.

use super::checkpoint::Metadata;
use super::rules::Rules;
use crate::music::{Chord, KeyRange, PianoRoll};

/// Notes in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Amount {
    /// Notes that sound.
    pub sounding: f64,
    /// Notes that begin.
    pub beginning: f64,
}

impl Amount {
    /// What music has of which nothing is known: piano music's, about.
    const USUAL: Amount = Amount { sounding: 3.0, beginning: 1.4 };

    /// That of a chord after the one `before` it.
    pub fn of(chord: Chord, before: Chord) -> Amount {
        let begin = chord.struck() | (chord.playing() & !before.playing());
        Amount { sounding: f64::from(chord.len()), beginning: f64::from(begin.count_ones()) }
    }

    /// Both by a function of this amount and another's.
    fn with(self, other: Amount, f: impl Fn(f64, f64) -> f64) -> Amount {
        Amount {
            sounding: f(self.sounding, other.sounding),
            beginning: f(self.beginning, other.beginning),
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
            *amount = Amount { sounding: *play, beginning: play * articulate };
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
                    silent = false;
                }
                before = *chord;
            }
        }
        if silent {
            let share = 1.0 / f64::from(range.count.max(1));
            let even = Amount::USUAL.with(Amount::USUAL, |usual, _| usual * share);
            let own = |key| if range.contains(key) { even } else { Amount::default() };
            keys = std::array::from_fn(|key| own(key as u8));
        }
        Texture { keys }
    }

    /// Notes per step to ask for under `rules`, at `density` times the model's own music: what
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

/// The symmetric rule for density: keeps running means of the notes that were played and of
/// those that were asked for, and leans the log odds against their ratio.
///
/// It acts on two things, since how many notes sound and how many begin are two: keys that
/// sound stay the likelier the fewer sound, silent keys begin the likelier the fewer begin.
/// Log odds, not an exponent on the probability (`gamma` of model.md, section 8): no exponent
/// moves a network that is nearly certain, and one that is holds on to what sounds.
/// All that it remembers are means of history, so it follows that and nothing else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DensityController {
    played: Amount,
    asked: Amount,
    /// What was played while a musician sounded, once one did.
    beside: Option<Amount>,
    /// Whether they rest now.
    rests: bool,
}

impl Default for DensityController {
    /// At rest: what was asked for was played.
    fn default() -> Self {
        DensityController {
            played: Amount::USUAL,
            asked: Amount::USUAL,
            beside: None,
            rests: false,
        }
    }
}

/// How a step is leant, in nats that are taken from log odds: above 0 fewer notes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lean {
    /// On keys that sounded in the step before: to go on sounding.
    pub staying: f32,
    /// On those that did not, to play; and on those that did, to be struck: a key that is struck
    /// again and again begins each time.
    pub beginning: f32,
}

impl DensityController {
    /// Share of the running means that a new step replaces: a memory of a bar.
    const MEMORY: f64 = 1.0 / 16.0;
    /// The same of what was played beside a musician: a memory of four bars.
    const LONG_MEMORY: f64 = 1.0 / 64.0;
    /// What is left of the notes while the musician rests.
    const AT_REST: f64 = 0.6;
    /// Notes added to both means, so that their ratio stays quiet where hardly any are asked
    /// for.
    const QUIET: f64 = 0.5;
    /// Nats for each nat of the ratio: more overshoots, and clusters and silence take turns.
    const GAIN: f64 = 2.0;
    /// Nats for each nat of the ratio beyond [`Self::FAR`]: networks that were taught to hold on are
    /// sure of what sounds.
    const FAR_GAIN: f64 = 6.0;
    /// Where many more sound than were asked for.
    const FAR: f64 = 1.5;
    /// Most nats either way.
    pub const LIMIT: f64 = 2.0;

    /// Nats for each nat of the density that is asked for, beside what follows from the error: the
    /// knob acts at once, and the error that is left is small. Half of it on what stays, since
    /// more notes that begin are more that can stay.
    const FORWARD: f64 = 1.0;

    /// How the next step is leant, where `density` times the model's own notes are asked for; not
    /// positive or no number counts as 1.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn lean(&self, density: f32) -> Lean {
        let DensityController { played, asked, .. } = *self;
        let (quiet, limit) = (DensityController::QUIET, DensityController::LIMIT);
        let ratio = played.with(asked, |played, asked| (played + quiet) / (asked + quiet));
        let knob = f64::from(density).clamp(0.1, 10.0).ln();
        let forward = if density > 0.0 { DensityController::FORWARD * knob } else { 0.0 };
        let forward = forward + if self.rests { DensityController::AT_REST.ln() } else { 0.0 };
        let error = |ratio: f64| (DensityController::GAIN * ratio.ln()).clamp(-limit, limit);
        // Beyond the usual limit: what has run away comes back.
        let far =
            DensityController::FAR_GAIN * (ratio.sounding / DensityController::FAR).ln().max(0.0);
        Lean {
            staying: (error(ratio.sounding) + far.min(limit) - 0.5 * forward) as f32,
            beginning: (error(ratio.beginning) - forward) as f32,
        }
    }

    /// What to ask for beside a musician who plays `heard`, of a model's `own` amount. That has the
    /// melody in it, so half of what they play is taken off; half of its own is left at least. While
    /// they rest, the accompaniment gets thinner than the model's own and than it was beside them.
    ///
    /// With all of what they play taken off, notes got a quarter shorter than people's, and with
    /// nothing a third more sounded (docs/judge.md).
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn asked(&self, own: Amount, heard: Amount) -> Amount {
        if heard.sounding > 0.0 {
            return own.with(heard, |own, heard| (own - 0.5 * heard).max(0.5 * own));
        }
        own.with(self.beside.unwrap_or(own), |own, beside| {
            DensityController::AT_REST * own.min(beside)
        })
    }

    /// Takes note of a step in which so much was asked for and played, beside a musician who
    /// sounded or did not.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn after_step(&mut self, played: Amount, asked: Amount, beside: bool) {
        let mean = |memory: f64| move |mean: f64, new: f64| mean + memory * (new - mean);
        self.played = self.played.with(played, mean(DensityController::MEMORY));
        self.asked = self.asked.with(asked, mean(DensityController::MEMORY));
        let rests = !beside && self.beside.is_some();
        if rests != self.rests {
            // What is asked for in a rest, or after one, holds from its first step on.
            self.asked = asked;
        }
        self.rests = rests;
        if beside {
            let before = self.beside.unwrap_or(asked);
            self.beside = Some(before.with(played, mean(DensityController::LONG_MEMORY)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::baseline::Baseline;
    use crate::model::checkpoint::Made;

    const RANGE: KeyRange = KeyRange { low: 24, count: 78 };

    fn amount(sounding: f64, beginning: f64) -> Amount {
        Amount { sounding, beginning }
    }

    #[test]
    fn it_leans_against_its_error_and_rests_without_one() {
        let asked = amount(3.0, 1.0);
        let after = |played: Amount| {
            let mut controller = DensityController::default();
            (0..500).for_each(|_| controller.after_step(played, asked, false));
            controller.lean(1.0)
        };
        assert_eq!(after(amount(0.0, 0.0)).staying, -2.0, "denser");
        assert_eq!(after(amount(60.0, 60.0)).staying, 4.0, "sparser, and the more the farther");
        let rest = after(asked);
        assert!(rest.staying.abs() < 1e-6 && rest.beginning.abs() < 1e-6);
        let long = after(amount(3.0, 0.2));
        assert!(long.beginning < -0.5 && long.staying.abs() < 1e-6, "{long:?}");
    }

    #[test]
    fn beside_a_musician_so_much_less_is_asked_for_but_half_at_least() {
        let own = amount(4.0, 1.0);
        let mut controller = DensityController::default();
        assert_eq!(controller.asked(own, amount(2.0, 0.5)), amount(3.0, 0.75));
        assert_eq!(controller.asked(own, amount(9.0, 1.5)), amount(2.0, 0.5));
        assert_eq!(controller.asked(own, amount(0.0, 0.0)), amount(0.6 * 4.0, 0.6));
        // Who played thinly beside them does not begin to fill the rest.
        (0..1000).for_each(|_| controller.after_step(amount(1.0, 0.25), own, true));
        (0..100).for_each(|_| controller.after_step(amount(9.0, 9.0), own, false));
        let rest = controller.asked(own, amount(0.0, 0.0));
        // And is held to that more firmly than beside them.
        let dense = amount(3.0, 1.5);
        (0..100).for_each(|_| controller.after_step(dense, rest, false));
        let held_to = controller.lean(1.0).beginning;
        (0..100).for_each(|_| controller.after_step(dense, rest, true));
        assert!(held_to > controller.lean(1.0).beginning + 0.5, "{held_to}");
        assert!((rest.sounding - 0.6).abs() < 1e-3 && (rest.beginning - 0.15).abs() < 1e-3);
    }

    #[test]
    fn the_knob_acts_at_once_and_hostile_ones_do_nothing() {
        let lean = |density| DensityController::default().lean(density);
        assert!(lean(2.0).beginning < -0.6 && lean(2.0).staying < -0.3, "denser");
        assert!(lean(0.5).beginning > 0.6 && lean(0.5).staying > 0.3, "sparser");
        for density in [1.0, 0.0, -1.0, f32::NAN] {
            assert_eq!(lean(density), Lean { staying: 0.0, beginning: 0.0 }, "{density}");
        }
        assert!(lean(f32::INFINITY).beginning.is_finite());
    }

    #[test]
    fn nothing_asked_for_leaves_it_at_rest() {
        let mut controller = DensityController::default();
        (0..5000).for_each(|_| controller.after_step(Amount::default(), Amount::default(), false));
        let Lean { staying, beginning } = controller.lean(1.0);
        assert!(staying.abs() < 1e-6 && beginning.abs() < 1e-6);
    }

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
        assert_eq!(asked, amount(3.0, 1.0));
    }
}
