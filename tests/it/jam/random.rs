//! Random scripts on the performer alone, judged by the oracle.

use anacrusis_test_host::oracle::{self, ANY_TEMPO_SAMPLES, Verdict};
use anacrusis_test_host::performer::{Front, tangle};
use anacrusis_test_host::random::{self, Tried, Wildness};
use anacrusis_test_host::{Recording, Script, perform};

fn play(mut front: Front, script: &Script) -> Result<Recording, String> {
    let recording = perform(&mut front, script).map_err(|error| error.to_string())?;
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
fn positions_a_little_off_change_no_note() {
    let tried = random::hold("jitter", random::cases(1500), Wildness::Jitter, exact);
    report("performer, jitter", tried);
}

/// What failed once is held to the contract for ever.
#[test]
fn scripts_that_failed_once_hold() {
    for (name, script) in random::kept() {
        exact(&script).unwrap_or_else(|error| panic!("{name}: {error}\n{script}"));
    }
}
