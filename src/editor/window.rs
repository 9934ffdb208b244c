//! The editor in a host's window.

use std::path::PathBuf;
use std::sync::Arc;

use nih_plug::context::gui::GuiContext;
use nih_plug::editor::{ResizeHint, SizeConstraints, dpi::LogicalSize};
use nih_plug::prelude::ParamSetter;
use nih_plug_egui::baseview::{HandlerError, WindowSize};
use nih_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, KeyCapture, NiceEguiApp, RepaintNotifier,
    create_egui_editor,
};

#[cfg(target_os = "linux")]
use super::keys::HostKeys;
use super::pace::{FRAME, Pace};
use super::prefs::Prefs;
use super::view::{Actions, PresetAction, Question, TakeAction, View};
use super::{Memory, SIZE_MIN, controls, text, theme};
use crate::params::{AnacrusisParams, ModelChoice, ModelSource};

/// What the editor needs of the instance that it belongs to.
pub trait Session: Send + 'static {
    /// What there is to draw now.
    fn view(&mut self) -> View;
    /// Ends every note in the next block.
    fn panic(&mut self);
    /// Opens the file at `path` as the model, also if it was opened before.
    fn open_model(&mut self, path: String);
    /// Does something with the take.
    fn take(&mut self, action: TakeAction);
    /// Opens another model if the parameters ask for another.
    fn follow_model(&mut self);
    /// Writes the take to a file.
    fn keep_as(&mut self, path: PathBuf);
    /// Does something with the user's presets.
    fn preset(&mut self, action: PresetAction);
    /// Reads anew what lies in the user's folders.
    fn refresh(&mut self);
    /// Looks for models in a folder; in none if that is empty.
    fn look(&mut self, folder: &str);
    /// Sees to it that a model is listed that was chosen.
    fn show_choice(&mut self, choice: &ModelChoice);
    /// Opens a dialog of the system's.
    fn ask(&mut self, question: Question);
    /// What the user answered in it, once.
    fn answer(&mut self) -> Option<Answer>;
}

/// What a dialog of the system's was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The file to open as the model.
    Model(String),
    /// The folder to look for models in.
    Folder(String),
    /// Where to write the take.
    Keep(PathBuf),
}

/// The editor as nih-plug wants it.
pub type Window<S> = EguiEditor<App<S>>;

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
        ..EguiNiceSettings::default()
    };
    let app = App {
        seen_changes: params.model_path.changes(),
        params,
        session,
        memory: Memory { folder: prefs.models.clone(), prefs: prefs.clone(), ..Memory::default() },
        kept: prefs,
        pace: Pace::default(),
        #[cfg(target_os = "linux")]
        keys: HostKeys::default(),
        host: None,
    };
    create_egui_editor(state, wake, settings, app)
}

/// The running editor.
pub struct App<S> {
    params: Arc<AnacrusisParams>,
    session: S,
    memory: Memory,
    /// What is kept of the user's preferences.
    kept: Prefs,
    pace: Pace,
    /// What the host is to get of the keyboard.
    #[cfg(target_os = "linux")]
    keys: HostKeys,
    seen_changes: u64,
    host: Option<GuiContext>,
}

impl<S: Session> NiceEguiApp for App<S> {
    fn build(
        &mut self,
        ctx: egui::Context,
        host: GuiContext,
        _frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        theme::apply(&ctx);
        self.pace = Pace::default();
        self.memory.path = self.params.model_path.get();
        self.session.look(&self.memory.prefs.models);
        self.session.refresh();
        self.host = Some(host);
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        let Some(host) = self.host.clone() else { return };
        let setter = host.param_setter();
        self.follow();
        theme::choose(ui.ctx(), self.memory.prefs.look);
        let view = self.session.view();
        let actions = super::ui(ui, &view, &self.params, &setter, &mut self.memory);
        self.act(actions, &setter);
        // Set while nothing is drawn: it makes the window another size.
        let scale = self.memory.prefs.scale as f32;
        if (ui.ctx().zoom_factor() - scale).abs() > 1e-3 {
            ui.ctx().set_zoom_factor(scale);
        }
        // Keys belong to the host (space, transport) unless something is being typed.
        let typing = ui.ctx().egui_wants_keyboard_input();
        let capture = if typing { KeyCapture::CaptureAll } else { KeyCapture::IgnoreAll };
        frame.set_key_capture(capture);
        #[cfg(target_os = "linux")]
        ui.ctx().input(|input| self.keys.hand_on(frame.baseview_window(), input, typing));
        if let Some(pause) = self.pace.after(view) {
            ui.ctx().request_repaint_after(pause);
        }
    }

    fn resized(&mut self, size: WindowSize) {
        // What is kept is the size at a scale of one. Sizes on screens: f32 is plenty.
        let scale = self.memory.prefs.scale;
        let unscaled = |length: f64| (length / scale) as f32;
        self.memory.prefs.size = [unscaled(size.logical.width), unscaled(size.logical.height)];
    }

    fn editor_closed(&mut self) {
        self.host = None;
        if self.kept != self.memory.prefs {
            self.kept = self.memory.prefs.clone();
            // A folder that cannot be written to is no reason to bother a musician.
            let _ = self.kept.save();
        }
    }
}

impl<S: Session> App<S> {
    /// What host and dialogs have changed since the last frame.
    fn follow(&mut self) {
        let changes = self.params.model_path.changes();
        if changes != self.seen_changes {
            // A project was loaded, or the host chose another model.
            self.seen_changes = changes;
            self.memory.path = self.params.model_path.get();
            self.session.follow_model();
        }
        self.session.show_choice(&self.params.model_choice());
    }

    /// Does what the user asked for.
    fn act(&mut self, actions: Actions, setter: &ParamSetter) {
        if actions.panic {
            self.session.panic();
        }
        if let Some(action) = actions.take {
            self.session.take(action);
        }
        if let Some(action) = actions.preset {
            self.session.preset(action);
        }
        if let Some(question) = actions.ask {
            self.session.ask(question);
        }
        let mut folder = actions.look;
        let mut choose = actions.choose;
        match self.session.answer() {
            Some(Answer::Model(path)) => choose = Some(ModelChoice::File(path)),
            Some(Answer::Folder(path)) => folder = Some(path),
            Some(Answer::Keep(path)) => self.session.keep_as(path),
            None => {}
        }
        if let Some(folder) = folder {
            self.session.look(&folder);
            self.memory.folder.clone_from(&folder);
            self.memory.prefs.models = folder;
        }
        if let Some(choice) = choose {
            self.choose(choice, setter);
        }
    }

    /// Lets another model play: by its parameter, which the host records, and its path.
    fn choose(&mut self, choice: ModelChoice, setter: &ParamSetter) {
        let source = match &choice {
            ModelChoice::Classical => ModelSource::Classical,
            ModelChoice::Pop => ModelSource::Pop,
            ModelChoice::File(path) => {
                self.params.model_path.replace(path.clone());
                self.memory.path.clone_from(path);
                ModelSource::File
            }
        };
        controls::set_once(setter, &self.params.model, source);
        self.seen_changes = self.params.model_path.changes();
        match choice {
            // Also if it was opened before: it may have changed.
            ModelChoice::File(path) => self.session.open_model(path),
            _ => self.session.follow_model(),
        }
    }
}
