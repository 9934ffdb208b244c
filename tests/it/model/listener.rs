//! Networks that tell a musician apart, against numbers computed elsewhere in f64: metres,
//! features, outputs and generated notes (listener.md, sections 2 and 3).

use anacrusis::model::loss::Nats;
use anacrusis::model::sampler::{self, Sampling};
use anacrusis::model::{Engine, Frame, Given, features};
use anacrusis::music::{Chord, Metres, PianoRoll, Signature};
use safetensors::SafeTensors;

use crate::support::engines;
use crate::support::reference::Reference;
use crate::support::vectors::{self, Case, largest_difference};

fn metres(pairs: &[f64]) -> Metres {
    let signature = |n: f64, d: f64| Signature::new(n as u32, d as u32).expect("a signature");
    Metres::new(pairs.chunks_exact(3).map(|pair| (pair[0] as i64, signature(pair[1], pair[2]))))
}

/// Position as the vectors have it: step in the beat, beat, beats in the bar, compound.
fn row(metres: &Metres, step: i64) -> [f64; 4] {
    let position = metres.position(step);
    [
        f64::from(position.in_beat),
        f64::from(position.beat),
        f64::from(position.beats),
        f64::from(u8::from(position.compound)),
    ]
}

#[test]
fn steps_lie_where_the_metre_says() {
    let case = Case::named("v2");
    let file = SafeTensors::deserialize(&case.vectors).expect("readable vectors");
    let names = file.names();
    let names = names.iter().filter_map(|name| name.strip_prefix("metre.")?.strip_suffix(".rows"));
    let mut checked = 0;
    for name in names {
        let metres = metres(&case.must(&format!("metre.{name}.pairs")));
        let first = case.must(&format!("metre.{name}.first"))[0] as i64;
        let rows = case.must(&format!("metre.{name}.rows"));
        for (step, expected) in (first..).zip(rows.chunks_exact(4)) {
            assert_eq!(row(&metres, step), expected, "{name}, step {step}");
        }
        checked += 1;
    }
    assert_eq!(checked, 33);
}

/// What is played and heard of a case, as frames and as what is asked after each.
struct Piece {
    frames: Vec<Frame>,
    /// After each frame but the last: the next step of the plugin's, and what is given of it.
    asked: Vec<(Chord, Given)>,
}

impl Piece {
    fn of(case: &Case) -> Piece {
        let [own, heard] = ["in.own", "in.heard"].map(|name| case.rolls(name).remove(0));
        let metres = metres(&case.must("in.metres"));
        let first = case.must("in.step")[0] as i64;
        let musician = case.must("in.musician")[0] == 1.0;
        let frame = |(step, (own, heard)): (i64, (&Chord, &Chord))| Frame {
            own: *own,
            heard: *heard,
            musician,
            position: metres.position(step),
            start: false,
        };
        let frames: Vec<Frame> =
            (first..).zip(own.chords.iter().zip(&heard.chords)).map(frame).collect();
        let known = case.must("in.known");
        let asked = frames.windows(2).zip(known).map(|(pair, known)| {
            let given = given(known == 1.0, pair[0].heard, pair[1].heard);
            (pair[1].own_alone(), given)
        });
        Piece { asked: asked.collect(), frames }
    }
}

fn given(known: bool, before: Chord, now: Chord) -> Given {
    if known { Given::known(now) } else { Given::held(before) }
}

#[test]
fn features_and_what_is_given_match_exactly() {
    for case in Case::version_2() {
        let (piece, config) = (Piece::of(&case), case.config());
        let mut rows = vec![0.0; config.keys() * features::width(config)];
        let mut ours = Vec::new();
        for frame in &piece.frames {
            features::write(config, frame, &mut rows);
            ours.extend(rows.iter().map(|x| f64::from(*x)));
        }
        assert_eq!(largest_difference(&ours, &case.must("out.features")), 0.0, "{}", case.name);
        let given: Vec<Chord> = piece.asked.iter().map(|(_, given)| given.chord).collect();
        assert_eq!(given, case.rolls("out.given")[0].chords, "{}", case.name);
    }
}

#[test]
fn the_reference_of_these_tests_matches_the_golden_one() {
    for case in Case::version_2() {
        let (piece, reference) = (Piece::of(&case), Reference::new(&case.checkpoint));
        let low = case.config().low;
        let mut state = reference.new_state();
        let mut logits = Vec::new();
        for (frame, (own, given)) in piece.frames.iter().zip(&piece.asked) {
            reference.feed(&mut state, frame);
            logits.extend(reference.choose(&state, given, |index, _| {
                let key = low + index as u8;
                (own.plays(key), own.strikes(key))
            }));
        }
        let error = largest_difference(&logits.concat(), &case.must("out.logits"));
        println!("{:7} logits {error:.1e}", case.name);
        assert!(error <= 1e-12, "{}: {error:.1e}", case.name);
    }
}

