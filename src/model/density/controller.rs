//! The controller that leans the network towards the amount of notes that was asked for, and how
//! much is asked for beside a musician.

use super::Amount;
use crate::music::Chord;

/// The symmetric rule for density: keeps running means of the notes that were played and of
/// those that were asked for, and leans the log odds against their ratio.
///
/// It acts on two things, since how many notes sound and how many begin are two: keys that
/// sound stay the likelier the fewer sound, silent keys begin the likelier the fewer begin. Beside
/// a musician it counts the steps in which a note begins rather than the notes, since those steps are
/// the rhythm, and adds up the errors (an integral term): guidance makes a network wait for the
/// musician's notes, in some music more than in other, and without the sum it plays little between them.
/// Log odds, not an exponent on the probability (`gamma` of model.md, section 8): no exponent
/// moves a network that is nearly certain, and one that is holds on to what sounds.
/// All that it remembers are means of history, so it follows that and nothing else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DensityController {
    played: Amount,
    asked: Amount,
    /// What was played beside a musician, once one sounded.
    beside: Option<Amount>,
    /// Nats for beginnings beside a musician: the sum of the errors there.
    push: f64,
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
            push: DensityController::PUSH,
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
    const AT_REST: f64 = 0.5;
    /// Steps of silence that are a breath and no rest.
    const BREATH: u32 = 8;
    /// How busy a musician counts before anything is known, and the share of the running mean that a
    /// new step replaces: a memory of two bars.
    const USUALLY_BUSY: f64 = 0.25;
    const BUSY_MEMORY: f64 = 1.0 / 32.0;
    /// Of the steps in which the model's own music begins something, how many are asked for beside a
    /// musician who strikes nothing, how many more beside one who strikes something in every step, how
    /// many at least, and how many at most.
    ///
    /// People's accompaniments of 229 chorales and 127 lieder begin something in 12 % of the steps and
    /// 1.3 times the share in which the melody does (R² 0.36, both sets counted alike), and the music
    /// that the shipped models learnt in about 70 %. Beside notes that are held for long people still begin
    /// something in 24 % (chorales) to 32 % (lieder, pop songs).
    const BESIDE_IDLE: f64 = 0.13;
    const BESIDE_BUSY: f64 = 2.0;
    const BESIDE_LEAST: f64 = 0.36;
    const BESIDE_MOST: f64 = 0.78;
    /// Notes added to both means, so that their ratio stays quiet where hardly any are asked
    /// for.
    const QUIET: f64 = 0.5;
    /// Nats for each nat of the ratio: more overshoots, and clusters and silence take turns.
    const GAIN: f64 = 2.0;
    /// Beside a musician: a share of steps that is added to both means, nats for each nat of their ratio,
    /// and the most nats either way.
    const QUIET_STEPS: f64 = 0.05;
    const STEPS_GAIN: f64 = 6.0;
    const STEPS_LIMIT: f64 = 8.0;
    /// The sum of the errors beside a musician: where it begins, what a step adds for each error as large as
    /// what was asked for (2.4 nats in a bar of 4/4 in which nothing begins), and its bounds. In nats.
    const PUSH: f64 = 2.0;
    const PUSH_GAIN: f64 = 0.15;
    const PUSH_LIMITS: [f64; 2] = [-1.0, 6.0];
    /// What takes the place of that sum while the musician rests: nobody is waited for.
    const PUSH_AT_REST: f64 = 1.0;
    /// Nats against what begins beside a musician on other keys than those of the voice that is to
    /// move. Without them guidance makes blocks of the melody's onsets.
    const SPREAD: f64 = 0.35;
    /// Nats for each nat of the ratio beyond [`Self::FAR`]: networks that were taught to hold on are
    /// sure of what sounds.
    const FAR_GAIN: f64 = 6.0;
    /// Where many more sound than were asked for.
    const FAR: f64 = 1.5;
    /// Most nats either way, but for what begins beside a musician.
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
        let error = |ratio: f64| (DensityController::GAIN * ratio.ln()).clamp(-limit, limit);
        // Beyond the usual limit: what has run away comes back.
        let far =
            DensityController::FAR_GAIN * (ratio.sounding / DensityController::FAR).ln().max(0.0);
        let met = self.beside.is_some();
        let beginning = if met { self.steps_error() - self.push() } else { error(ratio.beginning) };
        let beginning = beginning - forward;
        Lean {
            staying: (error(ratio.sounding) + far.min(limit) - 0.5 * forward) as f32,
            beginning: beginning as f32,
            // What calls for more notes calls for more steps in which one begins, not for chords.
            elsewhere: if met { beginning.max(0.0) + DensityController::SPREAD } else { beginning }
                as f32,
        }
    }

    /// Nats against beginnings beside a musician, as there were more steps with one than were asked for.
    fn steps_error(&self) -> f64 {
        let quiet = DensityController::QUIET_STEPS;
        let ratio = (self.played.steps + quiet) / (self.asked.steps + quiet);
        let limit = DensityController::STEPS_LIMIT;
        (DensityController::STEPS_GAIN * ratio.ln()).clamp(-limit, limit)
    }

    /// Nats for beginnings beside a musician, by the errors so far.
    fn push(&self) -> f64 {
        if self.rests { DensityController::PUSH_AT_REST } else { self.push }
    }

    /// What to ask for beside a musician who plays `heard`, of a model's `own` amount.
    ///
    /// Of what sounds half of what they play is taken off, since the model's own has the melody in it;
    /// half of its own is left at least. (With all of it taken off, notes got a quarter shorter than
    /// people's, and with nothing a third more sounded.) The busier they are, the more steps with a
    /// beginning are asked for.
    ///
    /// While they rest, and not only take breath, the accompaniment gets thinner than the model's own
    /// and than it was beside them.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn asked(&self, own: Amount, heard: Chord) -> Amount {
        if !heard.is_empty() || self.silent < DensityController::BREATH {
            let (least, most) = (DensityController::BESIDE_LEAST, DensityController::BESIDE_MOST);
            let share = DensityController::BESIDE_IDLE + DensityController::BESIDE_BUSY * self.busy;
            return Amount {
                sounding: (own.sounding - 0.5 * f64::from(heard.len())).max(0.5 * own.sounding),
                beginning: own.beginning,
                steps: own.steps * share.clamp(least, most),
            };
        }
        own.with(self.beside.unwrap_or(own), |own, beside| {
            DensityController::AT_REST * own.min(beside)
        })
    }

    /// Takes note of a step in which so much was asked for and played, and of what was heard in it if a
    /// musician is listened to.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn after_step(&mut self, played: Amount, asked: Amount, heard: Option<Chord>) {
        let mean = |memory: f64| move |mean: f64, new: f64| mean + memory * (new - mean);
        self.played = self.played.with(played, mean(DensityController::MEMORY));
        self.asked = self.asked.with(asked, mean(DensityController::MEMORY));
        let Some(heard) = heard else {
            let DensityController { played, asked, .. } = *self;
            *self = DensityController { played, asked, ..DensityController::default() };
            return;
        };
        self.silent = if heard.is_empty() { self.silent.saturating_add(1) } else { 0 };
        let beside = self.silent <= DensityController::BREATH;
        let rests = !beside && self.beside.is_some();
        if rests != self.rests {
            // What is asked for in a rest, or after one, holds from its first step on.
            self.asked = asked;
        }
        self.rests = rests;
        if !beside {
            return;
        }
        let strikes = f64::from(u8::from(heard.struck() != 0));
        self.busy = mean(DensityController::BUSY_MEMORY)(self.busy, strikes);
        let before = self.beside.unwrap_or_else(|| {
            // What was played alone is no error beside a musician.
            (self.played.steps, self.asked.steps) = (asked.steps, asked.steps);
            asked
        });
        self.beside = Some(before.with(played, mean(DensityController::LONG_MEMORY)));
        let missing = (self.asked.steps - self.played.steps) / self.asked.steps.max(0.05);
        let [least, most] = DensityController::PUSH_LIMITS;
        self.push = (self.push + DensityController::PUSH_GAIN * missing).clamp(least, most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many sound, and something begins in so large a share of the steps, a note each time.
    fn amount(sounding: f64, steps: f64) -> Amount {
        Amount { sounding, beginning: steps, steps }
    }

    #[test]
    fn it_leans_against_its_error_and_rests_without_one() {
        let asked = amount(3.0, 1.0);
        let after = |played: Amount| {
            let mut controller = DensityController::default();
            (0..500).for_each(|_| controller.after_step(played, asked, None));
            controller.lean(1.0)
        };
        assert_eq!(after(amount(0.0, 0.0)).staying, -2.0, "denser");
        assert_eq!(after(amount(60.0, 60.0)).staying, 4.0, "sparser, and the more the farther");
        let rest = after(asked);
        assert!(rest.staying.abs() < 1e-6 && rest.beginning.abs() < 1e-6);
        let long = after(amount(3.0, 0.2));
        assert!(long.beginning < -0.5 && long.staying.abs() < 1e-6, "{long:?}");
    }

    fn held() -> Option<Chord> {
        Some(Chord::from_masks(1 << 72, 0))
    }

    /// After so many steps beside who strikes something in one of `every` steps and holds it.
    fn beside(steps: u32, every: u32, played: Amount, asked: Amount) -> DensityController {
        let mut controller = DensityController::default();
        for step in 0..steps {
            let heard = if step % every == 0 { Some(Chord::struck_keys([72])) } else { held() };
            controller.after_step(played, asked, heard);
        }
        controller
    }

    #[test]
    fn beside_a_musician_less_is_to_sound_but_half_at_least() {
        let own = amount(4.0, 1.0);
        let sounding = |heard: u8| {
            let heard = Chord::struck_keys(60..60 + heard);
            DensityController::default().asked(own, heard).sounding
        };
        assert_eq!([2, 3, 9].map(sounding), [3.0, 2.5, 2.0]);
    }

    #[test]
    fn beside_a_busier_musician_more_is_to_begin() {
        let own = amount(4.0, 1.0);
        let begin = |every| beside(400, every, own, own).asked(own, Chord::struck_keys([72])).steps;
        assert_eq!(begin(400), DensityController::BESIDE_LEAST, "something beside held notes");
        assert!(begin(400) < begin(5) && begin(5) < begin(4));
        assert_eq!(begin(1), DensityController::BESIDE_MOST, "not without end");
    }

    #[test]
    fn a_breath_is_no_rest_and_in_a_rest_half_is_asked_for_of_what_was_before() {
        let own = amount(4.0, 1.0);
        assert_eq!(DensityController::default().asked(own, Chord::SILENT), amount(2.0, 0.5));
        // Who played thinly beside them does not begin to fill the rest.
        let thin = amount(1.0, 0.25);
        let mut controller = beside(1000, 4, thin, own);
        let busy = controller.asked(own, Chord::struck_keys([72])).steps;
        for _ in 0..DensityController::BREATH {
            let breath = controller.asked(own, Chord::SILENT).steps;
            assert!(breath > 0.7 * busy, "{breath}, beside them {busy}");
            controller.after_step(thin, own, Some(Chord::SILENT));
        }
        let silent = Some(Chord::SILENT);
        (0..100).for_each(|_| controller.after_step(amount(9.0, 1.0), own, silent));
        let rest = controller.asked(own, Chord::SILENT);
        assert!(
            (rest.sounding - 0.5).abs() < 1e-2 && (rest.steps - 0.125).abs() < 1e-2,
            "{rest:?}"
        );
        // Nobody is waited for: what was missing beside them is not made up for in the rest.
        let mut patient = controller;
        (0..200).for_each(|_| patient.after_step(rest, rest, silent));
        let leant = -f64::from(patient.lean(1.0).beginning);
        assert!((leant - DensityController::PUSH_AT_REST).abs() < 1e-2, "{leant}");
        // And is held to that more firmly than to as much beside them.
        let mut again = beside(1000, 4, thin, own);
        for _ in 0..6 {
            controller.after_step(amount(3.0, 1.0), rest, silent);
            again.after_step(amount(3.0, 1.0), rest, held());
        }
        let [rests, beside] = [controller, again].map(|controller| controller.lean(1.0).beginning);
        assert!(rests > beside + 0.5, "{rests}, beside them {beside}");
    }

    #[test]
    fn beside_a_musician_more_is_more_onsets_and_no_larger_chords() {
        let (few, many, asked) = (amount(3.0, 0.1), amount(3.0, 0.9), amount(3.0, 0.4));
        let spread = DensityController::SPREAD as f32;
        let sparse = beside(200, 4, few, asked).lean(1.0);
        assert!(sparse.beginning < -1.0 && sparse.elsewhere == spread, "{sparse:?}");
        let dense = beside(200, 4, many, asked).lean(1.0);
        assert!(dense.beginning > 1.0 && dense.elsewhere == dense.beginning + spread, "{dense:?}");
        let mut alone = DensityController::default();
        (0..200).for_each(|_| alone.after_step(few, asked, None));
        let alone = alone.lean(1.0);
        assert!(alone.elsewhere == alone.beginning && alone.beginning > sparse.beginning);
    }

    #[test]
    fn beside_a_musician_a_network_that_needs_more_or_less_gets_it() {
        let asked = amount(3.0, 0.4);
        // What the network plays follows from how it is leant: a line with this much where nothing leans.
        for neutral in [-4.0_f64, -2.0, 0.0, 0.5] {
            let mut controller = DensityController::default();
            let mut left = 0.0;
            let mut steps = 0.0;
            for step in 0..800 {
                let nats = neutral - f64::from(controller.lean(1.0).beginning);
                left += 1.0 / (1.0 + (-nats).exp());
                let begins = left >= 1.0;
                left -= f64::from(u8::from(begins));
                controller.after_step(amount(3.0, f64::from(u8::from(begins))), asked, held());
                steps += if step >= 400 { f64::from(u8::from(begins)) / 400.0 } else { 0.0 };
            }
            assert!((steps - 0.4).abs() < 0.03, "{steps} at {neutral}");
        }
    }

    #[test]
    fn who_is_alone_again_plays_as_if_nobody_had_been_there() {
        let usual = amount(3.0, 0.4);
        let mut controller = beside(200, 4, amount(3.0, 0.1), usual);
        let mut alone = DensityController::default();
        for _ in 0..400 {
            controller.after_step(usual, usual, None);
            alone.after_step(usual, usual, None);
        }
        let [left, plain] = [controller, alone].map(|controller| controller.lean(1.0));
        assert!((left.beginning - plain.beginning).abs() < 1e-6, "{left:?}");
        assert!(left.elsewhere == left.beginning);
        assert_eq!(controller.asked(usual, Chord::SILENT), amount(1.5, 0.2));
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
        (0..5000).for_each(|_| controller.after_step(Amount::default(), Amount::default(), None));
        let Lean { staying, beginning, .. } = controller.lean(1.0);
        assert!(staying.abs() < 1e-6 && beginning.abs() < 1e-6);
    }
}
