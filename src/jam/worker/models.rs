//! Which model plays, and how another takes its place: loaded and tried on a thread of its
//! own while the old one plays on, put into service only if it is sound.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::jam::planner::{Biaxial, Model};
use crate::jam::priority;
use crate::jam::sync::{JoinHandle, spawn};
use crate::model::shared::lock;
use crate::model::{Checkpoint, Engine};

/// Which model plays, which one is being loaded, and why the last one was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelState {
    /// Name of the model in service.
    pub name: Option<String>,
    /// Hex SHA-256 of its file.
    pub digest: Option<String>,
    /// Name of the model that is waited for.
    pub loading: Option<String>,
    /// Why the last one could not be used; cleared by the next attempt.
    pub error: Option<String>,
}

type Loader<B> = Box<dyn FnOnce() -> Result<Model<B>, String> + Send>;

struct Inner<B: Biaxial> {
    state: ModelState,
    /// The newest wish.
    wanted: Option<(String, Loader<B>)>,
}

/// A handle to change the model from any thread but the audio thread. Cheap to clone.
pub struct ModelSlot<B: Biaxial = Engine>(Arc<Mutex<Inner<B>>>);

impl<B: Biaxial> Clone for ModelSlot<B> {
    fn clone(&self) -> Self {
        ModelSlot(self.0.clone())
    }
}

impl ModelSlot<Engine> {
    /// Asks for the model that `loader` reads; it runs on a thread of the worker's and may take
    /// its time. Until it has succeeded, the old model plays; if it fails, the old one stays,
    /// and [`ModelSlot::state`] says why. Of several wishes the last one counts.
    pub fn load(
        &self,
        name: impl Into<String>,
        loader: impl FnOnce() -> Result<Checkpoint, String> + Send + 'static,
    ) {
        self.load_model(name, || loader().map(Model::from));
    }
}

impl<B: Biaxial> ModelSlot<B> {
    pub(super) fn new() -> ModelSlot<B> {
        ModelSlot(Arc::new(Mutex::new(Inner { state: ModelState::default(), wanted: None })))
    }

    /// As [`ModelSlot::load`], for any kind of network.
    pub fn load_model(
        &self,
        name: impl Into<String>,
        loader: impl FnOnce() -> Result<Model<B>, String> + Send + 'static,
    ) {
        let name = name.into();
        let mut inner = self.lock();
        inner.state.loading = Some(name.clone());
        inner.state.error = None;
        inner.wanted = Some((name, Box::new(loader)));
    }

    /// What the editor says about models.
    pub fn state(&self) -> ModelState {
        self.lock().state.clone()
    }

    /// The newest wish, on its way.
    pub(super) fn begin_loading(&self) -> Option<Loading<B>> {
        let (name, loader) = self.lock().wanted.take()?;
        let job = move || {
            let tried = catch_unwind(AssertUnwindSafe(|| {
                let mut model = loader()?;
                model.dry_run()?;
                Ok(model)
            }));
            tried.unwrap_or_else(|_| Err("reading it failed in an unforeseen way".into()))
        };
        let job = move || {
            priority::ordinary();
            job()
        };
        match spawn("anacrusis-load", job) {
            Ok(thread) => Some(Loading { name, thread, slot: self.clone() }),
            Err(error) => {
                self.refuse(&name, &format!("the system has no thread to read it ({error})"));
                None
            }
        }
    }

    /// The model in service has failed and is none any more.
    pub(super) fn out_of_service(&self) {
        let mut inner = self.lock();
        let name = inner.state.name.take().unwrap_or_default();
        inner.state.digest = None;
        inner.state.error =
            Some(format!("{name} failed again and again while playing; choose another model"));
    }

    fn refuse(&self, name: &str, why: &str) {
        let mut inner = self.lock();
        inner.state.error = Some(format!("{name} cannot be used: {why}"));
        inner.update_loading();
    }

    fn lock(&self) -> MutexGuard<'_, Inner<B>> {
        lock(&self.0)
    }
}

impl<B: Biaxial> Inner<B> {
    /// Nothing is being loaded any more, unless something newer is wanted.
    fn update_loading(&mut self) {
        self.state.loading = self.wanted.as_ref().map(|(name, _)| name.clone());
    }
}

/// A model on its way.
pub(super) struct Loading<B: Biaxial> {
    name: String,
    thread: JoinHandle<Result<Model<B>, String>>,
    slot: ModelSlot<B>,
}

impl<B: Biaxial> Loading<B> {
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// The model if it is sound; if not, the slot says why.
    pub fn finish(self) -> Option<Model<B>> {
        match self.thread.join().unwrap_or_else(|_| Err("reading it failed".into())) {
            Ok(model) => {
                let mut inner = self.slot.lock();
                inner.state.name = Some(self.name);
                inner.state.digest = Some(model.digest.clone()).filter(|d| !d.is_empty());
                inner.update_loading();
                Some(model)
            }
            Err(why) => {
                self.slot.refuse(&self.name, &why);
                None
            }
        }
    }
}