#[test]
fn outputs_match_the_reference_in_double_precision() {
    for case in Case::version_2() {
        for (set, engine) in engines(&case.checkpoint) {
            outputs_match(&case, set.name(), engine);
        }
    }
}

fn outputs_match(case: &Case, set: &str, mut engine: Engine) {
    let piece = Piece::of(case);
    let low = case.config().low;
    let (mut time_h, mut logits, mut nats) = (Vec::new(), Vec::new(), Nats::default());
    let mut loudness = Vec::new();
    let (mut state, mut next) = (engine.new_state(), engine.new_state());
    for (frame, (own, given)) in piece.frames.iter().zip(&piece.asked) {
        assert!(engine.feed(&state, &mut next, frame, &mut || true));
        std::mem::swap(&mut state, &mut next);
        time_h.extend(state.top().flatten().map(|x| f64::from(*x)));
        let mut by_key = vec![[0.0; 2]; case.config().keys()];
        let chosen = engine.choose(&state, given, &mut |index, z| {
            by_key[index] = z;
            let key = low + index as u8;
            (own.plays(key), own.strikes(key))
        });
        assert_eq!(chosen, own.without(given.chord.playing()), "what is decided is returned");
        for (key, z) in (low..).zip(&by_key).filter(|(key, _)| !given.chord.plays(*key)) {
            nats.add_key(*z, own.plays(key), own.strikes(key));
        }
        nats.steps += 1;
        logits.extend(by_key.into_iter().flatten().map(f64::from));
        let told = (0..case.config().keys()).filter_map(|index| engine.loudness(index));
        loudness.extend(told.map(f64::from));
    }
    if case.config().velocity {
        let error = largest_difference(&loudness, &case.must("out.velocity"));
        println!("{set:8} {:7} loudness {error:.1e}", case.name);
        assert!(error <= 1e-5, "{set} {}: loudness {error:.1e}", case.name);
    } else {
        assert!(loudness.is_empty(), "{}: it has no head for loudness", case.name);
    }
    let time_error = largest_difference(&time_h, &case.must("out.time_h"));
    let logit_error = largest_difference(&logits, &case.must("out.logits"));
    let loss_error = (nats.loss(case.config().keys()) - case.must("out.loss")[0]).abs();
    let name = case.name;
    println!(
        "{set:8} {name:7} time_h {time_error:.1e}, logits {logit_error:.1e}, loss {loss_error:.1e}"
    );
    assert!(time_error <= 1e-6 && logit_error <= 1e-5 && loss_error <= 1e-6, "{set} {name}");
    for (ours, tensor) in [
        (nats.nats_step(), "out.nats_step"),
        (nats.play_nats_step(), "out.play_nats_step"),
        (nats.art_nats_step(), "out.art_nats_step"),
    ] {
        let theirs = case.must(tensor)[0];
        assert!((ours - theirs).abs() < 1e-5 * theirs, "{set} {name} {tensor}: {ours} {theirs}");
    }
}

/// How a run of a case knows of the musician.
#[derive(Clone, Copy)]
enum Knows {
    /// As the case says, step by step.
    AsGiven,
    Always,
    Never,
    /// There is nobody.
    Nobody,
}

#[test]
fn generated_rolls_match_exactly() {
    let plain = Sampling::PLAIN;
    let runs = [
        ("plain", plain, Knows::AsGiven),
        ("gamma08", Sampling { gamma: 0.8, ..plain }, Knows::AsGiven),
        ("temp05", Sampling { temperature: 0.5, ..plain }, Knows::AsGiven),
        ("allknown", plain, Knows::Always),
        ("noneknown", plain, Knows::Never),
        ("nobody", plain, Knows::Nobody),
    ];
    for case in Case::version_2() {
        for (run, sampling, knows) in runs {
            for (set, engine) in engines(&case.checkpoint) {
                let ours = generate(&case, engine, sampling, knows);
                let expected = &case.rolls(&format!("gen.{run}.roll"))[0];
                assert_eq!(&ours, expected, "{} {run} {}", set.name(), case.name);
            }
        }
    }
}

