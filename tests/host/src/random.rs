//! Random scripts, and what becomes of one that fails: it is written to `tests/scripts` as
//! text, as short as it could be made, and replayed from then on.

use crate::oracle::Verdict;
use crate::script::{Action, Script};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

/// What a host may do in a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wildness {
    /// Everything, at any speed.
    All,
    /// Everything but what moves the play head by itself, with positions a little off.
    Jitter,
    /// Everything, at any speed, transposed and with notes of all lengths.
    Shaped,
    /// Everything, in fewer and longer steps, and a musician who plays: for a real network.
    Calm,
    /// As that, with controllers, and notes that are passed on: all but [`OURS`] are the musician's.
    Handed,
    /// As that, with reactions of all lengths.
    Listening,
}

/// The channel that the plugin plays on, from 0, where notes of a musician's may be passed on.
pub const OURS: u8 = 15;

const LOOKAHEADS: [&str; 6] = ["1/4 step", "1/2 step", "1 step", "2 steps", "4 steps", "8 steps"];
const MODES: [&str; 3] = ["Solo", "Accompany", "Answer"];
const REPLAYS: [&str; 2] = ["Never", "Always"];
const SWITCH: [&str; 2] = ["Off", "On"];
const REACTIONS: [&str; 5] = ["0.0", "5.0", "12.0", "25.0", "50.0"];
const TRANSPOSES: [&str; 5] = ["-12", "-5", "0", "3", "7"];
const GATES: [&str; 5] = ["5", "30", "60", "95", "100"];
const METRES: [(u16, u16); 7] = [(4, 4), (3, 4), (6, 8), (7, 8), (5, 4), (2, 2), (9, 32)];
const CONTROLLERS: [u8; 7] = [1, 64, 64, 64, 120, 121, 123];
const RATES: [&str; 5] = ["1/8", "1/8 triplet", "1/16", "1/16 triplet", "1/32"];

fn position() -> impl Strategy<Value = f64> {
    // On the grid, on the triplets, and anywhere.
    prop_oneof![
        (-32_i32..256).prop_map(|n| f64::from(n) / 4.0),
        (-24_i32..192).prop_map(|n| f64::from(n) / 3.0),
        -8.0..64.0,
    ]
}

fn run(calm: bool) -> impl Strategy<Value = Action> {
    let beats = if calm { 0.1..6.0 } else { 0.01..3.0 };
    prop_oneof![
        (1_u64..12_000).prop_map(Action::RunSamples),
        beats.prop_map(Action::RunBeats),
        (1_u32..6).prop_map(Action::RunBlocks),
    ]
}

fn set(name: &'static str, texts: &'static [&'static str]) -> impl Strategy<Value = Action> {
    prop::sample::select(texts).prop_map(move |text| Action::Set(name.into(), text.into()))
}

fn blocks() -> impl Strategy<Value = Action> {
    let size = prop_oneof![
        3 => 1_u32..64,
        3 => prop::sample::select(&[64, 128, 256, 333, 441, 512, 1024][..]),
        1 => 1024_u32..=8192,
    ];
    prop::collection::vec(size, 1..5).prop_map(Action::Blocks)
}

fn loops(announced: bool) -> impl Strategy<Value = Action> {
    let length = prop_oneof![
        (1_i32..16).prop_map(|n| f64::from(n) / 4.0),
        // No shorter than what is a loop at all, and no jitter.
        0.02..4.0,
    ];
    (position(), length).prop_map(move |(start_beats, length)| Action::Loop {
        start_beats,
        end_beats: start_beats + length,
        announced,
    })
}

fn still() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => Just(Action::Play),
        2 => Just(Action::Stop),
        2 => blocks(),
        1 => set("Lookahead", &LOOKAHEADS),
        1 => (20.0..999.0).prop_map(|bpm| Action::Tempo(Some(bpm))),
        1 => (1_u32..4).prop_map(Action::Empty),
    ]
}

