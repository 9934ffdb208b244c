//! Networks without training that play about as sparsely as trained ones, and who plays them.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use anacrusis::model::checkpoint::Metadata;
use anacrusis::model::sampler::{self, Draw, Sampling};
use anacrusis::model::{
    Checkpoint, Config, Engine, Frame, Given, Prepared, TimeState, Weights, network as table,
};
use anacrusis::music::{Chord, Signature};

/// A network of small pseudo-random weights. The head's bias lets one key in twenty sound,
/// as in the music that networks are trained on: silence is skipped, so it counts.
pub fn network(config: Config) -> Checkpoint {
    let draw = Draw { seed: 1, pass: 0 };
    let mut tensors = BTreeMap::new();
    for (t, spec) in (0..).zip(table::tensors(&config)) {
        let value = |n: usize| (draw.uniforms(n as i64, t)[0] as f32 - 0.5) * 0.1;
        tensors.insert(spec.name.clone(), (0..spec.elements()).map(value).collect());
    }
    tensors.insert(table::HEAD_BIAS.into(), vec![-3.0, 0.0]);
    Checkpoint::new(config, tensors, Metadata::default()).expect("a valid network")
}

/// Reads more than the caches of the first two levels hold, and more than a laptop's third:
/// weights and state are gone from them. The third level of a large server keeps its own.
pub fn evict() {
    const BYTES: usize = 32 << 20;
    thread_local! {
        static SWEPT: Vec<u64> = vec![1; BYTES / size_of::<u64>()];
    }
    // One number in each cache line.
    SWEPT.with(|swept| black_box(swept.iter().step_by(8).sum::<u64>()));
}

/// An instance that plays on and on, hearing itself and somebody who plays one key at a time,
/// struck on each beat.
pub struct Player {
    engine: Engine,
    state: TimeState,
    next: TimeState,
    prepared: Prepared,
    chord: Chord,
    draw: Draw,
    step: i64,
}

impl Player {
    /// A player on these weights, some steps into its music.
    pub fn new(weights: Arc<Weights>, seed: u64) -> Player {
        let engine = Engine::with(weights);
        let mut player = Player {
            state: engine.new_state(),
            next: engine.new_state(),
            prepared: engine.new_prepared(),
            chord: Chord::struck_keys([48, 60, 64, 67]),
            draw: Draw { seed, pass: 0 },
            step: 0,
            engine,
        };
        (0..4).for_each(|_| player.step());
        player.prepare();
        player
    }

    /// A whole step, in the order in which a transport wants it: what can be done before the
    /// newest chord is known, then the rest.
    pub fn step(&mut self) {
        self.prepare();
        self.feed_prepared();
        self.choose();
        std::mem::swap(&mut self.state, &mut self.next);
    }

    /// The recurrent half of the time stack.
    pub fn prepare(&mut self) {
        self.engine.prepare(&self.state, &mut self.prepared, &mut || true);
    }

    /// What somebody plays in the step.
    fn heard(&self) -> Chord {
        let key = 72 + (self.step.div_euclid(4) % 5) as u8;
        match self.step.rem_euclid(4) {
            0 => Chord::struck_keys([key]),
            _ => Chord::from_masks(1 << key, 0),
        }
    }

    /// The input half of the time stack.
    pub fn feed_prepared(&mut self) {
        let frame = Frame {
            own: self.chord,
            heard: self.heard(),
            musician: true,
            position: Signature::COMMON.position(self.step),
            start: false,
        };
        let (from, to) = (&self.state, &mut self.next);
        self.engine.feed_prepared(from, &self.prepared, to, &frame, &mut || true);
    }

    /// The note stack.
    pub fn choose(&mut self) {
        self.step += 1;
        let low = self.engine.config().low;
        let (draw, step) = (self.draw, self.step);
        let given = Given::known(self.heard());
        self.chord = self.engine.choose(&self.next, &given, &mut |index, logits| {
            sampler::decide(&Sampling::PLAIN, logits, draw.uniforms(step, low + index as u8))
        });
    }

    /// The note stack for two listeners, one of whom never heard the musician.
    pub fn choose_guided(&mut self) {
        self.step += 1;
        let low = self.engine.config().low;
        let (draw, step) = (self.draw, self.step);
        let given = Given::known(self.heard());
        let decide = &mut |index: usize, [logits, _]: [[f32; 2]; 2]| {
            sampler::decide(&Sampling::PLAIN, logits, draw.uniforms(step, low + index as u8))
        };
        self.chord = self.engine.choose_guided(&self.next, &given, &self.next, decide);
    }
}
