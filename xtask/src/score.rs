//! Scoring music with the engine: exact, one piece at a time, from zero state.

use anacrusis::model::baseline::Baseline;
use anacrusis::model::loss::Nats;
use anacrusis::model::{Config, Engine};
use anacrusis::music::PianoRoll;

use crate::sequence::{Frame, Sequence};

/// Logits `[T, K, 2]` of a sequence from zero state, lowest key first, as f64.
pub fn logits(engine: &mut Engine, sequence: &Sequence) -> Vec<f64> {
    let keys = engine.config().keys();
    let mut all = Vec::with_capacity(sequence.len() * keys * 2);
    walk(engine, sequence, &mut |by_key| {
        all.extend(by_key.iter().flatten().map(|z| f64::from(*z)));
    });
    all
}

/// Nats of a whole piece, and of its first prediction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scored {
    /// Of all predictions.
    pub all: Nats,
    /// Of the first one alone.
    pub first: Nats,
}

impl Scored {
    /// Adds the prediction after those that were added before.
    fn step(&mut self, nats: Nats) {
        if self.all.steps == 0 {
            self.first = nats;
        }
        self.all.add(nats);
    }

    /// Adds another piece.
    pub fn add(&mut self, piece: Scored) {
        self.all.add(piece.all);
        self.first.add(piece.first);
    }
}

/// Nats of a whole piece as one sequence from zero state. `progress` is told of every step.
pub fn piece(engine: &mut Engine, roll: &PianoRoll, progress: &mut dyn FnMut()) -> Scored {
    let sequence = Sequence::of_piece(engine.config(), roll, 0);
    let low = engine.config().low;
    let mut scored = Scored::default();
    let mut targets = sequence.targets.iter();
    walk(engine, &sequence, &mut |by_key| {
        let mut nats = Nats { steps: 1, ..Nats::default() };
        if let Some(chord) = targets.next() {
            for (key, logits) in (low..).zip(by_key) {
                nats.add_key(*logits, chord.plays(key), chord.strikes(key));
            }
        }
        scored.step(nats);
        progress();
    });
    scored
}

/// Nats of a whole piece by a baseline, over the same steps as [`piece`].
pub fn baseline(config: &Config, baseline: &Baseline, roll: &PianoRoll) -> Scored {
    let mut scored = Scored::default();
    let sequence = Sequence::of_piece(config, roll, 0);
    for (frame, target) in sequence.frames.iter().zip(&sequence.targets) {
        let before = match frame {
            Frame::Start { .. } => anacrusis::music::Chord::SILENT,
            Frame::Step { chord, .. } => *chord,
        };
        scored.step(baseline.score(config.range(), before, *target));
    }
    scored
}

/// Feeds the frames of a sequence and the true bits of its targets, and hands the logits of
/// each step to `hear`.
fn walk(engine: &mut Engine, sequence: &Sequence, hear: &mut dyn FnMut(&[[f32; 2]])) {
    let (mut state, mut next) = (engine.new_state(), engine.new_state());
    let low = engine.config().low;
    let mut by_key = vec![[0.0; 2]; engine.config().keys()];
    for (frame, target) in sequence.frames.iter().zip(&sequence.targets) {
        match *frame {
            Frame::Start { step_in_bar } => {
                engine.feed_start(&state, &mut next, step_in_bar, &mut || true)
            }
            Frame::Step { chord, step_in_bar } => {
                engine.feed(&state, &mut next, chord, step_in_bar, &mut || true)
            }
        };
        std::mem::swap(&mut state, &mut next);
        engine.choose(&state, &mut |index, logits| {
            by_key[index] = logits;
            let key = low + index as u8;
            (target.plays(key), target.strikes(key))
        });
        hear(&by_key);
    }
}
