//! Random scripts on the performer alone, judged by the oracle.

use std::cell::Cell;

use anacrusis::jam::link::Place;
use anacrusis::music::Chord;
use anacrusis_test_host::oracle::{self, ANY_TEMPO_SAMPLES, Verdict};
use anacrusis_test_host::performer::{Front, tangle};
use anacrusis_test_host::random::{self, Tried, Wildness};
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Kind, Recording, Script, perform};

fn play(mut front: Front, script: &Script) -> Result<Recording, String> {
    let recording = perform(&mut front, script).map_err(|error| error.to_string())?;
    // What is passed on may be any nonsense that a musician makes.
    let recording = recording.of_channel(random::channel(script));
    for (count, what) in [
        (recording.disordered, "out of order"),
        (recording.outside, "outside their block"),
        (recording.notes().unmatched(), "unmatched"),
    ] {
        if count > 0 {
            return Err(format!("{count} events {what}"));
        }
    }
    Ok(recording)
}

/// Chords are in time: every note is known.
fn exact(script: &Script) -> Result<Verdict, String> {
    let recording = play(Front::with_mock(tangle), script)?;
    oracle::exact(&recording, tangle, ANY_TEMPO_SAMPLES)
}

/// The places whose chords a note may be of, in every transposition that a script sets.
fn of_chord(script: &Script) -> impl Fn(Place) -> Chord {
    let by = random::transpositions(script);
    move |place| {
        let chords = by.iter().map(|by| tangle(place).transposed(*by));
        chords.fold(Chord::SILENT, Chord::union)
    }
}

/// Chords are in time, transposed, and their notes shorter or longer.
fn shaped(script: &Script) -> Result<Verdict, String> {
    let recording = play(Front::with_mock(tangle), script)?;
    let answer = of_chord(script);
    oracle::sane(&recording, Some(&answer), ANY_TEMPO_SAMPLES, oracle::Grace::None)
}

fn report(what: &str, tried: Tried) {
    let Tried { scripts, verdict } = tried;
    println!(
        "{what}: {scripts} scripts, {} steps, {} onsets, 0 stuck, doubled, lost, early or wrong; \
         worst onset {:.3} samples off",
        verdict.steps, verdict.onsets, verdict.worst_onset_samples
    );
}

#[test]
fn every_note_of_random_scripts_is_as_the_contract_says() {
    let tried = random::hold("performer", random::cases(6000), Wildness::All, exact);
    report("performer", tried);
    assert!(tried.verdict.steps > 12 * tried.scripts, "{tried:?}");
}

#[test]
fn shaped_notes_of_random_scripts_begin_with_their_steps_and_end() {
    let tried = random::hold("shaped", random::cases(1500), Wildness::Shaped, shaped);
    report("performer, shaped", tried);
    assert!(tried.verdict.onsets > 24 * tried.scripts, "{tried:?}");
}

#[test]
fn positions_a_little_off_change_no_note() {
    let tried = random::hold("jitter", random::cases(1500), Wildness::Jitter, exact);
    report("performer, jitter", tried);
}

/// With a musician, and chords that are decided to the last moment; against the same host without
/// a reaction.
fn reacting(script: &Script) -> Result<(Verdict, Verdict), String> {
    let judge = |script: &Script, grace| {
        let recording = play(Front::with_mock(tangle), script)?;
        oracle::sane(&recording, Some(&of_chord(script)), ANY_TEMPO_SAMPLES, grace)
    };
    let mut at_once = script.clone();
    for action in &mut at_once.actions {
        if let Action::Set(name, text) = action
            && name == "Reaction"
        {
            *text = "0.0".into();
        }
    }
    Ok((judge(script, oracle::Grace::Reacting)?, judge(&at_once, oracle::Grace::None)?))
}

#[test]
fn random_scripts_with_a_musician_and_a_reaction_make_no_wrong_and_no_stuck_note() {
    let at_once = Cell::new(0);
    let tried = random::hold("reacting", random::cases(1500), Wildness::Listening, |script| {
        let (verdict, without) = reacting(script)?;
        at_once.set(at_once.get() + without.onsets);
        Ok(verdict)
    });
    report("performer, reacting", tried);
    // What is cut off between a step and its sound is all that may be missing.
    let (onsets, at_once) = (tried.verdict.onsets, at_once.get());
    println!("{onsets} onsets, and {at_once} without a reaction");
    assert!(onsets > 80 * tried.scripts && 20 * onsets > 19 * at_once, "{onsets} of {at_once}");
}

/// What failed once is held to the contract for ever, with chords in time and late.
#[test]
fn scripts_that_failed_once_hold() {
    for (name, script) in random::kept() {
        exact(&script).unwrap_or_else(|error| panic!("{name}: {error}\n{script}"));
        for delay_blocks in DELAYS {
            late(&script, delay_blocks).unwrap_or_else(|e| panic!("{name}: {e}\n{script}"));
        }
    }
}

