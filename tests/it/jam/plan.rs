//! The planner on a network whose state is a hash of all that it was fed, and whose chord
//! is that hash: what a chord depends on can be read from it.

mod shaping;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anacrusis::jam::controls::{Lookahead, Shaping};
use anacrusis::jam::link::{Heard, Place, Request};
use anacrusis::jam::planner::{Biaxial, Model, Planner, Prompts};
use anacrusis::jam::take::Recall;
use anacrusis::model::config::Start;
use anacrusis::model::density::Amount;
use anacrusis::model::{
    Checkpoint, Control, Draw, Engine, Frame, Given, Rules, Sampling, Texture, sampler,
};
use anacrusis::music::{Chord, KeyRange, PianoRoll, Signature, Step};

/// As the note says at the head of the file.
#[derive(Clone, Default)]
pub struct Hash {
    pub start: Start,
    pub salt: u64,
    /// Whether it tells a musician apart: then the chord depends on what is given, and on the state of
    /// who did not hear them, too.
    pub hears: bool,
    /// Logits are `+-certainty`.
    pub certainty: f32,
    pub feeds: Arc<AtomicUsize>,
    pub prepares: Arc<AtomicUsize>,
}

fn mix(hash: u64, word: u64) -> u64 {
    let z = (hash ^ word).wrapping_mul(0xBF58_476D_1CE4_E5B9).wrapping_add(0x9E37_79B9_7F4A_7C15);
    (z ^ z >> 29).wrapping_mul(0x94D0_49BB_1331_11EB) ^ z >> 32
}

pub fn fed(state: u64, frame: Chord, b: u8) -> u64 {
    let masks = [frame.playing(), frame.struck()].map(|m| (m as u64) ^ (m >> 64) as u64);
    mix(mix(mix(state, masks[0]), masks[1]), u64::from(b))
}

fn chord_of(state: u64) -> Chord {
    Chord::from_masks(u128::from(state) << 32, u128::MAX)
}

impl Biaxial for Hash {
    type State = u64;
    /// The state that it was prepared from.
    type Prepared = u64;

    fn new_state(&self) -> u64 {
        self.salt
    }

    fn new_prepared(&self) -> u64 {
        0xDEAD
    }

    fn prepare(&mut self, from: &u64, to: &mut u64, keep_going: &mut dyn FnMut() -> bool) -> bool {
        *to = 0xDEAD;
        if !keep_going() {
            return false;
        }
        self.prepares.fetch_add(1, Ordering::Relaxed);
        *to = *from;
        true
    }

    fn feed_prepared(
        &mut self,
        from: &u64,
        prepared: &u64,
        to: &mut u64,
        frame: &Frame,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        *to = 0xDEAD;
        if !keep_going() {
            return false;
        }
        assert_eq!(prepared, from, "prepared from another state");
        self.feeds.fetch_add(1, Ordering::Relaxed);
        let b = (frame.position.in_bar % 16) as u8;
        *to = match frame.start {
            true => 1000 + u64::from(b),
            false if self.hears && frame.musician => fed(fed(*from, frame.own, b), frame.heard, b),
            false => fed(*from, frame.sounding(), b),
        };
        true
    }

    fn choose(
        &mut self,
        state: &u64,
        given: &Given,
        decide: &mut dyn FnMut(usize, [f32; 2]) -> (bool, bool),
    ) -> Chord {
        let state = match self.hears {
            true => fed(*state, given.chord, u8::from(given.known)),
            false => *state,
        };
        let mut chord = Chord::SILENT;
        for n in 0..64 {
            let z = if state >> n & 1 == 1 { self.certainty } else { -self.certainty };
            match decide(n, [z, self.certainty]) {
                (true, true) => chord.strike(32 + n as u8),
                (true, false) => chord.hold(32 + n as u8),
                _ => {}
            }
        }
        chord
    }

