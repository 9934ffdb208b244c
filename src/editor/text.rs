//! Every word that the editor shows, in one place.

mod hints;

pub use hints::hint;

use super::view::{Activity, Card, Figures, Model, Roll, Take, View};
use crate::jam::take::PackError;
use crate::music::{Chord, STEPS_PER_BAR};

/// Title of window and editor.
pub const TITLE: &str = "Anacrusis";
/// The button that ends every note, and its explanation.
pub const PANIC: &str = "Panic";
/// See [`PANIC`].
pub const PANIC_HINT: &str = "End every sounding note now. Playback goes on with the next step.";
/// Names of the groups of parameters.
pub const TAB_PLAY: &str = "Play";
/// See [`TAB_PLAY`].
pub const TAB_SHAPE: &str = "Shape";
/// See [`TAB_PLAY`].
pub const TAB_TOUCH: &str = "Touch";
/// See [`TAB_PLAY`].
pub const TAB_GROOVE: &str = "Groove";
/// See [`TAB_PLAY`].
pub const TAB_TAKE: &str = "Take";
/// Name of the choice of presets.
pub const PRESET: &str = "Preset";
/// See [`LOCK`].
pub const PRESET_BEFORE: (&str, &str) = ("\u{2039}", "The preset before this one.");
/// See [`LOCK`].
pub const PRESET_NEXT: (&str, &str) = ("\u{203a}", "The next preset.");
/// See [`LOCK`].
pub const SAVE: (&str, &str) = ("Save ...", "Keep what is set as a preset of your own.");
/// Name of the field for a preset's name.
pub const SAVE_NAME: &str = "Name";
/// The button that saves.
pub const SAVE_NOW: &str = "Save";
/// The button that saves in place of another.
pub const REPLACE: &str = "Replace";
/// See [`LOCK`].
pub const DELETE: (&str, &str) = ("Delete", "Delete this preset of your own.");
/// Said when a preset was deleted.
pub const DELETED: &str = "Deleted.";

/// The preset that was chosen, and whether something was changed since.
pub fn preset(name: Option<&str>, altered: bool) -> String {
    format!("{}{}", name.unwrap_or_default(), if altered { " (changed)" } else { "" })
}

/// A preset was saved.
pub fn saved_preset(name: &str, folder: &std::path::Path) -> String {
    format!("Saved \"{name}\" in {}", folder.display())
}

/// A file of the user's is no preset, and so many more are none.
pub fn no_preset(name: &str, why: &dyn std::fmt::Display, more: usize) -> String {
    let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    format!("{name} is no preset: {why}{more}")
}

/// A page and its explanation.
pub const PAGE_ROLL: (&str, &str) = ("Roll", "What was played, sounds, and comes next.");
/// See [`PAGE_ROLL`].
pub const PAGE_MODELS: (&str, &str) = ("Models", "The models, built in and your own.");
/// See [`PAGE_ROLL`].
pub const PAGE_SETUP: (&str, &str) =
    ("Setup", "Theme, size, and how the notes get to an instrument.");
/// A button and its explanation.
pub const NEW_SEED: (&str, &str) = ("Another seed", "Another number, another performance.");
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
pub const ANEW: (&str, &str) = (
    "Begin anew",
    "Give up what a newer version of Anacrusis has written into this project, and keep what is \
     played from now on.",
);
/// See [`LOCK`].
pub const KEEP_BARS: (&str, &str) =
    ("Keep", "Write what was played in these bars last as a MIDI file in your music folder.");
/// See [`LOCK`].
pub const NO_BARS: (&str, &str) = ("x", "Choose no bars.");
/// See [`LOCK`].
pub const KEEP_AS: (&str, &str) =
    ("Keep as ...", "Write a part of it, or all, as a file of your own.");
/// A part of the take that is kept where the user says.
pub const KEEP_AS_ALL: &str = "All that was played ...";
/// See [`KEEP_AS_ALL`].
pub const KEEP_AS_LAST: &str = "The last 8 bars ...";
/// What a button that keeps something can do beside, where the platform lets it.
pub const DRAG_HINT: Option<&str> = if cfg!(target_os = "linux") {
    Some("Or drag it onto a track, or into a folder.")
} else {
    None
};
/// Said while a file is held over the window.
pub const DROP_HERE: &str = "Drop a model here to play it, or a folder of models to list them";
/// See [`LOCK`].
pub const KEEP: (&str, &str) = ("Keep all", "Write all that was played as a MIDI file.");
/// See [`LOCK`].
pub const KEEP_LAST: (&str, &str) = ("Keep last 8 bars", "Write the last 8 bars as a MIDI file.");
/// How bars are chosen.
pub const BARS_HINT: &str = "Drag over the roll to choose bars; else the one that plays is meant.";
/// See [`LOCK`].
pub const FOLLOW: (&str, &str) = ("To now", "Back to what plays now. The wheel goes back.");
/// See [`LOCK`].
pub const ZOOM_IN: (&str, &str) = ("+", "Fewer steps, wider ones. Also Ctrl and the wheel.");
/// See [`LOCK`].
pub const ZOOM_OUT: (&str, &str) =
    ("\u{2212}", "More steps, narrower ones. Also Ctrl and the wheel.");
