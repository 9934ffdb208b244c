//! Every word that the editor shows, in one place.

mod hints;
mod plain;
mod sentences;

pub use hints::hint;
pub use plain::line;
pub use sentences::*;

/// Title of window and editor.
pub const TITLE: &str = "Anacrusis";
/// The button that ends every note, and its explanation.
pub const PANIC: &str = "Panic";
/// See [`PANIC`].
pub const PANIC_HINT: &str = "End every sounding note now. Playback goes on with the next step.";
/// Names of the groups of parameters.
pub const GROUP_NOTES: &str = "Key and range";
/// See [`GROUP_NOTES`].
pub const GROUP_TOUCH: &str = "Touch";
/// See [`GROUP_NOTES`].
pub const GROUP_GROOVE: &str = "Groove";
/// See [`GROUP_NOTES`].
pub const GROUP_SOUND: &str = "Sound and channels";
/// See [`GROUP_NOTES`].
pub const GROUP_TAKE: &str = "Take and seed";
/// See [`GROUP_NOTES`].
pub const GROUP_ADVANCED: &str = "Advanced";
/// Heading of what becomes of the musician's notes.
pub const MY_NOTES: &str = "My notes";
/// Said of a scale that bars nothing.
pub const ALL_NOTES: &str = "all notes";
/// Said of a groove that is none.
pub const STRAIGHT: &str = "straight";
/// The voice of the plugin's own.
pub const ELECTRIC_PIANO: &str = "electric piano";
/// Said of *Loudness* where it is that of the musician.
pub const AS_YOU: &str = "as you";
/// What each mode does, and its explanation.
pub const MODES: [(&str, &str); 3] = [
    ("plays alone", "It plays by itself, and goes on whatever you do."),
    ("plays with you", "It accompanies what you play."),
    (
        "takes turns",
        "It is silent while you play, and goes on from it when you rest for half a bar.",
    ),
];
/// Name of the choice of models.
pub const MODEL: &str = "Model";
/// The way to the page of models.
pub const MORE_MODELS: &str = "More about them, and your own ...";
/// The menu of pages.
pub const MORE: &str = "More";
/// What is understood: name and explanation.
pub const FACT_KEY: (&str, &str) = ("KEY", "The key in which you play.");
/// See [`FACT_KEY`].
pub const FACT_YOURS: (&str, &str) = ("YOU", "The chord that you played last.");
/// See [`FACT_KEY`].
pub const FACT_OWN: (&str, &str) = ("PARTNER", "The chord that it plays.");
/// Beside the lamp.
pub const HEARS: (&str, &str) = ("hears you", "What you play arrives here.");
/// See [`HEARS`].
pub const HEARS_NOT: (&str, &str) = (
    "hears nothing",
    "No notes of yours have arrived for two bars. If you are playing, route your keyboard's MIDI \
     to this track and arm it.",
);
/// The same, where there is no host.
pub const HEARS_NOT_OWN: (&str, &str) = (
    HEARS_NOT.0,
    "Nothing that you play has arrived for two bars. Play on the keys A to L, or on a MIDI keyboard: \
     anacrusis-standalone --list names those that are found.",
);
/// How things stand.
pub const STOPPED: &str = "Press play";
/// See [`STOPPED`].
pub const BYPASSED: &str = "Bypassed: it plays nothing";
/// See [`STOPPED`].
pub const WAITS: &str = "It waits until you play";
/// See [`STOPPED`].
pub const TOO_LATE: &str =
    "Chords come too late: raise Lookahead under Advanced, or the host's block size";
/// See [`STOPPED`].
pub const NOTHING_MAY_SOUND: &str = "Nothing may sound: range, scale and Room leave no keys";
/// Name of the model while none is ready.
pub const NO_MODEL_NAME: &str = "none";
/// What switches the plugin's own voice on.
pub const AUDITION_ON: (&str, &str) =
    ("switch its own piano on", "Audition, under Sound and channels.");
/// The performances before the present one.
pub const TRIES: (&str, &str) =
    ("Performances before", "The last eight performances: hear one again, or keep it.");
/// Said while there are none.
pub const NO_TRIES: &str = "Throw the dice: what was played until then is listed here.";
/// See [`LOCK`].
pub const TRY_BACK: (&str, &str) = (
    "Hear again",
    "Locks its bars, so that they play as they did then, note for note: go there and play. Undo lets go \
     of them.",
);
/// Said where nothing of a performance is left.
pub const NOT_IN_TAKE: &str = "It is too long ago: the take no longer holds it";
/// See [`LOCK`].
pub const TRY_KEEP: (&str, &str) = ("Keep", "Write it as a MIDI file in your music folder.");
/// Said in a frame of locked bars.
pub const LOCKED: &str = "locked";
/// Title of the window that asks for a preset's name.
pub const SAVE_TITLE: &str = "Save a preset of your own";
/// The way out of it.
pub const CANCEL: &str = "Cancel";
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

