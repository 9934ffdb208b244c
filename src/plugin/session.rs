//! The editor's way to its instance.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use nih_plug_egui::RepaintNotifier;

use super::Signals;
use super::dialogs::Dialogs;
use super::library::Shelf;
use super::models::Models;
use super::presets::Presets;
use super::takes::TakeEditor;
use crate::editor::window::{Answer, Parent};
use crate::editor::{self, Command, Console, Part, PresetAction, Question, TakeAction, View, text};
use crate::jam::link::Monitor;
use crate::params::ModelChoice;

/// What an editor sees and does of the instance that it belongs to.
pub struct Session {
    monitor: Monitor,
    models: Arc<Models>,
    signals: Arc<Signals>,
    takes: TakeEditor,
    shelf: Shelf,
    dialogs: Dialogs,
    presets: Presets,
    /// Leads the transport, where there is no host that does.
    lead: Option<Box<dyn TransportControl>>,
}

/// Leads a transport of our own, where there is no host.
pub trait TransportControl: Send {
    /// How it stands.
    fn console(&self) -> Console;
    /// Does what the musician asked for.
    fn command(&mut self, command: Command);
}

impl Session {
    pub(super) fn new(
        monitor: Monitor,
        models: Arc<Models>,
        signals: Arc<Signals>,
        takes: TakeEditor,
        wake: RepaintNotifier,
        lead: Option<Box<dyn TransportControl>>,
    ) -> Session {
        let (shelf, presets) = (Shelf::new(wake.clone()), Presets::new(takes.params()));
        let dialogs = Dialogs::new(wake);
        Session { monitor, models, signals, takes, shelf, dialogs, presets, lead }
    }
}

impl editor::window::Session for Session {
    fn view(&mut self) -> View {
        let (status, preview) = (self.monitor.status(), self.monitor.preview());
        let meters = self.monitor.meters();
        let (mut model, keys) = self.models.view();
        if self.signals.faults.load(Ordering::Relaxed) + meters.panics > 0 {
            model.problem.get_or_insert_with(|| text::FAULT.to_owned());
        }
        self.takes.look(&status);
        let (rate, take) = (self.takes.rate(), self.takes.view());
        let mut view = View::gather((&status, &preview), &meters, (model, keys), (rate, &take));
        view.take.notice = self.takes.notice();
        view.library = self.shelf.view();
        view.presets = self.presets.view();
        view.console = self.lead.as_ref().map(|lead| lead.console());
        view
    }

    fn watch(&mut self, preview: bool) {
        self.monitor.watch(preview);
    }

    fn command(&mut self, command: Command) {
        if let Some(lead) = &mut self.lead {
            lead.command(command);
        }
    }

    fn panic(&mut self) {
        self.signals.panic.store(true, Ordering::Release);
    }

    fn take(&mut self, action: TakeAction) {
        let (model, _) = self.models.view();
        self.takes.act(action, &model);
    }

    fn keep_as(&mut self, path: PathBuf, part: Part) {
        let (model, _) = self.models.view();
        self.takes.keep_as(&path, part, &model);
    }

    fn drag(&mut self, part: Part) -> Option<PathBuf> {
        let (model, _) = self.models.view();
        self.takes.keep_to_drag(part, &model)
    }

    fn dragged(&mut self, file: PathBuf, given: bool) {
        self.takes.dragged(&file, given);
    }

    fn preset(&mut self, action: PresetAction) {
        self.presets.act(action);
    }

    fn refresh(&mut self) {
        self.presets.read();
    }

    fn open_model(&mut self, path: String) {
        self.models.open(path);
    }

    fn follow_model(&mut self) {
        self.models.follow();
    }

    fn choose_model(&mut self) {
        self.models.choose();
    }

    fn look(&mut self, folder: &str) {
        self.shelf.look(folder);
    }

    fn ask(&mut self, question: Question, window: &dyn Parent) {
        self.dialogs.ask(question, self.shelf.folder(), window);
    }

    fn answer(&mut self) -> Option<Answer> {
        self.dialogs.answer()
    }

    fn show_choice(&mut self, choice: &ModelChoice) {
        self.shelf.include(choice);
    }
}