/// See [`LOCK`].
pub const ALL_KEYS: (&str, &str) =
    ("All keys", "Show every key of the model, not only the octaves in which there are notes.");
/// What stands beside the now-line.
pub const NOW: &str = "now";
/// See [`LOCK`].
pub const MODEL_BEFORE: (&str, &str) = ("<", "The model before this one.");
/// See [`LOCK`].
pub const MODEL_NEXT: (&str, &str) = (">", "The next model.");
/// Name of the folder of models.
pub const MODEL_FOLDER: &str = "Folder";
/// Its explanation.
pub const MODEL_FOLDER_HINT: &str =
    "Where your own models are: .safetensors files that the trainer made. Enter reads it again.";
/// Example shown in the empty field.
pub const MODEL_FOLDER_EXAMPLE: &str = "/path/to/models";
/// Button that asks for a folder.
pub const CHOOSE_FOLDER: &str = "Choose a folder ...";
/// Button that asks for a file.
pub const CHOOSE_FILE: &str = "Choose a file ...";
/// Said while a folder is being read.
pub const READING_FOLDER: &str = "Reading the folder ...";
/// Said of the model that is chosen.
pub const CHOSEN: &str = "chosen";
/// Said of a model.
pub const CORPUS: &str = "Trained on";
/// Said of a model.
pub const LICENCE: &str = "Licence";
/// Heading of theme and size.
pub const SETUP_LOOK: &str = "Look";
/// Name of the choice of theme.
pub const THEME: &str = "Theme";
/// Names of themes.
pub const THEME_DARK: &str = "Dark";
/// See [`THEME_DARK`].
pub const THEME_LIGHT: &str = "Light";
/// Name of the scale of everything drawn.
pub const SIZE: &str = "Size";
/// Heading of what leads notes to an instrument.
pub const SETUP_ROUTING: &str = "Hear it through an instrument";
/// What it is about.
pub const ROUTING: &str = "Anacrusis sends notes. Audition, under Play, sounds them at once; for \
    more than that, lead them to an instrument:";
/// Heading of what to do if nothing is heard.
pub const SETUP_SILENCE: &str = "Why do I hear nothing?";
/// What to do.
pub const SILENCE: [&str; 5] = [
    "The line at the top says whether it plays, and if not, why not.",
    "It plays only while the host's transport runs: press play there.",
    "Notes in the roll, but no sound: no instrument gets them. Switch Audition on to make sure.",
    "An empty roll in mode Answer: it waits until you have played, and rested for a bar.",
    "Missed deadlines that grow: raise Lookahead, or the host's block size.",
];
/// Name of the field for a model file.
pub const MODEL_FILE: &str = "Model file";
/// Example shown in the empty field.
pub const MODEL_FILE_HINT: &str = "/path/to/a/model.safetensors";
/// Button that opens the file.
pub const OPEN: &str = "Open";
/// Names of the figures.
pub const MISSED: (&str, &str) =
    ("Missed deadlines", "Chords that came too late and became rests, since playback began.");
/// Name of the time that a chord takes once it is asked for.
pub const CHORD_TIME: (&str, &str) = (
    "Chord time",
    "From asking for a chord to having it, and how much of a step that keeps it busy.",
);
/// Name of the key and the chords that are heard.
pub const HEARD: (&str, &str) =
    ("Hears", "The key in which you play, the chord that you hold, and its own chord.");
/// Name of the shortest lead.
pub const LEAD: (&str, &str) =
    ("Shortest lead", "The least time by which a chord was ready before it was due.");
/// Name of what the worker is at.
pub const WORKER: (&str, &str) = (
    "Worker",
    "The thread that decides chords: what it is at, on which instructions, and whether the system \
     gave it a raised priority, with which a busy computer does not make it late.",
);
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
pub const LEGEND: [&str; 5] = ["played", "sounding", "next", "yours", "locked"];

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
    let Model { name, corpus, licence, .. } = model;
    let parts = [name.as_str(), &digest, corpus, licence, loading];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  \u{b7}  ")
}

