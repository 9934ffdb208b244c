//! Random scripts on the built plugins: judged by the oracle, and held to the performer alone.

use crate::support::{FORMATS, load};
use anacrusis_test_host::oracle::{self, ANY_TEMPO_SAMPLES, Verdict};
use anacrusis_test_host::performer::{Front, shipped};
use anacrusis_test_host::random::{self, Wildness};
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Format, Script, perform};

fn judge(format: Format, script: &Script) -> Result<Verdict, String> {
    let mut script = script.clone();
    // The VST3 gets no controllers.
    script.actions.retain(|a| format == Format::Clap || !matches!(a, Action::Midi { .. }));
    let script = &script;
    let play = |mut plugin: Box<dyn anacrusis_test_host::Plugin>| {
        perform(plugin.as_mut(), script).map_err(|error| error.to_string())
    };
    let recording = play(load(format))?;
    // Notes that are passed on are the musician's affair, who may let go of what they did not strike.
    let ours = recording.of_channel(random::channel(script));
    let counts = recording.counts();
    for (count, what) in [
        (recording.disordered, "events out of order"),
        (recording.outside, "events outside their block"),
        (ours.notes().unmatched(), "unmatched events"),
        (counts.allocations + counts.frees, "allocations and frees"),
        (recording.may_sleep, "blocks after which it may sleep"),
    ] {
        if count > 0 {
            return Err(format!("{format:?}: {count} {what}"));
        }
    }
    let verdict = oracle::sane(&ours, None, ANY_TEMPO_SAMPLES, oracle::Grace::None)
        .map_err(|error| format!("{format:?}: {error}"))?;
    // The same network without a plugin around it: nothing is lost on the way.
    let alone = play(Box::new(Front::with_model(shipped())))?;
    oracle::same(&recording, &alone).map_err(|e| format!("{format:?}, not the performer: {e}"))?;
    Ok(verdict)
}

#[test]
fn random_scripts_play_as_the_performer_alone() {
    for format in FORMATS {
        let name = format!("{format:?}").to_lowercase();
        let tried = random::hold(&name, random::cases(30), Wildness::Handed, |s| judge(format, s));
        println!(
            "{format:?}: {} scripts, {} steps, {} onsets, 0 stuck, doubled, lost or early; worst \
             onset {:.3} samples off",
            tried.scripts,
            tried.verdict.steps,
            tried.verdict.onsets,
            tried.verdict.worst_onset_samples
        );
    }
}

#[test]
fn scripts_that_failed_once_hold() {
    for (name, script) in random::kept() {
        for format in FORMATS {
            judge(format, &script).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
