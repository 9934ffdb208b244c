//! Listening to the last moment: the second decision about a chord, and when it sounds
//! (listener.md, section 6).

use super::Performer;
use super::pending::{Entry, Second};
use super::publish::shown;
use crate::jam::controls::{Controls, Mode, Timing};
use crate::jam::groove;
use crate::jam::link::{Decision, Place, Request};
use crate::jam::player::NoteSink;
use crate::jam::touch::Touch;
use crate::jam::transport::Transport;
use crate::model::{Draw, Follow};
use crate::music::{Chord, Grid, KeyEstimate, KeyHeard};

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
        let at = self.clock.nearest(offset_samples);
        let gated = self.gated;
        let begun = self.overdue.as_mut().filter(|entry| entry.request.place == place);
        let entry = match begun {
            Some(entry) => Some(entry),
            None => self.pending.get_mut(place),
        };
        let ahead = |entry: &&mut Entry| entry.request.decision == Decision::Ahead;
        let Some(entry) = entry.filter(ahead) else { return };
        let ([sounding, notes], heard) = self.hearing.listen_to(place.index, at);
        // What is asked for is the chord in the keys in which it was committed.
        let transpose = entry.request.transpose;
        let controls = &Controls { transpose, ..*controls };
        let key = self.hearing.key(true, place.index, Some(sounding));
        let mut rules = self.hearing.rules(controls, sounding.playing(), key.tonality());
        rules.renew |= controls.network_mask(gated);
        let request = Request {
            decision: Decision::Second(notes),
            accompanies: controls.mode == Mode::Accompany && self.hearing.met(),
            anchor: false,
            seed: controls.seed,
            shaping: controls.shaping,
            follow: follow(controls, transpose, &key),
            rules,
            heard,
            ..entry.request
        };
        entry.second = Some(Second { request, sent: false, block: self.block, chord: None });
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
        let Some(entry) = self.overdue else { return };
        if entry.second.is_some_and(|second| second.chord.is_none() && second.block == self.block) {
            return;
        }
        if let Some(chord) = entry.sounding_chord() {
            self.play(&entry, chord, offset_samples, transport, controls, out);
        }
    }

    /// Plays the chord of the step that began last.
    pub(super) fn play(
        &mut self,
        entry: &Entry,
        chord: Chord,
        offset_samples: u32,
        transport: &Transport,
        controls: &Controls,
        out: &mut impl NoteSink,
    ) {
        let touch = entry.touch.unwrap_or_else(|| self.touch(&entry.request, transport, controls));
        let gated = touch.timing.filter(|timing| timing.gate_permille < 1_000);
        let touch = Touch { released: gated.map(|_| self.released), ..touch };
        let late = entry.second.is_some_and(|second| second.chord.is_none());
        self.status.late_decisions += u64::from(late);
        self.player.play(chord, offset_samples, &touch, out);
        self.status.amend_past(shown(entry.request.place, Some(entry)));
        self.overdue = None;
        if let Some(begun) = &mut self.begun {
            (begun.sounded, begun.touch) = (true, Some(touch));
        }
    }

    /// Whether a second decision is to be asked for soon, or is under way.
    pub(super) fn listens_soon(&self) -> bool {
        let asked = self
            .overdue
            .iter()
            .chain(self.pending.iter())
            .any(|entry| entry.second.as_ref().is_some_and(|second| second.chord.is_none()));
        asked || self.clock.until_listening_s().is_some_and(|s| s < self.block_s + SOON_S)
    }

    /// Settles when the step that has just begun sounds: what is replayed when it sounded before, all else
    /// as the groove has it.
    pub(super) fn time_step(&mut self, controls: &Controls) {
        let Some(entry) = &self.overdue else { return };
        let Request { place, seed, .. } = entry.request;
        let before = entry.touch.and_then(|touch| touch.timing);
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
