//! What leans a network that plays by itself, from step to step: towards the density that is asked
//! for, away from going round in circles, and out of silence.

use super::density::{Amount, DensityController, Lean};
use super::onset_tracker::{OnsetConstraint, OnsetTracker};
use super::repetition::{RepetitionController, RepetitionPenalty};
use super::sampler::Sampling;
use crate::music::{BarPosition, Chord};

/// The controllers. All that they remember follows from what was played, heard and asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Control {
    density: DensityController,
    repetition: RepetitionController,
    onsets: OnsetTracker,
}

/// How the keys of one step are leant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogitBias {
    lean: Lean,
    /// Mask of the keys among which a voice is to move.
    voice: u128,
    penalty: RepetitionPenalty,
    /// Nats by which an octave higher is likelier to begin.
    octave: f32,
    /// What is to be done against silence and notes without end.
    pub urge: OnsetConstraint,
}

impl Control {
    /// How the keys of the next step, at `position`, are leant, where `density` times the model's
    /// own notes are asked for. `beside` a musician, who plays or is answered, no bar stays empty.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn bias(&self, density: f32, position: BarPosition, beside: bool) -> LogitBias {
        LogitBias {
            lean: self.density.lean(density),
            voice: u128::MAX,
            penalty: self.repetition.penalty(),
            octave: 0.0,
            urge: self.onsets.urge(position, beside),
        }
    }

    /// How much to ask for beside a musician who plays `heard`, of a model's `own` amount.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn asked(&self, own: Amount, heard: Chord) -> Amount {
        self.density.asked(own, heard)
    }

    /// Takes note of a step: the chord that was chosen and what was heard, whether the network
    /// `listens` to a musician, how much was chosen, and how much was asked for.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn after_step(
        &mut self,
        (chosen, heard): (Chord, Chord),
        listens: bool,
        played: Amount,
        asked: Amount,
    ) {
        self.density.after_step(played, asked, listens.then_some(heard));
        self.repetition.after_step(chosen);
        self.onsets.after_step(chosen, heard);
    }
}

impl LogitBias {
    /// Nats for each octave of a key above [`LogitBias::MIDDLE`] where all is to lie an octave higher. The
    /// pitches of what begins spread by about an octave, and leant like this the mean of a normal
    /// distribution of that width moves by an octave.
    const NATS_AN_OCTAVE: f32 = 1.0;

    /// The key that a register leaves as likely as it is: middle C.
    const MIDDLE: f32 = 60.0;

    /// The same where the keys of the mask `voice` alone answer a call for more notes.
    ///
    /// # Realtime
    /// Arithmetic only.
    #[must_use]
    pub fn moving(self, voice: u128) -> LogitBias {
        LogitBias { voice, ..self }
    }

    /// The same where what begins lies so many semitones higher in the mean, or lower.
    ///
    /// # Realtime
    /// Arithmetic only.
    #[must_use]
    pub fn in_register(self, semitones: f32) -> LogitBias {
        LogitBias { octave: LogitBias::NATS_AN_OCTAVE * semitones / 12.0, ..self }
    }

    /// The same for the keys that follow on one that begins: against silence one is enough, and beside
    /// a musician others join it less readily.
    ///
    /// # Realtime
    /// Arithmetic only.
    #[must_use]
    pub fn once_begun(self) -> LogitBias {
        let urge =
            OnsetConstraint { nats: 0.0, must_begin: false, untruncated: false, ..self.urge };
        LogitBias { urge, voice: 0, ..self }
    }

    /// How `key` is sampled, which `sounded` in the step before or did not.
    ///
    /// # Realtime
    /// Arithmetic only.
    pub fn apply(&self, plain: Sampling, key: u8, sounded: bool) -> Sampling {
        let Lean { staying, beginning, elsewhere } = self.lean;
        let beginning = if self.voice >> (key & 127) & 1 == 1 { beginning } else { elsewhere };
        // A key that sounds begins by being struck again, a silent one by playing.
        let mut lean = if sounded { [staying, beginning] } else { [beginning, 0.0] };
        if self.penalty.keys >> (key & 127) & 1 == 1 {
            lean[usize::from(sounded)] += self.penalty.nats;
        }
        lean[usize::from(sounded)] -= self.urge.nats;
        lean[usize::from(sounded)] -= self.octave * (f32::from(key) - LogitBias::MIDDLE) / 12.0;
        // What sounds is no matter of silence: it may end as it would.
        let truncation = if self.urge.untruncated && !sounded { 0.0 } else { plain.truncation };
        Sampling { lean, truncation, ..plain }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Signature;

    #[test]
    fn a_silence_beside_a_musician_makes_beginnings_likelier_and_nothing_else() {
        let mut control = Control::default();
        let (held, usual) = (Chord::from_masks(1 << 72, 0), Amount::default());
        (0..10).for_each(|_| control.after_step((Chord::SILENT, held), true, usual, usual));
        let lean = |heard| {
            let bias = control.bias(1.0, Signature::COMMON.position(10), heard);
            [false, true].map(|sounded| bias.apply(Sampling::PLAIN, 60, sounded).lean)
        };
        let [[silent, _], [stays, again]] = lean(true);
        let rested = DensityController::default().lean(1.0).beginning;
        assert!(silent < rested - 2.9, "three nats by the third step after the half: {silent}");
        assert!(again < rested - 2.9 && stays > -2.9, "what sounds is struck, not held: {stays}");
    }

    #[test]
    fn a_register_makes_high_keys_likelier_to_begin_and_none_to_last() {
        let bias = Control::default().bias(1.0, BarPosition::default(), false);
        let lean = |register, key, sounded| {
            let bent = bias.in_register(register).apply(Sampling::PLAIN, key, sounded).lean;
            [false, true].map(|struck| bent[usize::from(struck)])
        };
        assert_eq!(lean(12.0, 72, false), [-1.0, 0.0]);
        assert_eq!(lean(12.0, 72, true), [0.0, -1.0]);
        assert_eq!(lean(-24.0, 48, false), [-2.0, 0.0]);
        assert_eq!(lean(0.0, 100, false), [0.0, 0.0]);
    }

    #[test]
    fn a_figure_that_repeats_gets_less_likely_and_nothing_else_does() {
        let mut control = Control::default();
        let asked = Amount { sounding: 1.0, beginning: 1.0, steps: 1.0 };
        for _ in 0..400 {
            control.after_step((Chord::struck_keys([60]), Chord::SILENT), false, asked, asked);
        }
        let position = BarPosition::default();
        let bias = control.bias(1.0, position, false);
        let lean = |key, sounded| bias.apply(Sampling::PLAIN, key, sounded).lean;
        assert!(lean(60, false)[0] > 6.0 && lean(60, false)[1] == 0.0);
        assert!(lean(60, true)[1] > 6.0 && lean(60, true)[0].abs() < 1e-3, "it may go on sounding");
        assert!(lean(61, false)[0].abs() < 1e-3 && lean(61, true)[1].abs() < 1e-3);
        assert_eq!(
            Control::default().bias(1.0, position, false).apply(Sampling::PLAIN, 60, true),
            Sampling::PLAIN
        );
    }
}
