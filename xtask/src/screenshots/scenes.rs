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

/// The buttons of a window of its first size, in pixels.
const MODELS: Act = Act::Click(785, 20);
const SETUP: Act = Act::Click(851, 20);
const ROLL: Act = Act::Click(727, 20);
const LIGHT: Act = Act::Click(140, 113);
const LOCK: Act = Act::Click(34, 83);
/// Over two bars that were played.
const DRAG: Act = Act::Drag((220, 440), (380, 440));

pub const SCENES: [Scene; 9] = [
    Scene { name: "editor-clap", what: "the CLAP, playing", ..PLAIN },
    Scene { name: "editor-vst3", what: "the VST3, playing", format: Format::Vst3, ..PLAIN },
    Scene {
        name: "accompany",
        what: "with the musician, and bars that are locked",
        acts: &[DRAG, LOCK, Act::Wait(Duration::from_millis(2500))],
        ..PLAIN
    },
    Scene { name: "models", what: "the models and their cards", acts: &[MODELS], ..PLAIN },
    Scene { name: "setup", what: "theme, size, routing", acts: &[SETUP], ..PLAIN },
    Scene { name: "light", what: "for bright rooms", acts: &[SETUP, LIGHT, ROLL], ..PLAIN },
    Scene { name: "scale-200", what: "on a screen of 192 dots an inch", scale: 2.0, ..PLAIN },
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
];