/// As many steps as the case has uniforms for, after its prompt.
fn generate(case: &Case, mut engine: Engine, sampling: Sampling, knows: Knows) -> PianoRoll {
    let mut own = case.rolls("gen.prompt").remove(0).chords;
    let prompt = own.len();
    let mut heard = case.rolls("gen.heard").remove(0).chords;
    let musician = !matches!(knows, Knows::Nobody);
    if !musician {
        heard.fill(Chord::SILENT);
    }
    let metres = metres(&case.must("in.metres"));
    let first = case.must("gen.step")[0] as i64;
    let (mut state, mut next) = (engine.new_state(), engine.new_state());
    let mut fed = 0;
    let uniforms = case.must("gen.uniforms");
    let keys = 2 * case.config().keys();
    for (row, known) in uniforms.chunks_exact(keys).zip(case.must("gen.known")) {
        for step in fed..own.len() {
            let position = metres.position(first + step as i64);
            let (own, heard) = (own[step], heard[step]);
            let frame = Frame { own, heard, musician, position, start: false };
            engine.feed(&state, &mut next, &frame, &mut || true);
            std::mem::swap(&mut state, &mut next);
        }
        fed = own.len();
        let known = match knows {
            Knows::AsGiven => known == 1.0,
            Knows::Always => true,
            Knows::Never | Knows::Nobody => false,
        };
        let given = given(known, heard[fed - 1], heard[fed]);
        own.push(engine.choose(&state, &given, &mut |index, logits| {
            sampler::decide(&sampling, logits, [row[2 * index], row[2 * index + 1]])
        }));
    }
    PianoRoll { chords: own.split_off(prompt) }
}

#[test]
fn a_warm_start_predicts_what_the_old_network_does() {
    // The tensors of `v2warm` are what the trainer makes of `tiny`; xtask/tests hold that.
    let (tiny, warm) = (Case::named("tiny"), vectors::checkpoint("v2warm"));
    let range = tiny.config().range();
    for shared in [false, true] {
        for (set, mut engine) in engines(&warm) {
            let mut logits = Vec::new();
            for (roll, t0) in tiny.rolls("in.roll").iter().zip(tiny.must("in.t0")) {
                // Nobody there; or every third key is the musician's, known in time.
                let theirs = if shared { 0x9249_2492_4924_9249_2492_4924_9249_2492 } else { 0 };
                let split = |chord: Chord| {
                    let heard = Chord::from_masks(chord.playing() & theirs, chord.struck());
                    (chord.without(theirs), heard.within(range))
                };
                let mut state = engine.new_state();
                for (step, pair) in roll.chords.windows(2).enumerate() {
                    let position = Signature::COMMON.position(t0 as i64 + step as i64);
                    let (own, heard) = split(pair[0]);
                    let frame = Frame { own, heard, musician: shared, position, start: false };
                    let mut next = engine.new_state();
                    engine.feed(&state, &mut next, &frame, &mut || true);
                    state = next;
                    let (own, heard) = split(pair[1]);
                    let given = if shared { Given::known(heard) } else { Given::NOTHING };
                    engine.choose(&state, &given, &mut |index, z| {
                        logits.push((index, z));
                        let key = range.low + index as u8;
                        (own.plays(key), own.strikes(key))
                    });
                }
            }
            let ours: Vec<f64> = logits.iter().flat_map(|(_, z)| z.map(f64::from)).collect();
            let error = largest_difference(&ours, &tiny.must("out.logits"));
            println!("{:8} musician {shared}: {error:.1e}", set.name());
            assert!(error < 1e-5, "{}: {error:.1e}", set.name());
        }
    }
}

#[test]
fn guidance_knows_what_one_would_play_who_heard_nobody() {
    for case in Case::version_2() {
        let low = case.config().low;
        for (set, mut engine) in engines(&case.checkpoint) {
            let piece = Piece::of(&case);
            let [mut heard, mut unheard] = [(); 2].map(|()| engine.new_state());
            for (frame, (own, given)) in piece.frames.iter().zip(&piece.asked) {
                for (state, frame) in [(&mut heard, *frame), (&mut unheard, frame.unheard())] {
                    let mut next = engine.new_state();
                    engine.feed(state, &mut next, &frame, &mut || true);
                    *state = next;
                }
                let decided = |index: usize| {
                    let key = low + index as u8;
                    (own.plays(key), own.strikes(key))
                };
                let mut both = Vec::new();
                let chord = engine.choose_guided(&heard, given, &unheard, &mut |index, logits| {
                    both.push(logits);
                    decided(index)
                });
                assert_eq!(chord, own.without(given.chord.playing()));
                // The second never hears what is given, nor keys decided where some are given.
                let rows = [(&heard, *given), (&unheard, Given::NOTHING)];
                for (which, (state, told)) in rows.into_iter().enumerate() {
                    let mut alone = Vec::new();
                    engine.choose(state, &told, &mut |index, logits| {
                        alone.push(logits);
                        let key = low + index as u8;
                        if given.chord.plays(key) { (false, false) } else { decided(index) }
                    });
                    let guided: Vec<_> = both.iter().map(|logits| logits[which]).collect();
                    assert_eq!(guided, alone, "{} {} row {which}", set.name(), case.name);
                }
            }
        }
    }
}
