//! A network whose chord tells which model chose it and what it was fed, and that asks between
//! its layers whether to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anacrusis::jam::planner::{Biaxial, Model, Prompts};
use anacrusis::model::config::Start;
use anacrusis::model::{Frame, Given, Texture};
use anacrusis::music::{Chord, KeyRange};

/// The keys: one tells the model, the others a hash of history.
const RANGE: KeyRange = KeyRange { low: 32, count: 64 };

/// Keys that tell the hash.
const HASH_KEYS: std::ops::Range<usize> = 16..48;

/// Whether a logit holds is certain.
const CERTAINTY: f32 = 1000.0;

/// As the note says at the head of the file.
#[derive(Clone, Copy)]
pub struct Tell {
    /// The number of the model.
    number: u8,
    /// How many chords it chose, the trial before it came into service included.
    chosen: u32,
}

/// How often the very first chord of a model was given up half-way: there is nothing to think
/// ahead before it.
pub static FIRST_GIVEN_UP: AtomicUsize = AtomicUsize::new(0);

fn mix(hash: u64, word: u64) -> u64 {
    let z = (hash ^ word).wrapping_mul(0xBF58_476D_1CE4_E5B9).wrapping_add(0x9E37_79B9_7F4A_7C15);
    (z ^ z >> 29).wrapping_mul(0x94D0_49BB_1331_11EB) ^ z >> 32
}

fn fed(state: u64, frame: Chord, step_in_bar: u8) -> u64 {
    let fold = |mask: u128| mask as u64 ^ (mask >> 64) as u64;
    mix(mix(mix(state, fold(frame.playing())), fold(frame.struck())), u64::from(step_in_bar))
}

impl Tell {
    /// Goes on, or counts that it was told not to.
    fn goes_on(&self, keep_going: &mut dyn FnMut() -> bool) -> bool {
        let goes_on = keep_going();
        if !goes_on && self.chosen <= 1 {
            FIRST_GIVEN_UP.fetch_add(1, Ordering::Relaxed);
        }
        goes_on
    }
}

impl Biaxial for Tell {
    type State = u64;
    /// The state that it was prepared from.
    type Prepared = u64;

    fn new_state(&self) -> u64 {
        0
    }

    fn new_prepared(&self) -> u64 {
        0
    }

    fn prepare(&mut self, from: &u64, to: &mut u64, keep_going: &mut dyn FnMut() -> bool) -> bool {
        // Half-written, as a network's would be.
        *to = !0;
        let done = self.goes_on(keep_going);
        if done {
            *to = *from;
        }
        done
    }

    fn feed_prepared(
        &mut self,
        from: &u64,
        prepared: &u64,
        to: &mut u64,
        frame: &Frame,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        *to = !0;
        let done = self.goes_on(keep_going);
        if done {
            assert_eq!(prepared, from, "prepared from another state");
            *to = fed(*from, frame.sounding(), frame.position.in_bar as u8);
        }
        done
    }

    fn choose(
        &mut self,
        state: &u64,
        _: &Given,
        decide: &mut dyn FnMut(usize, [f32; 2]) -> (bool, bool),
    ) -> Chord {
        self.chosen += 1;
        let mut chord = Chord::SILENT;
        for n in 0..usize::from(RANGE.count) {
            let plays = match n {
                n if HASH_KEYS.contains(&n) => state >> (n - HASH_KEYS.start) & 1 == 1,
                n => n == usize::from(self.number),
            };
            let z = if plays { CERTAINTY } else { -CERTAINTY };
            if decide(n, [z, CERTAINTY]).0 {
                chord.strike(RANGE.low + n as u8);
            }
        }
        chord
    }

    fn range(&self) -> KeyRange {
        RANGE
    }

    fn start(&self) -> Start {
        Start::None
    }
}

/// The model of a number below 16.
pub fn model(number: u8) -> Model<Tell> {
    Model {
        network: Tell { number, chosen: 0 },
        prompts: Arc::new(Prompts::new(Vec::new())),
        texture: Texture::of(&[], RANGE),
        digest: String::new(),
    }
}

/// The number of the model that chose what sounds on `key`, if it is a key that tells.
pub fn model_of(key: u8) -> Option<u8> {
    key.checked_sub(RANGE.low).filter(|number| *number < 16)
}
