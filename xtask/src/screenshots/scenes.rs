//! The scenes: a few lines each.

use anacrusis_test_host::Format;
use anacrusis_test_host::window::Size;
use std::time::Duration;

/// A picture to be taken: a line in [`SCENES`], where all but `name`, `what` and `format` may be
/// left as in [`PLAIN`].
pub struct Scene {
    /// The file's name, without `.png`.
    pub name: &'static str,
    pub what: &'static str,
    pub format: Format,
    /// The screen's scale, as the host tells it.
    pub scale: f64,
    /// What the user drags the window to; the editor's own size if none.
    pub size: Option<Size>,
    /// Parameters by name, with the texts that they read.
    pub parameters: &'static [(&'static str, &'static str)],
    /// Fields of the project that is loaded: parameters by id, or what is kept beside them.
    pub project: &'static [(&'static str, Saved)],
    /// How many bars are played before the picture is taken, while music goes on.
    pub bars: u32,
    /// What the user does then.
    pub acts: &'static [Act],
}

/// Something in a project.
#[derive(Clone, Copy)]
pub enum Saved {
    /// A parameter's value as the framework writes it, in JSON.
    Parameter(&'static str),
    /// A text beside the parameters.
    Text(&'static str),
}

/// What a user does.
#[derive(Clone, Copy)]
pub enum Act {
    Click(u32, u32),
    Drag((u32, u32), (u32, u32)),
    Wait(Duration),
}

const PLAIN: Scene = Scene {
    name: "",
    what: "",
    format: Format::Clap,
    scale: 1.0,
    size: None,
    parameters: &[("Mode", "Accompany")],
    project: &[],
    bars: 6,
    acts: &[],
};

/// Where things are in a window of its first size, in pixels.
const MORE: Act = Act::Click(933, 27);
const TO_ROLL: Act = Act::Click(912, 59);
const TO_MODELS: Act = Act::Click(912, 91);
const TO_SETUP: Act = Act::Click(912, 123);
const LIGHT: Act = Act::Click(140, 186);
const LOCK: Act = Act::Click(41, 527);
const DICE: Act = Act::Click(433, 27);
const TRIES: Act = Act::Click(463, 27);
const PRESETS: Act = Act::Click(318, 27);
/// Over two bars that were played.
const DRAG: Act = Act::Drag((220, 440), (380, 440));
const SECONDS: Act = Act::Wait(Duration::from_millis(2500));
/// The size of the smallest window.
const SMALL_MORE: Act = Act::Click(773, 27);
/// See [`SMALL_MORE`].
const SMALL: Option<Size> = Some(Size { width: 800, height: 500 });

pub const SCENES: [Scene; 17] = [
    Scene { name: "editor-clap", what: "the CLAP, playing", ..PLAIN },
    Scene { name: "editor-vst3", what: "the VST3, playing", format: Format::Vst3, ..PLAIN },
    Scene {
        name: "accompany",
        what: "with the musician, and bars that are locked",
        acts: &[DRAG, LOCK, SECONDS],
        ..PLAIN
    },
    Scene { name: "first", what: "before anything is played", bars: 0, ..PLAIN },
    Scene { name: "models", what: "the models and their cards", acts: &[MORE, TO_MODELS], ..PLAIN },
    Scene { name: "setup", what: "theme, size, routing", acts: &[MORE, TO_SETUP], ..PLAIN },
    Scene { name: "more", what: "the menu of pages", acts: &[MORE], ..PLAIN },
    Scene { name: "presets", what: "the presets", acts: &[PRESETS], ..PLAIN },
    Scene {
        name: "tries",
        what: "the performances before",
        acts: &[DICE, SECONDS, DICE, SECONDS, TRIES],
        ..PLAIN
    },
    Scene { name: "groove", what: "a group of controls", acts: &[Act::Click(820, 415)], ..PLAIN },
    Scene { name: "take", what: "what is kept", acts: &[Act::Click(820, 475)], ..PLAIN },
    Scene { name: "scale-200", what: "on a screen of 192 dots an inch", scale: 2.0, ..PLAIN },
    Scene { name: "small", what: "in the smallest window", size: SMALL, ..PLAIN },
    Scene {
        name: "wide",
        what: "dragged to another size",
        size: Some(Size { width: 1280, height: 800 }),
        ..PLAIN
    },
    Scene {
        name: "missing-model",
        what: "a project whose model file is gone",
        project: &[
            ("model", Saved::Parameter("\"file\"")),
            ("model-path", Saved::Text("/home/me/models/gone.safetensors")),
        ],
        ..PLAIN
    },
    Scene {
        name: "light",
        what: "for bright rooms",
        acts: &[MORE, TO_SETUP, LIGHT, MORE, TO_ROLL],
        ..PLAIN
    },
    Scene {
        name: "light-small",
        what: "the same in the smallest window",
        size: SMALL,
        acts: &[SMALL_MORE, Act::Click(752, 123), LIGHT, SMALL_MORE, Act::Click(752, 59)],
        ..PLAIN
    },
];