/// The button that lets a model play.
pub fn play_model(name: &str) -> String {
    format!("Play {name}")
}

/// What a model tells of itself in figures.
pub fn card_figures(card: &Card) -> String {
    let layers =
        |units: &[usize]| units.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let [time, note] = &card.layers;
    let mut parts = vec![format!("layers {} / {}", layers(time), layers(note))];
    if let Some(keys) = card.keys {
        parts.push(format!(
            "keys {} to {}",
            keys.low,
            u16::from(keys.low) + u16::from(keys.count) - 1
        ));
    }
    if let Some(heldout) = card.heldout {
        parts
            .push(format!("{heldout:.2} nats a step on pieces that it never saw (less is better)"));
    }
    parts.join("  \u{b7}  ")
}

/// Which bars are chosen.
pub fn chosen_bars(first: i64, last: i64) -> String {
    if first == last { format!("Bar {first}") } else { format!("Bars {first} to {last}") }
}

/// Bars that are kept where the user says.
pub fn keep_as_bars(first: i64, last: i64) -> String {
    format!("{} ...", chosen_bars(first, last))
}

/// The default plays because the user's own model cannot.
pub fn stand_in(name: &str, why: &dyn std::fmt::Display) -> String {
    format!("{name} cannot be used: {why}. The built-in model plays instead.")
}

/// Said where the model that plays is not the one that the project was made with.
pub const OTHER_MUSIC: &str = "This project was made with another model than the one that plays, so \
    new music is other music; what the take replays is as it was. Choose a model to go on with it.";

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
pub fn take_problem(why: PackError) -> String {
    let until = match why {
        PackError::NotATake | PackError::Damaged => "until you play".to_owned(),
        PackError::Newer(_) => {
            format!("and nothing is added: update, or press {} under {TAB_TAKE}", ANEW.0)
        }
    };
    format!("What was played before cannot be read: {why}. It stays in the project {until}.")
}

/// Titles of dialogs.
pub const ASK_MODEL: &str = "Open a model";
/// See [`ASK_MODEL`].
pub const ASK_FOLDER: &str = "Choose the folder of your models";
/// See [`ASK_MODEL`].
pub const ASK_KEEP: &str = "Keep what was played";
/// Names of kinds of files.
pub const MODEL_FILES: &str = "Models";
/// See [`MODEL_FILES`].
pub const MIDI_FILES: &str = "MIDI files";
/// What a kept file is called at first.
pub const KEEP_NAME: &str = "take.mid";
/// Said of a path that depends on a folder that nobody knows in a host.
pub const WHOLE_PATH: &str = "this is not a whole path; begin at the root of the file system";

/// A folder holds more models than are shown.
pub fn many_models(shown: usize) -> String {
    format!("There are more models in this folder than the {shown} that are shown.")
}

/// A folder cannot be read.
pub fn no_folder(why: &dyn std::fmt::Display) -> String {
    format!("The folder cannot be read: {why}.")
}

/// The take was written to a file.
pub fn kept(path: &std::path::Path) -> String {
    format!("Kept as {}", path.display())
}

/// There is nothing to write.
pub const NOTHING_PLAYED: &str = "Nothing was played there yet.";
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

/// What the worker is at, and on which instructions it runs.
pub fn worker(view: &View) -> String {
    let state = match (&view.activity, view.model.loading) {
        _ if view.figures.faults > 0 => format!("{} errors, going on", view.figures.faults),
        (_, true) => "opening a model".to_owned(),
        (Activity::Playing, false) if view.figures.raised => "thinking, raised".to_owned(),
        (Activity::Playing, false) => "thinking".to_owned(),
        _ => "at rest".to_owned(),
    };
    match view.model.instructions {
        "" => state,
        instructions => format!("{state} ({instructions})"),
    }
}

/// The key and chord of the musician, and the chord that sounds with them.
pub fn heard(figures: &Figures) -> String {
    let key = figures.key_heard.map(|key| key.to_string());
    let theirs = figures.chord_heard.map(|chord| chord.to_string());
    let own = figures.chord_played.map(|chord| format!("plays {chord}"));
    let parts: Vec<String> = [key, theirs, own].into_iter().flatten().collect();
    if parts.is_empty() { NONE_YET.to_owned() } else { parts.join(", ") }
}

/// The shortest lead.
pub fn lead(figures: &Figures) -> String {
    match figures.shortest_lead_ms {
        Some(ms) if figures.lead_too_short => format!("{ms:.0} ms: too short, raise Lookahead"),
        Some(ms) => format!("{ms:.0} ms"),
        None => NONE_YET.to_owned(),
    }
}