fn moving(calm: bool) -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => position().prop_map(Action::Jump),
        3 => loops(true),
        1 => loops(false),
        2 => Just(Action::LoopOff),
        1 => any::<bool>().prop_map(Action::Straddle),
        1 => (1_u32..4).prop_map(Action::Skip),
        1 => set("Rate", &RATES),
        1 => Just(Action::Tempo(None)),
        1 => prop::sample::select(&METRES[..])
            .prop_map(|(above, below)| Action::TimeSignature(above, below)),
        1 => (30.0..600.0, 0.1..if calm { 4.0 } else { 2.0 })
            .prop_map(|(to_bpm, beats)| Action::Ramp { to_bpm, beats }),
        1 => prop::sample::select(&[44_100.0, 48_000.0, 96_000.0][..])
            .prop_map(Action::SampleRate),
        1 => Just(Action::Reset),
        1 => Just(Action::Reactivate),
        1 => Just(Action::SaveState("project".into())),
        1 => Just(Action::LoadState("project".into())),
    ]
}

/// What moves and shortens notes.
fn shape() -> impl Strategy<Value = Action> {
    prop_oneof![set("Transpose", &TRANSPOSES), set("Gate", &GATES)]
}

/// What is passed on, and controllers.
fn hands() -> impl Strategy<Value = Action> {
    let control = (0_u32..4096, 0_u8..3, prop::sample::select(&CONTROLLERS[..]), 0_u8..=127);
    prop_oneof![
        1 => set("Thru", &SWITCH),
        2 => control.prop_map(|(offset_samples, channel, number, value)| Action::Midi {
            offset_samples,
            data: [0xb0 | channel, number, value],
        }),
    ]
}

/// Notes in.
fn musician() -> impl Strategy<Value = Action> {
    let note = (0_u32..4096, any::<bool>(), 36_u8..96, 0_u8..3, 1_u8..=127);
    prop_oneof![
        8 => note.prop_map(|(offset_samples, on, key, channel, velocity)| Action::Note {
            offset_samples,
            on,
            key,
            channel,
            velocity: f64::from(velocity) / 127.0,
        }),
        2 => set("Mode", &MODES),
        1 => set("Room", &SWITCH),
        1 => set("Double", &SWITCH),
        1 => set("Answer now", &SWITCH),
        1 => set("Replay", &REPLAYS),
    ]
}

fn action(wildness: Wildness) -> BoxedStrategy<Action> {
    match wildness {
        Wildness::All => prop_oneof![5 => run(false), 4 => still(), 4 => moving(false)].boxed(),
        Wildness::Jitter => prop_oneof![2 => run(false), 1 => still()].boxed(),
        Wildness::Shaped => {
            prop_oneof![5 => run(false), 4 => still(), 4 => moving(false), 1 => shape()].boxed()
        }
        Wildness::Calm => prop_oneof![
            5 => run(true),
            3 => still(),
            3 => moving(true),
            4 => musician(),
            1 => shape(),
        ]
        .boxed(),
        Wildness::Handed => prop_oneof![
            5 => run(true),
            3 => still(),
            3 => moving(true),
            4 => musician(),
            1 => shape(),
            2 => hands(),
        ]
        .boxed(),
        Wildness::Listening => prop_oneof![
            5 => run(true),
            3 => still(),
            3 => moving(true),
            8 => musician(),
            1 => shape(),
            3 => hands(),
            1 => set("Reaction", &REACTIONS),
        ]
        .boxed(),
    }
}