    fn choose_guided(
        &mut self,
        state: &u64,
        given: &Given,
        unheard: &u64,
        decide: &mut dyn FnMut(usize, [[f32; 2]; 2]) -> (bool, bool),
    ) -> Chord {
        let both = mix(*state, *unheard);
        self.choose(&both, given, &mut |index, logits| decide(index, [logits; 2]))
    }

    fn hears(&self) -> bool {
        self.hears
    }

    fn range(&self) -> KeyRange {
        KeyRange { low: 32, count: 64 }
    }

    fn start(&self) -> Start {
        self.start
    }
}

pub fn model(prompts: usize) -> Model<Hash> {
    let roll = |p: usize| (0..80).map(|s| chord_of(mix(p as u64, s))).collect::<PianoRoll>();
    Model {
        network: Hash { certainty: 1000.0, ..Hash::default() },
        prompts: Arc::new(Prompts::new((0..prompts).map(roll).collect())),
        texture: Texture::of(&[], KeyRange { low: 32, count: 64 }),
        digest: String::new(),
    }
}

pub fn ask(index: i64, step: i64) -> Request {
    Request {
        place: Place { index, pass: 0, step: Step(step) },
        position: Signature::COMMON.position(step),
        anchor: index == 0,
        shaping: Shaping::default(),
        ..Request::default()
    }
}

fn plan(planner: &mut Planner<Hash>, request: &Request) -> Chord {
    planner.plan(request, &Recall::default(), &mut || true).expect("nothing stops it").chord
}

/// Steps `0..n` from step 0; returns the chords.
fn run(planner: &mut Planner<Hash>, n: i64) -> Vec<Chord> {
    (0..n).map(|k| plan(planner, &ask(k, k))).collect()
}

#[test]
fn each_chord_follows_from_all_before_it() {
    let chords = run(&mut Planner::new(model(0)), 40);
    let mut state = fed(0, Chord::SILENT, 15);
    for (k, chord) in chords.iter().enumerate() {
        assert_eq!(*chord, chord_of(state), "step {k}");
        state = fed(state, *chord, (k % 16) as u8);
    }
}

#[test]
fn playback_begins_from_a_prompt_aligned_to_the_bar() {
    for step in [0, 5, 15, -3] {
        let model = model(1);
        let (prompt, feeds) = (model.prompts.rolls()[0].clone(), model.network.feeds.clone());
        let mut planner = Planner::new(model);
        let b = step_in_bar(step);
        let chord = plan(&mut planner, &ask(0, step));
        let heard = 64 + usize::from(b);
        let feed = |s, (i, c): (usize, &Chord)| fed(s, *c, (i % 16) as u8);
        let state = prompt.chords[..heard].iter().enumerate().fold(0, feed);
        assert_eq!(chord, chord_of(state), "b = {b}");
        assert_eq!(feeds.swap(0, Ordering::Relaxed), heard);
        // Asked again, or for a later step of the bar, nothing is heard twice.
        assert_eq!(plan(&mut planner, &ask(0, step)), chord);
        assert_eq!(feeds.load(Ordering::Relaxed), 0);
        plan(&mut planner, &ask(0, step - i64::from(b)));
        assert_eq!(feeds.load(Ordering::Relaxed), 0, "four bars are kept");
    }
}

fn step_in_bar(step: i64) -> u8 {
    step.rem_euclid(16) as u8
}

#[test]
fn the_seed_chooses_among_prompts() {
    let mut planner = Planner::new(model(16));
    let mut begin = |seed| plan(&mut planner, &Request { seed, ..ask(0, 0) });
    let chords: std::collections::HashSet<Chord> = (0..64).map(&mut begin).collect();
    assert!(chords.len() > 8, "{} of 16 prompts in 64 seeds", chords.len());
    assert_eq!(begin(7), begin(7));
}

#[test]
fn a_network_that_knows_the_beginning_is_told_so() {
    let mut model = model(0);
    model.network.start = Start::Flag;
    assert_eq!(plan(&mut Planner::new(model), &ask(0, 4)), chord_of(1003));
}

