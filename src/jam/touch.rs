//! How the notes of a step are struck.

use crate::jam::controls::{Controls, Timing};
use crate::model::Draw;
use crate::music::{Step, Stress};

/// How the notes of one step begin. With what it holds the same notes get the same velocities at any
/// time, so it is what a take keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touch {
    /// MIDI channel, 0 to 15.
    pub channel: u8,
    /// MIDI velocity of a middle voice before chance, 1 to 127.
    pub velocity: u8,
    /// What chance adds or takes at most.
    pub humanise: u8,
    /// How much voices differ, per cent: see [`Controls::dynamics`].
    pub dynamics: u8,
    /// The seed and the pass that chance depends on.
    pub draw: Draw,
    /// The step that chance depends on, too.
    pub step: Step,
    /// Whether bass, middle and top have a channel each: `channel` and the two after it.
    pub split: bool,
    /// When they sound; takes of before do not tell.
    pub timing: Option<Timing>,
    /// Mask of the keys, as they sound, that ended at the gate before them, if that is known: which chord
    /// would come was then known but from the decision ahead.
    pub released: Option<u128>,
}

impl Touch {
    /// The level of a musician beside whom notes have [`Controls::velocity`] itself: its default, so
    /// that at the default they are as loud as the musician.
    const USUAL_LEVEL: f32 = 80.0;

    /// By how much the highest of several notes that begin together is louder than the level, the
    /// lowest, and those between; in MIDI velocities. Between the means of 60 classical pieces (7, -5,
    /// -2) and of 60 pop songs (4, -1, 1), against the mean velocity of the bar before.
    const HIGHEST: f32 = 6.0;
    const LOWEST: f32 = -3.0;
    const BETWEEN: f32 = -1.0;
    /// The same of notes on the counts of the bar, and of those off them.
    const ON_COUNT: f32 = 1.5;
    const OFF_COUNT: f32 = -1.5;

    /// The touch of a step that lies so in its bar, beside a musician who plays at a `level` of 1 to
    /// 127. `draw` is what chance depends on.
    ///
    /// # Realtime
    /// Pure arithmetic.
    pub fn new(
        controls: &Controls,
        level: Option<f32>,
        stress: Stress,
        draw: Draw,
        step: Step,
    ) -> Touch {
        let (accent, place) = match stress {
            Stress::Bar => (controls.accent, Touch::ON_COUNT),
            Stress::Count => (controls.accent / 2, Touch::ON_COUNT),
            Stress::None => (0, Touch::OFF_COUNT),
        };
        let dynamics = controls.dynamics.clamp(0.0, 1.0);
        let louder = level.map_or(0.0, |level| level - Touch::USUAL_LEVEL);
        let velocity = f32::from(controls.velocity)
            + f32::from(accent)
            + (dynamics * (louder + place)).round();
        Touch {
            channel: controls.channel.min(15),
            // Clamped into what fits.
            velocity: (velocity.clamp(1.0, 127.0) as u8).max(1),
            humanise: controls.humanise.min(127),
            // At most 100.
            dynamics: (100.0 * dynamics).round() as u8,
            draw,
            step,
            split: controls.split,
            timing: None,
            released: None,
        }
    }

    /// The channel of `key`, 0 to 15, among the keys of the mask `playing` that sound with it.
    ///
    /// # Realtime
    /// Pure arithmetic.
    pub fn channel_of(&self, key: u8, playing: u128) -> u8 {
        let voice = if self.split { Voice::of(key, playing) as u8 } else { 0 };
        (self.channel + voice) % 16
    }

    /// The velocity of `key`, which begins together with the keys of the mask `begins`; 1 to 127.
    ///
    /// # Realtime
    /// Pure arithmetic.
    pub fn velocity(&self, key: u8, begins: u128) -> u8 {
        let bit = 1u128 << (key & 127);
        let others = begins & !bit;
        let voice = match (others & (bit - 1) != 0, others & !(bit - 1) != 0) {
            (false, false) => 0.0,
            (true, false) => Touch::HIGHEST,
            (false, true) => Touch::LOWEST,
            (true, true) => Touch::BETWEEN,
        };
        let voice = (f32::from(self.dynamics.min(100)) / 100.0 * voice).round();
        // Numbers that decide no note: those of the keys that no keyboard has.
        let [u, _] = self.draw.uniforms(self.step.0, 128 | key);
        let by = ((2.0 * u - 1.0) * f64::from(self.humanise)).round();
        // Clamped into what fits.
        (f64::from(self.velocity) + f64::from(voice) + by).clamp(1.0, 127.0) as u8
    }
}