/// Scripts whose host waits for every chord and comes to rest at the end.
pub fn scripts(wildness: Wildness) -> impl Strategy<Value = Script> {
    let longest = match wildness {
        Wildness::Calm | Wildness::Handed => 20,
        Wildness::All | Wildness::Jitter | Wildness::Shaped | Wildness::Listening => 40,
    };
    let actions = prop::collection::vec(action(wildness), 1..longest);
    let jitter = if wildness == Wildness::Jitter { 1e-4..1.0 / 128.0 } else { 0.0..1e-300 };
    (prop::sample::select(&[44_100.0, 48_000.0, 96_000.0][..]), jitter, actions).prop_map(
        move |(sample_rate, jitter, actions)| {
            // The first block brings the parameters, so that the state holds them.
            let mut script = Script::new(sample_rate, 256)
                .without_thru()
                .on_the_beat()
                .set("Wait for notes", "On")
                .set("Rate", RATES[2])
                .set("Lookahead", LOOKAHEADS[2])
                // Whether a host bounces may be a matter of its pace, which scripts do not have.
                .set("Replay", REPLAYS[0])
                .blocks(1)
                .save_state("project");
            if matches!(wildness, Wildness::Handed | Wildness::Listening) {
                script = script.set("Channel", &(OURS + 1).to_string());
            }
            if wildness == Wildness::Listening {
                script = script.set("Reaction", REACTIONS[2]);
            }
            if wildness == Wildness::Jitter {
                script = script.then(Action::Jitter(jitter));
            }
            script = script.play();
            script.actions.extend(actions);
            script.loop_off().stop().blocks(4)
        },
    )
}

/// Random scripts without end, always the same ones for a seed.
pub fn stream(wildness: Wildness, seed: u64) -> impl Iterator<Item = Script> {
    let config = Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() };
    let mut runner = TestRunner::new(config);
    let strategy = scripts(wildness);
    std::iter::repeat_with(move || strategy.new_tree(&mut runner))
        .filter_map(|tree| tree.ok().map(|tree| tree.current()))
}

/// The transpositions in which a script may have chords sound.
pub fn transpositions(script: &Script) -> Vec<i8> {
    let set = script.actions.iter().filter_map(|action| match action {
        Action::Set(name, text) if name == "Transpose" => text.parse().ok(),
        _ => None,
    });
    std::iter::once(0).chain(set).collect()
}

/// The channel that the plugin plays on in a script, from 0.
pub fn channel(script: &Script) -> u8 {
    let set = script.actions.iter().find_map(|action| match action {
        Action::Set(name, text) if name == "Channel" => text.parse::<u8>().ok(),
        _ => None,
    });
    set.unwrap_or(1) - 1
}

/// What was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tried {
    /// How many scripts.
    pub scripts: u64,
    /// What they came to.
    pub verdict: Verdict,
}

/// How many scripts to try: `ANACRUSIS_CASES`, or so many.
pub fn cases(default: u32) -> u32 {
    std::env::var("ANACRUSIS_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// The folder of the scripts that failed once.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).with_file_name("scripts")
}

/// Tries so many random scripts, always the same ones unless `ANACRUSIS_SEED` says otherwise.
///
/// # Panics
/// If one fails: with what is wrong, and where its shortest form was written.
pub fn hold(
    name: &str,
    cases: u32,
    wildness: Wildness,
    judge: impl Fn(&Script) -> Result<Verdict, String>,
) -> Tried {
    let seed = std::env::var("ANACRUSIS_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let config = Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 4096,
        ..Config::default()
    };
    let tried = Cell::new(Tried::default());
    let result = TestRunner::new(config).run(&scripts(wildness), |script| {
        let verdict = judge(&script).map_err(TestCaseError::fail)?;
        let mut so_far = tried.get();
        so_far.scripts += 1;
        so_far.verdict += verdict;
        tried.set(so_far);
        Ok(())
    });
    match result {
        Ok(()) => tried.get(),
        Err(TestError::Fail(reason, script)) => {
            let path = folder().join(format!("{name}-{seed}.txt"));
            let text = format!("# {}\n{script}", reason.message().replace('\n', " "));
            let written = fs::write(&path, &text);
            panic!("{reason}\n{text}\n{}: {written:?}", path.display());
        }
        Err(error) => panic!("{error}"),
    }
}

/// Every script that failed once, with its name.
///
/// # Panics
/// If the folder is missing or holds what is no script.
pub fn kept() -> Vec<(String, Script)> {
    let folder = folder();
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut kept: Vec<(String, Script)> = entries
        .map(|entry| entry.unwrap_or_else(|e| panic!("{e}")).path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .map(|path| {
            let name = path.display().to_string();
            let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
            let script = text.parse().unwrap_or_else(|e| panic!("{name}: {e}"));
            (name, script)
        })
        .collect();
    kept.sort_by(|a, b| a.0.cmp(&b.0));
    kept
}
