//! The thread that thinks.

use std::io;
use std::marker::PhantomData;

use crate::jam::link::WorkerEnd;

/// The thinking thread of one instance; joined when dropped.
pub struct Worker<M> {
    _end: WorkerEnd,
    _network: PhantomData<M>,
}

impl<M> Worker<M> {
    /// A worker that has not begun: cheap, no thread yet.
    pub fn new(end: WorkerEnd) -> Worker<M> {
        Worker { _end: end, _network: PhantomData }
    }

    /// Starts the thread, once; later calls do nothing.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A handle to change the model from any thread but the audio thread. Cheap to clone.
#[derive(Clone, Default)]
pub struct ModelSlot {}

/// Which model plays, which one is being loaded, and why the last one was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelState {
    /// Name of the model in service.
    pub name: Option<String>,
    /// Hex SHA-256 of its file.
    pub digest: Option<String>,
    /// Name of the model that is being loaded.
    pub loading: Option<String>,
    /// Why the last one could not be used; cleared by the next attempt.
    pub error: Option<String>,
}
