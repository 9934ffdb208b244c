//! A host that shows what plugins put into its windows by itself, when it gets to it: every one
//! that stands on GTK, whose sockets ask the server for that right.

use super::{Parent, failed};
use crate::error::HostError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt, EventMask,
};
use x11rb::rust_connection::RustConnection;

const CALL: &str = "showing what is in a window";

/// How often it is looked for a wish.
const LOOK: Duration = Duration::from_millis(4);

/// Shows what is put into a window a while after it is asked to; there until dropped.
pub struct SlowShow {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SlowShow {
    /// For a window that is empty yet, with so much delay.
    ///
    /// # Errors
    /// If the screen is gone, or another program has that right already.
    pub fn of(parent: &Parent, delay: Duration) -> Result<SlowShow, HostError> {
        let (x, _) = RustConnection::connect(None).map_err(failed(CALL))?;
        let right = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_REDIRECT);
        x.change_window_attributes(parent.id(), &right)
            .map_err(failed(CALL))?
            .check()
            .map_err(failed(CALL))?;
        let stop = Arc::<AtomicBool>::default();
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) && serve(&x, delay).is_ok() {
                std::thread::sleep(LOOK);
            }
        });
        Ok(SlowShow { stop, thread: Some(thread) })
    }
}

impl Drop for SlowShow {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(x: &RustConnection, delay: Duration) -> Result<(), HostError> {
    while let Some(event) = x.poll_for_event().map_err(failed(CALL))? {
        match event {
            Event::MapRequest(wish) => {
                std::thread::sleep(delay);
                x.map_window(wish.window).map_err(failed(CALL))?;
            }
            Event::ConfigureRequest(wish) => {
                let granted = ConfigureWindowAux::from_configure_request(&wish);
                x.configure_window(wish.window, &granted).map_err(failed(CALL))?;
            }
            _ => {}
        }
    }
    x.flush().map_err(failed(CALL))
}
