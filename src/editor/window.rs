//! The editor in a host's window.
//!
//! `app` draws and does what is asked for; `held` tells it when the window goes; `desktop` and, on
//! Linux, `x11` do what the window library leaves undone: keys for the host, files dropped in and
//! dragged out, a first frame and an end that can be relied on.

mod app;
#[cfg_attr(not(target_os = "linux"), path = "window/desktop_elsewhere.rs")]
mod desktop;
mod held;
mod renderer;
#[cfg(target_os = "linux")]
mod x11;

use std::path::PathBuf;
use std::sync::Arc;

use nih_plug::editor::{ResizeHint, SizeConstraints, dpi::LogicalSize};
use nih_plug_egui::{
    EguiEditorState, EguiNiceSettings, GraphicsConfig, RepaintNotifier, create_egui_editor,
};

use raw_window_handle::{HasDisplayHandle, HasWindowHandle};

use self::app::App;
use self::held::SharedApp;
pub use self::held::Window;
use super::pace::FRAME;
use super::prefs::Prefs;
use super::view::{Command, Part, PresetAction, Question, TakeAction, View};
use super::{SIZE_MIN, text};
use crate::params::{AnacrusisParams, ModelChoice};

/// What the editor needs of the instance that it belongs to.
pub trait Session: Send + 'static {
    /// What there is to draw now.
    fn view(&mut self) -> View;
    /// Whether it is to be thought out how the music would go on: see
    /// [`Roll::preview`](super::Roll::preview).
    fn watch(&mut self, preview: bool);
    /// Does something that a host would do; only where there is none.
    fn command(&mut self, command: Command);
    /// Ends every note in the next block.
    fn panic(&mut self);
    /// Opens the file at `path` as the model, also if it was opened before.
    fn open_model(&mut self, path: String);
    /// Does something with the take.
    fn take(&mut self, action: TakeAction);
    /// Opens another model if the parameters ask for another.
    fn follow_model(&mut self);
    /// The same, as the musician has chosen: the project goes on with that model.
    fn choose_model(&mut self);
    /// Writes a part of the take to a file.
    fn keep_as(&mut self, path: PathBuf, part: Part);
    /// Writes a part of the take to a new file, to be dragged elsewhere; none if there is nothing
    /// to write, or if it cannot be written.
    fn drag(&mut self, part: Part) -> Option<PathBuf>;
    /// The file was given to a program, or to none.
    fn dragged(&mut self, file: PathBuf, given: bool);
    /// Does something with the user's presets.
    fn preset(&mut self, action: PresetAction);
    /// Reads anew what lies in the user's folders.
    fn refresh(&mut self);
    /// Looks for models in a folder; in none if that is empty.
    fn look(&mut self, folder: &str);
    /// Sees to it that a model is listed that was chosen.
    fn show_choice(&mut self, choice: &ModelChoice);
    /// Opens a dialog of the system's above `window`.
    fn ask(&mut self, question: Question, window: &dyn Parent);
    /// What the user answered in it, once.
    fn answer(&mut self) -> Option<Answer>;
}

/// A window that a dialog can belong to.
pub trait Parent: HasWindowHandle + HasDisplayHandle {}

impl<W: HasWindowHandle + HasDisplayHandle> Parent for W {}

/// What a dialog of the system's was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The file to open as the model.
    Model(String),
    /// The folder to look for models in.
    Folder(String),
    /// Where to write which part of the take.
    Keep(PathBuf, Part),
}

/// Describes the window; it is built when the host opens it. `wake` makes an open window
/// draw again, from any thread.
pub fn create<S: Session>(
    params: Arc<AnacrusisParams>,
    session: S,
    wake: RepaintNotifier,
) -> Option<Window<S>> {
    let prefs = Prefs::load();
    let [width, height] = prefs.size;
    // Scales are a few hundredths: f32 is plenty.
    let state = EguiEditorState::from_size(LogicalSize::new(width, height), prefs.scale as f32);
    let [min_width, min_height] = SIZE_MIN;
    let settings = EguiNiceSettings {
        title: text::TITLE.to_owned(),
        resize_hint: ResizeHint {
            size_constraints: SizeConstraints::Logical {
                min_size: Some(LogicalSize::new(min_width, min_height)),
                max_size: None,
            },
            ..ResizeHint::RESIZABLE
        },
        repaint_poll_interval: FRAME,
        // Every colour is flat: there is no gradient that noise would smooth.
        graphics: GraphicsConfig { dithering: false, ..GraphicsConfig::default() },
    };
    let app = SharedApp::new(App::new(params, session, prefs, wake.clone()));
    let editor = create_egui_editor(state.clone(), wake, settings, app.clone())?;
    Some(Window::new(editor, app, state))
}