/// A page and its explanation.
pub const PAGE_ROLL: (&str, &str) = ("Roll", "What was played, sounds, and comes next.");
/// See [`PAGE_ROLL`].
pub const PAGE_MODELS: (&str, &str) = ("Models", "The models, built in and your own.");
/// See [`PAGE_ROLL`].
pub const PAGE_SETUP: (&str, &str) =
    ("Setup", "Theme, size, and how the notes get to an instrument.");
/// A button and its explanation.
pub const NEW_SEED: (&str, &str) =
    ("Try another", "Another performance. The last eight are remembered beside it.");
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
    ("Try again", "Drop what was played in these bars and play something else there.");
/// See [`LOCK`].
pub const UNDO: (&str, &str) = ("Undo", "Take the last Lock, Unlock or Try again back.");
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
pub const KEEP_LAST: (&str, &str) = ("Keep last 8", "Write the last 8 bars as a MIDI file.");
/// How bars are chosen.
pub const BARS_HINT: &str = "Drag over the roll to choose bars; by default, the current bar.";
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
/// Name of the switch for how the music would go on.
pub const PREVIEW: &str = "Next bar";
/// See [`PREVIEW`].
pub const PREVIEW_SHOWN: (&str, &str) = (
    "Show how it would go on",
    "Right of what is decided, faint: the bar that it would play if you rested. What you play, and every \
     knob you turn, changes it.",
);
/// Written over it in the roll.
pub const PREVIEW_IN_ROLL: &str = "as it would go on";
/// The line of what a host would bring.
pub const PLAY: (&str, &str) = ("Play", "The space bar does the same.");
/// See [`PLAY`].
pub const STOP: (&str, &str) = ("Stop", "The space bar does the same.");
/// See [`PLAY`].
pub const TO_BAR: &str =
    "Goes there: to the first bar, or to the first of those that are chosen in the roll.";
/// See [`PLAY`].
pub const TEMPO: &str = "Tempo";
/// See [`PLAY`].
pub const TEMPO_HINT: &str = "Drag it, or click and type.";
/// See [`PLAY`].
pub const BPM: &str = " BPM";
/// See [`PLAY`].
pub const METRE: &str = "Metre";
/// See [`PLAY`].
pub const PIANO: (&str, &str) = (
    "Piano on your keyboard",
    "A S D F G H J K L are the white keys, W E T Y U O P the black ones above them; Z and X move \
     them by an octave. A MIDI keyboard is heard, too.",
);
/// See [`PLAY`].
pub const OCTAVE_DOWN: (&str, &str) = ("Lower", "An octave lower (Z).");
/// See [`PLAY`].
pub const OCTAVE_UP: (&str, &str) = ("Higher", "An octave higher (X).");
/// The way back to the roll.
pub const BACK: (&str, &str) = ("Back to the roll", "The roll, and what is done with its bars.");
/// Heading of what leads notes to an instrument.
pub const SETUP_ROUTING: &str = "Hear it through an instrument";
/// What it is about.
pub const ROUTING: &str = "Anacrusis sends notes. Audition, under Sound and channels, sounds them at once; for \
    more than that, lead them to an instrument:";
/// Heading of what to do if nothing is heard.
pub const SETUP_SILENCE: &str = "Why do I hear nothing?";
/// What to do.
pub const SILENCE: [&str; 5] = [
    "The line at the bottom says whether it plays, and if not, why not.",
    "It plays only while the host's transport runs: press play there.",
    "Notes in the roll, but no sound: no instrument gets them. Switch Audition on to make sure.",
    "An empty roll in mode Answer: it waits until you have played, and rested for half a bar.",
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
/// Name of the shortest lead.
pub const LEAD: (&str, &str) =
    ("Shortest lead", "The least time by which a chord was ready before it was due.");
/// Name of what the worker is at.
pub const WORKER: (&str, &str) = (
    "Worker",
    "The thread that decides chords: what it is doing, which processor instructions it uses, and \
     whether it has raised priority, which keeps it on time on a busy computer.",
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
    "This project was saved by a newer version; settings unknown to this one are kept.";
/// Legend of the roll.
pub const LEGEND: [&str; 4] = ["you", "top", "middle", "bass"];

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

/// There is nothing to write.
pub const NOTHING_PLAYED: &str = "Nothing was played there yet.";
/// There is no place to write to.
pub const NO_HOME: &str = "the system tells no home folder";

/// Said where the model that plays is not the one that the project was made with.
pub const OTHER_MUSIC: &str = "This project was made with a different model, so newly generated \
    music will differ; what the take replays does not. Choose a model to go on with that one.";