/// One of the voices that what is played has: what *Split* sends to instruments of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The lowest note, if it is low.
    Bass = 0,
    /// All else.
    Middle = 1,
    /// The highest note, if it is high.
    Top = 2,
}

impl Voice {
    /// The lowest key is a bass below G3; the highest of several is a tune from C4 up, one alone from
    /// C5 up.
    const BASS_BELOW: u8 = 55;
    const TOP_FROM: u8 = 60;
    const ALONE_FROM: u8 = 72;

    /// The voice of `key` among the keys of the mask `playing`.
    ///
    /// # Realtime
    /// Pure arithmetic.
    pub fn of(key: u8, playing: u128) -> Voice {
        let bit = 1u128 << (key & 127);
        let others = playing & !bit;
        let (lowest, highest) = (others & (bit - 1) == 0, others & !(bit - 1) == 0);
        let top_from = if others == 0 { Voice::ALONE_FROM } else { Voice::TOP_FROM };
        match key {
            key if lowest && key < Voice::BASS_BELOW => Voice::Bass,
            key if highest && key >= top_from => Voice::Top,
            _ => Voice::Middle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_instruments_share_a_chord_by_voice_and_register() {
        let controls = Controls { channel: 14, split: true, ..Controls::default() };
        let split = touch(&controls, None, Stress::None);
        let channels = |keys: &[u8]| -> Vec<u8> {
            let playing = keys.iter().map(|key| 1u128 << key).sum();
            keys.iter().map(|key| split.channel_of(*key, playing)).collect()
        };
        // The sixteenth channel is followed by the first.
        let [bass, middle, top] = [14, 15, 0];
        assert_eq!(channels(&[40, 52, 64, 76]), [bass, middle, middle, top]);
        assert_eq!(channels(&[40, 52]), [bass, middle], "no tune lies so low");
        assert_eq!(channels(&[57, 64, 127]), [middle, middle, top], "nor a bass so high");
        assert_eq!(
            [channels(&[0]), channels(&[64]), channels(&[72])].concat(),
            [bass, middle, top]
        );
        let whole = Touch { split: false, ..split };
        assert_eq!(whole.channel_of(76, 1 << 76), 14);
    }

    fn touch(controls: &Controls, level: Option<f32>, stress: Stress) -> Touch {
        Touch::new(controls, level, stress, Draw::default(), Step(0))
    }

    #[test]
    fn it_is_as_loud_as_the_musician_around_the_velocity_that_is_set() {
        for (dynamics, level, expected) in [
            (1.0, Some(30.0), 30),
            (1.0, Some(120.0), 120),
            (0.5, Some(120.0), 100),
            (0.0, Some(120.0), 80),
            (1.0, None, 80),
        ] {
            let controls = Controls { dynamics, ..Controls::default() };
            let place = f32::round(dynamics * Touch::OFF_COUNT) as i32;
            let velocity = touch(&controls, level, Stress::None).velocity;
            assert!((i32::from(velocity) - expected - place).abs() <= 1, "{dynamics} {level:?}");
            let softer = Controls { velocity: 60, ..controls };
            assert_eq!(velocity - touch(&softer, level, Stress::None).velocity, 20);
        }
        let controls = Controls { dynamics: f32::NAN, ..Controls::default() };
        assert!((1..=127).contains(&touch(&controls, Some(f32::NAN), Stress::Bar).velocity));
    }

    #[test]
    fn outer_voices_stand_out_and_one_alone_does_not() {
        let controls = Controls { dynamics: 1.0, ..Controls::default() };
        let touch = touch(&controls, Some(80.0), Stress::None);
        let begins = 1 << 48 | 1 << 60 | 1 << 72 | 1 << 127;
        let velocities = [48, 60, 72, 127].map(|key| touch.velocity(key, begins));
        assert_eq!(velocities.map(|v| i32::from(v) - i32::from(touch.velocity)), [-3, -1, -1, 6]);
        assert_eq!(touch.velocity(60, 1 << 60), touch.velocity);
        let flat = Touch { dynamics: 0, ..touch };
        assert_eq!([48, 60, 127].map(|key| flat.velocity(key, begins)), [flat.velocity; 3]);
    }
}
