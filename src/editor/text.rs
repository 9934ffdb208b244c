//! Every word that the editor shows, in one place.

use super::view::{Activity, Figures, Model, Roll, Take};
use crate::music::{Chord, STEPS_PER_BAR};

/// Title of window and editor.
pub const TITLE: &str = "Anacrusis";
/// The button that ends every note.
pub const PANIC: &str = "Panic";
/// Its explanation.
pub const PANIC_HINT: &str = "End every sounding note now. Playback goes on with the next step.";
/// Heading of the parameters.
pub const CONTROLS: &str = "Controls";
/// Headings of groups of parameters.
pub const GROUP_SOUND: &str = "Sound";
/// See [`GROUP_SOUND`].
pub const GROUP_NOTES: &str = "Notes";
/// See [`GROUP_SOUND`].
pub const GROUP_TOUCH: &str = "Touch";
/// See [`GROUP_SOUND`].
pub const GROUP_MUSICIAN: &str = "Your playing";
/// See [`GROUP_SOUND`].
pub const GROUP_TAKE: &str = "Take";
/// Name of the length of the take.
pub const TAKE_LENGTH: &str = "Played so far";
/// Name of the first bar that is meant.
pub const BARS: &str = "Bars";
/// Name of the last.
pub const BARS_TO: &str = "to";
/// A button and its explanation.
pub const LOCK: (&str, &str) =
    ("Lock", "Play these bars as they were played last, while others are played anew.");
/// See [`LOCK`].
pub const UNLOCK: (&str, &str) = ("Unlock", "Let these bars be played anew, too.");
/// See [`LOCK`].
pub const AGAIN: (&str, &str) =
    ("Again", "Drop what was played in these bars and play something else there.");
/// See [`LOCK`].
pub const UNDO: (&str, &str) = ("Undo", "Take the last Lock, Unlock or Again back.");
/// See [`LOCK`].
pub const KEEP: (&str, &str) = ("Keep all", "Write all that was played as a MIDI file.");
/// See [`LOCK`].
pub const KEEP_LAST: (&str, &str) = ("Keep last 8 bars", "Write the last 8 bars as a MIDI file.");
/// Name of the field for a model file.
pub const MODEL_FILE: &str = "Model file";
/// Example shown in the empty field.
pub const MODEL_FILE_HINT: &str = "/path/to/a/model.safetensors";
/// Button that opens the file.
pub const OPEN: &str = "Open";
/// Names of the figures.
pub const MISSED: &str = "Missed deadlines";
/// Name of the time that a chord takes once it is asked for.
pub const CHORD_TIME: &str = "Chord time";
/// Name of the shortest lead.
pub const LEAD: &str = "Shortest lead";
/// A figure that was not measured yet.
pub const NONE_YET: &str = "-";
/// Silent because no model is ready yet.
pub const LOADING: &str = "Opening the model ...";
/// Silent because there is none.
pub const NO_MODEL: &str = "Silent: no model is ready. Choose another one.";
/// Said while another model is on its way.
pub const LOADING_OTHER: &str = "opening another ...";
/// Silent because the host tells no tempo.
pub const NO_TEMPO: &str = "Silent: the host reports no usable tempo. Set one in its transport.";
/// Silent because the host tells no position.
pub const NO_POSITION: &str =
    "Silent: the host reports no musical position. Load the plugin on a track with a timeline.";
/// Silent because the host tells no sample rate.
pub const NO_SAMPLE_RATE: &str =
    "Silent: the host reports no usable sample rate. Check its audio settings.";
/// Said after an internal error was caught.
pub const FAULT: &str =
    "An internal error was caught and all notes were ended. If it repeats, reload the plugin.";
/// Said of a project that a later version saved.
pub const NEWER_STATE: &str =
    "This project was saved by a newer version; what it did not know here was left as it was.";
/// Legend of the roll.
pub const LEGEND: [&str; 3] = ["played", "sounding", "decided, next"];

/// The headline: playing, or why not.
pub fn activity(activity: &Activity) -> &str {
    match activity {
        Activity::Playing => "Playing",
        Activity::Stopped => "Stopped",
        Activity::Silent(reason) => reason,
    }
}

/// One line about the model.
pub fn model(model: &Model) -> String {
    let digest: String = model.digest.chars().take(8).collect();
    let loading = if model.loading && !model.name.is_empty() { LOADING_OTHER } else { "" };
    let Model { name, corpus, licence, instructions, .. } = model;
    let parts = [name.as_str(), &digest, corpus, licence, instructions, loading];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  \u{b7}  ")
}

/// The default plays because the user's own model cannot.
pub fn stand_in(name: &str, why: &dyn std::fmt::Display) -> String {
    format!("{name} cannot be used: {why}. The built-in model plays instead.")
}

/// How long the take is.
pub fn take_length(take: &Take) -> String {
    let bars = |steps: f64| steps / f64::from(STEPS_PER_BAR);
    // A take has some 65,000 steps at most, and a float many more.
    let length = format!("{:.1} bars of 16 steps", bars(take.steps as f64));
    match take.dropped {
        0 => length,
        dropped => format!("{length}; the {:.0} oldest are gone", bars(dropped as f64).ceil()),
    }
}

/// The project's take cannot be read.
pub fn take_problem(why: &dyn std::fmt::Display) -> String {
    format!("What was played before cannot be read: {why}. It stays in the project until you play.")
}

/// The take was written to a file.
pub fn kept(path: &std::path::Path) -> String {
    format!("Kept as {}", path.display())
}

/// There is nothing to write.
pub const NOTHING_PLAYED: &str = "Nothing was played yet.";
/// There is no place to write to.
pub const NO_HOME: &str = "the system tells no home folder";

/// It could not be written.
pub fn not_kept(why: &dyn std::fmt::Display) -> String {
    format!("Not kept: {why}")
}

/// The roll in words, for those who do not see it.
pub fn roll(roll: &Roll) -> String {
    let sounding = roll.now.map_or(Chord::SILENT, |column| column.chord).len();
    let notes = if sounding == 1 { "note sounds" } else { "notes sound" };
    let steps = if roll.ahead.len() == 1 { "step is" } else { "steps are" };
    format!("Piano roll: {sounding} {notes} now, {} {steps} decided ahead", roll.ahead.len())
}

/// Time that a chord takes, and how busy it and the thinking before keep the worker.
pub fn chord_time(figures: &Figures) -> String {
    match (figures.chord_ms, figures.busy_share) {
        (Some(ms), Some(share)) if share < 0.01 => format!("{ms:.1} ms (busy under 1 % of a step)"),
        (Some(ms), Some(share)) => format!("{ms:.1} ms (busy {:.0} % of a step)", share * 100.0),
        (Some(ms), None) => format!("{ms:.1} ms"),
        _ => NONE_YET.to_owned(),
    }
}

/// The shortest lead.
pub fn lead(figures: &Figures) -> String {
    match figures.shortest_lead_ms {
        Some(ms) if figures.lead_too_short => format!("{ms:.0} ms: too short, raise Lookahead"),
        Some(ms) => format!("{ms:.0} ms"),
        None => NONE_YET.to_owned(),
    }
}
