//! What the window does, frame by frame.

use std::sync::Arc;

use nih_plug::context::gui::GuiContext;
use nih_plug::prelude::ParamSetter;
use nih_plug_egui::baseview::WindowSize;
use nih_plug_egui::{Frame, KeyCapture, RepaintNotifier};

use super::desktop::Desktop;
use super::renderer::Renderer;
use super::{Answer, Session};
use crate::editor::pace::Pace;
use crate::editor::prefs::Prefs;
use crate::editor::view::{Actions, Part};
use crate::editor::{Memory, Page, controls, theme};
use crate::params::{AnacrusisParams, ModelChoice, ModelSource};

/// The running editor.
pub struct App<S> {
    params: Arc<AnacrusisParams>,
    session: S,
    memory: Memory,
    /// What is kept of the user's preferences.
    kept: Prefs,
    pace: Pace,
    renderer: Renderer,
    seen_changes: u64,
    host: Option<GuiContext>,
    desktop: Desktop,
}

impl<S: Session> App<S> {
    /// With what the user set before; `wake` makes an open window draw again.
    pub fn new(
        params: Arc<AnacrusisParams>,
        session: S,
        prefs: Prefs,
        wake: RepaintNotifier,
    ) -> App<S> {
        App {
            seen_changes: params.model_path.changes(),
            params,
            session,
            memory: Memory {
                folder: prefs.models.clone(),
                prefs: prefs.clone(),
                ..Memory::default()
            },
            kept: prefs,
            pace: Pace::default(),
            renderer: Renderer::default(),
            host: None,
            desktop: Desktop::new(wake),
        }
    }

    /// The window is there, and nothing is drawn yet.
    pub fn opened(&mut self, ctx: &egui::Context, host: GuiContext, frame: &Frame) {
        theme::apply(ctx);
        self.pace = Pace::default();
        self.renderer = Renderer::default();
        self.memory.path = self.params.model_path.get();
        self.session.look(&self.memory.prefs.models);
        self.session.refresh();
        self.host = Some(host);
        self.desktop.opened(frame);
    }

    /// Draws a frame, and does what the user asked for in it.
    pub fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        let Some(host) = self.host.clone() else { return };
        let setter = host.param_setter();
        self.desktop.drawn();
        self.follow();
        theme::choose(ui.ctx(), self.memory.prefs.look);
        self.session.watch(self.memory.prefs.preview);
        let view = self.session.view();
        self.memory.dropping = self.desktop.is_held_over();
        let actions = crate::editor::ui(ui, &view, &self.params, &setter, &mut self.memory);
        self.act(actions, &setter, frame);
        // Set while nothing is drawn: it makes the window another size.
        let scale = self.memory.prefs.scale as f32;
        if (ui.ctx().zoom_factor() - scale).abs() > 1e-3 {
            ui.ctx().set_zoom_factor(scale);
        }
        // Keys belong to the host (space, transport) unless something is being typed.
        // Without a host they are ours.
        let typing = ui.ctx().egui_wants_keyboard_input() || view.console.is_some();
        let capture = if typing { KeyCapture::CaptureAll } else { KeyCapture::IgnoreAll };
        frame.set_key_capture(capture);
        self.desktop.hand_on_keys(ui.ctx(), frame, typing);
        // At once, since a program may end without a word; but for the size, which changes with every
        // frame while a window is dragged and is kept when it closes.
        let sized = Prefs { size: self.kept.size, ..self.memory.prefs.clone() };
        if sized != self.kept && !ui.input(|input| input.pointer.any_down()) {
            self.keep_prefs();
        }
        self.renderer.ask(ui);
        // Smooth edges are a quarter of that work.
        let smooth = !self.renderer.is_processor();
        ui.ctx().tessellation_options_mut(|options| options.feathering = smooth);
        if let Some(pause) = self.pace.after(view, self.renderer.is_processor()) {
            ui.ctx().request_repaint_after(pause);
        }
    }

    /// The window has another size; `size` counts points at the user's scale.
    pub fn resized(&mut self, size: WindowSize) {
        // Sizes on screens: f32 is plenty.
        self.memory.prefs.size = [size.logical.width as f32, size.logical.height as f32];
    }

    /// What waits for the end of what draws, once the window is gone; a moment at most.
    pub fn end(&mut self) -> impl FnOnce() + use<S> {
        self.desktop.end()
    }

    /// The window is gone, or about to go: nothing more is drawn.
    pub fn closed(&mut self) {
        self.host = None;
        self.session.watch(false);
        self.memory.dropping = false;
        if let Some((file, given)) = self.desktop.closed() {
            self.session.dragged(file, given);
        }
        self.keep_prefs();
    }

    /// Keeps what the user set, if that is not kept yet.
    fn keep_prefs(&mut self) {
        if self.kept != self.memory.prefs {
            self.kept = self.memory.prefs.clone();
            // A folder that cannot be written to is no reason to bother a musician.
            let _ = self.kept.save();
        }
    }

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
        if let Some((file, given)) = self.desktop.dragged() {
            self.session.dragged(file, given);
        }
    }

    /// Does what the user asked for.
    fn act(&mut self, actions: Actions, setter: &ParamSetter, frame: &Frame) {
        if actions.panic {
            self.session.panic();
        }
        for command in actions.commands {
            self.session.command(command);
        }
        if let Some(action) = actions.take {
            self.session.take(action);
        }
        if let Some(action) = actions.preset {
            self.session.preset(action);
        }
        if let Some(question) = actions.ask {
            self.session.ask(question, frame.baseview_window());
        }
        let mut folder = actions.look;
        let mut choose = actions.choose;
        match self.session.answer() {
            Some(Answer::Model(path)) => choose = Some(ModelChoice::File(path)),
            Some(Answer::Folder(path)) => folder = Some(path),
            Some(Answer::Keep(path, part)) => self.session.keep_as(path, part),
            None => {}
        }
        while let Some(path) = self.desktop.dropped() {
            // There it says what it is, or why it cannot be used.
            self.memory.page = Page::Models;
            let words = path.to_string_lossy().into_owned();
            if path.is_dir() {
                folder = Some(words);
            } else {
                choose = Some(ModelChoice::File(words));
            }
        }
        if let Some(part) = actions.drag {
            self.drag(part);
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
            ModelChoice::Songs => ModelSource::Songs,
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
            _ => self.session.choose_model(),
        }
    }

    /// Lets a part of the take be dragged out of the window, as a file.
    fn drag(&mut self, part: Part) {
        let Some(file) = self.session.drag(part) else { return };
        if !self.desktop.drag(&file) {
            self.session.dragged(file, false);
        }
    }
}
