//! Listening to the last moment: the second decision about a chord, and when it sounds
//! (listener.md, section 6).

use super::Performer;
use super::publish::shown;
use crate::jam::commitments::{Commitment, RequestId};
use crate::jam::controls::{Controls, Mode, Timing};
use crate::jam::groove;
use crate::jam::hearing::in_network;
use crate::jam::link::{Decision, Place, Request};
use crate::jam::player::NoteSink;
use crate::jam::touch::Touch;
use crate::jam::transport::Transport;
use crate::model::{Draw, Follow};
use crate::music::{Grid, KeyEstimate, KeyHeard};

/// From so long before a second decision is asked for on, the worker looks for it often.
const SOON_S: f64 = 2e-3;

/// How far the musician is followed. `key` is as it sounds; what comes out is in the network's keys.
pub(super) fn follow(controls: &Controls, transpose: i8, key: &KeyHeard) -> Follow {
    match controls.mode {
        Mode::Accompany => {
            let key = key.estimate().map(|KeyEstimate { tonality, certainty }| {
                let tonality = tonality.transposed(transpose.saturating_neg());
                KeyEstimate { tonality, certainty }
            });
            Follow::by(controls.follow.clamp(0.0, 1.0), key)
        }
        Mode::Solo | Mode::Answer => Follow::NOT_AT_ALL,
    }
}

impl Performer {
    /// Asks for the second decision about the chord of `place`, from what is heard by now.
    pub(super) fn listen(&mut self, place: Place, offset_samples: u32, controls: &Controls) {
        let Some(ahead) = self.commitments.get(place).map(|known| *known.request()) else { return };
        let at = self.clock.nearest(offset_samples);
        let heard = self.tell(RequestId { index: place.index, second: true }, at);
        let sounding = self.hearing.frame(place.index).unwrap_or_default();
        // What is asked for is the chord in the keys in which it was committed.
        let transpose = ahead.transpose;
        let controls = &Controls { transpose, ..*controls };
        let key = self.hearing.key(true, place.index, Some(sounding));
        let mut rules = self.hearing.rules(controls, sounding.playing(), key.tonality());
        rules.renew |= controls.network_mask(self.gated);
        let request = Request {
            decision: Decision::Second(in_network(sounding, transpose)),
            accompanies: controls.mode == Mode::Accompany && self.hearing.met(),
            anchor: false,
            seed: controls.seed,
            shaping: controls.shaping,
            follow: follow(controls, transpose, &key),
            rules,
            heard,
            ..ahead
        };
        self.commitments.ask_second(request, self.block);
        self.send();
    }

    /// The chord of the step that began last sounds: as it was decided last. What was asked for in
    /// this very block has not been answered, for answers are taken in at the start of a block: it has
    /// until the next.
    pub(super) fn sound(
        &mut self,
        offset_samples: u32,
        transport: &Transport,
        controls: &Controls,
        out: &mut impl NoteSink,
    ) {
        self.gate_open = false;
        self.released = std::mem::take(&mut self.gated);
        let Some(begun) = self.commitments.unsounded() else { return };
        if begun.lacks_second() && begun.second_asked_in() == Some(self.block) {
            return;
        }
        self.play(offset_samples, transport, controls, out);
    }

    /// Plays the chord of the step that began last, if that is still to sound and its chord is there;
    /// whether it is.
    pub(super) fn play(
        &mut self,
        offset_samples: u32,
        transport: &Transport,
        controls: &Controls,
        out: &mut impl NoteSink,
    ) -> bool {
        let Some(known) = self.commitments.unsounded() else { return false };
        let Some(chord) = known.sounding_chord() else { return false };
        let touch =
            known.touch().unwrap_or_else(|| self.touch(known.request(), transport, controls));
        let gated = touch.timing.filter(|timing| timing.gate_permille < 1_000);
        let touch = Touch { released: gated.map(|_| self.released), ..touch };
        self.status.late_decisions += u64::from(known.lacks_second());
        self.player.play(chord, offset_samples, &touch, out);
        self.status.amend_past(shown(known));
        self.commitments.finish();
        if let Some(begun) = &mut self.begun {
            (begun.sounded, begun.touch) = (true, Some(touch));
        }
        true
    }

    /// Whether a second decision is to be asked for soon, or is under way.
    pub(super) fn listens_soon(&self) -> bool {
        let asked = self.commitments.to_sound().any(Commitment::lacks_second);
        let until_s = self.clock.until_listening_s(&self.commitments);
        asked || until_s.is_some_and(|s| s < self.block_s + SOON_S)
    }

    /// Settles when the step that has just begun sounds: what is replayed when it sounded before, all else
    /// as the groove has it.
    pub(super) fn time_step(&mut self, controls: &Controls) {
        let Some(begun) = self.commitments.unsounded() else { return };
        let Request { place, seed, .. } = *begun.request();
        let before = begun.touch().and_then(|touch| touch.timing);
        let draw = Draw { seed, pass: place.pass };
        self.timing = before.unwrap_or_else(|| {
            let position = self.clock.position(place.step);
            let timing = groove::timing(controls, &self.feel, position, (place.step, draw));
            Timing { gate_permille: self.clock.gate_permille(timing), ..timing }
        });
        self.clock.retime(self.timing, before.is_some());
    }

    /// How the notes of a commitment begin, unless they are replayed.
    fn touch(&self, request: &Request, transport: &Transport, controls: &Controls) -> Touch {
        let place = request.place;
        let stress = Grid { rate: controls.rate }.stress(place.step, transport.metre());
        let draw = Draw { seed: request.seed, pass: place.pass };
        let level = self.loudness.level().filter(|_| controls.mode != Mode::Solo);
        let touch = Touch::new(controls, level, stress, draw, place.step);
        Touch { timing: Some(self.timing), ..touch }
    }
}
