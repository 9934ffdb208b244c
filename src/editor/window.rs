//! The editor in a host's window.

use std::sync::Arc;

use nih_plug::context::gui::GuiContext;
use nih_plug::editor::{ResizeHint, SizeConstraints, dpi::LogicalSize};
use nih_plug_egui::baseview::HandlerError;
use nih_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, KeyCapture, NiceEguiApp, RepaintNotifier,
    create_egui_editor,
};

use super::pace::{FRAME, Pace};
use super::view::{TakeAction, View};
use super::{Memory, SIZE, SIZE_MIN, text, theme};
use crate::params::{AnacrusisParams, ModelSource};

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
    let [width, height] = SIZE;
    let state = EguiEditorState::from_size(LogicalSize::new(width, height), 1.0);
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
        memory: Memory::default(),
        pace: Pace::default(),
        host: None,
    };
    create_egui_editor(state, wake, settings, app)
}

/// The running editor.
pub struct App<S> {
    params: Arc<AnacrusisParams>,
    session: S,
    memory: Memory,
    pace: Pace,
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
        self.host = Some(host);
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        let Some(host) = &self.host else { return };
        let setter = host.param_setter();
        let changes = self.params.model_path.changes();
        if changes != self.seen_changes {
            // A project was loaded, or the host chose another model.
            self.seen_changes = changes;
            self.memory.path = self.params.model_path.get();
            self.session.follow_model();
        }
        let view = self.session.view();
        let actions = super::ui(ui, &view, &self.params, &setter, &mut self.memory);
        if actions.panic {
            self.session.panic();
        }
        if let Some(action) = actions.take {
            self.session.take(action);
        }
        if let Some(path) = actions.open {
            self.params.model_path.replace(path.clone());
            self.seen_changes = self.params.model_path.changes();
            let model = &self.params.model;
            setter.begin_set_parameter(model);
            setter.set_parameter(model, ModelSource::File);
            setter.end_set_parameter(model);
            self.session.open_model(path);
        }
        // Keys belong to the host (space, transport) unless something is being typed.
        frame.set_key_capture(if ui.ctx().egui_wants_keyboard_input() {
            KeyCapture::CaptureAll
        } else {
            KeyCapture::IgnoreAll
        });
        if let Some(pause) = self.pace.after(view) {
            ui.ctx().request_repaint_after(pause);
        }
    }

    fn editor_closed(&mut self) {
        self.host = None;
    }
}