#[test]
fn an_interrupted_prompt_goes_on_where_it_was() {
    let model = model(1);
    let feeds = model.network.feeds.clone();
    let mut planner = Planner::new(model);
    let mut steps = 0;
    let interrupted = planner.plan(&ask(0, 3), &Recall::default(), &mut || {
        steps += 1;
        steps < 80
    });
    assert_eq!(interrupted, None);
    let chord = plan(&mut planner, &ask(0, 3));
    assert_eq!(feeds.load(Ordering::Relaxed), 67);
    assert_eq!(chord, plan(&mut Planner::new(self::model(1)), &ask(0, 3)));
}

#[test]
fn void_commitments_are_planned_again_from_the_history_before_them() {
    for back_to in 2..10 {
        let mut planner = Planner::new(model(0));
        let far = |k| Request { lookahead: Lookahead::Eight, ..ask(k, k) };
        let chords: Vec<Chord> = (0..11).map(|k| plan(&mut planner, &far(k))).collect();
        assert_eq!(plan(&mut planner, &ask(back_to, back_to)), chords[back_to as usize]);
        // A jump: the step before counts as the one before the new one.
        let mut again = Planner::new(model(0));
        run(&mut again, back_to - 1);
        let jumped = Request { anchor: false, ..ask(back_to, 103) };
        let mut state = fed(0, Chord::SILENT, 15);
        for (k, chord) in chords[..back_to as usize].iter().enumerate() {
            let b = if k as i64 == back_to - 1 { 6 } else { (k % 16) as u8 };
            state = fed(state, *chord, b);
        }
        let chord = plan(&mut planner, &jumped);
        assert_eq!(chord, chord_of(state), "back to {back_to}");
        let next = Request { anchor: false, ..ask(back_to + 1, 104) };
        assert_eq!(plan(&mut planner, &next), chord_of(fed(state, chord, 7)));
    }
}

#[test]
fn a_frame_heard_late_is_in_the_next_chord() {
    let heard = Chord::struck_keys([60, 64]);
    for index in 0..9 {
        let mut planner = Planner::new(model(0));
        let far = |k| Request { lookahead: Lookahead::Eight, ..ask(k, k) };
        let chords: Vec<Chord> = (0..9).map(|k| plan(&mut planner, &far(k))).collect();
        let mut request = far(9);
        assert!(request.heard.push(index, heard));
        let mut state = fed(0, Chord::SILENT, 15);
        for (k, chord) in chords.iter().enumerate() {
            let frame = if k as i64 == index { heard } else { *chord };
            state = fed(state, frame, (k % 16) as u8);
        }
        assert_eq!(plan(&mut planner, &request), chord_of(state), "frame {index}");
        assert_eq!(planner.frame(index), Some(heard));
    }
    let [mut planner, mut other] = [(); 2].map(|()| Planner::new(model(0)));
    run(&mut planner, 40);
    run(&mut other, 40);
    let mut request = ask(40, 40);
    assert!(request.heard.push(10, heard) && request.heard.push(40, heard));
    let (chord, plain) = (plan(&mut planner, &request), plan(&mut other, &ask(40, 40)));
    assert_eq!(chord, plain, "too long ago, and not yet");
    let mut full = Heard::default();
    assert!((0..10).all(|k| full.push(k, heard)) && !full.push(10, heard));
}

#[test]
fn work_given_up_leaves_no_trace() {
    let mut planner = Planner::new(model(0));
    let mut untouched = Planner::new(model(0));
    run(&mut untouched, 20);
    run(&mut planner, 20);
    assert_eq!(planner.plan(&ask(20, 20), &Recall::default(), &mut || false), None);
    assert_eq!(planner.plan(&ask(18, 200), &Recall::default(), &mut || false), None);
    assert_eq!(plan(&mut planner, &ask(20, 20)), plan(&mut untouched, &ask(20, 20)));
}