/// Against sums done by hand: three tempi, and a loop that wraps within blocks.
#[test]
fn the_oracle_knows_where_steps_begin() {
    let script = Script::new(48_000.0, 333)
        .on_the_beat()
        .set("Wait for notes", "On")
        .then(Action::Straddle(true))
        .play()
        // A sixteenth lasts 6000 samples, then 12000, then 3000.
        .samples(30_000)
        .tempo(60.0)
        .samples(30_000)
        .tempo(240.0)
        .samples(6_000)
        // At beat 2.375.
        .loop_beats(2.0, 2.5)
        .samples(9_000)
        .stop()
        .blocks(4);
    let recording = play(Front::with_mock(tangle), &script).expect("it plays");
    let begun: Vec<(f64, i64, u64)> = oracle::moments(&recording)
        .into_iter()
        .filter_map(|moment| match moment.what {
            oracle::What::Begin(place) => {
                Some((moment.at_samples.round(), place.step.0, place.pass))
            }
            oracle::What::Silence => None,
        })
        .collect();
    let first = (0..5).map(|step| (6000.0 * step as f64, step, 0));
    let later = [
        (30_000.0, 5, 0),
        (42_000.0, 6, 0),
        (54_000.0, 7, 0),
        (61_500.0, 8, 0),
        (64_500.0, 9, 0),
        (67_500.0, 8, 1),
        (70_500.0, 9, 1),
        (73_500.0, 8, 2),
    ];
    assert_eq!(begun, first.chain(later).collect::<Vec<_>>());
    let verdict = oracle::exact(&recording, tangle, ANY_TEMPO_SAMPLES).expect("all is right");
    assert_eq!(verdict.steps, begun.len() as u64);
}

/// An oracle that lets everything pass would be no oracle.
#[test]
fn the_oracle_sees_what_is_wrong() {
    let script = Script::new(48_000.0, 333)
        .on_the_beat()
        .set("Wait for notes", "On")
        .loop_beats(1.0, 3.1)
        .play()
        .beats(8.3)
        .jump(20.2)
        .beats(4.0)
        .stop()
        .blocks(4);
    let good = play(Front::with_mock(tangle), &script).expect("it plays");
    let exact = |r: &Recording| oracle::exact(r, tangle, ANY_TEMPO_SAMPLES);
    let sane =
        |grace| move |r: &Recording| oracle::sane(r, Some(&tangle), ANY_TEMPO_SAMPLES, grace);
    let [prompt, reacting] = [oracle::Grace::None, oracle::Grace::Reacting].map(sane);
    assert!(exact(&good).expect("all is right").onsets > 100);
    assert_eq!(prompt(&good), exact(&good));
    assert!(reacting(&good).is_ok());
    let on = good.events.iter().position(|e| e.kind == Kind::On).expect("a note");
    let off = good.events.iter().position(|e| e.kind == Kind::Off).expect("an end");
    // Beyond the loop, where the place before is a whole step away.
    let late = good.events.iter().position(|e| e.kind == Kind::On && e.position_beats > 21.0);
    let late = late.expect("a note after the jump");
    type Damage<'a> = &'a dyn Fn(&mut Recording);
    // What is seen where every chord is known, where each must be prompt, and where it may react.
    let damages: [(&str, [bool; 3], Damage); 8] = [
        ("a lost note", [true, false, false], &|r| {
            let ended = r.events[on].key;
            let end = r.events.iter().position(|e| e.kind == Kind::Off && e.key == ended);
            r.events.remove(end.expect("it ends"));
            r.events.remove(on);
        }),
        ("a lost end", [true; 3], &|r| {
            r.events.remove(off);
        }),
        ("a doubled note", [true; 3], &|r| r.events.insert(on, r.events[on])),
        ("a stray end", [true; 3], &|r| r.events.insert(off, r.events[off])),
        ("a wrong key", [true; 3], &|r| r.events[on].key = 20),
        ("a late note", [true, true, false], &|r| r.events[on].time_samples += 100),
        ("an early note", [true; 3], &|r| r.events[late].time_samples -= 100),
        ("a stale chord", [true; 3], &|r| {
            r.spans.iter_mut().skip(late).for_each(|s| s.fresh = true)
        }),
    ];
    for (what, seen, damage) in damages {
        let mut bad = good.clone();
        damage(&mut bad);
        let found = [exact(&bad), prompt(&bad), reacting(&bad)].map(|verdict| verdict.is_err());
        for (found, seen) in found.into_iter().zip(seen) {
            assert!(found || !seen, "{what} is not seen: {found:?}");
        }
    }
}

/// Blocks after which chords come, if they are not waited for.
const DELAYS: [u32; 4] = [0, 1, 5, 40];

/// Chords come after so many blocks: what sounds is right, and ends.
fn late(script: &Script, delay_blocks: u32) -> Result<Verdict, String> {
    let mut script = script.clone();
    for action in &mut script.actions {
        if let Action::Set(name, text) = action
            && name == "Wait for notes"
        {
            *text = "Off".into();
        }
    }
    let recording = play(Front::with_slow_mock(tangle, delay_blocks), &script)?;
    oracle::sane(&recording, Some(&tangle), ANY_TEMPO_SAMPLES, oracle::Grace::Late)
}

#[test]
fn a_slow_worker_in_random_scripts_makes_no_wrong_and_no_stuck_note() {
    for delay_blocks in DELAYS {
        let judge = |script: &Script| late(script, delay_blocks);
        let tried = random::hold("slow", random::cases(400), Wildness::All, judge);
        report(&format!("performer, chords {delay_blocks} blocks late"), tried);
    }
}
