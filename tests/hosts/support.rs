//! Where the bundles are, and what every performance must satisfy.

use anacrusis_test_host::meter::COUNTS;
use anacrusis_test_host::performer::{Front, shipped};
pub use anacrusis_test_host::rows::patient;
use anacrusis_test_host::{Format, Plugin, Recording, Script, open, perform};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Steps in a beat on the plugin's default grid.
pub const STEPS_PER_BEAT: u32 = 4;

/// Both formats.
pub const FORMATS: [Format; 2] = [Format::Clap, Format::Vst3];

/// Both formats, and the performer without a plugin around it.
pub const FRONTS: [Format; 3] = [Format::Performer, Format::Clap, Format::Vst3];

/// The folder of the bundles: `target/bundled`, or what `ANACRUSIS_BUNDLES` says.
pub fn bundles() -> PathBuf {
    std::env::var_os("ANACRUSIS_BUNDLES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target").join("bundled"),
        PathBuf::from,
    )
}

/// Keeps tests apart of which one needs the machine's speed and another takes all of it.
pub fn whole_machine() -> MutexGuard<'static, ()> {
    static WHOLE: Mutex<()> = Mutex::new(());
    WHOLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Loads the built plugin, or makes a performer with the shipped network.
pub fn load(format: Format) -> Box<dyn Plugin> {
    let name = match format {
        Format::Clap => "Anacrusis.clap",
        Format::Vst3 => "Anacrusis.vst3",
        Format::Performer => return Box::new(Front::with_model(shipped())),
    };
    let path = bundles().join(name);
    assert!(path.exists(), "{} is missing: run `cargo xtask bundle` first", path.display());
    open(&path).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a script in a plugin of its own.
pub fn run(format: Format, script: &Script) -> Recording {
    let mut plugin = load(format);
    perform(plugin.as_mut(), script).unwrap_or_else(|error| panic!("{format:?}: {error}"))
}

/// What holds for every performance that ends at rest: notes there are, all of them end, in
/// order and inside their blocks, none comes twice, and nothing was allocated.
pub fn check(what: &str, recording: &Recording) {
    let pairing = recording.notes();
    let counts = recording.counts();
    // Elsewhere nothing is counted, and nothing claimed: `facts.rs` says so, as a test that is ignored.
    let counted = match COUNTS {
        true => format!("{} allocations, {} frees", counts.allocations, counts.frees),
        false => "allocations not counted".to_owned(),
    };
    println!(
        "{what}: {} notes, {} unmatched, worst {:.3} samples off the grid, {counted} in {} calls of \
         process",
        pairing.onsets,
        pairing.unmatched(),
        recording.worst_off_grid_samples(STEPS_PER_BEAT),
        recording.calls.len(),
    );
    assert!(pairing.onsets > 0, "{what}: no note");
    assert_eq!(pairing.unmatched(), 0, "{what}: {pairing:?}");
    assert_eq!(recording.disordered, 0, "{what}: events out of order");
    assert_eq!(recording.outside, 0, "{what}: events outside their block");
    assert_eq!(recording.doubled(STEPS_PER_BEAT), 0, "{what}: a step sounded twice");
    assert_eq!(counts.allocations, 0, "{what}: process allocated");
    assert_eq!(counts.frees, 0, "{what}: process freed memory");
    assert_eq!(recording.refused, 0, "{what}: the host's queue was full");
}

/// [`check`], and every onset within a sample of the grid: 1 where tempo or loop bend time,
/// and half of one, with room for rounding, where they do not.
pub fn check_grid(what: &str, recording: &Recording, tolerance_samples: f64) {
    check(what, recording);
    let worst = recording.worst_off_grid_samples(STEPS_PER_BEAT);
    assert!(worst <= tolerance_samples, "{what}: an onset is {worst} samples off the grid");
}

pub use anacrusis_test_host::oracle::CONSTANT_TEMPO_SAMPLES as CONSTANT_TEMPO;