#[test]
fn a_lost_request_is_as_a_jump() {
    let mut planner = Planner::new(model(0));
    let chords = run(&mut planner, 5);
    let state = chords[..4]
        .iter()
        .enumerate()
        .fold(fed(0, Chord::SILENT, 15), |s, (k, c)| fed(s, *c, k as u8));
    let chord = plan(&mut planner, &ask(9, 9));
    let state = fed(state, chords[4], 8);
    assert_eq!(chord, chord_of(state));
    assert_eq!(plan(&mut planner, &ask(10, 10)), chord_of(fed(state, chord, 9)));
}

#[test]
fn a_new_model_hears_the_last_bars_before_it_plays() {
    let mut planner = Planner::new(model(0));
    let chords = run(&mut planner, 100);
    let mut other = model(0);
    other.network.salt = 5;
    planner.adopt(other);
    let first = 100 - 3 - 32;
    let state = (first..98).fold(5, |s, k| fed(s, chords[k], (k % 16) as u8));
    assert_eq!(plan(&mut planner, &ask(98, 98)), chord_of(state));
    assert_eq!(planner.frame(90), Some(chords[90]), "history stays");
}

#[test]
fn the_engine_is_driven_as_the_specification_says() {
    let bytes = include_bytes!("../../golden/tiny.ckpt.safetensors");
    let checkpoint = Checkpoint::parse(bytes).expect("golden");
    let mut engine = Engine::new(&checkpoint);
    let mut planner = Planner::new(Model::from(checkpoint));
    assert!(planner.model().prompts.rolls().is_empty());
    let mut state = engine.new_state();
    let range = engine.config().range();
    let asked = Texture::of(&[], range).asked(&Rules::default(), 1.0);
    let mut control = Control::default();
    let low = engine.config().low;
    let (mut frame, mut b) = (Chord::SILENT, 15);
    let mut before = Chord::SILENT;
    for k in 0..40 {
        let from = state.clone();
        engine.feed(&from, &mut state, &Frame::common_time(frame, i64::from(b)), &mut || true);
        let position = Frame::common_time(frame, k).position;
        let bias = control.bias(1.0, position, false);
        let draw = Draw { seed: 3, pass: 0 };
        frame = engine.choose(&state, &Given::NOTHING, &mut |n, logits| {
            let key = low + n as u8;
            let sampling = bias.apply(Sampling::default(), key, before.plays(key));
            sampler::decide(&sampling, logits, draw.uniforms(k, key))
        });
        control.after_step((frame, Chord::SILENT), false, Amount::of(frame, before), asked);
        before = frame;
        b = (k % 16) as u8;
        let request = Request { seed: 3, ..ask(k, k) };
        let planned =
            planner.plan(&request, &Recall::default(), &mut || true).expect("nothing stops it");
        assert_eq!(planned.chord, frame, "step {k}");
    }
}

#[test]
fn rules_hold_and_forced_keys_are_history_until_corrected() {
    let mut planner = Planner::new(model(0));
    let mut chosen = Chord::SILENT;
    for k in 0..40 {
        let (allowed, forced) = (0x5555 << 32 | 0xFF << 60, 1 << (40 + k % 3) | 1 << 20);
        let rules = Rules { allowed, forced, most_sounding: 4, ..Rules::default() };
        let mut request = Request { rules, ..ask(k, k) };
        // What was forced in the step before was let go in time after all.
        if k % 5 == 4 {
            assert!(request.heard.push(k - 1, chosen));
        }
        let chord = plan(&mut planner, &request);
        assert_eq!(chord.playing() & !(allowed & !forced), 0, "step {k}");
        assert!(chord.len() <= 4, "step {k}");
        // The key below the range is heard an octave up.
        let held = Chord::from_masks(forced & !(1 << 20) | 1 << 32, 0);
        assert_eq!(planner.frame(k), Some(chord.union(held)), "step {k}");
        if k % 5 == 4 {
            assert_eq!(planner.frame(k - 1), Some(chosen));
        }
        chosen = chord;
    }
}
