//! The controller that leans the network towards the amount of notes that was asked for, and how
//! much is asked for beside a musician.

use super::Amount;
use crate::music::Chord;

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
    /// What was played beside a musician, once one sounded.
    beside: Option<Amount>,
    /// In what share of the steps they strike something, while they do not rest.
    busy: f64,
    /// Steps since they sounded.
    silent: u32,
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
            busy: DensityController::USUALLY_BUSY,
            silent: u32::MAX,
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
    /// The same on keys that do not belong to the voice that is to move, and on all once one has
    /// begun.
    pub elsewhere: f32,
}

impl DensityController {
    /// Share of the running means that a new step replaces: a memory of a bar.
    const MEMORY: f64 = 1.0 / 16.0;
    /// The same of what was played beside a musician: a memory of four bars.
    const LONG_MEMORY: f64 = 1.0 / 64.0;
    /// What is left of the notes while the musician rests.
    const AT_REST: f64 = 0.6;
    /// Steps of silence that are a breath and no rest.
    const BREATH: u32 = 8;
    /// How busy a musician counts before anything is known, and the share of the running mean that a
    /// new step replaces: a memory of two bars.
    const USUALLY_BUSY: f64 = 0.25;
    const BUSY_MEMORY: f64 = 1.0 / 32.0;
    /// How many of the model's own beginnings go with a musician who strikes nothing, and how many
    /// more with one who strikes something in every step.
    ///
    /// People play more notes to busier melodies: the correlation of the two from piece to piece is
    /// 0.66 in chorales, 0.34 in lieder and 0.38 in pop songs.
    const BESIDE_IDLE: f64 = 0.55;
    const BESIDE_BUSY: f64 = 2.0;
    /// The most of the model's own beginnings that is asked for beside a musician: a little more than
    /// it has, for guidance leaves some of it out.
    const BESIDE_MOST: f64 = 1.05;
    /// Notes added to both means, so that their ratio stays quiet where hardly any are asked
    /// for.
    const QUIET: f64 = 0.5;
    /// Nats for each nat of the ratio: more overshoots, and clusters and silence take turns.
    const GAIN: f64 = 2.0;
    /// Times as many nats on what begins beside a musician. Guidance has a network wait for them: of a
    /// song's accompaniment it played what falls on the melody's notes, and little between.
    const BESIDE_GAIN: f64 = 4.0;
    /// Nats against what begins beside a musician on other keys than those of the voice that is to
    /// move. Without them guidance makes blocks of the melody's onsets.
    const SPREAD: f64 = 0.35;
    /// Nats for each nat of the ratio beyond [`Self::FAR`]: networks that were taught to hold on are
    /// sure of what sounds.
    const FAR_GAIN: f64 = 6.0;
    /// Where many more sound than were asked for.
    const FAR: f64 = 1.5;
    /// Most nats either way, before what begins beside a musician gets more.
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
        let met = self.beside.is_some();
        let gain = if met { DensityController::BESIDE_GAIN } else { 1.0 };
        let beginning = gain * error(ratio.beginning) - forward;
        Lean {
            staying: (error(ratio.sounding) + far.min(limit) - 0.5 * forward) as f32,
            beginning: beginning as f32,
            // What calls for more notes calls for more steps in which one begins, not for chords.
            elsewhere: if met { beginning.max(0.0) + DensityController::SPREAD } else { beginning }
                as f32,
        }
    }

    /// What to ask for beside a musician who plays `heard`, of a model's `own` amount.
    ///
    /// Of what sounds half of what they play is taken off, since the model's own has the melody in it;
    /// half of its own is left at least. (With all of it taken off, notes got a quarter shorter than
    /// people's, and with nothing a third more sounded.) How many begin rises with how busy they are.
    /// While they rest, and not only take breath, the accompaniment gets thinner than the model's own
    /// and than it was beside them.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn asked(&self, own: Amount, heard: Amount) -> Amount {
        if heard.sounding > 0.0 || self.silent < DensityController::BREATH {
            let share = DensityController::BESIDE_IDLE + DensityController::BESIDE_BUSY * self.busy;
            return Amount {
                sounding: (own.sounding - 0.5 * heard.sounding).max(0.5 * own.sounding),
                beginning: own.beginning * share.min(DensityController::BESIDE_MOST),
            };
        }
        own.with(self.beside.unwrap_or(own), |own, beside| {
            DensityController::AT_REST * own.min(beside)
        })
    }

    /// Takes note of a step in which so much was asked for and played, and of what was heard in it.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn after_step(&mut self, played: Amount, asked: Amount, heard: Chord) {
        let mean = |memory: f64| move |mean: f64, new: f64| mean + memory * (new - mean);
        self.played = self.played.with(played, mean(DensityController::MEMORY));
        self.asked = self.asked.with(asked, mean(DensityController::MEMORY));
        self.silent = if heard.is_empty() { self.silent.saturating_add(1) } else { 0 };
        let beside = self.silent <= DensityController::BREATH;
        let rests = !beside && self.beside.is_some();
        if rests != self.rests {
            // What is asked for in a rest, or after one, holds from its first step on.
            self.asked = asked;
        }
        self.rests = rests;
        if beside {
            let strikes = f64::from(u8::from(heard.struck() != 0));
            self.busy = mean(DensityController::BUSY_MEMORY)(self.busy, strikes);
            let before = self.beside.unwrap_or(asked);
            self.beside = Some(before.with(played, mean(DensityController::LONG_MEMORY)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(sounding: f64, beginning: f64) -> Amount {
        Amount { sounding, beginning }
    }

    #[test]
    fn it_leans_against_its_error_and_rests_without_one() {
        let asked = amount(3.0, 1.0);
        let after = |played: Amount| {
            let mut controller = DensityController::default();
            (0..500).for_each(|_| controller.after_step(played, asked, Chord::SILENT));
            controller.lean(1.0)
        };
        assert_eq!(after(amount(0.0, 0.0)).staying, -2.0, "denser");
        assert_eq!(after(amount(60.0, 60.0)).staying, 4.0, "sparser, and the more the farther");
        let rest = after(asked);
        assert!(rest.staying.abs() < 1e-6 && rest.beginning.abs() < 1e-6);
        let long = after(amount(3.0, 0.2));
        assert!(long.beginning < -0.5 && long.staying.abs() < 1e-6, "{long:?}");
    }

    fn held() -> Chord {
        Chord::from_masks(1 << 72, 0)
    }

    /// After so many steps beside who strikes something in one of `every` steps and holds it.
    fn beside(steps: u32, every: u32, played: Amount, asked: Amount) -> DensityController {
        let mut controller = DensityController::default();
        for step in 0..steps {
            let heard = if step % every == 0 { Chord::struck_keys([72]) } else { held() };
            controller.after_step(played, asked, heard);
        }
        controller
    }

    #[test]
    fn beside_a_musician_less_is_to_sound_but_half_at_least() {
        let own = amount(4.0, 1.0);
        let sounding = |heard| DensityController::default().asked(own, amount(heard, 0.0)).sounding;
        assert_eq!([2.0, 3.0, 9.0].map(sounding), [3.0, 2.5, 2.0]);
    }

    #[test]
    fn beside_a_busier_musician_more_is_to_begin() {
        let own = amount(4.0, 1.0);
        let begin = |every| beside(400, every, own, own).asked(own, amount(1.0, 0.0)).beginning;
        assert!((begin(400) - DensityController::BESIDE_IDLE).abs() < 0.01);
        assert!(begin(16) < begin(8) && begin(8) < begin(4));
        assert_eq!(begin(1), DensityController::BESIDE_MOST, "not without end");
    }

    #[test]
    fn a_breath_is_no_rest_and_in_a_rest_less_is_asked_for_than_before() {
        let own = amount(4.0, 1.0);
        assert_eq!(DensityController::default().asked(own, Amount::default()), amount(2.4, 0.6));
        // Who played thinly beside them does not begin to fill the rest.
        let thin = amount(1.0, 0.25);
        let mut controller = beside(1000, 4, thin, own);
        let busy = controller.asked(own, amount(1.0, 0.0)).beginning;
        for _ in 0..DensityController::BREATH {
            let breath = controller.asked(own, Amount::default()).beginning;
            assert!(breath > 0.7 * busy, "{breath}, beside them {busy}");
            controller.after_step(thin, own, Chord::SILENT);
        }
        (0..100).for_each(|_| controller.after_step(amount(9.0, 9.0), own, Chord::SILENT));
        let rest = controller.asked(own, Amount::default());
        assert!(
            (rest.sounding - 0.6).abs() < 1e-2 && (rest.beginning - 0.15).abs() < 1e-2,
            "{rest:?}"
        );
        // And is held to that more firmly than beside them.
        let dense = amount(3.0, 1.5);
        (0..100).for_each(|_| controller.after_step(dense, rest, Chord::SILENT));
        let held_to = controller.lean(1.0).beginning;
        (0..100).for_each(|_| controller.after_step(dense, rest, held()));
        assert!(held_to > controller.lean(1.0).beginning + 0.5, "{held_to}");
    }

    #[test]
    fn beside_a_musician_more_notes_are_more_onsets_and_no_larger_chords() {
        let (few, many, asked) = (amount(3.0, 0.2), amount(3.0, 3.0), amount(3.0, 1.0));
        let spread = DensityController::SPREAD as f32;
        let sparse = beside(200, 4, few, asked).lean(1.0);
        assert!(sparse.beginning < -1.0 && sparse.elsewhere == spread, "{sparse:?}");
        let dense = beside(200, 4, many, asked).lean(1.0);
        assert!(dense.beginning > 1.0 && dense.elsewhere == dense.beginning + spread, "{dense:?}");
        let mut alone = DensityController::default();
        (0..200).for_each(|_| alone.after_step(few, asked, Chord::SILENT));
        let alone = alone.lean(1.0);
        assert!(alone.elsewhere == alone.beginning && alone.beginning > sparse.beginning);
    }

    #[test]
    fn the_knob_acts_at_once_and_hostile_ones_do_nothing() {
        let lean = |density| DensityController::default().lean(density);
        assert!(lean(2.0).beginning < -0.6 && lean(2.0).staying < -0.3, "denser");
        assert!(lean(0.5).beginning > 0.6 && lean(0.5).staying > 0.3, "sparser");
        for density in [1.0, 0.0, -1.0, f32::NAN] {
            assert_eq!(
                lean(density),
                Lean { staying: 0.0, beginning: 0.0, elsewhere: 0.0 },
                "{density}"
            );
        }
        assert!(lean(f32::INFINITY).beginning.is_finite());
    }

    #[test]
    fn nothing_asked_for_leaves_it_at_rest() {
        let mut controller = DensityController::default();
        (0..5000).for_each(|_| {
            controller.after_step(Amount::default(), Amount::default(), Chord::SILENT)
        });
        let Lean { staying, beginning, .. } = controller.lean(1.0);
        assert!(staying.abs() < 1e-6 && beginning.abs() < 1e-6);
    }
}
